package format

import (
	"cmp"
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// failing are the checks of a product that fail, worst first, then those that are
// clearly slow; of a product whose trouble is slowness those that are slow.
func failing(d status.Drill) []status.CheckStatus {
	var list []status.CheckStatus
	for _, c := range d.Checks {
		if bad, _ := badOf(c, d.Impact.Slow); bad > 0 {
			list = append(list, c)
		}
	}
	share := func(c status.CheckStatus) float64 {
		bad, slow := badOf(c, d.Impact.Slow)
		s := impact.Surely(bad, c.Tries)
		if slow != d.Impact.Slow { // what is not the product's trouble comes last
			s -= 2
		}
		return s
	}
	slices.SortStableFunc(list, func(x, y status.CheckStatus) int { return cmp.Compare(share(y), share(x)) })
	return list
}

// clearlySlow is the share of slow answers from which a check that does not fail
// is told as slow, with 97.5 % confidence: some answers are slower than usual at
// any time.
const clearlySlow = 0.1

// badOf counts what is wrong with a check: its failures, or where it has none
// its slow answers if these are clearly too many; the other way round where the
// product's trouble is slowness.
func badOf(c status.CheckStatus, slowFirst bool) (n int, slow bool) {
	failed, late := c.CheckImpact.Counts.Failures, slower(c.CheckImpact.Counts)
	if low, _ := impact.Wilson(late, c.Tries); low < clearlySlow {
		late = 0
	}
	if slowFirst && late > 0 || failed == 0 {
		return late, late > 0
	}
	return failed, false
}

// rowsAtMost is how many checks a drill-down tells one by one.
const rowsAtMost = 6

// checkRows tells the worst checks in a line each, in columns, and counts the
// others.
func (v view) checkRows(d status.Drill, bad []status.CheckStatus) string {
	if len(bad) == 0 {
		return ""
	}
	shown := bad[:min(len(bad), rowsAtMost)]
	var rows [][]string
	for _, c := range shown {
		n, slow := badOf(c, d.Impact.Slow)
		what, last := "", ""
		switch {
		case slow:
			what = "slow"
		case len(c.Reasons) > 0:
			what = text.Plain(mainReason(c), maxCell, "")
		}
		if at := slices.IndexFunc(c.Failures, seen); at >= 0 {
			last = v.Ago(c.Failures[at].Ended())
		}
		rows = append(rows, []string{shortID(c.Check.ID, d.ID), text.Percent(text.Share(n, c.Tries), c.Tries), text.Count(n) + "/" + text.Count(c.Tries), what, last})
	}
	s := "```\n" + columns(rows) + "\n```"
	if more := bad[len(shown):]; len(more) > 0 {
		var c impact.Counts
		for _, cs := range more {
			n, _ := badOf(cs, d.Impact.Slow)
			c.Tries, c.Failures = c.Tries+cs.Tries, c.Failures+n
		}
		s += "\nand " + text.Plural(len(more), "more check") + " (" + text.Count(c.Failures) + " of " + text.Count(c.Tries) + ")"
	}
	return s
}

// Widths of a row in characters: a phone of 390 px shows some 41 of a code
// block's.
const (
	rowWide   = 40
	nameLeast = 12
)

// shortID is a check's id, without that of its product before it where it is
// long: the rest is enough to ask for it.
func shortID(id, product string) string {
	id = text.Plain(id, maxCell, "(no name)")
	if rest, ok := strings.CutPrefix(id, product); ok && len(id) > nameLeast {
		if rest = strings.TrimLeft(rest, "-_./:"); rest != "" {
			return rest
		}
	}
	return id
}

// columns aligns rows of name, share, counts, reason and age: figures to the
// right. Where a row would be too long for a phone the age goes, then names are
// cut in their middle, and reasons at their end.
func columns(rows [][]string) string {
	width := make([]int, 5)
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	n := 5
	room := rowWide - width[1] - width[2] - 6
	if width[0]+width[3]+width[4]+2 > room {
		n = 4
		width[0] = min(width[0], max(nameLeast, room-width[3]))
		width[3] = min(width[3], room-width[0])
	}
	var lines []string
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row[:n] {
			cell = narrow(cell, width[i], i == 0)
			pad := strings.Repeat(" ", max(0, width[i]-len([]rune(cell))))
			if i == 1 || i == 2 {
				line.WriteString(pad + cell + "  ")
			} else {
				line.WriteString(cell + pad + "  ")
			}
		}
		lines = append(lines, strings.TrimRight(line.String(), " "))
	}
	return text.Entities(strings.ReplaceAll(strings.Join(lines, "\n"), "`", "'"), maxSection/2)
}

// narrow cuts a cell to a width: at its end, or in its middle, since names that
// begin alike differ there.
func narrow(cell string, width int, middle bool) string {
	r := []rune(cell)
	switch {
	case len(r) <= width:
		return cell
	case !middle || width < 3:
		return string(r[:text.Whole(r, max(0, width-1))]) + "…"
	}
	head := (width - 1) / 2
	tail := len(r) - (width - 1 - head)
	for from := tail; tail < len(r) && text.Whole(r, tail) != tail; {
		if tail++; tail-from > width {
			tail = from
			break
		}
	}
	return string(r[:text.Whole(r, head)]) + "…" + string(r[tail:])
}

// seen reports whether a result that is not a pass shows something of a check, and is
// not one that could not observe.
func seen(r checks.Result) bool { return r.Outcome != checks.Unknown }

// unobserved says how many results of a product could not observe, of which checks, and
// why the newest could not: they count nowhere, and are no failures.
func unobserved(d status.Drill) string {
	n := d.Counts.Unknown
	if n == 0 {
		return ""
	}
	var of []string
	only := ""
	var newest checks.Result
	for _, c := range d.Checks {
		k := c.CheckImpact.Counts.Unknown
		if k == 0 {
			continue
		}
		only = text.Name(c.Check.ID)
		of = append(of, only+" "+text.Count(k))
		for _, r := range c.Failures {
			if !seen(r) && (newest.Check == "" || r.Started.After(newest.Started)) {
				newest = r
			}
		}
	}
	s := "Not observed: " + text.Plural(n, "result")
	switch {
	case len(of) == 1:
		s += " of " + only
	case len(of) > 1:
		s += " (" + fewNames(of) + ")"
	}
	s += ", which " + verb(n, "counts", "count") + " nowhere"
	if newest.Summary != "" {
		s += ": " + text.Code(newest.Summary, 120)
	}
	return s + "."
}

package format

import (
	"cmp"
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// sourceRows is how many products Sources tells one by one.
const sourceRows = 60

// Sources answers "Where do these figures come from?": per product its checks,
// their kinds and files, who answers for it and how old the newest result is.
// Products that nobody checks are named first.
func Sources(s status.Snapshot, def status.Definition) Message {
	c := clock{now: s.At, tz: s.Timezone}
	of := map[string][]checks.Check{} // :: product id -> its checks
	for _, ch := range def.Checks {
		of[ch.Product] = append(of[ch.Product], ch)
	}
	var without []status.ProductStatus
	for _, p := range s.Products {
		if len(of[p.ID]) == 0 {
			without = append(without, p)
		}
	}
	sentence := "These figures come from " + plural(len(def.Checks), "check") + " on " + plural(len(s.Products), "product")
	if n := len(without); n == 1 {
		sentence += "; 1 product has no check"
	} else if n > 1 {
		sentence += "; " + count(n) + " products have no check"
	}
	sentence += "."
	lines := []string{"*" + sentence + "*", "as of " + c.token(c.now, false) +
		". Each counts the results of the last " + span(s.Window) +
		"; what could not be observed counts neither as passed nor as failed; the intervals hold 95 % (Wilson)."}
	if len(without) > 0 {
		lines = append(lines, "No check: "+names(without, func(p status.ProductStatus) string {
			return name(p.Name) + " (" + owner(p.Owner) + ")"
		}))
	}
	told, room := 0, roomy
	for _, line := range lines {
		room -= units(line)
	}
	for _, p := range s.Products {
		list := of[p.ID]
		if len(list) == 0 {
			continue
		}
		line := c.source(p, list)
		if room -= units(line); told == sourceRows || room < 0 {
			lines = append(lines, "and "+plural(len(s.Products)-len(without)-told, "more product"))
			break
		}
		told++
		lines = append(lines, line)
	}
	blocks := append(sections(lines), Block{Actions: []Action{backButton()}})
	return limited(Message{Text: sentence + " As of " + c.plain(c.now) + ".", Blocks: blocks})
}

func (c clock) source(p status.ProductStatus, list []checks.Check) string {
	newest := "no result yet"
	if !p.AsOf.IsZero() {
		newest = "newest result " + c.ago(p.AsOf)
	}
	var files []string
	for _, ch := range list {
		f := code(cmp.Or(ch.Source.File, "?"), 100)
		if !ch.Added.At.IsZero() {
			f = "Slack (" + c.addedBy(ch.Added) + ")"
		}
		if !slices.Contains(files, f) {
			files = append(files, f)
		}
	}
	from := files[:min(len(files), 3)]
	in := strings.Join(from, ", ")
	if more := len(files) - len(from); more > 0 {
		in += " and " + plural(more, "more file")
	}
	return "*" + name(p.Name) + "* " + plural(len(list), "check") + " (" + kinds(list) + ") in " + in +
		" · " + owner(p.Owner) + " · " + newest
}

// kinds counts checks by kind: "2 http, 1 exec".
func kinds(list []checks.Check) string {
	n := map[string]int{}
	var order []string
	for _, ch := range list {
		if n[ch.Kind] == 0 {
			order = append(order, ch.Kind)
		}
		n[ch.Kind]++
	}
	slices.SortStableFunc(order, func(x, y string) int { return n[y] - n[x] })
	var parts []string
	for _, k := range order[:min(len(order), 5)] {
		parts = append(parts, count(n[k])+" "+escapeOr(k, 40, "of no kind"))
	}
	return strings.Join(parts, ", ")
}

package format

import (
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// ProductPage is what the page of one product says.
type ProductPage struct {
	Name     string
	Level    impact.Level
	Sentence string
	Lines    []string
	Failures []string // the last ones, with their evidence, newest first
	Checks   []CheckRow
}

// CheckRow is one check of a product, with where its figures come from.
type CheckRow struct {
	ID     string
	Name   string
	Level  impact.Level // outage where all failed, degraded where some did, unknown where it is not measured
	Word   string       // in a word
	Figure string       // its counts, their span and how quick it is
	Lines  []string     // interval, what is usual, reasons, newest result
	From   string       // where it is defined, who answers for it, how much was tried
}

// OneProduct is the page of a product: its drill-down, all of its checks, and where
// their figures come from.
func OneProduct(d status.Drill) ProductPage {
	v := view{clock: clockOf(d.At, d.Timezone).counting(d.Window), Snapshot: status.Snapshot{Window: d.Window, Causes: d.Causes, Components: d.Components, Blind: d.Blind}}
	bad := failing(d)
	page := ProductPage{Name: text.Name(d.Name), Level: d.Level, Sentence: v.drillSentence(d) + v.drillSince(d, v.When)}
	if d.Level == impact.OK && !asUsual(d.ProductStatus) {
		page.Level = impact.Unknown
	}
	if d.Blind.On() {
		page.Lines = append(page.Lines, "*"+blindSentence+"* "+v.disturbed())
	}
	page.Lines = append(page.Lines, text.NonEmpty(v.drillCause(d, bad), v.drillMuted(d), v.proofOf(d.ProductStatus), v.restOf(d, bad), v.drillWhose(d, nil))...)
	for _, r := range recent(d) {
		page.Failures = append(page.Failures, "*"+text.Name(r.Result.Check)+"* "+text.Lower(v.failure(r.Result))+phases(r.Phases)+output(r.Result))
	}
	list := slices.Clone(d.Checks)
	slices.SortStableFunc(list, worstCheckFirst)
	for _, c := range list {
		page.Checks = append(page.Checks, v.checkRow(c, d.Owner))
	}
	return page
}

// checkRow is a check in a row, and what opens below it.
func (v view) checkRow(c status.CheckStatus, productOwner string) CheckRow {
	row := CheckRow{ID: c.Check.ID, Name: text.Name(c.Check.ID), Figure: text.Capital(checkFigure(c)) + ".", From: v.provenance(c, productOwner)}
	switch failed := c.CheckImpact.Counts.Failures; {
	case c.Stale || c.Tries == 0:
		row.Level, row.Word = impact.Unknown, "not measured"
	case failed == c.Tries:
		row.Level, row.Word = impact.Outage, "all failed"
	case failed > 0:
		row.Level, row.Word = impact.Degraded, "some failed"
	case slower(c.CheckImpact.Counts) > 0:
		row.Level, row.Word = impact.OK, "some slow"
	default:
		row.Level, row.Word = impact.OK, "passes"
	}
	if c.Tries > 0 {
		row.Lines = append(row.Lines, "95 % interval of the failures "+text.Interval(c.CheckImpact.Counts.Failures, c.Tries)+". "+usualOf(c)+".")
	}
	for _, line := range reasonLines(c) {
		row.Lines = append(row.Lines, line+".")
	}
	if c.Newest.Check != "" {
		row.Lines = append(row.Lines, "Newest result: "+text.Lower(v.failure(c.Newest))+phases(c.Newest.Phases)+".")
	}
	if len(c.Failures) > 0 && c.Newest.Outcome == checks.Pass {
		row.Lines = append(row.Lines, "Last that did not pass: "+text.Lower(v.failure(seenFirst(c.Failures)[0]))+output(seenFirst(c.Failures)[0]))
	}
	return row
}

// StripCell is a part of a strip: a day, or a part of one.
type StripCell struct {
	ID    string // of the day, 2006-01-02; of a part of one 1504 in UTC
	When  string // plain: "Sun 29 Nov"
	Words string // plain: what was counted in it
	Shade int    // 0 nothing failed, to picture.Shades-1; -1 nothing was measured
}

// DayCells are the n days up to that of an instant, oldest first, also those of which
// nothing is known.
func DayCells(days []status.Day, now time.Time, zone *time.Location, n int) []StripCell {
	of := map[string]status.Day{}
	for _, d := range days {
		of[d.Date] = d
	}
	today := now.In(zone)
	cells := make([]StripCell, 0, n)
	for i := n - 1; i >= 0; i-- {
		at := time.Date(today.Year(), today.Month(), today.Day()-i, 12, 0, 0, 0, zone)
		d := of[at.Format(time.DateOnly)]
		c := StripCell{ID: at.Format(time.DateOnly), When: at.Format("Mon 2 Jan"), Shade: -1, Words: "not measured"}
		if share, ok := d.Share(); ok {
			c.Shade = picture.ShadeOf(1 - share)
			if d.Failures == 0 {
				c.Shade = 0
			}
			c.Words = failedShare(d.Failures, d.Tries) + ", measured in " + spanOf(d.Measured)
			if d.Hurt > 0 {
				c.Words += ", hurt for " + spanOf((d.Hurt+59)/60)
			}
		}
		cells = append(cells, c)
	}
	return cells
}

// HourCells are the last 24 hours in parts of half an hour, oldest first.
func HourCells(minutes []impact.Minute, now time.Time, zone *time.Location) []StripCell {
	const part, parts = 30 * time.Minute, 48
	end := now.Truncate(part).Add(part)
	cells := make([]StripCell, parts)
	counts := make([]impact.Counts, parts)
	for _, m := range minutes {
		if i := parts - 1 - int(end.Add(-1).Sub(m.At)/part); i >= 0 && i < parts {
			counts[i].Tries += m.Tries
			counts[i].Failures += m.Failures
		}
	}
	for i := range cells {
		from := end.Add(time.Duration(i-parts) * part)
		c := StripCell{ID: from.UTC().Format("1504"), When: from.In(zone).Format("Mon 15:04") + " to " + from.Add(part).In(zone).Format("15:04"), Shade: -1, Words: "not measured"}
		if n := counts[i]; n.Tries > 0 {
			c.Shade, c.Words = picture.ShadeOf(n.Share()), failedShare(n.Failures, n.Tries)
		}
		cells[i] = c
	}
	return cells
}

// failedShare says counts with their share: "53 of 1,349 failed (3.9 %)".
func failedShare(failed, tries int) string {
	if failed == 0 {
		return "none of " + text.Count(tries) + " failed"
	}
	return ofTries(failed, tries, "failed")
}

// DaysSum says what was counted in all days together.
func DaysSum(days []status.Day) string {
	var sum status.Day
	for _, d := range days {
		sum = sum.Plus(d)
	}
	share, ok := sum.Share()
	if !ok {
		return "No day is counted yet: that is done every few minutes."
	}
	passed := strings.TrimSpace(rowOf(status.Day{Tries: sum.Tries, Failures: sum.Failures})[1])
	s := passed + " of " + text.Count(sum.Tries) + " tries passed"
	if share == 1 {
		s = "All " + text.Count(sum.Tries) + " tries passed"
	}
	return s + ", measured on " + text.Plural(len(days), "day") + "; hurt for " + spanOf((sum.Hurt+59)/60) + "."
}

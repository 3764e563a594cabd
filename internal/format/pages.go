package format

import (
	"cmp"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// What the pages of internal/web say: the words and figures of an update of the
// same instant. Every text is as Slack writes it; format/elsewhere reads it.

// BoardFacts is what the page of all products is made of.
type BoardFacts struct {
	Snapshot status.Snapshot
	Open     []incident.Incident // by number
	Last     incident.Incident   // the newest that is over; zero when there was none
	Quiet    News                // of those that are open, by QuietNow; zero: none is
}

// BoardPage is what the page of all products says.
type BoardPage struct {
	Level    impact.Level // of what is worst; unknown where something is not known and nothing is hurt
	Sentence string
	Lines    []string
	Rows     []ProductRow // what hurts most first
	Open     []IncidentRow
}

// ProductRow is one product in a row.
type ProductRow struct {
	ID       string
	Name     string
	Level    impact.Level // unknown, too, of what is not clear yet
	Word     string       // its level
	Share    string       // "3.9 %"; empty where nothing was measured
	Counts   string       // "53 of 1,349 failed in 10 min"
	Interval string       // "3.0-5.1 %", 95 %; empty where nothing failed
	Since    string       // since when it is so; empty while it is not hurt
	Note     string       // what fails, what clients feel; why it is not measured
}

// IncidentRow is one open incident in a row.
type IncidentRow struct {
	ID       string
	Sentence string
	Lines    []string // its last update, what was tried, its links
}

// Board is the page of all products.
func Board(f BoardFacts) BoardPage {
	var inc incident.Incident
	if len(f.Open) == 1 {
		inc = f.Open[0]
	}
	v := look(f.Snapshot, inc, inc.Proving())
	v.before = inc.ComparedAt(f.Snapshot.At, f.Snapshot.Window)
	v = v.telling(f.Quiet)
	sentence := v.standing(f.Quiet)
	sc, _ := v.screenOf(f.Quiet, "as of "+v.Token(v.Now, v.overnight(inc)))
	sc.tried, sc.most = v.lastMark(inc), ""
	if len(v.groups) == 0 && !v.awaits() && len(v.unclear) == 0 {
		sc.rest = v.quietly(f.Last, len(f.Open), sc.rest, v.checkless())
	}
	level := v.worstLevel()
	var lines []string
	if v.Blind.On() { // before any figure
		level, lines, sentence = impact.Unknown, []string{v.disturbed(), "*" + sentence + "*"}, blindSentence
	}
	within := v
	within.inBlock = true
	lines = append(lines, text.NonEmpty(within.quietLine(f.Quiet))...)
	if len(v.groups) == 0 && v.awaits() {
		lines = append(lines, v.proving()+".")
	}
	page := BoardPage{Level: level, Sentence: sentence, Lines: append(lines, sc.under(len(lines)+1)...)}
	for _, p := range v.byWorst() {
		page.Rows = append(page.Rows, v.productRow(p))
	}
	for _, o := range f.Open {
		row := v.incidentRow(o)
		if len(f.Open) > 1 { // of one, the lines above say it
			row.Lines = append(row.Lines, text.NonEmpty(v.lastMark(o))...)
		}
		page.Open = append(page.Open, row)
	}
	return page
}

// blindSentence is what a page says first while we cannot see.
const blindSentence = "We cannot see, so failures below may be ours."

// disturbed is why we cannot see, as in "2 of 2 control checks fail since 15:02".
func (v view) disturbed() string {
	return text.Capital(controlsFail(v.Blind)) + " since " + v.When(v.Blind.Since) + "."
}

// OpenIncidents are the rows of the incidents that go on.
func OpenIncidents(f BoardFacts) (rows []IncidentRow) {
	v := look(f.Snapshot, incident.Incident{}, false)
	for _, o := range f.Open {
		rows = append(rows, v.incidentRow(o))
	}
	return rows
}

// worstLevel is the level whose shape an update of this view begins with.
func (v view) worstLevel() impact.Level {
	switch {
	case len(v.hurt) > 0:
		return v.hurt[0].Level
	case len(v.usual)+len(v.recovered) == 0 || len(v.unknown) > 0 || len(v.unclear) > 0:
		return impact.Unknown
	}
	return impact.OK
}

// productRow is a product with the figures that an update tells of it.
func (v view) productRow(p status.ProductStatus) ProductRow {
	row := ProductRow{ID: p.ID, Name: text.Name(p.Name), Level: p.Level, Word: strings.ToLower(text.Level(p.Impact))}
	switch {
	case p.Level == impact.Unknown:
		_, why, _ := strings.Cut(v.unknownOf(p), " (")
		row.Note = text.Capital(strings.TrimSuffix(why, ")"))
		return row
	case p.Level == impact.Maintenance:
		_, until, _ := strings.Cut(v.inMaintenance(p), " (")
		row.Note = text.Capital(strings.TrimSuffix(until, ")"))
	case !p.Level.Hurt() && !asUsual(p):
		row.Level, row.Word = impact.Unknown, "not clear yet"
	}
	if p.Tries == 0 {
		row.Counts = "no result in " + text.Span(v.Window)
		return row
	}
	verb := "failed"
	if p.Slow && p.Level.Hurt() {
		verb = "slow"
	}
	bad := p.Failures
	if p.Level.Hurt() {
		bad = p.Bad()
	}
	row.Share = text.Percent(text.Share(bad, p.Tries), p.Tries)
	row.Counts = text.Count(bad) + " of " + text.Count(p.Tries) + " " + verb + " in " + v.span(p.From)
	if bad > 0 {
		row.Interval = text.Interval(bad, p.Tries)
	}
	if p.Level.Hurt() {
		if !p.Onset.IsZero() {
			row.Since = "since " + v.When(p.Onset) + " (" + text.Span(v.Now.Sub(p.Onset)) + ")"
		}
		row.Note = strings.Join(text.NonEmpty(text.Capital(mainly(p)), strings.TrimSuffix(says(p), "."), progress(p.Impact), v.age(p)), ". ")
	} else {
		row.Note = cmp.Or(row.Note, text.Capital(joined(partly(p), v.age(p))))
	}
	return row
}

// incidentRow is an incident that goes on, with what was told and tried last.
func (v view) incidentRow(inc incident.Incident) IncidentRow {
	s := titled(inc)
	if !inc.OpenedAt.IsZero() {
		s += ", open since " + v.When(inc.OpenedAt) + " (" + text.Span(v.Now.Sub(inc.OpenedAt)) + ")"
	}
	if inc.Severity != "" {
		s += ", " + text.Escape(inc.Severity, maxLinkName)
	}
	row := IncidentRow{ID: inc.ID, Sentence: s + "."}
	switch {
	case !inc.PausedAt.IsZero():
		row.Lines = append(row.Lines, "Updates are paused since "+v.When(inc.PausedAt)+".")
	case inc.LastUpdate.N > 0:
		line := "Update #" + text.Count(inc.LastUpdate.N) + ", " + v.Ago(inc.LastUpdate.At) + "; one " + incident.Paced(inc.Every)
		if due := inc.NextDue(); due.After(v.Now) {
			line += ", the next " + v.When(due)
		}
		row.Lines = append(row.Lines, line+".")
	}
	if inc.Proving() {
		row.Lines = append(row.Lines, "No longer failing at its rate; the recovery is being proven.")
	}
	row.Lines = append(row.Lines, text.NonEmpty(v.lookedInto(inc))...)
	if len(inc.Links) > 0 {
		row.Lines = append(row.Lines, linksIn(inc))
	}
	return row
}

// IncidentPage is what the page of one incident says.
type IncidentPage struct {
	Sentence string
	Lines    []string
	Marks    []string // what was tried, with what became of it, in the order in which it was
	Timeline []string // oldest first
}

// howItStands are the lines of an incident that goes on: the quiet, or else the headline,
// and what stands under it in the channel.
func (v view) howItStands(quiet News) []string {
	within := v
	within.inBlock = true
	lines := []string{text.Capital(v.headline()) + "."}
	if s := within.newsSentence(quiet); s != "" {
		lines[0] = text.Capital(s)
	}
	sc, _ := v.screenOf(quiet, "as of "+v.Token(v.Now, v.overnight(v.inc)))
	lines = append(lines, text.NonEmpty(within.quietLine(quiet))...)
	return append(lines, sc.under(len(lines)+1)...)
}

// OneIncident is the page of an incident.
func OneIncident(f TimelineFacts) IncidentPage {
	inc := f.Incident
	v := look(f.Snapshot, inc, inc.Proving()).telling(f.Quiet)
	page := IncidentPage{Sentence: strings.TrimPrefix(timelineSentence(v.clock, inc), "Timeline of ")}
	page.Sentence = text.Capital(page.Sentence)
	if inc.Open() {
		row := v.incidentRow(inc)
		if v.Blind.On() {
			page.Lines = []string{"*" + blindSentence + "* " + v.disturbed()}
		}
		page.Lines = append(page.Lines, v.howItStands(f.Quiet)...)
		page.Lines = append(page.Lines, row.Lines...)
	} else {
		page.Lines = append(page.Lines, v.impactIn(inc, f.Snapshot))
		if len(inc.Links) > 0 {
			page.Lines = append(page.Lines, linksIn(inc))
		}
	}
	for _, m := range inc.Marks {
		what := "“" + text.Escape(m.Text, 300) + "”"
		page.Marks = append(page.Marks, v.When(m.At)+" "+what+" ("+called(inc.Called(m.By))+"): "+outcome(m, v.Now, v.Window)+v.notForLong(m, inc)+".")
	}
	if inc.Folded {
		page.Timeline = []string{"It ended long ago: its report has all of it."}
		return page
	}
	page.Timeline = v.log(incident.Merge(inc.Timeline(), f.Desk), inc, f.Snapshot)
	const most = 500 // lines; the report has all
	if n := len(page.Timeline) - most; n > 0 {
		page.Timeline = append([]string{"… " + text.Count(n) + " earlier; the report has them"}, page.Timeline[n:]...)
	}
	return page
}

package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/report"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/spelling"
)

// IncidentHead is an incident in short.
type IncidentHead struct {
	ID        string      `json:"id"`
	Number    int         `json:"number"`
	Title     string      `json:"title" outside:"true"`
	Open      bool        `json:"open"`
	Proving   bool        `json:"proving" doc:"it is open, nothing of it fails at its rate any more, and the recovery is being proven"`
	OpenedAt  time.Time   `json:"opened_at"`
	OpenedBy  *Person     `json:"opened_by" doc:"null: statusbot detected it"`
	Why       string      `json:"why" outside:"true" doc:"why it was opened, or is open again"`
	EndedAt   *time.Time  `json:"ended_at" doc:"null while it goes on"`
	Products  []string    `json:"products" doc:"ids of those that it is about; empty: of all"`
	Severity  string      `json:"severity" outside:"true" doc:"as somebody said it; empty: nobody did"`
	Links     []Link      `json:"links"`
	Update    *LastUpdate `json:"update" doc:"the newest; null before the first"`
	NextAt    *time.Time  `json:"next_update_at" doc:"null while none is due: it is over, or paused"`
	Paused    bool        `json:"paused"`
	Unproven  []string    `json:"unproven" doc:"ids of the products of which the recovery is not proven"`
	Harmed    *Harmed     `json:"harmed" doc:"once it ended, what failed while products were hurt; null where that is not known"`
	MarksMade int         `json:"marks" doc:"how many actions stand written down, of those at hand"`
}

// Link is an address that somebody gave an incident: its call, its ticket.
type Link struct {
	Name string `json:"name" outside:"true"`
	URL  string `json:"url" outside:"true"`
}

// LastUpdate is an update that was told.
type LastUpdate struct {
	N     int       `json:"n"`
	At    time.Time `json:"at"`
	Cause string    `json:"cause" outside:"true" doc:"the likely cause as it stood; empty when none was known"`
}

// Harmed is what an incident cost.
type Harmed struct {
	Tries  int    `json:"tries"`
	Failed Share  `json:"failed"`
	Slow   *Share `json:"slow" doc:"the slow answers among the tries; null where slowness was not the trouble"`
}

// Incidents is a page of the incidents.
type Incidents struct {
	Incidents []IncidentHead `json:"incidents" doc:"newest first"`
	Next      *string        `json:"next" doc:"the cursor of the next page; null: there is none"`
}

// OneIncident is an incident with how it stands.
type OneIncident struct {
	IncidentHead
	Sentence string   `json:"sentence" outside:"true"`
	Lines    []string `json:"lines" outside:"true" doc:"while it is open, those of an update"`
	Tried    []Mark   `json:"tried" doc:"what was tried, and what became of it"`
}

// Mark is an action that somebody tried.
type Mark struct {
	Number    int       `json:"number"`
	At        time.Time `json:"at" doc:"when it was done"`
	By        *Person   `json:"by"`
	Text      string    `json:"text" outside:"true"`
	Withdrawn bool      `json:"withdrawn" doc:"its maker said that it was not done"`
	Verdicts  []Verdict `json:"verdicts" doc:"of all products together first; empty while it is too early to tell"`
}

// Verdict is what became of a mark.
type Verdict struct {
	Product string   `json:"product" doc:"id; empty for all together"`
	Verdict string   `json:"verdict" doc:"helped, better since, worse since, no discernible effect; unknown: too little to say"`
	Before  Share    `json:"before"`
	After   Share    `json:"after"`
	BeforeN int      `json:"before_tries"`
	AfterN  int      `json:"after_tries"`
	Diff    *float64 `json:"difference" doc:"of the shares; null where one is not known"`
	Margin  *float64 `json:"margin" doc:"half of its interval"`
}

// Event is one entry of an incident's log.
type Event struct {
	Seq      uint64     `json:"seq" doc:"its place in the journal: order is by it, never by clocks"`
	At       time.Time  `json:"at"`
	Kind     string     `json:"kind" doc:"opened, level, update, mark, effect, note, cadence, resolved, reopened, proving, proven, relapsed, rate, quiet and others; more may come"`
	By       *Person    `json:"by" doc:"null: statusbot itself"`
	Product  string     `json:"product,omitempty" doc:"id"`
	Products []string   `json:"products,omitempty" doc:"ids"`
	Check    string     `json:"check,omitempty" doc:"id"`
	From     string     `json:"from,omitempty" doc:"level before"`
	To       string     `json:"to,omitempty" doc:"level after"`
	Slow     bool       `json:"slow,omitempty" doc:"to degraded: it answers slowly, and does not fail"`
	Onset    *time.Time `json:"onset,omitempty" doc:"since when"`
	Began    *time.Time `json:"began,omitempty" doc:"of what is over: when it began, by its whole course, where that is before the onset that was told"`
	Ended    *time.Time `json:"ended,omitempty" doc:"of what is over: when it ended, most likely"`
	Mark     int        `json:"mark,omitempty" doc:"number of the mark"`
	Done     *time.Time `json:"done,omitempty" doc:"when it was done"`
	Text     string     `json:"text,omitempty" outside:"true" doc:"what a person wrote"`
	URL      string     `json:"url,omitempty" outside:"true"`
	N        int        `json:"n,omitempty" doc:"number of the update"`
	New      bool       `json:"new_post,omitempty" doc:"the update was posted anew, and not edited into the last"`
	Due      *time.Time `json:"due,omitempty"`
	Every    *float64   `json:"every_s,omitempty" doc:"the interval of updates from then on"`
	Why      string     `json:"why,omitempty" outside:"true"`
	Cause    string     `json:"cause,omitempty" outside:"true" doc:"the likely cause as it stood"`
	Figures  []Told     `json:"figures,omitempty" doc:"what the update said of the products that were not ok"`
	Verdicts []Verdict  `json:"verdicts,omitempty"`
}

// Told is what an update said of a product.
type Told struct {
	Product string `json:"product" doc:"id"`
	Level   string `json:"level"`
	Tries   int    `json:"tries"`
	Failed  Share  `json:"failed"`
	Slow    Share  `json:"slow"`
}

// Events is a page of an incident's log.
type Events struct {
	Incident string  `json:"incident" doc:"id"`
	Open     bool    `json:"open"`
	Events   []Event `json:"events" doc:"oldest first"`
	Next     *string `json:"next" doc:"the cursor of the next page; null: there is none now"`
}

// Timeline is an incident in plain words.
type Timeline struct {
	Incident string   `json:"incident" doc:"id"`
	Open     bool     `json:"open"`
	Sentence string   `json:"sentence" outside:"true"`
	Lines    []string `json:"lines" outside:"true" doc:"while it is open, those of an update"`
	Marks    []string `json:"marks" outside:"true" doc:"what was tried, and what became of it"`
	Timeline []string `json:"timeline" outside:"true" doc:"oldest first, at most the last 500"`
}

// Report is the report of an incident.
type Report struct {
	Incident string   `json:"incident" doc:"id"`
	Open     bool     `json:"open"`
	Title    string   `json:"title" outside:"true"`
	When     string   `json:"when"`
	Sentence string   `json:"sentence" outside:"true" doc:"what the whole was"`
	Summary  []string `json:"summary" outside:"true"`
	Harmed   *Harmed  `json:"harmed" doc:"once it ended, what failed while products were hurt; null where that is not known"`
	Markdown string   `json:"markdown" outside:"true" doc:"all of it"`
}

func (a *API) incidents(q *query) (any, error) {
	log := a.source.Board.Log()
	n := log.Newest()
	if q.after != "" {
		last, err := strconv.Atoi(q.after)
		if err != nil {
			return nil, &Problem{http.StatusBadRequest, "The cursor is none of this list.", "Leave it out to begin at the beginning."}
		}
		n = min(n, last-1)
	}
	var open *bool
	if text := q.URL.Query().Get("open"); text != "" {
		yes, err := strconv.ParseBool(text)
		if err != nil {
			return nil, &Problem{http.StatusBadRequest, "open is neither true nor false.", "Leave it out for all."}
		}
		open = &yes
	}
	out := Incidents{Incidents: []IncidentHead{}}
	for ; n > 0; n-- {
		inc, there := log.Find(incident.ID(n))
		if !there || open != nil && inc.Open() != *open {
			continue
		}
		if len(out.Incidents) == q.limit {
			out.Next = q.cursor(strconv.Itoa(out.Incidents[q.limit-1].Number))
			break
		}
		out.Incidents = append(out.Incidents, headOf(inc))
	}
	return out, nil
}

// find returns the incident of an id or a number.
func (a *API) find(q *query) (incident.Incident, error) {
	said := q.PathValue("id")
	id := said
	if n, err := strconv.Atoi(said); err == nil {
		id = incident.ID(n)
	}
	inc, there := a.source.Board.Log().Find(id)
	if !there {
		return inc, noSuch("incident", said, nil)
	}
	return inc, nil
}

func (a *API) incident(q *query) (any, error) {
	inc, err := a.find(q)
	if err != nil {
		return nil, err
	}
	snap := a.source.Board.Snapshot(q.now)
	told := format.OneIncident(format.TimelineFacts{Incident: inc, Snapshot: snap, Quiet: format.QuietNow(snap, []incident.Incident{inc}, a.source.Board.Pooled)})
	out := OneIncident{IncidentHead: headOf(inc), Sentence: plain(told.Sentence, snap.Timezone), Lines: plainAll(told.Lines, snap.Timezone), Tried: []Mark{}}
	if inc.Folded { // its marks are in the journal
		events, err := a.logOf(q, inc)
		if err != nil {
			return nil, err
		}
		inc = inc.WithLog(events)
	}
	for _, m := range inc.Marks {
		out.Tried = append(out.Tried, Mark{m.Mark, m.At.UTC(), personOf(m.By, inc.Called(m.By)), m.Text, !m.Stands(), verdictsOf(m.Verdicts)})
	}
	return out, nil
}

// logWithin is how long the journal may take for the log of an incident.
const logWithin = 5 * time.Second

// logOf is the whole log of an incident.
func (a *API) logOf(q *query, inc incident.Incident) ([]incident.Event, error) {
	ctx, cancel := context.WithTimeout(q.Context(), logWithin)
	defer cancel()
	return a.source.Events(ctx, inc.ID)
}

// kindsOfEvents are those that an incident's log may have.
var kindsOfEvents = func() (names []string) {
	for _, kind := range []incident.Kind{incident.Opened, incident.Level, incident.Update, incident.Redrawn, incident.Cadence, incident.Resolved, incident.Reopened, incident.Proving,
		incident.Relapsed, incident.Proven, incident.Rate, incident.Quiet, incident.Flapping, incident.Steady, incident.Mark, incident.Effect, incident.Corrected, incident.Withdrawn,
		incident.Note, incident.Entered, incident.Linked, incident.Unlinked, incident.Labelled, incident.Reminded, incident.Acked, incident.Unacked, incident.Paused, incident.Resumed,
		incident.Accepted, incident.Declined, incident.Removed} {
		names = append(names, string(kind))
	}
	return names
}()

func (a *API) events(q *query) (any, error) {
	inc, err := a.find(q)
	if err != nil {
		return nil, err
	}
	var after uint64
	if q.after != "" {
		if after, err = strconv.ParseUint(q.after, 10, 64); err != nil {
			return nil, &Problem{http.StatusBadRequest, "The cursor is none of this list.", "Leave it out to begin at the beginning."}
		}
	}
	var kinds []string
	if text := q.URL.Query().Get("kind"); text != "" {
		kinds = strings.Split(text, ",")
	}
	for _, kind := range kinds {
		if near, found := spelling.Nearest(kind, kindsOfEvents); !slices.Contains(kindsOfEvents, kind) {
			next := "There are " + strings.Join(kindsOfEvents, ", ") + "."
			if found {
				next = "Did you mean " + near + "? " + next
			}
			return nil, &Problem{http.StatusBadRequest, "There is no kind " + strconv.Quote(clip(kind, 100)) + " of events.", next}
		}
	}
	list, err := a.logOf(q, inc)
	if err != nil {
		return nil, err
	}
	out := Events{Incident: inc.ID, Open: inc.Open(), Events: []Event{}}
	for _, e := range list {
		if e.Seq <= after || kinds != nil && !slices.Contains(kinds, string(e.Kind)) {
			continue
		}
		if len(out.Events) == q.limit {
			out.Next = q.cursor(strconv.FormatUint(out.Events[q.limit-1].Seq, 10))
			break
		}
		out.Events = append(out.Events, eventOf(e, inc))
	}
	return out, nil
}

func (a *API) timeline(q *query) (any, error) {
	inc, err := a.find(q)
	if err != nil {
		return nil, err
	}
	if inc.Folded {
		events, err := a.logOf(q, inc)
		if err != nil {
			return nil, err
		}
		inc = inc.WithLog(events)
	}
	snap := a.source.Board.Snapshot(q.now)
	told, zone := format.OneIncident(format.TimelineFacts{Incident: inc, Snapshot: snap, Quiet: format.QuietNow(snap, []incident.Incident{inc}, a.source.Board.Pooled)}), snap.Timezone
	return Timeline{inc.ID, inc.Open(), plain(told.Sentence, zone), plainAll(told.Lines, zone), plainAll(told.Marks, zone), plainAll(told.Timeline, zone)}, nil
}

func (a *API) report(q *query) (any, error) {
	inc, err := a.find(q)
	if err != nil {
		return nil, err
	}
	events, err := a.logOf(q, inc)
	if err != nil {
		return nil, err
	}
	r, ok := report.New(report.Facts{Events: events, Definition: a.source.Board.Definition(), Names: incident.FoldAll(events).Names})
	if !ok {
		return nil, &Problem{http.StatusNotFound, "The log of this incident has no beginning.", Prefix + "incidents/" + inc.ID + "/events gives what there is."}
	}
	return ReportOf(inc, r), nil
}

// ReportOf is the report of an incident, for programs.
func ReportOf(inc incident.Incident, r *report.Report) Report {
	return Report{inc.ID, inc.Open(), r.Title, r.When, r.Sentence, some(r.Summary), harmedOf(inc), string(r.Markdown())}
}

func headOf(inc incident.Incident) IncidentHead {
	h := IncidentHead{ID: inc.ID, Number: inc.Number, Title: inc.Title, Open: inc.Open(), Proving: inc.Proving(), OpenedAt: inc.OpenedAt.UTC(), OpenedBy: personOf(inc.OpenedBy, inc.Called(inc.OpenedBy)),
		Why: inc.Why, EndedAt: when(inc.EndedAt), Products: some(inc.Products), Severity: inc.Severity, Links: []Link{}, Paused: !inc.PausedAt.IsZero(), Unproven: some(inc.Unproven), Harmed: harmedOf(inc)}
	for _, l := range inc.Links {
		h.Links = append(h.Links, Link{l.Name, l.URL})
	}
	if u := inc.LastUpdate; u.N > 0 {
		h.Update = &LastUpdate{u.N, u.At.UTC(), u.Cause}
	}
	if inc.Open() && !h.Paused {
		h.NextAt = when(inc.NextDue())
	}
	for _, m := range inc.Marks {
		if m.Stands() {
			h.MarksMade++
		}
	}
	return h
}

func harmedOf(inc incident.Incident) *Harmed {
	if inc.Open() || inc.Harmed.Tries == 0 {
		return nil
	}
	h := &Harmed{Tries: inc.Harmed.Tries, Failed: shareOf(inc.Harmed.Failures, inc.Harmed.Tries, true)}
	if n := inc.HarmedSlow; n > 0 {
		slow := shareOf(n, inc.Harmed.Tries, true)
		h.Slow = &slow
	}
	return h
}

func eventOf(e incident.Event, inc incident.Incident) Event {
	name := e.Name
	if name == "" {
		name = inc.Called(e.By)
	}
	out := Event{Seq: e.Seq, At: e.At.UTC(), Kind: string(e.Kind), By: personOf(e.By, name), Product: e.Product, Products: e.Products, Check: e.Check, From: e.From, To: e.To, Slow: e.Slow, Onset: when(e.Onset), Began: when(e.Began), Ended: when(e.Ended),
		Mark: e.Mark, Done: when(e.Done), Text: e.Text, URL: e.URL, N: e.N, New: e.Kind == incident.Update && e.Post == e.N, Due: when(e.Due), Every: seconds(e.Every), Why: e.Why, Cause: e.Cause}
	if e.Kind == incident.Opened {
		out.Text = e.Title
	}
	if e.Kind == incident.Update || e.Kind == incident.Redrawn {
		for _, f := range e.Figures {
			known := f.Level != string(impact.Unknown)
			if f.Level != string(impact.OK) {
				out.Figures = append(out.Figures, Told{f.Product, f.Level, f.Tries, shareOf(f.Failures, f.Tries, known), shareOf(f.Slow, f.Tries, known && f.Slow > 0)})
			}
		}
	}
	if len(e.Verdicts) > 0 {
		out.Verdicts = verdictsOf(e.Verdicts)
	}
	return out
}

func verdictsOf(list []incident.Verdict) []Verdict {
	out := []Verdict{}
	for _, v := range list {
		one := Verdict{Product: v.Product, Verdict: v.Verdict, Before: shareOf(v.Before.Failures, v.Before.Tries, true), After: shareOf(v.After.Failures, v.After.Tries, true), BeforeN: v.Before.Tries, AfterN: v.After.Tries}
		if one.Verdict == "" {
			one.Verdict = "unknown"
		}
		if v.Before.Tries > 0 && v.After.Tries > 0 {
			diff, margin := v.Diff(), v.Margin
			one.Diff, one.Margin = &diff, &margin
		}
		out = append(out, one)
	}
	return out
}

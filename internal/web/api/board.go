package api

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/elsewhere"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/spelling"
	"github.com/statusbot/statusbot/internal/status"
)

// Board is how all is.
type Board struct {
	Company   string         `json:"company" outside:"true"`
	Timezone  string         `json:"timezone" doc:"the company's"`
	Window    float64        `json:"window_s" doc:"over which failures are counted, in seconds"`
	Level     string         `json:"level" enum:"ok degraded outage unknown maintenance" doc:"of what is worst; unknown where something is not known and nothing is hurt"`
	Sentence  string         `json:"sentence" outside:"true" doc:"how all is"`
	Lines     []string       `json:"lines" outside:"true" doc:"those of an update: since when, the likely cause, what was tried"`
	Blind     *Blind         `json:"blind" doc:"while we cannot see: failures may be ours; null while we see"`
	Cause     *Cause         `json:"cause" doc:"what is thought of the cause; null while nothing can be said, and on the public page"`
	Products  []Product      `json:"products" doc:"what hurts most first"`
	Incidents []IncidentHead `json:"incidents" doc:"that go on; none on the public page"`
}

// Blind says that most of the checks fail that must always pass from where we are.
type Blind struct {
	Since   time.Time `json:"since"`
	Failing []string  `json:"failing" doc:"ids of the control checks that fail"`
	Reason  string    `json:"reason"`
}

// Cause is what is thought of the cause.
type Cause struct {
	Verdict  string    `json:"verdict" doc:"how sure it is"`
	Sentence string    `json:"sentence" doc:"empty where nothing is named"`
	AsOf     time.Time `json:"as_of"`
	Suspects []Suspect `json:"suspects" doc:"best first"`
}

// Suspect is a possible cause, with the counts by which it can be checked.
type Suspect struct {
	ID            string  `json:"id" doc:"of a component, or probe:NAME for a vantage of ours"`
	Kind          string  `json:"kind" enum:"component vantage"`
	Region        string  `json:"region,omitempty"`
	Chance        float64 `json:"chance" doc:"that it is the cause, 0 to 1"`
	Failing       int     `json:"failing" doc:"failing checks that use it"`
	FailingAll    int     `json:"failing_all" doc:"of so many failing checks"`
	Using         int     `json:"using" doc:"checks that use it"`
	Others        int     `json:"others" doc:"checks that do not"`
	OthersFailing int     `json:"others_failing" doc:"of these, failing"`
}

// Product is what clients use, at one instant.
type Product struct {
	ID       string     `json:"id"`
	Name     string     `json:"name" outside:"true"`
	Level    string     `json:"level" enum:"ok degraded outage unknown maintenance" doc:"unknown: not measured, or not clear yet; never to be read as ok"`
	Word     string     `json:"word" doc:"the level as people read it"`
	Since    *time.Time `json:"since" doc:"since when it is hurt, most likely; null while it is not, or that is not known"`
	Says     string     `json:"says" outside:"true" doc:"while it is hurt, what clients feel, in its owners' words; empty where they gave none"`
	Note     string     `json:"note" outside:"true" doc:"what fails most, or why it is not measured"`
	Measured *Measured  `json:"measured" doc:"what was measured; null on the public page"`
}

// Measured is where a product's level comes from.
type Measured struct {
	Owner    string        `json:"owner" outside:"true"`
	Why      string        `json:"why" doc:"what decided the level; empty while all is as usual"`
	Slow     bool          `json:"slow" doc:"the trouble is slowness, and not failures"`
	OnsetLow *time.Time    `json:"since_lo" doc:"with since_hi the 95 % interval of since"`
	OnsetHi  *time.Time    `json:"since_hi"`
	Figures  Figures       `json:"figures"`
	Usual    *float64      `json:"usual_share" doc:"share that fails in times without trouble; null while that is learnt"`
	Latency  Latency       `json:"latency"`
	Checks   Coverage      `json:"checks"`
	Reasons  []ReasonCount `json:"reasons" doc:"of its failures since then, most frequent first"`
	Muted    []Muted       `json:"maintenance" doc:"that goes on"`
}

// Coverage says how many checks a product has, and how many of these see.
type Coverage struct {
	All      int `json:"all"`
	Measured int `json:"measured" doc:"with a measurement not older than three intervals"`
	Stale    int `json:"stale" doc:"without one"`
	Learning int `json:"learning" doc:"with too little history to know what is usual"`
}

// Figures are results of a span of time, counted.
type Figures struct {
	From    *time.Time `json:"from" doc:"begin of what is counted; null where nothing was"`
	AsOf    *time.Time `json:"as_of" doc:"end of the newest result; null where there was none"`
	Tries   int        `json:"tries" doc:"n: results that tell something, which are pass, degraded or fail"`
	Failed  Share      `json:"failed"`
	Slow    Share      `json:"slow" doc:"answers that were slower than is usual or promised"`
	Unknown int        `json:"unknown" doc:"results beside the tries, in which statusbot could not observe"`
}

// Share is a part of the tries, with its 95 % interval (Wilson).
type Share struct {
	N     int      `json:"n"`
	Share *float64 `json:"share" doc:"n of the tries, 0 to 1; null where it is not known"`
	Low   *float64 `json:"lo" doc:"lower end of the 95 % interval; null with share"`
	High  *float64 `json:"hi"`
}

// Latency is of the answers that came, within 5 %.
type Latency struct {
	P50      *float64 `json:"p50_s" doc:"seconds; null where none came"`
	P95      *float64 `json:"p95_s"`
	UsualP95 *float64 `json:"usual_p95_s" doc:"in times without trouble; null while that is learnt"`
}

// ReasonCount says how many results had a reason.
type ReasonCount struct {
	Reason string `json:"reason"`
	N      int    `json:"n"`
}

// Muted is a maintenance.
type Muted struct {
	Check string    `json:"check" doc:"id, where only that check is meant"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	By    *Person   `json:"by" doc:"null: the configuration"`
	Why   string    `json:"why" outside:"true"`
}

// Person is somebody in Slack.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name" outside:"true" doc:"what they are called; empty where that is not known"`
}

// Products is a page of the products.
type Products struct {
	Products []Product `json:"products"`
	Next     *string   `json:"next" doc:"the cursor of the next page; null: there is none"`
}

// OneProduct is a product in full.
type OneProduct struct {
	Product
	Sentence string   `json:"sentence" outside:"true"`
	Lines    []string `json:"lines" outside:"true"`
	Failures []Result `json:"failures" doc:"its last results that are not a pass, newest first, at most 10"`
}

func (a *API) board(q *query) (any, error) {
	f := a.facts(q)
	told, zone := a.told(f, q), f.Snapshot.Timezone
	b := Board{Company: f.Snapshot.Company, Timezone: zone.String(), Window: f.Snapshot.Window.Seconds(), Level: string(told.Level),
		Sentence: plain(told.Sentence, zone), Lines: plainAll(told.Lines, zone), Products: []Product{}, Incidents: []IncidentHead{}}
	all := productsOf(f.Snapshot, told, q.who)
	for _, r := range told.Rows {
		b.Products = append(b.Products, all[r.ID])
	}
	if q.who != Inside {
		return b, nil
	}
	if s := f.Snapshot.Blind; s.On() {
		b.Blind = &Blind{s.Since, some(s.Failing), s.Reason}
	}
	b.Cause = causeOf(f.Snapshot.Causes)
	for _, inc := range f.Open {
		b.Incidents = append(b.Incidents, headOf(inc))
	}
	return b, nil
}

// facts are what the page of all products is made of.
func (a *API) facts(q *query) format.BoardFacts {
	log := a.source.Board.Log()
	snap := a.source.Board.Snapshot(q.now)
	return format.BoardFacts{Snapshot: snap, Open: log.Open(), Last: log.LastOver(), Quiet: format.QuietNow(snap, log.Open(), a.source.Board.Pooled)}
}

// told is what that page says to who asks.
func (a *API) told(f format.BoardFacts, q *query) format.BoardPage {
	if q.who == Inside {
		return format.Board(f)
	}
	return format.PublicBoard(f, a.source.Public)
}

// productsOf are the products that are told, by id.
func productsOf(s status.Snapshot, told format.BoardPage, who Reader) map[string]Product {
	of := map[string]status.ProductStatus{}
	for _, p := range s.Products {
		of[p.ID] = p
	}
	out := make(map[string]Product, len(told.Rows))
	for _, r := range told.Rows {
		out[r.ID] = productOf(of[r.ID], r, s.Timezone, who)
	}
	return out
}

func productOf(p status.ProductStatus, r format.ProductRow, zone *time.Location, who Reader) Product {
	out := Product{ID: p.ID, Name: plain(r.Name, zone), Level: string(r.Level), Word: r.Word, Note: plain(r.Note, zone)}
	if p.Level.Hurt() {
		out.Since = when(p.Onset)
	}
	switch p.Level {
	case impact.Degraded:
		out.Says = p.SaysDegraded
	case impact.Outage:
		out.Says = p.SaysOutage
	}
	if who != Inside {
		return out
	}
	m := Measured{Owner: p.Owner, Why: p.Why, Slow: p.Slow, Figures: figuresOf(p.Counts, p.From, p.AsOf, p.Level != impact.Unknown),
		Latency: latencyOf(p.P50, p.P95, p.UsualP95), Checks: Coverage{p.Checks, p.Measured, p.Stale, p.Learning}, Reasons: reasonsOf(p.Reasons), Muted: []Muted{}}
	if p.Level.Hurt() {
		m.OnsetLow, m.OnsetHi = when(p.OnsetLow), when(p.OnsetHigh)
	}
	if p.Checks > p.Learning {
		m.Usual = &p.Usual
	}
	for _, x := range p.Muted {
		m.Muted = append(m.Muted, mutedOf(x))
	}
	out.Measured = &m
	return out
}

func (a *API) products(q *query) (any, error) {
	f := a.facts(q)
	all := productsOf(f.Snapshot, a.told(f, q), q.who)
	out := Products{Products: []Product{}}
	for _, p := range f.Snapshot.Products {
		if one, told := all[p.ID]; told && p.ID > q.after {
			out.Products = append(out.Products, one)
		}
	}
	slices.SortFunc(out.Products, func(x, y Product) int { return cmp.Compare(x.ID, y.ID) })
	if len(out.Products) > q.limit {
		out.Products = out.Products[:q.limit]
		out.Next = q.cursor(out.Products[q.limit-1].ID)
	}
	return out, nil
}

func (a *API) product(q *query) (any, error) {
	id := q.PathValue("id")
	f := a.facts(q)
	all := productsOf(f.Snapshot, a.told(f, q), q.who)
	p, there := all[id]
	if !there {
		return nil, noSuch("product", id, slices.Sorted(maps.Keys(all)))
	}
	out := OneProduct{Product: p, Lines: []string{}, Failures: []Result{}}
	if q.who != Inside {
		out.Sentence = p.Name + ": " + p.Word + "."
		return out, nil
	}
	d, ok := a.source.Board.Drill(q.now, id)
	if !ok { // it was taken out of the configuration just now
		return nil, noSuch("product", id, nil)
	}
	told := format.OneProduct(d)
	out.Sentence, out.Lines = plain(told.Sentence, d.Timezone), plainAll(told.Lines, d.Timezone)
	for _, x := range d.Failures {
		out.Failures = append(out.Failures, resultOf(x.Result))
	}
	return out, nil
}

// noSuch says that there is none of an id, and which may be meant.
func noSuch(what, id string, ids []string) *Problem {
	next := Prefix + what + "s lists those that there are."
	if near, found := spelling.Nearest(id, ids); found {
		next = "Did you mean " + near + "? " + next
	}
	return &Problem{http.StatusNotFound, "There is no " + what + " " + strconv.Quote(clip(id, 100)) + " here.", next}
}

func figuresOf(c impact.Counts, from, asOf time.Time, known bool) Figures {
	f := Figures{Tries: c.Tries, AsOf: when(asOf), Unknown: c.Unknown, Failed: shareOf(c.Failures, c.Tries, known), Slow: shareOf(c.Slow+c.Slower, c.Tries, known)}
	if c.Tries+c.Unknown > 0 {
		f.From = when(from)
	}
	return f
}

// shareOf is a part of some tries. Known is false where the tries say nothing of how it
// is: they are too old, or it is us who fail.
func shareOf(n, tries int, known bool) Share {
	s := Share{N: n}
	if tries > 0 && known {
		share := float64(n) / float64(tries)
		low, high := impact.Wilson(n, tries)
		s.Share, s.Low, s.High = &share, &low, &high
	}
	return s
}

func latencyOf(p50, p95, usual time.Duration) Latency {
	return Latency{seconds(p50), seconds(p95), seconds(usual)}
}

func reasonsOf(list []status.ReasonCount) []ReasonCount {
	out := []ReasonCount{}
	for _, r := range list {
		out = append(out, ReasonCount{string(r.Reason), r.N})
	}
	return out
}

func mutedOf(m incident.Muting) Muted {
	return Muted{Check: m.Check, From: m.From.UTC(), Until: m.Until.UTC(), By: personOf(m.By, m.Name), Why: m.Why}
}

func causeOf(c status.Causes) *Cause {
	if len(c.Suspects) == 0 {
		return nil
	}
	out := &Cause{Verdict: string(c.Verdict), Sentence: format.CauseTold(c), AsOf: c.At.UTC()}
	for _, s := range c.Suspects {
		out.Suspects = append(out.Suspects, Suspect{s.ID, string(s.Kind), s.Region, s.Score, s.Failing, s.FailingAll, s.Using, s.Others, s.OthersFailing})
	}
	return out
}

// personOf is nil for statusbot itself.
func personOf(id, name string) *Person {
	if id == "" {
		return nil
	}
	return &Person{id, name}
}

// when is an instant; nil where it is not known.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// seconds is nil for what did not happen.
func seconds(d time.Duration) *float64 {
	if d == 0 {
		return nil
	}
	s := d.Seconds()
	return &s
}

// some is a list that is never null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// plain is a text of internal/format without Slack's marks.
func plain(s string, zone *time.Location) string { return elsewhere.Of(s, zone).Line() }

func plainAll(list []string, zone *time.Location) []string {
	out := []string{}
	for _, s := range list {
		out = append(out, plain(s, zone))
	}
	return out
}

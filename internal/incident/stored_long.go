package incident

import (
	"slices"
	"time"
)

// storedIncident is the stored form of an incident that is at hand and whose events
// are not to be read again: its log has become long, or began long before all
// others'.
type storedIncident struct {
	ID         string                  `json:"id"`
	Number     int                     `json:"number"`
	Title      string                  `json:"title,omitempty"`
	Channel    string                  `json:"channel"`
	OpenedAt   time.Time               `json:"opened_at"`
	OpenedBy   string                  `json:"opened_by,omitempty"`
	Why        string                  `json:"why,omitempty"`
	Products   []string                `json:"products,omitempty"`
	Every      time.Duration           `json:"every"` // nanoseconds
	EndedAt    time.Time               `json:"ended_at,omitzero"`
	EndedBy    string                  `json:"ended_by,omitempty"`
	Unproven   []string                `json:"unproven,omitempty"`
	ProvingAt  time.Time               `json:"proving_at,omitzero"`
	ProvenAt   time.Time               `json:"proven_at,omitzero"`
	RelapsedAt time.Time               `json:"relapsed_at,omitzero"`
	ReopenedAt time.Time               `json:"reopened_at,omitzero"`
	Again      storedSaid              `json:"again,omitzero"`
	LastUpdate storedSaid              `json:"last_update,omitzero"`
	WrittenAt  time.Time               `json:"written_at,omitzero"`
	Told       []storedSaid            `json:"told,omitempty"`
	LastPost   storedSaid              `json:"last_post,omitzero"`
	NewsAt     time.Time               `json:"news_at,omitzero"`
	Loud       int                     `json:"loud,omitempty"`
	Alarm      int                     `json:"alarm,omitempty"`
	Levels     map[string]string       `json:"levels,omitempty"`
	Flaps      map[string]storedSaid   `json:"flaps,omitempty"`
	Turns      map[string][]storedSaid `json:"turns,omitempty"`
	Marks      []storedMark            `json:"marks,omitempty"`
	Marked     int                     `json:"marked,omitempty"`
	Entries    []storedSaid            `json:"entries,omitempty"`
	Steps      []storedSaid            `json:"steps,omitempty"`
	QuietAt    time.Time               `json:"quiet_at,omitzero"`
	Links      []storedLink            `json:"links,omitempty"`
	Severity   string                  `json:"severity,omitempty"`
	SaidAt     time.Time               `json:"said_at,omitzero"`
	RemindedAt time.Time               `json:"reminded_at,omitzero"`
	Acks       map[string][]storedAck  `json:"acks,omitempty"`
	Names      map[string]string       `json:"names,omitempty"`
	PausedAt   time.Time               `json:"paused_at,omitzero"`
	PausedBy   string                  `json:"paused_by,omitempty"`
	LastSeq    uint64                  `json:"last_seq"`
	Events     int                     `json:"events"`
	Folded     bool                    `json:"folded,omitempty"`
	News       []Kind                  `json:"news,omitempty"`
	Began      time.Time               `json:"began,omitzero"`
	Over       time.Time               `json:"over,omitzero"`
	Goes       map[string]bool         `json:"goes,omitempty"`
	Hurt       map[string]time.Time    `json:"hurt,omitempty"`
	Whole      map[string]time.Time    `json:"whole,omitempty"`
	Harmed     Counts                  `json:"harmed,omitzero"`
	HarmedSlow int                     `json:"harmed_slow,omitzero"`
	Log        []storedSaid            `json:"log"` // oldest first
	ThinAt     int                     `json:"thin_at,omitempty"`
	Gone       time.Time               `json:"gone,omitzero"`
	Taken      uint64                  `json:"taken,omitempty"`
}

// storedMark is a Marked.
type storedMark struct {
	Mark        storedSaid `json:"mark"`
	Verdicts    []Verdict  `json:"verdicts,omitempty"`
	JudgedAt    time.Time  `json:"judged_at,omitzero"`
	WithdrawnAt time.Time  `json:"withdrawn_at,omitzero"`
}

// storedAck is an Ack.
type storedAck struct {
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// storedLink is a Link.
type storedLink struct {
	Name string    `json:"name"`
	URL  string    `json:"url"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

func saidOf(e Event) storedSaid { return storedSaid{e.Seq, e} }

func (s storedSaid) event() Event {
	s.Event.Seq = s.Seq
	return s.Event
}

// each is a list of what f makes of another.
func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, x := range list {
		out = append(out, f(x))
	}
	return slices.Clip(out)
}

// eachIn is each of the values of a map.
func eachIn[A, B any](m map[string]A, f func(A) B) map[string]B {
	out := make(map[string]B, len(m))
	for key, x := range m {
		out[key] = f(x)
	}
	return out
}

func storedOf(i Incident) storedIncident {
	saids := func(list []Event) []storedSaid { return each(list, saidOf) }
	return storedIncident{ID: i.ID, Number: i.Number, Title: i.Title, Channel: i.Channel, OpenedAt: i.OpenedAt, OpenedBy: i.OpenedBy, Why: i.Why, Products: i.Products,
		Every: i.Every, EndedAt: i.EndedAt, EndedBy: i.EndedBy, Unproven: i.Unproven, ProvingAt: i.ProvingAt, ProvenAt: i.ProvenAt, RelapsedAt: i.RelapsedAt,
		ReopenedAt: i.ReopenedAt, Again: saidOf(i.again), LastUpdate: saidOf(i.LastUpdate), WrittenAt: i.writtenAt, Told: saids(i.told), LastPost: saidOf(i.LastPost),
		NewsAt: i.newsAt, Loud: i.Loud, Alarm: i.Alarm, Levels: i.Levels, Flaps: eachIn(i.Flaps, saidOf), Turns: eachIn(i.turns, saids),
		Marks: each(i.Marks, func(m Marked) storedMark {
			return storedMark{saidOf(m.Event), m.Verdicts, m.JudgedAt, m.WithdrawnAt}
		}),
		Marked: i.marked, Entries: saids(i.Entries), Steps: saids(i.Steps), QuietAt: i.QuietAt,
		Links: each(i.Links, func(l Link) storedLink { return storedLink(l) }), Severity: i.Severity, SaidAt: i.SaidAt, RemindedAt: i.RemindedAt,
		Acks:  eachIn(i.Acks, func(list []Ack) []storedAck { return each(list, func(a Ack) storedAck { return storedAck(a) }) }),
		Names: i.Names, PausedAt: i.PausedAt, PausedBy: i.PausedBy, LastSeq: i.LastSeq, Events: i.Events, Folded: i.Folded, News: i.news,
		Began: i.harm.began, Over: i.harm.ended, Goes: i.harm.goes, Hurt: i.harm.told, Whole: i.harm.whole, Harmed: i.Harmed, HarmedSlow: i.HarmedSlow, Log: saids(i.Timeline()), ThinAt: i.thinAt, Gone: i.gone, Taken: i.taken}
}

func (s storedIncident) incident() Incident {
	events := func(list []storedSaid) []Event { return each(list, storedSaid.event) }
	i := Incident{ID: s.ID, Number: s.Number, Title: s.Title, Channel: s.Channel, OpenedAt: s.OpenedAt, OpenedBy: s.OpenedBy, Why: s.Why, Products: s.Products,
		Every: s.Every, EndedAt: s.EndedAt, EndedBy: s.EndedBy, Unproven: s.Unproven, ProvingAt: s.ProvingAt, ProvenAt: s.ProvenAt, RelapsedAt: s.RelapsedAt,
		ReopenedAt: s.ReopenedAt, again: s.Again.event(), LastUpdate: s.LastUpdate.event(), writtenAt: s.WrittenAt, told: events(s.Told), LastPost: s.LastPost.event(),
		newsAt: s.NewsAt, Loud: s.Loud, Alarm: s.Alarm, Levels: s.Levels, Flaps: eachIn(s.Flaps, storedSaid.event), turns: eachIn(s.Turns, events),
		Marks: each(s.Marks, func(m storedMark) Marked {
			return Marked{m.Mark.event(), m.Verdicts, m.JudgedAt, m.WithdrawnAt}
		}),
		marked: s.Marked, Entries: events(s.Entries), Steps: events(s.Steps), QuietAt: s.QuietAt,
		Links: each(s.Links, func(l storedLink) Link { return Link(l) }), Severity: s.Severity, SaidAt: s.SaidAt, RemindedAt: s.RemindedAt,
		Acks:  eachIn(s.Acks, func(list []storedAck) []Ack { return each(list, func(a storedAck) Ack { return Ack(a) }) }),
		Names: s.Names, PausedAt: s.PausedAt, PausedBy: s.PausedBy, LastSeq: s.LastSeq, Events: s.Events, Folded: s.Folded, news: s.News,
		harm: harm{s.Began, s.Over, s.Goes, s.Hurt, s.Whole}, Harmed: s.Harmed, HarmedSlow: s.HarmedSlow, thinAt: s.ThinAt, gone: s.Gone, taken: s.Taken}
	for _, e := range s.Log {
		i.last, i.kept = &entry{before: i.last, event: e.event()}, i.kept+1
	}
	return i
}

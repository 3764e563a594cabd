package format

import (
	"cmp"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// Story is one incident as it is told step by step, in feeds and to programs that read
// status pages. Its texts are as Slack writes them.
type Story struct {
	ID       string
	Name     string
	Worst    impact.Level // that any of its products had
	Began    time.Time
	Eased    time.Time // when it was last no longer failing at its rate; zero: it is not, or never was
	Ended    time.Time // zero while it goes on
	Updated  time.Time // of its newest entry
	Products []string  // ids of those that were hurt
	Entries  []StoryEntry
}

// StoryEntry is one step of a story.
type StoryEntry struct {
	Seq      uint64
	At       time.Time
	State    State
	Words    string
	Product  string // id, where it is of one
	From, To impact.Level
}

// State is how far an incident is, in the words of status pages.
type State string

const (
	Investigating State = "investigating"
	Identified    State = "identified"
	Monitoring    State = "monitoring"
	Resolved      State = "resolved"
)

// State is how far the incident is now.
func (s Story) State() State {
	if len(s.Entries) == 0 {
		return Investigating
	}
	return s.Entries[len(s.Entries)-1].State
}

// StoryOf tells an incident by its events; of the products that are shown alone, in
// their owners' words and with nothing that anybody wrote, where shown is not nil.
// False where it is of none of these.
func StoryOf(events []incident.Event, s status.Snapshot, shown func(product string) bool) (Story, bool) {
	inc := incident.FoldAll(events)
	t := teller{clock: clockOf(s.At, s.Timezone).counting(s.Window), snap: s, inc: inc, shown: shown, troubles: text.Troubles{}}
	t.story = Story{ID: inc.ID, Began: inc.OpenedAt, Ended: inc.EndedAt, Worst: impact.OK}
	t.state = Investigating
	for _, e := range events {
		t.take(e)
	}
	if inc.Number == 0 || shown != nil && len(t.story.Products) == 0 {
		return Story{}, false
	}
	t.story.Name = titled(inc)
	if shown != nil {
		t.story.Name = "Trouble with " + productNames(s, t.story.Products)
	}
	if n := len(t.story.Entries); n > 0 {
		t.story.Updated = t.story.Entries[n-1].At
	}
	return t.story, true
}

// teller tells one story.
type teller struct {
	clock
	snap     status.Snapshot
	inc      incident.Incident
	shown    func(string) bool
	story    Story
	state    State
	troubles text.Troubles
}

func (t *teller) take(e incident.Event) {
	switch e.Kind {
	case incident.Level:
		if e = t.troubles.Read(e); t.shown != nil && !t.shown(e.Product) {
			return
		}
		to := impact.Level(e.To)
		if to.Hurt() && !slices.Contains(t.story.Products, e.Product) {
			t.story.Products = append(t.story.Products, e.Product)
		}
		if to.Severity() > t.story.Worst.Severity() {
			t.story.Worst = to
		}
	case incident.Update:
		if e.Cause != "" && t.state == Investigating {
			t.state = Identified
		}
		return
	case incident.Proving, incident.Quiet:
		t.state, t.story.Eased = Monitoring, e.At
	case incident.Relapsed, incident.Reopened:
		t.state, t.story.Eased = Investigating, time.Time{}
	case incident.Resolved:
		t.state = Resolved
	case incident.Opened, incident.Proven, incident.Mark, incident.Effect, incident.Rate:
	default:
		return
	}
	if words := t.words(e); words != "" {
		t.story.Entries = append(t.story.Entries, StoryEntry{Seq: e.Seq, At: e.At, State: t.state, Words: words, Product: e.Product,
			From: cmp.Or(impact.Level(e.From), impact.OK), To: impact.Level(e.To)})
	}
}

// words tell an event.
func (t *teller) words(e incident.Event) string {
	if t.shown == nil {
		return text.Capital(t.happened(e, t.inc, t.snap)) + "."
	}
	if e.Kind != incident.Level {
		if len(t.story.Products) == 0 {
			return "" // it is not theirs yet
		}
		switch e.Kind {
		case incident.Proving, incident.Quiet:
			return "It looks better. We watch on."
		case incident.Relapsed, incident.Reopened:
			return "The trouble is back."
		case incident.Resolved:
			return "It is over."
		}
		return ""
	}
	p := status.ProductStatus{Product: t.product(e.Product)}
	p.Level, p.Down, p.Slow = impact.Level(e.To), nil, e.Slow
	if e.Failed != nil && p.Level == impact.Outage {
		p.Down = &impact.Down{Tries: e.Failed.Tries, Failures: e.Failed.Failures}
	}
	line := text.Name(p.Name) + ": " + publicWord(p) + "."
	if s := says(p); s != "" {
		line += " " + s
	}
	return line
}

func (t *teller) product(id string) status.Product {
	for _, p := range t.snap.Products {
		if p.ID == id {
			return p.Product
		}
	}
	return status.Product{ID: id, Name: id}
}

// MaintenanceWords name a maintenance, and say who planned it and why; for everybody
// they name it alone.
func MaintenanceWords(m incident.Muting, s status.Snapshot, everybody bool) (name, words string) {
	name = "Maintenance of " + productName(s, m.Product)
	if everybody {
		return name, name + "."
	}
	if m.Check != "" {
		name += ", check " + text.Code(m.Check, 60)
	}
	return name, name + mutedBy(m) + ": " + text.EscapeOr(m.Why, 300, "no reason given") + "."
}

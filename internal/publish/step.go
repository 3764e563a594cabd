package publish

import (
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// Rules are what the configuration says of what is told.
type Rules struct {
	Delivery incident.Rules
	Every    time.Duration // cadence of incidents that are detected
	Places   []Place       // where detected incidents are announced
	Pictures bool          // updates have a picture of the trend
	Command  string        // name of the slash command, with its slash, for hints; empty: /statusbot
	Page     string        // address of the page in a browser, to which updates lead; empty: there is none

	// RemindAfter is how long nobody may write anything down in an incident before who
	// began it is told, once for each such silence; 0: never.
	RemindAfter time.Duration

	// Planned returns the maintenance that is planned for an instant, by the
	// configuration and by what people planned for each week; nil: none.
	Planned func(at time.Time, standing []incident.Standing) []incident.Muting
}

// Place is a channel where incidents are announced that are detected in some
// products; in any when none is named.
type Place struct {
	Channel  string // Slack channel id
	Products []string
}

// Past is what a step asks of the minutes before its snapshot. A *status.Board
// is one.
type Past interface {
	History(product string, from, to time.Time) []impact.Minute
	Pooled(products []string, from, to time.Time) []impact.Minute // never changed
	Effect(inc incident.Incident, mark incident.Marked, now time.Time) status.Effect
}

// Seen is what a step looks at beside the log.
type Seen struct {
	status.Snapshot
	Past Past
	// Waking says that results have begun to come a moment ago: what is old
	// only because we were away is better told a little later than as unknown.
	Waking bool
	// Waits is told which product's first result an update waits for; nil: nobody is.
	Waits func(incident, product string)
	// Unkept is that what is written down is in memory only.
	Unkept format.Unkept
	// Owed are the incidents whose newest update was written down and never
	// handed over; the text of it is lost.
	Owed map[string]bool // :: incident id -> so it is
}

// Decision is one thing that is to be written down, with what is to be told
// for it, and why.
type Decision struct {
	Why   string
	Event incident.Event // its sequence is not known yet
	// First is handed over before the event is written: the key of each is
	// that of the event's cause, so that it comes once even if the event is not
	// written down before a crash.
	First []Telling
	// Then is handed over once the event is written.
	Then []Telling
}

// Step decides everything that is to be written down and told at the instant
// of a snapshot, in order. The decisions follow from each other: each is made
// in the log as those before it leave it.
func Step(log incident.Log, seen Seen, rules Rules) []Decision {
	s := &step{log: log, seen: seen, rules: rules}
	s.sight()
	s.maintenance()
	for _, p := range rules.Places {
		s.open(p)
	}
	s.watched()
	var ids []string
	for i := range s.log.Incidents {
		if inc := &s.log.Incidents[i]; seen.Owed[inc.ID] || !inc.Settled(seen.At) {
			ids = append(ids, inc.ID)
		}
	}
	for _, id := range ids {
		s.outside(id)
		s.entries(id)
		s.remind(id)
		s.effects(id)
		s.follow(id)
	}
	return s.decisions
}

// step is one under way.
type step struct {
	log       incident.Log // as the decisions so far leave it
	seen      Seen
	rules     Rules
	decisions []Decision
}

// maintenance begins what the configuration plans for this instant, and ends what
// it plans no longer.
func (s *step) maintenance() {
	if s.rules.Planned == nil {
		return
	}
	for _, e := range s.log.Desk.Planning(s.seen.At, s.rules.Planned(s.seen.At, s.log.Desk.Standing)) {
		why := "planned maintenance begins"
		if e.Kind == incident.Unmute {
			why = "this maintenance is planned no longer"
		}
		s.decide(Decision{Why: why, Event: e})
	}
}

// muted reports whether a product's maintenance begins with this step, before
// which the snapshot was taken.
func (s *step) muted(p status.ProductStatus) bool {
	return slices.ContainsFunc(s.decisions, func(d Decision) bool {
		return d.Event.Kind == incident.Mute && d.Event.Product == p.ID && (d.Event.Check == "" || p.Scope == "check:"+d.Event.Check)
	})
}

func (s *step) decide(d Decision) {
	s.decisions = append(s.decisions, d)
	s.log = s.log.With(d.Event)
}

// incident returns an incident as the decisions so far leave it.
func (s *step) incident(id string) incident.Incident {
	inc, _ := s.log.Find(id)
	return inc
}

// open opens an incident when a product is hurt that was not so, or less, when
// the last incident of the channel ended.
func (s *step) open(place Place) {
	last, _ := s.log.Last(place.Channel)
	if last.Open() {
		return
	}
	trouble := slices.DeleteFunc(s.seen.Of(place.Products).HurtSince(last), s.hidden)
	if len(trouble) == 0 {
		return
	}
	why := trouble[0].Name + ": " + trouble[0].Why
	if e, ok := s.log.Detect(s.seen.At, place.Channel, why, s.rules.Every, place.Products...); ok {
		s.decide(Decision{Why: why, Event: e})
	}
}

// watched writes down when the level of a watched product changed, and tells
// those who watch it.
func (s *step) watched() {
	if len(s.log.Desk.Watches) == 0 || s.seen.Waking {
		return // after a start old results say nothing yet
	}
	for _, p := range s.seen.Products {
		s.turned(p)
		s.watchedFlap(p)
	}
}

// betterFor is how long a product is better before who watches it is told: what is
// worse is told at once.
const betterFor = 30 * time.Second

// turned writes down that a watched product came to another level.
func (s *step) turned(p status.ProductStatus) {
	desk := s.log.Desk
	was, known := desk.Levels[p.ID]
	is := p.Told()
	if !known || was == is || p.Held || was == string(impact.OK) && is == status.Proving || p.Doubt && p.Level == impact.Unknown {
		return
	}
	if impact.Level(was).Hurt() && p.Level.Severity() < impact.Level(was).Severity() && s.seen.At.Sub(p.Changed) < betterFor {
		return // it may answer on its way to being well, or fail again
	}
	e := incident.Event{Incident: incident.DeskID, At: s.seen.At, Kind: incident.Watched, Product: p.ID, From: was, To: is, Onset: p.Onset}
	e.Failed = failedDown(p, impact.Level(was))
	e.Ended, e.EndedLate = p.Ended(impact.Level(was))
	after := incident.FoldDesk(desk, e)
	e.Swing = desk.Flaps[p.ID] || begins(after, p.ID, s.seen.At)
	d := Decision{Why: "a watched product's level changed", Event: e}
	if !e.Swing {
		d.First = s.toWatchers(p.ID, format.WatchChange(p, was, s.seen.Snapshot, s.command()))
	}
	s.decide(d)
}

// begins reports whether a watched product goes bad so often that it is told to
// flap from now on.
func begins(desk incident.Desk, product string, now time.Time) bool {
	f, ok := desk.FlapOf(product)
	return ok && !desk.Flaps[product] && f.Now() && !f.Ended(now)
}

// watchedFlap tells those who watch a product that it has begun to flap, or no
// longer does: one message for what lasts, and none for its turns.
func (s *step) watchedFlap(p status.ProductStatus) {
	desk := s.log.Desk
	f, ok := desk.FlapOf(p.ID)
	e := incident.Event{Incident: incident.DeskID, At: s.seen.At, Product: p.ID, Why: format.FlapTold(f)}
	switch {
	case begins(desk, p.ID, s.seen.At):
		e.Kind, e.Onset = incident.Flapping, f.Spells[0].From
		s.decide(Decision{Why: "a watched product flaps", Event: e,
			First: s.toWatchers(p.ID, format.WatchFlap(format.Flapping{Product: p, Flap: f}, s.seen.Snapshot, s.command()))})
	case desk.Flaps[p.ID] && (!ok || f.Ended(s.seen.At)):
		e.Kind = incident.Steady
		s.decide(Decision{Why: "a watched product flaps no more", Event: e,
			First: s.toWatchers(p.ID, format.WatchSteady(format.Flapping{Product: p, Flap: f}, s.seen.Snapshot, s.command()))})
	}
}

// toWatchers is a message to each of those who watch a product.
func (s *step) toWatchers(product string, m format.Message) (list []Telling) {
	desk := s.log.Desk
	for _, user := range desk.WatchersOf(product) {
		list = append(list, once(user, watchKey(product, desk.Told[product]+1), s.seen.At, m))
	}
	return list
}

// command is the slash command's name, for hints.
func (s *step) command() string {
	if s.rules.Command == "" {
		return "/statusbot"
	}
	return s.rules.Command
}

// How long after a mark its effect is looked for: not in the first minutes, or
// what is as long as those in a short window (impact.EffectUnit), and no longer
// when we were away so long that its minutes are gone.
const (
	effectEarliest  = 4
	effectForgotten = 12 * time.Hour
)

// effects writes down what became of each mark once it is known, and tells it
// in the thread of the incident's message. A mark of the last minutes of an
// incident is still told after its end.
func (s *step) effects(id string) {
	marks := s.incident(id).Marks
	for _, m := range marks {
		inc := s.incident(id)
		age := s.seen.At.Sub(m.At)
		if len(m.Verdicts) > 0 || len(m.Products) == 0 || !m.Stands() || age < effectEarliest*impact.EffectUnit(s.seen.Window) || age > effectForgotten {
			continue
		}
		effect := s.seen.Past.Effect(inc, m, s.seen.At)
		if !effect.Final {
			continue
		}
		m.Verdicts = effect.Verdicts
		t := once(inc.Channel, effectKey(id, m.Mark), s.seen.At, format.MarkEffect(format.MarkFacts{Mark: m, Marks: inc.Marks, Snapshot: s.seen.Snapshot}))
		if t.Thread = m.Thread; t.Thread == "" {
			t.ThreadOf = UpdatesKey(id)
		}
		s.decide(Decision{Why: "the effect of a mark is known", First: []Telling{t},
			Event: incident.Event{Incident: id, At: s.seen.At, Kind: incident.Effect, Mark: m.Mark, Verdicts: effect.Verdicts}})
	}
}

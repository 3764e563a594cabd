package incident

import (
	"fmt"
	"slices"
	"time"
)

// Incident is the fold of its events.
type Incident struct {
	ID       string // "inc-7"
	Number   int
	Title    string
	Channel  string // Slack channel id
	OpenedAt time.Time
	OpenedBy string   // Slack user id; empty when it was detected
	Why      string   // why it was opened, when detected
	Products []string // ids of the products that it is about; none for all

	Every      time.Duration // cadence of the updates
	EndedAt    time.Time     // zero while it is open
	EndedBy    string
	Unproven   []string           // while Proving, and after an end without proof: products whose recovery is not proven yet; never changed in place
	ProvingAt  time.Time          // when the first step of the recovery was reached; zero before, and again after a relapse
	ProvenAt   time.Time          // when the second was; zero before, and again after a relapse
	RelapsedAt time.Time          // when a product was last hurt again after the first step
	LastUpdate Event              // the newest event of kind Update; N is 0 when there is none
	writtenAt  time.Time          // of LastUpdate, whatever was drawn anew since
	told       []Event            // the last updates, oldest first; never changed in place
	LastPost   Event              // the newest update that was a new post, or a new reply
	newsAt     time.Time          // of the newest post that had news
	Loud       int                // number of the newest reply that the whole channel was to see; 0 when there was none
	Alarm      int                // number of the newest update that told that it began, got worse or came back; 0 when there was none
	Levels     map[string]string  // :: product id -> level as last written down; never changed in place
	Flaps      map[string]Event   // :: product id -> the event that it flaps by; only while it does; never changed in place
	turns      map[string][]Event // :: product id -> its last changes of level, oldest first; never changed in place
	Marks      []Marked           // in the order of their numbers; never changed in place
	Entries    []Event            // marks, notes and what became of a mark's words that the incident's thread does not tell yet, oldest first; never changed in place
	Steps      []Event            // of kinds Rate and Quiet, oldest first, the last keepSteps; never changed in place
	QuietAt    time.Time          // when it was last said that hardly anything fails any more; zero when that is over
	Links      []Link             // in the order in which they were given; never changed in place
	Severity   string             // as somebody said it; empty: nobody did
	SaidAt     time.Time          // when a person last wrote something down; zero: nobody has since it was opened
	RemindedAt time.Time          // when who began it was last told that nobody does
	Acks       map[string][]Ack   // :: product id -> who looks into it, first come first; never changed in place
	Names      map[string]string  // :: Slack user id -> what they are called, as their acts say; never changed in place
	PausedAt   time.Time          // zero while updates come
	PausedBy   string
	ReopenedAt time.Time // when the trouble last came back
	LastSeq    uint64
	Events     int
	Folded     bool   // it ended long ago, and only its head is at hand: the journal has the rest
	marked     int    // marks of the part that is not at hand
	taken      uint64 // sequence of the newest event of the desk that was taken into it
	again      Event  // the newest Reopened or Relapsed; no kind when there is none
	news       []Kind // of the events since LastUpdate, each once; never changed in place
	harm       harm
	Harmed     Counts    // once it ended: what failed of the tries of what was hurt, while it was; zero where that is not known
	HarmedSlow int       // how many of these tries were slow, on what was hurt by slow answers
	last       *entry    // the log, newest first, without what thinned let go
	kept       int       // how long it is
	thinAt     int       // when it is to be thinned the next time: at that length; 0 before the first time
	gone       time.Time // up to when something of the log is no longer at hand; zero: nothing
}

// Called returns what a person is called who did something in the incident;
// empty where none of their acts says it, for an id says nothing to a reader.
func (i Incident) Called(id string) string { return i.Names[id] }

// ID returns the id of the incident with that number.
func ID(number int) string { return fmt.Sprintf("inc-%d", number) }

// Open reports whether updates go on.
func (i Incident) Open() bool { return i.Number != 0 && i.EndedAt.IsZero() }

// Calm reports whether it is open and no product has been hurt since the first
// step of the recovery.
func (i Incident) Calm() bool { return i.Open() && !i.ProvingAt.IsZero() }

// Proving reports whether it is open and between the two steps of the
// recovery.
func (i Incident) Proving() bool { return i.Calm() && i.ProvenAt.IsZero() }

// AgainAt returns when it last failed again, after the first step of its
// recovery or after its end; zero when it never did.
func (i Incident) AgainAt() time.Time { return i.again.At }

// AgainBy returns which of the two it was: Relapsed or Reopened; empty when it
// never failed again.
func (i Incident) AgainBy() Kind { return i.again.Kind }

// Untold reports whether an event of a kind came after the newest update. That
// is the order of the log: the clocks of two writers, or of one that was set,
// have no say in it.
func (i Incident) Untold(k Kind) bool { return slices.Contains(i.news, k) }

// ProofTold returns when the proof came that the message of an incident that is
// over tells; zero when it tells none that came after its last update, or says
// what it was drawn anew with since.
func (i Incident) ProofTold() time.Time {
	if i.Open() || !i.Untold(Proven) || !i.Since(Event{Kind: Redrawn, N: i.LastUpdate.N}, Proven) {
		return time.Time{}
	}
	return i.ProvenAt
}

// tellWithin is how long after its end something of an incident is still told:
// its last word, and the proof of its recovery.
const tellWithin = 24 * time.Hour

// Tellable reports whether anything of the incident may still be told: it is
// open, or ended within the last day.
func (i Incident) Tellable(now time.Time) bool {
	return i.Open() || now.Sub(i.EndedAt) <= tellWithin
}

// Settled reports whether nothing of the incident is left to be told or waited
// for: it is over, its last word is said, its recovery is proven, each of
// its marks judged and told; or it ended more than a day ago.
func (i Incident) Settled(now time.Time) bool {
	switch {
	case !i.Tellable(now):
		return true
	case i.Open():
		return false
	}
	return !i.Untold(Resolved) && len(i.Unproven) == 0 && len(i.Entries) == 0 &&
		!slices.ContainsFunc(i.Marks, func(m Marked) bool { return m.Verdicts == nil && len(m.Products) > 0 && m.Stands() })
}

// Detected reports whether statusbot opened it by itself.
func (i Incident) Detected() bool { return i.OpenedBy == "" }

// NextDue returns when the next regular update is due: one interval after the
// last one was due, so that a restart keeps the schedule. One that came an
// interval late or more tells of all that were missed, and the schedule goes on from
// it. Before the first update it is the time of opening.
func (i Incident) NextDue() time.Time {
	if i.LastUpdate.N == 0 {
		return i.OpenedAt
	}
	if i.writtenAt.Sub(i.LastUpdate.Due) >= i.Every {
		return i.writtenAt.Add(i.Every)
	}
	return i.LastUpdate.Due.Add(i.Every)
}

// Figure returns what the last update said of a product.
func (i Incident) Figure(product string) (Figure, bool) {
	for _, f := range i.LastUpdate.Figures {
		if f.Product == product {
			return f, true
		}
	}
	return Figure{}, false
}

// What is at hand to compare with: the newest updates, those of a burst of edits
// and of a window before it; and before these one of every hour, a day back, for
// how long it has been the same.
const (
	keepTold    = 32
	keepHours   = 24
	betweenTold = time.Hour
)

// toldAfter are the updates at hand after one more.
func toldAfter(told []Event, e Event) []Event {
	told = append(slices.Clone(told), e)
	old := len(told) - keepTold // the first of the newest
	if old <= 0 {
		return told
	}
	if old > 1 && told[old-1].At.Sub(told[old-2].At) < betweenTold {
		told = slices.Delete(told, old-1, old)
		old--
	}
	if old > keepHours {
		told = slices.Delete(told, 0, 1)
	}
	return told
}

// ToldBefore returns the updates at hand before that one, newest first.
func (i Incident) ToldBefore(e Event) []Event {
	var out []Event
	for _, t := range slices.Backward(i.told) {
		if t.N < e.N {
			out = append(out, t)
		}
	}
	return out
}

// ToldBetween returns the updates at hand after that one that were told before an instant,
// newest first.
func (i Incident) ToldBetween(e Event, at time.Time) []Event {
	var out []Event
	for _, t := range slices.Backward(i.told) {
		if t.N > e.N && t.At.Before(at) {
			out = append(out, t)
		}
	}
	return out
}

// ComparedWith returns the update with which the newest one is to be compared:
// the newest that is older by a window, so that the two have no results in
// common. Early in the incident it is the newest that is older by half an
// interval, at most a minute: edits that follow each other within seconds are
// one step for the reader. N is 0 when there is none.
func (i Incident) ComparedWith(window time.Duration) Event {
	return i.comparedAt(i.LastUpdate.At, i.LastUpdate.N, window)
}

// ComparedAt returns the same for an answer at an instant.
func (i Incident) ComparedAt(at time.Time, window time.Duration) Event {
	return i.comparedAt(at, i.LastUpdate.N+1, window)
}

// ComparedBy returns the update with which an earlier one was to be compared.
func (i Incident) ComparedBy(e Event, window time.Duration) Event {
	return i.comparedAt(e.At, e.N, window)
}

// ToldLast returns the newest update at hand that was told before an instant; N is 0 when
// there is none.
func (i Incident) ToldLast(before time.Time) Event {
	for _, e := range slices.Backward(i.told) {
		if e.At.Before(before) {
			return e
		}
	}
	return Event{}
}

// comparedAt is of updates before the number next.
func (i Incident) comparedAt(at time.Time, next int, window time.Duration) Event {
	gap := min(i.Every/2, Burst)
	var near Event
	for _, e := range slices.Backward(i.told) {
		switch age := at.Sub(e.At); {
		case e.N >= next || age < gap:
			continue
		case age >= window:
			return e
		}
		if near.N == 0 {
			near = e
		}
	}
	return near
}

// LastStep returns the newest change of the share that fails; false when none was
// written down.
func (i Incident) LastStep() (Event, bool) {
	if len(i.Steps) == 0 {
		return Event{}, false
	}
	return i.Steps[len(i.Steps)-1], true
}

// Fold returns the incident after one more event. Events that it has already
// seen (by sequence) and events of unknown kinds change nothing else.
func Fold(i Incident, e Event) Incident {
	if e.Seq != 0 && e.Seq <= i.LastSeq {
		return i
	}
	i.LastSeq = max(i.LastSeq, e.Seq)
	i.Events++
	i.last, i.kept = &entry{before: i.last, event: told(e)}, i.kept+1
	i.news, i.Names, i.Entries, i.SaidAt = newsAfter(i, e), named(i.Names, e), entered(i.Entries, e), saidAfter(i.SaidAt, e)
	i.taken = max(i.taken, e.Taken)
	switch e.Kind {
	case Reminded:
		i.RemindedAt = e.At
	case Opened:
		i.ID, i.Number, i.Title, i.Channel = e.Incident, e.Number, e.Title, e.Channel
		i.OpenedAt, i.OpenedBy, i.Why, i.Every, i.Products = e.At, e.By, e.Why, e.Every, e.Products
	case Reopened:
		i.again, i.QuietAt = e, time.Time{}
		i.EndedAt, i.EndedBy, i.Why, i.ReopenedAt = time.Time{}, "", e.Why, e.At
		i.ProvingAt, i.ProvenAt, i.Unproven, i.Harmed, i.HarmedSlow = time.Time{}, time.Time{}, nil, Counts{}, 0
	case Proving:
		i.ProvingAt, i.ProvenAt, i.Unproven = e.At, time.Time{}, e.Products
	case Relapsed:
		i.again, i.QuietAt = e, time.Time{}
		i.ProvingAt, i.ProvenAt, i.Unproven, i.RelapsedAt = time.Time{}, time.Time{}, nil, e.At
	case Proven:
		i.ProvenAt, i.Unproven = e.At, nil
		if !e.Swing {
			i.Acks = without(i.Acks, e.Products)
		}
	case Rate, Quiet:
		i = stepped(i, e)
	case Mark:
		i.Marks = append(slices.Clip(i.Marks), marking(e))
	case Effect, Corrected, Withdrawn:
		i.Marks = remarked(i.Marks, e)
	case Acked, Unacked:
		i.Acks = acked(i.Acks, e)
	case Linked, Unlinked:
		i.Links = linked(i.Links, e)
	case Labelled:
		i.Severity = e.Text
	case Paused:
		i.PausedAt, i.PausedBy = e.At, e.By
	case Resumed:
		i.PausedAt, i.PausedBy = time.Time{}, ""
	case Resolved:
		i.EndedAt, i.EndedBy, i.Unproven, i.Flaps = e.At, e.By, e.Products, nil
		i.Harmed, i.HarmedSlow = e.given()
	case Cadence:
		i.Every = e.Every
	case Update:
		i = updated(i, e)
	case Redrawn:
		i = redrawn(i, e)
	case Level:
		i = levelled(i, e)
	case Flapping, Steady:
		i = flapped(i, e)
	}
	return i
}

// named are the names of people, and those that the event gives.
func named(names map[string]string, e Event) map[string]string {
	if e.By != "" && e.Name != "" && names[e.By] != e.Name {
		names = with(names, e.By, e.Name)
	}
	if e.Proposer != "" && e.ProposerName != "" && names[e.Proposer] == "" {
		names = with(names, e.Proposer, e.ProposerName)
	}
	return names
}

// stepped is an incident after one more change of its rate.
func stepped(i Incident, e Event) Incident {
	i.Steps, i.QuietAt = append(slices.Clone(i.Steps[max(0, len(i.Steps)-keepSteps+1):]), e), time.Time{}
	if e.Kind == Quiet {
		i.QuietAt = e.At
	}
	return i
}

// updated is an incident after one more update.
func updated(i Incident, e Event) Incident {
	i.LastUpdate, i.writtenAt = e, e.At
	i.told = toldAfter(i.told, e)
	if e.Alarm {
		i.Alarm = e.N
	}
	if e.Post == e.N {
		i.LastPost = e
		if e.Why != lastPostOld {
			i.newsAt = e.At
		}
		if e.Loud {
			i.Loud = e.N
		}
	}
	return i
}

// redrawn is an incident whose newest update says something else than what was
// written down with it: as of another instant. Its number, its message and what
// its figures count stay.
func redrawn(i Incident, e Event) Incident {
	if e.N != i.LastUpdate.N {
		return i
	}
	i.LastUpdate.At, i.LastUpdate.Figures, i.LastUpdate.Cause, i.LastUpdate.Moved = e.At, e.Figures, e.Cause, e.Moved
	if i.LastPost.N == e.N {
		i.LastPost = i.LastUpdate
	}
	i.told = slices.Clone(i.told)
	if n := len(i.told); n > 0 {
		i.told[n-1] = i.LastUpdate
	}
	return i
}

// FoldAll returns the incident of a whole log, with all of it at hand.
func FoldAll(events []Event) Incident {
	var i Incident
	for _, e := range events {
		i = Fold(i, e)
	}
	return i
}

// newsKinds are the kinds of events that the next update tells.
var newsKinds = []Kind{Flapping, Steady, Resolved, Paused, Reopened, Resumed, Relapsed, Proven, Proving, Rate, Quiet, Cadence, Acked, Unacked, Linked, Unlinked, Labelled, Effect, swing}

// swing is the kind of what only products did that flap.
const swing Kind = "swing"

// newsAfter is what of an incident no update has told, after one more event.
func newsAfter(i Incident, e Event) []Kind {
	kind := e.Kind
	if e.Swing {
		kind = swing
	}
	switch {
	case kind == Update:
		return nil
	case kind == Mark: // of several marks the newest's effect is news
		return slices.DeleteFunc(slices.Clone(i.news), func(k Kind) bool { return k == Effect })
	case kind == Effect && e.Mark != i.marked+len(i.Marks), !slices.Contains(newsKinds, kind), slices.Contains(i.news, kind):
		return i.news
	}
	return append(slices.Clip(i.news), kind)
}

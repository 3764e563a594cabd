package incident

import (
	"encoding/json"
	"fmt"
	"time"
)

// Kind says what happened.
type Kind string

const (
	Opened    Kind = "opened"         // by a person, or detected
	Level     Kind = "level"          // a product's level changed
	Update    Kind = "update"         // a numbered update is to be delivered
	Redrawn   Kind = "redrawn"        // an update that a crash kept from being handed over was, with these figures
	Cadence   Kind = "cadence"        // the interval of the updates changed
	Resolved  Kind = "resolved"       // updates end
	Reopened  Kind = "reopened"       // the trouble came back soon after
	Proving   Kind = "proving"        // the first step of a recovery: no product fails at the incident's rate any more
	Relapsed  Kind = "relapsed"       // after that step a product is hurt again; the incident goes on
	Proven    Kind = "proven"         // the second step: what was only no longer failing at the incident's rate has recovered
	Rate      Kind = "rate"           // the share that fails of all that is hurt changed
	Quiet     Kind = "quiet"          // hardly anything of it fails any more; the proof of the single products is not there yet
	Flapping  Kind = "flapping"       // a product fails and recovers again and again: its turns are no news any more; on the desk, to who watches it
	Steady    Kind = "steady"         // and no longer
	Mark      Kind = "mark"           // somebody tried something
	Effect    Kind = "effect"         // what became of a mark
	Corrected Kind = "mark_corrected" // a mark says something else: Text, and Done where the time was wrong
	Withdrawn Kind = "mark_withdrawn" // what a mark says was not done
	Note      Kind = "note"           // somebody wrote something down
	Entered   Kind = "entries_told"   // the marks and notes before it stand in the incident's thread
	Linked    Kind = "linked"         // somebody gave the incident a link: a ticket, a call
	Unlinked  Kind = "unlinked"       // and took it away
	Labelled  Kind = "severity"       // somebody said how severe it is, or with an empty Text that this is not said any more
	Reminded  Kind = "reminded"       // who began it was told that nobody writes anything down
	Acked     Kind = "acked"          // somebody looks into a product, or several
	Unacked   Kind = "unacked"        // no longer
	Paused    Kind = "paused"         // updates rest
	Resumed   Kind = "resumed"        // and go on

	// Checks that are added in Slack; on the desk where no incident is open that
	// is about their product.
	Accepted Kind = "check_accepted" // a proposed check runs
	Declined Kind = "check_declined" // it does not
	Removed  Kind = "check_removed"  // it no longer runs

	// On the desk (DeskID), which belongs to no incident.
	Watch   Kind = "watch"   // somebody wants a direct message when a product changes
	Unwatch Kind = "unwatch" // no longer; without a product: none at all
	Watched Kind = "watched" // a watched product's level changed
	Mute    Kind = "mute"    // maintenance of a product or a check
	Unmute  Kind = "unmute"  // it ended before its time
	// Maintenance that people plan again and again, or take back one time of.
	MuteEach   Kind = "mute_each"    // it comes each week: Each
	UnmuteEach Kind = "unmute_each"  // no longer
	Skipped    Kind = "mute_skipped" // not the one that begins at Begins
	Blind      Kind = "blind"        // most of the control checks fail: it may be us who cannot see
	Sees       Kind = "sees"         // and no longer
	// What other systems tell: see outside.go.
	Changed Kind = "changed" // something was done, such as a deploy
	Told    Kind = "told"    // something is so, such as an alert that fires
	Untold  Kind = "untold"  // it was not so: who told it takes it back; Taken is its sequence
)

// Event is one entry of an incident's log. Stored as JSON: fields may be
// added and are then optional; none is renamed or changes its meaning, since
// events are kept for good.
type Event struct {
	Incident string    `json:"incident"`
	Seq      uint64    `json:"-"` // the journal's sequence, known once stored
	At       time.Time `json:"at"`
	Kind     Kind      `json:"kind"`
	By       string    `json:"by,omitempty"` // Slack user id, or fromOutside; empty means statusbot itself
	// Name is what By was called then, for texts that are to ping nobody; empty
	// when it was not known.
	Name string `json:"name,omitempty"`

	// Opened
	Number  int    `json:"number,omitempty"` // counts all incidents of the company from 1
	Title   string `json:"title,omitempty"`
	Channel string `json:"channel,omitempty"` // Slack channel id that gets the updates; Mute, Unmute: where it was said
	// Opened: ids of the products that it is about, none for all. Mark: those that were hurt.
	// Changed, Told: those that it is about, none where it does not say. Rate, Quiet: those that the step is of. Acked, Unacked: those that are meant, where Product is not the one.
	// Proving, Resolved by statusbot: those whose recovery is not proven yet. Proven: those. Relapsed: those that are hurt.
	Products []string `json:"products,omitempty"`

	// Opened, Cadence
	Every time.Duration `json:"every,omitempty"` // nanoseconds

	// Proving, Relapsed, Proven, Rate, Quiet: it is only of products that flap. Watched: nobody is told, since it flaps
	Swing bool `json:"swing,omitempty"`

	Step *RateStep `json:"step,omitempty"` // Rate, Quiet: the change

	// Opened (detected), Resolved, Reopened, Relapsed, Proven, Level, Rate, Quiet, Mute, Blind, Sees: the sentence that says why
	Why string `json:"why,omitempty"`

	// Mark, Note: what the person said. Linked, Unlinked: what the link is called. Labelled: the severity
	Text string `json:"text,omitempty"`
	URL  string `json:"url,omitempty"` // Linked, Unlinked: where the link leads
	// Mark, Effect, Corrected, Withdrawn: number of the mark in its incident, from 1
	Mark     int       `json:"mark,omitempty"`
	Done     time.Time `json:"done,omitzero"`      // Mark, Corrected, Changed, Told, a Note of another system: when it was done, unless at At
	Key      string    `json:"key,omitempty"`      // Changed, Told: the same thing told again has the same
	Taken    uint64    `json:"taken,omitempty"`    // Mark, Note: sequence of the desk's event that it was taken from; Untold: of that which is taken back
	Thread   string    `json:"thread,omitempty"`   // Mark: ts of the message in whose thread its effect is told; empty: that of the update
	Verdicts []Verdict `json:"verdicts,omitempty"` // Effect: of all products together first, then of each

	// Mute, Unmute: the check, when only that one is meant. Accepted, Declined, Removed: that check
	Check        string    `json:"check,omitempty"`
	Proposer     string    `json:"proposer,omitempty"`      // Accepted, Declined, Removed: Slack id of who proposed it
	ProposerName string    `json:"proposer_name,omitempty"` // what they were called then
	Begins       time.Time `json:"begins,omitzero"`         // Mute: when it begins, unless at At; Skipped: when it would; Blind: up to when we saw for certain
	Until        time.Time `json:"until,omitzero"`          // Mute: when it ends by itself
	Each         *Standing `json:"each,omitempty"`          // MuteEach: when it comes

	// Level, Watched, Flapping, Steady, Acked, Unacked, Watch, Unwatch, Mute, Unmute, Accepted, Declined, Removed; Onset of a Level that
	// is down, after another trouble: since when it is down; with Mark: from
	// when the minutes before it are compared
	// Blind: Onset is since when
	// Watched: From and To are levels, or "proving" after the first step of a recovery
	Product string    `json:"product,omitempty"`
	From    string    `json:"from,omitempty"`
	To      string    `json:"to,omitempty"`
	Onset   time.Time `json:"onset,omitzero"`

	// Level, where it is less bad than before: when the former one ended most likely, its last failure, and at the latest
	// with 95 %; At is when that was certain
	Ended     time.Time `json:"ended,omitzero"`
	EndedLate time.Time `json:"ended_late,omitzero"`

	// Level, where a product is hurt no longer: when it began to be most likely, by the whole course of the trouble, where
	// that is before the onset that was told
	Began time.Time `json:"began,omitzero"`

	// Level to or from an outage: what failed of the tries while it was one, as far as that was known then: whether it was
	// down, or mostly failed. Not known where it is missing.
	Failed *Counts `json:"failed,omitempty"`

	// Level to degraded: it answers slowly, and does not fail; not known of what a former version wrote down
	Slow    bool `json:"slow,omitempty"`
	WasSlow bool `json:"-"` // Level: that is so of what it ends; known once those before it are read

	// Update; Redrawn: N, Figures without NewTries, Cause, Moved
	N    int `json:"n,omitempty"`    // number of the update, from 1
	Post int `json:"post,omitempty"` // number of the update whose message carries it: N for a new post, an earlier one for an edit
	// In a thread: number of the update whose message is its first, and shows the newest; Post is that number where no reply
	// tells the update. 0: in no thread.
	Root  int       `json:"root,omitempty"`
	Loud  bool      `json:"loud,omitempty"`  // a new reply that the whole channel is to see
	Alarm bool      `json:"alarm,omitempty"` // it tells that the incident began, got worse or came back
	Due   time.Time `json:"due,omitzero"`    // when it was due
	// what it said, for the next one's trend; Resolved: what each product that was hurt gave meanwhile, in NewTries and NewFailures,
	// where the minutes of all that time were at hand
	Figures []Figure  `json:"figures,omitempty"`
	Counted time.Time `json:"counted,omitzero"` // up to when the figures' NewTries count: from that of the update before
	Sight   Sight     `json:"sight,omitempty"`  // whether it said that we cannot see, or see again
	Cause   string    `json:"cause,omitempty"`  // the likely cause as it stood, a sentence; empty when none was known
	Moved   time.Time `json:"moved,omitzero"`   // from when on that is another one than before, as it told; zero: it told no such thing
}

// Sight is what an update says of whether we see.
type Sight string

const (
	Seeing      Sight = ""      // nothing: we see
	NotSeeing   Sight = "blind" // that we cannot
	SeeingAgain Sight = "again" // that we do again
)

// SightAfter is what the next update says of it.
func (s Sight) SightAfter(blind bool) Sight {
	switch {
	case blind:
		return NotSeeing
	case s == NotSeeing:
		return SeeingAgain
	}
	return Seeing
}

// RateStep is a change of the share that fails, of some products together: what it
// was before an instant, since the step before or since they are hurt, and what it
// is from then on, up to when it was certain.
type RateStep struct {
	At     time.Time `json:"at"`            // most likely
	From   time.Time `json:"from,omitzero"` // of a quiet: since when Before counts; zero where a version did not say so
	Before Counts    `json:"before"`
	After  Counts    `json:"after"`
}

// Worse reports whether more fails than before.
func (s RateStep) Worse() bool { return s.After.Share() > s.Before.Share() }

// Figure is one product's state as an update told it.
type Figure struct {
	Product  string  `json:"product"`
	Level    string  `json:"level"`
	Tries    int     `json:"tries"`
	Failures int     `json:"failures"`
	Share    float64 `json:"share"` // failures / tries
	// Slow answers, where slowness was the trouble; 0 where it was not, and as
	// told by a version that did not count them.
	Slow int `json:"slow,omitempty"`
	// Then how slow: milliseconds within which 95 % of the answers came, and in which they come
	// as a rule; 0 where that is not known.
	P95   int `json:"p95_ms,omitempty"`
	Usual int `json:"usual_p95_ms,omitempty"`

	// Of the whole minutes since the update before, so that those of all updates
	// can be added up; Tries and Failures are of a window, and windows overlap.
	NewTries    int `json:"new_tries,omitempty"`
	NewFailures int `json:"new_failures,omitempty"`
	NewSlow     int `json:"new_slow,omitempty"` // where slowness is, or was, the trouble
}

// Verdict is what became of a mark, for one product or for all together.
type Verdict struct {
	Product string  `json:"product,omitempty"` // id; empty for all together
	Verdict string  `json:"verdict,omitempty"` // as impact.EffectVerdict; empty: too little to say
	Before  Counts  `json:"before"`
	After   Counts  `json:"after"`
	Margin  float64 `json:"margin"` // half of the interval of the difference of the shares
}

// Counts are failures among tries.
type Counts struct {
	Failures int `json:"failures"`
	Tries    int `json:"tries"`
}

// Plus returns the counts of both.
func (c Counts) Plus(d Counts) Counts {
	return Counts{Failures: c.Failures + d.Failures, Tries: c.Tries + d.Tries}
}

// Share returns failures / tries, 0 without tries.
func (c Counts) Share() float64 {
	if c.Tries == 0 {
		return 0
	}
	return float64(c.Failures) / float64(c.Tries)
}

// Diff returns the share after less the share before.
func (v Verdict) Diff() float64 { return v.After.Share() - v.Before.Share() }

// Over returns when the level before ended: most likely, or when that was
// written down where no more is known.
func (e Event) Over() time.Time {
	if e.Ended.IsZero() || e.Ended.After(e.At) {
		return e.At
	}
	return e.Ended
}

// HurtSince returns since when a product was hurt that no longer is: when that was told to have begun, or
// before, where it is known from its whole course; but not before an earlier trouble was over.
func (e Event) HurtSince(told, over time.Time) time.Time {
	if e.Began.IsZero() || !e.Began.Before(told) {
		return told
	}
	if e.Began.Before(over) {
		return over
	}
	return e.Began
}

// given is what the figures count together since the ones before: what failed of the tries, and
// how many of these were slow.
func (e Event) given() (c Counts, slow int) {
	for _, f := range e.Figures {
		c.Tries, c.Failures, slow = c.Tries+f.NewTries, c.Failures+f.NewFailures, slow+f.NewSlow
	}
	return c, slow
}

// Replies reports whether an update is a new reply in the incident's thread.
func (e Event) Replies() bool { return e.Root != 0 && e.Post == e.N && e.N != e.Root }

// Encode returns the stored form.
func (e Event) Encode() ([]byte, error) { return json.Marshal(e) }

// DecodeEvent reads the stored form. The error names the incident's subject
// only through its caller.
func DecodeEvent(data []byte, seq uint64) (Event, error) {
	var e Event
	figures, rest := cutFigures(data)
	if err := json.Unmarshal(rest, &e); err != nil {
		return Event{}, fmt.Errorf("decode event %d: %w", seq, err)
	}
	if figures != nil {
		e.Figures = figures
	}
	if e.Incident == "" || e.Kind == "" {
		return Event{}, fmt.Errorf("decode event %d: no incident or kind", seq)
	}
	e.Seq = seq
	return e, nil
}

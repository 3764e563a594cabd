package impact

import (
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// DefaultWindow is the span over which failures and tries are counted.
const DefaultWindow = 10 * time.Minute

// recentSpan is what "now" means for an outage: the last minute.
const recentSpan = time.Minute

// staleAfter is how many intervals without a measurement make a check stale.
const staleAfter = 3

// Tracker follows the impact on one product. It is not safe for concurrent
// use; its owner locks.
type Tracker struct {
	window  time.Duration
	checks  map[string]*checkState // :: check id -> its state
	list    []*checkState          // the same, as declared
	latency histogram

	evidence slots // results since the last recovery, within the window
	recent   slots
	last5    [keepAtLeast]checks.Outcome // the last five outcomes that tell something
	since    time.Time                   // evidence counts from here; zero for all of the window
	state    State
}

// State is what a Tracker has concluded; it is all that must be carried over
// a restart beside the results of the window. Stored as JSON: fields may be
// added, never renamed.
type State struct {
	Level   Level     `json:"level"`
	Why     string    `json:"why,omitempty"`
	Changed time.Time `json:"changed"`           // end of the result that changed the level
	Onset   time.Time `json:"onset,omitzero"`    // when the present trouble began
	Slow    bool      `json:"slow,omitempty"`    // the trouble is slowness, not failures
	Clean   int       `json:"clean,omitempty"`   // results in a row without the trouble
	LastBad time.Time `json:"last_bad,omitzero"` // end of the last result that had it
	Failing onset     `json:"failing,omitzero"`  // evidence of failures
	Slowing onset     `json:"slowing,omitzero"`  // evidence of slowness
}

type checkState struct {
	id       string
	every    time.Duration
	window   window
	measured time.Time // end of the newest result that tells something
	asOf     time.Time // end of the newest result of any outcome
	newest   checks.Outcome
}

// NewTracker follows a product with these checks over the window; a window of
// 0 means DefaultWindow.
func NewTracker(span time.Duration, list []checks.Check) *Tracker {
	if span <= 0 {
		span = DefaultWindow
	}
	t := &Tracker{
		window:   span,
		checks:   make(map[string]*checkState, len(list)),
		evidence: newSlots(span),
		recent:   newSlots(min(recentSpan, span)),
		state:    State{Level: OK},
	}
	for _, c := range list {
		t.follow(c)
	}
	return t
}

func (t *Tracker) follow(c checks.Check) {
	s := &checkState{id: c.ID, every: c.Every}
	s.window = window{span: t.window, expect: expected(t.window, c.Every), onDrop: func(old seen) {
		if old.served() {
			t.latency.add(old.took(), -1)
		}
	}}
	t.checks[c.ID] = s
	t.list = append(t.list, s)
}

// expected returns how many results of a check a span holds as a rule, at
// most 4,096: more is made room for when it comes.
func expected(span, every time.Duration) int {
	if every <= 0 {
		return keepAtLeast
	}
	return min(max(int(span/every), keepAtLeast), 4096)
}

// Apply takes in one result of one of the product's checks; results of
// other checks are ignored. With judge false only the window is filled: used
// for results that an earlier state, given to Restore, has already seen.
func (t *Tracker) Apply(r checks.Result, judge bool) {
	c, ok := t.checks[r.Check]
	if !ok {
		return
	}
	at := r.Ended()
	s := seen{at: at.UnixNano(), tookUS: uint32(min(r.Duration.Microseconds(), 1<<32-1)), outcome: codeOf(r.Outcome)}
	c.window.add(s)
	c.window.expire(at)
	if s.served() {
		t.latency.add(s.took(), 1)
	}
	if at.After(c.asOf) {
		c.asOf, c.newest = at, r.Outcome
	}
	if r.Outcome == checks.Unknown {
		return
	}
	if at.After(c.measured) {
		c.measured = at
	}
	t.evidence.add(at, r.Outcome)
	t.recent.add(at, r.Outcome)
	copy(t.last5[1:], t.last5[:])
	t.last5[0] = r.Outcome
	if judge {
		t.judge(at, r.Outcome)
	}
}

// judge applies the rule of levels after a result that tells something.
func (t *Tracker) judge(at time.Time, o checks.Outcome) {
	st := &t.state
	st.Failing.add(at, o == checks.Fail, usualFailing, hurtfulFailing)
	st.Slowing.add(at, o == checks.Degraded, usualSlow, hurtfulSlow)
	if o == checks.Fail || (st.Slow && o == checks.Degraded) {
		st.Clean, st.LastBad = 0, at
	} else {
		st.Clean++
	}
	evidence := &st.Failing
	if st.Slow {
		evidence = &st.Slowing
	}
	f := Facts{Window: t.evidence.sum(at), Recent: t.recentCounts(at), Clean: st.Clean, Share: evidence.share()}
	level, why := Judge(st.Level, f)
	if level == OK && !st.Level.Hurt() {
		return
	}
	if level == st.Level {
		if low, _ := Wilson(f.Window.Failures, f.Window.Tries); st.Slow && f.Window.Failures >= minBad && low > tolerated {
			st.Slow, st.Clean = false, 0 // what began as slowness fails now
		}
		return
	}
	switch {
	case level == OK:
		t.evidence.reset()
		t.since = at
		*st = State{Clean: st.Clean, LastBad: st.LastBad}
	case !st.Level.Hurt():
		low, _ := Wilson(f.Window.Failures, f.Window.Tries)
		st.Slow = level == Degraded && (f.Window.Failures < minBad || low <= tolerated)
		st.Onset = st.Failing.Since
		if st.Slow {
			st.Onset = st.Slowing.Since
		}
		if st.Onset.IsZero() {
			st.Onset = at
		}
		if st.Slow {
			st.Clean, st.LastBad = 0, at
		}
	default:
		st.Slow = false
	}
	st.Level, st.Why, st.Changed = level, why, at
}

// recentCounts counts the last minute, or the last five results where the
// minute holds fewer.
func (t *Tracker) recentCounts(now time.Time) Counts {
	c := t.recent.sum(now)
	if c.Tries >= keepAtLeast {
		return c
	}
	c = Counts{}
	for _, o := range t.last5 {
		if o != "" {
			c.add(o, 1)
		}
	}
	return c
}

// State returns what was concluded so far.
func (t *Tracker) State() State { return t.state }

// Restore sets what an earlier Tracker had concluded.
func (t *Tracker) Restore(s State) {
	if s.Level == "" {
		s.Level = OK
	}
	t.state = s
}

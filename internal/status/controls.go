package status

import (
	"fmt"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
)

// noProduct is the product of the control checks.
const noProduct = ""

// Blindness says whether most of the control checks fail, which must always
// pass from where we are: then it may be us who fail, and no product. The zero
// value is that we see, as always where there is no control check.
type Blindness struct {
	Controls int       // that say anything: those that have passed once
	Failing  []string  // ids of those of them that fail, as declared
	Reason   string    // what the first of these says; empty where that is not known
	Never    []string  // ids of those that have never passed, and do not count
	Since    time.Time // since when most of them fail; zero while we see
	// Seen is up to when we saw for certain: what began later may be ours. Zero
	// while nothing speaks against it.
	Seen time.Time
	// Doubt is that most of them fail just now, and of some that is not told yet
	// from chance; the next probes decide.
	Doubt bool
}

// On reports whether we cannot see.
func (b Blindness) On() bool { return !b.Since.IsZero() }

// controls is the room of the control checks: each is judged as the only check of
// a product would be that nobody else knows of. Board.mu is held around it.
type controls struct {
	list []*control // as declared
	of   map[string]*control
}

// control is one control check.
type control struct {
	def     *checks.Check // of Definition.Controls
	tracker *impact.Tracker
	shared  *impact.Shared // of no component: no product is to hear of it
	passed  bool           // at least once: what never did says nothing of us
	failing time.Time      // end of the first of the failures that it had without anything else between; zero: it had another result since
	last    time.Time      // end of the newest failure
	summary string         // of it
}

// redefine keeps what is known of the control checks that stay.
func (cs *controls) redefine(def Definition) {
	old := cs.of
	cs.list, cs.of = nil, make(map[string]*control, len(def.Controls))
	for i := range def.Controls {
		c := old[def.Controls[i].ID]
		if c == nil {
			c = &control{shared: impact.NewShared(nil)}
		}
		c.def = &def.Controls[i]
		cfg := impact.Config{Window: def.Window, FalseAlarms: def.FalseAlarms, Normal: def.Normal, Shared: c.shared}
		if c.tracker == nil {
			c.tracker = impact.NewTracker(cfg, []checks.Check{*c.def})
		} else {
			c.tracker.Redefine(cfg, []checks.Check{*c.def})
		}
		c.shared.Expect(c.tracker.PerDay())
		cs.list, cs.of[c.def.ID] = append(cs.list, c), c
	}
}

// take takes in a result, if it is one of a control check. With judge false an
// earlier state has drawn the conclusions already.
func (cs *controls) take(r *checks.Result, judge bool) bool {
	c := cs.of[r.Check]
	if c == nil {
		return false
	}
	c.tracker.ApplyTo(0, r, judge)
	if to, _, ok := c.tracker.WentBack(); ok {
		c.failing, c.last = time.Time{}, to
	}
	end := r.Ended()
	if end.Before(c.last) {
		return true
	}
	switch r.Outcome {
	case checks.Fail:
		if c.failing.IsZero() {
			c.failing = end
		}
		c.last, c.summary = end, r.Summary
	case checks.Pass, checks.Degraded:
		c.passed, c.failing, c.last = true, time.Time{}, end
	}
	return true
}

// doubtFor is for how many intervals a run of failures that is no outage yet is a
// doubt: it is one after less, and what fails for longer is usual.
const doubtFor = 6

// blindness is how the control checks are at an instant.
func (cs *controls) blindness(now time.Time) (b Blindness) {
	var since, seen []time.Time
	for _, c := range cs.list {
		if !c.passed {
			b.Never = append(b.Never, c.def.ID)
			continue
		}
		b.Controls++
		between := c.def.Every + c.def.Timeout // from the end of a probe to that of the next one, at most
		switch im := c.tracker.At(now); {
		case im.Level == impact.Outage:
			if b.Failing == nil {
				b.Reason = c.summary
			}
			b.Failing = append(b.Failing, c.def.ID)
			onset := im.Onset
			if im.Down != nil {
				onset = im.Down.Since
			}
			since, seen = append(since, onset), append(seen, onset.Add(-between))
		case !c.failing.IsZero() && now.Sub(c.failing) <= doubtFor*between:
			seen = append(seen, c.failing.Add(-between))
		}
	}
	most := b.Controls/2 + 1
	if len(seen) < most {
		return b
	}
	slices.SortFunc(seen, time.Time.Compare)
	b.Seen = seen[most-1]
	if b.Doubt = len(since) < most; !b.Doubt {
		slices.SortFunc(since, time.Time.Compare)
		b.Since = since[most-1]
	}
	return b
}

// storedControl is what was concluded of a control check.
type storedControl struct {
	State   []byte    `json:"state"` // of its tracker
	Passed  bool      `json:"passed,omitempty"`
	Failing time.Time `json:"failing,omitzero"`
}

// frozenControl is a control check as it was, to be encoded.
type frozenControl struct {
	state   impact.Frozen
	passed  bool
	failing time.Time
}

func (cs *controls) freeze() map[string]frozenControl {
	out := make(map[string]frozenControl, len(cs.list))
	for _, c := range cs.list {
		out[c.def.ID] = frozenControl{c.tracker.Freeze(), c.passed, c.failing}
	}
	return out
}

func (cs *controls) restore(stored map[string]storedControl) error {
	for id, s := range stored {
		c := cs.of[id]
		if c == nil {
			continue // it is no longer declared
		}
		if err := c.tracker.Restore(s.State); err != nil {
			return fmt.Errorf("control check %s: %w", id, err)
		}
		c.passed, c.failing, c.last = s.Passed, s.Failing, s.Failing
	}
	return nil
}

// Blindness returns how the control checks are at an instant.
func (b *Board) Blindness(now time.Time) Blindness {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.controls.blindness(now)
}

package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// The kinds of fault that Break knows.
const (
	kindError   = "error"   // answers, with an error of its protocol
	kindReset   = "reset"   // the connection ends with a TCP reset
	kindTimeout = "timeout" // takes the request and never answers
	kindSlow    = "slow"    // answers rightly, later by slowMin to slowMax
	kindDown    = "down"    // does not listen: connections are refused
)

var faultKinds = []string{kindError, kindReset, kindTimeout, kindSlow, kindDown}

// Bounds of the delay that a slow component adds. They straddle the time-out
// of the company's checks, so slowness shows as slow answers and as time-outs.
const (
	slowMin = 400 * time.Millisecond
	slowMax = 1200 * time.Millisecond
)

// Fault is what is wrong with a component.
type Fault struct {
	Kind  string    `json:"kind"`  // "error", "reset", "timeout", "slow" or "down"
	Rate  float64   `json:"rate"`  // share of requests hit, over 0 and at most 1; always 1 for "down"
	Since time.Time `json:"since"` // when it was broken
}

// newFault checks kind and rate. The error is a sentence that names what is allowed.
func newFault(kind string, rate float64, since time.Time) (*Fault, error) {
	if !slices.Contains(faultKinds, kind) {
		return nil, fmt.Errorf("%q is not a kind of fault; use one of %s", kind, strings.Join(faultKinds, ", "))
	}
	if kind == kindDown {
		rate = 1 // a listener is there or it is not
	}
	if !(rate > 0 && rate <= 1) { // written so that NaN is refused
		return nil, fmt.Errorf("the rate %v is not a share; use a number over 0 and up to 1, such as 0.08 for 8 %%", rate)
	}
	return &Fault{Kind: kind, Rate: rate, Since: since}, nil
}

// hit is what one request meets; the zero value is a healthy component.
type hit struct {
	kind  string        // empty, or one of faultKinds but "down"
	delay time.Duration // of kind "slow"
	coin  bool          // an even draw, for errors that come in two forms
}

// switchboard holds the fault of one component and decides whom it hits. The
// draws come from a source of its own, so a fixed sequence of requests meets
// the same fate with the same seed, whatever other components do.
type switchboard struct {
	mu    sync.Mutex
	rng   *rand.Rand
	fault *Fault // nil while healthy
}

func newSwitchboard(seed, stream uint64) *switchboard {
	return &switchboard{rng: rand.New(rand.NewPCG(seed, stream))}
}

func (s *switchboard) set(f *Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// current returns a copy, nil while healthy.
func (s *switchboard) current() *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == nil {
		return nil
	}
	f := *s.fault
	return &f
}

// draw decides the fate of one request.
func (s *switchboard) draw() hit {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fault == nil || s.fault.Kind == kindDown || s.rng.Float64() >= s.fault.Rate {
		return hit{}
	}
	return hit{
		kind:  s.fault.Kind,
		delay: slowMin + time.Duration(s.rng.Int64N(int64(slowMax-slowMin))),
		coin:  s.rng.IntN(2) == 0,
	}
}

// pause waits for d, or until ctx ends, and reports whether d passed.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

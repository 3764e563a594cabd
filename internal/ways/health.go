package ways

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Health is what becomes of the ways. The zero value knows nothing yet; all its methods
// may be called at once, and on nil.
type Health struct {
	mu   sync.Mutex
	ways map[string]*state // :: name; guarded by mu
}

// state is what became of one way.
type state struct {
	failing time.Time // of the first try that failed since one was taken; zero: none
	why     string
	lacks   string // who does not get what is told; empty: nobody
	given   int    // updates that were given up
}

func (h *Health) of(way string) *state {
	if h.ways == nil {
		h.ways = map[string]*state{}
	}
	if h.ways[way] == nil {
		h.ways[way] = &state{}
	}
	return h.ways[way]
}

func (h *Health) failed(way string, now time.Time, err error) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.of(way)
	if s.failing.IsZero() {
		s.failing = now
	}
	s.why = err.Error()
}

func (h *Health) told(way, lacks string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.of(way)
	s.failing, s.why, s.lacks = time.Time{}, "", lacks
}

func (h *Health) lost(way string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.of(way).given++
}

// Warnings are sentences about the ways that fail, of those that are given.
func (h *Health) Warnings(names []string, now time.Time) (out []string) {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, name := range slices.Sorted(slices.Values(names)) {
		s := h.ways[name]
		if s == nil {
			continue
		}
		if !s.failing.IsZero() {
			out = append(out, fmt.Sprintf("the way %q has taken no update for %.0f s: %s", name, max(0, now.Sub(s.failing).Seconds()), strings.TrimSuffix(s.why, ".")))
		}
		if s.lacks != "" {
			out = append(out, fmt.Sprintf("the way %q does not reach everybody: %s", name, s.lacks))
		}
		if s.given > 0 {
			out = append(out, fmt.Sprintf("the way %q did not take %d updates for a day each, and they were given up", name, s.given))
		}
	}
	return out
}

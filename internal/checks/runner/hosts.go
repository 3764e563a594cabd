package runner

import (
	"maps"
	"sync"
	"time"
)

// hostGates bound what one host is asked for at a time: probes under way, and
// how often by bursts.
type hostGates struct {
	mu    sync.Mutex
	limit int              // probes under way to one host; 0 for no bound; guarded by mu
	space time.Duration    // at least between two extra probes of one host; guarded by mu
	gates map[string]*gate // :: host -> gate; guarded by mu
}

type gate struct {
	running int
	waiting []*slot // in the order of arrival
	extra   time.Time
}

// burstPerHost is how many extra probes a second a host gets by default: a
// browser that loads one page asks for more.
const burstPerHost = 10

func (h *hostGates) set(perHost, burst int) {
	if burst <= 0 {
		burst = burstPerHost
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.limit, h.space = perHost, time.Second/time.Duration(burst)
}

// sweep lets go of the gates through which nobody goes: some are of hosts that
// are asked no more.
func (h *hostGates) sweep() {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.gates, func(_ string, g *gate) bool { return g.running == 0 && len(g.waiting) == 0 })
}

func (h *hostGates) of(s *slot) *gate {
	host := s.compiled.Load().Host
	if host == "" {
		return nil
	}
	g := h.gates[host]
	if g == nil {
		if h.gates == nil {
			h.gates = map[string]*gate{}
		}
		g = &gate{}
		h.gates[host] = g
	}
	return g
}

// admit reports whether a slot may go on. If not, it waits in the gate until
// release returns it.
func (h *hostGates) admit(s *slot) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.limit <= 0 {
		return true
	}
	g := h.of(s)
	if g == nil {
		return true
	}
	if g.running >= h.limit {
		g.waiting = append(g.waiting, s)
		return false
	}
	g.running++
	s.gate = g
	return true
}

// release tells that a slot that was admitted is done, and returns the one
// that may now go on.
func (h *hostGates) release(s *slot) *slot {
	if s.gate == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	g := s.gate
	s.gate = nil
	if len(g.waiting) == 0 {
		g.running--
		return nil
	}
	next := g.waiting[0]
	g.waiting[0] = nil
	g.waiting = g.waiting[1:]
	next.gate = g
	return next
}

// extra reports whether a host may be asked once more than its checks'
// intervals say.
func (h *hostGates) extra(s *slot, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	g := h.of(s)
	if g == nil {
		return true
	}
	if now.Before(g.extra) {
		return false
	}
	g.extra = now.Add(h.space)
	return true
}

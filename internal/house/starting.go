package house

import "sync/atomic"

// starting is how far a start has come.
type starting struct {
	waits   atomic.Pointer[string] // see why
	ready   chan struct{}          // made by begin; closed once people are answered
	current atomic.Bool            // this process's copies have been as new as the cluster's once since
}

func (s *starting) begin() { s.ready = make(chan struct{}) }

// says notes what the start waits for from now on, in a sentence.
func (s *starting) says(what string) { s.waits.Store(&what) }

// why is what the start waits for; false once people are answered.
func (s *starting) why() (string, bool) {
	if what := s.waits.Load(); what != nil {
		return *what, true
	}
	return "", false
}

// again returns what says again what the start waits for now, when something on its way is over.
func (s *starting) again() func() {
	was := s.waits.Load()
	return func() { s.waits.Store(was) }
}

// over notes that people are answered.
func (s *starting) over() {
	s.waits.Store(nil)
	close(s.ready)
}

package main

import (
	"fmt"
	"sync"
)

// progress says on a terminal how far something is that takes its time; elsewhere
// it is silent. For use by several goroutines.
type progress struct {
	w     world
	total int
	what  string // "tried"
	shown bool

	mu   sync.Mutex
	done int
}

func newProgress(w world, total int, what string) *progress {
	return &progress{w: w, total: total, what: what, shown: isTerminal(w.err) && total > 1}
}

func (p *progress) step() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done++; p.shown {
		fmt.Fprintf(p.w.err, "\r%d of %d %s", p.done, p.total, p.what)
	}
}

// end clears the line.
func (p *progress) end() {
	if p.shown && p.done > 0 {
		fmt.Fprint(p.w.err, "\r\x1b[K")
	}
}

package sandbox

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// change is one line of the event stream: something to look at again.
type change struct {
	Channel string `json:"channel,omitempty"`
	TS      string `json:"ts,omitempty"`
	Kind    string `json:"kind"`
}

// feed tells readers of /sandbox/events that something changed. It is a level
// trigger: a reader that is slow loses changes and gets one "resync" instead.
type feed struct {
	mu      sync.Mutex
	readers map[*reader]bool
}

type reader struct {
	changes chan change
	lost    bool // guarded by feed.mu
}

// readerBuffer is how many changes wait for one reader, 60 bytes each.
const readerBuffer = 64

func newFeed() *feed { return &feed{readers: map[*reader]bool{}} }

func (f *feed) change(channel, ts, kind string) { f.send(change{channel, ts, kind}) }

// workspace says that connections, channels or the fault changed.
func (f *feed) workspace() { f.send(change{Kind: "workspace"}) }

// views says that a modal or a home tab changed.
func (f *feed) views() { f.send(change{Kind: "views"}) }

func (f *feed) send(c change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for r := range f.readers {
		out := c
		if r.lost {
			out = change{Kind: "resync"}
		}
		select {
		case r.changes <- out:
			r.lost = false
		default:
			r.lost = true
		}
	}
}

func (f *feed) add() *reader {
	r := &reader{changes: make(chan change, readerBuffer)}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readers[r] = true
	return r
}

func (f *feed) remove(r *reader) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.readers, r)
}

// takeLost reports, once, that changes were dropped since the last one read.
func (f *feed) takeLost(r *reader) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	lost := r.lost && len(r.changes) == 0
	if lost {
		r.lost = false
	}
	return lost
}

// serveEvents is GET /sandbox/events.
func (w *Workspace) serveEvents(rw http.ResponseWriter, r *http.Request) {
	rc := http.NewResponseController(rw)
	rw.Header().Set("Content-Type", "text/event-stream")
	rw.Header().Set("Cache-Control", "no-store")
	me := w.feed.add()
	defer w.feed.remove(me)
	fmt.Fprint(rw, ": connected\n\n")
	if rc.Flush() != nil {
		return
	}
	ping := time.NewTicker(10 * time.Second)
	defer ping.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-ping.C:
			fmt.Fprint(rw, ": ping\n\n")
		case c := <-me.changes:
			name := "change"
			if c.Kind == "workspace" || c.Kind == "views" {
				name = c.Kind
			}
			fmt.Fprintf(rw, "event: %s\ndata: %s\n\n", name, mustJSON(c))
			if w.feed.takeLost(me) {
				fmt.Fprintf(rw, "event: change\ndata: %s\n\n", mustJSON(change{Kind: "resync"}))
			}
		}
		if rc.Flush() != nil {
			return
		}
	}
}

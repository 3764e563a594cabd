package page

import (
	"net/http"
	"strconv"
	"time"

	"github.com/statusbot/statusbot/internal/format/elsewhere"
)

const (
	// quietAtMost is how long a reader hears nothing: less than what proxies take for
	// a dead connection.
	quietAtMost = 25 * time.Second
	// takeWithin is how long a reader may take for what it was sent.
	takeWithin = 10 * time.Second
)

// stale tells a reader that what it shows is not what the next change is of: it is to
// fetch the page anew.
func stale(version uint64) []byte {
	return []byte("id: " + count64(version) + "\nevent: stale\ndata: {}\n\n")
}

// live tells a reader what changes. It holds no copy of the board, and one event is
// the same bytes for all.
func (p *Pages) live(w http.ResponseWriter, r *http.Request, who Reader) {
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		return // it would go on without a word
	}
	if p.readers.Add(1) > readersMost {
		p.readers.Add(-1)
		w.Header().Set("Retry-After", "60")
		http.Error(w, "too many read on at once", http.StatusServiceUnavailable)
		return
	}
	defer p.readers.Add(-1)
	b := p.boardOf(who)
	if _, err := b.get(); err != nil {
		p.broken(w, err)
		return
	}
	b.mu.Lock()
	b.readers++
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.readers--
		b.mu.Unlock()
	}()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // nginx would keep it
	out := stream{c: http.NewResponseController(w), w: w}
	if !out.send([]byte("retry: 5000\n\n")) {
		return
	}
	p.tell(r, b, &out)
}

// tell sends changes until the reader goes away.
func (p *Pages) tell(r *http.Request, b *board, out *stream) {
	have, _ := strconv.ParseUint(r.URL.Query().Get("v"), 10, 64)
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		have, _ = strconv.ParseUint(last, 10, 64)
	}
	quiet := time.NewTicker(quietAtMost)
	defer quiet.Stop()
	for {
		b.mu.Lock()
		s, changed := b.newest, b.changed
		b.mu.Unlock()
		if have != s.version {
			event := s.event
			if have+1 != s.version || event == nil {
				event = stale(s.version)
			}
			if !out.send(event) {
				return
			}
			have = s.version
		}
		select {
		case <-changed:
		case <-quiet.C:
			if !out.send([]byte(": \n\n")) {
				return
			}
		case <-r.Context().Done():
			return
		case <-p.ending:
			return
		}
	}
}

// stream is what goes to one reader.
type stream struct {
	c *http.ResponseController
	w http.ResponseWriter
}

// send reports whether the reader is still there.
func (s *stream) send(event []byte) bool {
	_ = s.c.SetWriteDeadline(time.Now().Add(takeWithin)) // a connection that knows no deadlines is not waited for either
	if _, err := s.w.Write(event); err != nil {
		return false
	}
	return s.c.Flush() == nil
}

func count(n int) string      { return strconv.Itoa(n) }
func count64(n uint64) string { return strconv.FormatUint(n, 10) }

// plainOf is a text of internal/format in plain words.
func plainOf(mrkdwn string, zone *time.Location) string {
	return elsewhere.Of(mrkdwn, zone).Line()
}

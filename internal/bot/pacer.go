package bot

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// Bounds of the pause between two openings of a socket.
const (
	shortestPause = time.Second
	longestPause  = time.Minute
	livedLong     = 30 * time.Second // a connection that lived so long was a good one
)

// pacer keeps openings of sockets apart. slack-go backs off only when dialling
// fails; when Slack accepts and drops at once (link_disabled, too many
// sockets) it would open hundreds a second, and Slack allows about fifty a
// minute. Openings that fail are kept a second apart and no more: their
// back-off is slack-go's, and when Slack is back we want to be.
type pacer struct {
	base http.RoundTripper

	mu    sync.Mutex
	next  time.Time     // no opening before
	pause time.Duration // after the last opening that succeeded
	last  time.Time     // of the last opening that succeeded
}

func (p *pacer) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "apps.connections.open") {
		return p.base.RoundTrip(r)
	}
	if !wait(r.Context(), p.before(time.Now())) {
		return nil, r.Context().Err()
	}
	answer, err := p.base.RoundTrip(r)
	p.after(time.Now(), err == nil && answer.StatusCode == http.StatusOK)
	return answer, err
}

// before returns how long an opening has to wait now.
func (p *pacer) before(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.next.Sub(now))
}

// after notes an opening. The pause grows while connections do not live.
func (p *pacer) after(now time.Time, opened bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !opened {
		p.next = now.Add(shortestPause)
		return
	}
	if p.last.IsZero() || now.Sub(p.last) >= livedLong+p.pause {
		p.pause = shortestPause
	} else {
		p.pause = min(2*p.pause, longestPause)
	}
	p.last, p.next = now, now.Add(p.pause)
}

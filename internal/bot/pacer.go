package bot

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Bounds of the pause between two openings of a socket.
const (
	shortestPause = time.Second
	longestPause  = time.Minute
	livedLong     = 20 * time.Second // a connection that lived so long was a good one: less than a deaf one lives
)

// pacer keeps openings of sockets apart. slack-go backs off only when dialling
// fails; when Slack accepts and drops at once (link_disabled, too many
// sockets) it would open hundreds a second, and Slack allows about fifty a
// minute. Openings that fail are kept a second apart and no more: their
// back-off is slack-go's, and when Slack is back we want to be. The time for
// the call begins behind the pause.
type pacer struct {
	base    http.RoundTripper
	apart   func() time.Duration // before each opening, so that two sockets that were lost at once come back apart; nil: none
	waiting func(time.Duration)  // told of a pause that has grown; nil: nobody is
	within  time.Duration        // of one call; 0: callTimeout

	mu    sync.Mutex
	next  time.Time     // no opening before
	pause time.Duration // after the last opening that succeeded
	last  time.Time     // of the last opening that succeeded
}

func (p *pacer) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "apps.connections.open") {
		return p.call(r)
	}
	asked := time.Now()
	pause := p.before(asked)
	if pause > shortestPause && p.waiting != nil {
		p.waiting(pause)
	}
	if p.apart != nil {
		pause += p.apart()
	}
	if !wait(r.Context(), pause) {
		return nil, r.Context().Err()
	}
	answer, err := p.call(r)
	p.after(asked, time.Now(), err == nil && answer.StatusCode == http.StatusOK)
	return answer, err
}

// call makes a call and reads its answer within its time.
func (p *pacer) call(r *http.Request) (*http.Response, error) {
	within := p.within
	if within == 0 {
		within = callTimeout
	}
	ctx, done := context.WithTimeout(r.Context(), within)
	defer done()
	resp, err := p.base.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// before returns how long an opening has to wait now.
func (p *pacer) before(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.next.Sub(now))
}

// after notes an opening that was asked for when the last connection had ended.
// The pause grows while connections do not live.
func (p *pacer) after(asked, now time.Time, opened bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !opened {
		p.next = now.Add(shortestPause)
		return
	}
	if p.last.IsZero() || asked.Sub(p.last) >= livedLong {
		p.pause = shortestPause
	} else {
		p.pause = min(2*p.pause, longestPause)
	}
	p.last, p.next = now, now.Add(p.pause)
}

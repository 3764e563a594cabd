package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault makes the workspace misbehave on purpose. It touches what Slack would
// serve (the Web API, sockets, uploads, response_urls), never the control API
// or the page.
type Fault struct {
	// Mode is ok, slow, ratelimit, error, lost_answer, torn, answer, hang, reset,
	// down, disconnect, deaf.
	Mode string `json:"mode"`
	// DelayMS is how late a slow answer is; 4000 if zero.
	DelayMS int `json:"delay_ms,omitempty"`
	// RetryAfter is the header of ratelimit, in seconds; 1 if zero.
	RetryAfter int `json:"retry_after,omitempty"`
	// Error is the code of mode error; "http_503" is an HTTP status instead;
	// internal_error if empty.
	Error string `json:"error,omitempty"`
	// Status, Body and Headers are what mode answer answers with, as somebody on
	// the way to Slack may: 200 if zero, empty if empty, and a Content-Type of
	// HTML if none is among the headers.
	Status  int               `json:"status,omitempty"`
	Body    string            `json:"body,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// Methods limits the fault to these methods; all if empty.
	Methods []string `json:"methods,omitempty"`
	// Count ends the fault after that many calls; 0 is no end. Of a disconnect
	// it is how many connections are meant, the oldest first; 0 is all.
	Count int `json:"count,omitempty"`
	// For ends the fault after a while, such as "30s"; empty is no end.
	For string `json:"for,omitempty"`
	// Reason is what a disconnect says: refresh_requested if empty, warning
	// (with the close DelayMS later, 10 s if zero) or link_disabled.
	Reason string `json:"reason,omitempty"`
}

var faultModes = []string{"ok", "slow", "ratelimit", "error", "lost_answer", "torn", "answer", "hang", "reset", "down", "disconnect", "deaf"}

// check fills the defaults in, and refuses what means nothing.
func (f Fault) check() (Fault, time.Duration, error) {
	var span time.Duration
	if !slices.Contains(faultModes, f.Mode) {
		return f, 0, fmt.Errorf("mode must be one of %s", strings.Join(faultModes, ", "))
	}
	if f.DelayMS < 0 || f.DelayMS > 600_000 || f.RetryAfter < 0 || f.Count < 0 {
		return f, 0, fmt.Errorf("delay_ms (at most 600000), retry_after and count must not be negative")
	}
	if f.For != "" {
		d, err := time.ParseDuration(f.For)
		if err != nil || d <= 0 {
			return f, 0, fmt.Errorf("for must be a positive duration such as 30s")
		}
		span = d
	}
	switch f.Mode {
	case "slow":
		f.DelayMS = cmp.Or(f.DelayMS, 4000)
	case "ratelimit":
		f.RetryAfter = cmp.Or(f.RetryAfter, 1)
	case "error":
		f.Error = cmp.Or(f.Error, "internal_error")
		if code, ok := strings.CutPrefix(f.Error, "http_"); ok {
			if n, err := strconv.Atoi(code); err != nil || n < 400 || n > 599 {
				return f, 0, fmt.Errorf("error %q: write http_ and a status from 400 to 599", f.Error)
			}
		}
	case "answer":
		f.Status = cmp.Or(f.Status, 200)
		if f.Status < 200 || f.Status > 599 {
			return f, 0, fmt.Errorf("status must be from 200 to 599")
		}
	case "disconnect":
		f.Reason = cmp.Or(f.Reason, "refresh_requested")
		if f.Reason == "warning" {
			f.DelayMS = cmp.Or(f.DelayMS, 10_000)
		}
		if !slices.Contains([]string{"warning", "refresh_requested", "link_disabled", "too_many_websockets"}, f.Reason) {
			return f, 0, fmt.Errorf("reason must be warning, refresh_requested, link_disabled or too_many_websockets")
		}
	}
	return f, span, nil
}

// faultBox holds the fault in force. Its end by time is noticed when looked at.
type faultBox struct {
	mu    sync.Mutex
	now   Fault
	until time.Time // zero: no end
}

func (b *faultBox) set(f Fault, span time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now, b.until = f, time.Time{}
	if span > 0 {
		b.until = time.Now().Add(span)
	}
}

func (b *faultBox) get() Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.getLocked()
}

func (b *faultBox) getLocked() Fault {
	if b.now.Mode == "" || (!b.until.IsZero() && time.Now().After(b.until)) {
		b.now, b.until = Fault{Mode: "ok"}, time.Time{}
	}
	return b.now
}

// take returns the fault that this call meets, and counts the call.
func (b *faultBox) take(method string) Fault {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.getLocked()
	if f.Mode == "ok" || f.Mode == "deaf" || (len(f.Methods) > 0 && !slices.Contains(f.Methods, method)) {
		return Fault{Mode: "ok"}
	}
	if f.Count > 0 {
		b.now.Count--
		if b.now.Count == 0 {
			b.now, b.until = Fault{Mode: "ok"}, time.Time{}
		}
	}
	return f
}

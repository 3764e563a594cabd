package http

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// enough says whether a part of a body can be all that a check asks for. A body that
// says how long it is has its end, and is read to it.
type enough int

const (
	enoughNever   enough = iota // something is asked that a part cannot answer
	enoughOfFlows               // of what by its type has no end, such as events
	enoughOfAny                 // also of what only does not say how long it is
)

// endGrace is how long an answer that does not say how long it is may take to come to
// its end after all that is asked of it has come. A page is whole by then, and one that
// is not is told as that much slower.
const endGrace = time.Second

// enoughFor says of which bodies a part is enough for a check. Where there are limits of
// time they mean the whole of a page.
func (p *Prober) enoughFor(how *manner) enough {
	switch {
	case p.judge != nil && (len(p.judge.notContains) > 0 || len(p.judge.json) > 0),
		p.claims.Uses("body"), p.claims.Uses("json"), p.claims.Uses("size"):
		return enoughNever
	case p.judge == nil || how.degraded > 0 || how.fail > 0 || p.claims.Uses("latency"):
		return enoughOfFlows
	}
	return enoughOfAny
}

// ReadWhole makes the probe read each answer to its end, for who looks into it himself.
func (p *Prober) ReadWhole() {
	p.change(func(m *manner) { m.enough = enoughNever })
	p.first.change(func(f *form) { f.enough = enoughNever })
}

// flows reports whether a body has no end by its type: events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html), or pictures that
// replace each other.
func flows(header http.Header) bool {
	kind, _, _ := strings.Cut(strings.ToLower(header.Get("Content-Type")), ";")
	switch strings.TrimSpace(kind) {
	case "text/event-stream", "multipart/x-mixed-replace":
		return true
	}
	return false
}

// until ends the reading of a body once all that is asked of it has come.
type until struct {
	left     [][]byte // texts that have not come
	searched int      // bytes in which the first of them is not
	kind     string   // the body's type, if it names a character set
	flows    bool
	by       time.Time   // when the probe's time is up; zero for never
	stop     func()      // ends a read that waits
	timer    *time.Timer // running once all has come
	stopped  atomic.Bool
}

// until returns what ends the reading of an answer before its end; nil where it is to
// come to it. Its field stop is the caller's to set.
func (h *Request) until(ctx context.Context, resp *http.Response) *until {
	enough := h.form.Value().enough
	if resp.ContentLength >= 0 || enough == enoughNever {
		return nil
	}
	u := &until{flows: flows(resp.Header)}
	if h.judge != nil {
		u.left = h.judge.contains
	}
	if by, ok := ctx.Deadline(); ok {
		u.by = by
	}
	if !u.flows && enough != enoughOfAny {
		return nil
	}
	if kind := resp.Header.Get("Content-Type"); charsetOf(nil, kind) != "" {
		u.kind = kind
	}
	return u
}

// met reports whether no more of the body is to be read. It is given what came so far,
// each time more of it.
func (u *until) met(body []byte) bool {
	if u == nil || u.timer != nil {
		return false
	}
	if u.kind != "" {
		body, _ = inUTF8(body, u.kind)
		u.searched = 0
	}
	for len(u.left) > 0 {
		if text := u.left[0]; !bytes.Contains(body[max(0, u.searched-len(text)):], text) {
			u.searched = len(body)
			return false
		}
		u.left, u.searched = u.left[1:], 0
	}
	if !u.flows {
		grace := endGrace
		if !u.by.IsZero() {
			grace = min(grace, time.Until(u.by)/2)
		}
		u.timer = time.AfterFunc(grace, func() {
			u.stopped.Store(true)
			u.stop()
		})
	}
	return u.flows
}

// cut reports whether the reading was ended before the body did.
func (u *until) cut() bool {
	return u != nil && u.timer != nil && !u.timer.Stop() && u.stopped.Load()
}

// flowed is what is said beside a time-out while a body that has no end was read, since
// something was asked that a part of it cannot answer.
const flowed = "; what is of this type has no end: ask for what is in it by contains alone"

package probe

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// SpanID is a request's own within its trace; zero is none.
type SpanID uint64

// String is the id in hex, as tracing shows it.
func (s SpanID) String() string {
	var raw [8]byte
	binary.BigEndian.PutUint64(raw[:], uint64(s))
	return hex.EncodeToString(raw[:])
}

// Sent are the requests of one probe as they went out, for who tells a tracing of
// them. It lives as long as that takes, and is no part of what is stored.
type Sent struct {
	Host     string // that the check asks; empty for none
	Trace    Trace  // of its requests; zero: none carried one
	Requests []Request
}

// Request is one request of a probe, with what was tried again on another connection.
type Request struct {
	Span           SpanID // in its traceparent, of the last try; zero: it carried none of ours
	Started, Ended time.Time
	Phases         checks.Phases // of this request alone
	Method         string        // of HTTP, or what was called of gRPC: "grpc.health.v1.Health/Check"
	URL            string        // as the configuration has it, without user and password; empty where an answer led there
	Address        string        // "host:port"
	Code           int           // that was answered; 0 for none
	Said           string        // the same as gRPC names it: "UNAVAILABLE"; empty for HTTP

	lingered time.Duration // that the trail had when it began
}

type sentKey struct{}

// SentOf returns where the requests of the probe that runs by ctx are to be noted; nil:
// nobody wants to know.
func SentOf(ctx context.Context) *Sent {
	s, _ := ctx.Value(sentKey{}).(*Sent)
	return s
}

// RunSent is Run for who wants to know of the requests as well. They are as free of
// secrets as the result is.
func (c *Compiled) RunSent(ctx context.Context) (checks.Result, *Sent, bool) {
	s := &Sent{Host: c.Host}
	r, ok := c.Run(context.WithValue(ctx, sentKey{}, s))
	s.Hide(c.redactor())
	return r, s, ok
}

// Hide takes secrets out of what is known of the requests.
func (s *Sent) Hide(d redact.Redactor) {
	if s == nil {
		return
	}
	s.Host = d.Known(s.Host)
	for i := range s.Requests {
		r := &s.Requests[i]
		r.Method, r.URL, r.Address = d.Known(r.Method), d.Text(r.URL), d.Known(r.Address)
	}
}

// Begin notes that a request begins, over a trail. It is ended by End, on nil as well.
func (s *Sent) Begin(tr *Trail, r Request) {
	if s == nil {
		return
	}
	s.Trace = tr.Trace
	r.Started, r.Span, r.Phases, r.lingered = time.Now(), tr.span, tr.Phases, tr.Lingered
	s.Requests = append(s.Requests, r)
}

// End notes what became of the request that was begun last.
func (s *Sent) End(tr *Trail, code int, said string) {
	if s == nil {
		return
	}
	r := &s.Requests[len(s.Requests)-1]
	if r.Code, r.Said = code, said; r.Span == tr.span {
		r.Span = 0 // it was not written
	} else {
		r.Span = tr.span
	}
	r.Ended = time.Now().Add(r.lingered - tr.Lingered)
	r.Phases = tr.Phases.Less(r.Phases)
}

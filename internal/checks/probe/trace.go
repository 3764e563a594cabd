package probe

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"strings"
)

// Trace is under what a probe's requests are found in the tracing of those who answer
// them (https://www.w3.org/TR/trace-context/): one for all requests of a probe. The
// zero value is none.
type Trace struct{ high, low uint64 }

// TraceHeader is the header that carries it, as it is written.
const TraceHeader = "traceparent"

// TraceParent is a value of the header, of the length that all have, with an id that
// is none: for a request that is written out once, into which each probe puts its own.
const TraceParent = "00-00000000000000000000000000000000-0000000000000000-01"

// NewTrace returns one that no other probe has. That nobody can guess it is not
// wanted: the generator is the cheap one.
func NewTrace() Trace { return Trace{rand.Uint64(), rand.Uint64() | 1} }

// NewSpan returns an id that no other request of a trace has, from the same generator.
func NewSpan() SpanID { return SpanID(rand.Uint64() | 1) }

// IsZero reports whether there is none.
func (t Trace) IsZero() bool { return t.high|t.low == 0 }

// String is the id in hex, as tracing shows it.
func (t Trace) String() string {
	var b [32]byte
	t.put(b[:])
	return string(b[:])
}

func (t Trace) put(into []byte) {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], t.high)
	binary.BigEndian.PutUint64(raw[8:], t.low)
	hex.Encode(into, raw[:])
}

// PutParent writes the header's value of the next request over a TraceParent: the
// trace's id, and a new one for the request. It is marked as sampled, so that it is
// kept where it goes.
func (t *Trail) PutParent(into []byte) {
	t.span = NewSpan()
	t.Trace.put(into[3:35])
	var span [8]byte
	binary.BigEndian.PutUint64(span[:], uint64(t.span))
	hex.Encode(into[36:52], span[:])
}

// Parent is what PutParent writes.
func (t *Trail) Parent() string {
	b := []byte(TraceParent)
	t.PutParent(b)
	return string(b)
}

// tracedBy begins what RequestID says where a request carried the id of a trace.
const tracedBy = "trace="

// RequestID is what a request is found by: the trace that it was sent under, and what
// its answer says.
func (t *Trail) RequestID(h http.Header) string {
	said := RequestID(h)
	if t.span == 0 {
		return said
	}
	return strings.TrimSuffix(tracedBy+t.Trace.String()+", "+said, ", ")
}

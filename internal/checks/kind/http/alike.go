package http

import (
	"bytes"
	"time"
	"unique"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Of ten thousand checks most differ in where they ask alone. What they are alike in is
// kept once: a manner of what judges the answer, a form of what is sent. Both are plain
// values, and the whole value is what they are shared by, so that checks which differ in
// any part of it do not share it. What is no plain value, such as what is asked of a
// body, is each check's own.

// manner is how a check asks and judges, whatever it asks.
type manner struct {
	redirects int
	status    probe.StatusSet
	degraded  time.Duration
	fail      time.Duration
	dialer    probe.Dialer
	sameHost  bool   // redirects to other hosts are not followed
	gzip      bool   // compressed answers are asked for
	enough    enough // of which answers a part is enough
	trace     bool   // its requests carry the id of a trace
	most      int    // bytes of a body that are read
	anonymous bool   // its request carries nothing of its own but the URL's path
}

// form is what a request is, wherever it goes.
type form struct {
	method  string
	body    string // what the request carries
	rest    string // the request on the wire, after its line and its host
	parent  int    // where in rest each probe puts the id of its trace; 0 for nowhere
	secure  bool   // over TLS
	keep    bool   // the connection may be kept for the next probe
	headers bool   // the answer's headers are wanted
	gzip    bool   // the answer may be compressed
	enough  enough // of which answers a part is enough
	most    int    // bytes of a body that are read
}

// cutHost divides a request on the wire after its line and its host, which is the first
// of its headers (net/http.Request.Write).
func cutHost(request []byte) (begin, rest string) {
	end := []byte("\r\n")
	line := bytes.Index(request, end) + len(end)
	host := line + bytes.Index(request[line:], end) + len(end)
	return string(request[:host]), string(request[host:])
}

// change shares another manner.
func (p *Prober) change(to func(*manner)) {
	m := p.manner.Value()
	to(&m)
	p.manner = unique.Make(m)
}

// change shares another form.
func (h *Request) change(to func(*form)) {
	f := h.form.Value()
	to(&f)
	h.form = unique.Make(f)
}

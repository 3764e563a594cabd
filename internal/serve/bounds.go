package serve

import (
	"bufio"
	"cmp"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/netutil"
)

// Bounds are what one caller may take of a server. What is zero is as in
// usual, which suits small requests of programs.
type Bounds struct {
	Header  time.Duration // from the opening of a connection, or the first byte of a further request, to the end of the header
	Request time.Duration // from there to the end of the body, however steadily it trickles
	Answer  time.Duration // from the end of the header to the end of the answer; 0: as Write says
	Write   time.Duration // until the caller has taken what was written last, where Answer is 0; negative: it may take its time
	Idle    time.Duration // from an answer to the next request

	HeaderBytes int   // Go takes 4 KiB more
	BodyBytes   int64 // a handler may take less
	Connections int   // open at once; more wait to be accepted
}

var usual = Bounds{
	Header: 5 * time.Second, Request: 10 * time.Second, Write: 10 * time.Second, Idle: 2 * time.Minute,
	HeaderBytes: 16 << 10, BodyBytes: 1 << 20, Connections: 1024,
}

func (b Bounds) filled() Bounds {
	return Bounds{
		Header: cmp.Or(b.Header, usual.Header), Request: cmp.Or(b.Request, usual.Request), Answer: b.Answer,
		Write: cmp.Or(b.Write, usual.Write), Idle: cmp.Or(b.Idle, usual.Idle),
		HeaderBytes: cmp.Or(b.HeaderBytes, usual.HeaderBytes), BodyBytes: cmp.Or(b.BodyBytes, usual.BodyBytes),
		Connections: cmp.Or(b.Connections, usual.Connections),
	}
}

// Limit bounds the connections that a listener has open at once.
func (b Bounds) Limit(l net.Listener) net.Listener {
	return netutil.LimitListener(l, b.filled().Connections)
}

// New makes a server within bounds, for callers that listen by themselves. A
// handler's context does not end with the time for the request: once the body
// is there, it may take as long as it likes.
func New(h http.Handler, b Bounds, errors *log.Logger) *http.Server {
	b = b.filled()
	return &http.Server{
		Handler:           bounded(h, b),
		ReadHeaderTimeout: b.Header,
		ReadTimeout:       b.Request,
		WriteTimeout:      b.Answer,
		IdleTimeout:       b.Idle,
		MaxHeaderBytes:    b.HeaderBytes,
		ErrorLog:          errors,
	}
}

// bounded adds what net/http has no setting for: the body's size, a bound on each write
// where the whole answer has none, and that what a caller refuses is not sent.
func bounded(h http.Handler, b Bounds) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		withoutRefused(r.Header)
		c := http.NewResponseController(w)
		if r.Body == nil || r.Body == http.NoBody {
			arrived(c)
		} else {
			r.Body = &body{http.MaxBytesReader(w, r.Body, b.BodyBytes), c}
		}
		if b.Answer > 0 || b.Write < 0 {
			h.ServeHTTP(w, r)
			return
		}
		p := &paced{ResponseWriter: w, c: c, within: b.Write}
		_ = c.SetWriteDeadline(time.Time{}) // the last answer's; a connection that knows no deadlines has none to lift
		h.ServeHTTP(p, r)
		p.hurry() // what is buffered goes out now
	})
}

// withoutRefused takes the codings out of Accept-Encoding that a caller refuses by q=0 (RFC 9110, 12.4.2), so
// that a handler finds there what it may send.
func withoutRefused(header http.Header) {
	const name = "Accept-Encoding"
	asked := strings.ToLower(strings.Join(header.Values(name), ","))
	if !strings.Contains(asked, "q=0") {
		return
	}
	var taken []string
	for coding := range strings.SplitSeq(asked, ",") {
		_, weight, weighed := strings.Cut(coding, "q=")
		if q, err := strconv.ParseFloat(strings.TrimSpace(weight), 64); !weighed || err != nil || q > 0 {
			taken = append(taken, coding)
		}
	}
	header.Set(name, strings.Join(taken, ","))
}

// arrived lifts the bound on reading: net/http goes on reading beside the
// handler, and would take its end for the caller's going away.
func arrived(c *http.ResponseController) {
	_ = c.SetReadDeadline(time.Time{}) // a connection that knows no deadlines has none to lift
}

// body lifts the bound on reading when all of it is there.
type body struct {
	io.ReadCloser
	c *http.ResponseController
}

// Read reads, at most what the bounds allow.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF { //nolint:errorlint // a reader's end is that very value
		arrived(b.c)
	}
	return n, err
}

// paced bounds each write by itself: an answer may take long, as an event
// stream does, and who reads nothing of it may not.
type paced struct {
	http.ResponseWriter
	c        *http.ResponseController
	within   time.Duration
	hijacked bool // the connection's deadlines are its new owner's
}

func (p *paced) hurry() {
	if !p.hijacked {
		_ = p.c.SetWriteDeadline(time.Now().Add(p.within)) // a connection that knows no deadlines is not waited for either
	}
}

// Unwrap is for http.ResponseController.
func (p *paced) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// WriteHeader writes the header.
func (p *paced) WriteHeader(status int) {
	p.hurry()
	p.ResponseWriter.WriteHeader(status)
}

// Write writes, within the bound.
func (p *paced) Write(data []byte) (int, error) {
	p.hurry()
	return p.ResponseWriter.Write(data)
}

// FlushError writes what is buffered, within the bound.
func (p *paced) FlushError() error {
	p.hurry()
	return p.c.Flush()
}

// Hijack hands the connection over, without bounds.
func (p *paced) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := p.c.Hijack()
	p.hijacked = err == nil
	return conn, rw, err
}

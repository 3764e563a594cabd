package http

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// twoExchange makes one exchange over HTTP/2 on a connection, which it closes.
// It is net/http's client that speaks: framing is not worth a second one.
func (p *Prober) twoExchange(ctx context.Context, conn net.Conn, to *Request, tr *probe.Trail, buffer *[]byte) (answer, error) {
	form := to.form.Value()
	protocols := &http.Protocols{}
	protocols.SetHTTP2(form.secure)
	protocols.SetUnencryptedHTTP2(!form.secure)
	heard := &beginning{Conn: conn}
	if !form.secure {
		conn = heard // over TLS both sides agreed on HTTP/2, and net/http looks into the connection for that
	}
	given, again := false, false
	give := func(context.Context, string, string) (net.Conn, error) {
		if given {
			again = true
			return nil, net.ErrClosed // one connection, and no second try here
		}
		given = true
		return conn, nil
	}
	transport := &http.Transport{DialContext: give, DialTLSContext: give, Protocols: protocols, DisableCompression: true,
		MaxResponseHeaderBytes: headerMax, HTTP2: &http.HTTP2Config{MaxReadFrameSize: 16 << 10}}
	defer func() {
		transport.CloseIdleConnections()
		conn.Close()
	}()
	req := to.twoRequest(tr)
	tr.Stage = probe.Waiting
	sent := time.Now()
	var asked atomic.Int32 // how often the request was written: net/http does so anew, at rests that grow, if the server refuses to look at it
	req = req.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { asked.Add(1) }}))
	resp, err := transport.RoundTrip(req) //nolint:bodyclose // it is closed below; the func that ends a read closes it as well
	if err != nil && ctx.Err() != nil && asked.Load() > 1 {
		return answer{}, &refusedBefore{err}
	}
	if err != nil {
		return answer{}, blame(err, again, heard)
	}
	defer resp.Body.Close()
	first := time.Now()
	tr.Stage = probe.Reading
	tr.Phases.FirstByte += first.Sub(sent)
	defer func() { tr.Phases.Transfer += time.Since(first) }()
	got := answer{version: version2}
	u := to.until(ctx, resp)
	if u != nil {
		u.stop = func() { _ = resp.Body.Close() }
	}
	if err = got.read(resp, to, buffer, u); err != nil {
		err = blame(err, false, heard)
	}
	return got, err
}

// twoRequest is the request as net/http's client takes it.
func (to *Request) twoRequest(tr *probe.Trail) *http.Request {
	form := to.form.Value()
	req := &http.Request{Method: form.method, URL: to.url(), Host: to.host, Header: cloned(to.header)}
	if form.body != "" {
		req.Body = io.NopCloser(strings.NewReader(form.body))
		req.ContentLength = int64(len(form.body))
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", probe.UserAgent)
	}
	if form.parent > 0 {
		req.Header[probe.TraceHeader] = []string{tr.Parent()}
	}
	return req
}

// blame returns what an exchange ended with, where net/http says it in words of
// its own. Again is that it wanted another connection: it does so only if the
// server ended this one before it saw the request.
func blame(err error, again bool, heard *beginning) error {
	if heard.old.Load() {
		return errNotTwo
	}
	if code, byPeer, _ := probe.StreamReset(err); byPeer {
		return &goneAway{"reset the request: " + code, again}
	}
	code, gone := probe.GoneAway(err)
	switch {
	case gone:
		return &goneAway{"closed the connection: " + code, again}
	case again:
		return &goneAway{"closed the connection: NO_ERROR", true}
	}
	return err
}

// goneAway is a connection that the server gave up, or one exchange on it.
type goneAway struct {
	how   string
	again bool // the request was not looked at, and is made anew by a client
}

func (e *goneAway) Error() string { return "the server " + e.how }

// refusedBefore is the end of the time for an exchange that the server had refused to look
// at, by the code REFUSED_STREAM (RFC 9113, 8.7), at least once.
type refusedBefore struct{ error }

func (e *refusedBefore) Unwrap() error { return e.error }

// beginning is a connection of which it is known whether what came begins as an
// answer of HTTP/1 does: net/http's errors say it in many ways.
type beginning struct {
	net.Conn
	came []byte // of the reader alone; the first bytes
	old  atomic.Bool
}

func (b *beginning) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if more := len(oldVersions) - len(b.came); more > 0 {
		b.came = append(b.came, p[:min(n, more)]...)
		b.old.Store(string(b.came) == oldVersions)
	}
	return n, err
}

const oldVersions = "HTTP/1."

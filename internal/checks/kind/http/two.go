package http

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// twoExchange makes one exchange over HTTP/2 on a connection, which it closes.
// It is net/http's client that speaks: framing is not worth a second one.
func (p *Prober) twoExchange(ctx context.Context, conn net.Conn, to *Request, tr *probe.Trail, buffer *[]byte) (answer, error) {
	protocols := &http.Protocols{}
	protocols.SetHTTP2(to.secure)
	protocols.SetUnencryptedHTTP2(!to.secure)
	heard := &beginning{Conn: conn}
	if !to.secure {
		conn = heard // over TLS both sides agreed on HTTP/2, and net/http looks into the connection for that
	}
	given := false
	give := func(context.Context, string, string) (net.Conn, error) {
		if given {
			return nil, net.ErrClosed // one connection, and no second try
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
	req := (&http.Request{Method: to.method, URL: to.url(), Host: to.host, Header: cloned(to.header)}).WithContext(ctx)
	if to.body != "" {
		req.Body = io.NopCloser(bytes.NewReader([]byte(to.body)))
		req.ContentLength = int64(len(to.body))
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", probe.UserAgent)
	}
	tr.Stage = probe.Waiting
	sent := time.Now()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		if heard.old.Load() {
			err = errNotTwo
		}
		return answer{}, err
	}
	defer resp.Body.Close()
	first := time.Now()
	tr.Stage = probe.Reading
	tr.Phases.FirstByte += first.Sub(sent)
	defer func() { tr.Phases.Transfer += time.Since(first) }()
	got := answer{version: version2}
	err = got.read(resp, to, buffer)
	return got, err
}

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

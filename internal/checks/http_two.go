package checks

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// errNotHTTP2 is a server that was to speak HTTP/2.
var errNotHTTP2 = errors.New("the server does not speak HTTP/2")

// twoExchange makes one exchange over HTTP/2 on a connection, which it closes.
// It is net/http's client that speaks: framing is not worth a second one.
func (p *httpProbe) twoExchange(ctx context.Context, conn net.Conn, to *hop, tr *trail, buffer *[]byte) (answer, error) {
	protocols := &http.Protocols{}
	protocols.SetHTTP2(to.secure)
	protocols.SetUnencryptedHTTP2(!to.secure)
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
	req := (&http.Request{Method: to.method, URL: to.url, Host: to.host, Header: cloned(to.header)}).WithContext(ctx)
	if to.body != "" {
		req.Body = io.NopCloser(bytes.NewReader([]byte(to.body)))
		req.ContentLength = int64(len(to.body))
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", userAgent)
	}
	tr.stage = waiting
	sent := time.Now()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	first := time.Now()
	tr.stage = reading
	tr.phases.FirstByte += first.Sub(sent)
	defer func() { tr.phases.Transfer += time.Since(first) }()
	got := answer{version: version2}
	err = got.read(resp, to, buffer)
	return got, err
}

// negotiated reports whether a connection agreed on HTTP/2.
func negotiated(conn net.Conn) bool {
	secured, ok := conn.(*tls.Conn)
	return ok && secured.ConnectionState().NegotiatedProtocol == "h2"
}

package probe_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// TestWhyAPeerRefusedIsTold: a server of TLS 1.3 that wants a client's certificate says so after the client has gone on, and breaks
// the connection; a write that fails then is no reset of which nobody knows why.
func TestWhyAPeerRefusedIsTold(t *testing.T) {
	t.Parallel()
	ca, cert, key := probetest.Authority(t, t.TempDir(), "localhost")
	pair, err := tls.LoadX509KeyPair(cert, key)
	need(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	need(t, err)
	defer l.Close()
	pem, err := os.ReadFile(ca)
	need(t, err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	for _, closed := range []bool{false, true} { // as drivers close it, before they say that a write failed
		refused(t, l, pair, roots, closed)
	}
}

func refused(t *testing.T, l net.Listener, pair tls.Certificate, roots *x509.CertPool, closed bool) {
	t.Helper()
	gone := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			err = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS13}).Handshake()
			_ = conn.(*net.TCPConn).SetLinger(0) // it is closed by a reset, as where what came was not read
			_ = conn.Close()
		}
		gone <- err
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	need(t, err)
	tr := &probe.Trail{}
	secured, err := tr.Secure(conn, &tls.Config{RootCAs: roots, ServerName: "localhost"}) //nolint:gosec // Go's own lowest
	need(t, err)
	defer secured.Close()
	if err := <-gone; err == nil {
		t.Fatal("the server took a client without a certificate")
	}
	for err == nil { // until the reset has come
		_, err = secured.Write([]byte("PING\r\n"))
	}
	if closed {
		_ = secured.Close()
	}
	if r := tr.Failed(t.Context(), err); r.Reason != checks.ReasonTLS || !strings.Contains(r.Summary, "certificate") {
		t.Errorf("closed %v: %s %q after %v", closed, r.Reason, r.Summary, err)
	}
}

func need(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

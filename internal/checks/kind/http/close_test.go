package http

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// A peer that was asked to close and does not is waited for a moment, and
// that moment is no part of how long its answer took.
func TestHTTPWaitForTheCloseIsNotTheAnswersTime(t *testing.T) {
	address := probetest.Serve(t, func(conn *net.TCPConn) {
		buf := make([]byte, 4096)
		_, _ = conn.Read(buf)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		_, _ = conn.Read(buf) // until the prober has closed
	})
	start := time.Now()
	r := probetest.Probing(t, &Kind, optionsFor("http://"+address+"/"), time.Minute)
	probetest.WantResult(t, r, checks.Pass, checks.ReasonNone, "200")
	if elapsed := time.Since(start); elapsed-r.Duration < closeGrace {
		t.Errorf("the answer took %v of %v, want at least %v less", r.Duration, elapsed, closeGrace)
	}
}

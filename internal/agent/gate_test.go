package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// TestTheGateIsBounded: who does not say who it is, says too much, or is one too many,
// is let go of.
func TestTheGateIsBounded(t *testing.T) {
	t.Parallel()
	quick, o := openGate(t, nil, Gate{shake: 100 * time.Millisecond}), openGate(t, nil, Gate{most: 5})
	_, c := o.enroll("eu")
	gone := func(what string, conn io.Reader) {
		t.Helper()
		data, err := io.ReadAll(conn)
		if errors.Is(err, os.ErrDeadlineExceeded) { // any other end is one
			t.Errorf("%s: the connection stays open", what)
		}
		if bytes.Contains(data, []byte("INFO")) && what == "no TLS" {
			t.Errorf("%s: it is told %q", what, data)
		}
	}
	dial := func(o *opened) net.Conn {
		conn, err := net.Dial("tcp", o.wire.Addr().String())
		need(t, err)
		t.Cleanup(func() { conn.Close() })
		need(t, conn.SetDeadline(time.Now().Add(patience)))
		return conn
	}
	plain := dial(quick)
	gone("no TLS", plain)
	talking := dial(quick)
	_, err := talking.Write([]byte("CONNECT {}\r\nPING\r\n"))
	need(t, err)
	gone("no TLS", talking)
	silent := tls.Client(dial(quick), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // whoever it is
	_ = silent.HandshakeContext(t.Context())                                 // on a slow machine it is let go of before
	gone("no word of who it is", silent)

	nc, err := nats.Connect(c.urls(), append(c.login(), nats.NoReconnect())...)
	need(t, err)
	t.Cleanup(nc.Close)
	if nc.MaxPayload() != messageMax {
		t.Errorf("a message may have %d bytes", nc.MaxPayload())
	}
	raw := tls.Client(dial(o), c.tls())
	need(t, raw.HandshakeContext(t.Context()))
	_, _ = raw.Write([]byte("CONNECT {\"name\":\"" + strings.Repeat("a", 1<<20) + "\"}\r\n")) // it may be cut off before it is said
	gone("an endless line", raw)

	refused := false
	for range 8 {
		more, err := nats.Connect(c.urls(), append(c.login(), nats.NoReconnect())...)
		if err != nil {
			refused = true
			continue
		}
		t.Cleanup(more.Close)
	}
	if !refused {
		t.Error("nobody was one too many")
	}
}

// TestAGateThatCannotOpen says so.
func TestAGateThatCannotOpen(t *testing.T) {
	t.Parallel()
	o := openDesk(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	need(t, err)
	defer l.Close()
	d := NewDesk(o.cfg)
	for _, listen := range []string{l.Addr().String(), "nonsense"} {
		if err := d.Serve(t.Context(), Gate{Listen: listen}); err == nil {
			t.Errorf("it opened at %s", listen)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = d.Serve(ctx, Gate{Listen: "127.0.0.1:0"}) // ends
}

package kinds

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/kind/journey"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// A hostile server costs its time-out and nothing else: not more time, not
// memory, not a goroutine (TestMain), not the traffic of all that it offers.
// A journey reads as a single request does.
func TestHostileServers(t *testing.T) {
	const (
		long, short = 2 * time.Minute, 100 * time.Millisecond
		grace       = 30 * time.Second // of a busy machine, after the time-out
		allocMax    = 16 << 20         // bytes, of server and probe together
		sentMax     = 16 << 20         // bytes: what the system takes before it blocks the server
	)
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, err := z.Write(make([]byte, 8<<20))
	probetest.OK(t, err)
	probetest.OK(t, z.Close())
	bombs := bytes.Repeat(bomb.Bytes(), 128) // a gigabyte, of what gzip calls members

	var sent atomic.Int64
	// pour writes for ever, until the peer goes.
	pour := func(c *net.TCPConn, text string) {
		many := []byte(strings.Repeat(text, 1+32<<10/len(text)))
		for {
			n, err := c.Write(many)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}
	// drip writes for ever as well, a byte every few milliseconds.
	drip := func(c *net.TCPConn, text string) {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			<-tick.C
			if _, err := c.Write([]byte{text[i%len(text)]}); err != nil {
				return
			}
		}
	}
	after := func(head string, then func(*net.TCPConn)) func(*net.TCPConn) {
		return func(c *net.TCPConn) {
			probetest.ReadRequest(c)
			if _, err := io.WriteString(c, head); err == nil {
				then(c)
			}
		}
	}
	// shaken reads the beginning of a handshake instead of a request.
	shaken := func(then func(*net.TCPConn)) func(*net.TCPConn) {
		return func(c *net.TCPConn) {
			if _, err := c.Read(make([]byte, 4096)); err == nil {
				then(c)
			}
		}
	}
	loop := ""
	for _, tt := range []struct {
		name    string
		scheme  string
		timeout time.Duration
		answer  func(*net.TCPConn)
		outcome checks.Outcome
		reason  checks.Reason
		summary string
	}{
		{"endless header", "http", long, after("HTTP/1.1 200 OK\r\n", func(c *net.TCPConn) { pour(c, "X-More: a\r\n") }), checks.Fail, checks.ReasonProtocol, "longer than 256 KiB"},
		{"slow header", "http", short, after("HTTP/1.1 200 OK\r\n", func(c *net.TCPConn) { drip(c, "X-More: a\r\n") }), checks.Fail, checks.ReasonTimeout, "while reading the answer"},
		{"slow status", "http", short, after("", func(c *net.TCPConn) { drip(c, "HTTP/1.1 200 "+strings.Repeat("O", 1000)) }), checks.Fail, checks.ReasonTimeout, "while reading the answer"},
		{"slow body", "http", short, after("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", func(c *net.TCPConn) { drip(c, "a") }), checks.Fail, checks.ReasonTimeout, "while reading the answer"},
		{"slow chunks", "http", short, after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", func(c *net.TCPConn) { drip(c, "1\r\na\r\n") }), checks.Fail, checks.ReasonTimeout, "while reading the answer"},
		{"slow trailer", "http", short, after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", func(c *net.TCPConn) { drip(c, "X-More: a\r\n") }), checks.Fail, checks.ReasonTimeout, "while reading the answer"},
		{"1 GB", "http", long, after("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", func(c *net.TCPConn) { pour(c, "a") }), checks.Pass, "", ""},
		{"endless chunks", "http", long, after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", func(c *net.TCPConn) { pour(c, "a\r\n0123456789\r\n") }), checks.Pass, "", ""},
		{"endless chunk header", "http", long, after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", func(c *net.TCPConn) { pour(c, "a") }), checks.Fail, checks.ReasonProtocol, "malformed"},
		{"gzip bomb", "http", long, after(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", len(bombs)),
			func(c *net.TCPConn) { c.Write(bombs); probetest.UntilClosed(c) }), checks.Pass, "", ""},
		{"redirect loop", "http", long, after("HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\n", func(c *net.TCPConn) {
			fmt.Fprintf(c, "Location: http://%s/\r\n\r\n", loop)
			probetest.UntilClosed(c)
		}), checks.Fail, checks.ReasonStatus, "HTTP 302 after 5 redirects"},
		{"slow redirect loop", "http", short, after("HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\n", func(c *net.TCPConn) {
			time.Sleep(short / 3) // not in place of a condition: it is the trouble
			fmt.Fprintf(c, "Location: http://%s/\r\n\r\n", loop)
			probetest.UntilClosed(c)
		}), checks.Fail, checks.ReasonTimeout, ""},
		{"no TLS", "https", long, shaken(func(c *net.TCPConn) { pour(c, "HTTP/1.1 400 Bad Request\r\n") }), checks.Fail, checks.ReasonTLS, "does not speak TLS"},
		{"slow TLS", "https", short, shaken(func(c *net.TCPConn) { drip(c, "\x16\x03\x03\x40\x00\x02\x00\x3f\xfc\x03\x03") }), checks.Fail, checks.ReasonTimeout, "while negotiating TLS"},
		// A handshake message that says it has 16 MiB, and one that never ends.
		{"huge TLS message", "https", long, shaken(func(c *net.TCPConn) { pour(c, "\x16\x03\x03\x00\x04\x02\xff\xff\xff") }), checks.Fail, checks.ReasonTLS, ""},
		{"endless TLS alerts", "https", long, shaken(func(c *net.TCPConn) { pour(c, "\x15\x03\x03\x00\x02\x01\x5a") }), checks.Fail, checks.ReasonTLS, ""},
	} {
		for _, kind := range []string{"http", "journey"} {
			t.Run(tt.name+"/"+kind, func(t *testing.T) {
				sent.Store(0)
				address := probetest.Serve(t, tt.answer)
				loop = address
				var options any
				url := tt.scheme + "://" + address + "/"
				if kind == "http" {
					options = webOptions(url, func(o *httpkind.Options) { o.Compression, o.InsecureTLS = true, true })
				} else {
					o := journey.Kind.Options().(*journey.Options)
					o.Steps = []journey.Step{{Name: "visit", URL: url}}
					o.Compression, o.InsecureTLS = true, true
					options = o
				}
				var before, since runtime.MemStats
				runtime.ReadMemStats(&before)
				r := probetest.Until(t, table[kind], options, tt.timeout, tt.summary)
				runtime.ReadMemStats(&since)
				probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
				if most := min(tt.timeout, short) + grace; r.Duration > most {
					t.Errorf("it took %v, want at most %v", r.Duration, most)
				}
				if n := since.TotalAlloc - before.TotalAlloc; n > allocMax {
					t.Errorf("%d MiB were allocated, want at most %d", n>>20, allocMax>>20)
				}
				if n := sent.Load(); n > sentMax {
					t.Errorf("%d MiB were sent, want at most %d", n>>20, sentMax>>20)
				}
			})
		}
	}
}

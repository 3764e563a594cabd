package checks

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// serve accepts connections and gives each to answer, until the test ends.
func serve(t *testing.T, answer func(*net.TCPConn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				answer(conn.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

// readRequest reads the header of a request.
func readRequest(c net.Conn) {
	reader := bufio.NewReader(c)
	for {
		line, err := reader.ReadString('\n')
		if err != nil || line == "\r\n" {
			return
		}
	}
}

// untilClosed waits until the peer is gone.
func untilClosed(c *net.TCPConn) { io.Copy(io.Discard, c) }

func TestHTTPBrokenServers(t *testing.T) {
	const long, short = 5 * time.Second, 150 * time.Millisecond
	for _, tt := range []struct {
		name    string
		timeout time.Duration
		answer  func(*net.TCPConn)
		reason  Reason
		summary string
	}{
		{"closes without an answer", long, func(c *net.TCPConn) { readRequest(c) }, ReasonReset, "the peer closed the connection while waiting for the answer"},
		{"resets in the body", long, func(c *net.TCPConn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			_ = c.SetLinger(0)
		}, ReasonReset, "while reading the answer"},
		{"closes in the body", long, func(c *net.TCPConn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}, ReasonReset, "the peer closed the connection while reading the answer"},
		{"closes in a chunk", long, func(c *net.TCPConn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf")
		}, ReasonReset, "closed"},
		{"closes in the header", long, func(c *net.TCPConn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Le")
		}, ReasonReset, "closed"},
		{"garbage", long, func(c *net.TCPConn) {
			readRequest(c)
			io.WriteString(c, "\x00\x01\x02 SSH-2.0-dropbear\r\n\r\n")
		}, ReasonProtocol, "the answer is malformed"},
		{"bad chunk", long, func(c *net.TCPConn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
			untilClosed(c)
		}, ReasonProtocol, "malformed"},
		{"endless header", long, func(c *net.TCPConn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			line := "X-More: " + strings.Repeat("a", 1000) + "\r\n"
			for {
				if _, err := io.WriteString(c, line); err != nil {
					return
				}
			}
		}, ReasonProtocol, "malformed"},
		{"endless line", long, func(c *net.TCPConn) {
			readRequest(c)
			for {
				if _, err := io.WriteString(c, strings.Repeat("a", 1000)); err != nil {
					return
				}
			}
		}, ReasonProtocol, "malformed"},
		{"endless hints", long, func(c *net.TCPConn) {
			readRequest(c)
			for {
				if _, err := io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\n"); err != nil {
					return
				}
			}
		}, ReasonProtocol, "malformed"},
		{"silent", short, untilClosed, ReasonTimeout, "time-out after 150 ms while waiting for the answer"},
		{"stops in the body", short, func(c *net.TCPConn) {
			readRequest(c)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			untilClosed(c)
		}, ReasonTimeout, "while reading the answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := serve(t, tt.answer)
			r := probing(t, "http", httpOptions("http://"+address), tt.timeout)
			wantResult(t, r, Fail, tt.reason, tt.summary)
			if r.Evidence == nil || r.Evidence.Remote != address {
				t.Errorf("evidence: %+v", r.Evidence)
			}
			if tt.timeout == short && r.Duration > 2*time.Second {
				t.Errorf("the time-out took %v", r.Duration)
			}
		})
	}
}

func TestHTTPOverTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.TLS.ServerName) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	server.StartTLS()
	defer server.Close()
	plain := serve(t, func(c *net.TCPConn) { io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n") })
	silent := serve(t, func(c *net.TCPConn) { untilClosed(c) })
	closing := serve(t, func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1024)) })

	insecure := func(o *HTTPOptions) { o.InsecureTLS = true }
	wantResult(t, probing(t, "http", httpOptions(server.URL), 5*time.Second), Fail, ReasonTLS, "the certificate is signed by an unknown authority")
	r := probing(t, "http", httpOptions(server.URL, insecure, func(o *HTTPOptions) {
		o.Host, o.Contains = "shop.example.com:8443", []string{"shop.example.com"}
	}), 5*time.Second)
	wantResult(t, r, Pass, "", "HTTP 200")
	if r.Phases.TLS <= 0 {
		t.Errorf("phases: %+v", r.Phases)
	}
	wantResult(t, probing(t, "http", httpOptions("https://"+plain), 5*time.Second), Fail, ReasonTLS, "the peer does not speak TLS")
	wantResult(t, probing(t, "http", httpOptions("https://"+silent), 150*time.Millisecond), Fail, ReasonTimeout, "time-out after 150 ms while negotiating TLS")
	wantResult(t, probing(t, "http", httpOptions("https://"+closing), 5*time.Second), Fail, ReasonReset, "while negotiating TLS")

	old := httptest.NewUnstartedServer(nil)
	old.Config.ErrorLog = server.Config.ErrorLog
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	defer old.Close()
	wantResult(t, probing(t, "http", httpOptions(old.URL, insecure), 5*time.Second), Fail, ReasonTLS, "refused the handshake")
}

// nameServer makes names be resolved by a server that answers each query with
// what answer makes of it. /etc/hosts still counts first.
// It tells of each reply sent.
func nameServer(t *testing.T, answer func(query []byte) []byte) (replied <-chan struct{}) {
	t.Helper()
	sent := make(chan struct{}, 64) // more than any test's queries
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		query := make([]byte, 2048)
		for {
			n, from, err := server.ReadFrom(query)
			if err != nil {
				return
			}
			_, _ = server.WriteTo(answer(query[:n]), from)
			sent <- struct{}{}
		}
	})
	dialer.Resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() {
		dialer.Resolver = nil
		server.Close()
		wg.Wait()
	})
	return sent
}

// noSuchName answers NXDOMAIN: the query with the bit QR and the code 3 (RFC
// 1035, 4.1.1).
func noSuchName(query []byte) []byte {
	query[2] |= 0x80
	query[3] = query[3]&0xf0 | 3
	return query
}

func TestHTTPNames(t *testing.T) {
	nameServer(t, noSuchName)
	wantResult(t, probing(t, "http", httpOptions("http://shop.invalid/"), 5*time.Second), Fail, ReasonDNS, "the name does not exist")
	wantResult(t, probing(t, "tcp", &TCPOptions{Address: "shop.invalid:1"}, 5*time.Second), Fail, ReasonDNS, "the name does not exist")

	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	r := probing(t, "http", httpOptions(strings.Replace(server.URL, "127.0.0.1", "localhost", 1)), 5*time.Second)
	wantResult(t, r, Pass, "", "HTTP 200")
	if r.Phases.DNS <= 0 || r.Phases.Connect <= 0 {
		t.Errorf("phases: %+v", r.Phases)
	}
}

func TestHTTPNameServerIsSilent(t *testing.T) {
	// It is silent until the probe is over. Then it answers the queries for
	// both families, since the resolver waits longer for them than a probe.
	over := make(chan struct{})
	replied := nameServer(t, func(query []byte) []byte {
		<-over
		return noSuchName(query)
	})
	r := probing(t, "http", httpOptions("http://shop.invalid./"), 150*time.Millisecond)
	close(over)
	<-replied
	<-replied
	wantResult(t, r, Fail, ReasonTimeout, "time-out after 150 ms while resolving the name")
	if r.Phases.DNS <= 0 || r.Phases.Connect != 0 {
		t.Errorf("phases: %+v", r.Phases)
	}
}

func TestTCP(t *testing.T) {
	greeting := serve(t, func(c *net.TCPConn) { io.WriteString(c, "220 mail.example.com ESMTP\r\n"); untilClosed(c) })
	echo := serve(t, func(c *net.TCPConn) { io.Copy(c, c) })
	brief := serve(t, func(c *net.TCPConn) { io.WriteString(c, "go away") })
	closing := serve(t, func(*net.TCPConn) {})
	silent := serve(t, func(c *net.TCPConn) { untilClosed(c) })
	endless := serve(t, func(c *net.TCPConn) {
		for {
			if _, err := io.WriteString(c, strings.Repeat("x", 1000)); err != nil {
				return
			}
		}
	})
	slow := serve(t, func(c *net.TCPConn) {
		for _, part := range []string{"PO", "N", "G"} {
			io.WriteString(c, part)
			_, _ = c.Read(make([]byte, 1)) // one byte of the request for each part
		}
		untilClosed(c)
	})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	refused := free.Addr().String()
	free.Close()

	const long, short = 5 * time.Second, 150 * time.Millisecond
	for _, tt := range []struct {
		name    string
		options TCPOptions
		timeout time.Duration
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"connect", TCPOptions{Address: silent}, long, Pass, "", "connected"},
		{"greeting", TCPOptions{Address: greeting, Expect: "220 "}, long, Pass, "", "answered as expected"},
		{"send", TCPOptions{Address: echo, Send: "PING\r\n", Expect: "PING"}, long, Pass, "", "answered"},
		{"in parts", TCPOptions{Address: slow, Send: "abc", Expect: "PONG"}, long, Pass, "", "answered"},
		{"refused", TCPOptions{Address: refused}, long, Fail, ReasonConnect, "connection refused"},
		{"other text", TCPOptions{Address: brief, Expect: "220"}, long, Fail, ReasonAssertion, `7 bytes lacks the expected "220"`},
		{"endless", TCPOptions{Address: endless, Expect: "220"}, long, Fail, ReasonAssertion, "first 64 KiB"},
		{"nothing", TCPOptions{Address: closing, Expect: "220"}, long, Fail, ReasonReset, "the peer closed the connection"},
		{"silent", TCPOptions{Address: silent, Expect: "220"}, short, Fail, ReasonTimeout, "time-out after 150 ms while waiting"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probing(t, "tcp", &tt.options, tt.timeout)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Phases.Connect <= 0 {
				t.Errorf("phases: %+v", r.Phases)
			}
		})
	}
	for _, address := range []string{"", "db.example.com", "db:0", "db:http", ":80"} {
		if _, err := Compile(Check{ID: "it", Kind: "tcp", Every: 1, Timeout: 1, Options: &TCPOptions{Address: address}}); err == nil {
			t.Errorf("address %q is accepted", address)
		}
	}
}

func TestShutdownYieldsNoResult(t *testing.T) {
	silent := serve(t, func(c *net.TCPConn) { untilClosed(c) })
	dir := t.TempDir()
	for _, c := range []Check{
		{Kind: "http", Options: httpOptions("http://" + silent)},
		{Kind: "http", Options: httpOptions("https://" + silent)},
		{Kind: "tcp", Options: &TCPOptions{Address: silent, Expect: "x"}},
		{Kind: "exec", Options: &ExecOptions{Argv: []string{"sleep", "30"}, Dir: dir}},
	} {
		c.ID, c.Every, c.Timeout = "it", time.Minute, 30*time.Second
		compiled, err := Compile(c)
		check(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		stop := time.AfterFunc(50*time.Millisecond, cancel)
		start := time.Now()
		if r, ok := compiled.Run(ctx); ok {
			t.Errorf("%s: got %+v, want no result", c.Kind, r)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: went on for %v", c.Kind, took)
		}
		stop.Stop()
		cancel()
	}
}

func TestPanicIsUnknown(t *testing.T) {
	c := &Compiled{Check: &Check{ID: "it", Timeout: time.Second}, probe: func(context.Context) Result { panic("no such thing") }}
	r, ok := c.Run(context.Background())
	wantResult(t, r, Unknown, ReasonInternal, "the probe panicked: no such thing")
	if !ok || r.Evidence == nil || len(r.Evidence.Output) > outputMax {
		t.Errorf("got %v %+v", ok, r)
	}
}

package checks

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestRefusal(t *testing.T) {
	for _, tt := range []struct{ addr, always, strictly string }{
		{"169.254.169.254", "cloud metadata addresses", "cloud metadata addresses"},
		{"169.254.1.1", "link-local addresses", "link-local addresses"},
		{"::ffff:169.254.169.254", "cloud metadata addresses", "cloud metadata addresses"},
		{"::ffff:a9fe:a9fe", "cloud metadata addresses", "cloud metadata addresses"},
		{"64:ff9b::a9fe:a9fe", "cloud metadata addresses", "cloud metadata addresses"}, // NAT64
		{"2002:a9fe:a9fe::1", "cloud metadata addresses", "cloud metadata addresses"},  // 6to4
		{"::169.254.169.254", "cloud metadata addresses", "cloud metadata addresses"},
		{"fd00:ec2::254", "cloud metadata addresses", "cloud metadata addresses"},
		{"100.100.100.200", "cloud metadata addresses", "cloud metadata addresses"},
		{"fe80::1", "link-local addresses", "link-local addresses"},
		{"fe80::1%eth0", "link-local addresses", "link-local addresses"},
		{"febf::1", "link-local addresses", "link-local addresses"},
		{"0.0.0.0", "unspecified addresses", "unspecified addresses"},
		{"::", "unspecified addresses", "unspecified addresses"},
		{"224.0.0.1", "multicast addresses", "multicast addresses"},
		{"ff02::1", "multicast addresses", "multicast addresses"},
		{"255.255.255.255", "broadcast addresses", "broadcast addresses"},
		{"127.0.0.1", "", "loopback addresses"},
		{"127.9.9.9", "", "loopback addresses"},
		{"::1", "", "loopback addresses"},
		{"::ffff:127.0.0.1", "", "loopback addresses"},
		{"64:ff9b::7f00:1", "", "loopback addresses"},
		{"10.1.2.3", "", "private addresses"},
		{"172.31.255.255", "", "private addresses"},
		{"192.168.0.1", "", "private addresses"},
		{"::ffff:192.168.0.1", "", "private addresses"},
		{"100.64.0.1", "", "private addresses"},
		{"fd12::1", "", "private addresses"},
		{"198.51.100.7", "", "reserved addresses"},
		{"64:ff9b:1::1", "", "reserved addresses"},
		{"240.0.0.1", "", "reserved addresses"},
		{"8.8.8.8", "", ""},
		{"172.32.0.1", "", ""},
		{"169.253.255.255", "", ""},
		{"2606:4700::1111", "", ""},
		{"64:ff9b::808:808", "", ""},
	} {
		addr := netip.MustParseAddr(tt.addr)
		if got := refusal(addr, false); got != tt.always {
			t.Errorf("%s: refused as %q, want %q", tt.addr, got, tt.always)
		}
		if got := refusal(addr, true); got != tt.strictly {
			t.Errorf("%s, strictly: refused as %q, want %q", tt.addr, got, tt.strictly)
		}
	}
}

// runOnce compiles and runs a check.
func runOnce(t *testing.T, c Check) Result {
	t.Helper()
	c.ID, c.Every, c.Timeout = "guarded", 5*time.Second, 5*time.Second
	compiled, err := Compile(c)
	check(t, err)
	r, ok := compiled.Run(t.Context())
	if !ok {
		t.Fatal("no result")
	}
	return r
}

func wantRefused(t *testing.T, r Result, summary string) {
	t.Helper()
	if r.Outcome != Unknown || r.Reason != ReasonInternal || r.Summary != summary {
		t.Errorf("got %s, %s, %q; want unknown, internal, %q", r.Outcome, r.Reason, r.Summary, summary)
	}
}

func TestGuardRefusesWhatIsNeverProbed(t *testing.T) {
	const metadata = "refuses to connect to 169.254.169.254: cloud metadata addresses are not probed"
	from := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/latest/meta-data/", http.StatusFound))
	defer from.Close()
	wantRefused(t, runOnce(t, Check{Kind: "http", Options: &HTTPOptions{URL: from.URL, Redirects: 5}}), metadata)
	wantRefused(t, runOnce(t, Check{Kind: "http", Options: &HTTPOptions{URL: "http://169.254.169.254/"}}), metadata)
	wantRefused(t, runOnce(t, Check{Kind: "tcp", Options: &TCPOptions{Address: "169.254.7.7:80"}}),
		"refuses to connect to 169.254.7.7: link-local addresses are not probed")
	wantRefused(t, runOnce(t, Check{Kind: "tcp", Options: &TCPOptions{Address: "0.0.0.0:80"}}),
		"refuses to connect to 0.0.0.0: unspecified addresses are not probed")
	// Whatever the resolver makes of these, it is no connection.
	for _, host := range []string{"2852039166", "0251.0376.0251.0376", "0xa9fea9fe", "169.254.43518", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]"} {
		r := runOnce(t, Check{Kind: "http", Options: &HTTPOptions{URL: "http://" + host + "/"}})
		if r.Reason != ReasonDNS && !strings.Contains(r.Summary, "are not probed") {
			t.Errorf("%s: %s, %s", host, r.Reason, r.Summary)
		}
	}
}

// publicly makes 127.0.0.2 and 127.0.0.3 count as public for a test; Linux answers on all
// of 127.0.0.0/8.
func publicly(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skip("this system has no 127.0.0.2: ", err)
	}
	l.Close()
	was := refusedStrictly
	t.Cleanup(func() { refusedStrictly = was })
	refusedStrictly = spans("loopback addresses", "127.0.0.1/32", "loopback addresses", "::1/128")
}

// listenOn starts a server on an address of this machine and counts its connections.
func listenOn(t *testing.T, address string, h http.Handler) (at string, connections *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	check(t, err)
	connections = new(atomic.Int32)
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h, ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}}}
	s.Start()
	t.Cleanup(s.Close)
	return l.Addr().String(), connections
}

func TestStrictRefusesRedirectsAndNames(t *testing.T) {
	publicly(t)
	const loopback = "refuses to connect to 127.0.0.1: loopback addresses are not probed"
	inside, touched := listenOn(t, "127.0.0.1:0", http.NotFoundHandler())
	_, port, err := net.SplitHostPort(inside)
	check(t, err)
	outside, _ := listenOn(t, "127.0.0.2:"+port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
		}
	}))
	strict := func(url string) Result {
		return runOnce(t, Check{Kind: "http", Strict: true, Options: &HTTPOptions{URL: url, Redirects: 5}})
	}
	if r := strict("http://" + outside); r.Outcome != Pass {
		t.Fatalf("an allowed address: %s, %s", r.Outcome, r.Summary)
	}
	wantRefused(t, strict("http://"+outside+"?to=http://"+inside), loopback)
	wantRefused(t, strict("http://[::ffff:127.0.0.1]:"+port), loopback)
	for _, host := range []string{"2130706433", "0177.0.0.1", "0x7f000001", "127.1"} {
		if r := strict("http://" + host + ":" + port); r.Outcome == Pass {
			t.Errorf("%s: passed", host)
		}
	}

	resolveWith(t, map[string][]string{ // :: name -> addresses
		"inside.test.": {"127.0.0.1"},
		"both.test.":   {"127.0.0.1", "127.0.0.2"},
	})
	wantRefused(t, strict("http://inside.test:"+port), loopback)
	wantRefused(t, strict("http://"+outside+"?to=http://inside.test:"+port), loopback)
	if r := strict("http://both.test:" + port); r.Outcome != Pass {
		t.Errorf("a name with an allowed address: %s, %s", r.Outcome, r.Summary)
	}
	// The same name, not strict: the address is fine. Connections are taken in
	// the order they came, so whoever came before is counted by now.
	r := runOnce(t, Check{Kind: "http", Options: &HTTPOptions{URL: "http://inside.test:" + port}})
	if r.Summary != "HTTP 404, expected 2xx or 3xx" || touched.Load() != 1 {
		t.Errorf("not strict: %s, after %d connections, want HTTP 404 and 1", r.Summary, touched.Load())
	}
}

func TestStrictRunsNoScript(t *testing.T) {
	_, err := Compile(Check{ID: "a", Kind: "exec", Strict: true, Every: time.Second, Timeout: time.Second, Options: &ExecOptions{Argv: []string{"true"}}})
	if err == nil || !strings.Contains(err.Error(), "runs no script") {
		t.Errorf("got %v", err)
	}
}

// resolveWith answers the package's questions for names from a table, over UDP.
func resolveWith(t *testing.T, table map[string][]string) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	check(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		packet := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(packet)
			if err != nil {
				return
			}
			if n > 12 {
				_, _ = server.WriteTo(answerDNS(packet[:n], table), from)
			}
		}
	}()
	was := dialer.Resolver
	dialer.Resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() {
		dialer.Resolver = was
		server.Close()
		<-done
	})
}

// answerDNS answers one question for A, and any other with nothing (RFC 1035, 4.1).
func answerDNS(query []byte, table map[string][]string) []byte {
	name, end := "", 12
	for query[end] != 0 {
		size := int(query[end])
		name += string(query[end+1:end+1+size]) + "."
		end += 1 + size
	}
	end += 5 // the root, type and class
	addresses := table[name]
	if binary.BigEndian.Uint16(query[end-4:]) != 1 {
		addresses = nil
	}
	out := append([]byte{}, query[:end]...)
	copy(out[2:], []byte{0x84, 0, 0, 1, 0, byte(len(addresses)), 0, 0, 0, 0})
	for _, a := range addresses {
		out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		out = append(out, netip.MustParseAddr(a).AsSlice()...)
	}
	return out
}

// A connection that is not made by the guarded dialer is not guarded.
func TestNobodyDialsPastTheGuard(t *testing.T) {
	past := regexp.MustCompile(`net\.Dial|tls\.Dial|http\.Default(Client|Transport)\b|http\.Get|http\.Client\{`)
	comments := regexp.MustCompile(`(?m)//.*$`)
	files, err := filepath.Glob("*.go")
	check(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "guard.go" {
			continue
		}
		text, err := os.ReadFile(file)
		check(t, err)
		text = comments.ReplaceAll(text, nil)
		if found := past.Find(text); found != nil {
			t.Errorf("%s: %s makes connections past the guard; use the dialer of guard.go", file, found)
		}
	}
}

package probe_test

import (
	"github.com/statusbot/statusbot/internal/checks"
	execkind "github.com/statusbot/statusbot/internal/checks/kind/exec"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"

	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	tcpkind "github.com/statusbot/statusbot/internal/checks/kind/tcp"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// runOnce compiles and runs a check.
func runOnce(t *testing.T, kind *probe.Kind, c checks.Check) checks.Result {
	t.Helper()
	c.ID, c.Every, c.Timeout = "guarded", 5*time.Second, 5*time.Second
	compiled, err := probetest.Compiled(kind, c)
	probetest.OK(t, err)
	r, ok := compiled.Run(t.Context())
	if !ok {
		t.Fatal("no result")
	}
	return r
}

func wantRefused(t *testing.T, r checks.Result, summary string) {
	t.Helper()
	if r.Outcome != checks.Unknown || r.Reason != checks.ReasonInternal || r.Summary != summary {
		t.Errorf("got %s, %s, %q; want unknown, internal, %q", r.Outcome, r.Reason, r.Summary, summary)
	}
}

func TestGuardRefusesWhatIsNeverProbed(t *testing.T) {
	const metadata = "refuses to connect to 169.254.169.254: cloud metadata addresses are not probed"
	from := httptest.NewServer(http.RedirectHandler("http://169.254.169.254/latest/meta-data/", http.StatusFound))
	defer from.Close()
	wantRefused(t, runOnce(t, &httpkind.Kind, checks.Check{Options: &httpkind.Options{URL: from.URL, Redirects: 5}}), metadata)
	probetest.ResolveWith(t, map[string][]string{"metadata.example.": {"169.254.169.254"}, "local.example.": {"169.254.7.7"}, "none.example.": {"0.0.0.0"}})
	wantRefused(t, runOnce(t, &httpkind.Kind, checks.Check{Options: &httpkind.Options{URL: "http://metadata.example/"}}), metadata)
	wantRefused(t, runOnce(t, &tcpkind.Kind, checks.Check{Options: &tcpkind.Options{Address: "local.example:80"}}),
		"refuses to connect to 169.254.7.7: link-local addresses are not probed")
	wantRefused(t, runOnce(t, &tcpkind.Kind, checks.Check{Options: &tcpkind.Options{Address: "none.example:80"}}),
		"refuses to connect to 0.0.0.0: unspecified addresses are not probed")
	for _, host := range []string{"2852039166", "0251.0376.0251.0376", "0xa9fea9fe", "169.254.43518"} {
		_, err := probetest.Compiled(&httpkind.Kind, checks.Check{ID: "guarded", Every: 5 * time.Second, Timeout: 5 * time.Second, Options: &httpkind.Options{URL: "http://" + host + "/"}})
		if err == nil || !strings.Contains(err.Error(), "write 169.254.169.254") {
			t.Errorf("%s: %v", host, err)
		}
	}
	// What can be told from the configuration is told when it is loaded.
	for key, options := range map[string][]any{
		"url":      {&httpkind.Options{URL: "http://169.254.169.254/"}, &httpkind.Options{URL: "http://[::ffff:169.254.169.254]/"}, &httpkind.Options{URL: "http://[fe80::1%25lo]/"}},
		"address":  {&tcpkind.Options{Address: "0.0.0.0:80"}, &tcpkind.Options{Address: "[fe80::1%eth0]:80"}},
		"resolver": {&tcpkind.Options{Address: "a.example:80", WayOptions: probe.WayOptions{Resolver: probe.Resolvers{"169.254.169.253"}}}},
	} {
		for _, o := range options {
			kind := &tcpkind.Kind
			if _, web := o.(*httpkind.Options); web {
				kind = &httpkind.Kind
			}
			probetest.WantOptionError(t, kind, o, key)
		}
	}
}

// listenOn starts a server on an address of this machine and counts its connections.
func listenOn(t *testing.T, address string, h http.Handler) (at string, connections *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	probetest.OK(t, err)
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
	probe.Publicly(t)
	const loopback = "refuses to connect to 127.0.0.1: loopback addresses are not probed"
	inside, touched := listenOn(t, "127.0.0.1:0", http.NotFoundHandler())
	_, port, err := net.SplitHostPort(inside)
	probetest.OK(t, err)
	outside, _ := listenOn(t, "127.0.0.2:"+port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
		}
	}))
	strict := func(url string) checks.Result {
		return runOnce(t, &httpkind.Kind, checks.Check{Strict: true, Options: &httpkind.Options{URL: url, Redirects: 5}})
	}
	if r := strict("http://" + outside); r.Outcome != checks.Pass {
		t.Fatalf("an allowed address: %s, %s", r.Outcome, r.Summary)
	}
	wantRefused(t, strict("http://"+outside+"?to=http://"+inside), loopback)
	wantRefused(t, strict("http://[::ffff:127.0.0.1]:"+port), loopback)
	for _, host := range []string{"2130706433", "0177.0.0.1", "0x7f000001", "127.1"} {
		if r := strict("http://" + outside + "?to=http://" + host + ":" + port); r.Outcome == checks.Pass {
			t.Errorf("%s: passed", host)
		}
	}

	probetest.ResolveWith(t, map[string][]string{ // :: name -> addresses
		"inside.test.": {"127.0.0.1"},
		"both.test.":   {"127.0.0.1", "127.0.0.2"},
	})
	wantRefused(t, strict("http://inside.test:"+port), loopback)
	wantRefused(t, strict("http://"+outside+"?to=http://inside.test:"+port), loopback)
	if r := strict("http://both.test:" + port); r.Outcome != checks.Pass {
		t.Errorf("a name with an allowed address: %s, %s", r.Outcome, r.Summary)
	}
	// The same name, not strict: the address is fine. Connections are taken in
	// the order they came, so whoever came before is counted by now.
	r := runOnce(t, &httpkind.Kind, checks.Check{Options: &httpkind.Options{URL: "http://inside.test:" + port}})
	if r.Summary != "HTTP 404, expected 2xx or 3xx" || touched.Load() != 1 {
		t.Errorf("not strict: %s, after %d connections, want HTTP 404 and 1", r.Summary, touched.Load())
	}
}

func TestStrictRunsNoScript(t *testing.T) {
	_, err := probetest.Compiled(&execkind.Kind, checks.Check{ID: "a", Kind: "exec", Strict: true, Every: time.Second, Timeout: time.Second, Options: &execkind.Options{Argv: []string{"true"}}})
	if err == nil || !strings.Contains(err.Error(), "runs no script") {
		t.Errorf("got %v", err)
	}
}

package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// optionsFor returns options with defaults, changed by the funcs.
func optionsFor(url string, change ...func(*Options)) *Options {
	o := Kind.Options().(*Options)
	o.URL = url
	for _, f := range change {
		f(o)
	}
	return o
}

func TestHTTPAnswers(t *testing.T) {
	yes, no := true, false
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"status":"ok","n":3,"list":[{"up":true},{"up":true}],"agent":%q}`, r.UserAgent())
	})
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, _, _ := r.BasicAuth()
		fmt.Fprintf(w, "%s %s host=%s x=%s user=%s", r.Method, body, r.Host, r.Header.Get("X-Key"), user)
	})
	mux.HandleFunc("/teapot", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "short and stout")
	})
	mux.HandleFunc("/hop", func(w http.ResponseWriter, r *http.Request) {
		var n int
		fmt.Sscan(r.URL.Query().Get("n"), &n)
		if n == 0 {
			fmt.Fprint(w, "arrived with ", r.Header.Get("X-Key"))
			return
		}
		http.Redirect(w, r, fmt.Sprintf("/hop?n=%d", n-1), http.StatusFound)
	})
	mux.HandleFunc("/keep", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/echo", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("a", probe.ReadMax))
		io.WriteString(w, "needle")
	})
	mux.HandleFunc("/huge", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("a", 2*probe.ReadMax)) })
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"a": "`+strings.Repeat("a", 2*probe.ReadMax)+`", "n": 1}`)
	})
	mux.HandleFunc("/hints", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "after the hints")
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	type change = func(*Options)
	for _, tt := range []struct {
		name, path string
		change     change
		outcome    checks.Outcome
		reason     checks.Reason
		summary    string
	}{
		{"pass", "/ok", nil, checks.Pass, "", "HTTP 200"},
		{"agent", "/ok", func(o *Options) { o.Contains = []string{`"agent":"statusbot"`} }, checks.Pass, "", "HTTP 200"},
		{"request", "/echo", func(o *Options) {
			o.Method, o.Body, o.Host = "post", "hello", "shop.example.com"
			o.Headers = map[string]string{"x-key": "k1"}
			o.Contains = []string{"POST hello host=shop.example.com x=k1"}
		}, checks.Pass, "", "HTTP 200"},
		{"head", "/ok", func(o *Options) { o.Method = "HEAD" }, checks.Pass, "", "HTTP 200"},
		{"early hints", "/hints", func(o *Options) { o.Contains = []string{"after"} }, checks.Pass, "", "HTTP 200"},
		{"status", "/teapot", nil, checks.Fail, checks.ReasonStatus, "HTTP 418, expected 2xx"},
		{"status code", "/teapot", func(o *Options) { o.Status = []any{200, 418} }, checks.Pass, "", "HTTP 418"},
		{"status class", "/teapot", func(o *Options) { o.Status = []any{"4xx"} }, checks.Pass, "", "HTTP 418"},
		{"status span", "/teapot", func(o *Options) { o.Status = []any{"200-299", "500-599"} }, checks.Fail, checks.ReasonStatus, "expected 200-299, 500-599"},
		{"contains", "/ok", func(o *Options) { o.Contains = []string{"absent"} }, checks.Fail, checks.ReasonAssertion, `"absent" is not in the body`},
		{"not contains", "/ok", func(o *Options) { o.NotContains = []string{"status"} }, checks.Fail, checks.ReasonAssertion, `"status" is in the body`},
		{"beyond 64 KiB", "/big", func(o *Options) { o.Contains = []string{"needle"} }, checks.Fail, checks.ReasonAssertion, "first 64 KiB"},
		{"told to read on", "/big", func(o *Options) { o.Contains, o.ReadKiB = []string{"needle"}, 65 }, checks.Pass, "", "HTTP 200"},
		{"read on, and there", "/big", func(o *Options) { o.NotContains, o.ReadKiB = []string{"needle"}, 1024 }, checks.Fail, checks.ReasonAssertion, `"needle" is in the body`},
		{"read on in vain", "/huge", func(o *Options) { o.Contains, o.ReadKiB = []string{"needle"}, 100 }, checks.Fail, checks.ReasonAssertion, `"needle" is not in the first 100 KiB of the body`},
		{"json read on", "/long", func(o *Options) { o.JSON, o.ReadKiB = []JSONAssertion{{Path: "$.n", Equals: 1}}, 200 }, checks.Pass, "", "HTTP 200"},
		{"json too long to read on", "/long", func(o *Options) { o.JSON, o.ReadKiB = []JSONAssertion{{Path: "$.n"}}, 80 }, checks.Unknown, checks.ReasonInternal, "longer than the 80 KiB of JSON that a check reads; read_kib makes it more"},
		{"json of a long body in an expression", "/long", func(o *Options) { o.Expect, o.ReadKiB = probetest.Said("json.n == 1 && body.size() == 65536"), 200 }, checks.Pass, "", "HTTP 200"},
		{"big", "/big", func(o *Options) { o.NotContains = []string{"needle"} }, checks.Pass, "", "HTTP 200"},
		{"redirects", "/hop?n=5", func(o *Options) {
			o.Headers = map[string]string{"X-Key": "k1"}
			o.Contains = []string{"arrived with k1"}
		}, checks.Pass, "", "HTTP 200"},
		{"too many redirects", "/hop?n=6", nil, checks.Fail, checks.ReasonStatus, "HTTP 302 after 5 redirects, expected 2xx"},
		{"redirects not followed", "/hop?n=1", func(o *Options) { o.Redirects = 0 }, checks.Pass, "", "HTTP 302"},
		{"redirect listed", "/hop?n=1", func(o *Options) { o.Status = []any{302} }, checks.Pass, "", "HTTP 302"},
		{"307 repeats the request", "/keep", func(o *Options) {
			o.Method, o.Body, o.Contains = "POST", "again", []string{"POST again"}
		}, checks.Pass, "", "HTTP 200"},
		{"json", "/ok", func(o *Options) {
			o.JSON = []JSONAssertion{{Path: "$.status", Equals: "ok"}, {Path: "$.n", Equals: 3}, {Path: "$.list[*].up", Equals: true}, {Path: "$.gone", Exists: &no}, {Path: "$.n", Exists: &yes}}
		}, checks.Pass, "", "HTTP 200"},
		{"json differs", "/ok", func(o *Options) { o.JSON = []JSONAssertion{{Path: "$.n", Equals: 4}} }, checks.Fail, checks.ReasonAssertion, "$.n is 3, expected 4"},
		{"json absent", "/ok", func(o *Options) { o.JSON = []JSONAssertion{{Path: "$.gone"}} }, checks.Fail, checks.ReasonAssertion, "$.gone does not exist"},
		{"json there", "/ok", func(o *Options) { o.JSON = []JSONAssertion{{Path: "$.n", Exists: &no}} }, checks.Fail, checks.ReasonAssertion, "$.n exists"},
		{"no json", "/teapot", func(o *Options) {
			o.Status = []any{418}
			o.JSON = []JSONAssertion{{Path: "$.n"}}
		}, checks.Fail, checks.ReasonAssertion, "the body is not JSON"},
		{"too much json", "/big", func(o *Options) { o.JSON = []JSONAssertion{{Path: "$.n"}} }, checks.Unknown, checks.ReasonInternal, "64 KiB"},
		{"degraded", "/ok", func(o *Options) { o.DegradedOver = 1 }, checks.Degraded, checks.ReasonLatency, "limit"},
		{"slow", "/ok", func(o *Options) { o.DegradedOver, o.FailOver = 1, 2 }, checks.Fail, checks.ReasonLatency, "limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := optionsFor(server.URL + tt.path)
			if tt.change != nil {
				tt.change(o)
			}
			r := probetest.Probing(t, &Kind, o, time.Minute)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Phases.Connect <= 0 || r.Phases.FirstByte <= 0 || r.Phases.DNS != 0 || r.Phases.TLS != 0 {
				t.Errorf("phases: %+v", r.Phases)
			}
			if (r.Outcome == checks.Pass) != (r.Evidence == nil) {
				t.Errorf("outcome %s with evidence %+v", r.Outcome, r.Evidence)
			}
			if e := r.Evidence; e != nil && (e.Status == 0 || e.Remote != server.Listener.Addr().String()) {
				t.Errorf("evidence: %+v", e)
			}
		})
	}
}

func TestHTTPKeepsSecrets(t *testing.T) {
	var foreign atomic.Value
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		foreign.Store(r.Header.Get("X-Key") + r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusTeapot)
	}))
	defer other.Close()
	var seen atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		seen.Store(user + ":" + password + " " + r.Header.Get("X-Key"))
		http.Redirect(w, r, other.URL, http.StatusFound)
	}))
	defer server.Close()

	url := strings.Replace(server.URL, "://", "://ana:s3cret@", 1)
	r := probetest.Probing(t, &Kind, optionsFor(url, func(o *Options) { o.Headers = map[string]string{"X-Key": "t0ken"} }), time.Minute)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonStatus, "HTTP 418 after 1 redirect")
	if got := seen.Load(); got != "ana:s3cret t0ken" {
		t.Errorf("the server saw %q", got)
	}
	if got := foreign.Load(); got != "" {
		t.Errorf("the other host saw %q", got)
	}
	if text := fmt.Sprintf("%+v %+v", r, *r.Evidence); strings.Contains(text, "s3cret") || strings.Contains(text, "t0ken") {
		t.Errorf("a secret is in %s", text)
	}
	server.Close()
	r = probetest.Probing(t, &Kind, optionsFor(url), time.Minute)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonConnect, "connection refused")
	if text := fmt.Sprintf("%+v", r); strings.Contains(text, "s3cret") {
		t.Errorf("a secret is in %s", text)
	}
}

func TestHTTPReuse(t *testing.T) {
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	run := func(c *probe.Compiled) checks.Result {
		t.Helper()
		r, _ := c.Run(context.Background())
		probetest.WantResult(t, r, checks.Pass, "", "HTTP 200")
		return r
	}
	for _, tt := range []struct {
		reuse bool
		want  int32
	}{{false, 3}, {true, 1}} {
		connections.Store(0)
		c, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "http", Every: time.Minute, Timeout: 5 * time.Second,
			Options: optionsFor(server.URL, func(o *Options) { o.Reuse = tt.reuse })})
		probetest.OK(t, err)
		for range 3 {
			run(c)
		}
		if got := connections.Load(); got != tt.want {
			t.Errorf("reuse %v: %d connections, want %d", tt.reuse, got, tt.want)
		}
		// A server that drops idle connections is in its right.
		server.CloseClientConnections()
		if r := run(c); tt.reuse && r.Phases.Connect == 0 {
			t.Error("no new connection after the kept one was closed")
		}
	}
}

func TestHTTPOptionErrors(t *testing.T) {
	for _, tt := range []struct {
		key    string
		change func(*Options)
	}{
		{"url", func(o *Options) { o.URL = "" }},
		{"url", func(o *Options) { o.URL = "pay.example.com" }},
		{"url", func(o *Options) { o.URL = "https://" }},
		{"url", func(o *Options) { o.URL = "http://ana:s3cret@[bad" }},
		{"method", func(o *Options) { o.Method = "G E T" }},
		{"headers.x y", func(o *Options) { o.Headers = map[string]string{"x y": "1"} }},
		{"headers.x", func(o *Options) { o.Headers = map[string]string{"x": "s3cret\r\ny: 1"} }},
		{"headers.host", func(o *Options) { o.Headers = map[string]string{"host": "a"} }},
		{"host", func(o *Options) { o.Host = "a b" }},
		{"redirects", func(o *Options) { o.Redirects = -1 }},
		{"read_kib", func(o *Options) { o.ReadKiB = 1025 }},
		{"read_kib", func(o *Options) { o.ReadKiB = -1 }},
		{"status[1]", func(o *Options) { o.Status = []any{200, "9xx"} }},
		{"contains[0]", func(o *Options) { o.Contains = []string{""} }},
		{"json[0].path", func(o *Options) { o.JSON = []JSONAssertion{{Path: "$["}} }},
		{"degraded_over", func(o *Options) { o.DegradedOver, o.FailOver = 2, 1 }},
		{"fail_over", func(o *Options) { o.FailOver = time.Hour }},
	} {
		_, err := probetest.Compiled(&Kind, checks.Check{ID: "it", Kind: "http", Every: time.Minute, Timeout: time.Second, Options: optionsFor("http://a.example", tt.change)})
		var wrong *probe.OptionError
		if !errors.As(err, &wrong) || wrong.Key != tt.key {
			t.Errorf("got %v, want an error about %s", err, tt.key)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("a secret is in %v", err)
		}
	}
}

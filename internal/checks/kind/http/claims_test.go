package http

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

func TestHTTPExpressions(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/items", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Build", "42")
		w.Header().Add("X-Build", "43")
		w.Header().Set("Set-Cookie", "session=cookievalue")
		fmt.Fprintf(w, `{"items":[{"up":true},{"up":false}],"queue":140,"state":"warm","long":%q,"lines":"a\nb","access_token":"tokenvalue","none":null}`, strings.Repeat("ä", 100))
	})
	mux.HandleFunc("/text", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "plain \xff text") })
	mux.HandleFunc("/down", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	mux.HandleFunc("/big", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(probe.ReadMax+10))
		io.WriteString(w, `["`+strings.Repeat("a", probe.ReadMax+6)+`"]`)
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select { // slow is what it is for
		case <-time.After(30 * time.Millisecond):
		case <-r.Context().Done():
		}
		io.WriteString(w, "late")
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	for _, tt := range []struct {
		name, path string
		expect     string
		failIf     string
		degradedIf string
		outcome    checks.Outcome
		reason     checks.Reason
		summary    string
	}{
		{"all hold", "/items", "status == 200 && json.items.size() > 0 && latency < duration('5s') && size > 100 && headers['x-build'] == '42'", "json.queue > 500", "latency > duration('5s')", checks.Pass, "", "HTTP 200"},
		{"whole numbers", "/items", "json.queue == 140 && json.queue > 139 && json.queue - 1 > 139.0", "", "", checks.Fail, checks.ReasonAssertion, "json.queue - 1 > 139.0 has no value: numbers in JSON are doubles, so write 1.0 for 1"},
		{"doubles", "/items", "json.queue - 1.0 == 139.0", "", "", checks.Pass, "", ""},
		{"conjunct named", "/items", "status == 200 && json.queue < 100 && size > 0", "", "", checks.Fail, checks.ReasonAssertion, "json.queue < 100 is false: json.queue is 140"},
		{"in parentheses", "/items", "(status == 200 && (json.queue < 100))", "", "", checks.Fail, checks.ReasonAssertion, "json.queue < 100 is false: json.queue is 140"},
		{"or is one", "/items", "status == 201 || json.state == 'hot'", "", "", checks.Fail, checks.ReasonAssertion, `status == 201 || json.state == 'hot' is false: status is 200, json.state is "warm"`},
		{"&& in a string", "/items", "json.state == 'a && b'", "", "", checks.Fail, checks.ReasonAssertion, `json.state == 'a && b' is false: json.state is "warm"`},
		{"latency", "/slow", "latency < duration('20ms')", "", "", checks.Fail, checks.ReasonAssertion, "latency < duration('20ms') is false: latency is "},
		{"degraded", "/slow", "", "", "latency > duration('20ms')", checks.Degraded, checks.ReasonAssertion, "latency > duration('20ms') is true: latency is "},
		{"fail if", "/items", "", "json.queue > 100", "", checks.Fail, checks.ReasonAssertion, "json.queue > 100 is true: json.queue is 140"},
		{"fail before degraded", "/items", "", "json.queue > 100", "json.queue > 50", checks.Fail, checks.ReasonAssertion, "json.queue > 100"},
		{"size of a list", "/items", "json.items.size() == 3", "", "", checks.Fail, checks.ReasonAssertion, "json.items.size() is 2"},
		{"all of a list", "/items", "json.items.all(i, i.up)", "", "", checks.Fail, checks.ReasonAssertion, `json.items is [{"up":true},{"up":false}]`},
		{"of a text", "/text", "body.contains('html')", "", "", checks.Fail, checks.ReasonAssertion, "body is \"plain \uFFFD text\""},
		{"shortened", "/items", "json.long == ''", "", "", checks.Fail, checks.ReasonAssertion, `json.long is "` + strings.Repeat("ä", 59) + `…"`},
		{"one line", "/items", "json.lines == ''", "", "", checks.Fail, checks.ReasonAssertion, `json.lines is "a\nb"`},
		{"header", "/items", "headers['x-build'] == '1'", "", "", checks.Fail, checks.ReasonAssertion, `is "42"`},
		{"secret header", "/items", "headers['set-cookie'] == 'guess'", "", "", checks.Fail, checks.ReasonAssertion, "a claim of expect about a secret is false"},
		{"headers by a loop", "/items", "headers.all(h, headers[h] == 'x')", "", "", checks.Fail, checks.ReasonAssertion, "a claim of expect about a secret is false"},
		{"secret key", "/items", "json.access_token == 'guess'", "", "", checks.Fail, checks.ReasonAssertion, "a claim of expect about a secret is false"},
		{"has a header", "/items", "'x-build' in headers && !('x-gone' in headers)", "", "", checks.Pass, "", ""},
		{"no such key", "/items", "json.things.size() > 0", "", "", checks.Fail, checks.ReasonAssertion, "json.things: no such key"},
		{"no such header", "/items", "headers['x-gone'] == ''", "", "", checks.Fail, checks.ReasonAssertion, `headers["x-gone"]: no such key`},
		{"no such key below", "/items", "", "", "json.items[0].down", checks.Fail, checks.ReasonAssertion, "json.items[0].down: no such key"},
		{"not a truth", "/items", "json.state", "", "", checks.Fail, checks.ReasonAssertion, `json.state is "warm", neither true nor false`},
		{"no json", "/text", "json.items.size() > 0", "", "", checks.Fail, checks.ReasonAssertion, "has no value: the answer is no JSON, or null"},
		{"null", "/text", "json == null", "", "", checks.Pass, "", ""},
		{"status first", "/down", "json.items.size() > 0", "", "", checks.Fail, checks.ReasonStatus, "HTTP 503, expected 2xx"},
		{"too much json", "/big", "json.size() > 0", "", "", checks.Unknown, checks.ReasonInternal, "64 KiB"},
		{"big", "/big", "size == 65546 && body.size() == 65536", "", "", checks.Pass, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := optionsFor(server.URL+tt.path, func(o *Options) {
				o.Expect, o.FailIf, o.DegradedIf = probetest.Said(tt.expect), probetest.Said(tt.failIf), probetest.Said(tt.degradedIf)
			})
			r := probetest.Probing(t, &Kind, o, 10*time.Second)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if strings.Contains(r.Summary, "cookievalue") || strings.Contains(r.Summary, "tokenvalue") || strings.Contains(r.Summary, "guess") {
				t.Errorf("the summary tells a secret: %s", r.Summary)
			}
			if (r.Outcome == checks.Pass) != (r.Evidence == nil) {
				t.Errorf("%s with evidence %+v", r.Outcome, r.Evidence)
			}
		})
	}
}

// TestExpressionsAreBounded sends a body for which the expression would take
// 10^9 steps and more.
func TestExpressionsAreBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "["+strings.Repeat("1,", 32_000)+"1]")
	}))
	defer server.Close()
	for _, expression := range []string{
		"json.all(a, json.all(b, json.all(c, c == 1)))",
		"json.map(a, json.map(b, a + b)).size() > 0",
		"json.all(a, !body.matches('^(.*,)*2'))",
	} {
		// One without an end would end with the time-out, and say so.
		r := probetest.Probing(t, &Kind, optionsFor(server.URL, func(o *Options) { o.Expect = probetest.Said(expression) }), 50*time.Second)
		probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "takes more work on this answer than is allowed")
	}
}

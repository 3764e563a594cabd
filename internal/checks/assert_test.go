package checks

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
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
		w.Header().Set("Content-Length", fmt.Sprint(readMax+10))
		io.WriteString(w, `["`+strings.Repeat("a", readMax+6)+`"]`)
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
		outcome    Outcome
		reason     Reason
		summary    string
	}{
		{"all hold", "/items", "status == 200 && json.items.size() > 0 && latency < duration('5s') && size > 100 && headers['x-build'] == '42'", "json.queue > 500", "latency > duration('5s')", Pass, "", "HTTP 200"},
		{"whole numbers", "/items", "json.queue == 140 && json.queue > 139 && json.queue - 1 > 139.0", "", "", Fail, ReasonAssertion, "json.queue - 1 > 139.0 has no value: no such overload"},
		{"doubles", "/items", "json.queue - 1.0 == 139.0", "", "", Pass, "", ""},
		{"conjunct named", "/items", "status == 200 && json.queue < 100 && size > 0", "", "", Fail, ReasonAssertion, "json.queue < 100 is false: json.queue is 140"},
		{"in parentheses", "/items", "(status == 200 && (json.queue < 100))", "", "", Fail, ReasonAssertion, "json.queue < 100 is false: json.queue is 140"},
		{"or is one", "/items", "status == 201 || json.state == 'hot'", "", "", Fail, ReasonAssertion, `status == 201 || json.state == 'hot' is false: status is 200, json.state is "warm"`},
		{"&& in a string", "/items", "json.state == 'a && b'", "", "", Fail, ReasonAssertion, `json.state == 'a && b' is false: json.state is "warm"`},
		{"latency", "/slow", "latency < duration('20ms')", "", "", Fail, ReasonAssertion, "latency < duration('20ms') is false: latency is "},
		{"degraded", "/slow", "", "", "latency > duration('20ms')", Degraded, ReasonAssertion, "latency > duration('20ms') is true: latency is "},
		{"fail if", "/items", "", "json.queue > 100", "", Fail, ReasonAssertion, "json.queue > 100 is true: json.queue is 140"},
		{"fail before degraded", "/items", "", "json.queue > 100", "json.queue > 50", Fail, ReasonAssertion, "json.queue > 100"},
		{"size of a list", "/items", "json.items.size() == 3", "", "", Fail, ReasonAssertion, "json.items.size() is 2"},
		{"all of a list", "/items", "json.items.all(i, i.up)", "", "", Fail, ReasonAssertion, `json.items is [{"up":true},{"up":false}]`},
		{"of a text", "/text", "body.contains('html')", "", "", Fail, ReasonAssertion, "body is \"plain \uFFFD text\""},
		{"shortened", "/items", "json.long == ''", "", "", Fail, ReasonAssertion, `json.long is "` + strings.Repeat("ä", 59) + `…"`},
		{"one line", "/items", "json.lines == ''", "", "", Fail, ReasonAssertion, `json.lines is "a\nb"`},
		{"header", "/items", "headers['x-build'] == '1'", "", "", Fail, ReasonAssertion, `is "42"`},
		{"secret header", "/items", "headers['set-cookie'] == 'guess'", "", "", Fail, ReasonAssertion, "a claim of expect about a secret is false"},
		{"headers by a loop", "/items", "headers.all(h, headers[h] == 'x')", "", "", Fail, ReasonAssertion, "a claim of expect about a secret is false"},
		{"secret key", "/items", "json.access_token == 'guess'", "", "", Fail, ReasonAssertion, "a claim of expect about a secret is false"},
		{"has a header", "/items", "'x-build' in headers && !('x-gone' in headers)", "", "", Pass, "", ""},
		{"no such key", "/items", "json.things.size() > 0", "", "", Fail, ReasonAssertion, "json.things: no such key"},
		{"no such header", "/items", "headers['x-gone'] == ''", "", "", Fail, ReasonAssertion, `headers["x-gone"]: no such key`},
		{"no such key below", "/items", "", "", "json.items[0].down", Fail, ReasonAssertion, "json.items[0].down: no such key"},
		{"not a truth", "/items", "json.state", "", "", Fail, ReasonAssertion, `json.state is "warm", neither true nor false`},
		{"no json", "/text", "json.items.size() > 0", "", "", Fail, ReasonAssertion, "json is null"},
		{"null", "/text", "json == null", "", "", Pass, "", ""},
		{"status first", "/down", "json.items.size() > 0", "", "", Fail, ReasonStatus, "HTTP 503, expected 2xx"},
		{"too much json", "/big", "json.size() > 0", "", "", Unknown, ReasonInternal, "64 KiB"},
		{"big", "/big", "size == 65546 && body.size() == 65536", "", "", Pass, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := httpOptions(server.URL+tt.path, func(o *HTTPOptions) {
				o.Expect, o.FailIf, o.DegradedIf = said(tt.expect), said(tt.failIf), said(tt.degradedIf)
			})
			r := probing(t, "http", o, 10*time.Second)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if strings.Contains(r.Summary, "cookievalue") || strings.Contains(r.Summary, "tokenvalue") || strings.Contains(r.Summary, "guess") {
				t.Errorf("the summary tells a secret: %s", r.Summary)
			}
			if (r.Outcome == Pass) != (r.Evidence == nil) {
				t.Errorf("%s with evidence %+v", r.Outcome, r.Evidence)
			}
		})
	}
}

// said is the list that a configuration makes of one text, or of none.
func said(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func TestTCPExpressions(t *testing.T) {
	banner := serve(t, func(c *net.TCPConn) {
		io.WriteString(c, "220 mail ")
		io.WriteString(c, "ready\r\nand more")
		untilClosed(c)
	})
	short := serve(t, func(c *net.TCPConn) { io.WriteString(c, "busy") })
	for _, tt := range []struct {
		name    string
		o       TCPOptions
		outcome Outcome
		reason  Reason
		summary string
	}{
		{"first line", TCPOptions{Address: banner, Assert: said("received.startsWith('220 mail ready') && latency < duration('5s')")}, Pass, "", "connected, answered"},
		{"wrong line", TCPOptions{Address: short, Assert: said("received.startsWith('220')")}, Fail, ReasonAssertion, `received is "busy"`},
		{"fail if", TCPOptions{Address: short, FailIf: said("received == 'busy'")}, Fail, ReasonAssertion, `received == 'busy' is true: received is "busy"`},
		{"degraded", TCPOptions{Address: banner, Expect: "220", DegradedIf: said("latency > duration('1ns')")}, Degraded, ReasonAssertion, "latency is "},
		{"text first", TCPOptions{Address: short, Expect: "220", Assert: said("received == 'x'")}, Fail, ReasonAssertion, `lacks the expected "220"`},
		{"no reading", TCPOptions{Address: banner, Assert: said("latency < duration('5s')")}, Pass, "", "connected"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := probing(t, "tcp", &tt.o, 10*time.Second)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Outcome != Pass && (r.Evidence == nil || r.Evidence.Remote != tt.o.Address) {
				t.Errorf("evidence %+v, want the address %s", r.Evidence, tt.o.Address)
			}
		})
	}
}

func TestExecExpressions(t *testing.T) {
	for _, tt := range []struct {
		name, script       string
		expect, degradedIf string
		outcome            Outcome
		reason             Reason
		summary            string
	}{
		{"hold", "echo 'OK|age=120s free=12%'", "code == 0 && perf.age < 900 && perf['free'] > 10.0 && output.startsWith('OK') && latency < duration('9s')", "", Pass, "", "OK"},
		{"fails", "echo 'OK|age=1200s'", "perf.age < 900", "", Fail, ReasonAssertion, "perf.age < 900 is false: perf.age is 1200"},
		{"degraded", "echo 'OK|age=600s'", "perf.age < 900", "perf.age > 300", Degraded, ReasonAssertion, "perf.age is 600"},
		{"warning fails", "echo 'WARNING|age=600s'; exit 1", "code == 0", "", Fail, ReasonAssertion, "code == 0 is false: code is 1"},
		{"warning stays", "echo 'WARNING|age=600s'; exit 1", "", "code == 1", Degraded, ReasonScript, "WARNING"},
		{"critical stays", "echo 'CRITICAL'; exit 2", "code == 0", "", Fail, ReasonScript, "CRITICAL"},
		{"no label", "echo OK", "perf.age < 900", "", Fail, ReasonAssertion, "perf.age: no such key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, path := writeScript(t, "#!/bin/sh\n"+tt.script+"\n")
			o := &ExecOptions{Argv: []string{path}, Expect: said(tt.expect), DegradedIf: said(tt.degradedIf)}
			r := probing(t, "exec", o, 10*time.Second)
			wantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Outcome != Pass && (r.Evidence == nil || r.Evidence.Script != path) {
				t.Errorf("evidence %+v, want the script %s", r.Evidence, path)
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
		start := time.Now()
		r := probing(t, "http", httpOptions(server.URL, func(o *HTTPOptions) { o.Expect = said(expression) }), 20*time.Second)
		wantResult(t, r, Unknown, ReasonInternal, "takes more work on this answer than is allowed")
		if took := time.Since(start); took > 5*time.Second { // 20 times what is allowed: it is there for the endless, not for a busy machine
			t.Errorf("%s was given up after %s", expression, took)
		}
	}
}

func TestExpressionErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"latncy < duration('1s')", `expect has an unknown name "latncy" at column 1; did you mean "latency"?`},
		{"status == 200 && queue < 3", `expect has an unknown name "queue" at column 18; known here: body, headers, json, latency, reused, size, status, version`},
		{"status == 200 &&\n  sizee > 3", `expect has an unknown name "sizee" in line 2 at column 3; did you mean "size"?`},
		{"body.contans('x')", `expect has an unknown name "contans" at column 13; did you mean "contains"?`},
		{"latency < 3", "expect does not fit at column 9: < does not go with (duration, int); write durations as duration('800ms')"},
		{"status == '200'", "expect does not fit at column 8: == does not go with (int, string)"},
		{"latency < duration('800')", "expect has a wrong text for duration at column 20; write one such as duration('800ms')"},
		{"body.matches('(')", "expect has a wrong text for matches at column 14"},
		{"status = 200", "expect cannot be read at column 8: a single =; compare by =="},
		{"status == 200 &&", "expect ends too soon, at column 17"},
		{"latency < 800ms", `expect cannot be read at column 14: "ms"`},
		{"status", "expect is a value of type int, not true or false; compare it with what is expected, such as status == 200"},
		{"status.code == 1", "expect is wrong at column 7: type 'int' does not support field selection"},
		{" ", "expect is empty; write an expression that is true or false, such as latency < duration('800ms')"},
		{strings.Repeat("x", 5000), "expect is longer than 4096 characters; write a check of kind exec for so much"},
		{"\xff", "expect is not UTF-8"},
	} {
		_, err := httpVocabulary.compile("expect", tt.text, true)
		option, ok := errors.AsType[*OptionError](err)
		if !ok || option.Error() != tt.want {
			t.Errorf("%.40q:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
	o := httpOptions("http://127.0.0.1:1", func(o *HTTPOptions) { o.FailIf = []string{"status == 1", "status"} })
	_, err := buildHTTP(Check{Timeout: time.Second, Options: o})
	if option, ok := errors.AsType[*OptionError](err); !ok || option.Key != "fail_if[1]" {
		t.Errorf("got %v, want an error of fail_if[1]", err)
	}
}

func TestConjuncts(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"a", "a"},
		{"a && b&&c", "a|b|c"},
		{"(a && b) && c", "a|b|c"},
		{"(a || b) && c", "(a || b)|c"},
		{"(a) && (b)", "a|b"},
		{"a && b || c", ""},
		{"a && b ? c : d", ""},
		{"x.all(i, i && j) && '&&' == \"a'&&\"", "x.all(i, i && j)|'&&' == \"a'&&\""},
		{`'\'&&' == x && r'\' == y && '''a'&&''' == z`, `'\'&&' == x|r'\' == y|'''a'&&''' == z`},
		{"a // && b", ""},
		{"'open && b", ""},
		{"(a && b", ""},
	} {
		if got := strings.Join(conjuncts(tt.text), "|"); got != tt.want {
			t.Errorf("conjuncts(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}

// sound checks what holds for every finding.
func sound(t *testing.T, f finding) {
	t.Helper()
	if (f.outcome == "") != (f.problem == "") {
		t.Fatalf("%+v", f)
	}
	if strings.ContainsAny(f.problem, "\n\r") {
		t.Fatalf("more than one line: %q", f.problem)
	}
}

func FuzzAssertion(f *testing.F) {
	for _, text := range []string{
		"status == 200 && json.items.size() > 0 && latency < duration('800ms')", "headers['x'] == '1' || has(json.a)",
		"json.all(i, i > 1) ? size > 3 : body.matches('a+')", "(((", "r'\\' == \"\"\"&&\"\"\"", "latncy", "status = 2", "a // b", "\xff", "[1][status]",
	} {
		f.Add(text, []byte(`{"items":[1,{"a":null}],"a":"b"}`))
	}
	f.Fuzz(func(t *testing.T, text string, body []byte) {
		for _, want := range []bool{true, false} {
			list, err := httpVocabulary.compile("expect", text, want)
			if (err == nil) != (len(list) > 0) {
				t.Fatalf("%d claims with error %v", len(list), err)
			}
			if err != nil {
				option, ok := errors.AsType[*OptionError](err)
				if !ok || option.Problem == "" || option.Key != "expect" || strings.ContainsAny(option.Error(), "\n\r") || !utf8.ValidString(option.Error()) {
					t.Fatalf("the error %q is no sentence about an option", err)
				}
				continue
			}
			seen := &httpSeen{got: answer{code: 200, body: body, size: int64(len(body))}, took: time.Second}
			sound(t, (&claims{fail: list}).judge(context.Background(), seen))
			sound(t, (&claims{degraded: list}).judge(context.Background(), seen))
		}
		// What a script wrote comes in as performance data as well.
		if list, err := execVocabulary.compile("fail_if", text, false); err == nil {
			out := finished{stdout: string(body)}
			_, perf := splitNagios(out.stdout)
			sound(t, (&claims{fail: list}).judge(context.Background(), &execSeen{out: out, perf: perf, took: time.Second}))
		}
	})
}

// What one expression adds to a probe: the comparison of three variables.
func BenchmarkExpression(b *testing.B) {
	list, err := httpVocabulary.compile("expect", "status == 200 && json.checks.db == 'ok' && latency < duration('800ms')", true)
	check(b, err)
	said := &claims{fail: list}
	got := answer{code: 200, body: []byte(`{"status":"ok","version":"1.4.2","checks":{"db":"ok","cache":"ok"}}`)}
	b.ReportAllocs()
	for b.Loop() {
		if f := said.judge(context.Background(), &httpSeen{got: got, took: time.Millisecond}); f.outcome != "" {
			b.Fatal(f.problem)
		}
	}
}

func BenchmarkCompileExpression(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, err := httpVocabulary.compileNew("expect", "status == 200 && json.checks.db == 'ok' && latency < duration('800ms')", true)
		check(b, err)
	}
}

// The second check that says the same.
func BenchmarkCompileKnownExpression(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, err := httpVocabulary.compile("expect", "status == 200 && json.checks.db == 'ok' && latency < duration('800ms')", true)
		check(b, err)
	}
}

package claim

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// webVocabulary is what a kind that asks a web server lets its expressions
// speak of.
var webVocabulary = NewVocabulary(Variables{
	"status":  Int,
	"latency": Duration,
	"body":    String,
	"json":    Any,
	"headers": Map(String, String),
	"size":    Int,
	"version": String,
	"reused":  Bool,
})

// webSeen is an answer with the status 200.
func webSeen(body []byte, took time.Duration) Facts {
	var parsed any
	if json.Unmarshal(body, &parsed) != nil {
		parsed = nil
	}
	return Facts{"status": 200, "latency": took, "body": strings.ToValidUTF8(string(body), "\uFFFD"), "json": parsed,
		"headers": map[string]string{}, "size": int64(len(body)), "version": "1.1", "reused": false}
}

func TestExpressionErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"latncy < duration('1s')", `expect has an unknown name "latncy" at column 1; did you mean "latency"?`},
		{"status == 200 && queue < 3", `expect has an unknown name "queue" at column 18; known here: body, headers, json, latency, reused, size, status, version`},
		{"status == 200 &&\n  sizee > 3", `expect has an unknown name "sizee" in line 2 at column 3; did you mean "size"?`},
		{"szie > 3", `expect has an unknown name "szie" at column 1; did you mean "size"?`},
		{"body.contans('x')", `expect has an unknown name "contans" at column 13; did you mean "contains"?`},
		{"latency < 3", "expect does not fit at column 9: < does not go with (duration, int); write durations as duration('800ms')"},
		{"status == '200'", "expect does not fit at column 8: == does not go with (int, string)"},
		{"latency < duration('800')", "expect has a wrong text for duration at column 20; write one such as duration('800ms')"},
		{"body.matches('(')", "expect has a wrong text for matches at column 14; regular expressions are those of Go: https://pkg.go.dev/regexp/syntax"},
		{"status = 200", "expect cannot be read at column 8: a single =; compare by =="},
		{"status == 200 &&", "expect ends too soon, at column 17"},
		{"latency < 800ms", `expect cannot be read at column 14: "ms"`},
		{"status", "expect is a value of type int, not true or false; compare it with what is expected, such as status == 200"},
		{"status.code == 1", "expect is wrong at column 7: type 'int' does not support field selection"},
		{" ", "expect is empty; write an expression that is true or false, such as latency < duration('800ms')"},
		{strings.Repeat("x", 5000), "expect is longer than 4096 characters; write a check of kind exec for so much"},
		{"\xff", "expect is not UTF-8"},
	} {
		_, err := webVocabulary.compile("expect", tt.text, true)
		option, ok := errors.AsType[*probe.OptionError](err)
		if !ok || option.Error() != tt.want {
			t.Errorf("%.40q:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
	_, err := webVocabulary.Compile(Options{FailIf: []string{"status == 1", "status"}})
	if option, ok := errors.AsType[*probe.OptionError](err); !ok || option.Key != "fail_if[1]" {
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
			list, err := webVocabulary.compile("expect", text, want)
			if (err == nil) != (len(list) > 0) {
				t.Fatalf("%d claims with error %v", len(list), err)
			}
			if err != nil {
				option, ok := errors.AsType[*probe.OptionError](err)
				if !ok || option.Problem == "" || option.Key != "expect" || strings.ContainsAny(option.Error(), "\n\r") || !utf8.ValidString(option.Error()) {
					t.Fatalf("the error %q is no sentence about an option", err)
				}
				continue
			}
			seen := webSeen(body, time.Second)
			sound(t, (&Set{fail: list}).judge(context.Background(), activation{seen}))
			sound(t, (&Set{degraded: list}).judge(context.Background(), activation{seen}))
		}
	})
}

// What one expression adds to a probe: the comparison of three variables.
func BenchmarkExpression(b *testing.B) {
	list, err := webVocabulary.compile("expect", "status == 200 && json.checks.db == 'ok' && latency < duration('800ms')", true)
	probetest.OK(b, err)
	said := &Set{fail: list}
	body := []byte(`{"status":"ok","version":"1.4.2","checks":{"db":"ok","cache":"ok"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if f := said.judge(context.Background(), activation{webSeen(body, time.Millisecond)}); f.outcome != "" {
			b.Fatal(f.problem)
		}
	}
}

func BenchmarkCompileExpression(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, err := webVocabulary.compileNew("expect", "status == 200 && json.checks.db == 'ok' && latency < duration('800ms')", true)
		probetest.OK(b, err)
	}
}

// The second check that says the same.
func BenchmarkCompileKnownExpression(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, err := webVocabulary.compile("expect", "status == 200 && json.checks.db == 'ok' && latency < duration('800ms')", true)
		probetest.OK(b, err)
	}
}

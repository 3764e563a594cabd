package claim

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// said is what an expectation makes of a JSON body; empty for what it expects.
func said(t *testing.T, text, body string) string {
	t.Helper()
	set, err := webVocabulary.Compile(Options{Expect: []string{text}})
	probetest.OK(t, err)
	return set.judge(context.Background(), activation{webSeen([]byte(body), time.Second)}).problem
}

// TestKeysInBrackets: what stands in brackets is converted as what stands behind a dot.
func TestKeysInBrackets(t *testing.T) {
	const body = `{"a-b": 1, "s": "x", "t": "2026-01-01T00:00:00Z", "d": "2s", "list": [[7], {"x.y": ["8"]}], "yes": true}`
	for _, text := range []string{
		"string(json['a-b']) == '1'", "int(json['a-b']) == 1", "uint(json['a-b']) == 1u", "double(json['a-b']) == 1.0",
		"string(json['a' + '-b']) == '1'", "bytes(json['s']) == b'x'", "bool(json['yes'])", "string(dyn(json['a-b'])) == '1'",
		"timestamp(json['t']) < timestamp('2027-01-01T00:00:00Z')", "duration(json['d']) == duration('2s')",
		"int(json['list'][0][0]) == 7", "string(json.list[0][0]) == '7'", "int(json['list'][1]['x.y'][0]) == 8", "size(json['list']) == 2",
		"json['list'].exists(l, type(l) == list && int(l[0]) == 7)", "json['a-b'] == 1 && json['s'].startsWith('x')",
	} {
		if problem := said(t, text, body); problem != "" {
			t.Errorf("%s: %s", text, problem)
		}
	}
}

// TestHeadersOfCapitalLetters are refused: of fail_if a claim on one could never hold, and
// so would hide a failure.
func TestHeadersOfCapitalLetters(t *testing.T) {
	for text, wrong := range map[string]bool{
		"headers['X-State'] == 'ok'": true, "'X-Error' in headers": true, "headers.Server == 'x'": true, "has(headers.Server)": true, "status == 200 && headers['x-State'] == 'A'": true,
		"headers['x-state'] == 'OK'": false, "'x-error' in headers": false, "has(headers.server)": false, "json['X-State'] == 'ok'": false, "headers.exists(h, h == 'X')": false,
	} {
		_, err := webVocabulary.Compile(Options{FailIf: []string{text}})
		if got := err != nil && strings.Contains(err.Error(), "small letters"); got != wrong {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestComputedKeysTellNothing: a key that is worked out may be a secret's name.
func TestComputedKeysTellNothing(t *testing.T) {
	const body = `{"password": "hunter2-hunter2", "which": "password", "pwd": "hunter2-hunter2", "access_key": "hunter2-hunter2", "users": [{"pass": "hunter2-hunter2"}], "list": ["a", "b"], "i": 1}`
	for _, text := range []string{
		"json['pass' + 'word'] == 'x'", "json[json.which] == 'x'", "json['pass' + 'word']", "size(json['pass' + 'word']) == 3",
		"json.map(k, json[k]).exists(v, v == 'x')", "string(json[json.which]) + 'x' == 'y'", "[json['pass' + 'word']] == ['x']",
		"json.map(k, k == 'pwd', json[k])[0] == 'x'", "json.pwd == 'x'", "json['access_key'] == 'x'", "json.users.map(u, u.pass) == []",
		"(json.i == 1 ? json[json.which] : json.which) == 'x'", "{'x': json[json.which]} == {}",
	} {
		problem := said(t, text, body)
		if problem == "" || strings.Contains(problem, "hunter2") {
			t.Errorf("%s: %q", text, problem)
		}
	}
	if problem := said(t, "json.list[size(json.list) - 1] == 'c'", body); !strings.Contains(problem, `is "b"`) {
		t.Errorf("what stands at a number is not told: %s", problem)
	}
}

// TestWhatDoesNotGoTogetherIsShown: a text where a number was looked for.
func TestWhatDoesNotGoTogetherIsShown(t *testing.T) {
	if got, want := said(t, "json.b > 1.0", `{"b": "7"}`), `json.b > 1.0 has no value: json.b is "7"`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWholeNumbersBesideDoubles: the cure is told.
func TestWholeNumbersBesideDoubles(t *testing.T) {
	if got, want := said(t, "json.n + 1 == 6", `{"n": 5}`), "json.n + 1 == 6 has no value: numbers in JSON are doubles, so write 1.0 for 1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	_, err := webVocabulary.Compile(Options{Expect: []string{"2.5 * 2 > 1.0"}})
	if err == nil || !strings.HasSuffix(err.Error(), "write whole numbers with a point, such as 1.0") {
		t.Errorf("got %v", err)
	}
}

// TestACertificateOfPlainText is none, and what asks for it is told so, not that a key
// of it is missing.
func TestACertificateOfPlainText(t *testing.T) {
	words := NewVocabulary(Variables{probe.CertificateFact: Any, "reused": Bool})
	for _, tt := range []struct {
		expr string
		seen Facts
		want string
	}{
		{"certificate.days_left > 14", Facts{probe.CertificateFact: nil, "reused": false}, "certificate.days_left > 14 has no value: no certificate was seen, the connection is plain text"},
		{"certificate['days_left'] > 14", Facts{probe.CertificateFact: nil}, "no certificate was seen, the connection is plain text"},
		{"certificate.days_left > 14", Facts{probe.CertificateFact: nil, "reused": true}, "the connection was kept from an earlier probe"},
		{"certificate == null || certificate.days_left > 14", Facts{probe.CertificateFact: nil}, ""},
		{"certificate.days_gone > 14", Facts{probe.CertificateFact: map[string]any{"days_left": int64(3)}}, "certificate.days_gone: no such key"},
	} {
		set, err := words.Compile(Options{Expect: []string{tt.expr}})
		probetest.OK(t, err)
		if got := set.judge(context.Background(), activation{tt.seen}).problem; !strings.HasSuffix(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", tt.expr, got, tt.want)
		}
	}
}

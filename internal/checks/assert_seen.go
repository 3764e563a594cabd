package checks

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
)

// What the expressions of each kind may speak of. See docs/checks.md, which
// says the same to those who write them.
var (
	httpVocabulary = newVocabulary(
		cel.Variable("status", cel.IntType),
		cel.Variable("latency", cel.DurationType),
		cel.Variable("body", cel.StringType),
		cel.Variable("json", cel.DynType),
		cel.Variable("headers", cel.MapType(cel.StringType, cel.StringType)),
		cel.Variable("size", cel.IntType),
		cel.Variable("version", cel.StringType),
		cel.Variable("reused", cel.BoolType),
	)("body", "headers", "json", "latency", "reused", "size", "status", "version")
	tcpVocabulary = newVocabulary(
		cel.Variable("latency", cel.DurationType),
		cel.Variable("received", cel.StringType),
	)("latency", "received")
	execVocabulary = newVocabulary(
		cel.Variable("code", cel.IntType),
		cel.Variable("output", cel.StringType),
		cel.Variable("perf", cel.MapType(cel.StringType, cel.DoubleType)),
		cel.Variable("latency", cel.DurationType),
	)("code", "latency", "output", "perf")
)

// httpSeen is an answer as expressions see it; what costs something is made
// when it is asked for.
type httpSeen struct {
	got     answer
	took    time.Duration
	body    *string
	json    any
	parsed  bool
	headers map[string]string
}

// Parent is nil: there is nothing else to know.
func (s *httpSeen) Parent() cel.Activation { return nil }

// ResolveName returns a variable's value.
func (s *httpSeen) ResolveName(name string) (any, bool) {
	switch name {
	case "status":
		return s.got.code, true
	case "latency":
		return s.took, true
	case "size":
		return s.got.size, true
	case "reused":
		return s.got.reused, true
	case "version":
		return cmp.Or(s.got.version, version11), true
	case "body":
		if s.body == nil {
			text := strings.ToValidUTF8(string(s.got.body), "\uFFFD")
			s.body = &text
		}
		return *s.body, true
	case "json":
		// Numbers are doubles, whole or not, as CEL has it for JSON: their
		// type cannot change from one answer to the next.
		if !s.parsed {
			s.parsed = true
			if json.Unmarshal(s.got.body, &s.json) != nil {
				s.json = nil
			}
		}
		return s.json, true
	case "headers":
		if s.headers == nil {
			s.headers = firstValues(s.got.header)
		}
		return s.headers, true
	}
	return nil, false
}

func firstValues(header http.Header) map[string]string {
	m := make(map[string]string, len(header))
	for name, values := range header {
		if len(values) > 0 {
			m[strings.ToLower(name)] = strings.ToValidUTF8(values[0], "\uFFFD")
		}
	}
	return m
}

// tcpSeen is a peer's answer as expressions see it.
type tcpSeen struct {
	remote   string // the address that answered
	received string
	took     time.Duration
}

// Parent is nil: there is nothing else to know.
func (s *tcpSeen) Parent() cel.Activation { return nil }

// ResolveName returns a variable's value.
func (s *tcpSeen) ResolveName(name string) (any, bool) {
	switch name {
	case "latency":
		return s.took, true
	case "received":
		return s.received, true
	}
	return nil, false
}

// execSeen is what a script left as expressions see it.
type execSeen struct {
	out  finished
	perf []Perf
	took time.Duration
}

// Parent is nil: there is nothing else to know.
func (s *execSeen) Parent() cel.Activation { return nil }

// ResolveName returns a variable's value.
func (s *execSeen) ResolveName(name string) (any, bool) {
	switch name {
	case "code":
		return s.out.code, true
	case "output":
		return strings.ToValidUTF8(s.out.stdout, "\uFFFD"), true
	case "perf":
		m := make(map[string]float64, len(s.perf))
		for _, p := range s.perf {
			m[p.Label] = p.Value
		}
		return m, true
	case "latency":
		return s.took, true
	}
	return nil, false
}

// factsSeen is an exchange of a kind with few facts, as expressions see it.
type factsSeen map[string]any // :: name of the variable -> value

// Parent is nil: there is nothing else to know.
func (s factsSeen) Parent() cel.Activation { return nil }

// ResolveName returns a variable's value.
func (s factsSeen) ResolveName(name string) (any, bool) {
	value, ok := s[name]
	return value, ok
}

// concluded judges an exchange that went as the protocol has it: by how long
// it took, then by the check's expressions. Output is what a person may want
// to see if that is no pass.
func (c *claims) concluded(ctx context.Context, l limits, what string, took time.Duration, tr *trail, seen factsSeen, output string) Result {
	r := l.judge(what, took, tr)
	if c != nil {
		seen["latency"] = took
		r = c.judged(ctx, r, seen)
	}
	if r.Outcome != Pass {
		r.Evidence = &Evidence{Remote: tr.remote, Output: output}
	}
	return r
}

// judged returns a result that may be a pass or degraded as the check's
// expressions leave it. What is worse already stays.
func (c *claims) judged(ctx context.Context, r Result, seen cel.Activation) Result {
	if c == nil || r.Outcome != Pass && r.Outcome != Degraded {
		return r
	}
	f := c.judge(ctx, seen)
	if h, ok := seen.(*httpSeen); ok && h.got.truncated && c.uses["json"] {
		f = finding{Unknown, ReasonInternal, "the body is longer than the 64 KiB of JSON that a check reads"}
	}
	if f.outcome == "" || f.outcome == r.Outcome {
		return r
	}
	r.Outcome, r.Reason, r.Summary = f.outcome, f.reason, f.problem
	return r
}

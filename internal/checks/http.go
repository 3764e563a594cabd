package checks

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// HTTPOptions are the own part of a check of kind http.
//
// A probe goes straight to the URL's host: the proxies that the process's
// environment names are not used. It speaks HTTP/1.1 and asks for no
// compression.
type HTTPOptions struct {
	Method  string            `mapstructure:"method"`  // default GET
	URL     string            `mapstructure:"url"`     // http or https; user and password become basic authentication
	Host    string            `mapstructure:"host"`    // Host header and TLS server name, if not the URL's host
	Headers map[string]string `mapstructure:"headers"` // :: name -> value; not sent on to another host by a redirect
	Body    string            `mapstructure:"body"`

	// Redirects is how many redirects are followed, 5 by default; 0 for none.
	// One more is judged like any answer, by its status.
	Redirects int `mapstructure:"redirects"`
	// Status lists codes (204), classes ("2xx") and spans ("200-299") that are
	// right. Empty means 2xx, and 3xx as well if no redirects are followed. A
	// redirect that is listed is an answer and not followed.
	Status []any `mapstructure:"status"`

	Contains    []string        `mapstructure:"contains"`     // each must occur in the first 64 KiB of the body
	NotContains []string        `mapstructure:"not_contains"` // none may occur there
	JSON        []JSONAssertion `mapstructure:"json"`         // all must hold; the body must be JSON of at most 64 KiB

	DegradedOver time.Duration `mapstructure:"degraded_over"` // slower is degraded; 0 for no limit
	FailOver     time.Duration `mapstructure:"fail_over"`     // slower is a failure; 0 for no limit

	// Expressions of httpVocabulary, judged after all of the above.
	Expect     []string `mapstructure:"expect"`      // each must be true
	FailIf     []string `mapstructure:"fail_if"`     // none may be true
	DegradedIf []string `mapstructure:"degraded_if"` // true is degraded

	InsecureTLS bool `mapstructure:"insecure_tls"` // accept any certificate
	Reuse       bool `mapstructure:"reuse"`        // keep the connection for the next probe; by default each makes its own
}

var httpKind = Kind{
	Name:    "http",
	Summary: "A request is answered in time with the expected status and content.",
	Options: func() any { return &HTTPOptions{Method: http.MethodGet, Redirects: 5} },
	Build:   buildHTTP,
	Example: `{url: https://pay.example.com/health, contains: [ok], degraded_over: 800ms}`,
	Proven:  "nginx 1.22",
}

// httpProbe is a check of kind http, compiled.
//
// It does not use http.Transport: that runs two goroutines per connection and
// a pool for all, which a probe that makes one request on a connection of its
// own pays for and does not need. Answers are still read by net/http.
type httpProbe struct {
	first     *hop // the request that the options describe
	redirects int
	status    statusSet
	judge     bodyJudge
	claims    *claims
	degraded  time.Duration
	fail      time.Duration
	timeout   time.Duration
	insecure  bool
	idle      atomic.Pointer[wire] // the kept connection, if reuse is on and it is not in use
}

func (p *httpProbe) run(ctx context.Context) Result {
	start := time.Now()
	tr := trail{timeout: p.timeout}
	buffer := readBuffers.Get().(*[]byte)
	defer readBuffers.Put(buffer)

	to := p.first
	for followed := 0; ; followed++ {
		got, err := p.exchange(ctx, to, &tr, buffer)
		if err != nil {
			r := tr.failed(ctx, err)
			if r.Evidence != nil {
				r.Evidence.Status = got.code
				r.Evidence.Output = head(got.body)
				r.Evidence.RequestID = requestID(got.ids)
			}
			return r
		}
		if next, ok := p.redirect(to, got, followed); ok {
			to = next
			continue
		}
		took := time.Since(start) - tr.lingered
		r := p.verdict(ctx, got, followed, took, &tr)
		r.Duration = took
		return r
	}
}

// verdict judges an answer that arrived whole.
func (p *httpProbe) verdict(ctx context.Context, got answer, followed int, took time.Duration, tr *trail) Result {
	r := Result{Outcome: Pass, Phases: tr.phases}
	switch reason, problem := p.judge.fault(got); {
	case !p.status.has(got.code):
		r.Outcome, r.Reason = Fail, ReasonStatus
		r.Summary = statusText(got.code) + afterRedirects(followed) + ", expected " + p.status.String()
	case problem != "":
		r.Outcome, r.Reason, r.Summary = Fail, reason, problem
		if reason == ReasonInternal {
			r.Outcome = Unknown
		}
	case p.fail > 0 && took > p.fail:
		r.Outcome, r.Reason = Fail, ReasonLatency
		r.Summary = statusText(got.code) + " after " + span(took) + ", limit " + span(p.fail)
	default:
		r.Summary = statusText(got.code)
		if p.degraded > 0 && took > p.degraded {
			r.Outcome, r.Reason = Degraded, ReasonLatency
			r.Summary += " after " + span(took) + ", limit " + span(p.degraded)
		}
		if p.claims != nil {
			r = p.claims.judged(ctx, r, &httpSeen{got: got, took: took})
		}
		if r.Outcome == Pass {
			return r
		}
	}
	r.Evidence = &Evidence{Remote: tr.remote, Status: got.code, Output: head(got.body), RequestID: requestID(got.ids)}
	return r
}

// head copies as much of a body as evidence can need; Run clips it.
func head(body []byte) string { return string(body[:min(len(body), 2*outputMax)]) }

func afterRedirects(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " after 1 redirect"
	}
	return " after " + itoa(n) + " redirects"
}

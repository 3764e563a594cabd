// Package http is the kind of check that makes a request and judges the answer.
// Its Prober serves journey and prometheus as well, which ask over HTTP.
package http

import (
	"bytes"
	"context"
	"crypto/tls"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unique"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// Options are the own part of a check of kind http.
//
// Unless told otherwise a probe goes straight to the URL's host (the proxies
// that the process's environment names are not used), speaks HTTP/1.1 and asks
// for no compression.
type Options struct {
	Method  string            `mapstructure:"method"`  // default GET
	URL     string            `mapstructure:"url"`     // http or https; user and password become basic authentication
	Host    string            `mapstructure:"host"`    // Host header and TLS server name, if not the URL's host
	Headers map[string]string `mapstructure:"headers"` // :: name -> value; not sent on to another host by a redirect
	Body    string            `mapstructure:"body"`
	// BodyFile is read when the check is compiled, in place of Body; at most
	// 1 MiB.
	BodyFile string            `mapstructure:"body_file"`
	Cookies  map[string]string `mapstructure:"cookies"` // :: name -> value; sent as headers are

	BasicAuth       BasicAuth `mapstructure:"basic_auth"`
	BearerToken     string    `mapstructure:"bearer_token"`
	BearerTokenFile string    `mapstructure:"bearer_token_file"` // holds the token alone, read at each probe
	OAuth2          OAuth2    `mapstructure:"oauth2"`

	Version     string   `mapstructure:"version"`     // "1.1", "2", or "auto" for what the server prefers
	Compression bool     `mapstructure:"compression"` // ask for gzip, deflate or br
	Proxy       string   `mapstructure:"proxy"`       // http, https or socks5 URL of a proxy; user and password for it
	NoProxy     []string `mapstructure:"no_proxy"`    // hosts, ".zones", networks and ports that are reached without it, as NO_PROXY lists them

	// Redirects is how many redirects are followed, 5 by default; 0 for none.
	// One more is judged like any answer, by its status.
	Redirects int `mapstructure:"redirects"`
	// RedirectsTo is "any" (the default) or "same-host".
	RedirectsTo string `mapstructure:"redirects_to"`
	// Status lists codes (204), classes ("2xx") and spans ("200-299") that are
	// right. Empty means 2xx, and 3xx as well if no redirects are followed. A
	// redirect that is listed is an answer and not followed.
	Status []any `mapstructure:"status"`

	// ReadKiB is how many KiB of a body are read, 64 by default, 1024 at most.
	// What Contains, NotContains and JSON ask is asked of these.
	ReadKiB int `mapstructure:"read_kib"`

	// Contains lists texts each of which must occur in what is read of the body.
	// Where nothing else is asked of the body, one that does not say how long it is
	// need not end: of a stream of events no more is read than that, of another type
	// a second more, unless there are limits of time.
	Contains    []string        `mapstructure:"contains"`
	NotContains []string        `mapstructure:"not_contains"` // none may occur there
	JSON        []JSONAssertion `mapstructure:"json"`         // all must hold; the body must be JSON, and read whole

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary, judged after all of the above.
	claim.Options `mapstructure:",squash"`

	TLSMin         string `mapstructure:"tls_min"`          // lowest version that is offered, "1.0" to "1.3"
	TLSMax         string `mapstructure:"tls_max"`          // highest one
	ServerName     string `mapstructure:"server_name"`      // to ask for and to be certified, if not the host
	CAFile         string `mapstructure:"ca_file"`          // roots that count beside the system's, PEM
	ClientCertFile string `mapstructure:"client_cert_file"` // PEM, or PKCS#12; read at each handshake that asks for it
	ClientKeyFile  string `mapstructure:"client_key_file"`  // PEM; may be empty where client_cert_file holds the key

	probe.KeyOptions `mapstructure:",squash"`

	InsecureTLS bool   `mapstructure:"insecure_tls"` // accept any certificate
	Dir         string `mapstructure:"dir"`          // folder that the files are found from; default the folder of the file that defines the check
	Reuse       bool   `mapstructure:"reuse"`        // keep the connection for the next probe; by default each makes its own

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "http",
	Summary: "A request is answered in time with the expected status and content.",
	Options: func() any {
		return &Options{Method: http.MethodGet, Redirects: 5, RedirectsTo: RedirectsToAny, Version: Version11}
	},
	Build:   build,
	Traced:  true,
	Example: `{url: https://pay.example.com/health, contains: [ok], degraded_over: 800ms}`,
	Proven:  "nginx 1.22, Tinyproxy 1.11",
}

// Prober is a check of kind http, compiled.
//
// It does not use http.Transport: that runs two goroutines per connection and
// a pool for all, which a probe that makes one request on a connection of its
// own pays for and does not need. Answers are still read by net/http.
type Prober struct {
	first  *Request // the request that the options describe
	manner unique.Handle[manner]
	judge  *bodyJudge           // nil when nothing is asked of it
	claims *claim.Set           // nil for none
	tls    *tls.Config          // without names; nil for the default
	rare   *rareParts           // nil for most
	idle   atomic.Pointer[wire] // the kept connection, if reuse is on and it is not in use
}

// rareParts is what few checks ask for.
type rareParts struct {
	auth    authorizer // nil for what the headers say
	version string     // "2" or "auto"; empty for 1.1
	proxy   *proxy     // nil for none
	name    string     // TLS server name of the first host; empty for what the host is called
}

func (p *Prober) run(ctx context.Context) checks.Result {
	v := &Session{}
	r := p.Visit(ctx, v)
	v.Hide(&r)
	return r
}

// Session is what one probe carries from one request to the next.
type Session struct {
	jar     http.CookieJar // made when the first cookie comes; nil before
	Secrets []string       // learnt during the probe, to be taken out of its result
	Body    []byte         // of the last answer, a copy, if keep is set
	Header  http.Header    // of the last answer
	Code    int            // of the last answer
	Cookies []*http.Cookie // of all answers, the newest first
	Trace   probe.Trace    // of its requests, from the first on that carries one
	First   *Request       // the request in place of the probe's own; nil for that
	Keep    bool

	trail *probe.Trail // of the last answer, if keep is set
	sent  *probe.Sent  // where requests are noted; nil: nowhere
}

// Certificate is what the peer of the last answer presented, as probe.Trail has
// it, if keep is set.
func (v *Session) Certificate() any {
	if v.trail == nil {
		return nil
	}
	return v.trail.Certificate()
}

// Hide takes what was learnt in secret out of a result.
func (v *Session) Hide(r *checks.Result) {
	if len(v.Secrets) > 0 {
		known := redact.For(v.Secrets)
		probe.HideIn(r, known)
		v.sent.Hide(known)
	}
}

// Visit makes the probe's request, and those it is redirected to.
func (p *Prober) Visit(ctx context.Context, v *Session) checks.Result {
	start := time.Now()
	how := p.manner.Value()
	tr := how.dialer.Trail()
	if how.trace {
		if v.Trace.IsZero() {
			v.Trace = probe.NewTrace()
		}
		tr.Trace = v.Trace
	}
	v.sent = probe.SentOf(ctx)
	buffer := probe.ReadBuffers.Get().(*[]byte)
	defer func() {
		if cap(*buffer) <= 2*probe.ReadMax { // else few need as much
			probe.ReadBuffers.Put(buffer)
		}
	}()

	to, refused := p.begin(ctx, v, false)
	if refused != nil {
		return *refused
	}
	renewed := false
	for followed := 0; ; followed++ {
		if v.sent != nil {
			v.sent.Begin(&tr, p.noted(to))
		}
		got, err := p.exchange(ctx, to, &tr, buffer)
		v.sent.End(&tr, got.code, "")
		if err != nil {
			return p.broken(ctx, &tr, got, err)
		}
		if got.code == http.StatusUnauthorized && followed == 0 && !renewed && p.renews() {
			// The token may have been revoked before its time.
			renewed = true
			if to, refused = p.begin(ctx, v, true); refused != nil {
				return *refused
			}
			followed--
			continue
		}
		v.note(to, got, &tr)
		if next, ok := p.redirect(to, got, followed, v); ok {
			to = next
			continue
		}
		took := time.Since(start) - tr.Lingered
		r := p.verdict(ctx, got, followed, took, &tr)
		r.Duration = took
		return r
	}
}

// noted is a request for who tells of it. Where an answer led, or what it filled in, may
// be a secret that nobody knows: of that there is the host alone.
func (p *Prober) noted(to *Request) probe.Request {
	r := probe.Request{Method: to.form.Value().method, Address: to.target.Address}
	if to.address == p.first.address { // with cookies and a token it is another Request
		r.URL = to.address
	}
	return r
}

// broken is the result of an exchange that did not come to its end.
func (p *Prober) broken(ctx context.Context, tr *probe.Trail, got answer, err error) checks.Result {
	r := tr.Failed(ctx, err)
	if p.rare != nil {
		r = p.rare.explain(r, tr, err)
	}
	if got.flows && r.Reason == checks.ReasonTimeout && tr.Stage == probe.Reading {
		r.Summary += flowed
	}
	if r.Evidence != nil {
		r.Evidence.Status = got.code
		r.Evidence.Output = probe.Head(got.body)
		r.Evidence.RequestID = tr.RequestID(got.ids)
	}
	return r
}

// note remembers an answer's cookies, and the answer itself if that is wanted.
func (v *Session) note(to *Request, got answer, tr *probe.Trail) {
	if cookies := readCookies(got.ids); len(cookies) > 0 {
		if v.jar == nil {
			v.jar, _ = cookiejar.New(nil) // New has no error to give
		}
		v.jar.SetCookies(to.url(), cookies)
		v.Cookies = append(cookies, v.Cookies...)
	}
	if v.Keep {
		got.decode()
		v.Body, v.Header, v.Code = bytes.Clone(got.body), got.ids, got.code
		v.trail = tr
	}
}

// verdict judges an answer that arrived whole.
func (p *Prober) verdict(ctx context.Context, got answer, followed int, took time.Duration, tr *probe.Trail) checks.Result {
	r := checks.Result{Outcome: checks.Pass, Phases: tr.Phases}
	how := p.manner.Value()
	if p.judge != nil || p.claims.Uses("body") || p.claims.Uses("json") {
		got.decode()
	}
	switch reason, problem := p.judge.fault(got); {
	case !how.status.Has(got.code):
		r.Outcome, r.Reason = checks.Fail, checks.ReasonStatus
		r.Summary = probe.StatusText(got.code) + afterRedirects(followed) + ", expected " + how.status.String() + p.astray(got, followed) + got.blamed()
	case problem != "":
		r.Outcome, r.Reason, r.Summary = checks.Fail, reason, problem
		if reason == checks.ReasonInternal {
			r.Outcome = checks.Unknown
		}
	case how.fail > 0 && took > how.fail:
		r.Outcome, r.Reason = checks.Fail, checks.ReasonLatency
		r.Summary = got.text() + " after " + probe.Span(took) + ", limit " + probe.Span(how.fail)
	default:
		r.Summary = got.text()
		if how.degraded > 0 && took > how.degraded {
			r.Outcome, r.Reason = checks.Degraded, checks.ReasonLatency
			r.Summary += " after " + probe.Span(took) + ", limit " + probe.Span(how.degraded)
		}
		if p.claims != nil {
			r = p.claims.Judged(ctx, r, &seen{got: got, took: took, tr: tr})
		}
		if r.Outcome == checks.Pass {
			return r
		}
	}
	got.decode()
	r.Evidence = &checks.Evidence{Remote: tr.Remote, Status: got.code, Output: probe.Head(got.body), RequestID: tr.RequestID(got.ids)}
	return r
}

// text is the answer's status, with what is not usual about how it came.
func (a answer) text() string {
	s := probe.StatusText(a.code)
	if a.version == "2" {
		s = "HTTP/2 " + strconv.Itoa(a.code)
	}
	if a.reused {
		s += " on a kept connection"
	}
	if a.goesOn {
		s += ", its body goes on"
	}
	return s
}

// blamed says whose doing a status is, where it is that of who asks: the check, or who else
// comes from its address. How long the server wants not to be asked is another number each
// time, and so is not said.
func (a answer) blamed() string {
	if a.code == http.StatusTooManyRequests {
		return "; the server says that it is asked too often"
	}
	return ""
}

// astray says why a redirect was not followed, where that is not its number. Of where
// it leads it repeats the scheme alone: the rest may hold a secret.
func (p *Prober) astray(got answer, followed int) string {
	switch got.code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return ""
	}
	u, err := url.Parse(strings.ReplaceAll(got.location, "\t", ""))
	switch {
	case followed >= p.manner.Value().redirects:
		return ""
	case got.location == "":
		return "; it does not say where to go"
	case err == nil && u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https":
		return "; it leads to " + probe.ClipRunes(u.Scheme, 20) + ":, which is not followed"
	case err != nil || u.Host != "" && (!probe.GoodName(u.Hostname()) || !probe.GoodPort(u)):
		return "; it leads to what cannot be an address"
	case p.manner.Value().sameHost:
		return "; it leads to another host"
	}
	return ""
}

func afterRedirects(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " after 1 redirect"
	}
	return " after " + strconv.Itoa(n) + " redirects"
}

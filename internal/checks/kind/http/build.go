package http

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"unique"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p, err := NewProber(c, o)
	if err != nil {
		return nil, err
	}
	return p.run, nil
}

// NewProber makes what asks as the options say; for kinds that ask over HTTP.
// The error is a probe.OptionError.
func NewProber(c checks.Check, o *Options) (*Prober, error) {
	status, err := probe.ParseStatus(o.Status, o.Redirects == 0)
	if err != nil {
		return nil, err
	}
	judge, err := newBodyJudge(o)
	if err != nil {
		return nil, err
	}
	said, err := vocabulary.Compile(o.Options)
	if err != nil {
		return nil, err
	}
	switch {
	case o.Redirects < 0:
		return nil, &probe.OptionError{Key: "redirects", Problem: "is less than 0", Instead: "write 0 to follow none"}
	case o.Redirects > 20:
		return nil, &probe.OptionError{Key: "redirects", Problem: "is more than 20", Instead: "a client would give up before that"}
	case o.ReadKiB < 0 || o.ReadKiB > readMost>>10:
		return nil, &probe.OptionError{Key: "read_kib", Problem: fmt.Sprintf("is not from 1 to %d", readMost>>10), Instead: "leave it out for 64"}
	case o.DegradedOver < 0:
		return nil, &probe.OptionError{Key: "degraded_over", Problem: "is less than 0"}
	case o.FailOver < 0:
		return nil, &probe.OptionError{Key: "fail_over", Problem: "is less than 0"}
	case o.FailOver > 0 && o.DegradedOver >= o.FailOver:
		return nil, &probe.OptionError{Key: "degraded_over", Problem: "is not less than fail_over", Instead: "degraded comes before failed"}
	case o.FailOver >= c.Timeout:
		return nil, &probe.OptionError{Key: "fail_over", Problem: "is not less than the check's time-out", Instead: "the time-out would come first"}
	case o.DegradedOver >= c.Timeout:
		return nil, &probe.OptionError{Key: "degraded_over", Problem: "is not less than the check's time-out", Instead: "the time-out would come first"}
	}
	p := &Prober{judge: judge, claims: said}
	how := manner{
		redirects: o.Redirects, status: status, degraded: o.DegradedOver, fail: o.FailOver,
		dialer: probe.NewDialer(c), gzip: o.Compression, trace: c.Trace, most: cmp.Or(o.ReadKiB<<10, probe.ReadMax),
	}
	if p.tls, err = sharedTLS(c, o); err != nil {
		return nil, err
	}
	if err := p.addRare(c, o); err != nil {
		return nil, err
	}
	if how.sameHost, err = staysOnHost(o); err != nil {
		return nil, err
	}
	how.anonymous = c.Kind == "http" && isAnonymous(o) && p.rare == nil
	if strings.EqualFold(o.Method, http.MethodHead) && (judge != nil || said.Uses("body") || said.Uses("json")) {
		return nil, &probe.OptionError{Key: "method", Problem: "is HEAD, whose answers have no body to judge", Instead: "write GET"}
	}
	body, err := body(c, o)
	if err != nil {
		return nil, err
	}
	how.enough = p.enoughFor(&how)
	p.manner = unique.Make(how)
	if p.first, err = p.NewRequest(o, body); err != nil {
		return nil, err
	}
	return p, nil
}

// writtenTwice is said where one of two values would be lost.
const writtenTwice = "is there twice: capital and small letters are alike in names of headers"

// NewRequest writes out the request that the options describe.
func (p *Prober) NewRequest(o *Options, body string) (*Request, error) {
	u, err := probe.ParseURL(o.URL)
	if err != nil {
		return nil, err
	}
	method := strings.ToUpper(o.Method)
	if method == "" {
		method = http.MethodGet
	}
	if !probe.IsToken(method) || method == http.MethodConnect {
		return nil, &probe.OptionError{Key: "method", Problem: "is not a method", Instead: "write GET, HEAD or POST"}
	}
	header := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		value := o.Headers[name]
		key := "headers." + name
		switch canonical := textproto.CanonicalMIMEHeaderKey(name); {
		case !probe.IsToken(name):
			return nil, &probe.OptionError{Key: key, Problem: "is not a name of a header"}
		case !probe.IsFieldValue(value):
			return nil, &probe.OptionError{Key: key, Problem: "has a value with a control character"}
		case canonical == "Host":
			return nil, &probe.OptionError{Key: key, Problem: "is not a header to set here", Instead: "write it as host"}
		case canonical == "Content-Length" || canonical == "Transfer-Encoding" || canonical == "Connection":
			return nil, &probe.OptionError{Key: key, Problem: "is set by the probe itself"}
		case len(header[canonical]) > 0:
			return nil, &probe.OptionError{Key: key, Problem: writtenTwice}
		default:
			header.Set(canonical, value)
		}
	}
	if user := u.User; user != nil && header.Get("Authorization") == "" {
		password, _ := user.Password()
		auth := http.Request{Header: header}
		auth.SetBasicAuth(user.Username(), password)
	}
	if p.manner.Value().gzip && header.Get("Accept-Encoding") == "" {
		header.Set("Accept-Encoding", "gzip, deflate, br")
	}
	if o.Host != "" && !probe.GoodAuthority(o.Host) {
		return nil, &probe.OptionError{Key: "host", Problem: "is not the name of a host", Instead: "write one such as shop.example.com, or with its port"}
	}
	if err := addCookies(header, o.Cookies); err != nil {
		return nil, err
	}
	return p.newHop(method, u, o.Host, header, body, o.Reuse)
}

// newHop writes out one request.
func (p *Prober) newHop(method string, u *url.URL, host string, header http.Header, body string, keep bool) (*Request, error) {
	probe.SafeQuery(u)
	req, err := http.NewRequestWithContext(context.Background(), method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, &probe.OptionError{Key: "url", Problem: "cannot be requested"}
	}
	if body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	req.URL.User = nil // told by the header, and kept out of every message
	if len(header) > 0 {
		req.Header = header.Clone()
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", probe.UserAgent)
	}
	how := p.manner.Value()
	traced := how.trace && req.Header.Get(probe.TraceHeader) == "" // one that the options name stays
	if traced {
		req.Header[probe.TraceHeader] = []string{probe.TraceParent} // in small letters, as it is written everywhere
	}
	if host != "" {
		req.Host = host
	}
	req.Close = !keep
	var b bytes.Buffer
	write := req.Write
	via := p.through(u)
	if via != nil && u.Scheme == "http" && via.socks == nil {
		write = req.WriteProxy
		if auth := via.auth; auth != "" {
			req.Header.Set("Proxy-Authorization", auth)
		}
	}
	if err := write(&b); err != nil {
		return nil, fmt.Errorf("write out the request: %w", err)
	}
	if len(header) == 0 {
		header = nil
	}
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	begin, rest := cutHost(b.Bytes())
	return &Request{
		target: probe.NewTarget(u.Hostname(), port), address: req.URL.String(), host: req.Host, header: header, begin: begin, judge: p.judge, via: via,
		form: unique.Make(form{
			method: method, body: body, rest: rest, parent: parentIn(rest, traced), secure: u.Scheme == "https", keep: keep,
			headers: p.claims.Uses("headers"), gzip: how.gzip, enough: how.enough, most: how.most,
		}),
	}, nil
}

// parentIn returns where in the rest of a request the trace's value begins; 0 where it
// has none. Other headers stand before it.
func parentIn(rest string, traced bool) int {
	const line = "\r\n" + probe.TraceHeader + ": "
	if at := strings.Index(rest, line); traced && at > 0 {
		return at + len(line)
	}
	return 0
}

// redirect returns the next request if the answer is a redirect that is to
// be followed.
func (p *Prober) redirect(from *Request, got answer, followed int, v *Session) (*Request, bool) {
	how, form := p.manner.Value(), from.form.Value()
	if got.location == "" || followed >= how.redirects || how.status.Names(got.code) {
		return nil, false
	}
	method, body := form.method, ""
	switch got.code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		if method != http.MethodHead {
			method = http.MethodGet
		}
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		body = form.body // the same request again
	default:
		return nil, false
	}
	here := from.url()
	u, err := here.Parse(strings.ReplaceAll(got.location, "\t", "")) // as browsers read it
	if err != nil || !probe.GoodName(u.Hostname()) || !probe.GoodPort(u) || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, false
	}
	if how.sameHost && !strings.EqualFold(u.Host, here.Host) {
		return nil, false
	}
	u.User = nil
	header, host := http.Header{}, ""
	if u.Host == here.Host && (u.Scheme == "https" || !form.secure) {
		// Credentials stay with the host they were given for, and never go
		// from TLS to plain text.
		header, host = from.header, from.host
	}
	header = v.withCookies(header, u)
	next, err := p.newHop(method, u, host, header, body, false)
	return next, err == nil
}

package checks

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"sort"
	"strings"
)

// userAgent is the name under which probes appear in the logs of those who
// are watched.
const userAgent = "statusbot"

func buildHTTP(c Check) (Probe, error) {
	o, err := optionsOf[HTTPOptions](c)
	if err != nil {
		return nil, err
	}
	p, err := newHTTPProbe(c, o)
	if err != nil {
		return nil, err
	}
	return p.run, nil
}

func newHTTPProbe(c Check, o *HTTPOptions) (*httpProbe, error) {
	status, err := parseStatus(o.Status, o.Redirects == 0)
	if err != nil {
		return nil, err
	}
	judge, err := newBodyJudge(o)
	if err != nil {
		return nil, err
	}
	said, err := httpVocabulary.newClaims([]claimOption{{"expect", o.Expect, true}, {"fail_if", o.FailIf, false}}, claimOption{"degraded_if", o.DegradedIf, false})
	if err != nil {
		return nil, err
	}
	switch {
	case o.Redirects < 0:
		return nil, &OptionError{Key: "redirects", Problem: "is less than 0", Instead: "write 0 to follow none"}
	case o.Redirects > 20:
		return nil, &OptionError{Key: "redirects", Problem: "is more than 20", Instead: "a client would give up before that"}
	case o.DegradedOver < 0:
		return nil, &OptionError{Key: "degraded_over", Problem: "is less than 0"}
	case o.FailOver < 0:
		return nil, &OptionError{Key: "fail_over", Problem: "is less than 0"}
	case o.FailOver > 0 && o.DegradedOver >= o.FailOver:
		return nil, &OptionError{Key: "degraded_over", Problem: "is not less than fail_over", Instead: "degraded comes before failed"}
	case o.FailOver >= c.Timeout:
		return nil, &OptionError{Key: "fail_over", Problem: "is not less than the check's time-out", Instead: "the time-out would come first"}
	case o.DegradedOver >= c.Timeout:
		return nil, &OptionError{Key: "degraded_over", Problem: "is not less than the check's time-out", Instead: "the time-out would come first"}
	}
	p := &httpProbe{
		redirects: o.Redirects, status: status, judge: judge, claims: said,
		degraded: o.DegradedOver, fail: o.FailOver, timeout: c.Timeout, gzip: o.Compression,
	}
	if p.tls, err = httpTLS(c, o); err != nil {
		return nil, err
	}
	if err := p.addRare(c, o); err != nil {
		return nil, err
	}
	p.anonymous = c.Kind == "http" && isAnonymous(o) && p.rare == nil
	body, err := httpBody(c, o)
	if err != nil {
		return nil, err
	}
	if p.first, err = p.firstHop(o, body); err != nil {
		return nil, err
	}
	return p, nil
}

// firstHop writes out the request that the options describe.
func (p *httpProbe) firstHop(o *HTTPOptions, body string) (*hop, error) {
	u, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	method := strings.ToUpper(o.Method)
	if method == "" {
		method = http.MethodGet
	}
	if !isToken(method) || method == http.MethodConnect {
		return nil, &OptionError{Key: "method", Problem: "is not a method", Instead: "write GET, HEAD or POST"}
	}
	header := http.Header{}
	for _, name := range sortedNames(o.Headers) {
		value := o.Headers[name]
		key := "headers." + name
		switch canonical := textproto.CanonicalMIMEHeaderKey(name); {
		case !isToken(name):
			return nil, &OptionError{Key: key, Problem: "is not a name of a header"}
		case !isFieldValue(value):
			return nil, &OptionError{Key: key, Problem: "has a value with a control character"}
		case canonical == "Host":
			return nil, &OptionError{Key: key, Problem: "is not a header to set here", Instead: "write it as host"}
		case canonical == "Content-Length" || canonical == "Transfer-Encoding" || canonical == "Connection":
			return nil, &OptionError{Key: key, Problem: "is set by the probe itself"}
		default:
			header.Set(canonical, value)
		}
	}
	if user := u.User; user != nil && header.Get("Authorization") == "" {
		password, _ := user.Password()
		auth := http.Request{Header: header}
		auth.SetBasicAuth(user.Username(), password)
	}
	if p.gzip && header.Get("Accept-Encoding") == "" {
		header.Set("Accept-Encoding", "gzip")
	}
	if o.Host != "" && (!isFieldValue(o.Host) || strings.ContainsAny(o.Host, " /@")) {
		return nil, &OptionError{Key: "host", Problem: "is not the name of a host"}
	}
	if err := addCookies(header, o.Cookies); err != nil {
		return nil, err
	}
	return p.newHop(method, u, o.Host, header, body, o.Reuse)
}

// parseURL reads the option url. Its errors do not repeat it: it may hold a
// password.
func parseURL(raw string) (*url.URL, error) {
	const instead = "write the whole of it, such as https://pay.example.com/health"
	if raw == "" {
		return nil, &OptionError{Key: "url", Problem: "is empty", Instead: instead}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, &OptionError{Key: "url", Problem: "cannot be read", Instead: instead}
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, &OptionError{Key: "url", Problem: "does not begin with http:// or https://", Instead: instead}
	case u.Hostname() == "":
		return nil, &OptionError{Key: "url", Problem: "has no host", Instead: instead}
	}
	return u, nil
}

// newHop writes out one request.
func (p *httpProbe) newHop(method string, u *url.URL, host string, header http.Header, body string, keep bool) (*hop, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, u.String(), strings.NewReader(body))
	if err != nil {
		return nil, &OptionError{Key: "url", Problem: "cannot be requested"}
	}
	if body == "" {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	req.URL.User = nil // told by the header, and kept out of every message
	if len(header) > 0 {
		req.Header = header.Clone()
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", userAgent)
	}
	if host != "" {
		req.Host = host
	}
	req.Close = !keep
	var b bytes.Buffer
	write := req.Write
	through := p.rare != nil && p.rare.proxy != nil
	if through && u.Scheme == "http" {
		write = req.WriteProxy
		if auth := p.rare.proxy.auth; auth != "" {
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
	return &hop{
		target: newTarget(u.Hostname(), port), method: method, url: req.URL, host: req.Host, header: header,
		body: body, bytes: bytes.Clone(b.Bytes()), secure: u.Scheme == "https",
		keep: keep, headers: p.claims.use("headers"), gzip: p.gzip,
	}, nil
}

// serverName is the host of "host" or "host:port", as certificates name it.
func serverName(host string) string {
	u := url.URL{Host: host}
	return u.Hostname()
}

// redirect returns the next request if the answer is a redirect that is to
// be followed.
func (p *httpProbe) redirect(from *hop, got answer, followed int, v *httpSession) (*hop, bool) {
	if got.location == "" || followed >= p.redirects || p.status.names(got.code) {
		return nil, false
	}
	method, body := from.method, ""
	switch got.code {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		if method != http.MethodHead {
			method = http.MethodGet
		}
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		body = from.body // the same request again
	default:
		return nil, false
	}
	u, err := from.url.Parse(got.location)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, false
	}
	if p.sameHost && !strings.EqualFold(u.Host, from.url.Host) {
		return nil, false
	}
	u.User = nil
	header, host := http.Header{}, ""
	if u.Host == from.url.Host && (u.Scheme == "https" || !from.secure) {
		// Credentials stay with the host they were given for, and never go
		// from TLS to plain text.
		header, host = from.header, from.host
	}
	header = v.withCookies(header, u)
	next, err := p.newHop(method, u, host, header, body, false)
	return next, err == nil
}

func sortedNames(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// isToken reports whether s is a token, as methods and header names are (RFC 9110, 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alphanumeric := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alphanumeric && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isFieldValue reports whether s can be the value of a header (RFC 9110, 5.5).
func isFieldValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

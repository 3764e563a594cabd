package checks

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// What HTTPOptions.Version may be.
const (
	version11   = "1.1"
	version2    = "2"
	versionAuto = "auto"
)

// What HTTPOptions.RedirectsTo may be.
const (
	redirectsToAny      = "any"
	redirectsToSameHost = "same-host"
)

// bodyFileMax is how long a request's body may be, in bytes: it is kept for as
// long as the check.
const bodyFileMax = 1 << 20

func httpBody(c Check, o *HTTPOptions) (string, error) {
	const instead = "write the path of a file of at most 1 MiB"
	if o.BodyFile == "" {
		return o.Body, nil
	}
	if o.Body != "" {
		return "", &OptionError{Key: "body_file", Problem: "is given beside body", Instead: "write one of them"}
	}
	path, err := beside(c, o.Dir, o.BodyFile)
	if err != nil {
		return "", &OptionError{Key: "body_file", Problem: err.Error()}
	}
	file, err := os.Open(path)
	if err != nil {
		return "", &OptionError{Key: "body_file", Problem: "cannot be read: " + fileProblem(err), Instead: instead}
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, bodyFileMax+1))
	switch {
	case err != nil:
		return "", &OptionError{Key: "body_file", Problem: "cannot be read: " + fileProblem(err), Instead: instead}
	case len(body) > bodyFileMax:
		return "", &OptionError{Key: "body_file", Problem: "is longer than 1 MiB", Instead: instead}
	}
	return string(body), nil
}

// insecureTLS is what the handshakes of checks share that say insecure_tls and
// nothing else of TLS.
var insecureTLS = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}

// httpTLS returns what all handshakes of a check share, or nil for the
// default.
func httpTLS(c Check, o *HTTPOptions) (*tls.Config, error) {
	const instead = `write "1.2" or "1.3"`
	low, ok := tlsVersions[o.TLSMin]
	if !ok {
		return nil, &OptionError{Key: "tls_min", Problem: "is not a version", Instead: instead}
	}
	high, ok := tlsVersions[o.TLSMax]
	switch {
	case !ok:
		return nil, &OptionError{Key: "tls_max", Problem: "is not a version", Instead: instead}
	case o.TLSMax == "":
		high = 0
	case high < low:
		return nil, &OptionError{Key: "tls_max", Problem: "is less than tls_min", Instead: instead}
	}
	if c.Strict && o.CAFile+o.ClientCertFile+o.ClientKeyFile != "" {
		return nil, &OptionError{Key: "ca_file", Problem: errStrictFile.Error()}
	}
	give, err := clientCertificate(c, o.Dir, o.ClientCertFile, o.ClientKeyFile)
	if err != nil {
		return nil, err
	}
	roots, err := rootsOf(c, "ca_file", o.Dir, o.CAFile)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{MinVersion: low, MaxVersion: high, RootCAs: roots, InsecureSkipVerify: o.InsecureTLS, GetClientCertificate: give} // only if the check says insecure_tls
	switch {
	case low != tls.VersionTLS12 || high != 0 || roots != nil || give != nil:
		return cfg, nil
	case o.InsecureTLS:
		return insecureTLS, nil
	}
	return nil, nil //nolint:nilnil // there is nothing to say
}

// ownCertificateError is a client certificate that cannot be had any more,
// which is our own trouble.
type ownCertificateError struct{ cause error }

func (e *ownCertificateError) Error() string {
	return "the client certificate cannot be read: " + fileProblem(e.cause)
}

// tlsFor returns the configuration of a hop's handshake. It is made each time:
// it is small beside the handshake, and large beside the rest of a check.
func (p *httpProbe) tlsFor(to *hop) *tls.Config {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.tls != nil {
		cfg = p.tls.Clone()
	}
	cfg.ServerName = serverName(to.host)
	cfg.NextProtos = []string{"http/1.1"}
	if p.anonymous {
		cfg.CurvePreferences = classicCurves
	}
	if p.rare != nil {
		if p.rare.name != "" {
			cfg.ServerName = p.rare.name
		}
		switch p.rare.version {
		case version2:
			cfg.NextProtos = []string{"h2"}
		case versionAuto:
			cfg.NextProtos = []string{"h2", "http/1.1"}
		}
	}
	return cfg
}

// classicCurves are the key exchanges without those that withstand a quantum
// computer (X25519MLKEM768 and its like), which take a quarter of the CPU of a
// handshake.
var classicCurves = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}

// isAnonymous reports whether a request says nothing that must stay a secret
// for decades: no body, header, cookie, certificate, user or query.
func isAnonymous(o *HTTPOptions) bool {
	return len(o.Headers) == 0 && len(o.Cookies) == 0 && o.Body == "" && o.BodyFile == "" && o.ClientCertFile == "" &&
		!strings.ContainsAny(o.URL, "@?")
}

// addRare reads the options that few checks have.
func (p *httpProbe) addRare(c Check, o *HTTPOptions) error {
	rare := httpRare{name: o.ServerName}
	var err error
	if rare.auth, err = p.newAuthorizer(c, o); err != nil {
		return err
	}
	if rare.proxy, err = newProxy(c, o.Proxy); err != nil {
		return err
	}
	switch o.RedirectsTo {
	case redirectsToAny, "":
	case redirectsToSameHost:
		p.sameHost = true
	default:
		return &OptionError{Key: "redirects_to", Problem: "is not known", Instead: "write any or same-host"}
	}
	switch o.Version {
	case version11, "":
	case version2, versionAuto:
		rare.version = o.Version
	default:
		return &OptionError{Key: "version", Problem: "is not a version", Instead: `write "1.1", "2" or auto`}
	}
	if o.Reuse && (rare.version != "" || rare.proxy != nil) {
		return &OptionError{Key: "reuse", Problem: "is for HTTP/1.1 without a proxy", Instead: "leave it out"}
	}
	if rare != (httpRare{}) {
		p.rare = &rare
	}
	return nil
}

// explain tells the failures of what few checks use from those of the target.
func (h *httpRare) explain(r Result, tr *trail, err error) Result {
	if r.Reason == ReasonTimeout || r.Reason == ReasonInternal {
		return r
	}
	if refusal, ok := errors.AsType[*proxyRefusal](err); ok {
		r.Reason, r.Summary = ReasonConnect, refusal.Error()
	} else if h.proxy != nil && (tr.stage == resolving || tr.stage == connecting) {
		r.Summary = "the proxy: " + r.Summary
	}
	if errors.Is(err, errNotHTTP2) {
		r.Reason, r.Summary = ReasonProtocol, errNotHTTP2.Error()
	}
	return r
}

// addCookies writes the Cookie header.
func addCookies(header http.Header, cookies map[string]string) error {
	if len(cookies) > 0 && header.Get("Cookie") != "" {
		return &OptionError{Key: "cookies", Problem: "are given beside the header Cookie", Instead: "write one of them"}
	}
	var parts []string
	for _, name := range sortedNames(cookies) {
		if !isToken(name) || strings.ContainsAny(cookies[name], " ;,\"\\") || !isFieldValue(cookies[name]) {
			return &OptionError{Key: "cookies." + name, Problem: "is not a cookie", Instead: "leave out blanks, commas and semicolons"}
		}
		parts = append(parts, name+"="+cookies[name])
	}
	if len(parts) > 0 {
		header.Set("Cookie", strings.Join(parts, "; "))
	}
	return nil
}

// readCookies returns the cookies that an answer sets.
func readCookies(header http.Header) []*http.Cookie {
	if len(header["Set-Cookie"]) == 0 {
		return nil
	}
	return (&http.Response{Header: header}).Cookies()
}

// withCookies returns a header with the cookies that were set for an URL; they
// replace those of the same name.
func (v *httpSession) withCookies(header http.Header, u *url.URL) http.Header {
	if v.jar == nil {
		return header
	}
	set := v.jar.Cookies(u)
	if len(set) == 0 {
		return header
	}
	header = cloned(header)
	var parts []string
	for _, c := range (&http.Request{Header: header}).Cookies() {
		if !hasCookie(set, c.Name) {
			parts = append(parts, c.Name+"="+c.Value)
		}
	}
	for _, c := range set {
		parts = append(parts, c.Name+"="+c.Value)
	}
	header.Set("Cookie", strings.Join(parts, "; "))
	return header
}

// cloned is a copy to write into, also of none.
func cloned(header http.Header) http.Header {
	if header == nil {
		return http.Header{}
	}
	return header.Clone()
}

func hasCookie(set []*http.Cookie, name string) bool {
	for _, c := range set {
		if c.Name == name {
			return true
		}
	}
	return false
}

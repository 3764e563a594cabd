package http

import (
	"crypto/tls"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// What Options.Version may be.
const (
	version10   = "1.0" // of answers alone
	Version11   = "1.1"
	version2    = "2"
	versionAuto = "auto"
)

// What Options.RedirectsTo may be.
const (
	RedirectsToAny      = "any"
	redirectsToSameHost = "same-host"
)

// bodyFileMax is how long a request's body may be, in bytes: it is kept for as
// long as the check.
const bodyFileMax = 1 << 20

func body(c checks.Check, o *Options) (string, error) {
	const instead = "write the path of a file of at most 1 MiB"
	if o.BodyFile == "" {
		return o.Body, nil
	}
	if o.Body != "" {
		return "", &probe.OptionError{Key: "body_file", Problem: "is given beside body", Instead: "write one of them"}
	}
	path, err := probe.Beside(c, o.Dir, o.BodyFile)
	if err != nil {
		return "", &probe.OptionError{Key: "body_file", Problem: err.Error()}
	}
	file, err := probe.OpenFile(path)
	if err != nil {
		return "", &probe.OptionError{Key: "body_file", Problem: "cannot be read: " + probe.FileProblem(err), Instead: instead}
	}
	defer file.Close()
	body, err := io.ReadAll(io.LimitReader(file, bodyFileMax+1))
	switch {
	case err != nil:
		return "", &probe.OptionError{Key: "body_file", Problem: "cannot be read: " + probe.FileProblem(err), Instead: instead}
	case len(body) > bodyFileMax:
		return "", &probe.OptionError{Key: "body_file", Problem: "is longer than 1 MiB", Instead: instead}
	}
	return string(body), nil
}

// insecureTLS is what the handshakes of checks share that say insecure_tls and
// nothing else of TLS.
var insecureTLS = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}

// sharedTLS returns what all handshakes of a check share, or nil for the
// default.
func sharedTLS(c checks.Check, o *Options) (*tls.Config, error) {
	const instead = `write "1.0", "1.1", "1.2" or "1.3"`
	low, ok := probe.TLSVersions[o.TLSMin]
	if !ok {
		return nil, &probe.OptionError{Key: "tls_min", Problem: "is not a version", Instead: instead}
	}
	high, ok := probe.TLSVersions[o.TLSMax]
	switch {
	case !ok:
		return nil, &probe.OptionError{Key: "tls_max", Problem: "is not a version", Instead: instead}
	case o.TLSMax == "":
		high = 0
	case high < low:
		return nil, &probe.OptionError{Key: "tls_max", Problem: "is less than tls_min", Instead: instead}
	}
	if c.Strict && o.CAFile+o.ClientCertFile+o.ClientKeyFile != "" {
		return nil, &probe.OptionError{Key: "ca_file", Problem: probe.ErrStrictFile.Error()}
	}
	pair, err := probe.NewClientPair(c, o.Dir, o.ClientCertFile, o.ClientKeyFile, o.KeyOptions)
	if err != nil {
		return nil, err
	}
	roots, err := probe.RootsOf(c, "ca_file", o.Dir, o.CAFile)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{MinVersion: low, MaxVersion: high, RootCAs: roots, InsecureSkipVerify: o.InsecureTLS} // only if the check says insecure_tls
	probe.OfferOld(cfg)
	if pair != nil {
		cfg.GetClientCertificate = pair.Give
	}
	switch {
	case low != tls.VersionTLS12 || high != 0 || roots != nil || pair != nil:
		return cfg, nil
	case o.InsecureTLS:
		return insecureTLS, nil
	}
	return nil, nil //nolint:nilnil // there is nothing to say
}

// tlsFor returns the configuration of a hop's handshake. It is made each time:
// it is small beside the handshake, and large beside the rest of a check.
func (p *Prober) tlsFor(to *Request) *tls.Config {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if p.tls != nil {
		cfg = p.tls.Clone()
	}
	cfg.ServerName = probe.ServerName(to.host)
	cfg.NextProtos = []string{"http/1.1"}
	if p.manner.Value().anonymous {
		cfg.CurvePreferences = classicCurves
	}
	if p.rare != nil {
		if p.rare.name != "" && p.atFirst(to) {
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

// atFirst reports whether a hop asks the host that the options name, of which server_name
// speaks: another, to which a redirect leads, has a name of its own.
func (p *Prober) atFirst(to *Request) bool {
	return strings.EqualFold(to.url().Hostname(), p.first.url().Hostname())
}

// classicCurves are the key exchanges without those that withstand a quantum
// computer (X25519MLKEM768 and its like), which take a quarter of the CPU of a
// handshake.
var classicCurves = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}

// isAnonymous reports whether a request says nothing that must stay a secret
// for decades: no body, header, cookie, certificate, user or query.
func isAnonymous(o *Options) bool {
	return len(o.Headers) == 0 && len(o.Cookies) == 0 && o.Body == "" && o.BodyFile == "" && o.ClientCertFile == "" &&
		!strings.ContainsAny(o.URL, "@?")
}

// addRare reads the options that few checks have.
func (p *Prober) addRare(c checks.Check, o *Options) error {
	if err := probe.GoodServerName(o.ServerName); err != nil {
		return err
	}
	rare := rareParts{name: probe.ASCIIName(o.ServerName)}
	var err error
	if rare.auth, err = p.newAuthorizer(c, o); err != nil {
		return err
	}
	if rare.proxy, err = newProxy(c, o); err != nil {
		return err
	}
	switch o.Version {
	case Version11, "":
	case version2, versionAuto:
		rare.version = o.Version
	default:
		return &probe.OptionError{Key: "version", Problem: "is not a version", Instead: `write "1.1", "2" or auto`}
	}
	if o.Reuse && (rare.version != "" || rare.proxy != nil) {
		return &probe.OptionError{Key: "reuse", Problem: "is for HTTP/1.1 without a proxy", Instead: "leave it out"}
	}
	if rare != (rareParts{}) {
		p.rare = &rare
	}
	return nil
}

// staysOnHost reads redirects_to.
func staysOnHost(o *Options) (bool, error) {
	switch o.RedirectsTo {
	case RedirectsToAny, "":
		return false, nil
	case redirectsToSameHost:
		return true, nil
	}
	return false, &probe.OptionError{Key: "redirects_to", Problem: "is not known", Instead: "write any or same-host"}
}

// explain tells the failures of what few checks use from those of the target.
func (h *rareParts) explain(r checks.Result, tr *probe.Trail, err error) checks.Result {
	if _, ok := errors.AsType[*refusedBefore](err); ok && r.Reason == checks.ReasonTimeout {
		r.Summary += "; the server refused the request before: REFUSED_STREAM"
	}
	if r.Reason == checks.ReasonTimeout || r.Reason == checks.ReasonInternal {
		return r
	}
	refusal, refused := errors.AsType[*proxyRefusal](err)
	if no, ok := errors.AsType[*socksRefusal](err); ok {
		r.Reason, r.Summary = checks.ReasonConnect, no.Error()
	} else if refused {
		r.Reason, r.Summary = checks.ReasonConnect, refusal.Error()
	} else if h.proxy != nil && (tr.Stage == probe.Resolving || tr.Stage == probe.Connecting) {
		r.Summary = "the proxy: " + r.Summary
	}
	if gone, ok := errors.AsType[*goneAway](err); ok {
		r.Reason, r.Summary = checks.ReasonReset, gone.Error()+" while "+string(tr.Stage)
	}
	if errors.Is(err, probe.ErrNotHTTP2) {
		r.Reason, r.Summary = checks.ReasonProtocol, probe.ErrNotHTTP2.Error()
	}
	return r
}

// addCookies writes the Cookie header.
func addCookies(header http.Header, cookies map[string]string) error {
	if len(cookies) > 0 && header.Get("Cookie") != "" {
		return &probe.OptionError{Key: "cookies", Problem: "are given beside the header Cookie", Instead: "write one of them"}
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(cookies)) {
		if !probe.IsToken(name) || strings.ContainsAny(cookies[name], " ;,\"\\") || !probe.IsFieldValue(cookies[name]) {
			return &probe.OptionError{Key: "cookies." + name, Problem: "is not a cookie", Instead: "leave out blanks, commas and semicolons"}
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
func (v *Session) withCookies(header http.Header, u *url.URL) http.Header {
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

// Package websocket is the kind of check that opens a WebSocket and, if asked,
// talks over it.
package websocket

import (
	"maps"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"

	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind websocket.
type Options struct {
	URL  string `mapstructure:"url"`  // ws or wss; user and password become basic authentication
	Host string `mapstructure:"host"` // Host header and TLS server name, if not the URL's host

	Headers         map[string]string `mapstructure:"headers"` // :: name -> value
	BearerToken     string            `mapstructure:"bearer_token"`
	BearerTokenFile string            `mapstructure:"bearer_token_file"` // holds the token alone, read at each probe
	Subprotocols    []string          `mapstructure:"subprotocols"`      // to offer, the best first; the server must agree to one

	Ping     bool     `mapstructure:"ping"`     // ask for a pong, and fail without
	Send     string   `mapstructure:"send"`     // a message of text to send; empty for none
	Contains []string `mapstructure:"contains"` // what must occur in one message; those before it are passed over

	ServerName     string `mapstructure:"server_name"`      // to ask for and to be certified, if not the host
	CAFile         string `mapstructure:"ca_file"`          // authorities that count in place of the system's, PEM
	ClientCertFile string `mapstructure:"client_cert_file"` // PEM, or PKCS#12; read at each handshake that asks for it
	ClientKeyFile  string `mapstructure:"client_key_file"`  // PEM; may be empty where client_cert_file holds the key

	probe.KeyOptions `mapstructure:",squash"`

	InsecureTLS bool   `mapstructure:"insecure_tls"` // accept any certificate
	Dir         string `mapstructure:"dir"`          // folder that the files are found from; default the folder of the file that defines the check

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "websocket",
	Summary: "A WebSocket opens, a ping comes back and, if asked, a message is answered as expected.",
	Options: func() any { return &Options{Ping: true} },
	Build:   build,
	Example: `{url: "wss://live.example.com/feed", send: '{"subscribe": "prices"}', contains: [prices], expect: "rtt < duration('200ms')"}`,
	Proven:  "ws 8.11 on Node.js, nginx 1.22",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"headers":     claim.Map(claim.String, claim.String),
	"json":        claim.Any,
	"latency":     claim.Duration,
	"rtt":         claim.Duration,
	"size":        claim.Int,
	"subprotocol": claim.String,
	"text":        claim.String,
	"tls":         claim.String,

	probe.CertificateFact: claim.Any,
})

// prober is a check of kind websocket, compiled.
type prober struct {
	target   probe.Target
	tls      *tls.Config // nil for plain text
	url      string      // without user and password
	header   http.Header
	token    probe.Password
	offer    []string
	ping     bool
	send     string
	contains []string
	listens  bool // a message is waited for
	claims   *claim.Set
	limits   probe.Limits
	dialer   probe.Dialer
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{offer: o.Subprotocols, ping: o.Ping, send: o.Send, contains: o.Contains, dialer: probe.NewDialer(c)}
	if err := p.readURL(c, o); err != nil {
		return nil, err
	}
	if p.token, err = probe.NewBearer(c, o.BearerToken, o.Dir, o.BearerTokenFile, p.header.Get("Authorization") != ""); err != nil {
		return nil, err
	}
	switch {
	case slices.Contains(o.Contains, ""):
		return nil, &probe.OptionError{Key: "contains", Problem: "has a text that is empty"}
	case len(o.Send) > probe.ReadMax:
		return nil, &probe.OptionError{Key: "send", Problem: "is longer than 64 KiB"}
	}
	for _, name := range o.Subprotocols {
		if !probe.IsToken(name) {
			return nil, &probe.OptionError{Key: "subprotocols", Problem: "has one that is not a name", Instead: "write a list such as [graphql-transport-ws]"}
		}
	}
	if p.limits, err = o.Limits(c); err != nil {
		return nil, err
	}
	if p.claims, err = vocabulary.Compile(o.Options); err != nil {
		return nil, err
	}
	p.listens = len(o.Contains) > 0 || p.claims.Uses("text") || p.claims.Uses("json") || p.claims.Uses("size")
	if !p.ping && p.claims.Uses("rtt") {
		return nil, &probe.OptionError{Key: "ping", Problem: "is false", Instead: "leave it out for what the expressions say of rtt"}
	}
	return p.run, nil
}

// readURL reads where the socket is, and what the request for it has to say.
func (p *prober) readURL(c checks.Check, o *Options) error {
	const instead = "write the whole of it, such as wss://live.example.com/feed"
	u, err := url.Parse(o.URL)
	switch {
	case o.URL == "":
		return &probe.OptionError{Key: "url", Problem: "is empty", Instead: instead}
	case strings.TrimSpace(o.URL) != o.URL:
		return &probe.OptionError{Key: "url", Problem: "has a blank before or behind it", Instead: "leave it out"}
	case err != nil: // not repeated: it may hold a password
		return &probe.OptionError{Key: "url", Problem: "cannot be read", Instead: instead}
	case u.Scheme != "ws" && u.Scheme != "wss":
		return &probe.OptionError{Key: "url", Problem: "does not begin with ws:// or wss://", Instead: instead}
	case u.Hostname() == "":
		return &probe.OptionError{Key: "url", Problem: "has no host", Instead: instead}
	case !probe.GoodName(u.Hostname()):
		return probe.BadName("url", u.Hostname(), "has a host that cannot be a name", instead)
	case !probe.GoodPort(u):
		return &probe.OptionError{Key: "url", Problem: "has no port between 1 and 65535", Instead: instead}
	case u.Fragment != "":
		return &probe.OptionError{Key: "url", Problem: "has a part after #, which is not sent", Instead: "leave it out"}
	case o.Host != "" && !probe.GoodAuthority(o.Host):
		return &probe.OptionError{Key: "host", Problem: "is not the name of a host", Instead: "write one such as shop.example.com, or with its port"}
	}
	if p.header, err = header(o, u.User); err != nil {
		return err
	}
	secure := u.Scheme == "wss"
	port := u.Port()
	if port == "" {
		port = "80"
		if secure {
			port = "443"
		}
	}
	u.Host = probe.ASCIIName(u.Host)
	probe.SafeQuery(u)
	u.User = nil // told by the header, and kept out of every message
	p.url, p.target = u.String(), probe.NewTarget(u.Hostname(), port)
	caller := probe.SecureOptions{
		TLS: secure, CAFile: o.CAFile, InsecureTLS: o.InsecureTLS, Dir: o.Dir,
		ProofOptions: probe.ProofOptions{ServerName: o.ServerName, ClientCertFile: o.ClientCertFile, ClientKeyFile: o.ClientKeyFile, KeyOptions: o.KeyOptions},
	}
	if caller.ServerName == "" && secure && o.Host != "" {
		caller.ServerName = probe.ServerName(o.Host)
	}
	p.tls, err = caller.Config(c, p.target)
	if wrong, ok := errors.AsType[*probe.OptionError](err); ok && !secure {
		wrong.Instead = "write url with wss://"
	}
	if err != nil || p.tls == nil {
		return err
	}
	p.tls.NextProtos = []string{"http/1.1"}
	return nil
}

// header returns what the request has beside what makes it one for a
// WebSocket.
func header(o *Options, user *url.Userinfo) (http.Header, error) {
	header := http.Header{"User-Agent": {probe.UserAgent}}
	given := map[string]bool{} // :: canonical name -> there
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		key, canonical := "headers."+name, textproto.CanonicalMIMEHeaderKey(name)
		switch {
		case !probe.IsToken(name):
			return nil, &probe.OptionError{Key: key, Problem: "is not a name of a header"}
		case !probe.IsFieldValue(o.Headers[name]):
			return nil, &probe.OptionError{Key: key, Problem: "has a value with a control character"}
		case canonical == "Host":
			return nil, &probe.OptionError{Key: key, Problem: "is not a header to set here", Instead: "write it as host"}
		case canonical == "Sec-Websocket-Protocol":
			return nil, &probe.OptionError{Key: key, Problem: "is not a header to set here", Instead: "write it as subprotocols"}
		case canonical == "Upgrade", canonical == "Connection", canonical == "Content-Length", canonical == "Transfer-Encoding", strings.HasPrefix(canonical, "Sec-Websocket-"):
			return nil, &probe.OptionError{Key: key, Problem: "is set by the probe itself"}
		case given[canonical]:
			return nil, &probe.OptionError{Key: key, Problem: "is there twice: capital and small letters are alike in names of headers"}
		}
		given[canonical] = true
		header.Set(canonical, o.Headers[name])
	}
	if user != nil && header.Get("Authorization") == "" {
		password, _ := user.Password()
		auth := http.Request{Header: header}
		auth.SetBasicAuth(user.Username(), password)
	}
	if o.Host != "" {
		header.Set("Host", o.Host) // the library takes it for what it is
	}
	return header, nil
}

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	tr := new(p.dialer.Trail())
	token, refused := p.token.RevealToken()
	if refused != nil {
		return *refused
	}
	got, err := p.converse(ctx, tr, token)
	took := time.Since(start) - tr.Lingered
	var r checks.Result
	if err != nil {
		r = p.failed(ctx, tr, got, err)
	} else {
		r = p.claims.Concluded(ctx, p.limits.Judge(p.passed(got), took, tr), tr.Remote, p.seen(got, tr), string(got.message))
		if r.Evidence != nil {
			r.Evidence.Status, r.Evidence.RequestID = got.status, probe.RequestID(got.header)
		}
	}
	r.Duration = took
	probe.HideToken(&r, token)
	return r
}

// passed is the summary of a pass.
func (p *prober) passed(got seen) string {
	did := "opened"
	if got.subprotocol != "" {
		did += ", " + got.subprotocol
	}
	if p.ping {
		did += ", pong after " + probe.Span(got.rtt)
	}
	if p.listens {
		did += ", message of " + strconv.Itoa(len(got.message)) + " bytes"
	}
	return did
}

func (p *prober) seen(got seen, tr *probe.Trail) claim.Facts {
	seen := claim.Facts{
		"headers": probe.FirstValues(got.header), "json": nil, "rtt": got.rtt, "size": len(got.message), "subprotocol": got.subprotocol, "tls": got.secure, probe.CertificateFact: tr.Certificate(),
		"text": strings.ToValidUTF8(string(got.message), "\uFFFD"),
	}
	if p.claims.Uses("json") {
		if value, ok := probe.JSON(probe.UTF8(got.message)); ok {
			seen["json"] = value
		}
	}
	return seen
}

// failed makes the result of a conversation that did not come to its end.
func (p *prober) failed(ctx context.Context, tr *probe.Trail, got seen, err error) checks.Result {
	r := tr.Failed(ctx, err)
	if r.Outcome != checks.Fail {
		return r
	}
	if r.Evidence == nil {
		r.Evidence = &checks.Evidence{Remote: tr.Remote}
	}
	r.Evidence.Status, r.Evidence.Output, r.Evidence.RequestID = got.status, probe.Head(got.message), probe.RequestID(got.header)
	closed, _ := errors.AsType[*websocket.CloseError](err)
	broken, _ := errors.AsType[*brokenSocket](err)
	switch {
	case r.Reason == checks.ReasonTimeout && (broken == nil || broken.reason != checks.ReasonStatus): // a status counts whatever comes of its body
	case closed != nil:
		r.Reason, r.Summary = checks.ReasonStatus, "the server closed the socket while "+string(tr.Stage)+": "+closeText(closed)
	case broken != nil:
		r.Reason, r.Summary = broken.reason, broken.problem
		if broken.reason == checks.ReasonInternal {
			r.Outcome = checks.Unknown
		}
	}
	return r
}

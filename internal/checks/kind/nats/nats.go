// Package nats is the kind of check that connects to NATS and, if asked, requests
// from a subject or looks at a stream.
package nats

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind nats.
type Options struct {
	Address      string `mapstructure:"address"` // "host:port"
	User         string `mapstructure:"user"`
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe
	Token        string `mapstructure:"token"`
	TokenFile    string `mapstructure:"token_file"` // holds the token alone, read at each probe

	probe.SecureOptions `mapstructure:",squash"`

	Stream string `mapstructure:"stream"` // of JetStream, that must be there; empty for not looking

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "nats",
	Summary: "A NATS server lets the user in and delivers a message; if asked, a stream is there.",
	Options: func() any { return &Options{} },
	Build:   build,
	Example: `{address: "nats.example.com:4222", stream: ORDERS, expect: "stream.messages < 10000.0"}`,
	Proven:  "nats-server 2.15",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"latency": claim.Duration,
	"server":  claim.String,
	"stream":  claim.Map(claim.String, claim.Any),

	probe.CertificateFact: claim.Any,
})

type prober struct {
	target   probe.Target
	tls      *tls.Config // nil for what the server wants
	upgrade  *tls.Config // for a server that wants TLS though the check does not say so
	user     string
	password probe.Password
	token    probe.Password
	stream   string
	claims   *claim.Set
	limits   probe.Limits
	dialer   probe.Dialer
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{user: o.User, stream: o.Stream, dialer: probe.NewDialer(c)}
	if p.target, err = probe.ReadTarget("address", o.Address); err != nil {
		return nil, err
	}
	switch {
	case o.Token+o.TokenFile != "" && o.User != "":
		return nil, &probe.OptionError{Key: "token", Problem: "is given beside user", Instead: "write one of them"}
	case o.User == "" && o.Password+o.PasswordFile != "":
		return nil, &probe.OptionError{Key: "user", Problem: "is empty", Instead: "write who has the password"}
	case !isSubjectToken(o.Stream):
		return nil, &probe.OptionError{Key: "stream", Problem: "is not the name of a stream"}
	}
	if p.password, err = probe.NewPassword(c, o.Password, o.Dir, o.PasswordFile); err != nil {
		return nil, err
	}
	if p.token, err = probe.NewPassword(c, o.Token, o.Dir, o.TokenFile); err != nil {
		if wrong, ok := errors.AsType[*probe.OptionError](err); ok {
			wrong.Key = "token_file"
		}
		return nil, err
	}
	if p.tls, err = o.SecureOptions.Config(c, p.target); err != nil {
		return nil, err
	}
	if p.upgrade = p.tls; p.upgrade == nil {
		if p.upgrade, err = probe.Verifying(c, p.target, "", ""); err != nil {
			return nil, err
		}
	}
	if p.limits, err = o.Limits(c); err != nil {
		return nil, err
	}
	p.claims, err = vocabulary.Compile(o.Options)
	return p.run, err
}

// seen is what a probe learnt.
type seen struct {
	server string         // its version
	stream map[string]any // state of the stream
}

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	tr := new(p.dialer.Trail())
	secret, err := p.password.Reveal()
	if err != nil {
		return probe.NoPassword(err)
	}
	token, err := p.token.Reveal()
	if err != nil {
		return probe.Internal("the token's file " + err.Error())
	}
	got, err := p.talk(ctx, tr, secret, token)
	took := time.Since(start)
	if err != nil {
		return p.failed(ctx, tr, err, took)
	}
	what := "a message came back"
	if p.stream != "" {
		what += ", stream " + p.stream + " is there"
	}
	return p.claims.Concluded(ctx, p.limits.Judge(what, took, tr), tr.Remote, claim.Facts{"server": got.server, "stream": got.stream, probe.CertificateFact: tr.Certificate()}, what)
}

// talk connects, logs in, sends a message to itself, and asks for the stream.
func (p *prober) talk(ctx context.Context, tr *probe.Trail, secret, token string) (got seen, err error) {
	conn, err := tr.Dial(ctx, p.target)
	if err != nil {
		return got, err
	}
	defer func() { conn.Close() }()
	defer probe.Bind(ctx, conn)()

	tr.Stage = probe.Waiting
	waited := time.Now()
	wire := &session{in: bufio.NewReader(probe.NewBoundedConn(conn)), out: conn}
	hello, err := wire.hello()
	if err != nil {
		return got, err
	}
	tr.Phases.FirstByte = time.Since(waited)
	got.server = hello.Version
	if p.tls != nil || hello.TLSRequired {
		secured, err := tr.Secure(conn, p.upgrade)
		if err != nil {
			return got, err
		}
		wire = &session{in: bufio.NewReader(probe.NewBoundedConn(secured)), out: secured}
	}
	tr.Stage = probe.LoggingIn
	connect, err := json.Marshal(map[string]any{"verbose": false, "pedantic": false, "headers": true, "no_responders": true, "protocol": 1,
		"lang": "go", "version": "1", "name": probe.UserAgent, "user": p.user, "pass": secret, "auth_token": token})
	if err != nil {
		return got, err
	}
	if err := wire.login(connect); err != nil {
		return got, err
	}
	tr.Stage = probe.Waiting
	inbox := "_INBOX." + rand.Text()
	if err := wire.subscribe(inbox); err != nil {
		return got, err
	}
	body := []byte(rand.Text())
	back, err := wire.request(inbox, "", body)
	if err == nil && string(back) != string(body) {
		err = errNotNATS
	}
	if err != nil || p.stream == "" {
		return got, err
	}
	info, err := wire.request("$JS.API.STREAM.INFO."+p.stream, inbox, nil)
	if err != nil {
		return got, err
	}
	got.stream, err = readStream(info)
	return got, err
}

// readStream reads what JetStream says of a stream.
func readStream(data []byte) (map[string]any, error) {
	var said struct {
		Error *struct {
			Description string `json:"description"`
		} `json:"error"`
		State map[string]any `json:"state"`
	}
	switch err := json.Unmarshal(data, &said); {
	case err != nil || said.Error == nil && said.State == nil:
		return nil, errNotNATS
	case said.Error != nil:
		return nil, errRefusedByNATS{said.Error.Description}
	}
	return said.State, nil
}

func (p *prober) failed(ctx context.Context, tr *probe.Trail, err error, took time.Duration) checks.Result {
	r := tr.Failed(ctx, err)
	r.Duration = took
	said, refused := errors.AsType[errRefusedByNATS](err)
	switch {
	case r.Reason == checks.ReasonTimeout || r.Reason == checks.ReasonInternal:
	case refused:
		r.Reason, r.Summary = checks.ReasonStatus, "the server refuses: "+said.said
		r.Evidence = &checks.Evidence{Remote: tr.Remote, Output: said.said}
	case errors.Is(err, errNotNATS):
		r.Reason, r.Summary = checks.ReasonProtocol, errNotNATS.Error()
	}
	return r
}

// isSubjectToken reports whether s can be one part of a subject, or is empty.
func isSubjectToken(s string) bool {
	for _, c := range s {
		if c <= ' ' || c == '.' || c == '*' || c == '>' || c == '/' || c == '\\' || c > '~' {
			return false
		}
	}
	return true
}

package checks

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"time"

	"cel.dev/cel-go/cel"
)

// NATSOptions are the own part of a check of kind nats.
type NATSOptions struct {
	Address      string `mapstructure:"address"` // "host:port"
	User         string `mapstructure:"user"`
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe
	Token        string `mapstructure:"token"`
	TokenFile    string `mapstructure:"token_file"` // holds the token alone, read at each probe

	SecureOptions `mapstructure:",squash"`

	Stream string `mapstructure:"stream"` // of JetStream, that must be there; empty for not looking

	DegradedOver time.Duration `mapstructure:"degraded_over"` // slower is degraded; 0 for no limit
	FailOver     time.Duration `mapstructure:"fail_over"`     // slower is a failure; 0 for no limit

	// Expressions of natsVocabulary.
	Expect     []string `mapstructure:"expect"`      // each must be true
	FailIf     []string `mapstructure:"fail_if"`     // none may be true
	DegradedIf []string `mapstructure:"degraded_if"` // true is degraded
}

var natsKind = Kind{
	Name:    "nats",
	Summary: "A NATS server lets the user in and delivers a message; if asked, a stream is there.",
	Options: func() any { return &NATSOptions{} },
	Build:   buildNATS,
	Example: `{address: "nats.example.com:4222", stream: ORDERS, expect: "stream.messages < 10000.0"}`,
	Proven:  "nats-server 2.15",
}

var natsVocabulary = newVocabulary(
	cel.Variable("latency", cel.DurationType),
	cel.Variable("server", cel.StringType),
	cel.Variable("stream", cel.MapType(cel.StringType, cel.DynType)),
)("latency", "server", "stream")

type natsProbe struct {
	target   target
	tls      *tls.Config // nil for what the server wants
	upgrade  *tls.Config // for a server that wants TLS though the check does not say so
	user     string
	password password
	token    password
	stream   string
	claims   *claims
	limits   limits
	timeout  time.Duration
}

func buildNATS(c Check) (Probe, error) {
	o, err := optionsOf[NATSOptions](c)
	if err != nil {
		return nil, err
	}
	p := &natsProbe{user: o.User, stream: o.Stream, timeout: c.Timeout}
	if p.target, err = tcpTarget("address", o.Address); err != nil {
		return nil, err
	}
	switch {
	case o.Token+o.TokenFile != "" && o.User != "":
		return nil, &OptionError{Key: "token", Problem: "is given beside user", Instead: "write one of them"}
	case o.User == "" && o.Password+o.PasswordFile != "":
		return nil, &OptionError{Key: "user", Problem: "is empty", Instead: "write who has the password"}
	case !isSubjectToken(o.Stream):
		return nil, &OptionError{Key: "stream", Problem: "is not the name of a stream"}
	}
	if p.password, err = newPassword(c, o.Password, o.Dir, o.PasswordFile); err != nil {
		return nil, err
	}
	if p.token, err = newPassword(c, o.Token, o.Dir, o.TokenFile); err != nil {
		if wrong, ok := errors.AsType[*OptionError](err); ok {
			wrong.Key = "token_file"
		}
		return nil, err
	}
	if p.tls, err = o.SecureOptions.config(c, p.target); err != nil {
		return nil, err
	}
	if p.upgrade = p.tls; p.upgrade == nil {
		if p.upgrade, err = verifying(c, p.target, "", ""); err != nil {
			return nil, err
		}
	}
	if p.limits, err = newLimits(c, o.DegradedOver, o.FailOver); err != nil {
		return nil, err
	}
	p.claims, err = natsVocabulary.claimsOf(o.Expect, o.FailIf, o.DegradedIf)
	return p.run, err
}

// natsSeen is what a probe learnt.
type natsSeen struct {
	server string         // its version
	stream map[string]any // state of the stream
}

func (p *natsProbe) run(ctx context.Context) Result {
	start := time.Now()
	tr := &trail{timeout: p.timeout}
	secret, err := p.password.reveal()
	if err != nil {
		return noPassword(err)
	}
	token, err := p.token.reveal()
	if err != nil {
		return internal("the token's file " + err.Error())
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
	return p.claims.concluded(ctx, p.limits, what, took, tr, factsSeen{"server": got.server, "stream": got.stream}, what)
}

// talk connects, logs in, sends a message to itself, and asks for the stream.
func (p *natsProbe) talk(ctx context.Context, tr *trail, secret, token string) (got natsSeen, err error) {
	conn, err := tr.dial(ctx, p.target)
	if err != nil {
		return got, err
	}
	defer func() { conn.Close() }()
	defer bind(ctx, conn)()

	tr.stage = waiting
	waited := time.Now()
	wire := &natsWire{in: bufio.NewReader(newBoundedConn(conn)), out: conn}
	hello, err := wire.hello()
	if err != nil {
		return got, err
	}
	tr.phases.FirstByte = time.Since(waited)
	got.server = hello.Version
	if p.tls != nil || hello.TLSRequired {
		secured, err := tr.secure(conn, p.upgrade)
		if err != nil {
			return got, err
		}
		wire = &natsWire{in: bufio.NewReader(newBoundedConn(secured)), out: secured}
	}
	tr.stage = loggingIn
	connect, err := json.Marshal(map[string]any{"verbose": false, "pedantic": false, "headers": true, "no_responders": true, "protocol": 1,
		"lang": "go", "version": "1", "name": userAgent, "user": p.user, "pass": secret, "auth_token": token})
	if err != nil {
		return got, err
	}
	if err := wire.login(connect); err != nil {
		return got, err
	}
	tr.stage = waiting
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

func (p *natsProbe) failed(ctx context.Context, tr *trail, err error, took time.Duration) Result {
	r := tr.failed(ctx, err)
	r.Duration = took
	said, refused := errors.AsType[errRefusedByNATS](err)
	switch {
	case r.Reason == ReasonTimeout || r.Reason == ReasonInternal:
	case refused:
		r.Reason, r.Summary = ReasonStatus, "the server refuses: "+said.said
		r.Evidence = &Evidence{Remote: tr.remote, Output: said.said}
	case errors.Is(err, errNotNATS):
		r.Reason, r.Summary = ReasonProtocol, errNotNATS.Error()
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

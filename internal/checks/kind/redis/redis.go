// Package redis is the kind of check that sends a command to Redis or what speaks
// like it.
package redis

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind redis.
type Options struct {
	Address      string `mapstructure:"address"` // "host:port", or the path of a Unix socket
	User         string `mapstructure:"user"`    // of an access control list; empty for the default user
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe
	DB           int    `mapstructure:"db"`            // number of the database

	Command     []string `mapstructure:"command"`      // one command with its arguments
	ExpectValue *string  `mapstructure:"expect_value"` // what it answers, as text; nil for not looking

	probe.SecureOptions `mapstructure:",squash"`

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "redis",
	Summary: "A Redis server lets the user in and answers a command as expected.",
	Options: func() any { return &Options{Command: []string{"PING"}} },
	Build:   build,
	Example: `{address: "cache.example.com:6379", command: [INFO, replication], expect: "info.role == 'master' && int(info.connected_slaves) >= 1"}`,
	Proven:  "Redis 7.0",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"value":   claim.Any,
	"info":    claim.Map(claim.String, claim.String),
	"latency": claim.Duration,

	probe.CertificateFact: claim.Any,
})

type prober struct {
	target   probe.Target
	tls      *tls.Config // nil for plain text
	user     string
	password probe.Password
	login    bool
	db       string // to select; empty for the first
	command  []string
	value    *string // nil for not looking
	claims   *claim.Set
	limits   probe.Limits
	dialer   probe.Dialer
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{user: o.User, command: o.Command, value: o.ExpectValue, dialer: probe.NewDialer(c), login: o.Password+o.PasswordFile != ""}
	if p.target, err = probe.ReadTargetOrSocket(c, "address", o.Address); err != nil {
		return nil, err
	}
	if err := readCommand(o.Command); err != nil {
		return nil, err
	}
	switch {
	case p.target.Local() && o.TLS:
		return nil, &probe.OptionError{Key: "tls", Problem: "is not there at a Unix socket", Instead: "leave it out"}
	case o.DB < 0:
		return nil, &probe.OptionError{Key: "db", Problem: "is less than 0"}
	case o.DB > 0:
		p.db = strconv.Itoa(o.DB)
	}
	if o.User != "" && !p.login {
		return nil, &probe.OptionError{Key: "user", Problem: "has no password", Instead: "write password or password_file beside it"}
	}
	if p.password, err = probe.NewPassword(c, o.Password, o.Dir, o.PasswordFile); err != nil {
		return nil, err
	}
	if p.tls, err = o.SecureOptions.Config(c, p.target); err != nil {
		return nil, err
	}
	if p.limits, err = o.Limits(c); err != nil {
		return nil, err
	}
	if p.claims, err = vocabulary.Compile(o.Options); err != nil {
		return nil, err
	}
	return p.run, nil
}

// errRefusedByRedis is an answer that begins with a minus.
type errRefusedByRedis struct{ said string }

func (e errRefusedByRedis) Error() string { return e.said }

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	tr := new(p.dialer.Trail())
	secret := ""
	if p.login {
		var err error
		if secret, err = p.password.Reveal(); err != nil {
			return probe.NoPassword(err)
		}
	}
	conn, err := tr.Connect(ctx, p.target, p.tls)
	if err != nil {
		return tr.Failed(ctx, err)
	}
	defer conn.Close()
	defer probe.Bind(ctx, conn)()
	got, err := p.ask(conn, tr, secret)
	took := time.Since(start)
	if err != nil {
		return p.failed(ctx, tr, err, secret, took)
	}
	output := probe.Hide(got.String(), secret)
	if p.value != nil && (got.null || got.String() != *p.value) {
		said := "the value is " + probe.Quoted(output)
		if got.null {
			said = "there is no value"
		}
		return checks.Result{Outcome: checks.Fail, Reason: checks.ReasonAssertion, Summary: said + ", expected " + probe.Quoted(*p.value), Phases: tr.Phases, Duration: took,
			Evidence: &checks.Evidence{Remote: tr.Remote, Output: output}}
	}
	return p.claims.Concluded(ctx, p.limits.Judge("answered "+strings.ToUpper(p.command[0]), took, tr), tr.Remote, seen(got, tr), output)
}

func seen(got reply, tr *probe.Trail) claim.Facts {
	seen := claim.Facts{"info": got.pairs(), "value": nil, probe.CertificateFact: tr.Certificate()}
	switch {
	case got.null:
	case got.kind == '*':
		list := make([]string, len(got.list))
		for i, one := range got.list {
			list[i] = one.String()
		}
		seen["value"] = list
	default:
		seen["value"] = got.text
	}
	return seen
}

// ask logs in, selects the database and sends the command.
func (p *prober) ask(conn net.Conn, tr *probe.Trail, secret string) (reply, error) {
	r := bufio.NewReader(probe.NewBoundedConn(conn))
	if p.login {
		tr.Stage = probe.LoggingIn
		words := []string{"AUTH", secret}
		if p.user != "" {
			words = []string{"AUTH", p.user, secret}
		}
		if err := order(conn, r, words...); err != nil {
			return reply{}, err
		}
	}
	if p.db != "" {
		tr.Stage = probe.LoggingIn
		if err := order(conn, r, "SELECT", p.db); err != nil {
			return reply{}, err
		}
	}
	tr.Stage = probe.Sending
	if _, err := conn.Write(appendCommand(nil, p.command...)); err != nil {
		return reply{}, err
	}
	tr.Stage = probe.Waiting
	sent := time.Now()
	if _, err := r.Peek(1); err != nil {
		return reply{}, err
	}
	tr.Phases.FirstByte = time.Since(sent)
	tr.Stage = probe.Reading
	got, err := readRedis(r)
	tr.Phases.Transfer = time.Since(sent) - tr.Phases.FirstByte
	return got, err
}

// order sends a command that has no answer but that it was done; the error is also a
// refusal.
func order(conn net.Conn, r *bufio.Reader, words ...string) error {
	if _, err := conn.Write(appendCommand(nil, words...)); err != nil {
		return err
	}
	_, err := readRedis(r)
	return err
}

func readRedis(r *bufio.Reader) (reply, error) {
	got, err := readReply(r, respDepth)
	if err == nil && got.kind == '-' {
		return reply{}, errRefusedByRedis{got.text}
	}
	return got, err
}

func (p *prober) failed(ctx context.Context, tr *probe.Trail, err error, secret string, took time.Duration) checks.Result {
	r := tr.Failed(ctx, err)
	r.Duration = took
	said, refused := errors.AsType[errRefusedByRedis](err)
	switch {
	case r.Reason == checks.ReasonTimeout || r.Reason == checks.ReasonInternal:
	case refused:
		r.Reason, r.Summary = checks.ReasonStatus, "the server refuses: "+probe.Hide(said.said, secret)
		r.Evidence = &checks.Evidence{Remote: tr.Remote, Output: probe.Hide(said.said, secret)}
	case errors.Is(err, probe.ErrTooMuch) && tr.Stage == probe.Reading: // the command's own answer
		r.Outcome, r.Reason, r.Summary = checks.Unknown, checks.ReasonInternal, errLongReply.Error()
	case errors.Is(err, errNotRESP):
		r.Reason, r.Summary = checks.ReasonProtocol, errNotRESP.Error()
	}
	return r
}

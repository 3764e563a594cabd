package checks

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
)

// RedisOptions are the own part of a check of kind redis.
type RedisOptions struct {
	Address      string `mapstructure:"address"` // "host:port"
	User         string `mapstructure:"user"`    // of an access control list; empty for the default user
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe
	DB           int    `mapstructure:"db"`            // number of the database

	Command     []string `mapstructure:"command"`      // one command with its arguments
	ExpectValue string   `mapstructure:"expect_value"` // what it answers, as text; empty for not looking

	SecureOptions `mapstructure:",squash"`

	DegradedOver time.Duration `mapstructure:"degraded_over"` // slower is degraded; 0 for no limit
	FailOver     time.Duration `mapstructure:"fail_over"`     // slower is a failure; 0 for no limit

	// Expressions of redisVocabulary.
	Expect     []string `mapstructure:"expect"`      // each must be true
	FailIf     []string `mapstructure:"fail_if"`     // none may be true
	DegradedIf []string `mapstructure:"degraded_if"` // true is degraded
}

var redisKind = Kind{
	Name:    "redis",
	Summary: "A Redis server lets the user in and answers a command as expected.",
	Options: func() any { return &RedisOptions{Command: []string{"PING"}} },
	Build:   buildRedis,
	Example: `{address: "cache.example.com:6379", command: [INFO, replication], expect: "info.role == 'master' && int(info.connected_slaves) >= 1"}`,
	Proven:  "Redis 7.0",
}

var redisVocabulary = newVocabulary(
	cel.Variable("value", cel.DynType),
	cel.Variable("info", cel.MapType(cel.StringType, cel.StringType)),
	cel.Variable("latency", cel.DurationType),
)("info", "latency", "value")

type redisProbe struct {
	target   target
	tls      *tls.Config // nil for plain text
	user     string
	password password
	login    bool
	db       string // to select; empty for the first
	command  []string
	value    string
	claims   *claims
	limits   limits
	timeout  time.Duration
}

func buildRedis(c Check) (Probe, error) {
	o, err := optionsOf[RedisOptions](c)
	if err != nil {
		return nil, err
	}
	p := &redisProbe{user: o.User, command: o.Command, value: o.ExpectValue, timeout: c.Timeout, login: o.Password+o.PasswordFile != ""}
	if p.target, err = tcpTarget("address", o.Address); err != nil {
		return nil, err
	}
	switch {
	case len(o.Command) == 0 || o.Command[0] == "":
		return nil, &OptionError{Key: "command", Problem: "is empty", Instead: "write a list such as [GET, key]"}
	case o.DB < 0:
		return nil, &OptionError{Key: "db", Problem: "is less than 0"}
	case o.DB > 0:
		p.db = itoa(o.DB)
	}
	if o.User != "" && !p.login {
		return nil, &OptionError{Key: "user", Problem: "has no password", Instead: "write password or password_file beside it"}
	}
	if p.password, err = newPassword(c, o.Password, o.Dir, o.PasswordFile); err != nil {
		return nil, err
	}
	if p.tls, err = o.SecureOptions.config(c, p.target); err != nil {
		return nil, err
	}
	if p.limits, err = newLimits(c, o.DegradedOver, o.FailOver); err != nil {
		return nil, err
	}
	if p.claims, err = redisVocabulary.claimsOf(o.Expect, o.FailIf, o.DegradedIf); err != nil {
		return nil, err
	}
	return p.run, nil
}

// errRefusedByRedis is an answer that begins with a minus.
type errRefusedByRedis struct{ said string }

func (e errRefusedByRedis) Error() string { return e.said }

func (p *redisProbe) run(ctx context.Context) Result {
	start := time.Now()
	tr := &trail{timeout: p.timeout}
	secret := ""
	if p.login {
		var err error
		if secret, err = p.password.reveal(); err != nil {
			return noPassword(err)
		}
	}
	conn, err := tr.connect(ctx, p.target, p.tls)
	if err != nil {
		return tr.failed(ctx, err)
	}
	defer conn.Close()
	defer bind(ctx, conn)()
	got, err := p.ask(conn, tr, secret)
	took := time.Since(start)
	if err != nil {
		return p.failed(ctx, tr, err, secret, took)
	}
	output := hide(got.String(), secret)
	if p.value != "" && (got.null || got.String() != p.value) {
		said := "the value is " + quoted(output)
		if got.null {
			said = "there is no value"
		}
		return Result{Outcome: Fail, Reason: ReasonAssertion, Summary: said + ", expected " + quoted(p.value), Phases: tr.phases, Duration: took,
			Evidence: &Evidence{Remote: tr.remote, Output: output}}
	}
	return p.claims.concluded(ctx, p.limits, "answered "+strings.ToUpper(p.command[0]), took, tr, redisSeen(got), output)
}

func redisSeen(got reply) factsSeen {
	seen := factsSeen{"info": got.pairs(), "value": nil}
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
func (p *redisProbe) ask(conn net.Conn, tr *trail, secret string) (reply, error) {
	r := bufio.NewReader(newBoundedConn(conn))
	if p.login {
		tr.stage = loggingIn
		words := []string{"AUTH", secret}
		if p.user != "" {
			words = []string{"AUTH", p.user, secret}
		}
		if _, err := exchange(conn, r, words); err != nil {
			return reply{}, err
		}
	}
	if p.db != "" {
		tr.stage = loggingIn
		if _, err := exchange(conn, r, []string{"SELECT", p.db}); err != nil {
			return reply{}, err
		}
	}
	tr.stage = sending
	if _, err := conn.Write(appendCommand(nil, p.command...)); err != nil {
		return reply{}, err
	}
	tr.stage = waiting
	sent := time.Now()
	if _, err := r.Peek(1); err != nil {
		return reply{}, err
	}
	tr.phases.FirstByte = time.Since(sent)
	tr.stage = reading
	got, err := readRedis(r)
	tr.phases.Transfer = time.Since(sent) - tr.phases.FirstByte
	return got, err
}

func exchange(conn net.Conn, r *bufio.Reader, words []string) (reply, error) {
	if _, err := conn.Write(appendCommand(nil, words...)); err != nil {
		return reply{}, err
	}
	return readRedis(r)
}

func readRedis(r *bufio.Reader) (reply, error) {
	got, err := readReply(r, respDepth)
	if err == nil && got.kind == '-' {
		return reply{}, errRefusedByRedis{got.text}
	}
	return got, err
}

func (p *redisProbe) failed(ctx context.Context, tr *trail, err error, secret string, took time.Duration) Result {
	r := tr.failed(ctx, err)
	r.Duration = took
	said, refused := errors.AsType[errRefusedByRedis](err)
	switch {
	case r.Reason == ReasonTimeout || r.Reason == ReasonInternal:
	case refused:
		r.Reason, r.Summary = ReasonStatus, "the server refuses: "+hide(said.said, secret)
		r.Evidence = &Evidence{Remote: tr.remote, Output: hide(said.said, secret)}
	case errors.Is(err, errNotRESP):
		r.Reason, r.Summary = ReasonProtocol, errNotRESP.Error()
	}
	return r
}

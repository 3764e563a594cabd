// Package mqtt is the kind of check that connects to an MQTT broker and, if
// asked, has a message delivered to itself or waits for one of others.
package mqtt

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind mqtt.
type Options struct {
	Address      string `mapstructure:"address"` // "host:port"
	Version      string `mapstructure:"version"` // "3.1.1" or "5"
	User         string `mapstructure:"user"`
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe
	ClientID     string `mapstructure:"client_id"`     // empty for another one at each probe

	Topic    string `mapstructure:"topic"`                    // to subscribe to; empty for connecting alone
	Send     string `mapstructure:"send"`                     // published to topic, and waited for; empty for waiting for what others publish
	Contains string `mapstructure:"contains" empty:"refused"` // text that the message holds; those before it are passed over
	QoS      int    `mapstructure:"qos"`                      // 0 or 1: whether the broker acknowledges what is sent

	probe.SecureOptions `mapstructure:",squash"`

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

const (
	version3 = "3.1.1"
	version5 = "5"
)

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "mqtt",
	Summary: "An MQTT broker lets the client in and, if asked, delivers a message.",
	Options: func() any { return &Options{Version: version3} },
	Build:   build,
	Example: `{address: "mqtt.example.com:8883", tls: true, topic: probe/statusbot, send: hello, degraded_over: 500ms}`,
	Proven:  "Mosquitto 2.0",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"message":  claim.String, // empty if none was asked for
	"topic":    claim.String, // it was published to
	"retained": claim.Bool,   // the broker had kept it
	"latency":  claim.Duration,

	probe.CertificateFact: claim.Any,
})

type prober struct {
	target   probe.Target
	tls      *tls.Config // nil for plain text
	version  byte        // 4 for 3.1.1, 5
	user     string
	password probe.Password
	login    bool
	id       string
	topic    string
	send     string
	expect   string
	qos      byte
	claims   *claim.Set
	limits   probe.Limits
	dialer   probe.Dialer
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{version: 4, user: o.User, login: o.User+o.Password+o.PasswordFile != "", id: o.ClientID,
		topic: o.Topic, send: o.Send, expect: o.Contains, qos: byte(o.QoS & 1), dialer: probe.NewDialer(c)}
	if p.target, err = probe.ReadTarget("address", o.Address); err != nil {
		return nil, err
	}
	if err := problem(o); err != nil {
		return nil, err
	}
	if o.Version == version5 {
		p.version = 5
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
	p.claims, err = vocabulary.Compile(o.Options)
	return p.run, err
}

// problem is what is wrong with options that can be told without a file; nil for
// nothing.
func problem(o *Options) error {
	for _, text := range []struct{ key, text string }{{"user", o.User}, {"client_id", o.ClientID}, {"topic", o.Topic}} {
		if !goodString(text.text) {
			return &probe.OptionError{Key: text.key, Problem: "is more than MQTT takes", Instead: "write at most 1,024 bytes without a zero byte"}
		}
	}
	switch {
	case len(o.Password) > textMax:
		return &probe.OptionError{Key: "password", Problem: "is longer than the 65,535 bytes that MQTT takes"}
	case o.Version != "" && o.Version != version3 && o.Version != version5:
		return &probe.OptionError{Key: "version", Problem: "is not a version", Instead: `write "3.1.1" or "5"`}
	case o.User == "" && o.Password+o.PasswordFile != "":
		return &probe.OptionError{Key: "user", Problem: "is empty", Instead: "write whose password it is"}
	case o.QoS != 0 && o.QoS != 1:
		return &probe.OptionError{Key: "qos", Problem: "is neither 0 nor 1"}
	case o.Topic == "" && o.Send+o.Contains != "":
		return &probe.OptionError{Key: "topic", Problem: "is empty", Instead: "write where the message is published"}
	case o.Send != "" && (strings.ContainsAny(o.Topic, "+#") || strings.HasPrefix(o.Topic, "$share/")):
		return &probe.OptionError{Key: "topic", Problem: "is a filter, and nothing can be published to one", Instead: "write it without +, # and $share, or leave send out"}
	case !goodFilter(o.Topic):
		return &probe.OptionError{Key: "topic", Problem: "is not a filter of topics", Instead: "write + in place of a level, and # at the end alone: sensors/+/state, alarms/#"}
	case len(o.Send) > sendMax:
		return &probe.OptionError{Key: "send", Problem: "is longer than 16 KiB"}
	case o.Send != "" && o.Contains != "" && !strings.Contains(o.Send, o.Contains):
		return &probe.OptionError{Key: "contains", Problem: "is not in what is sent, so it never comes back"}
	}
	return nil
}

const (
	sendMax = 16 << 10
	textMax = 1<<16 - 1 // what the length before it holds (MQTT 3.1.1, 1.5.3)
)

// goodString tells whether MQTT can carry a text (MQTT 3.1.1, 1.5.3).
func goodString(s string) bool {
	return len(s) <= 1024 && utf8.ValidString(s) && !strings.ContainsRune(s, 0)
}

// goodFilter tells whether a text is a filter of topics (MQTT 3.1.1, 4.7.1), or
// empty.
func goodFilter(filter string) bool {
	levels := strings.Split(filter, "/")
	for i, level := range levels {
		if strings.ContainsAny(level, "+#") && len(level) > 1 || level == "#" && i < len(levels)-1 {
			return false
		}
	}
	return true
}

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	tr := new(p.dialer.Trail())
	secret, err := p.password.Reveal()
	if err == nil && len(secret) > textMax {
		err = errors.New("is longer than the 65,535 bytes that MQTT takes")
	}
	if err != nil {
		return probe.NoPassword(err)
	}
	got, err := p.talk(ctx, tr, secret)
	took := time.Since(start)
	if err != nil {
		return p.failed(ctx, tr, err, took)
	}
	what := "connected"
	switch {
	case p.send != "":
		what = "a message came back"
	case p.topic != "":
		what = "a message came"
	}
	text := strings.ToValidUTF8(string(got.body), "\uFFFD")
	return p.claims.Concluded(ctx, p.limits.Judge(what, took, tr), tr.Remote, claim.Facts{"message": text, "topic": got.topic, "retained": got.retained,
		probe.CertificateFact: tr.Certificate()}, probe.Head(got.body))
}

const awaiting probe.Stage = "waiting for the message"

// talk connects, subscribes, publishes, and waits for the message.
func (p *prober) talk(ctx context.Context, tr *probe.Trail, secret string) (message, error) {
	conn, err := tr.Connect(ctx, p.target, p.tls)
	if err != nil {
		return message{}, err
	}
	defer conn.Close()
	defer probe.Bind(ctx, conn)()
	wire := newSession(conn, p.version)
	id := p.id
	if id == "" {
		id = "statusbot" + strings.ToLower(rand.Text()[:12]) // 23 bytes of letters and digits are what each broker takes (3.1.3.1)
	}
	tr.Stage = probe.LoggingIn
	waited := time.Now()
	if err := wire.connect(id, p.user, secret, p.login); err != nil {
		return message{}, err
	}
	tr.Phases.FirstByte = time.Since(waited)
	begun := time.Now()
	defer func() { tr.Phases.Transfer = time.Since(begun) }()
	defer wire.leave()
	if p.topic == "" {
		tr.Stage = probe.Answering("a ping")
		return message{}, wire.ping()
	}
	tr.Stage = probe.Answering("the subscription")
	if err := wire.subscribe(p.topic); err != nil {
		return message{}, err
	}
	expect := p.expect
	if p.send != "" {
		tr.Stage = probe.Sending
		if err := wire.publish(p.topic, p.send, p.qos); err != nil {
			return message{}, err
		}
		expect = p.send
	}
	tr.Stage = awaiting
	for {
		got, err := wire.message()
		switch {
		case err != nil:
			return got, err
		case p.send == "" && strings.Contains(string(got.body), expect), p.send != "" && !got.retained && string(got.body) == expect && got.topic == p.topic:
			if p.qos == 1 && p.send != "" {
				tr.Stage = probe.Answering("what was published")
				return got, wire.acknowledged()
			}
			return got, nil
		}
	}
}

func (p *prober) failed(ctx context.Context, tr *probe.Trail, err error, took time.Duration) checks.Result {
	r := tr.Failed(ctx, err)
	r.Duration = took
	no, refused := errors.AsType[errRefused](err)
	switch {
	case r.Reason == checks.ReasonTimeout || r.Reason == checks.ReasonInternal:
	case refused:
		r.Reason, r.Summary = checks.ReasonStatus, no.Error()
		r.Evidence = &checks.Evidence{Remote: tr.Remote, Status: no.code, Output: no.Error()}
	case errors.Is(err, errNotMQTT):
		r.Reason, r.Summary = checks.ReasonProtocol, errNotMQTT.Error()
	case errors.Is(err, errTooLong):
		return probe.Internal(errTooLong.Error())
	case errors.Is(err, errEndless), errors.Is(err, probe.ErrTooMuch):
		if r.Summary = errEndless.Error(); tr.Stage == awaiting {
			r.Reason = checks.ReasonAssertion
		}
	}
	return r
}

// Package imap is the kind of check that is greeted by a mailbox server and, if
// asked, opens a mailbox.
package imap

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Options are the own part of a check of kind imap.
type Options struct {
	Address             string `mapstructure:"address"`  // "host:port"
	StartTLS            bool   `mapstructure:"starttls"` // go over to TLS, and fail without; not looked at with TLS from the beginning
	probe.SecureOptions `mapstructure:",squash"`

	User         string `mapstructure:"user"` // who logs in; empty for no login
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe

	Mailbox string `mapstructure:"mailbox"` // opened for reading, so that nothing in it changes; empty for none

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "imap",
	Summary: "A mailbox server greets, speaks TLS with a certificate for its name and, if asked, lets a user in and opens a mailbox.",
	Options: func() any { return &Options{StartTLS: true} },
	Build:   build,
	Example: `{address: "mail.example.com:993", tls: true, user: probe, password: "${PAY_PROBE_PASSWORD}", mailbox: INBOX}`,
	Proven:  "Dovecot 2.3",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"banner":       claim.String,
	"capabilities": claim.List(claim.String),
	"latency":      claim.Duration,
	"messages":     claim.Int,
	"tls":          claim.String,

	probe.CertificateFact: claim.Any,
})

type prober struct {
	probe.Account
	mailbox string
	claims  *claim.Set
	limits  probe.Limits
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{mailbox: o.Mailbox}
	if p.Account, err = probe.NewAccount(c, probe.Said{Address: o.Address, Secure: o.SecureOptions, StartTLS: o.StartTLS,
		User: o.User, Password: o.Password, PasswordFile: o.PasswordFile}); err != nil {
		return nil, err
	}
	if o.Mailbox != "" && o.User == "" {
		return nil, &probe.OptionError{Key: "mailbox", Problem: "needs a login", Instead: "write user and password beside it"}
	}
	if strings.ContainsFunc(o.Mailbox, notInQuotes) {
		return nil, &probe.OptionError{Key: "mailbox", Problem: "has characters that a name of IMAP has not", Instead: "write it as the server lists it (RFC 3501, 5.1.3)"}
	}
	if p.limits, err = o.Limits(c); err != nil {
		return nil, err
	}
	if p.claims, err = vocabulary.Compile(o.Options); err != nil {
		return nil, err
	}
	if p.mailbox == "" && p.claims.Uses("messages") {
		return nil, &probe.OptionError{Key: "mailbox", Problem: "is empty", Instead: "write the mailbox whose messages the expressions speak of, such as INBOX"}
	}
	return p.run, nil
}

func (p *prober) run(ctx context.Context) checks.Result {
	start := time.Now()
	conversation, secret, end, no := p.Begin(ctx)
	if no != nil {
		return *no
	}
	defer end()

	t := &talk{Talk: conversation}
	err := p.converse(t, secret)
	t.Done()
	took := time.Since(start)
	if err != nil {
		r := t.Failed(ctx, err, "IMAP")
		r.Duration = took
		if r.Reason == checks.ReasonStatus {
			t.Leave("z LOGOUT")
		}
		return r
	}
	seen := claim.Facts{"banner": t.banner, "capabilities": t.capabilities, "messages": t.messages, "tls": t.Secure, probe.CertificateFact: t.Tr.Certificate()}
	r := p.claims.Concluded(ctx, p.limits.Judge(p.passed(t), took, t.Tr), t.Tr.Remote, seen, t.Output())
	r.Duration = took
	t.Leave("z LOGOUT")
	return r
}

// passed is the summary of a pass.
func (p *prober) passed(t *talk) string {
	switch {
	case p.mailbox != "" && t.messages == 1:
		return "opened " + probe.Quoted(p.mailbox) + ", 1 message" + probe.SecureText(t.Secure)
	case p.mailbox != "":
		return "opened " + probe.Quoted(p.mailbox) + ", " + strconv.Itoa(t.messages) + " messages" + probe.SecureText(t.Secure)
	case p.User != "":
		return "logged in" + probe.SecureText(t.Secure) + probe.BannerText(t.banner)
	}
	return "greeted" + probe.SecureText(t.Secure) + probe.BannerText(t.banner)
}

// converse does all that the check asks for.
func (p *prober) converse(t *talk, secret string) error {
	if err := t.greet(); err != nil {
		return err
	}
	if err := t.capability(); err != nil {
		return err
	}
	ask := func() error { return t.command("STARTTLS", "STARTTLS", "STARTTLS") }
	if err := p.Upgrade(t.Talk, t.can("STARTTLS"), ask, t.capability); err != nil {
		return err
	}
	if p.User != "" {
		if err := t.login(p.User, secret); err != nil {
			return err
		}
	}
	if p.mailbox == "" {
		return nil
	}
	text := "EXAMINE " + inQuotes(p.mailbox)
	if err := t.command("EXAMINE", text, text); err != nil {
		return err
	}
	if !t.counted {
		return &probe.Misspoke{Text: "EXAMINE without a number of messages"}
	}
	return nil
}

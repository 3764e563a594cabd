package checks

import (
	"context"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
)

// IMAPOptions are the own part of a check of kind imap.
type IMAPOptions struct {
	Address       string `mapstructure:"address"`  // "host:port"
	StartTLS      bool   `mapstructure:"starttls"` // go over to TLS, and fail without; not looked at with TLS from the beginning
	SecureOptions `mapstructure:",squash"`

	User         string `mapstructure:"user"` // who logs in; empty for no login
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe

	Mailbox string `mapstructure:"mailbox"` // opened for reading, so that nothing in it changes; empty for none

	DegradedOver time.Duration `mapstructure:"degraded_over"` // slower is degraded; 0 for no limit
	FailOver     time.Duration `mapstructure:"fail_over"`     // slower is a failure; 0 for no limit

	// Expressions of imapVocabulary.
	Expect     []string `mapstructure:"expect"`
	FailIf     []string `mapstructure:"fail_if"`
	DegradedIf []string `mapstructure:"degraded_if"`
}

var imapKind = Kind{
	Name:    "imap",
	Summary: "A mailbox server greets, speaks TLS with a certificate for its name and, if asked, lets a user in and opens a mailbox.",
	Options: func() any { return &IMAPOptions{StartTLS: true} },
	Build:   buildIMAP,
	Example: `{address: "mail.example.com:993", tls: true, user: probe, password: "${PAY_PROBE_PASSWORD}", mailbox: INBOX}`,
	Proven:  "Dovecot 2.3",
}

var imapVocabulary = newVocabulary(
	cel.Variable("banner", cel.StringType),
	cel.Variable("capabilities", cel.ListType(cel.StringType)),
	cel.Variable("latency", cel.DurationType),
	cel.Variable("messages", cel.IntType),
	cel.Variable("tls", cel.StringType),
)("banner", "capabilities", "latency", "messages", "tls")

type imapProbe struct {
	account
	mailbox string
	claims  *claims
	limits  limits
}

func buildIMAP(c Check) (Probe, error) {
	o, err := optionsOf[IMAPOptions](c)
	if err != nil {
		return nil, err
	}
	p := &imapProbe{account: account{implicit: o.TLS, user: o.User, timeout: c.Timeout}, mailbox: o.Mailbox}
	if p.target, err = tcpTarget("address", o.Address); err != nil {
		return nil, err
	}
	if p.tls, err = o.SecureOptions.orLater(o.StartTLS).config(c, p.target); err != nil {
		return nil, err
	}
	if p.password, err = loginOf(c, o.User, o.Password, o.Dir, o.PasswordFile); err != nil {
		return nil, err
	}
	if o.Mailbox != "" && o.User == "" {
		return nil, &OptionError{Key: "mailbox", Problem: "needs a login", Instead: "write user and password beside it"}
	}
	if strings.ContainsFunc(o.Mailbox, notInQuotes) {
		return nil, &OptionError{Key: "mailbox", Problem: "has characters that a name of IMAP has not", Instead: "write it as the server lists it (RFC 3501, 5.1.3)"}
	}
	if p.limits, err = newLimits(c, o.DegradedOver, o.FailOver); err != nil {
		return nil, err
	}
	if p.claims, err = imapVocabulary.claimsOf(o.Expect, o.FailIf, o.DegradedIf); err != nil {
		return nil, err
	}
	if p.mailbox == "" && p.claims.use("messages") {
		return nil, &OptionError{Key: "mailbox", Problem: "is empty", Instead: "write the mailbox whose messages the expressions speak of, such as INBOX"}
	}
	return p.run, nil
}

func (p *imapProbe) run(ctx context.Context) Result {
	start := time.Now()
	conversation, secret, end, no := p.begin(ctx)
	if no != nil {
		return *no
	}
	defer end()

	t := &imapTalk{talk: conversation}
	err := p.converse(t, secret)
	t.done()
	took := time.Since(start)
	if err != nil {
		r := t.failed(ctx, err, "IMAP")
		r.Duration = took
		if r.Reason == ReasonStatus {
			t.leave("z LOGOUT")
		}
		return r
	}
	seen := factsSeen{"banner": t.banner, "capabilities": t.capabilities, "messages": t.messages, "tls": t.secure}
	r := p.claims.concluded(ctx, p.limits, p.passed(t), took, t.tr, seen, t.output())
	r.Duration = took
	t.leave("z LOGOUT")
	return r
}

// passed is the summary of a pass.
func (p *imapProbe) passed(t *imapTalk) string {
	switch {
	case p.mailbox != "" && t.messages == 1:
		return "opened " + quoted(p.mailbox) + ", 1 message" + secureText(t.secure)
	case p.mailbox != "":
		return "opened " + quoted(p.mailbox) + ", " + itoa(t.messages) + " messages" + secureText(t.secure)
	case p.user != "":
		return "logged in" + secureText(t.secure) + ", " + t.banner
	}
	return "greeted" + secureText(t.secure) + ", " + t.banner
}

// converse does all that the check asks for.
func (p *imapProbe) converse(t *imapTalk, secret string) error {
	if err := t.greet(); err != nil {
		return err
	}
	if err := t.capability(); err != nil {
		return err
	}
	if p.tls != nil && !p.implicit {
		if !t.can("STARTTLS") {
			return errNoTLS
		}
		if err := t.command("STARTTLS", "STARTTLS", "STARTTLS"); err != nil {
			return err
		}
		if err := t.goOver(p.tls); err != nil {
			return err
		}
		if err := t.capability(); err != nil { // what was offered in plain text does not count
			return err
		}
	}
	if p.user != "" {
		if err := t.login(p.user, secret); err != nil {
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
		return &misspoke{"EXAMINE without a number of messages"}
	}
	return nil
}

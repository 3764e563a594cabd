package checks

import (
	"context"
	"encoding/base64"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
)

// SMTPOptions are the own part of a check of kind smtp.
//
// No probe sends a mail: with To it asks whether one would be taken, and
// leaves.
type SMTPOptions struct {
	Address       string `mapstructure:"address"`  // "host:port"
	StartTLS      bool   `mapstructure:"starttls"` // go over to TLS, and fail without; not looked at with TLS from the beginning
	SecureOptions `mapstructure:",squash"`
	Hello         string `mapstructure:"hello"` // name that the probe gives itself; default its address in brackets

	User         string `mapstructure:"user"` // who logs in; empty for no login
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe

	From string `mapstructure:"from"` // sender of the mail that is asked about; empty is the sender of bounces
	To   string `mapstructure:"to"`   // its recipient; empty for not asking

	DegradedOver time.Duration `mapstructure:"degraded_over"` // slower is degraded; 0 for no limit
	FailOver     time.Duration `mapstructure:"fail_over"`     // slower is a failure; 0 for no limit

	// Expressions of smtpVocabulary.
	Expect     []string `mapstructure:"expect"`
	FailIf     []string `mapstructure:"fail_if"`
	DegradedIf []string `mapstructure:"degraded_if"`
}

var smtpKind = Kind{
	Name:    "smtp",
	Summary: "A mail server greets, speaks TLS with a certificate for its name and, if asked, lets a user in and takes a recipient.",
	Options: func() any { return &SMTPOptions{StartTLS: true} },
	Build:   buildSMTP,
	Example: `{address: "mail.example.com:587", user: probe, password: "${PAY_PROBE_PASSWORD}"}`,
	Proven:  "Exim 4.96",
}

var smtpVocabulary = newVocabulary(
	cel.Variable("banner", cel.StringType),
	cel.Variable("extensions", cel.ListType(cel.StringType)),
	cel.Variable("latency", cel.DurationType),
	cel.Variable("tls", cel.StringType),
)("banner", "extensions", "latency", "tls")

type smtpProbe struct {
	account
	hello    string
	from, to string
	claims   *claims
	limits   limits
}

func buildSMTP(c Check) (Probe, error) {
	o, err := optionsOf[SMTPOptions](c)
	if err != nil {
		return nil, err
	}
	p := &smtpProbe{account: account{implicit: o.TLS, user: o.User, timeout: c.Timeout}, hello: o.Hello, from: o.From, to: o.To}
	if p.target, err = tcpTarget("address", o.Address); err != nil {
		return nil, err
	}
	if p.tls, err = o.SecureOptions.orLater(o.StartTLS).config(c, p.target); err != nil {
		return nil, err
	}
	for key, text := range map[string]string{"hello": o.Hello, "from": o.From, "to": o.To} {
		if strings.ContainsFunc(text, notInAddress) {
			return nil, &OptionError{Key: key, Problem: "has characters that SMTP does not allow", Instead: "write it without spaces and brackets, such as probe@example.com"}
		}
	}
	if o.From != "" && o.To == "" {
		return nil, &OptionError{Key: "to", Problem: "is empty", Instead: "write the recipient to ask about beside from"}
	}
	if p.password, err = loginOf(c, o.User, o.Password, o.Dir, o.PasswordFile); err != nil {
		return nil, err
	}
	if p.limits, err = newLimits(c, o.DegradedOver, o.FailOver); err != nil {
		return nil, err
	}
	if p.claims, err = smtpVocabulary.claimsOf(o.Expect, o.FailIf, o.DegradedIf); err != nil {
		return nil, err
	}
	return p.run, nil
}

// notInAddress are characters that would end a command of SMTP, or its
// address.
func notInAddress(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r > '~' }

func (p *smtpProbe) run(ctx context.Context) Result {
	start := time.Now()
	conversation, secret, end, no := p.begin(ctx)
	if no != nil {
		return *no
	}
	defer end()

	t := &smtpTalk{talk: conversation, hello: p.hello}
	if t.hello == "" {
		t.hello = addressLiteral(t.conn.LocalAddr())
	}
	err := p.converse(t, secret)
	t.done()
	took := time.Since(start)
	if err != nil {
		r := t.failed(ctx, err, "SMTP")
		r.Duration = took
		if r.Reason == ReasonStatus {
			t.leave("QUIT")
		}
		return r
	}
	said := t.output()
	seen := factsSeen{"banner": t.banner, "extensions": t.extensions, "tls": t.secure}
	r := p.claims.concluded(ctx, p.limits, p.passed(t), took, t.tr, seen, said)
	r.Duration = took
	t.leave("QUIT")
	return r
}

// passed is the summary of a pass.
func (p *smtpProbe) passed(t *smtpTalk) string {
	did := "greeted"
	switch {
	case p.to != "":
		did = "recipient taken"
	case p.user != "":
		did = "logged in"
	}
	return did + secureText(t.secure) + ", " + t.banner
}

func secureText(version string) string {
	if version == "" {
		return ", plain text"
	}
	return ", " + version
}

// addressLiteral is how a client without a name says who it is (RFC 5321,
// 4.1.3).
func addressLiteral(addr net.Addr) string {
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "localhost" // unreachable: it is an address of TCP
	}
	host, _, _ = strings.Cut(host, "%")
	if strings.Contains(host, ":") {
		host = "IPv6:" + host
	}
	return "[" + host + "]"
}

// smtpTalk is a conversation in SMTP.
type smtpTalk struct {
	*talk
	hello      string
	banner     string
	extensions []string // as the server writes them: "SIZE 52428800"
}

// converse does all that the check asks for.
func (p *smtpProbe) converse(t *smtpTalk, secret string) error {
	if err := t.listen(); err != nil {
		return err
	}
	lines, err := t.reply("the connection", 220)
	if err != nil {
		return err
	}
	t.banner = lines[0]
	if err := t.greet(); err != nil {
		return err
	}
	if p.tls != nil && !p.implicit {
		if !slices.ContainsFunc(t.extensions, func(e string) bool { return strings.EqualFold(e, "STARTTLS") }) {
			return errNoTLS
		}
		if _, err := t.command("STARTTLS", "STARTTLS", "STARTTLS", 220); err != nil {
			return err
		}
		if err := t.goOver(p.tls); err != nil {
			return err
		}
		if err := t.greet(); err != nil { // what was offered in plain text does not count
			return err
		}
	}
	if p.user != "" {
		if err := t.login(p.user, secret); err != nil {
			return err
		}
	}
	if p.to == "" {
		return nil
	}
	from, to := "MAIL FROM:<"+p.from+">", "RCPT TO:<"+p.to+">"
	if _, err := t.command("MAIL", from, from, 250); err != nil {
		return err
	}
	if _, err := t.command("RCPT", to, to, 250, 251, 252); err != nil {
		return err
	}
	_, err = t.command("RSET", "RSET", "RSET", 250)
	return err
}

func (t *smtpTalk) greet() error {
	text := "EHLO " + t.hello
	lines, err := t.command("EHLO", text, text, 250)
	if err == nil {
		t.extensions = lines[1:]
	}
	return err
}

// login authenticates by PLAIN or LOGIN (RFC 4954).
func (t *smtpTalk) login(user, secret string) error {
	var offered []string
	for _, e := range t.extensions {
		if words := strings.Fields(strings.ToUpper(e)); len(words) > 0 && words[0] == "AUTH" {
			offered = words[1:]
		}
	}
	switch {
	case slices.Contains(offered, "PLAIN"):
		_, err := t.command("AUTH", "AUTH PLAIN "+plainLogin(user, secret), "AUTH PLAIN "+redacted, 235)
		return err
	case !slices.Contains(offered, "LOGIN"):
		return errNoMechanism
	}
	if _, err := t.command("AUTH", "AUTH LOGIN", "AUTH LOGIN", 334); err != nil {
		return err
	}
	if _, err := t.command("AUTH", base64.StdEncoding.EncodeToString([]byte(user)), quoted(user), 334); err != nil {
		return err
	}
	_, err := t.command("AUTH", base64.StdEncoding.EncodeToString([]byte(secret)), redacted, 235)
	return err
}

// command sends a command and reads its answer.
func (t *smtpTalk) command(verb, text, shown string, want ...int) ([]string, error) {
	t.tr.stage = answering(verb)
	if err := t.say(text, shown); err != nil {
		return nil, err
	}
	return t.reply(verb, want...)
}

// reply reads an answer, and returns its lines without the code if that is
// wanted.
func (t *smtpTalk) reply(verb string, want ...int) ([]string, error) {
	var lines []string
	first := 0
	for {
		line, err := t.line()
		if err != nil {
			return nil, err
		}
		code, text, more, ok := smtpLine(line)
		if !ok || first != 0 && code != first {
			return nil, &misspoke{line}
		}
		first = code
		lines = append(lines, text)
		if more {
			continue
		}
		if slices.Contains(want, code) {
			return lines, nil
		}
		return nil, &saidNo{verb, code, itoa(code) + " " + strings.Join(lines, " ")}
	}
}

// smtpLine takes a line of an answer apart: "250-SIZE 1000" (RFC 5321, 4.2.1).
func smtpLine(line string) (code int, text string, more, ok bool) {
	if len(line) < 3 || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
		return 0, "", false, false
	}
	n, err := strconv.ParseUint(line[:3], 10, 16)
	if err != nil || n < 200 || n > 599 {
		return 0, "", false, false
	}
	if len(line) == 3 {
		return int(n), "", false, true
	}
	return int(n), line[4:], line[3] == '-', true
}

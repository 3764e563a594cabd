// Package smtp is the kind of check that is greeted by a mail server and, if
// asked, logs in and gets as far as a message.
package smtp

import (
	"context"
	"encoding/base64"
	"errors"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// Options are the own part of a check of kind smtp.
//
// No probe sends a mail: with To it asks whether one would be taken, and
// leaves.
type Options struct {
	Address             string `mapstructure:"address"`  // "host:port"
	StartTLS            bool   `mapstructure:"starttls"` // go over to TLS, and fail without; not looked at with TLS from the beginning
	probe.SecureOptions `mapstructure:",squash"`
	Hello               string `mapstructure:"hello"` // name that the probe gives itself; default its address in brackets

	User         string `mapstructure:"user"` // who logs in; empty for no login
	Password     string `mapstructure:"password"`
	PasswordFile string `mapstructure:"password_file"` // holds the password alone, read at each probe

	From string `mapstructure:"from"` // sender of the mail that is asked about; empty is the sender of bounces
	To   string `mapstructure:"to"`   // its recipient; empty for not asking

	probe.LimitOptions `mapstructure:",squash"`

	// Expressions of vocabulary.
	claim.Options `mapstructure:",squash"`

	probe.WayOptions `mapstructure:",squash"`
}

// Kind is its row in the table of kinds.
var Kind = probe.Kind{
	Name:    "smtp",
	Summary: "A mail server greets, speaks TLS with a certificate for its name and, if asked, lets a user in and takes a recipient.",
	Options: func() any { return &Options{StartTLS: true} },
	Build:   build,
	Example: `{address: "mail.example.com:587", user: probe, password: "${PAY_PROBE_PASSWORD}"}`,
	Proven:  "Exim 4.96",
}

var vocabulary = claim.NewVocabulary(claim.Variables{
	"banner":     claim.String,
	"extensions": claim.List(claim.String),
	"latency":    claim.Duration,
	"tls":        claim.String,

	probe.CertificateFact: claim.Any,
})

type prober struct {
	probe.Account
	hello    string
	from, to string
	claims   *claim.Set
	limits   probe.Limits
}

func build(c checks.Check) (probe.Probe, error) {
	o, err := probe.OptionsOf[Options](c)
	if err != nil {
		return nil, err
	}
	p := &prober{hello: o.Hello, from: o.From, to: o.To}
	if p.Account, err = probe.NewAccount(c, probe.Said{Address: o.Address, Secure: o.SecureOptions, StartTLS: o.StartTLS,
		User: o.User, Password: o.Password, PasswordFile: o.PasswordFile}); err != nil {
		return nil, err
	}
	said := [...]struct{ key, text string }{{"hello", o.Hello}, {"from", o.From}, {"to", o.To}}
	for _, s := range said {
		if strings.ContainsFunc(s.text, probe.NotInAddress) {
			return nil, &probe.OptionError{Key: s.key, Problem: "has characters that SMTP does not allow", Instead: "write it without spaces and brackets, such as probe@example.com"}
		}
	}
	if o.Hello != "" && !probe.GoodName(o.Hello) && !probe.GoodMailDomain(o.Hello) {
		return nil, &probe.OptionError{Key: "hello", Problem: "is not the name of a host", Instead: "write one such as probe.example.com"}
	}
	for _, s := range said[1:] {
		if !probe.GoodMailbox(s.text) {
			return nil, &probe.OptionError{Key: s.key, Problem: "is not an address of e-mail", Instead: "write one such as probe@example.com"}
		}
	}
	if o.From != "" && o.To == "" {
		return nil, &probe.OptionError{Key: "to", Problem: "is empty", Instead: "write the recipient to ask about beside from"}
	}
	if p.limits, err = o.Limits(c); err != nil {
		return nil, err
	}
	if p.claims, err = vocabulary.Compile(o.Options); err != nil {
		return nil, err
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

	t := &talk{Talk: conversation, hello: p.hello}
	if t.hello == "" {
		t.hello = addressLiteral(t.Conn.LocalAddr())
	}
	err := p.converse(t, secret)
	t.Done()
	took := time.Since(start)
	if err != nil {
		r := t.Failed(ctx, err, "SMTP")
		r.Duration = took
		if r.Reason == checks.ReasonStatus {
			t.Leave("QUIT")
		}
		return r
	}
	said := t.Output()
	seen := claim.Facts{"banner": t.banner, "extensions": t.extensions, "tls": t.Secure, probe.CertificateFact: t.Tr.Certificate()}
	r := p.claims.Concluded(ctx, p.limits.Judge(p.passed(t), took, t.Tr), t.Tr.Remote, seen, said)
	r.Duration = took
	t.Leave("QUIT")
	return r
}

// passed is the summary of a pass.
func (p *prober) passed(t *talk) string {
	did := "greeted"
	switch {
	case p.to != "":
		did = "recipient taken"
	case p.User != "":
		did = "logged in"
	}
	return did + probe.SecureText(t.Secure) + probe.BannerText(t.banner)
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

// talk is a conversation in SMTP.
type talk struct {
	*probe.Talk
	hello      string
	banner     string
	extensions []string // as the server writes them: "SIZE 52428800"
}

// converse does all that the check asks for.
func (p *prober) converse(t *talk, secret string) error {
	if err := t.Listen(); err != nil {
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
	offered := slices.ContainsFunc(t.extensions, func(e string) bool { return strings.EqualFold(e, "STARTTLS") })
	ask := func() error {
		_, err := t.command("STARTTLS", "STARTTLS", "STARTTLS", 220)
		return err
	}
	if err := p.Upgrade(t.Talk, offered, ask, t.greet); err != nil {
		return err
	}
	if p.User != "" {
		if err := t.login(p.User, secret); err != nil {
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

// greet says who we are: by HELO to a server from before EHLO (RFC 5321, 3.2), which
// has no extensions.
func (t *talk) greet() error {
	text := "EHLO " + t.hello
	lines, err := t.command("EHLO", text, text, 250)
	if err == nil {
		t.extensions = lines[1:]
	}
	if no, ok := errors.AsType[*probe.SaidNo](err); ok && slices.Contains([]int{500, 501, 502, 504}, no.Code) {
		text = "HELO " + t.hello
		_, err = t.command("HELO", text, text, 250)
	}
	return err
}

// login authenticates by PLAIN or LOGIN (RFC 4954).
func (t *talk) login(user, secret string) error {
	var offered []string
	for _, e := range t.extensions {
		// "AUTH=LOGIN PLAIN" is how servers from before RFC 2554 say it.
		said := strings.Replace(strings.ToUpper(e), "AUTH=", "AUTH ", 1)
		if words := strings.Fields(said); len(words) > 0 && words[0] == "AUTH" {
			offered = append(offered, words[1:]...)
		}
	}
	switch {
	case slices.Contains(offered, "PLAIN"):
		_, err := t.command("AUTH", "AUTH PLAIN "+probe.PlainLogin(user, secret), "AUTH PLAIN "+redact.Mark, 235)
		return err
	case !slices.Contains(offered, "LOGIN"):
		return probe.NoMechanismBut(offered)
	}
	if _, err := t.command("AUTH", "AUTH LOGIN", "AUTH LOGIN", 334); err != nil {
		return err
	}
	if _, err := t.command("AUTH", base64.StdEncoding.EncodeToString([]byte(user)), probe.Quoted(user), 334); err != nil {
		return err
	}
	_, err := t.command("AUTH", base64.StdEncoding.EncodeToString([]byte(secret)), redact.Mark, 235)
	return err
}

// command sends a command and reads its answer.
func (t *talk) command(verb, text, shown string, want ...int) ([]string, error) {
	t.Tr.Stage = probe.Answering(verb)
	if err := t.Say(text, shown); err != nil {
		return nil, err
	}
	return t.reply(verb, want...)
}

// reply reads an answer, and returns its lines without the code if that is
// wanted.
func (t *talk) reply(verb string, want ...int) ([]string, error) {
	var lines []string
	first := 0
	for {
		line, err := t.Line()
		if err != nil {
			return nil, err
		}
		code, text, more, ok := readLine(line)
		if !ok || first != 0 && code != first {
			return nil, &probe.Misspoke{Text: line}
		}
		first = code
		lines = append(lines, text)
		if more {
			continue
		}
		if slices.Contains(want, code) {
			return lines, nil
		}
		return nil, &probe.SaidNo{Step: verb, Code: code, Text: strconv.Itoa(code) + " " + strings.Join(withoutRepeated(lines), " ")}
	}
}

// withoutRepeated returns the lines of an answer without the enhanced code that each
// begins with (RFC 2034, 4), but for the first: "5.1.1 no such account 5.1.1 see ...".
func withoutRepeated(lines []string) []string {
	code, _, found := strings.Cut(lines[0], " ")
	if !found || strings.Count(code, ".") != 2 || strings.Trim(code, "0123456789.") != "" {
		return lines
	}
	for i := range lines[1:] {
		lines[i+1] = strings.TrimPrefix(lines[i+1], code+" ")
	}
	return lines
}

// readLine takes a line of an answer apart: "250-SIZE 1000" (RFC 5321, 4.2.1).
func readLine(line string) (code int, text string, more, ok bool) {
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

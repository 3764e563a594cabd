package ways

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/statusbot/statusbot/internal/format/text"
)

// MailTLS says how a connection to a mail server is secured.
type MailTLS string

const (
	StartTLS    MailTLS = "starttls" // it has to offer STARTTLS
	ImplicitTLS MailTLS = "implicit" // TLS from the first byte, as on port 465
	NoTLS       MailTLS = "none"     // a relay on this machine
)

// Mail sends e-mail, as plain text and HTML; the mails of one incident are one thread.
type Mail struct {
	Host     string
	Port     int
	TLS      MailTLS
	Roots    *x509.CertPool // of the server's certificate; nil: the machine's
	From     string         // an address, with a name or without
	To       []string       // likewise
	Username string         // empty: nobody signs in
	Password string
}

var _ Sender = (*Mail)(nil)

// client makes one for one connection, which ends with ctx.
func (m *Mail) client(ctx context.Context) (*mail.Client, error) {
	within := time.Minute
	if deadline, ok := ctx.Deadline(); ok {
		within = max(time.Until(deadline), time.Millisecond)
	}
	secure := &tls.Config{ServerName: m.Host, RootCAs: m.Roots, MinVersion: tls.VersionTLS12}
	options := []mail.Option{mail.WithPort(m.Port), mail.WithTimeout(within), mail.WithTLSConfig(secure), mail.WithoutNoop()}
	signIn := mail.SMTPAuthAutoDiscover
	switch m.TLS {
	case ImplicitTLS:
		options = append(options, mail.WithSSL())
	case NoTLS:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS))
		signIn = mail.SMTPAuthPlainNoEnc // the configuration takes that for this machine alone
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if m.Username != "" {
		options = append(options, mail.WithSMTPAuth(signIn), mail.WithUsername(m.Username), mail.WithPassword(m.Password))
	}
	return mail.NewClient(m.Host, options...)
}

// Send sends one mail to all addresses.
func (m *Mail) Send(ctx context.Context, n Notice) error {
	msg, err := m.message(n)
	if err != nil {
		return &Refused{Says: "the mail cannot be made: " + err.Error()} // unreachable: config has read the addresses
	}
	c, err := m.client(ctx)
	if err != nil {
		return &Refused{Says: "the mail server's options do not fit"} // unreachable: config has read them
	}
	sent := make(chan error, 1)
	go func() { // the connection's deadline ends it, and the process does not wait for that
		conn, err := c.DialToSMTPClientWithContext(ctx)
		if err == nil {
			err = deliver(conn, msg)
			defer conn.Close()                //nolint:errcheck // it is told, or not: what is said on leaving changes nothing
			defer c.CloseWithSMTPClient(conn) //nolint:errcheck // likewise
		}
		sent <- m.plainly(ctx, err)
	}()
	select {
	case err := <-sent:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// conversation is a connection with a mail server.
type conversation interface {
	Mail(from string) error
	Rcpt(to string) error
	Data() (io.WriteCloser, error)
}

// deliver hands a mail over for all addresses that the server takes: somebody who has left must not keep it from the others.
// Those that it does not take now may be more than it takes at once, and go after the rest.
func deliver(conn conversation, msg *mail.Msg) error {
	to, err := msg.GetRecipients()
	if err != nil {
		return err // unreachable: they have been set
	}
	var not map[string]int // :: address that has it not -> what the server answered
	for left := to; len(left) > 0; {
		answers, err := hand(conn, msg, left)
		if err != nil && not == nil {
			return err
		}
		if err != nil { // some have it, and would get it twice
			break
		}
		if not == nil {
			not = answers
		}
		for _, address := range left {
			not[address] = answers[address]
		}
		left = slices.DeleteFunc(slices.Clone(left), func(address string) bool { return not[address]/100 != 4 })
	}
	var lacks []string
	for i, address := range to {
		if code := not[address]; code > 0 {
			lacks = append(lacks, fmt.Sprintf("number %d (%d)", i+1, code))
		}
	}
	if len(lacks) > 0 {
		return &Partly{Says: fmt.Sprintf("the mail server does not take %d of %d addresses: %s", len(lacks), len(to), strings.Join(lacks, ", "))}
	}
	return nil
}

// hand hands a mail over for some addresses, and says what was answered to those that are not taken; an error when none is.
func hand(conn conversation, msg *mail.Msg, to []string) (not map[string]int, err error) {
	from, err := msg.GetSender(false)
	if err != nil {
		return nil, err // unreachable: it has been set
	}
	if err := conn.Mail(from); err != nil {
		return nil, err
	}
	not = map[string]int{}
	for _, address := range to {
		err := conn.Rcpt(address)
		said, answered := errors.AsType[*textproto.Error](err)
		if err != nil && (!answered || len(not) == len(to)-1) {
			return nil, err
		}
		if answered {
			not[address] = said.Code
		}
	}
	body, err := conn.Data()
	if err != nil {
		return nil, err
	}
	if _, err := msg.WriteTo(body); err != nil {
		return nil, err
	}
	return not, body.Close()
}

// message is the mail. Whatever people wrote stands in its text, and on one line of its
// subject.
func (m *Mail) message(n Notice) (*mail.Msg, error) {
	msg := mail.NewMsg()
	if err := msg.From(m.From); err != nil {
		return nil, err
	}
	if err := msg.To(m.To...); err != nil {
		return nil, err
	}
	root := n.Thread + "@" + m.domain()
	msg.SetMessageIDWithValue(root)
	subject := subjectOf(n)
	if !n.First {
		msg.SetMessageIDWithValue(n.ID + "@" + m.domain())
		msg.SetGenHeader(mail.HeaderInReplyTo, "<"+root+">")
		msg.SetGenHeader(mail.HeaderReferences, "<"+root+">")
		subject = "Re: " + subject
	}
	msg.Subject(subject)
	msg.SetDateWithValue(n.Now)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // nobody's absence answers it
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetGenHeader("List-Id", "<statusbot."+m.domain()+">")
	msg.SetBodyString(mail.TypeTextPlain, n.Says.Plain()+"\n")
	msg.AddAlternativeString(mail.TypeTextHTML, page(subject, n.Says.HTML()))
	return msg, nil
}

// page is a part of a page as a page. It loads nothing, sets no colours, so that a reader in the dark
// has those of the dark, and is no wider than the reader's screen.
func page(title, body string) string {
	return `<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"><title>` + html.EscapeString(title) +
		`</title></head><body style="font-family:sans-serif;font-size:16px;line-height:1.4;max-width:640px;overflow-wrap:anywhere">` + "\n" + body + "</body></html>\n"
}

// subjectOf is the same for all mails of an incident: some programs make threads by it.
func subjectOf(n Notice) string {
	company := ""
	if c := text.OneLine(n.Company, 60); c != "" {
		company = "[" + text.Clip(c, 60) + "] "
	}
	if n.Kind == Test {
		return company + "Test of statusbot"
	}
	s := fmt.Sprintf("%sIncident %d", company, n.About.Number)
	if title := text.OneLine(n.About.Title, 120); title != "" {
		return s + ": " + text.Clip(title, 120)
	}
	return s + ", since " + n.About.Began.In(cmp.Or(n.Zone, time.UTC)).Format("Mon 2 Jan 15:04 MST")
}

// domain is that of the sender's address.
func (m *Mail) domain() string {
	_, domain, _ := strings.Cut(strings.TrimRight(m.From[strings.LastIndexByte(m.From, '<')+1:], ">"), "@")
	return strings.TrimSpace(domain)
}

// plainly is what went wrong, as a phrase in which neither who signs in nor what with
// can stand.
func (m *Mail) plainly(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if partly, ok := errors.AsType[*Partly](err); ok {
		return partly
	}
	if timeout, ok := errors.AsType[net.Error](err); ctx.Err() == nil && ok && timeout.Timeout() {
		return context.DeadlineExceeded // the connection's own, which is ctx's
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		return answered(said.Code)
	}
	for _, known := range []error{mail.ErrPlainAuthNotSupported, mail.ErrNoSupportedAuthDiscovered} {
		if errors.Is(err, known) {
			return &Refused{Says: "the mail server: " + known.Error()}
		}
	}
	certificate, isCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	if isCertificate {
		return &Refused{Says: "the mail server's certificate: " + certificate.Err.Error()}
	}
	if strings.Contains(err.Error(), "STARTTLS") {
		return &Refused{Says: "the mail server does not offer STARTTLS"}
	}
	return unnamed(err)
}

// answered is a code of SMTP: from 500 on it is a no.
func answered(code int) error {
	says := fmt.Sprintf("the mail server answers %d", code)
	switch {
	case code == 535 || code == 530 || code == 534:
		return &Refused{Says: says + ": it does not take the sign-in"}
	case code >= 500:
		return &Refused{Says: says}
	}
	return errors.New(says)
}

// Knows reports that two mails with one Message-ID are one.
func (m *Mail) Knows() bool { return true }

// Examine signs in.
func (m *Mail) Examine(ctx context.Context) (string, error) {
	c, err := m.client(ctx)
	if err != nil {
		return "", errors.New("the mail server's options do not fit") // unreachable: config has read them
	}
	if err := m.plainly(ctx, c.DialWithContext(ctx)); err != nil {
		return "", err
	}
	if err := c.Close(); err != nil {
		return "", m.plainly(ctx, err)
	}
	if m.Username != "" {
		return "the mail server takes the sign-in", nil
	}
	return "the mail server answers", nil
}

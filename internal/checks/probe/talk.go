package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// LineMax is how long a line of a mail server may be, in bytes. RFC 5321
// allows 512, RFC 7162 asks for 8 KiB.
const LineMax = 8 << 10

var (
	errLineTooLong = errors.New("a line is longer than 8 KiB")
	// ErrEarlyWords is what somebody in between may have said.
	ErrEarlyWords = errors.New("the server goes on in plain text after it has agreed to TLS")
	// errNoMechanism is a server to which no password can be said.
	errNoMechanism = errors.New("the server offers no login by a password")
	// ErrUnsayable is a login that the protocol has no words for.
	ErrUnsayable = errors.New("the name or the password has characters that LOGIN cannot send")
)

// SaidNo is a server's no, in its own words.
type SaidNo struct {
	Step string // what it was the answer to: "AUTH PLAIN"
	Code int    // of SMTP
	Text string
}

func (e *SaidNo) Error() string { return "the server says no to " + e.Step + ": " + e.Text }

// Misspoke is an answer that the protocol does not have.
type Misspoke struct{ Text string }

func (e *Misspoke) Error() string { return e.Text }

// Talk is a conversation in lines with a server that speaks first: smtp and
// imap. Whoever makes it has bound the connection to the probe's context.
type Talk struct {
	Tr     *Trail
	Conn   net.Conn // what is written to
	In     *bufio.Reader
	Hide   redact.Redactor
	said   strings.Builder // the conversation, for the evidence
	Secure string          // version of TLS, empty for none

	Begun time.Time     // when the greeting began
	shook time.Duration // spent on TLS since
}

// newTalk returns a conversation over a connection that may be secured
// already. The secret is taken out of what is kept, also in the forms in which
// it is sent.
func newTalk(conn net.Conn, tr *Trail, user, secret string) *Talk {
	bounded := NewBoundedConn(conn)
	forms := map[string]bool{}
	if secret != "" {
		redact.Add(secret, forms)
		forms[PlainLogin(user, secret)] = true
	}
	t := &Talk{Tr: tr, Conn: bounded, In: bufio.NewReaderSize(bounded, LineMax), Hide: redact.For(redact.LongestFirst(forms))}
	if over, ok := conn.(*tls.Conn); ok {
		t.Secure = tls.VersionName(over.ConnectionState().Version)
	}
	return t
}

// Account is where a conversation goes, and who logs in there.
type Account struct {
	Target   Target
	Tls      *tls.Config // nil for plain text
	Implicit bool        // TLS from the beginning
	User     string      // or a distinguished name; empty: nobody logs in
	Password Password
	Dialer   Dialer
}

// Said is what a check's options say of an Account.
type Said struct {
	Address                      string
	Secure                       SecureOptions
	StartTLS                     bool // TLS once both have agreed to it
	User, Password, PasswordFile string
}

// NewAccount reads where a conversation goes and who logs in there; an
// *OptionError when that is wrong.
func NewAccount(c checks.Check, s Said) (Account, error) {
	a := Account{Implicit: s.Secure.TLS, User: s.User, Dialer: NewDialer(c)}
	var err error
	if a.Target, err = ReadTarget("address", s.Address); err != nil {
		return a, err
	}
	if a.Tls, err = s.Secure.OrLater(s.StartTLS).Config(c, a.Target); err != nil {
		return a, err
	}
	a.Password, err = loginOf(c, s.User, s.Password, s.Secure.Dir, s.PasswordFile)
	return a, err
}

// Upgrade goes over to TLS, if the account is to do so after the greeting.
// offered says that the server can; ask has it agree; again asks anew for what
// it said in plain text, which does not count.
func (a *Account) Upgrade(t *Talk, offered bool, ask, again func() error) error {
	switch {
	case a.Tls == nil || a.Implicit:
		return nil
	case !offered:
		return ErrNoTLS
	}
	for _, step := range []func() error{ask, func() error { return t.GoOver(a.Tls) }, again} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// Begin connects, and returns the conversation, the password and what ends the
// conversation; or the result of a probe that did not come so far.
func (a *Account) Begin(ctx context.Context) (t *Talk, secret string, end func(), no *checks.Result) {
	tr := new(a.Dialer.Trail())
	secret, err := a.Password.Reveal()
	if err != nil {
		r := NoPassword(err)
		return nil, "", nil, &r
	}
	var first *tls.Config
	if a.Implicit {
		first = a.Tls
	}
	conn, err := tr.Connect(ctx, a.Target, first)
	if err != nil {
		r := tr.Failed(ctx, err)
		return nil, "", nil, &r
	}
	unbind := Bind(ctx, conn)
	return newTalk(conn, tr, a.User, secret), secret, func() { unbind(); _ = conn.Close() }, nil
}

// PlainLogin is the message of the mechanism PLAIN (RFC 4616).
func PlainLogin(user, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + secret))
}

// Listen waits for the first byte of the greeting.
func (t *Talk) Listen() error {
	t.Tr.Stage = Greeting
	start := time.Now()
	if _, err := t.In.Peek(1); err != nil {
		return err
	}
	t.Begun = time.Now()
	t.Tr.Phases.FirstByte = t.Begun.Sub(start)
	return nil
}

// Line reads a line and returns it without its end.
func (t *Talk) Line() (string, error) {
	text, err := t.In.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errLineTooLong
	}
	if err != nil {
		return "", err
	}
	s := strings.ToValidUTF8(strings.TrimRight(string(text), "\r\n"), "\uFFFD")
	t.Keep("< ", s)
	return s, nil
}

// Say sends a line, and shows it as shown.
func (t *Talk) Say(text, shown string) error {
	t.Keep("> ", shown)
	_, err := t.Conn.Write([]byte(text + "\r\n"))
	return err
}

// Keep keeps a line of the conversation for the evidence.
func (t *Talk) Keep(who, text string) {
	if t.said.Len() < 2*OutputMax {
		t.said.WriteString(who + text + "\n")
	}
}

// Output is the conversation without secrets.
func (t *Talk) Output() string { return t.Hide.Known(t.said.String()) }

// GoOver negotiates TLS after both have agreed to it. What was sent in plain
// text by somebody on the way must not count as the server's word.
func (t *Talk) GoOver(cfg *tls.Config) error {
	if t.In.Buffered() > 0 {
		return ErrEarlyWords
	}
	before := t.Tr.Phases.TLS
	secured, err := t.Tr.Secure(t.Conn, cfg)
	t.shook += t.Tr.Phases.TLS - before
	if err != nil {
		return err
	}
	t.Conn, t.In = secured, bufio.NewReaderSize(secured, LineMax)
	t.Secure = tls.VersionName(secured.(*tls.Conn).ConnectionState().Version)
	return nil
}

// Done notes how long the conversation took.
func (t *Talk) Done() {
	if !t.Begun.IsZero() {
		t.Tr.Phases.Transfer = time.Since(t.Begun) - t.shook
	}
}

// LeaveMax is how long a server is given to answer to a goodbye, so that its
// log has no lost connection. It is no part of the probe's duration.
const LeaveMax = 200 * time.Millisecond

// Leave says goodbye.
func (t *Talk) Leave(text string) {
	if t.Conn.SetDeadline(time.Now().Add(LeaveMax)) != nil || t.Say(text, text) != nil {
		return
	}
	_, _ = t.Line() // whatever it is
}

// Failed makes the result of a conversation that ended with an error.
func (t *Talk) Failed(ctx context.Context, err error, protocol string) checks.Result {
	r := t.Tr.Failed(ctx, err)
	if r.Outcome != checks.Fail {
		return r
	}
	if r.Evidence == nil {
		r.Evidence = &checks.Evidence{Remote: t.Tr.Remote}
	}
	r.Evidence.Output = t.Output()
	if r.Reason == checks.ReasonTimeout {
		return r
	}
	no, _ := errors.AsType[*SaidNo](err)
	wrong, _ := errors.AsType[*Misspoke](err)
	switch {
	case no != nil:
		r.Reason, r.Summary = checks.ReasonStatus, t.Hide.Known(no.Error())
		r.Evidence.Status = no.Code
	case wrong != nil && t.Tr.Stage == Greeting:
		r.Reason, r.Summary = checks.ReasonProtocol, "the peer does not speak "+protocol+", it says "+Quoted(t.Hide.Known(wrong.Text))
	case wrong != nil:
		r.Reason, r.Summary = checks.ReasonProtocol, "the answer is malformed: "+Quoted(t.Hide.Known(wrong.Text))
	case errors.Is(err, errLineTooLong), errors.Is(err, ErrEarlyWords):
		r.Reason, r.Summary = checks.ReasonProtocol, err.Error()
	case errors.Is(err, ErrNoTLS):
		r.Reason, r.Summary = checks.ReasonTLS, err.Error()
	case errors.Is(err, errNoMechanism):
		r.Reason, r.Summary = checks.ReasonAssertion, err.Error()
	case errors.Is(err, ErrUnsayable):
		r.Outcome, r.Reason, r.Summary = checks.Unknown, checks.ReasonInternal, err.Error()
	}
	return r
}

// NoMechanismBut is errNoMechanism of a server that offers other ways to log in.
func NoMechanismBut(offered []string) error {
	if len(offered) == 0 {
		return errNoMechanism
	}
	return fmt.Errorf("%w, but %s", errNoMechanism, Quoted(strings.Join(offered, ", ")))
}

// Answering is the stage between a command and its answer.
func Answering(command string) Stage { return Stage("waiting for the answer to " + command) }

// NotInAddress are characters that would end a command of SMTP, or its
// address.
func NotInAddress(r rune) bool { return r <= ' ' || r == '<' || r == '>' || r > '~' }

// BannerText is what a server said of itself, for summaries; nothing where it said nothing.
func BannerText(banner string) string {
	if banner == "" {
		return ""
	}
	return ", " + banner
}

// SecureText is "TLS 1.3" or "plain text", for summaries.
func SecureText(version string) string {
	if version == "" {
		return ", plain text"
	}
	return ", " + version
}

package checks

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"strings"
	"time"
)

// lineMax is how long a line of a mail server may be, in bytes. RFC 5321
// allows 512, RFC 7162 asks for 8 KiB.
const lineMax = 8 << 10

var (
	errLineTooLong = errors.New("a line is longer than 8 KiB")
	errEarlyWords  = errors.New("the server goes on in plain text after it has agreed to TLS")
	errNoMechanism = errors.New("the server offers no login by a password")
	errUnsayable   = errors.New("the name or the password has characters that LOGIN cannot send")
)

// saidNo is a server's no, in its own words.
type saidNo struct {
	step string // what it was the answer to: "AUTH PLAIN"
	code int    // of SMTP
	text string
}

func (e *saidNo) Error() string { return "the server says no to " + e.step + ": " + e.text }

// misspoke is an answer that the protocol does not have.
type misspoke struct{ text string }

func (e *misspoke) Error() string { return e.text }

// talk is a conversation in lines with a server that speaks first: smtp and
// imap. Whoever makes it has bound the connection to the probe's context.
type talk struct {
	tr     *trail
	conn   net.Conn // what is written to
	in     *bufio.Reader
	hide   redactor
	said   strings.Builder // the conversation, for the evidence
	secure string          // version of TLS, empty for none

	begun time.Time     // when the greeting began
	shook time.Duration // spent on TLS since
}

// newTalk returns a conversation over a connection that may be secured
// already. The secret is taken out of what is kept, also in the forms in which
// it is sent.
func newTalk(conn net.Conn, tr *trail, user, secret string) *talk {
	bounded := newBoundedConn(conn)
	forms := map[string]bool{}
	if secret != "" {
		addForms(secret, forms)
		forms[plainLogin(user, secret)] = true
	}
	t := &talk{tr: tr, conn: bounded, in: bufio.NewReaderSize(bounded, lineMax), hide: redactor{longestFirst(forms)}}
	if over, ok := conn.(*tls.Conn); ok {
		t.secure = tls.VersionName(over.ConnectionState().Version)
	}
	return t
}

// account is where a conversation goes, and who logs in there.
type account struct {
	target   target
	tls      *tls.Config // nil for plain text
	implicit bool        // TLS from the beginning
	user     string      // or a distinguished name; empty: nobody logs in
	password password
	timeout  time.Duration
}

// begin connects, and returns the conversation, the password and what ends the
// conversation; or the result of a probe that did not come so far.
func (a *account) begin(ctx context.Context) (t *talk, secret string, end func(), no *Result) {
	tr := &trail{timeout: a.timeout}
	secret, err := a.password.reveal()
	if err != nil {
		r := noPassword(err)
		return nil, "", nil, &r
	}
	var first *tls.Config
	if a.implicit {
		first = a.tls
	}
	conn, err := tr.connect(ctx, a.target, first)
	if err != nil {
		r := tr.failed(ctx, err)
		return nil, "", nil, &r
	}
	unbind := bind(ctx, conn)
	return newTalk(conn, tr, a.user, secret), secret, func() { unbind(); _ = conn.Close() }, nil
}

// plainLogin is the message of the mechanism PLAIN (RFC 4616).
func plainLogin(user, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + secret))
}

// listen waits for the first byte of the greeting.
func (t *talk) listen() error {
	t.tr.stage = greeting
	start := time.Now()
	if _, err := t.in.Peek(1); err != nil {
		return err
	}
	t.begun = time.Now()
	t.tr.phases.FirstByte = t.begun.Sub(start)
	return nil
}

// line reads a line and returns it without its end.
func (t *talk) line() (string, error) {
	text, err := t.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errLineTooLong
	}
	if err != nil {
		return "", err
	}
	s := strings.ToValidUTF8(strings.TrimRight(string(text), "\r\n"), "\uFFFD")
	t.keep("< ", s)
	return s, nil
}

// say sends a line, and shows it as shown.
func (t *talk) say(text, shown string) error {
	t.keep("> ", shown)
	_, err := t.conn.Write([]byte(text + "\r\n"))
	return err
}

func (t *talk) keep(who, text string) {
	if t.said.Len() < 2*outputMax {
		t.said.WriteString(who + text + "\n")
	}
}

// output is the conversation without secrets.
func (t *talk) output() string { return t.hide.known(t.said.String()) }

// goOver negotiates TLS after both have agreed to it. What was sent in plain
// text by somebody on the way must not count as the server's word.
func (t *talk) goOver(cfg *tls.Config) error {
	if t.in.Buffered() > 0 {
		return errEarlyWords
	}
	before := t.tr.phases.TLS
	secured, err := t.tr.secure(t.conn, cfg)
	t.shook += t.tr.phases.TLS - before
	if err != nil {
		return err
	}
	t.conn, t.in = secured, bufio.NewReaderSize(secured, lineMax)
	t.secure = tls.VersionName(secured.(*tls.Conn).ConnectionState().Version)
	return nil
}

// done notes how long the conversation took.
func (t *talk) done() {
	if !t.begun.IsZero() {
		t.tr.phases.Transfer = time.Since(t.begun) - t.shook
	}
}

// leaveMax is how long a server is given to answer to a goodbye, so that its
// log has no lost connection. It is no part of the probe's duration.
const leaveMax = 200 * time.Millisecond

// leave says goodbye.
func (t *talk) leave(text string) {
	if t.conn.SetDeadline(time.Now().Add(leaveMax)) != nil || t.say(text, text) != nil {
		return
	}
	_, _ = t.line() // whatever it is
}

// failed makes the result of a conversation that ended with an error.
func (t *talk) failed(ctx context.Context, err error, protocol string) Result {
	r := t.tr.failed(ctx, err)
	if r.Outcome != Fail {
		return r
	}
	if r.Evidence == nil {
		r.Evidence = &Evidence{Remote: t.tr.remote}
	}
	r.Evidence.Output = t.output()
	if r.Reason == ReasonTimeout {
		return r
	}
	no, _ := errors.AsType[*saidNo](err)
	wrong, _ := errors.AsType[*misspoke](err)
	switch {
	case no != nil:
		r.Reason, r.Summary = ReasonStatus, t.hide.known(no.Error())
		r.Evidence.Status = no.code
	case wrong != nil && t.tr.stage == greeting:
		r.Reason, r.Summary = ReasonProtocol, "the peer does not speak "+protocol+", it says "+quoted(t.hide.known(wrong.text))
	case wrong != nil:
		r.Reason, r.Summary = ReasonProtocol, "the answer is malformed: "+quoted(t.hide.known(wrong.text))
	case errors.Is(err, errLineTooLong), errors.Is(err, errEarlyWords):
		r.Reason, r.Summary = ReasonProtocol, err.Error()
	case errors.Is(err, errNoTLS):
		r.Reason, r.Summary = ReasonTLS, err.Error()
	case errors.Is(err, errNoMechanism):
		r.Reason, r.Summary = ReasonAssertion, err.Error()
	case errors.Is(err, errUnsayable):
		r.Outcome, r.Reason, r.Summary = Unknown, ReasonInternal, err.Error()
	}
	return r
}

// answering is the stage between a command and its answer.
func answering(command string) stage { return stage("waiting for the answer to " + command) }

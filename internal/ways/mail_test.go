package ways

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"log"
	"mime"
	"mime/multipart"
	"net"
	"net/http/httptest"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/statusbot/statusbot/internal/format/elsewhere"
)

// mailbox is a real SMTP server that keeps what it takes.
type mailbox struct {
	mu      sync.Mutex
	mails   []string           // guarded by mu
	to      []string           // likewise
	rcpts   int                // of the mail that is being taken; guarded by mu
	atOnce  int                // addresses that it takes for one mail; 0: any number
	refuses func(string) error // of RCPT; nil: nothing
	signed  bool               // somebody signed in
	roots   *x509.CertPool
	port    int
}

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailSession{m}, nil }

type mailSession struct{ box *mailbox }

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }
func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != "bot" || password != "sesame" {
			return smtp.ErrAuthFailed
		}
		s.box.mu.Lock()
		defer s.box.mu.Unlock()
		s.box.signed = true
		return nil
	}), nil
}
func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }
func (s *mailSession) Mail(string, *smtp.MailOptions) error {
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.rcpts = 0
	return nil
}
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if s.box.refuses != nil {
		if err := s.box.refuses(to); err != nil {
			return err
		}
	}
	if s.box.rcpts++; s.box.atOnce > 0 && s.box.rcpts > s.box.atOnce {
		return &smtp.SMTPError{Code: 452, Message: "too many recipients"}
	}
	s.box.to = append(s.box.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.mails = append(s.box.mails, string(data))
	return err
}

func (m *mailbox) refuse(as func(string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refuses = as
}

// mailServer starts one on loopback, with TLS from the first byte, by STARTTLS, or none.
func mailServer(t *testing.T, how MailTLS) *mailbox {
	t.Helper()
	certified := httptest.NewTLSServer(nil) // for its certificate, which is of 127.0.0.1
	t.Cleanup(certified.Close)
	box := &mailbox{roots: x509.NewCertPool()}
	box.roots.AddCert(certified.Certificate())
	srv := smtp.NewServer(box)
	srv.Domain, srv.AllowInsecureAuth, srv.ErrorLog = "127.0.0.1", how == NoTLS, log.New(io.Discard, "", 0)
	secure := &tls.Config{Certificates: certified.TLS.Certificates}
	if how == StartTLS {
		srv.TLSConfig = secure
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	box.port = l.Addr().(*net.TCPAddr).Port
	if how == ImplicitTLS {
		l = tls.NewListener(l, secure)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	return box
}

func (m *mailbox) way(how MailTLS) *Mail {
	return &Mail{Host: "127.0.0.1", Port: m.port, TLS: how, Roots: m.roots, From: "Statusbot <statusbot@acme.example>", To: []string{"kim@acme.example", "Ops <ops@acme.example>"},
		Username: "bot", Password: "sesame"}
}

// TestMailsAreOneThread: plain text first and HTML beside it, by each kind of TLS and
// signed in; the first begins the thread, the others are replies to it with the same
// subject; what a person wrote makes no header.
func TestMailsAreOneThread(t *testing.T) {
	for _, how := range []MailTLS{StartTLS, ImplicitTLS, NoTLS} {
		t.Run(string(how), func(t *testing.T) {
			box := mailServer(t, how)
			n := noticed()
			n.About.Title = "Payments\r\nBcc: evil@example.com\r\n\r\nare flaky — bös"
			if err := box.way(how).Send(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			n.First, n.ID, n.Kind = false, "0022ccdd", Grew
			if err := box.way(how).Send(t.Context(), n); err != nil {
				t.Fatal(err)
			}
			box.mu.Lock()
			defer box.mu.Unlock()
			if len(box.mails) != 2 || !box.signed || strings.Join(box.to[:2], " ") != "kim@acme.example ops@acme.example" {
				t.Fatalf("%d mails, signed in %v, to %v", len(box.mails), box.signed, box.to)
			}
			first, plain, page := readMail(t, box.mails[0])
			second, _, _ := readMail(t, box.mails[1])
			subject, err := new(mime.WordDecoder).DecodeHeader(first.Get("Subject"))
			if err != nil || subject != "[Acme] Incident 7: Payments Bcc: evil@example.com are flaky — bös" {
				t.Errorf("%v: subject %q", err, subject)
			}
			again, _ := new(mime.WordDecoder).DecodeHeader(second.Get("Subject"))
			root := first.Get("Message-ID")
			if again != "Re: "+subject || root != "<ffee@acme.example>" || second.Get("References") != root || second.Get("In-Reply-To") != root || second.Get("Message-ID") != "<0022ccdd@acme.example>" {
				t.Errorf("the second is no reply to the first: %v\n%v", first, second)
			}
			if first.Get("Bcc") != "" || first.Get("Auto-Submitted") != "auto-generated" || first.Get("List-Id") != "<statusbot.acme.example>" {
				t.Errorf("headers %v", first)
			}
			if !strings.HasPrefix(plain, "Impact update #17: Billing is down: all 24 tries failed.\r\nSearch & more") {
				t.Errorf("plain text %q", plain)
			}
			if !strings.Contains(page, "<strong>Impact update #17") || !strings.Contains(page, `<a href="https://runbook.example.com/a?b=1&amp;c=2">the runbook</a>`) || strings.Contains(page, "<img") {
				t.Errorf("page %s", page)
			}
		})
	}
}

// readMail returns the headers of a mail, and its two texts.
func readMail(t *testing.T, data string) (mail.Header, string, string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%v: it is %s", err, kind)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	var texts []string
	for _, want := range []string{"text/plain", "text/html"} {
		p, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(p)
		if err != nil || !strings.HasPrefix(p.Header.Get("Content-Type"), want) {
			t.Fatalf("%v: %v", err, p.Header)
		}
		texts = append(texts, string(text))
	}
	return m.Header, texts[0], texts[1]
}

// TestWhatAMailServerSays: a no, a not now, a wrong password, no STARTTLS, a stranger's
// certificate, silence and nobody; neither who signs in nor what with is repeated.
func TestWhatAMailServerSays(t *testing.T) {
	box := mailServer(t, StartTLS)
	send := func(change func(*Mail)) string {
		w := box.way(StartTLS)
		change(w)
		err := errorIn(w.Send(t.Context(), noticed()))
		if strings.Contains(err, "sesame") || strings.Contains(err, "bot") {
			t.Errorf("it repeats what is signed in with: %s", err)
		}
		return err
	}
	box.refuse(func(string) error { return &smtp.SMTPError{Code: 550, Message: "no such user sesame"} })
	if got := send(func(*Mail) {}); got != "refused: the mail server answers 550" {
		t.Errorf("got %s", got)
	}
	box.refuse(func(string) error { return &smtp.SMTPError{Code: 451, Message: "later"} })
	if got := send(func(*Mail) {}); got != "passes: the mail server answers 451" {
		t.Errorf("got %s", got)
	}
	box.refuse(nil)
	if got := send(func(w *Mail) { w.Password = "open-sesame" }); got != "refused: the mail server answers 535: it does not take the sign-in" {
		t.Errorf("got %s", got)
	}
	if got := send(func(w *Mail) { w.Roots = x509.NewCertPool() }); !strings.HasPrefix(got, "refused: the mail server's certificate: ") {
		t.Errorf("got %s", got)
	}
	bare := mailServer(t, NoTLS)
	if got := send(func(w *Mail) { w.Port = bare.port }); got != "refused: the mail server does not offer STARTTLS" {
		t.Errorf("got %s", got)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	port := silent.Addr().(*net.TCPAddr).Port
	w := box.way(StartTLS)
	w.Port = port
	for _, how := range []MailTLS{StartTLS, ImplicitTLS} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		w.TLS = how
		if err := w.Send(ctx, noticed()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v", how, err)
		}
		cancel()
	}
	silent.Close()
	if got := send(func(w *Mail) { w.Port = port }); got != "passes: it cannot be reached: connection refused" {
		t.Errorf("got %s", got)
	}
	if saw, err := box.way(StartTLS).Examine(t.Context()); err != nil || saw != "the mail server takes the sign-in" {
		t.Errorf("%v: it saw %s", err, saw)
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	if n := len(box.mails); n != 0 {
		t.Errorf("%d mails came", n)
	}
}

// TestOneAddressKeepsAMailFromNobody: who has left or whose box is full is named by its place, and the others have the mail; a
// server that takes few addresses at once gets the rest after them.
func TestOneAddressKeepsAMailFromNobody(t *testing.T) {
	gone := func(to string) error {
		switch to {
		case "left@acme.example":
			return &smtp.SMTPError{Code: 550, Message: "no such user"}
		case "full@acme.example":
			return &smtp.SMTPError{Code: 452, Message: "full"}
		}
		return nil
	}
	for _, test := range []struct {
		to     []string
		atOnce int
		took   string
		mails  int
		want   string // errorIn
	}{
		{[]string{"left@acme.example", "kim@acme.example", "ops@acme.example"}, 0, "kim ops", 1,
			"partly: the mail server does not take 1 of 3 addresses: number 1 (550)"},
		{[]string{"kim@acme.example", "full@acme.example", "ops@acme.example", "left@acme.example"}, 0, "kim ops", 1,
			"partly: the mail server does not take 2 of 4 addresses: number 2 (452), number 4 (550)"},
		{[]string{"a@acme.example", "b@acme.example", "c@acme.example", "d@acme.example", "e@acme.example"}, 2, "a b c d e", 3, ""},
		{[]string{"left@acme.example", "full@acme.example"}, 0, "", 0, "passes: the mail server answers 452"},
	} {
		box := mailServer(t, NoTLS)
		box.refuses, box.atOnce = gone, test.atOnce
		w := box.way(NoTLS)
		w.To = test.to
		got := errorIn(w.Send(t.Context(), noticed()))
		box.mu.Lock()
		took := strings.ReplaceAll(strings.Join(box.to, " "), "@acme.example", "")
		if got != test.want || took != test.took || len(box.mails) != test.mails {
			t.Errorf("to %v: %s, %q have it, by %d mails; want %s, %q, %d", test.to, got, took, len(box.mails), test.want, test.took, test.mails)
		}
		box.mu.Unlock()
	}
}

// TestAMailThatWasTakenIsTold, whatever the server does once it has it: sent again, people would have it twice.
func TestAMailThatWasTakenIsTold(t *testing.T) {
	for _, after := range []string{"ends", "refuses", "hangs"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan struct{})
		go func() {
			defer close(served)
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			in := textproto.NewConn(conn)
			_ = in.PrintfLine("220 here")
			for {
				line, err := in.ReadLine()
				if err != nil {
					return
				}
				if verb, _, _ := strings.Cut(line, " "); verb != "DATA" {
					_ = in.PrintfLine("250 fine")
					continue
				}
				_ = in.PrintfLine("354 go on")
				_, _ = in.ReadDotBytes()
				_ = in.PrintfLine("250 taken")
				for after != "ends" {
					if _, err := in.ReadLine(); err != nil {
						return
					}
					if after == "refuses" {
						_ = in.PrintfLine("421 too busy")
					}
				}
				return
			}
		}()
		w := &Mail{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: NoTLS, From: "statusbot@acme.example", To: []string{"kim@acme.example"}}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if got := errorIn(w.Send(ctx, noticed())); got != "" {
			t.Errorf("who %s afterwards: %s", after, got)
		}
		cancel()
		l.Close()
	}
}

// TestSubjectHasTheTextsZone: an incident without a title is named by when it began, by
// the clock that its text goes by.
func TestSubjectHasTheTextsZone(t *testing.T) {
	n := noticed()
	n.About.Title = ""
	for _, test := range []struct {
		zone *time.Location
		want string
	}{{nil, "[Acme] Incident 7, since Wed 18 Nov 14:40 UTC"}, {time.FixedZone("EST", -5*3600), "[Acme] Incident 7, since Wed 18 Nov 09:40 EST"}} {
		if n.Zone = test.zone; subjectOf(n) != test.want {
			t.Errorf("in %v the subject is %q, want %q", test.zone, subjectOf(n), test.want)
		}
	}
}

// TestMailsHaveNoColours: a reader's program that is dark has its own, and ours would be unreadable on them; it
// is told that the mail can be read on these, and breaks what is wider than a phone.
func TestMailsHaveNoColours(t *testing.T) {
	says := elsewhere.Read("", json.RawMessage(`[{"type":"section","text":{"type":"mrkdwn","text":"*Billing* is down"}},{"type":"context","elements":[{"type":"mrkdwn","text":"Incident 7"}]}]`), nil)
	got := page("x", says.HTML())
	for _, want := range []string{`<meta name="color-scheme" content="light dark">`, `<meta name="supported-color-schemes" content="light dark">`, "overflow-wrap:anywhere", "Incident 7"} {
		before, after, ok := strings.Cut(got, want)
		if !ok {
			t.Errorf("no %q", want)
		}
		got = before + after
	}
	if strings.Contains(got, "color") {
		t.Error(got)
	}
}

// TestALineOfAMailNamesItsZoneOnce, in both of its forms: three times on one line read as if
// they were of three clocks.
func TestALineOfAMailNamesItsZoneOnce(t *testing.T) {
	box, n := mailServer(t, ImplicitTLS), noticed()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	blocks := `[{"type":"section","text":{"type":"mrkdwn","text":"*Impact update #17: worse, 9.0 % of tries fail, 4.1 % until <!date^1794996000^{time}|10:00 UTC>.*` +
		`\nSince <!date^1794916800^{date_short_pretty} {time}|Tue 12:00 UTC> (22 h) · as of <!date^1794996300^{time}|10:05 UTC> · next <!date^1794996600^{time}|10:10 UTC>"}}]`
	n.Says = elsewhere.Read("", json.RawMessage(blocks), zone)
	if err := box.way(ImplicitTLS).Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	box.mu.Lock()
	defer box.mu.Unlock()
	_, plain, page := readMail(t, box.mails[0])
	for _, want := range []string{"4.1 % until 05:00 EST.", "Since Tue 17 Nov 07:00 EST (22 h) · as of 05:05 · next 05:10"} {
		if !strings.Contains(plain, want) {
			t.Errorf("the text lacks %q:\n%s", want, plain)
		}
	}
	if got := strings.Count(page, "EST"); got != 2 {
		t.Errorf("the page names the zone %d times in two lines:\n%s", got, page)
	}
	// Where the clock changes between two times, each has its own.
	n.Says = elsewhere.Read("", json.RawMessage(`[{"type":"section","text":{"type":"mrkdwn","text":"From <!date^1793511000^{time}|05:30 UTC> to <!date^1793514600^{time}|06:30 UTC>"}}]`), zone)
	if got, want := n.Says.Plain(), "From 01:30 EDT to 01:30 EST"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

package tls

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// TestAServerIsAskedForTLS: servers of POP3 and FTP, and what goes wrong before TLS.
// Real servers of the other protocols are asked in the tests of their kinds.
func TestAServerIsAskedForTLS(t *testing.T) {
	t.Parallel()
	authority := probetest.NewTLSAuthority(t, "Test Authority", 400*probe.Day)
	cert, key := authority.Issue("127.0.0.1", 90*probe.Day)
	pair, err := tls.LoadX509KeyPair(cert, key)
	probetest.OK(t, err)
	// says answers by turns: what the server says, then what it must be told, ...; then TLS.
	says := func(turns ...string) string {
		return probetest.Serve(t, func(c *net.TCPConn) {
			in := bufio.NewReader(c)
			for i, turn := range turns {
				if i%2 == 0 {
					_, _ = io.WriteString(c, turn)
				} else if turn == "an LDAP request" {
					_, _ = io.CopyN(io.Discard, in, 31)
				} else if line, err := in.ReadString('\n'); err != nil || strings.TrimSpace(line) != turn {
					_, _ = io.WriteString(c, "-ERR\r\n")
					return
				}
			}
			if tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}}).Handshake() == nil {
				probetest.UntilClosed(c)
			}
		})
	}
	for _, tt := range []struct {
		protocol, address string
		outcome           checks.Outcome
		reason            checks.Reason
		summary           string
	}{
		{"pop3", says("+OK ready\r\n", "STLS", "+OK begin\r\n"), checks.Pass, "", "TLS 1.3, the certificate expires in "},
		{"ftp", says("220-Welcome\r\n 220 not yet\r\n220 ready\r\n", "AUTH TLS", "234 go on\r\n"), checks.Pass, "", "TLS 1.3"},
		{"smtp", says("220 mail\r\n", "EHLO statusbot", "250-mail\r\n250-SIZE 1\r\n250 STARTTLS\r\n", "STARTTLS", "220 go\r\n"), checks.Pass, "", "TLS 1.3"},
		{"imap", says("* OK ready\r\n", "a1 STARTTLS", "* CAPABILITY x\r\na1 OK begin\r\n"), checks.Pass, "", "TLS 1.3"},
		{"ldap", says("", "an LDAP request", "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"), checks.Pass, "", "TLS 1.3"},

		{"smtp", says("220 mail\r\n", "EHLO statusbot", "250 mail\r\n", "STARTTLS", "502 not here\r\n"), checks.Fail, checks.ReasonStatus, "the server says no to STARTTLS: 502 not here"},
		{"smtp", says("554 go away\r\n"), checks.Fail, checks.ReasonStatus, "the server says no to the greeting: 554 go away"},
		{"imap", says("* OK ready\r\n", "a1 STARTTLS", "a1 BAD what\r\n"), checks.Fail, checks.ReasonStatus, "a1 BAD what"},
		{"ldap", says("", "an LDAP request", "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"), checks.Fail, checks.ReasonStatus, "StartTLS: result code 2"},
		{"ldap", says("", "an LDAP request", "HTTP/1.1 400 Bad Request\r\n"), checks.Fail, checks.ReasonProtocol, "it is none of LDAP"},
		{"postgres", says("N"), checks.Fail, checks.ReasonStatus, "it speaks plain text alone"},
		{"postgres", says("E\x00\x00\x00\x20SFATAL\x00Mtoo many clients\x00\x00"), checks.Fail, checks.ReasonStatus, "it answers with an error"},
		{"mysql", says("\x17\x00\x00\x00\xff\x10\x04Too many connections"), checks.Fail, checks.ReasonStatus, "the server says no to the greeting: Too many connections"},
		{"mysql", says("\x05\x00\x00\x00\x0a8.0\x00"), checks.Fail, checks.ReasonProtocol, "it is none of MySQL"},
		{"mysql", says("\xff\xff\xff\x00"), checks.Fail, checks.ReasonProtocol, "it is none of MySQL"},
		{"pop3", says("+OK ready\r\n", "STLS", "+OK begin\r\n+OK injected\r\n"), checks.Fail, checks.ReasonProtocol, probe.ErrEarlyWords.Error()},
		{"smtp", says(strings.Repeat("x", 9000)), checks.Fail, checks.ReasonProtocol, "a line is longer than 8 KiB"},
		{"pop3", probetest.Serve(t, func(*net.TCPConn) {}), checks.Fail, checks.ReasonReset, "the peer closed the connection while asking for TLS"},
	} {
		o := &Options{Address: tt.address, CAFile: authority.File, StartTLS: tt.protocol}
		probetest.WantResult(t, probetest.Probing(t, &Kind, o, time.Minute), tt.outcome, tt.reason, tt.summary)
	}
	probetest.WantOptionError(t, &Kind, &Options{Address: "a.example:25", StartTLS: "gopher", MinVersion: "1.2"}, "starttls")
}

// TestFactsOfACertificate in expressions.
func TestFactsOfACertificate(t *testing.T) {
	t.Parallel()
	authority := probetest.NewTLSAuthority(t, "Test Authority", 400*probe.Day)
	cert, key := authority.Issue("127.0.0.1", 10*probe.Day+time.Hour)
	pair, err := tls.LoadX509KeyPair(cert, key)
	probetest.OK(t, err)
	address := probetest.ServeTLS(t, &tls.Config{Certificates: []tls.Certificate{pair}})
	for said, outcome := range map[string]checks.Outcome{
		"certificate.days_left == 10 && certificate.days_left < 14.5": checks.Pass,
		"certificate.days_left > 14":                                  checks.Fail,
		"certificate.issuer.contains('Test Authority')":               checks.Pass,
		"certificate.subject == '127.0.0.1'":                          checks.Pass,
		"'127.0.0.1' in certificate.names":                            checks.Pass,
		"!certificate.self_signed && certificate.serial != ''":        checks.Pass,
		"certificate.not_after > timestamp('2020-01-01T00:00:00Z') && certificate.not_before < certificate.not_after": checks.Pass,
		"version == 'TLS 1.3' && protocol == '' && latency < duration('1m')":                                          checks.Pass,
	} {
		o := &Options{Address: address, CAFile: authority.File, Options: claim.Options{Expect: probetest.Said(said)}}
		if r := probetest.Probing(t, &Kind, o, time.Minute); r.Outcome != outcome {
			t.Errorf("%s: %s", said, fmt.Sprint(r.Outcome, " ", r.Summary))
		}
	}
}

package probe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptrace"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// Stage is what a network probe is busy with, in words that complete
// "time-out after 3 s while ...".
type Stage string

const (
	Resolving  Stage = "resolving the name"
	Connecting Stage = "connecting"
	Shaking    Stage = "negotiating TLS"
	Sending    Stage = "sending the request"
	Waiting    Stage = "waiting for the answer"
	Reading    Stage = "reading the answer"
)

// Trail is what a network probe knows about itself, for the result.
type Trail struct {
	dialer Dialer
	Stage  Stage
	Phases checks.Phases
	Remote string // address that was connected to

	secured *tls.Conn // whose handshake succeeded last; nil for none

	Lingered time.Duration // spent after the answer was whole, no part of it

	Trace Trace  // that its requests are of; zero: they carry none
	span  SpanID // of the request that was written last; zero: none carried one

	nameless bool // the last handshake asked for no name, since the peer's is an address
	wanted   bool // the peer of the last handshake asked for a client certificate
	proved   bool // and was given one
}

// Target is an address to connect to, taken apart once.
type Target struct {
	Address string // "host:port", or the path of a Unix socket
	literal bool   // the host is an IP address
	local   bool   // it is a Unix socket
}

// Local tells whether it is a Unix socket.
func (t Target) Local() bool { return t.local }

// NewTarget takes an address apart.
func NewTarget(host, port string) Target {
	address := net.JoinHostPort(lookedUp(ASCIIName(host)), port)
	_, err := netip.ParseAddrPort(address)
	return Target{Address: address, literal: err == nil}
}

// Dial connects and notes how long the name and the connection took. The
// name is resolved anew each time, as a client that starts now would.
func (tr *Trail) Dial(ctx context.Context, t Target) (net.Conn, error) {
	return tr.DialOn(ctx, "tcp", t)
}

// DialOn is dial for a network, "tcp" or "udp". Over UDP a connection is made
// of nothing but an address.
func (tr *Trail) DialOn(ctx context.Context, network string, t Target) (net.Conn, error) {
	start := time.Now()
	if network += tr.dialer.family; t.local {
		network = "unix"
	}
	if t.literal || t.local {
		tr.Stage = Connecting
		defer func() { tr.Phases.Connect += time.Since(start) }()
		tr.Remote = t.Address
		// Not DialTCP: given no local address, it binds the socket to a port
		// before it connects. Of those there are 28,000 for all targets
		// together; to connect takes one of 28,000 for each target.
		return tr.dialer.net().DialContext(ctx, network, t.Address)
	}
	tr.Stage = Resolving
	// DNSDone is called by the goroutine that dials, before it connects, so
	// the trail needs no lock. ConnectStart is not: addresses may race.
	conn, err := tr.dialer.net().DialContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSDone: func(info httptrace.DNSDoneInfo) {
			if info.Err != nil {
				return
			}
			tr.Stage = Connecting
			now := time.Now()
			tr.Phases.DNS += now.Sub(start)
			start = now
		},
	}), network, t.Address)
	if _, unfit := errors.AsType[*net.AddrError](err); unfit && tr.dialer.family != "" {
		tr.Stage = Resolving // the name has been found, in a file such as /etc/hosts, and nothing of the family
	}
	if tr.Stage == Resolving {
		tr.Phases.DNS += time.Since(start)
		name, _, _ := net.SplitHostPort(t.Address) // it was joined
		return conn, tr.dialer.whyNot(ctx, name, err)
	}
	tr.Phases.Connect += time.Since(start)
	if err == nil {
		tr.Remote = conn.RemoteAddr().String()
	}
	return conn, err
}

// Secure runs the TLS handshake on a connection and notes its duration. The
// connection's deadline bounds it.
func (tr *Trail) Secure(conn net.Conn, cfg *tls.Config) (net.Conn, error) {
	tr.Stage = Shaking
	start := time.Now()
	tr.nameless = net.ParseIP(cfg.ServerName) != nil
	cfg = tr.noting(cfg)
	secured := tls.Client(&lasting{Conn: conn}, cfg)
	err := secured.Handshake()
	tr.Phases.TLS += time.Since(start)
	if err == nil {
		tr.secured = secured
	}
	return secured, err
}

// noting is a configuration that notes on the trail what became of the peer's question for a client certificate.
func (tr *Trail) noting(cfg *tls.Config) *tls.Config {
	give := cfg.GetClientCertificate
	tr.wanted, tr.proved = false, false
	cfg = cfg.Clone()
	cfg.GetClientCertificate = func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		tr.wanted = true
		if give == nil {
			return &tls.Certificate{}, nil
		}
		tr.proved = true
		return give(asked)
	}
	return cfg
}

// Wanted tells whether the peer of the last handshake asked for a client certificate.
func (tr *Trail) Wanted() bool { return tr.wanted }

// LongAgo as a deadline fails every read and write at once.
var LongAgo = time.Unix(1, 0)

// Bind makes the end of ctx end all reads and writes of a connection. The
// function it returns undoes that.
func Bind(ctx context.Context, conn net.Conn) (unbind func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(LongAgo) })
}

// exhausted are errors that say that this machine, not the target, cannot.
var exhausted = []error{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
	syscall.EADDRNOTAVAIL, // no local port is left
}

// Failed makes the result of an exchange that ended with err at the trail's
// stage.
func (tr *Trail) Failed(ctx context.Context, err error) checks.Result {
	if r, ok := Refused(err); ok {
		r.Phases = tr.Phases
		return r
	}
	if own, ok := errors.AsType[*OwnCertificateError](err); ok {
		r := Internal(own.Error())
		r.Phases = tr.Phases
		return r
	}
	err = tr.lastWord(err)
	r := checks.Result{Outcome: checks.Fail, Phases: tr.Phases}
	if tr.Remote != "" {
		r.Evidence = &checks.Evidence{Remote: tr.Remote}
	}
	if ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		r.Reason = checks.ReasonTimeout
		r.Summary = "time-out after " + Span(tr.dialer.Timeout) + " while " + string(tr.Stage)
		return r
	}
	for _, ours := range exhausted {
		if errors.Is(err, ours) {
			r.Outcome, r.Reason = checks.Unknown, checks.ReasonInternal
			r.Summary = "this machine could not connect: " + ours.Error()
			return r
		}
	}
	if r.Reason, r.Summary = tr.classify(err); r.Reason == checks.ReasonTLS && ownLack(err) {
		r.Outcome, r.Reason = checks.Unknown, checks.ReasonInternal
	}
	return r
}

// classify tells the reasons apart that are not a time-out. Its sentences are
// made here, not taken from the error, which may repeat an URL or a header.
func (tr *Trail) classify(err error) (checks.Reason, string) {
	switch tr.Stage {
	case Resolving:
		if lacks, ok := errors.AsType[NoFamilyError](err); ok {
			return checks.ReasonDNS, lacks.Error()
		}
		if why, ok := errors.AsType[noNameError](err); ok {
			return checks.ReasonDNS, why.Error()
		}
		var dns *net.DNSError
		if errors.As(err, &dns) && dns.IsNotFound {
			return checks.ReasonDNS, "the name does not exist"
		}
		switch {
		case dns == nil:
		case dns.IsTimeout:
			return checks.ReasonDNS, "the name server does not answer"
		case strings.Contains(dns.Err, "refused"): // the connection to it
			return checks.ReasonDNS, "the name does not resolve: there is no name server where it is asked for"
		case dns.IsTemporary:
			return checks.ReasonDNS, "the name does not resolve: the name server says SERVFAIL"
		}
		return checks.ReasonDNS, "the name does not resolve"
	case Connecting:
		if number, ok := errors.AsType[syscall.Errno](err); ok {
			return checks.ReasonConnect, "no connection: " + number.Error()
		}
		return checks.ReasonConnect, "no connection"
	}
	if closed := ClosedBy(err); closed != "" {
		told := "the peer " + closed + " while " + string(tr.Stage)
		switch {
		case tr.wanted && tr.Stage == Shaking: // some refuse so, without an alert
			return checks.ReasonTLS, told + "; " + tr.proof()
		case tr.wanted && !tr.proved:
			return checks.ReasonReset, told + "; " + tr.proof()
		}
		return checks.ReasonReset, told
	}
	if tr.wanted && alerted(err) {
		return checks.ReasonTLS, tr.refusedProof(err)
	}
	if tr.Stage == Shaking {
		problem := TLSProblem(err)
		if alert := err.Error(); tr.nameless && (strings.HasSuffix(alert, "tls: unrecognized name") || strings.HasSuffix(alert, "tls: internal error")) {
			problem += "; it was asked for no name, since an address is none: write server_name"
		}
		return checks.ReasonTLS, problem
	}
	if alerted(err) {
		return checks.ReasonTLS, TLSProblem(err) // with TLS 1.3 it comes after the handshake
	}
	if errors.Is(err, ErrTooMuch) {
		return checks.ReasonProtocol, ErrTooMuch.Error()
	}
	if what, ok := errors.AsType[Malformed](err); ok {
		return checks.ReasonProtocol, "the answer is malformed: " + what.Error()
	}
	if what := malformedWeb(err); what != "" {
		return checks.ReasonProtocol, "the answer is malformed: " + what
	}
	return checks.ReasonProtocol, "the answer is malformed"
}

// Malformed is an answer that is not as its protocol has it, in words that
// complete "the answer is malformed: ...".
type Malformed string

func (m Malformed) Error() string { return string(m) }

// ClosedBy says how the peer ended the connection, or nothing if it did not.
func ClosedBy(err error) string {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "closed the connection"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNABORTED):
		return "reset the connection"
	case errors.Is(err, syscall.ETIMEDOUT), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "was lost"
	}
	return ""
}

// TLSProblem says what is wrong with a handshake or a certificate.
func TLSProblem(err error) string {
	var (
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		signer  x509.UnknownAuthorityError
		record  tls.RecordHeaderError
		unknown x509.UnhandledCriticalExtension
		op      *net.OpError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		c, whose := invalid.Cert, "the certificate"
		if issuerOf(err, c) {
			whose = "the issuer's certificate " + Quoted(NameOf(c))
		}
		if now := time.Now(); now.Before(c.NotBefore) {
			return whose + " is not valid before " + c.NotBefore.UTC().Format(time.RFC3339)
		}
		return whose + " expired on " + c.NotAfter.UTC().Format(time.RFC3339)
	case errors.As(err, &invalid):
		return "the certificate is not valid: " + invalidCertificate(invalid)
	case errors.As(err, &name) && len(name.Certificate.DNSNames)+len(name.Certificate.IPAddresses) == 0 && name.Certificate.Subject.CommonName != "":
		return "the certificate is for no name: that in its subject, " + Quoted(name.Certificate.Subject.CommonName) + ", is not looked at; name " + Quoted(name.Host) + " among its alternative names"
	case errors.As(err, &name):
		return "the certificate is for " + certNames(name.Certificate) + ", not " + Quoted(name.Host)
	case errors.As(err, &signer):
		return unknownSigner(err)
	case errors.As(err, &record):
		return "the peer does not speak TLS"
	case ownLack(err):
		return "the certificate has a key that statusbot cannot judge (such as Ed448, DSA or a Brainpool curve); look at it with openssl s_client in a script"
	case errors.As(err, &op) && op.Op == "remote error" && (strings.Contains(op.Err.Error(), "handshake failure") || strings.Contains(op.Err.Error(), "insufficient security")):
		return "the peer agrees to none of the ways to encrypt that statusbot offers (ECDHE with AES or ChaCha20; no DHE, no RSA key exchange), or wants another name or a client certificate"
	case refusedFor(err) != "":
		return refusedFor(err)
	case strings.Contains(err.Error(), "protocol version not supported"), strings.Contains(err.Error(), "server selected unsupported protocol version"):
		return "the peer speaks no protocol version that statusbot offers (TLS 1.2 and 1.3, unless the check offers less)"
	case alerted(err) && errors.As(err, &op):
		return "the peer refused the handshake: " + strings.TrimPrefix(op.Err.Error(), "tls: ")
	case errors.As(err, &unknown):
		return "the certificate is not valid: it has a critical extension that statusbot does not know"
	case errors.As(err, &op) && op.Op == "local error": // an alert of ours: what came is not as RFC 8446 has it
		return "the peer breaks the rules of TLS: " + strings.TrimPrefix(op.Err.Error(), "tls: ")
	}
	return fmt.Sprintf("the handshake failed: %v", err)
}

// ownLack tells whether a handshake ended since crypto/x509 knows no such key,
// which is not the peer's fault.
func ownLack(err error) bool {
	if alerted(err) { // of ours by the peer
		return false
	}
	said := err.Error()
	return strings.Contains(said, "unsupported elliptic curve") || strings.Contains(said, "unsupported certificate") ||
		strings.Contains(said, "unknown public key algorithm") || strings.Contains(said, "unsupported public key")
}

// issuerOf reports whether the certificate that is to blame is not the peer's
// own, but one above it.
func issuerOf(err error, c *x509.Certificate) bool {
	if all, ok := errors.AsType[*tls.CertificateVerificationError](err); ok && len(all.UnverifiedCertificates) > 0 {
		return !all.UnverifiedCertificates[0].Equal(c)
	}
	return c.IsCA && c.Subject.String() != c.Issuer.String()
}

// socketPathMax is how long the path of a Unix socket may be, in bytes (unix(7), less
// its end).
const socketPathMax = 107

// ReadTargetOrSocket is ReadTarget for a peer that may listen on a Unix socket of this
// machine, whose path it then is.
func ReadTargetOrSocket(c checks.Check, key, address string) (Target, error) {
	switch {
	case !strings.HasPrefix(address, "/"):
		return ReadTarget(key, address)
	case c.Strict:
		return Target{}, &OptionError{Key: key, Problem: ErrStrictFile.Error()}
	case len(address) > socketPathMax:
		return Target{}, &OptionError{Key: key, Problem: "is longer than the path of a socket can be", Instead: "write one of at most " + strconv.Itoa(socketPathMax) + " bytes"}
	case strings.ContainsFunc(address, func(r rune) bool { return r < ' ' || r == 0x7f }) || strings.TrimSpace(address) != address:
		return Target{}, &OptionError{Key: key, Problem: "is not the path of a socket", Instead: "leave blanks around it and control characters out"}
	case wayOf(c).given():
		return Target{}, &OptionError{Key: key, Problem: "is a socket, to which no name and no family lead", Instead: "leave out family and resolver"}
	}
	return Target{Address: address, local: true}, nil
}

// ReadTarget reads the "host:port" of the option key.
func ReadTarget(key, address string) (Target, error) {
	const instead = "write host:port, such as db.example.com:5432"
	if address == "" {
		return Target{}, &OptionError{Key: key, Problem: "is empty", Instead: instead}
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return Target{}, &OptionError{Key: key, Problem: "is not an address with a port", Instead: instead}
	}
	if n, err := strconv.Atoi(port); err != nil || port[0] == '+' || n < 1 || n > 65535 {
		return Target{}, &OptionError{Key: key, Problem: "has no port between 1 and 65535", Instead: instead}
	}
	if !GoodName(host) {
		return Target{}, BadName(key, host, "has no name that can be one before its port", instead)
	}
	return NewTarget(host, port), nil
}

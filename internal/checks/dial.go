package checks

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
	"syscall"
	"time"
)

// stage is what a network probe is busy with, in words that complete
// "time-out after 3 s while ...".
type stage string

const (
	resolving  stage = "resolving the name"
	connecting stage = "connecting"
	shaking    stage = "negotiating TLS"
	sending    stage = "sending the request"
	waiting    stage = "waiting for the answer"
	reading    stage = "reading the answer"
)

// trail is what a network probe knows about itself, for the result.
type trail struct {
	timeout time.Duration
	stage   stage
	phases  Phases
	remote  string // address that was connected to

	lingered time.Duration // spent after the answer was whole, no part of it
}

// target is an address to connect to, taken apart once.
type target struct {
	address string         // "host:port"
	literal netip.AddrPort // valid if the host is an IP address
}

func newTarget(host, port string) target {
	t := target{address: net.JoinHostPort(host, port)}
	if ap, err := netip.ParseAddrPort(t.address); err == nil {
		t.literal = ap
	}
	return t
}

// dial connects and notes how long the name and the connection took. The
// name is resolved anew each time, as a client that starts now would.
func (tr *trail) dial(ctx context.Context, t target) (net.Conn, error) {
	return tr.dialOn(ctx, "tcp", t)
}

// dialOn is dial for a network, "tcp" or "udp". Over UDP a connection is made
// of nothing but an address.
func (tr *trail) dialOn(ctx context.Context, network string, t target) (net.Conn, error) {
	start := time.Now()
	if t.literal.IsValid() {
		tr.stage = connecting
		defer func() { tr.phases.Connect += time.Since(start) }()
		tr.remote = t.address
		// Not DialTCP: given no local address, it binds the socket to a port
		// before it connects. Of those there are 28,000 for all targets
		// together; to connect takes one of 28,000 for each target.
		return dialer.DialContext(ctx, network, t.address)
	}
	tr.stage = resolving
	// DNSDone is called by the goroutine that dials, before it connects, so
	// the trail needs no lock. ConnectStart is not: addresses may race.
	conn, err := dialer.DialContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSDone: func(info httptrace.DNSDoneInfo) {
			if info.Err != nil {
				return
			}
			tr.stage = connecting
			now := time.Now()
			tr.phases.DNS += now.Sub(start)
			start = now
		},
	}), network, t.address)
	if tr.stage == resolving {
		tr.phases.DNS += time.Since(start)
		return conn, err
	}
	tr.phases.Connect += time.Since(start)
	if err == nil {
		tr.remote = conn.RemoteAddr().String()
	}
	return conn, err
}

// secure runs the TLS handshake on a connection and notes its duration. The
// connection's deadline bounds it.
func (tr *trail) secure(conn net.Conn, cfg *tls.Config) (net.Conn, error) {
	tr.stage = shaking
	start := time.Now()
	secured := tls.Client(conn, cfg)
	err := secured.Handshake()
	tr.phases.TLS += time.Since(start)
	return secured, err
}

// longAgo as a deadline fails every read and write at once.
var longAgo = time.Unix(1, 0)

// bind makes the end of ctx end all reads and writes of a connection. The
// function it returns undoes that.
func bind(ctx context.Context, conn net.Conn) (unbind func() bool) {
	return context.AfterFunc(ctx, func() { _ = conn.SetDeadline(longAgo) })
}

// exhausted are errors that say that this machine, not the target, cannot.
var exhausted = []error{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM,
	syscall.EADDRNOTAVAIL, // no local port is left
}

// failed makes the result of an exchange that ended with err at the trail's
// stage.
func (tr *trail) failed(ctx context.Context, err error) Result {
	if r, ok := refused(err); ok {
		r.Phases = tr.phases
		return r
	}
	r := Result{Outcome: Fail, Phases: tr.phases}
	if tr.remote != "" {
		r.Evidence = &Evidence{Remote: tr.remote}
	}
	if ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		r.Reason = ReasonTimeout
		r.Summary = "time-out after " + span(tr.timeout) + " while " + string(tr.stage)
		return r
	}
	for _, ours := range exhausted {
		if errors.Is(err, ours) {
			r.Outcome, r.Reason = Unknown, ReasonInternal
			r.Summary = "this machine could not connect: " + ours.Error()
			return r
		}
	}
	r.Reason, r.Summary = tr.classify(err)
	return r
}

// classify tells the reasons apart that are not a time-out. Its sentences are
// made here, not taken from the error, which may repeat an URL or a header.
func (tr *trail) classify(err error) (Reason, string) {
	switch tr.stage {
	case resolving:
		var dns *net.DNSError
		if errors.As(err, &dns) && dns.IsNotFound {
			return ReasonDNS, "the name does not exist"
		}
		if errors.As(err, &dns) && dns.IsTimeout {
			return ReasonDNS, "the name server does not answer"
		}
		return ReasonDNS, "the name does not resolve"
	case connecting:
		if number, ok := errors.AsType[syscall.Errno](err); ok {
			return ReasonConnect, "no connection: " + number.Error()
		}
		return ReasonConnect, "no connection"
	}
	if closed := closedBy(err); closed != "" {
		return ReasonReset, "the peer " + closed + " while " + string(tr.stage)
	}
	if tr.stage == shaking {
		return ReasonTLS, tlsProblem(err)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return ReasonTLS, tlsProblem(err) // with TLS 1.3 it comes after the handshake
	}
	if errors.Is(err, errTooMuch) {
		return ReasonProtocol, errTooMuch.Error()
	}
	if errors.Is(err, errHeaderTooLong) || errors.Is(err, errNotHTTP) || errors.Is(err, errBadGzip) {
		return ReasonProtocol, "the answer is malformed: " + err.Error()
	}
	return ReasonProtocol, "the answer is malformed"
}

// closedBy says how the peer ended the connection, or nothing if it did not.
func closedBy(err error) string {
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

// tlsProblem says what is wrong with a handshake or a certificate.
func tlsProblem(err error) string {
	var (
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		signer  x509.UnknownAuthorityError
		record  tls.RecordHeaderError
		op      *net.OpError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		c := invalid.Cert
		if now := time.Now(); now.Before(c.NotBefore) {
			return "the certificate is not valid before " + c.NotBefore.UTC().Format(time.RFC3339)
		}
		return "the certificate expired on " + c.NotAfter.UTC().Format(time.RFC3339)
	case errors.As(err, &invalid):
		return "the certificate is not valid: " + invalid.Error()
	case errors.As(err, &name):
		return "the certificate is for " + certNames(name.Certificate) + ", not " + quoted(name.Host)
	case errors.As(err, &signer):
		return "the certificate is signed by an unknown authority"
	case errors.As(err, &record):
		return "the peer does not speak TLS"
	case errors.As(err, &op) && op.Op == "remote error": // so crypto/tls marks an alert of the peer
		return "the peer refused the handshake: " + op.Err.Error()
	}
	return fmt.Sprintf("the handshake failed: %v", err)
}

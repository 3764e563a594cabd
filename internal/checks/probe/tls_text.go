package probe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strings"
	"time"
)

// DescribeTLS writes down what a handshake has shown, a fact a line.
func DescribeTLS(state *tls.ConnectionState) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s\n", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite))
	if state.NegotiatedProtocol != "" {
		fmt.Fprintf(&b, "protocol: %s\n", state.NegotiatedProtocol)
	}
	for i, c := range state.PeerCertificates {
		if i > 0 {
			fmt.Fprintf(&b, "issuer's certificate: %s, not after %s\n", NameOf(c), Stamp(c.NotAfter))
			continue
		}
		fmt.Fprintf(&b, "subject: %s\nnames: %s\nissuer: %s\nnot before: %s\nnot after: %s\n",
			c.Subject, certNames(c), c.Issuer, Stamp(c.NotBefore), Stamp(c.NotAfter))
	}
	return b.String()
}

// certNames lists whom a certificate is for.
func certNames(c *x509.Certificate) string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	const most = 5 // a summary has no room for hundreds
	if more := len(names) - most; more > 0 {
		names = append(names[:most:most], fmt.Sprintf("and %d more", more))
	}
	if len(names) == 0 {
		return "no name"
	}
	return strings.Join(names, ", ")
}

// NameOf is what people call a certificate.
func NameOf(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

// Stamp is a time of a certificate, in UTC.
func Stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// InDays writes a duration in whole days, in hours if it is shorter than two days, and
// in minutes below two hours.
func InDays(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d/time.Minute))
	case d < 2*Day:
		return fmt.Sprintf("%d h", int(d/time.Hour))
	}
	return fmt.Sprintf("%d days", int(d/Day))
}

// FileProblem says why a file is of no use, without its path: the reader of
// a message has named it.
func FileProblem(err error) string {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err.Error()
	}
	return err.Error()
}

// invalidCertificate says what is wrong with a certificate but its dates.
func invalidCertificate(err x509.CertificateInvalidError) string {
	switch err.Reason {
	case x509.IncompatibleUsage:
		return "it may not be used by a server"
	case x509.NotAuthorizedToSign:
		return "it is signed by one that may not sign others"
	case x509.CANotAuthorizedForThisName, x509.CANotAuthorizedForExtKeyUsage:
		return "its authority may not certify that"
	case x509.TooManyIntermediates:
		return "there are more authorities above it than they allow"
	}
	return strings.TrimPrefix(err.Error(), "x509: ")
}

// refusals are the alerts of a peer (RFC 8446, 6.2), as crypto/tls writes them, that
// say what is to be done.
var refusals = [...]struct{ said, told string }{
	{"certificate required", "the peer asks for a client certificate, and none was given"},
	{"unknown certificate authority", "the peer does not know the authority of the client's certificate"},
	{"expired certificate", "the peer says that the client's certificate has expired"},
	{"revoked certificate", "the peer says that the client's certificate is revoked"},
	{"bad certificate", "the peer does not take the client's certificate, or wants one"},
	{"unrecognized name", "the peer does not know the name that was asked for; server_name asks for another"},
	{"no application protocol", "the peer speaks none of the protocols that were offered"},
}

// refusedFor says for what a peer refused a handshake, if it told so; empty if not.
func refusedFor(err error) string {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" { // so crypto/tls marks an alert of the peer
		return ""
	}
	for _, r := range refusals {
		if strings.Contains(op.Err.Error(), r.said) {
			return r.told
		}
	}
	return ""
}

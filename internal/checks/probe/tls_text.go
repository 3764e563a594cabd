package probe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
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

// InDays writes a duration in whole days, or in hours if it is shorter than
// two days.
func InDays(d time.Duration) string {
	if d < 2*Day {
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

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
	{"unsupported certificate", "the peer does not take the client's certificate: it is of another sort, or not for clients"},
	{"unknown certificate", "the peer does not take the client's certificate, and does not say why"},
	{"access denied", "the peer knows the client's certificate, and does not let it in"},
	{"bad certificate", "the peer does not take the client's certificate, or wants one"},
	{"unrecognized name", "the peer does not know the name that was asked for; server_name asks for another"},
	{"no application protocol", "the peer speaks none of the protocols that were offered"},
}

// refusedFor says for what a peer refused a handshake, if it told so; empty if not.
func refusedFor(err error) string {
	if !alerted(err) {
		return ""
	}
	for _, r := range refusals {
		if strings.Contains(err.Error(), r.said) {
			return r.told
		}
	}
	return ""
}

// alerted tells whether an error is an alert of the peer.
func alerted(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error" // so crypto/tls marks them
}

// proof says what became of the peer's question for a client certificate.
func (tr *Trail) proof() string {
	if tr.proved {
		return "it asks for a client certificate, that of client_cert_file was given"
	}
	return "it asks for a client certificate, and none was given"
}

// refusedProof says why a peer refused that had asked for a client certificate, of which all that it refuses from then on is.
func (tr *Trail) refusedProof(err error) string {
	switch told := refusedFor(err); {
	case !tr.proved:
		return "the peer asks for a client certificate, and none was given" // whatever alert it chose for that
	case told != "":
		return told
	}
	return "the peer refused the handshake; " + tr.proof()
}

// unknownSigner says where the way from a certificate to a root of this machine ends.
func unknownSigner(err error) string {
	const told = "the certificate is signed by an unknown authority"
	all, ok := errors.AsType[*tls.CertificateVerificationError](err)
	if !ok || len(all.UnverifiedCertificates) == 0 {
		return told
	}
	sent := all.UnverifiedCertificates
	c := sent[0]
	if SelfSigned(c) {
		return "the certificate is self-signed, and no root of this machine"
	}
	for range sent {
		i := slices.IndexFunc(sent, func(above *x509.Certificate) bool { return slices.Equal(above.RawSubject, c.RawIssuer) })
		if i < 0 {
			return told + ": " + Quoted(issuerName(c)) + " is no root of this machine, and the server does not send its certificate"
		}
		above := sent[i]
		var may x509.ConstraintViolationError
		switch no := c.CheckSignatureFrom(above); {
		case errors.As(no, &may):
			return told + ": " + Quoted(NameOf(above)) + " may not sign others"
		case no != nil:
			return told + ": it is not the " + Quoted(NameOf(above)) + " that the server sends"
		case SelfSigned(above):
			return told + ": " + Quoted(NameOf(above)) + " is no root of this machine"
		}
		c = above
	}
	return told
}

// issuerName is what people call who signed a certificate.
func issuerName(c *x509.Certificate) string {
	if c.Issuer.CommonName != "" {
		return c.Issuer.CommonName
	}
	return c.Issuer.String()
}

// SelfSigned tells whether a certificate is signed by its own key.
func SelfSigned(c *x509.Certificate) bool {
	return slices.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

package probe

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"
)

// CertificateFact is the name by which expressions speak of what Certificate
// returns.
const CertificateFact = "certificate"

// Over notes that what follows goes over a connection, which may have been made
// for an earlier exchange.
func (tr *Trail) Over(conn net.Conn) { tr.secured, _ = conn.(*tls.Conn) }

// Certificate returns what expressions may ask of the certificate that the peer
// presented: nil over plain text. Days are whole ones, less than 0 when it has
// expired, and of the peer's own certificate alone.
func (tr *Trail) Certificate() any {
	if tr.secured == nil {
		return nil
	}
	certs := tr.secured.ConnectionState().PeerCertificates
	if len(certs) == 0 {
		return nil
	}
	return CertificateFacts(certs[0])
}

// CertificateFacts returns what expressions may ask of a certificate.
func CertificateFacts(c *x509.Certificate) map[string]any {
	names := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return map[string]any{
		"days_left": daysLeft(c.NotAfter), "subject": NameOf(c), "issuer": c.Issuer.String(), "names": names,
		"not_before": c.NotBefore, "not_after": c.NotAfter, "serial": c.SerialNumber.Text(16), "self_signed": string(c.RawIssuer) == string(c.RawSubject),
	}
}

// daysLeft counts whole days until then, less than 0 when it is over.
func daysLeft(until time.Time) int64 {
	left := time.Until(until)
	days := int64(left / Day)
	if left < 0 {
		days-- // of less than a day ago it is -1
	}
	return days
}

package probe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// ServerName is the host of "host" or "host:port", as certificates name it.
func ServerName(host string) string {
	u := url.URL{Host: host}
	return ASCIIName(u.Hostname())
}

// GoodServerName refuses an option server_name that can be no name.
func GoodServerName(name string) error {
	if name == "" || GoodName(name) {
		return nil
	}
	return BadName("server_name", name, "cannot be a name", "write the host that the certificate is for, without a port")
}

// OwnCertificateError is a client certificate that cannot be had any more,
// which is our own trouble.
type OwnCertificateError struct{ cause error }

func (e *OwnCertificateError) Error() string {
	return "the client certificate cannot be read: " + FileProblem(e.cause)
}

// TLSVersions are the versions that options may name; none is 1.2, as what is
// older is broken, and offered to who asks for it alone. "1" is how YAML has 1.0.
var TLSVersions = map[string]uint16{
	"": tls.VersionTLS12, "1": tls.VersionTLS10, "1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13,
}

// OfferOld has a configuration whose lowest version is older than 1.2 offer what peers
// of that age speak as well: RSA key exchange and 3DES. RC4 is not offered.
func OfferOld(cfg *tls.Config) {
	if cfg.MinVersion >= tls.VersionTLS12 {
		return
	}
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if !strings.Contains(suite.Name, "RC4") {
			cfg.CipherSuites = append(cfg.CipherSuites, suite.ID)
		}
	}
}

const Day = 24 * time.Hour

// besides returns the path of a file that the options name.
func besides(c checks.Check, dir, file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	if dir == "" {
		dir = filepath.Dir(c.Source.File)
	}
	return filepath.Join(dir, file)
}

// RootsOf returns the system's roots and those of a file, or nil, which is
// the system's alone, if no file is named.
func RootsOf(c checks.Check, key, dir, file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	roots, err := x509.SystemCertPool()
	if err != nil { // a system without roots of its own
		roots = x509.NewCertPool()
	}
	if err := addRoots(roots, key, besides(c, dir, file)); err != nil {
		return nil, err
	}
	return roots, nil
}

// AwaitVerdict waits for the peer to refuse the client certificate, or the
// lack of one: in TLS 1.3, and with some peers in 1.2 too, it does so only
// after the handshake has succeeded for us. Silence is consent.
func (tr *Trail) AwaitVerdict(conn net.Conn) error {
	start := time.Now()
	defer func() { tr.Lingered = time.Since(start) }()
	// A handshake takes at least as long as our last message and the peer's
	// word on it take on the way; the rest is for a peer that must think.
	grace := 100*time.Millisecond + 2*tr.Phases.TLS
	if err := conn.SetReadDeadline(start.Add(grace)); err != nil {
		return err
	}
	var first [1]byte
	_, err := conn.Read(first[:])
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return nil
	}
	return err
}

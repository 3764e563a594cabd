package probetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority writes a certificate authority, and a certificate of its for
// 127.0.0.1 and localhost with its key, to files in the folder.
func Authority(t *testing.T, dir, name string) (caFile, certFile, keyFile string) {
	t.Helper()
	sign := func(subject string, isCA bool, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		OK(t, err)
		c := &x509.Certificate{
			SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: subject}, IsCA: isCA, BasicConstraintsValid: true,
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		}
		if !isCA {
			c.IPAddresses, c.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1)}, []string{"localhost"}
		} else {
			c.NotAfter = c.NotAfter.Add(time.Hour) // whose certificate ends first is not left to the second in which it is made
		}
		if parent == nil {
			parent, by = c, key
		}
		der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
		OK(t, err)
		c, err = x509.ParseCertificate(der)
		OK(t, err)
		return c, key
	}
	write := func(file, kind string, der []byte) string {
		path := filepath.Join(dir, file)
		OK(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		if uid, gid, ok := Nobody(t); ok {
			OK(t, os.Chown(path, uid, gid))
		}
		return path
	}
	ca, caKey := sign(name, true, nil, nil)
	cert, key := sign("server", false, ca, caKey)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	OK(t, err)
	return write(name+"-ca.pem", "CERTIFICATE", ca.Raw), write(name+"-cert.pem", "CERTIFICATE", cert.Raw), write(name+"-key.pem", "PRIVATE KEY", keyDER)
}

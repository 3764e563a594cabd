package journal

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// What a member is let in with: files of one folder, which InitCluster writes.
const (
	caFile     = "ca.pem"
	caKeyFile  = "ca-key.pem" // beside the folders: no member needs it
	certFile   = "cert.pem"
	keyFile    = "key.pem"
	secretFile = "secret"
	selfFile   = "member" // which of the members it is: host:port
)

// certLife is how long certificates between members are good: nobody else sees them, and one that runs out ends the
// cluster.
const certLife = 20 * 365 * 24 * time.Hour

// ReadMember reads a member's folder into c.
func ReadMember(folder string, c *Cluster) error {
	self, err := os.ReadFile(filepath.Join(folder, selfFile))
	if err != nil {
		return memberFileError(err)
	}
	secret, err := os.ReadFile(filepath.Join(folder, secretFile))
	if err != nil {
		return memberFileError(err)
	}
	ca, err := os.ReadFile(filepath.Join(folder, caFile))
	if err != nil {
		return memberFileError(err)
	}
	cert, err := tls.LoadX509KeyPair(filepath.Join(folder, certFile), filepath.Join(folder, keyFile))
	if err != nil {
		return memberFileError(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return fmt.Errorf("%s holds no certificate; write the folder anew with statusbot cluster init", filepath.Join(folder, caFile))
	}
	c.Self, c.Secret = strings.TrimSpace(string(self)), strings.TrimSpace(string(secret))
	if c.Secret == "" {
		return fmt.Errorf("%s is empty; write the folder anew with statusbot cluster init", filepath.Join(folder, secretFile))
	}
	c.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, RootCAs: pool, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13}
	return nil
}

func memberFileError(err error) error {
	return fmt.Errorf("read what this member is let in with: %w; statusbot cluster init writes the folder", err)
}

// InitCluster writes a folder of its own for each member below dir, with what it is let in with, and the authority's key
// beside them. It returns the folders, in the order of the members. Nothing is written over, and after an error nothing is
// left of it.
func InitCluster(dir string, c Cluster) (folders []string, err error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, caKeyFile)); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds a cluster already; name another directory", dir)
	}
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, err
	}
	ca, key, err := newAuthority(c.Name)
	if err != nil {
		return nil, err
	}
	secret := randomID() + randomID()
	var made []string
	defer func() {
		for _, folder := range made {
			if err != nil {
				err = errors.Join(err, os.RemoveAll(folder))
			}
		}
	}()
	for _, m := range c.Members {
		folder := filepath.Join(dir, memberName(m))
		files, err := memberFiles(m, secret, ca, key)
		if err != nil {
			return nil, err
		}
		if err := os.Mkdir(folder, dirMode); err != nil {
			return nil, err
		}
		made = append(made, folder)
		for name, data := range files {
			if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
				return nil, err
			}
		}
		folders = append(folders, folder)
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, caKeyFile), keyPEM, 0o600); err != nil {
		return nil, errors.Join(err, os.Remove(filepath.Join(dir, caKeyFile)))
	}
	return folders, nil
}

func newAuthority(name string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "statusbot cluster " + name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(certLife), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	ca, err = x509.ParseCertificate(der)
	return ca, key, err
}

func memberFiles(member, secret string, ca *x509.Certificate, caKey *ecdsa.PrivateKey) (map[string][]byte, error) {
	host, _, err := net.SplitHostPort(member)
	if err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		return nil, err
	}
	cert := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: member}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if ip := net.ParseIP(host); ip != nil {
		cert.IPAddresses = []net.IP{ip}
	} else {
		cert.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	keyPEM, err := encodeKey(key)
	return map[string][]byte{
		caFile:     pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}),
		certFile:   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		keyFile:    keyPEM,
		secretFile: []byte(secret + "\n"),
		selfFile:   []byte(member + "\n"),
	}, err
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

package probe

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"strings"
)

// fileMax is how much of a file that options name is read, in bytes: the whole
// of a system's certificates has a quarter of it.
const fileMax = 1 << 20

var (
	errNoFile   = errors.New("it is a folder, a pipe or a device; a file is read again and again")
	errLongFile = errors.New("it has more than 1 MiB")
	errLocked   = errors.New("the key has a passphrase; write one without it, as openssl pkey makes it")
)

// OpenFile opens a file that options name. What is none, such as a pipe into
// which nobody writes, is refused at once: a probe cannot wait for it.
func OpenFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errNoFile
	}
	return os.Open(path)
}

// ReadFile reads a file that options name, without the byte order mark that
// editors put before a text.
func ReadFile(path string) ([]byte, error) {
	file, err := OpenFile(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, fileMax+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > fileMax:
		return nil, errLongFile
	}
	return UTF8(text), nil
}

// ReadPair reads a certificate and its key in PEM.
func ReadPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := ReadFile(certFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := ReadFile(keyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil && locked(key) {
		err = errLocked
	}
	return pair, err
}

// locked tells whether a key in PEM wants a passphrase (RFC 5958, RFC 1421).
func locked(key []byte) bool {
	for {
		var block *pem.Block
		if block, key = pem.Decode(key); block == nil {
			return false
		}
		if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return true
		}
	}
}

// addRoots adds the certificates of a file to roots.
func addRoots(roots *x509.CertPool, key, path string) error {
	const instead = "write the path of a file of certificates in PEM"
	text, err := ReadFile(path)
	if err != nil {
		return &OptionError{Key: key, Problem: "cannot be read: " + FileProblem(err), Instead: instead}
	}
	if !roots.AppendCertsFromPEM(text) {
		return &OptionError{Key: key, Problem: "has no certificate in it", Instead: instead}
	}
	return nil
}

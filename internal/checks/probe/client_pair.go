package probe

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"sync"

	"github.com/statusbot/statusbot/internal/checks"
	"software.sslmate.com/src/go-pkcs12"
)

// KeyOptions are the part of a kind's options that opens a client's key.
type KeyOptions struct {
	ClientKeyPassword     string `mapstructure:"client_key_password"`      // of the key, or of client_cert_file in PKCS#12
	ClientKeyPasswordFile string `mapstructure:"client_key_password_file"` // holds the password alone, read at each handshake that asks for the certificate
}

func (o KeyOptions) given() bool { return o.ClientKeyPassword+o.ClientKeyPasswordFile != "" }

// ClientPair is a client's certificate with its key, in the files that options
// name.
type ClientPair struct {
	cert, key string // paths; without key it stands in the certificate's file
	password  Password

	mu   sync.Mutex
	seen [sha256.Size]byte // of what pair was read from: to open a key costs a millisecond or more
	pair tls.Certificate
}

var (
	errLocked       = errors.New("the key has a password; write it into client_key_password or client_key_password_file")
	errWrongKey     = errors.New("client_key_password does not open it")
	errNoKey        = errors.New("there is no key in it")
	errNoPair       = errors.New("it is neither PEM nor PKCS#12")
	errJavaKeystore = errors.New("it is a Java keystore; keytool -importkeystore -deststoretype pkcs12 makes PKCS#12 of it")
)

// NewClientPair reads the options client_cert_file, client_key_file and those of
// the key; nil if none is given. The error is an OptionError.
func NewClientPair(c checks.Check, dir, certFile, keyFile string, lock KeyOptions) (*ClientPair, error) {
	switch {
	case certFile == "" && keyFile != "":
		return nil, &OptionError{Key: "client_cert_file", Problem: "is empty", Instead: "write the certificate that belongs to client_key_file"}
	case certFile == "" && lock.given():
		return nil, &OptionError{Key: "client_cert_file", Problem: "is empty", Instead: "write the certificate whose key the password opens"}
	case certFile == "":
		return nil, nil //nolint:nilnil // there is none to give
	case c.Strict:
		return nil, &OptionError{Key: "client_cert_file", Problem: ErrStrictFile.Error()}
	}
	p := &ClientPair{cert: besides(c, dir, certFile)}
	if keyFile != "" {
		p.key = besides(c, dir, keyFile)
	}
	var err error
	if p.password, err = NewSecret(c, "client_key_password", lock.ClientKeyPassword, dir, lock.ClientKeyPasswordFile); err != nil {
		return nil, err
	}
	const instead = "write the paths of a certificate and its key in PEM, or of both in PKCS#12"
	switch _, err := p.Read(); {
	case errors.Is(err, errWrongKey):
		return nil, &OptionError{Key: "client_key_password", Problem: "does not open the client's key"}
	case errors.Is(err, errLocked):
		return nil, &OptionError{Key: "client_key_password", Problem: "is empty, and the client's key has a password"}
	case errors.Is(err, errNoKey):
		return nil, &OptionError{Key: "client_key_file", Problem: "is empty, and client_cert_file holds no key", Instead: instead}
	case err != nil && keyFile == "":
		return nil, &OptionError{Key: "client_cert_file", Problem: "cannot be read: " + FileProblem(err), Instead: instead}
	case err != nil:
		return nil, &OptionError{Key: "client_cert_file", Problem: "and client_key_file cannot be read: " + FileProblem(err), Instead: instead}
	}
	return p, nil
}

// Give is for tls.Config.GetClientCertificate. Its error is an
// OwnCertificateError.
func (p *ClientPair) Give(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	pair, err := p.Read()
	if err != nil {
		return nil, &OwnCertificateError{err}
	}
	return &pair, nil
}

// Read reads the files as they are by now.
func (p *ClientPair) Read() (tls.Certificate, error) {
	cert, err := ReadFile(p.cert)
	if err != nil {
		return tls.Certificate{}, err
	}
	key := cert
	if p.key != "" {
		if key, err = ReadFile(p.key); err != nil {
			return tls.Certificate{}, err
		}
	}
	password, err := p.password.Reveal()
	if err != nil {
		return tls.Certificate{}, errors.New("the password's file " + err.Error())
	}
	seen := sha256.Sum256(bytes.Join([][]byte{cert, key, []byte(password)}, []byte{0}))
	p.mu.Lock()
	defer p.mu.Unlock()
	if seen == p.seen && p.pair.Certificate != nil {
		return p.pair, nil
	}
	pair, err := readPair(cert, key, password)
	if err == nil {
		p.seen, p.pair = seen, pair
	}
	return pair, err
}

// readPair reads a certificate and its key from PEM, or both from PKCS#12.
func readPair(cert, key []byte, password string) (tls.Certificate, error) {
	if block, _ := pem.Decode(cert); block == nil {
		return readPKCS12(cert, password)
	}
	opened, err := openKey(key, password)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, opened)
}

// readPKCS12 reads what Windows, browsers and Java keep a client's certificate in
// (RFC 7292).
func readPKCS12(data []byte, password string) (tls.Certificate, error) {
	if bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}) {
		return tls.Certificate{}, errJavaKeystore
	}
	key, cert, authorities, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && password == "":
		return tls.Certificate{}, errLocked
	case errors.Is(err, pkcs12.ErrIncorrectPassword), errors.Is(err, pkcs12.ErrDecryption):
		return tls.Certificate{}, errWrongKey
	case err != nil && !bytes.HasPrefix(data, []byte{0x30}): // not so much as the beginning of a sequence
		return tls.Certificate{}, errNoPair
	case err != nil:
		return tls.Certificate{}, errors.New("of its PKCS#12 we understand: " + strings.TrimPrefix(err.Error(), "pkcs12: "))
	}
	pair := tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
	for _, authority := range authorities {
		pair.Certificate = append(pair.Certificate, authority.Raw)
	}
	return pair, nil
}

// openKey returns a file in PEM with a key that is open: as it is, or opened by
// the password.
func openKey(file []byte, password string) ([]byte, error) {
	rest := file
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errNoKey
		}
		legacy := strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") // RFC 1421
		switch {
		case !strings.HasSuffix(block.Type, "PRIVATE KEY"):
		case block.Type != "ENCRYPTED PRIVATE KEY" && !legacy:
			return file, nil
		case password == "":
			return nil, errLocked
		case legacy:
			der, err := x509.DecryptPEMBlock(block, []byte(password)) //nolint:staticcheck // weak, and what old tools write: the file is as safe as its folder
			if err != nil {
				return nil, errWrongKey
			}
			return pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der}), nil
		default:
			der, err := openPKCS8(block.Bytes, password)
			if err != nil {
				return nil, err
			}
			return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
		}
	}
}

package agent

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/lazy"
)

// Book is where is written down who may come in. It outlives the process.
type Book interface {
	// Read returns what was written last, nil when nothing was, and its revision.
	Read(ctx context.Context) (data []byte, rev uint64, err error)
	// Write puts data in place of the revision that was read; ErrStale (wrapped) when
	// another one has done so since.
	Write(ctx context.Context, data []byte, rev uint64) error
}

// ErrStale says that the book was written by another one since it was read.
var ErrStale = errors.New("written by another one meanwhile")

// Bounds of the book: of a record of 300 bytes each.
const (
	agentsMax = 1000
	tokensMax = 100
	// tokenLife is how long a token waits to be used.
	tokenLife = time.Hour
	// certLife is long: agents know the certificate by its key, and a new one is as good as new tokens for all of them.
	certLife = 20 * 365 * 24 * time.Hour
)

// page is the book's form. A key keeps its meaning for good; new ones may be added.
type page struct {
	Edition uint64     `json:"edition,omitempty"` // how often it was written: of two that were read the later one counts, whichever was read first
	Cert    string     `json:"cert,omitempty"`    // PEM, of the desk's own making
	Key     string     `json:"key,omitempty"`
	Tokens  []token    `json:"tokens,omitempty"`
	Agents  []enrolled `json:"agents,omitempty"`
}

type token struct {
	Hash    string    `json:"hash"` // SHA-256 in hex: the token itself is known to its holder alone
	Vantage string    `json:"vantage"`
	Until   time.Time `json:"until"`
}

type enrolled struct {
	ID      string    `json:"id"`
	Key     []byte    `json:"key"`
	Vantage string    `json:"vantage"`
	Name    string    `json:"name"` // of its machine, as it says
	Since   time.Time `json:"since"`
}

// VantageName says what a vantage may be called.
var VantageName = lazy.Compile(`^[a-z0-9][a-z0-9_-]{0,31}$`)

// readPage reads the book.
func readPage(ctx context.Context, b Book) (p page, rev uint64, err error) {
	data, rev, err := b.Read(ctx)
	if err == nil && len(data) > 0 {
		err = json.Unmarshal(data, &p)
	}
	if err != nil {
		return p, 0, fmt.Errorf("read the agents' book: %w", err)
	}
	return p, rev, nil
}

// change writes the book anew, again if another one was quicker.
func change(ctx context.Context, b Book, how func(*page) error) (p page, err error) {
	const tries = 5
	for range tries {
		var rev uint64
		if p, rev, err = readPage(ctx, b); err != nil {
			return p, err
		}
		if err = how(&p); err != nil {
			return p, err
		}
		p.Edition++
		data, err := json.Marshal(p)
		if err != nil {
			return p, fmt.Errorf("write the agents' book: %w", err)
		}
		if err = b.Write(ctx, data, rev); err == nil || !errors.Is(err, ErrStale) {
			return p, err
		}
	}
	return p, fmt.Errorf("write the agents' book: %w", ErrStale)
}

// NewToken writes a token down and returns it: who holds it may enroll one agent of
// the vantage within an hour. Known is the certificate that the desk was given, nil
// for one of its own making. The desk of another process knows the token a second later.
func (d *Desk) NewToken(ctx context.Context, vantage string, known *tls.Certificate) (string, error) {
	if !VantageName.MatchString(vantage) {
		return "", fmt.Errorf("%q is no vantage's name: write up to 32 of a-z, 0-9, - and _", vantage)
	}
	secret, now := random(24), d.cfg.Now()
	p, err := change(ctx, d.cfg.Book, func(p *page) error {
		p.Tokens = slices.DeleteFunc(p.Tokens, func(t token) bool { return !now.Before(t.Until) })
		if len(p.Tokens) >= tokensMax {
			return fmt.Errorf("%d tokens wait to be used; they end by themselves after %v", len(p.Tokens), tokenLife)
		}
		p.Tokens = append(p.Tokens, token{Hash: hashOf(secret), Vantage: vantage, Until: now.Add(tokenLife)})
		if known == nil && p.Cert == "" {
			return p.identify(now)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	d.turnTo(p)
	pin := ""
	if known == nil {
		cert, err := p.certificate()
		if err != nil {
			return "", err
		}
		pin = pinOf(cert.Leaf)
	}
	return tokenMark + secret + "." + pin, nil
}

const tokenMark = "sbagent." // so that a token is known as one where it should not stand

// readToken takes a token apart.
func readToken(text string) (secret, pin string, err error) {
	rest, is := strings.CutPrefix(strings.TrimSpace(text), tokenMark)
	secret, pin, two := strings.Cut(rest, ".")
	if !is || !two || secret == "" {
		return "", "", errors.New("this is no token as `statusbot agent token` prints it")
	}
	return secret, pin, nil
}

// Remove takes an agent out of the book: it is let in no more. False: there is none of that id.
func (d *Desk) Remove(ctx context.Context, id string) (found bool, err error) {
	p, err := change(ctx, d.cfg.Book, func(p *page) error {
		n := len(p.Agents)
		p.Agents = slices.DeleteFunc(p.Agents, func(e enrolled) bool { return e.ID == id })
		found = len(p.Agents) < n
		return nil
	})
	if err == nil {
		d.turnTo(p)
	}
	return found, err
}

// enroll writes an agent down for a token, which is gone then.
func enroll(ctx context.Context, b Book, t ticket, now time.Time) (page, enrolled, error) {
	var made enrolled
	p, err := change(ctx, b, func(p *page) error {
		i := p.token(t.Token, now)
		switch {
		case i < 0:
			return errors.New("the token was used, or is too old; print another with `statusbot agent token`")
		case len(t.Key) != keySize:
			return errors.New("it has no key")
		case len(p.Agents) >= agentsMax:
			return fmt.Errorf("%d agents are enrolled; remove some with `statusbot agent remove`", len(p.Agents))
		}
		made = enrolled{ID: randomID(), Key: t.Key, Vantage: p.Tokens[i].Vantage, Name: clip(t.Name, 64), Since: now}
		p.Tokens = slices.Delete(p.Tokens, i, i+1)
		p.Agents = append(p.Agents, made)
		return nil
	})
	return p, made, err
}

// token returns the place of a token that may be used; -1 when there is none.
func (p *page) token(secret string, now time.Time) int {
	hash := hashOf(secret) // nobody learns a hash from how long it takes to compare with one
	return slices.IndexFunc(p.Tokens, func(t token) bool { return t.Hash == hash && now.Before(t.Until) })
}

// identify makes the certificate by which agents know the desk.
func (p *page) identify(now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 100))
	if err != nil {
		return err
	}
	cert := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "statusbot agents"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(certLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	p.Cert = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	p.Key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	return err
}

func (p *page) certificate() (tls.Certificate, error) {
	cert, err := tls.X509KeyPair([]byte(p.Cert), []byte(p.Key))
	if err != nil {
		return cert, fmt.Errorf("read the desk's certificate: %w", err)
	}
	return cert, nil
}

// pinOf is what a certificate is known by: the SHA-256 of its public key.
func pinOf(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func randomID() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// clip returns at most n bytes of printable ASCII of a name that somebody else chose.
func clip(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '_'
		}
		return r
	}, s)
	return s[:min(len(s), n)]
}

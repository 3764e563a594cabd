package agent

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Credentials are what an agent comes in with, as they are kept in its directory.
type Credentials struct {
	Servers []string `json:"servers"` // host:port of each statusbot that may lead
	Vantage string   `json:"vantage"`
	ID      string   `json:"id"`
	Seed    []byte   `json:"seed"`          // of its key
	Pin     string   `json:"pin,omitempty"` // of the desk's certificate; empty: one that the system's authorities know
}

const credentialsName = "agent.json"

// ReadCredentials reads what Enroll wrote.
func ReadCredentials(dir string) (Credentials, error) {
	var c Credentials
	data, err := os.ReadFile(filepath.Join(dir, credentialsName))
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("%s holds no credentials; get them once with `statusbot agent enroll`", dir)
	}
	if err == nil {
		err = json.Unmarshal(data, &c)
	}
	if err == nil && (len(c.Seed) != ed25519.SeedSize || c.ID == "" || len(c.Servers) == 0) {
		err = errors.New("they are not whole")
	}
	if err != nil {
		return c, fmt.Errorf("read the credentials in %s: %w", dir, err)
	}
	return c, nil
}

// Enroll redeems a token, and writes the credentials into dir, where none may be yet.
func Enroll(ctx context.Context, dir, text string, servers []string) (Credentials, error) {
	path := filepath.Join(dir, credentialsName)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return Credentials{}, fmt.Errorf("%s holds the credentials of an agent already; name another directory, or remove %s", dir, path)
	}
	secret, pin, err := readToken(text)
	if err != nil {
		return Credentials{}, err
	}
	for _, s := range servers {
		if _, err := probe.ReadTarget("server", s); err != nil {
			return Credentials{}, fmt.Errorf("%q is not host:port", s)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Credentials{}, err
	}
	key, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Credentials{}, err
	}
	c := Credentials{Servers: servers, Pin: pin, Seed: private.Seed()}
	nc, err := nats.Connect(c.urls(), append(c.options(), nats.UserInfo(enrollUser, secret), nats.NoReconnect(),
		nats.CustomInboxPrefix(inboxOf(hashOf(secret)[:12])))...)
	if errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) {
		return c, errors.New("the token was used, or is too old; print another with `statusbot agent token`")
	}
	if err != nil {
		return c, fmt.Errorf("reach the statusbot that leads: %w", err)
	}
	defer nc.Close()
	name, _ := os.Hostname() // only for people to know it by
	var t ticket
	if err := ask(ctx, nc, "enroll", ticket{Token: secret, Key: key, Name: name}, &t); err != nil {
		return c, fmt.Errorf("enroll: %w", err)
	}
	if t.Error != "" {
		return c, errors.New(t.Error)
	}
	c.ID, c.Vantage = t.ID, t.Vantage
	data, err := json.Marshal(c)
	if err != nil {
		return c, err
	}
	return c, os.WriteFile(path, data, 0o600)
}

// answerWithin is how long an answer may take.
const answerWithin = 10 * time.Second

// reachWithin is how long it may take to be let in by one of the servers. They are tried one after the other, all of them within answerWithin:
// the machine of one that is frozen takes the connection, and nobody speaks, while the next one has begun to lead.
func (c *Credentials) reachWithin() time.Duration {
	return answerWithin / time.Duration(max(1, len(c.Servers)))
}

// ask says something and waits for the answer.
func ask(ctx context.Context, nc *nats.Conn, subject string, say, answer any) error {
	data, is := say.([]byte)
	if !is {
		var err error
		if data, err = json.Marshal(say); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	m, err := nc.RequestWithContext(ctx, subject, data)
	if err != nil {
		return err
	}
	return json.Unmarshal(m.Data, answer)
}

func (c *Credentials) urls() string {
	list := make([]string, len(c.Servers))
	for i, s := range c.Servers {
		list[i] = "tls://" + s
	}
	return strings.Join(list, ",")
}

// options are those of each connection.
func (c *Credentials) options() []nats.Option {
	return []nats.Option{nats.Name("statusbot agent"), nats.Secure(c.tls()), nats.TLSHandshakeFirst(), nats.DontRandomize(),
		nats.ReconnectBufSize(-1), nats.Timeout(c.reachWithin()), nats.IgnoreDiscoveredServers()}
}

// login are the options by which the agent proves who it is.
func (c *Credentials) login() []nats.Option {
	key := ed25519.NewKeyFromSeed(c.Seed)
	public, _ := key.Public().(ed25519.PublicKey) // it is one
	return append(c.options(), nats.CustomInboxPrefix(inboxOf(c.ID)),
		nats.Nkey(base64.RawURLEncoding.EncodeToString(public), func(nonce []byte) ([]byte, error) { return ed25519.Sign(key, nonce), nil }))
}

// tls knows the desk by the key of its certificate, or by the system's authorities.
func (c *Credentials) tls() *tls.Config {
	if c.Pin == "" {
		return &tls.Config{MinVersion: tls.VersionTLS13}
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true, //nolint:gosec // the key is compared below, which says more than a name
		VerifyConnection: func(s tls.ConnectionState) error {
			if got := pinOf(s.PeerCertificates[0]); got != c.Pin {
				return x509.UnknownAuthorityError{Cert: s.PeerCertificates[0]}
			}
			return nil
		}}
}

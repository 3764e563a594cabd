package mysql

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"

	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// Ways to log in, by the names of the server's plugins.
const (
	native     = "mysql_native_password"
	sha2Cached = "caching_sha2_password"
	sha2       = "sha256_password"
	inClear    = "mysql_clear_password"
)

// loginTurns is after how many packets a login must be over; the longest there
// is takes three.
const loginTurns = 5

// errLogin is a login that this check does not do.
type errLogin struct{ plugin, why string }

func (e *errLogin) Error() string { return "the user logs in by " + e.plugin + ", " + e.why }

// greeting is what a server says first.
type greeting struct {
	version string // "8.4.3", "10.11.9-MariaDB"
	can     uint64
	nonce   []byte
	plugin  string
}

// greeted reads the greeting.
func (t *talk) greeted() (greeting, error) {
	packet, err := t.read()
	if errors.Is(err, errLongMySQLReply) {
		err = errNotMySQL // a text, whose first letters are no length
	}
	if err != nil {
		return greeting{}, err
	}
	return readGreeting(packet)
}

func readGreeting(packet []byte) (greeting, error) {
	p := fields{rest: packet}
	if p.number(1) != 10 {
		return greeting{}, errNotMySQL
	}
	g := greeting{version: p.untilZero()}
	p.take(4) // the connection's number
	g.nonce = append(g.nonce, p.take(8)...)
	p.take(1)
	g.can = p.number(2)
	p.take(3) // character set, status
	g.can |= p.number(2) << 16
	length := int(p.number(1))
	p.take(10)
	g.nonce = append(g.nonce, p.take(max(13, length-8)-1)...)
	p.take(1)
	if g.can&pluginLogin != 0 {
		g.plugin = p.untilZero()
	}
	if p.short || g.can&protocol41 == 0 || g.can&secureLogin == 0 {
		return greeting{}, errNotMySQL
	}
	return g, nil
}

// login goes over to TLS, if there is a configuration for it, and logs in.
func (t *talk) login(g greeting, cfg *tls.Config, user, secret, database string) error {
	can := uint64(spoken)
	if database != "" {
		can |= withDatabase
	}
	if cfg != nil {
		can |= withTLS
	}
	can &= g.can
	head := binary.LittleEndian.AppendUint32(nil, uint32(can))
	head = binary.LittleEndian.AppendUint32(head, 1<<24-1) // longest packet
	head = append(append(head, utf8), make([]byte, 23)...)
	if cfg != nil {
		if err := t.goOver(g, head, cfg); err != nil {
			return err
		}
	}
	t.tr.Stage = probe.LoggingIn
	plugin := g.plugin
	if plugin != sha2Cached {
		plugin = native // the server asks for what the user has
	}
	answer, err := t.answer(plugin, g.nonce, secret)
	if err != nil {
		return err
	}
	packet := append(append(head, user...), 0)
	packet = append(append(packet, byte(len(answer))), answer...)
	if database != "" {
		packet = append(append(packet, database...), 0)
	}
	if can&pluginLogin != 0 {
		packet = append(append(packet, plugin...), 0)
	}
	if can&attributes != 0 {
		name := "\x0cprogram_name" + string(rune(len(probe.UserAgent))) + probe.UserAgent
		packet = append(append(packet, byte(len(name))), name...)
	}
	if err := t.write(packet); err != nil {
		return err
	}
	return t.admitted(plugin, secret)
}

// goOver negotiates TLS after the client has said so.
func (t *talk) goOver(g greeting, head []byte, cfg *tls.Config) error {
	t.tr.Stage = probe.Shaking
	switch {
	case g.can&withTLS == 0:
		return probe.ErrNoTLS
	case t.in.Buffered() > 0:
		return probe.ErrEarlyWords
	}
	if err := t.write(head); err != nil {
		return err
	}
	secured, err := t.tr.Secure(t.conn, cfg)
	if err != nil {
		return err
	}
	t.conn, t.in, t.secure = secured, bufio.NewReader(secured), true
	return nil
}

// admitted reads and answers until the user is in.
func (t *talk) admitted(plugin, secret string) error {
	for range loginTurns {
		packet, err := t.read()
		if err != nil {
			return err
		}
		p := fields{rest: packet}
		var answer []byte
		switch p.number(1) {
		case ok:
			return nil
		case eof: // another way to log in
			if len(p.rest) == 0 {
				return &errLogin{"mysql_old_password", "which nobody should"}
			}
			plugin = p.untilZero()
			nonce := bytes.TrimSuffix(p.rest, []byte{0})
			if answer, err = t.answer(plugin, nonce, secret); err != nil {
				return err
			}
		case more:
			step := p.number(1)
			if plugin != sha2Cached || p.short {
				return errNotMySQL
			}
			if step == 3 { // the server knows the password already
				continue
			}
			if answer, err = t.clear(plugin, secret); err != nil {
				return err
			}
		default:
			return errNotMySQL
		}
		if p.short {
			return errNotMySQL
		}
		if err := t.write(answer); err != nil {
			return err
		}
	}
	return errNotMySQL
}

// answer proves that the client knows the password.
func (t *talk) answer(plugin string, nonce []byte, secret string) ([]byte, error) {
	switch plugin {
	case native, sha2Cached:
		switch {
		case len(nonce) != 20:
			return nil, errNotMySQL
		case secret == "":
			return nil, nil
		case plugin == native:
			return scrambleNative(nonce, secret), nil
		}
		return scrambleSHA2(nonce, secret), nil
	case sha2, inClear:
		return t.clear(plugin, secret)
	}
	return nil, &errLogin{redact.Printable(probe.ClipRunes(plugin, 40)), "which this check cannot"}
}

// clear is the password itself, for TLS and Unix sockets alone.
func (t *talk) clear(plugin, secret string) ([]byte, error) {
	if !t.secure {
		return nil, &errLogin{plugin, "which wants the password itself; without TLS it is not sent"}
	}
	return append([]byte(secret), 0), nil
}

// scrambleNative is SHA1(p) ^ SHA1(nonce + SHA1(SHA1(p))).
func scrambleNative(nonce []byte, secret string) []byte {
	once := sha1.Sum([]byte(secret))
	twice := sha1.Sum(once[:])
	mask := sha1.Sum(append(bytes.Clone(nonce), twice[:]...))
	for i := range once {
		once[i] ^= mask[i]
	}
	return once[:]
}

// scrambleSHA2 is SHA256(p) ^ SHA256(SHA256(SHA256(p)) + nonce).
func scrambleSHA2(nonce []byte, secret string) []byte {
	once := sha256.Sum256([]byte(secret))
	twice := sha256.Sum256(once[:])
	mask := sha256.Sum256(append(twice[:], nonce...))
	for i := range once {
		once[i] ^= mask[i]
	}
	return once[:]
}

package mysql

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// talk is a conversation with a MySQL or MariaDB server
// (https://dev.mysql.com/doc/dev/mysql-server/latest/PAGE_PROTOCOL.html),
// which is one of packets and begins with the server's greeting. Whoever makes
// it has bound the connection to the probe's context.
//
// What the server announces is not believed: room is made for what comes, and
// no packet is longer than the 64 KiB that a check reads.
type talk struct {
	tr     *probe.Trail
	conn   net.Conn
	in     *bufio.Reader
	number byte // of the next packet, which both sides count
	secure bool // TLS is spoken
}

// What a client can do, as it and the server tell each other. Those that are
// not here are never asked for: CLIENT_LOCAL_FILES lets a server read files of
// the client, and CLIENT_MULTI_STATEMENTS takes several statements for one.
const (
	longPassword = 1 << 0
	longFlag     = 1 << 2
	withDatabase = 1 << 3
	protocol41   = 1 << 9
	withTLS      = 1 << 11
	transactions = 1 << 13
	secureLogin  = 1 << 15
	moreResults  = 1 << 17
	pluginLogin  = 1 << 19
	attributes   = 1 << 20
	longAnswer   = 1 << 21

	spoken = longPassword | longFlag | protocol41 | transactions | secureLogin | moreResults |
		pluginLogin | attributes | longAnswer
)

const (
	utf8       = 45   // utf8mb4_general_ci
	columnsMax = 4096 // which a table may have
	loginTurns = 5    // packets after which a login must be over; the longest there is takes three
)

// Commands, and the first bytes of packets.
const (
	askQuit  = 0x01
	askQuery = 0x03

	ok      = 0x00
	more    = 0x01 // of the login
	file    = 0xfb // the server wants to read a file
	eof     = 0xfe
	refusal = 0xff
)

// Ways to log in, by the names of the server's plugins.
const (
	native     = "mysql_native_password"
	sha2Cached = "caching_sha2_password"
	sha2       = "sha256_password"
	inClear    = "mysql_clear_password"
)

var (
	errNotMySQL       = errors.New("the peer does not speak the MySQL protocol")
	errAsksForFile    = errors.New("the server asks for a file of this machine, which it does not get")
	errLongMySQLReply = errors.New("a packet is longer than the 64 KiB that a check reads")
)

// saidNo is a server's error.
type saidNo struct {
	number int
	state  string // SQLSTATE; empty if the server does not say
	text   string
}

func (e *saidNo) Error() string { return e.text + " (" + strconv.Itoa(e.number) + ")" }

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

func newTalk(conn net.Conn, tr *probe.Trail) *talk {
	return &talk{tr: tr, conn: conn, in: bufio.NewReader(conn)}
}

// read returns the next packet, which is not empty, or the server's error.
func (t *talk) read() ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(t.in, head[:]); err != nil {
		return nil, err
	}
	n := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	switch {
	case n == 0:
		return nil, errNotMySQL
	case n > probe.ReadMax:
		return nil, errLongMySQLReply
	}
	packet := make([]byte, n)
	if _, err := io.ReadFull(t.in, packet); err != nil {
		return nil, err
	}
	if packet[0] == refusal { // whose number may be any
		return nil, readRefusal(packet)
	}
	if head[3] != t.number {
		return nil, errNotMySQL
	}
	t.number++
	return packet, nil
}

func (t *talk) write(packet []byte) error {
	head := []byte{byte(len(packet)), byte(len(packet) >> 8), byte(len(packet) >> 16), t.number}
	t.number++
	_, err := t.conn.Write(append(head, packet...))
	return err
}

// command begins a new exchange.
func (t *talk) command(code byte, text string) error {
	t.number = 0
	return t.write(append([]byte{code}, text...))
}

// using says it in words that are not taken for a password.
var using = strings.NewReplacer("(using password: YES)", "(with a password)", "(using password: NO)", "(without a password)")

func readRefusal(packet []byte) error {
	p := fields{rest: packet[1:]}
	no := &saidNo{number: int(p.number(2))}
	if bytes.HasPrefix(p.rest, []byte("#")) {
		no.state = string(p.take(6))[1:]
	}
	if p.short {
		return errNotMySQL
	}
	no.text = using.Replace(strings.ToValidUTF8(string(p.rest), "\uFFFD"))
	return no
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

// clear is the password itself, for TLS alone.
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

// limit makes the server give up a query after so long, so that nobody's
// query stays with a server that is slow already. A server that cannot is let
// be.
func (t *talk) limit(g greeting, d time.Duration) error {
	set := "SET max_execution_time=" + strconv.FormatInt(max(1, d.Milliseconds()), 10)
	if strings.Contains(g.version, "MariaDB") {
		set = "SET max_statement_time=" + strconv.FormatFloat(d.Seconds(), 'f', 6, 64)
	}
	if err := t.command(askQuery, set); err != nil {
		return err
	}
	_, err := t.read()
	if _, refused := errors.AsType[*saidNo](err); refused {
		return nil
	}
	return err
}

// rows is what a query returned.
type rows struct {
	probe.Rowset
	first map[string]any // :: column -> the first row's value, text or nil
}

// ask sends a query and reads its answer to the end.
func (t *talk) ask(query string) (rows, error) {
	got := rows{Rowset: probe.Rowset{Null: true}, first: map[string]any{}}
	t.tr.Stage = probe.Waiting
	sent := time.Now()
	if err := t.command(askQuery, query); err != nil {
		return got, err
	}
	if _, err := t.in.Peek(1); err != nil {
		return got, err
	}
	t.tr.Phases.FirstByte = time.Since(sent)
	t.tr.Stage = probe.Reading
	err := t.answers(&got)
	t.tr.Phases.Transfer = time.Since(sent) - t.tr.Phases.FirstByte
	return got, err
}

// answers reads the results of one query. The first that has rows counts.
func (t *talk) answers(got *rows) error {
	const moreFollow = 1 << 3 // in a status
	for counted := false; ; {
		packet, err := t.read()
		if err != nil {
			return err
		}
		p := fields{rest: packet}
		var status uint64
		switch packet[0] {
		case ok:
			p.take(1)
			p.length() // rows that were changed
			p.length() // the last number that was given
			status = p.number(2)
		case file:
			return errAsksForFile
		default:
			into := got
			if counted {
				into = &rows{}
			}
			counted = true
			if status, err = t.table(p.length(), into); err != nil {
				return err
			}
		}
		if p.short {
			return errNotMySQL
		}
		if status&moreFollow == 0 {
			return nil
		}
	}
}

// table reads a result of so many columns, and returns the status after it.
func (t *talk) table(columns uint64, got *rows) (status uint64, err error) {
	if columns < 1 || columns > columnsMax {
		return 0, errNotMySQL
	}
	var names []string
	for range columns {
		packet, err := t.read()
		if err != nil {
			return 0, err
		}
		p := fields{rest: packet}
		for range 4 { // catalogue, database, table, table again
			p.text()
		}
		name, _ := p.text()
		if p.short {
			return 0, errNotMySQL
		}
		names = append(names, strings.ToValidUTF8(name, "\uFFFD"))
	}
	packet, err := t.read()
	if err != nil {
		return 0, err
	}
	if _, ok := end(packet); !ok {
		return 0, errNotMySQL
	}
	for {
		packet, err := t.read()
		if errors.Is(err, errLongMySQLReply) {
			return 0, probe.ErrLongRow
		}
		if err != nil {
			return 0, err
		}
		if status, ok := end(packet); ok {
			return status, nil
		}
		got.Rows++
		if got.Rows > 1 || got.first == nil {
			continue
		}
		p := fields{rest: packet}
		for i, name := range names {
			value, null := p.text()
			if i == 0 {
				got.Value, got.Null = value, null
			}
			got.first[name] = nil
			if !null {
				got.first[name] = strings.ToValidUTF8(value, "\uFFFD")
			}
		}
		if p.short {
			return 0, errNotMySQL
		}
	}
}

// end reports whether a packet ends a list, and the status in it.
func end(packet []byte) (status uint64, ok bool) {
	if packet[0] != eof || len(packet) > 8 {
		return 0, false
	}
	p := fields{rest: packet[1:]}
	p.take(2) // warnings
	return p.number(2), !p.short
}

// leave says goodbye, so that the server counts no lost connection.
func (t *talk) leave() {
	if t.conn.SetDeadline(time.Now().Add(probe.LeaveMax)) == nil {
		_ = t.command(askQuit, "") // to which nobody answers
	}
}

// fields takes a packet apart. What is not there is zero, and short
// says so.
type fields struct {
	rest  []byte
	short bool
}

func (p *fields) take(n int) []byte {
	if n > len(p.rest) {
		p.rest, p.short = nil, true
		return make([]byte, min(n, 8))
	}
	part := p.rest[:n]
	p.rest = p.rest[n:]
	return part
}

// number is one of n bytes, 8 at most.
func (p *fields) number(n int) uint64 {
	var whole [8]byte
	copy(whole[:], p.take(n))
	return binary.LittleEndian.Uint64(whole[:])
}

func (p *fields) untilZero() string {
	text, rest, ok := bytes.Cut(p.rest, []byte{0})
	p.rest, p.short = rest, p.short || !ok
	return string(text)
}

// length is a number of one to nine bytes.
func (p *fields) length() uint64 {
	switch first := p.number(1); first {
	case 0xfc:
		return p.number(2)
	case 0xfd:
		return p.number(3)
	case 0xfe:
		return p.number(8)
	case 0xfb, 0xff:
		p.short = true
		return 0
	default:
		return first
	}
}

// text is one with its length before it, or NULL.
func (p *fields) text() (s string, null bool) {
	if len(p.rest) > 0 && p.rest[0] == 0xfb {
		p.rest = p.rest[1:]
		return "", true
	}
	n := p.length()
	if n > uint64(len(p.rest)) {
		p.rest, p.short = nil, true
		return "", false
	}
	return string(p.take(int(n))), false
}

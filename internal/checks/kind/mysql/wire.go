package mysql

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
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

const utf8 = 45 // utf8mb4_general_ci

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

// leave says goodbye, so that the server counts no lost connection.
func (t *talk) leave() {
	if t.conn.SetDeadline(time.Now().Add(probe.LeaveMax)) == nil {
		_ = t.command(askQuit, "") // to which nobody answers
	}
}

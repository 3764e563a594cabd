package tls

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// upgrade asks a server in plain text to go over to TLS, and returns once it has
// agreed. What it says afterwards in plain text is not read: nothing of it counts.
type upgrade func(conn net.Conn, in *bufio.Reader) error

// upgrades are the protocols in which a server can be asked.
var upgrades = map[string]upgrade{ // :: value of the option starttls -> how
	"smtp": func(conn net.Conn, in *bufio.Reader) error {
		return inLines(conn, in, "220", "EHLO statusbot", "250", "STARTTLS", "220")
	},
	"imap": func(conn net.Conn, in *bufio.Reader) error {
		return inLines(conn, in, "* OK", "a1 STARTTLS", "a1 OK")
	},
	"pop3": func(conn net.Conn, in *bufio.Reader) error {
		return inLines(conn, in, "+OK", "STLS", "+OK")
	},
	"ftp": func(conn net.Conn, in *bufio.Reader) error {
		return inLines(conn, in, "220", "AUTH TLS", "234")
	},
	"ldap":     ldapUpgrade,
	"postgres": postgresUpgrade,
	"mysql":    mysqlUpgrade,
}

// upgrading is the stage of all that is said before TLS.
const upgrading probe.Stage = "asking for TLS"

// startTLS makes a connection one on which TLS begins.
func startTLS(conn net.Conn, ask upgrade) error {
	in := bufio.NewReaderSize(conn, probe.LineMax)
	if err := ask(conn, in); err != nil {
		return err
	}
	if in.Buffered() > 0 {
		return probe.ErrEarlyWords
	}
	return nil
}

// inLines has a conversation in lines: the beginning of what the server says, and
// what it is told then, by turns.
func inLines(conn net.Conn, in *bufio.Reader, turns ...string) error {
	step := "the greeting"
	for i, turn := range turns {
		if i%2 == 1 {
			step = turn
			if _, err := io.WriteString(conn, turn+"\r\n"); err != nil {
				return err
			}
			continue
		}
		if err := wantLine(in, turn, step); err != nil {
			return err
		}
	}
	return nil
}

// mostLines is how long an answer before TLS may be.
const mostLines = 200

// wantLine reads one answer, which must begin so; of several lines the last counts.
func wantLine(in *bufio.Reader, begins, step string) error {
	tag, _, tagged := strings.Cut(begins, " ") // of IMAP, where other lines may stand before
	for range mostLines {
		raw, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return probe.Malformed("a line is longer than 8 KiB")
		} else if err != nil {
			return err
		}
		line := strings.ToValidUTF8(strings.TrimRight(string(raw), "\r\n"), "\uFFFD")
		switch {
		case tagged && tag != "*" && strings.HasPrefix(line, "* "):
			continue
		case len(line) > 3 && line[3] == '-' && len(begins) == 3 && strings.HasPrefix(line, begins): // "250-SIZE": it goes on
			continue
		case len(begins) == 3 && len(line) > 0 && line[0] == ' ':
			continue // of FTP, within an answer of several lines
		case strings.HasPrefix(line, begins):
			return nil
		}
		if !speaks(line, begins) {
			return probe.Malformed("it is " + probe.Quoted(line))
		}
		return &probe.SaidNo{Step: step, Text: probe.ClipRunes(line, probe.SummaryMax/2)}
	}
	return probe.Malformed("its answer has no end")
}

// speaks reports whether a line is of the protocol of another that is waited for: an
// answer that begins with three digits, a tag, or + or -.
func speaks(line, begins string) bool {
	digits := func(s string) bool {
		return len(s) >= 3 && !strings.ContainsFunc(s[:3], func(r rune) bool { return r < '0' || r > '9' })
	}
	tag, _, tagged := strings.Cut(begins, " ")
	switch {
	case tagged:
		return strings.HasPrefix(line, tag+" ")
	case digits(begins):
		return digits(line)
	}
	return strings.HasPrefix(line, "+") || strings.HasPrefix(line, "-")
}

// ldapUpgrade sends the extended request 1.3.6.1.4.1.1466.20037 (RFC 4511, 4.14).
func ldapUpgrade(conn net.Conn, in *bufio.Reader) error {
	const oid = "1.3.6.1.4.1.1466.20037"
	request := append([]byte{0x30, 0x1d, 2, 1, 1, 0x77, 0x18, 0x80, byte(len(oid))}, oid...)
	if _, err := conn.Write(request); err != nil {
		return err
	}
	head := make([]byte, 2)
	if _, err := io.ReadFull(in, head); err != nil {
		return err
	}
	if head[0] != 0x30 || head[1] > 0x84 || head[1] == 0x80 {
		return probe.Malformed("it is none of LDAP")
	}
	size := int(head[1])
	if more := size - 0x80; more > 0 {
		long := make([]byte, more)
		if _, err := io.ReadFull(in, long); err != nil {
			return err
		}
		size = 0
		for _, b := range long {
			size = size<<8 | int(b)
		}
	}
	if size < 8 || size > probe.LineMax {
		return probe.Malformed("it is none of LDAP")
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(in, body); err != nil {
		return err
	}
	at := bytes.Index(body, []byte{0x0a, 1}) // the result code, an ENUMERATED of one byte
	if body[3] != 0x78 || at < 0 || at+2 >= len(body) {
		return probe.Malformed("it is none of LDAP")
	}
	if code := body[at+2]; code != 0 {
		return &probe.SaidNo{Step: "StartTLS", Text: fmt.Sprintf("result code %d", code)}
	}
	return nil
}

// postgresUpgrade sends an SSLRequest (PostgreSQL's documentation, 54.7).
func postgresUpgrade(conn net.Conn, in *bufio.Reader) error {
	if _, err := conn.Write([]byte{0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f}); err != nil {
		return err
	}
	switch answer, err := in.ReadByte(); {
	case err != nil:
		return err
	case answer == 'S':
		return nil
	case answer == 'N':
		return &probe.SaidNo{Step: "SSLRequest", Text: "it speaks plain text alone"}
	case answer == 'E': // whose words nobody may believe before TLS
		return &probe.SaidNo{Step: "SSLRequest", Text: "it answers with an error, such as that it is full or starting"}
	}
	return probe.Malformed("it is none of PostgreSQL")
}

// mysqlUpgrade answers a server's greeting with an SSLRequest (MySQL's
// documentation of the protocol, "Connection Phase").
func mysqlUpgrade(conn net.Conn, in *bufio.Reader) error {
	head := make([]byte, 4)
	if _, err := io.ReadFull(in, head); err != nil {
		return err
	}
	size := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if size < 4 || size > probe.LineMax {
		return probe.Malformed("it is none of MySQL")
	}
	greeting := make([]byte, size)
	if _, err := io.ReadFull(in, greeting); err != nil {
		return err
	}
	const (
		protocol41, speaksTLS, secureLogin = 0x200, 0x800, 0x8000
		utf8                               = 33
	)
	end := bytes.IndexByte(greeting, 0) // of the version
	switch low := end + 1 + 4 + 8 + 1; {
	case greeting[0] == 0xff:
		return &probe.SaidNo{Step: "the greeting", Text: probe.ClipRunes(strings.ToValidUTF8(string(greeting[3:]), "\uFFFD"), probe.SummaryMax/2)}
	case greeting[0] != 10 || size < 34 || end < 0 || low+2 > len(greeting):
		return probe.Malformed("it is none of MySQL")
	case binary.LittleEndian.Uint16(greeting[low:])&speaksTLS == 0:
		return &probe.SaidNo{Step: "SSLRequest", Text: "it speaks plain text alone"}
	}
	request := make([]byte, 4+32)
	request[0], request[3] = 32, head[3]+1
	binary.LittleEndian.PutUint32(request[4:], protocol41|speaksTLS|secureLogin)
	binary.LittleEndian.PutUint32(request[8:], 1<<24)
	request[12] = utf8
	_, err := conn.Write(request)
	return err
}

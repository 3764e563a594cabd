package mqtt

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Control packets (MQTT 3.1.1, 2.2.1; the same in MQTT 5, 2.1.2).
const (
	typeConnect    = 1
	typeConnack    = 2
	typePublish    = 3
	typePuback     = 4
	typeSubscribe  = 8
	typeSuback     = 9
	typePingreq    = 12
	typePingresp   = 13
	typeDisconnect = 14
)

// session speaks as much of MQTT as a probe needs, in version 3.1.1
// (https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html) or 5
// (https://docs.oasis-open.org/mqtt/mqtt/v5.0/os/mqtt-v5.0-os.html). It reads
// what comes, within the bound of its connection, and believes no length.
type session struct {
	in      *bufio.Reader
	out     net.Conn
	version byte      // 4 for 3.1.1, 5
	early   []message // that came while another answer was waited for
	acked   bool      // what was published is acknowledged
	came    int       // messages
}

func newSession(conn net.Conn, version byte) *session {
	bounded := probe.NewBoundedConn(conn)
	bounded.Allow(wireMax)
	return &session{in: bufio.NewReader(bounded), out: conn, version: version}
}

// wireMax is how much a probe reads, in bytes, and messagesMax how many messages: of a busy topic there may be
// many before the one that is waited for.
const (
	wireMax     = 1 << 20
	messagesMax = 1000
)

// message is one that was published.
type message struct {
	topic    string
	body     []byte
	retained bool
}

var (
	errNotMQTT = errors.New("the peer does not speak MQTT")
	errEndless = errors.New("the broker says more than 1 MiB or 1,000 messages, and not what is waited for")
	errTooLong = errors.New("a message is longer than the 64 KiB that a check reads")
)

// errRefused is a broker that does not do what was asked.
type errRefused struct {
	what string // "the broker refuses the client"
	code int
	why  string // in words; may be empty
}

func (e errRefused) Error() string {
	if e.why == "" {
		return fmt.Sprintf("%s (code %d)", e.what, e.code)
	}
	return fmt.Sprintf("%s: %s (code %d)", e.what, e.why, e.code)
}

// codes3 are the return codes of CONNACK in 3.1.1 (3.2.2.3).
var codes3 = map[int]string{1: "it does not speak MQTT 3.1.1", 2: "the client's id is not allowed", 3: "it is not available", 4: "wrong user name or password", 5: "not authorised"}

// codes5 are the reason codes of MQTT 5 that a probe can meet (2.4).
var codes5 = map[int]string{
	0x80: "unspecified error", 0x81: "malformed packet", 0x82: "protocol error", 0x83: "it does not do that", 0x84: "it does not speak MQTT 5", 0x85: "the client's id is not allowed",
	0x86: "wrong user name or password", 0x87: "not authorised", 0x88: "it is not available", 0x89: "it is busy", 0x8a: "banned", 0x8b: "it is shutting down",
	0x8c: "bad way to log in", 0x8d: "kept alive for too long without a word", 0x8e: "another client took over with the same id", 0x8f: "the filter is not allowed",
	0x90: "the topic is not allowed", 0x93: "too much at once", 0x94: "it does not take the topic's short form", 0x95: "the packet is too large",
	0x96: "too many messages", 0x97: "quota exceeded", 0x98: "its administrator ends it", 0x99: "the message is not what it is said to be",
	0x9a: "it keeps no messages", 0x9b: "it does not do that qos", 0x9c: "use another server", 0x9d: "the server has moved",
	0x9e: "it shares no subscriptions", 0x9f: "too many connections", 0xa0: "connected for as long as it allows",
	0xa1: "it numbers no subscriptions", 0xa2: "it takes no filters",
}

// refused makes the error of a code; said is the broker's own reason.
func (w *session) refused(what string, code int, said string) error {
	e := errRefused{what: what, code: code, why: codes5[code]}
	switch {
	case what != whatClient || code >= 0x80 && w.version == 5:
	case code == 1 && w.version == 5:
		e.why = codes5[0x84] // so a broker that knows 3.1.1 alone says it
	default:
		e.why = codes3[code]
	}
	if said != "" {
		e.why = strings.TrimPrefix(e.why+", "+probe.OneLine(probe.ClipRunes(said, 100)), ", ")
	}
	return e
}

const (
	whatClient    = "the broker refuses the client"
	whatSubscribe = "the broker refuses the subscription"
	whatPublish   = "the broker refuses what is published"
	whatLeaves    = "the broker ends the connection"
)

// text is a string with its length before it.
func text(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...) //nolint:gosec // options are bounded to less
}

// properties of what is sent are none.
func (w *session) properties(b []byte) []byte {
	if w.version == 5 {
		return append(b, 0)
	}
	return b
}

func (w *session) write(first byte, body []byte) error {
	b := []byte{first}
	for n := len(body); ; {
		digit := byte(n & 127)
		if n >>= 7; n > 0 {
			b = append(b, digit|128)
			continue
		}
		b = append(b, digit)
		break
	}
	_, err := w.out.Write(append(b, body...))
	return err
}

// read reads one packet.
func (w *session) read() (first byte, body []byte, err error) {
	if first, err = w.in.ReadByte(); err != nil {
		return 0, nil, err
	}
	n, err := readVarint(w.in)
	switch {
	case err != nil:
		return 0, nil, err
	case n > probe.ReadMax && first>>4 == typePublish:
		return 0, nil, errTooLong
	case n > probe.ReadMax: // what else brokers say is short
		return 0, nil, errNotMQTT
	}
	body = make([]byte, n)
	_, err = io.ReadFull(w.in, body)
	return first, body, err
}

// readVarint reads a number of up to four bytes (2.2.3).
func readVarint(in io.ByteReader) (n int, err error) {
	for i := range 4 {
		b, err := in.ReadByte()
		if err != nil {
			return 0, err
		}
		n |= int(b&127) << (7 * i)
		if b < 128 {
			return n, nil
		}
	}
	return 0, errNotMQTT
}

// connect logs in, with a clean session.
func (w *session) connect(id, user, password string, login bool) error {
	flags := byte(2)
	if login {
		flags |= 0x80
		if password != "" {
			flags |= 0x40
		}
	}
	body := append(text(nil, "MQTT"), w.version, flags, 0, 60)
	body = text(w.properties(body), id)
	if login {
		body = text(body, user)
		if password != "" {
			body = text(body, password)
		}
	}
	if err := w.write(typeConnect<<4, body); err != nil {
		return err
	}
	if first, err := w.in.Peek(2); err == nil && (first[0] != typeConnack<<4 && first[0] != typeDisconnect<<4 || first[1] >= 128 && w.version == 4) {
		return errNotMQTT // what others say may be taken for a long packet
	}
	first, body, err := w.read()
	switch {
	case err != nil:
		return err
	case first == typeDisconnect<<4:
		return w.left(body)
	case len(body) < 2 || body[0] > 1:
		return errNotMQTT
	case body[1] != 0:
		return w.refused(whatClient, int(body[1]), w.reason(body[2:]))
	}
	return nil
}

// subscribe waits until the broker has taken the subscription, with a
// quality of 0.
func (w *session) subscribe(topic string) error {
	body := append(text(w.properties([]byte{0, 1}), topic), 0)
	if err := w.write(typeSubscribe<<4|2, body); err != nil {
		return err
	}
	body, err := w.await(typeSuback)
	if err != nil {
		return err
	}
	codes := body[min(2, len(body)):]
	if w.version == 5 {
		if _, codes, err = cutProperties(codes); err != nil {
			return err
		}
	}
	if len(codes) != 1 { // for one subscription
		return errNotMQTT
	}
	if code := int(codes[0]); code >= 0x80 {
		return w.refused(whatSubscribe, code, w.reason(body[2:]))
	}
	return nil
}

const publishID = 2 // of our message, where it has a number

// publish sends a message; with a quality of 1 acknowledged waits for the
// broker's word.
func (w *session) publish(topic, message string, qos byte) error {
	body := text(nil, topic)
	if qos > 0 {
		body = append(body, 0, publishID)
	}
	body = append(w.properties(body), message...)
	return w.write(typePublish<<4|qos<<1, body)
}

func (w *session) acknowledged() error {
	if w.acked {
		return nil
	}
	_, err := w.await(typePuback)
	return err
}

func (w *session) ping() error {
	if err := w.write(typePingreq<<4, nil); err != nil {
		return err
	}
	_, err := w.await(typePingresp)
	return err
}

// leave says goodbye, so that the broker's log has no lost connection.
func (w *session) leave() {
	if w.out.SetDeadline(time.Now().Add(probe.LeaveMax)) == nil {
		_ = w.write(typeDisconnect<<4, nil)
	}
}

// message returns the next message.
func (w *session) message() (message, error) {
	if len(w.early) > 0 {
		first := w.early[0]
		w.early = w.early[1:]
		return first, nil
	}
	if _, err := w.await(typePublish); err != nil {
		return message{}, err
	}
	return w.message()
}

// await reads until a packet of the type came, and keeps the messages that come
// before.
func (w *session) await(kind byte) ([]byte, error) {
	for {
		first, body, err := w.read()
		if err != nil {
			return nil, err
		}
		switch first >> 4 {
		case typePublish:
			if w.came++; w.came > messagesMax {
				return nil, errEndless
			}
			m, err := w.published(first, body)
			if err != nil {
				return nil, err
			}
			w.early = append(w.early, m)
		case typePuback:
			if len(body) < 2 || body[0] != 0 || body[1] != publishID {
				continue // of what we did not publish
			}
			w.acked = true
			if len(body) > 2 && body[2] >= 0x80 {
				return nil, w.refused(whatPublish, int(body[2]), w.reason(body[3:]))
			}
		case typeDisconnect:
			return nil, w.left(body)
		case typeSuback, typePingresp:
		default:
			return nil, errNotMQTT
		}
		if first>>4 == kind {
			return body, nil
		}
	}
}

// left is the broker's goodbye, which 5 has.
func (w *session) left(body []byte) error {
	if len(body) == 0 {
		return w.refused(whatLeaves, 0, "")
	}
	return w.refused(whatLeaves, int(body[0]), w.reason(body[1:]))
}

// published reads a message.
func (w *session) published(first byte, body []byte) (m message, err error) {
	if m.retained = first&1 != 0; first&6 == 6 { // no quality (3.3.1.2)
		return m, errNotMQTT
	}
	if m.topic, body, err = cutText(body); err != nil {
		return m, err
	}
	if first&6 != 0 { // not with our subscription, but brokers are many
		if len(body) < 2 {
			return m, errNotMQTT
		}
		body = body[2:]
	}
	if w.version == 5 {
		if _, body, err = cutProperties(body); err != nil {
			return m, err
		}
	}
	m.body = body
	return m, nil
}

func cutText(body []byte) (string, []byte, error) {
	if len(body) < 2 || len(body) < 2+int(binary.BigEndian.Uint16(body)) {
		return "", nil, errNotMQTT
	}
	n := 2 + int(binary.BigEndian.Uint16(body))
	return strings.ToValidUTF8(string(body[2:n]), "\uFFFD"), body[n:], nil
}

func cutProperties(body []byte) (properties, rest []byte, err error) {
	in := strings.NewReader(string(body[:min(len(body), 4)]))
	n, err := readVarint(in)
	used := min(len(body), 4) - in.Len()
	if err != nil || len(body) < used+n {
		return nil, nil, errNotMQTT
	}
	return body[used : used+n], body[used+n:], nil
}

// reason returns the reason string (property 31 of MQTT 5, 3.2.2.2.9) of what
// begins with properties, wherever it is among them.
func (w *session) reason(body []byte) string {
	if w.version != 5 {
		return ""
	}
	p, _, err := cutProperties(body)
	for err == nil && len(p) > 0 {
		id, size, texts := p[0], 0, 0
		switch id {
		case 0x1f:
			said, _, err := cutText(p[1:])
			if err != nil {
				return ""
			}
			return said
		case 0x11, 0x27: // session expiry, maximum packet size
			size = 4
		case 0x13, 0x21, 0x22: // keep alive, receive maximum, topic alias maximum
			size = 2
		case 0x24, 0x25, 0x28, 0x29, 0x2a: // what the broker can do
			size = 1
		case 0x12, 0x15, 0x16, 0x1a, 0x1c: // the client's id, how to log in and with what, response information, another server
			texts = 1
		case 0x26: // a name and a value of the broker's own
			texts = 2
		default:
			return ""
		}
		if len(p) < 1+size {
			return ""
		}
		p = p[1+size:]
		for ; texts > 0 && err == nil; texts-- {
			_, p, err = cutText(p)
		}
	}
	return ""
}

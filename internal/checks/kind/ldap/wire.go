package ldap

import (
	"io"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Tags of LDAP's operations (RFC 4511, 4) and of BER. LDAP uses the definite
// form of lengths alone, and no tag over 30 (5.1).
const (
	berBoolean, berInteger, berOctets, berEnum, berSequence, berSet = 0x01, 0x02, 0x04, 0x0a, 0x30, 0x31

	opBind, opBound                = 0x60, 0x61
	opUnbind                       = 0x42
	opSearch, opEntry, opDone      = 0x63, 0x64, 0x65
	opReference                    = 0x73
	opExtended, opExtendedResponse = 0x77, 0x78
	opIntermediate                 = 0x79

	sizeLimitExceeded = 4
)

var (
	startTLSRequest = ber(opExtended, ber(0x80, []byte("1.3.6.1.4.1.1466.20037")))
	unbindRequest   = ber(opUnbind)
)

// answers are the operations that end a request.
var answers = map[string]byte{"STARTTLS": opExtendedResponse, "BIND": opBound, "SEARCH": opDone}

// ber encodes a value.
func ber(tag byte, parts ...[]byte) []byte {
	n := 0
	for _, part := range parts {
		n += len(part)
	}
	out := []byte{tag}
	if n < 0x80 {
		out = append(out, byte(n))
	} else {
		length := bigEndian(n)
		out = append(append(out, 0x80|byte(len(length))), length...)
	}
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

// bigEndian is a number, not less than 0, in as few bytes as it takes.
func bigEndian(n int) []byte {
	var out []byte
	for ; n > 0 || len(out) == 0; n >>= 8 {
		out = append([]byte{byte(n)}, out...)
	}
	return out
}

func berNumber(tag byte, n int) []byte {
	out := bigEndian(n)
	if out[0] >= 0x80 { // it would be read as negative
		out = append([]byte{0}, out...)
	}
	return ber(tag, out)
}

func berText(s string) []byte { return ber(berOctets, []byte(s)) }

func message(id int, operation []byte) []byte {
	return ber(berSequence, berNumber(berInteger, id), operation)
}

// bindRequest is a simple bind in version 3.
func bindRequest(dn, secret string) []byte {
	return ber(opBind, berNumber(berInteger, 3), berText(dn), ber(0x80, []byte(secret)))
}

func searchRequest(base string, scope, limit int, filter []byte, attributes []string) []byte {
	var names [][]byte
	for _, name := range attributes {
		names = append(names, berText(name))
	}
	return ber(opSearch, berText(base), berNumber(berEnum, scope), berNumber(berEnum, 0), berNumber(berInteger, limit),
		berNumber(berInteger, 0), ber(berBoolean, []byte{0}), filter, ber(berSequence, names...))
}

// berValue is a value that was taken off the beginning of some bytes.
type berValue struct {
	tag     byte
	content []byte
}

// takeBER takes a value off the beginning. Nothing is copied, and no length is
// believed that is not there.
func takeBER(b []byte) (v berValue, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return berValue{}, nil, false
	}
	length, head, ok := berLength(b[1:])
	if !ok || length > len(b)-1-head {
		return berValue{}, nil, false
	}
	from := 1 + head
	return berValue{b[0], b[from : from+length]}, b[from+length:], true
}

// berLength reads a length, and how many bytes it took.
func berLength(b []byte) (length, head int, ok bool) {
	if len(b) == 0 {
		return 0, 0, false
	}
	if b[0] < 0x80 {
		return int(b[0]), 1, true
	}
	n := int(b[0] & 0x7f)
	if n == 0 || n > 4 || len(b) < 1+n {
		return 0, 0, false
	}
	for _, one := range b[1 : 1+n] {
		length = length<<8 | int(one)
	}
	return length, 1 + n, length <= 1<<30
}

// parts takes a value apart into those that it is made of.
func (v berValue) parts() ([]berValue, bool) {
	var list []berValue
	for rest := v.content; len(rest) > 0; {
		part, after, ok := takeBER(rest)
		if !ok {
			return nil, false
		}
		list, rest = append(list, part), after
	}
	return list, true
}

// number reads a number that is not less than 0, or -1.
func (v berValue) number() int {
	if len(v.content) == 0 || len(v.content) > 4 || v.content[0] >= 0x80 {
		return -1
	}
	n := 0
	for _, one := range v.content {
		n = n<<8 | int(one)
	}
	return n
}

func (v berValue) text() string { return strings.ToValidUTF8(string(v.content), "\uFFFD") }

// talk is a conversation in LDAP (RFC 4511).
type talk struct {
	*probe.Talk
	sent    int // requests
	entries int
	first   map[string][]string // attributes of the first entry, by name in lower case
}

// ask sends a request and reads up to the result of it.
func (t *talk) ask(verb, of string, operation []byte) error {
	t.Tr.Stage = probe.Answering(verb)
	t.sent++
	t.Keep("> ", strings.TrimSpace(verb+" "+of))
	asked := time.Now()
	if _, err := t.Conn.Write(message(t.sent, operation)); err != nil {
		return err
	}
	for {
		id, got, err := t.read(asked)
		if err != nil {
			return err
		}
		switch {
		case id == 0 && got.tag == opExtendedResponse: // a notice of disconnection (4.4.1)
			if err := t.result(verb, got); err != nil {
				return err
			}
			return &probe.Misspoke{Text: "a farewell without a reason"}
		case id != t.sent:
			return &probe.Misspoke{Text: "an answer to another request"}
		case verb == "SEARCH" && got.tag == opEntry:
			if !t.entry(got) {
				return &probe.Misspoke{Text: "an entry that is none"}
			}
		case verb == "SEARCH" && got.tag == opReference, got.tag == opIntermediate:
		case got.tag == answers[verb]:
			return t.result(verb, got)
		default:
			return &probe.Misspoke{Text: "an answer of another kind"}
		}
	}
}

// read reads a message.
func (t *talk) read(asked time.Time) (id int, operation berValue, err error) {
	head, err := t.In.Peek(2)
	if err != nil {
		return 0, berValue{}, err
	}
	if t.Begun.IsZero() {
		t.Begun = time.Now()
		t.Tr.Phases.FirstByte = t.Begun.Sub(asked)
	}
	if head[0] != berSequence {
		return 0, berValue{}, errNotLDAP
	}
	lengthOf := 1
	if head[1] > 0x80 {
		lengthOf += int(head[1] & 0x7f)
	}
	if head, err = t.In.Peek(1 + min(lengthOf, 5)); err != nil {
		return 0, berValue{}, err
	}
	length, _, ok := berLength(head[1:])
	if !ok {
		return 0, berValue{}, errNotLDAP
	}
	if length > probe.ReadMax {
		return 0, berValue{}, probe.ErrTooMuch
	}
	whole := make([]byte, 1+lengthOf+length)
	if _, err := io.ReadFull(t.In, whole); err != nil {
		return 0, berValue{}, err
	}
	message, _, ok := takeBER(whole)
	if !ok {
		return 0, berValue{}, &probe.Misspoke{Text: "a message that is none"} // unreachable: its length is right
	}
	parts, ok := message.parts()
	if !ok || len(parts) < 2 || parts[0].tag != berInteger {
		return 0, berValue{}, &probe.Misspoke{Text: "a message that is none"}
	}
	return parts[0].number(), parts[1], nil
}

// result reads what became of a request.
func (t *talk) result(verb string, got berValue) error {
	parts, ok := got.parts()
	if !ok || len(parts) < 3 || parts[0].tag != berEnum || parts[0].number() < 0 {
		return &probe.Misspoke{Text: "a result that is none"}
	}
	code := parts[0].number()
	text := resultText(code, parts[2].text())
	t.Keep("< ", text)
	if code == 0 || verb == "SEARCH" && code == sizeLimitExceeded && t.entries > 0 {
		return nil
	}
	return &probe.SaidNo{Step: verb, Text: text}
}

// entry takes in an entry that was found.
func (t *talk) entry(got berValue) bool {
	parts, ok := got.parts()
	if !ok || len(parts) < 2 {
		return false
	}
	t.entries++
	t.Keep("< ", "dn: "+parts[0].text())
	if t.entries > 1 {
		return true
	}
	t.first = map[string][]string{}
	attributes, ok := parts[1].parts()
	for _, attribute := range attributes {
		pair, whole := attribute.parts()
		if !whole || len(pair) < 2 {
			return false
		}
		values, whole := pair[1].parts()
		name := strings.ToLower(pair[0].text())
		for _, value := range values {
			t.first[name] = append(t.first[name], value.text())
		}
		t.Keep("< ", pair[0].text()) // not its values: they are of people
		ok = ok && whole
	}
	return ok
}

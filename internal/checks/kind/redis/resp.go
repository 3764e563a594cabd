package redis

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// reply is what a Redis server answers (RESP2,
// https://redis.io/docs/latest/develop/reference/protocol-spec/).
type reply struct {
	kind byte // '+', '-', ':', '$' or '*'
	text string
	null bool
	list []reply
}

// respDepth is how deep lists in lists are followed.
const respDepth = 8

// bulkMax is the longest text that Redis sends, in bytes (its proto-max-bulk-len); who
// announces more speaks something else.
const bulkMax = 512 << 20

var (
	errNotRESP   = errors.New("the peer does not speak the Redis protocol")
	errLongReply = errors.New("the answer is longer than the 64 KiB that a check reads; ask for less of it, such as its length")
)

// appendCommand writes a command as an array of strings.
func appendCommand(b []byte, words ...string) []byte {
	b = append(strconv.AppendInt(append(b, '*'), int64(len(words)), 10), "\r\n"...)
	for _, w := range words {
		b = append(strconv.AppendInt(append(b, '$'), int64(len(w)), 10), "\r\n"...)
		b = append(append(b, w...), "\r\n"...)
	}
	return b
}

// readReply reads one reply. What the peer announces is not believed: room is
// made for what comes, and the connection bounds that.
func readReply(r *bufio.Reader, depth int) (reply, error) {
	if begin, err := r.Peek(1); err == nil && strings.IndexByte("+-:$*", begin[0]) < 0 {
		return reply{}, errNotRESP // such as an alert of TLS, of which no line ends
	}
	line, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return reply{}, errNotRESP
	}
	if err != nil {
		return reply{}, err
	}
	text := strings.TrimSuffix(string(line), "\n")
	text, ended := strings.CutSuffix(text, "\r")
	if text == "" || !ended {
		return reply{}, errNotRESP
	}
	got := reply{kind: text[0], text: text[1:]}
	switch got.kind {
	case '+', '-':
		return got, nil
	case ':':
		if _, err := strconv.ParseInt(got.text, 10, 64); err != nil {
			return reply{}, errNotRESP
		}
		return got, nil
	case '$', '*':
	default:
		return reply{}, errNotRESP
	}
	n, err := strconv.Atoi(got.text)
	switch {
	case err != nil || n < -1 || n > bulkMax || depth == 0:
		return reply{}, errNotRESP
	case n == -1:
		return reply{kind: got.kind, null: true}, nil
	case n > probe.ReadMax:
		return reply{}, probe.ErrTooMuch
	case got.kind == '$':
		body := make([]byte, n+2)
		if _, err := io.ReadFull(r, body); err != nil {
			return reply{}, err
		}
		if string(body[n:]) != "\r\n" {
			return reply{}, errNotRESP
		}
		got.text = string(body[:n])
		return got, nil
	}
	got.text = ""
	for range n {
		one, err := readReply(r, depth-1)
		if err != nil {
			return reply{}, err
		}
		got.list = append(got.list, one)
	}
	return got, nil
}

// String returns a reply as text, one line for each of a list.
func (r reply) String() string {
	if r.kind != '*' {
		return r.text
	}
	lines := make([]string, len(r.list))
	for i, one := range r.list {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// pairs reads "key:value" lines, as the INFO command has them.
func (r reply) pairs() map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(r.text) {
		if k, v, ok := strings.Cut(strings.TrimRight(line, "\r\n"), ":"); ok && !strings.HasPrefix(k, "#") {
			m[k] = v
		}
	}
	return m
}

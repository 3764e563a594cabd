package nats

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// session speaks as much of the NATS protocol as a probe needs
// (https://docs.nats.io/reference/reference-protocols/nats-protocol). It reads
// what comes, within the bound of its connection, and believes no length.
type session struct {
	in  *bufio.Reader
	out io.Writer
}

// hello is the server's INFO.
type hello struct {
	Version     string `json:"version"`
	TLSRequired bool   `json:"tls_required"`
}

var errNotNATS = errors.New("the peer does not speak NATS")

// errRefusedByNATS is a server's -ERR, or an error of its API.
type errRefusedByNATS struct{ said string }

func (e errRefusedByNATS) Error() string { return e.said }

// line reads one line without its end.
func (w *session) line() (string, error) {
	text, err := w.in.ReadString('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimRight(text, "\r\n"), nil
}

// hello reads the server's first word.
func (w *session) hello() (hello, error) {
	text, err := w.line()
	if err != nil {
		return hello{}, err
	}
	var h hello
	info, ok := cutVerb(text, "INFO")
	if !ok || json.Unmarshal([]byte(info), &h) != nil {
		return hello{}, errNotNATS
	}
	return h, nil
}

func cutVerb(line, verb string) (rest string, ok bool) {
	word, rest, _ := strings.Cut(line, " ")
	return rest, strings.EqualFold(word, verb)
}

// login sends who we are and waits until the server takes it.
func (w *session) login(connect []byte) error {
	if _, err := fmt.Fprintf(w.out, "CONNECT %s\r\nPING\r\n", connect); err != nil {
		return err
	}
	for {
		verb, _, err := w.next()
		if err != nil || verb == "PONG" {
			return err
		}
	}
}

func (w *session) subscribe(subject string) error {
	_, err := fmt.Fprintf(w.out, "SUB %s 1\r\n", subject)
	return err
}

// request publishes, and returns the first message that comes.
func (w *session) request(subject, reply string, body []byte) ([]byte, error) {
	if _, err := fmt.Fprintf(w.out, "PUB %s %s %d\r\n%s\r\n", subject, reply, len(body), body); err != nil {
		return nil, err
	}
	for {
		verb, body, err := w.next()
		if err != nil || verb == "MSG" {
			return body, err
		}
	}
}

// next reads the next thing the server says; it answers its pings.
func (w *session) next() (verb string, body []byte, err error) {
	text, err := w.line()
	if err != nil {
		return "", nil, err
	}
	verb, rest, _ := strings.Cut(text, " ")
	switch verb = strings.ToUpper(verb); verb {
	case "PONG", "+OK", "INFO":
		return verb, nil, nil
	case "PING":
		_, err := io.WriteString(w.out, "PONG\r\n")
		return verb, nil, err
	case "-ERR":
		return verb, nil, errRefusedByNATS{probe.ClipRunes(strings.Trim(rest, "' "), probe.SummaryMax/2)}
	case "MSG":
		words := strings.Fields(rest) // subject, sid, maybe reply, bytes
		body, err = w.body(words, 1)
		return verb, body, err
	case "HMSG":
		words := strings.Fields(rest) // subject, sid, maybe reply, bytes of headers, bytes of all
		return w.withHeaders(words)
	}
	return "", nil, errNotNATS
}

// body reads as many bytes as the last word says, and the end of the line.
func (w *session) body(words []string, lengths int) ([]byte, error) {
	if len(words) < 2+lengths {
		return nil, errNotNATS
	}
	n, err := strconv.Atoi(words[len(words)-1])
	switch {
	case err != nil || n < 0:
		return nil, errNotNATS
	case n > probe.ReadMax:
		return nil, probe.ErrTooMuch
	}
	b := make([]byte, n+2)
	if _, err := io.ReadFull(w.in, b); err != nil {
		return nil, err
	}
	return b[:n], nil
}

// withHeaders reads a message with headers; the one that says that nobody
// answers has a status in their first line.
func (w *session) withHeaders(words []string) (string, []byte, error) {
	all, err := w.body(words, 2)
	if err != nil {
		return "", nil, err
	}
	n, err := strconv.Atoi(words[len(words)-2])
	if err != nil || n < 0 || n > len(all) {
		return "", nil, errNotNATS
	}
	first, _, _ := strings.Cut(string(all[:n]), "\r\n")
	if _, status, _ := strings.Cut(first, " "); strings.HasPrefix(status, "503") {
		return "", nil, errRefusedByNATS{"nobody answers; JetStream is not enabled"}
	}
	return "MSG", all[n:], nil
}

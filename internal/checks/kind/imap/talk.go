package imap

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
)

// talk is a conversation in IMAP4rev1 (RFC 3501).
type talk struct {
	*probe.Talk
	sent         int // commands
	banner       string
	capabilities []string
	messages     int  // in the mailbox that was opened
	counted      bool // the server has said how many
}

// greet reads the server's first line.
func (t *talk) greet() error {
	if err := t.Listen(); err != nil {
		return err
	}
	line, err := t.response()
	if err != nil {
		return err
	}
	word, rest, _ := strings.Cut(strings.TrimPrefix(line, "* "), " ")
	switch {
	case !strings.HasPrefix(line, "* "):
	case strings.EqualFold(word, "OK"), strings.EqualFold(word, "PREAUTH"):
		t.banner = rest
		return nil
	case strings.EqualFold(word, "BYE"):
		return &probe.SaidNo{Step: "the connection", Text: rest}
	}
	return &probe.Misspoke{Text: line}
}

func (t *talk) capability() error {
	t.capabilities = nil
	return t.command("CAPABILITY", "CAPABILITY", "CAPABILITY")
}

func (t *talk) can(capability string) bool {
	return slices.ContainsFunc(t.capabilities, func(c string) bool { return strings.EqualFold(c, capability) })
}

// login authenticates by PLAIN, which takes any characters, or by LOGIN.
func (t *talk) login(user, secret string) error {
	if t.can("AUTH=PLAIN") {
		return t.command("AUTHENTICATE", "AUTHENTICATE PLAIN", "AUTHENTICATE PLAIN", probe.PlainLogin(user, secret))
	}
	if t.can("LOGINDISABLED") {
		var offered []string
		for _, c := range t.capabilities {
			if len(c) > len("AUTH=") && strings.EqualFold(c[:len("AUTH=")], "AUTH=") {
				offered = append(offered, c[len("AUTH="):])
			}
		}
		return probe.NoMechanismBut(offered)
	}
	if strings.ContainsFunc(user+secret, notInQuotes) {
		return probe.ErrUnsayable
	}
	return t.command("LOGIN", "LOGIN "+inQuotes(user)+" "+inQuotes(secret), "LOGIN "+inQuotes(user)+" "+redact.Mark)
}

// notInQuotes are characters that a quoted string of IMAP has not.
func notInQuotes(r rune) bool { return r < ' ' || r > '~' }

func inQuotes(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// command sends a command and reads up to the answer to it. What the server
// asks to go on with is more, a line each; it is a secret.
func (t *talk) command(verb, text, shown string, more ...string) error {
	t.Tr.Stage = probe.Answering(verb)
	t.sent++
	tag := "a" + strconv.Itoa(t.sent)
	if err := t.Say(tag+" "+text, tag+" "+shown); err != nil {
		return err
	}
	for {
		line, err := t.response()
		if err != nil {
			return err
		}
		mark, rest, _ := strings.Cut(line, " ")
		switch {
		case mark == "+" && len(more) > 0:
			if err := t.Say(more[0], redact.Mark); err != nil {
				return err
			}
			more = more[1:]
		case mark == "*":
			if err := t.note(verb, rest); err != nil {
				return err
			}
		case mark == tag:
			word, text, _ := strings.Cut(rest, " ")
			switch strings.ToUpper(word) {
			case "OK":
				return nil
			case "NO", "BAD":
				return &probe.SaidNo{Step: verb, Text: text}
			}
			return &probe.Misspoke{Text: line}
		default:
			return &probe.Misspoke{Text: line}
		}
	}
}

// note takes in what a server says without being asked: "23 EXISTS".
func (t *talk) note(verb, text string) error {
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		return &probe.Misspoke{Text: "* " + text}
	case strings.EqualFold(words[0], "BYE"):
		return &probe.SaidNo{Step: verb, Text: strings.TrimSpace(text[len(words[0]):])}
	case strings.EqualFold(words[0], "CAPABILITY"):
		t.capabilities = words[1:]
	case len(words) == 2 && strings.EqualFold(words[1], "EXISTS"):
		n, err := strconv.ParseUint(words[0], 10, 31)
		if err != nil {
			return &probe.Misspoke{Text: "* " + text}
		}
		t.messages, t.counted = int(n), true
	}
	return nil
}

// response reads a line, and over the literals in it: "{5}" at the end of a
// line says that five bytes follow, and then the rest.
func (t *talk) response() (string, error) {
	whole, err := t.Line()
	for err == nil {
		n, ok := literal(whole)
		if !ok {
			return whole, nil
		}
		if n > probe.ReadMax {
			return "", probe.ErrTooMuch
		}
		if _, err = io.CopyN(io.Discard, t.In, int64(n)); err != nil {
			break
		}
		var rest string
		rest, err = t.Line()
		if len(whole) < probe.LineMax { // what comes after so much matters to nobody
			whole += rest
		}
		if _, again := literal(rest); !again {
			return whole, err
		}
	}
	return "", err
}

// literal returns the number of bytes that are announced at the end of a line.
func literal(line string) (int, bool) {
	i := strings.LastIndexByte(line, '{')
	if i < 0 || !strings.HasSuffix(line, "}") {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(line[i+1:len(line)-1], "+"), 10, 31)
	return int(n), err == nil
}

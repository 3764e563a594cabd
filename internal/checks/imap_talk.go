package checks

import (
	"io"
	"slices"
	"strconv"
	"strings"
)

// imapTalk is a conversation in IMAP4rev1 (RFC 3501).
type imapTalk struct {
	*talk
	sent         int // commands
	banner       string
	capabilities []string
	messages     int  // in the mailbox that was opened
	counted      bool // the server has said how many
}

// greet reads the server's first line.
func (t *imapTalk) greet() error {
	if err := t.listen(); err != nil {
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
		return &saidNo{step: "the connection", text: rest}
	}
	return &misspoke{line}
}

func (t *imapTalk) capability() error {
	t.capabilities = nil
	return t.command("CAPABILITY", "CAPABILITY", "CAPABILITY")
}

func (t *imapTalk) can(capability string) bool {
	return slices.ContainsFunc(t.capabilities, func(c string) bool { return strings.EqualFold(c, capability) })
}

// login authenticates by PLAIN, which takes any characters, or by LOGIN.
func (t *imapTalk) login(user, secret string) error {
	if t.can("AUTH=PLAIN") {
		return t.command("AUTHENTICATE", "AUTHENTICATE PLAIN", "AUTHENTICATE PLAIN", plainLogin(user, secret))
	}
	if t.can("LOGINDISABLED") {
		return errNoMechanism
	}
	if strings.ContainsFunc(user+secret, notInQuotes) {
		return errUnsayable
	}
	return t.command("LOGIN", "LOGIN "+inQuotes(user)+" "+inQuotes(secret), "LOGIN "+inQuotes(user)+" "+redacted)
}

// notInQuotes are characters that a quoted string of IMAP has not.
func notInQuotes(r rune) bool { return r < ' ' || r > '~' }

func inQuotes(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// command sends a command and reads up to the answer to it. What the server
// asks to go on with is more, a line each; it is a secret.
func (t *imapTalk) command(verb, text, shown string, more ...string) error {
	t.tr.stage = answering(verb)
	t.sent++
	tag := "a" + itoa(t.sent)
	if err := t.say(tag+" "+text, tag+" "+shown); err != nil {
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
			if err := t.say(more[0], redacted); err != nil {
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
				return &saidNo{step: verb, text: text}
			}
			return &misspoke{line}
		default:
			return &misspoke{line}
		}
	}
}

// note takes in what a server says without being asked: "23 EXISTS".
func (t *imapTalk) note(verb, text string) error {
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		return &misspoke{"* " + text}
	case strings.EqualFold(words[0], "BYE"):
		return &saidNo{step: verb, text: strings.TrimSpace(text[len(words[0]):])}
	case strings.EqualFold(words[0], "CAPABILITY"):
		t.capabilities = words[1:]
	case len(words) == 2 && strings.EqualFold(words[1], "EXISTS"):
		n, err := strconv.ParseUint(words[0], 10, 31)
		if err != nil {
			return &misspoke{"* " + text}
		}
		t.messages, t.counted = int(n), true
	}
	return nil
}

// response reads a line, and over the literals in it: "{5}" at the end of a
// line says that five bytes follow, and then the rest.
func (t *imapTalk) response() (string, error) {
	whole, err := t.line()
	for err == nil {
		n, ok := literal(whole)
		if !ok {
			return whole, nil
		}
		if n > readMax {
			return "", errTooMuch
		}
		if _, err = io.CopyN(io.Discard, t.in, int64(n)); err != nil {
			break
		}
		var rest string
		rest, err = t.line()
		if len(whole) < lineMax { // what comes after so much matters to nobody
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

package planted

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

var inBase64 = regexp.MustCompile(`[A-Za-z0-9+/_-]{8,}`)

// Text is one in which secrets are looked for, many of them: what its words say
// if they are base64 is worked out once.
type Text struct {
	text    string
	decoded string // of each word in each of the four ways it may be cut, between NUL bytes
}

// Read prepares a text.
func Read(text string) Text {
	var b strings.Builder
	toStandard := strings.NewReplacer("-", "+", "_", "/")
	for _, word := range inBase64.FindAllString(text, -1) {
		word = toStandard.Replace(word)
		for skip := range 4 {
			plain, _ := base64.RawStdEncoding.DecodeString(word[min(skip, len(word)):]) // as far as it goes
			b.Write(plain)
			b.WriteByte(0)
		}
	}
	return Text{text, b.String()}
}

// Shows returns where the text shows a secret, in any of the ways of the wire;
// empty if it does not.
func (t Text) Shows(secret string) string {
	quoted := strconv.Quote(secret)
	inJSON, _ := json.Marshal(secret)
	for _, form := range []string{secret, quoted[1 : len(quoted)-1], strings.Trim(string(inJSON), `"`), url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), secret[:8], dumped(secret[:8]), wide(secret)[:16]} {
		if i := strings.Index(t.text, form); i >= 0 {
			return t.text[max(0, i-40):min(len(t.text), i+len(form)+40)]
		}
	}
	if i := strings.Index(t.decoded, secret[:8]); i >= 0 {
		return "in base64: " + t.decoded[max(0, i-40):min(len(t.decoded), i+48)]
	}
	return ""
}

// Shows returns where a text shows one secret, as Text does.
func Shows(text, secret string) string { return Read(text).Shows(secret) }

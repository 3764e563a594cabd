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

// Shows returns where a text shows a secret, in any of the ways of the wire;
// empty if it does not.
func Shows(text, secret string) string {
	quoted := strconv.Quote(secret)
	inJSON, _ := json.Marshal(secret)
	for _, form := range []string{secret, quoted[1 : len(quoted)-1], strings.Trim(string(inJSON), `"`), url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret), secret[:8]} {
		if i := strings.Index(text, form); i >= 0 {
			return text[max(0, i-40):min(len(text), i+len(form)+40)]
		}
	}
	for _, word := range inBase64.FindAllString(text, -1) {
		for skip := range 4 {
			if plain, _ := base64.RawStdEncoding.DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(word[min(skip, len(word)):])); strings.Contains(string(plain), secret[:8]) {
				return word
			}
		}
	}
	return ""
}

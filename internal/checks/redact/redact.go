// Package redact takes secrets out of texts: those that a check's options hold,
// and what looks like one, whoever it belongs to. It is pure, so that what
// people read can be cleaned where it is written.
package redact

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/lazy"
)

// Mark stands in the place of a secret.
const Mark = "(redacted)"

// pattern finds what looks like a secret, whoever it belongs to.
type pattern struct {
	hints   []string // lower case; one must occur for the expression to be tried, which costs more
	match   lazy.Regexp
	instead string
	value   func(s string, from int) (begin, end int) // nil: instead is put in; else where the secret is that follows what matches, if begin < end
}

var patterns = slices.Concat(typed, []pattern{
	{hints: []string{"private key"}, match: lazy.Compile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$)`), instead: Mark},
	{hints: []string{"cookie"}, match: lazy.Compile(`(?i)(\b(?:set-)?cookie\s*[:=]\s*\[?)[^\s;,"'\]\\[]+(?:;[ \t]*[^\s;,"'\]\\]+)*`), instead: "${1}" + Mark},
	{hints: []string{"authorization"}, match: lazy.Compile(`(?i)(authorization\s*[:=]\s*\[?)(?:basic|bearer|negotiate|digest|token|apikey|aws4-hmac-sha256)[ \t]+[^\s"'\]\\]+`), instead: "${1}" + Mark},
	{hints: []string{"xox", "xapp-", "hooks.slack.com"}, match: lazy.Compile(`\b(?:xox[a-z]|xapp)-[A-Za-z0-9-]{6,}|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/_-]+`), instead: Mark},
	{hints: []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"}, match: lazy.Compile(`\b(?:gh[pousr]_[A-Za-z0-9]{10,}|github_pat_[A-Za-z0-9_]{10,}|glpat-[A-Za-z0-9_-]{10,})`), instead: Mark},
	{hints: []string{"akia", "asia"}, match: lazy.Compile(`\b(?:AKIA|ASIA)[A-Z0-9]{12,}`), instead: Mark},
	{hints: []string{"_live_", "_test_", "whsec_"}, match: lazy.Compile(`\b(?:[srp]k_(?:live|test)_[A-Za-z0-9]{6,}|whsec_[A-Za-z0-9+/=]{8,})`), instead: Mark},
	{hints: []string{"aiza", "npm_"}, match: lazy.Compile(`\b(?:AIza[A-Za-z0-9_-]{30,}|npm_[A-Za-z0-9]{30,})`), instead: Mark},
	{
		hints: []string{"sg.", "sk-", "hf_", "glsa_", "glc_", "dop_v1_", "pypi-", "dckr_pat_", "shpat_", "shpca_", "ya29.", "hvs.", "hvb.", "tskey-", "age-secret-key-"}, // of SendGrid, OpenAI, Anthropic, Hugging Face, Grafana, DigitalOcean, PyPI, Docker, Shopify, Google, Vault, Tailscale, age
		match: lazy.Compile(`\b(?:SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|sk-(?:proj|svcacct|admin|ant|or)-[A-Za-z0-9_-]{16,}|sk-[A-Za-z0-9]{32,}|hf_[A-Za-z0-9]{20,}|gls?[ac]_[A-Za-z0-9_=-]{20,}|dop_v1_[0-9a-f]{32,}` +
			`|pypi-[A-Za-z0-9_-]{30,}|dckr_pat_[A-Za-z0-9_-]{20,}|shp(?:at|ca)_[A-Za-z0-9]{20,}|ya29\.[A-Za-z0-9_-]{20,}|hv[sb]\.[A-Za-z0-9_-]{20,}|tskey-[a-z]+-[A-Za-z0-9-]{10,}|AGE-SECRET-KEY-1[A-Z0-9]{20,})`), instead: Mark,
	},
	{ // addresses that whoever knows them may post to: of Discord, Teams and Telegram
		hints: []string{"/api/webhooks/", "/webhookb2/", ":aa"},
		match: lazy.Compile(`(/api/webhooks/|/webhookb2/)[A-Za-z0-9/@_-]{8,}|\d{8,10}:AA[A-Za-z0-9_-]{32,}`), instead: "${1}" + Mark,
	},
	{hints: []string{"sig=", "signature="}, match: lazy.Compile(`(?i)([?&](?:x-(?:amz|goog)-)?sig(?:nature)?=)[^&\s"'<>]+`), instead: "${1}" + Mark}, // of an address that is as good as a password
	{
		hints: []string{"password>", "passwd>", "passphrase>", "pwd>", "secret>", "token>", "key>"},
		match: lazy.Compile(`(?i)(<(?:[a-z0-9_:.-]*(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key))(?:\s[^<>]*)?>\s*(?:<!\[CDATA\[)?)[^<\s][^<]*`), instead: "${1}" + Mark,
	},
	{hints: []string{"bearer", "basic", "negotiate"}, match: lazy.Compile(`(?i)\b(bearer|basic|negotiate)[ \t]+[A-Za-z0-9._~+/=-]{8,}`), instead: "$1 " + Mark},
	{hints: []string{"eyj"}, match: lazy.Compile(`\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{2,}(\.[A-Za-z0-9_-]*)*`), instead: Mark}, // a JWT
	{hints: []string{"://"}, match: lazy.Compile(`(://[^\s:/@"'<>]*:)[^\s/"'<>]+@`), instead: "${1}" + Mark + "@"},
	{
		hints: []string{"pass", "pwd", "secret", "token", "key", "cookie", "authorization", "session"},
		match: lazy.Compile(`(?i)((?:[a-z0-9_.-]*(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key)|set-cookie|cookie|authorization|session[_-]?id)\\?["']?\s*[=:]\s*)` +
			`("(?:[^"\\]|\\.)*"?|\[\s*"(?:[^"\\]|\\.)*"?(?:\s*,\s*"(?:[^"\\]|\\.)*"?)*\s*\]?|\[\s*\\"[^\]]*\]?|\{\s*\\?"[^{}]*\}?|\[[^\s"\[\]\\(]+\]?|'[^']*'?|\\"[^"\\]*(?:\\")?|[^\s"'&,;<>(){}\[\]\\]+)`),
		instead: "${1}" + Mark,
	},
})

// Text takes what looks like a secret out of a text, whoever it belongs to.
// The secrets of a check are known to it alone, and were taken out of its
// results when these were made.
func Text(s string) string { return Redactor{}.Text(s) }

// leastText is the length, in bytes, of the shortest text that can show a
// secret: "pwd=xy".
const leastText = 6

// Text takes out the check's own secrets and what looks like one.
func (d Redactor) Text(s string) string {
	s = d.Known(s)
	if len(s) < leastText || !mayHide(s) {
		return s
	}
	before, seen := s, gramsOf(s)
	lower := "" // not known yet
	for i, p := range patterns {
		for j, hint := range p.hints {
			if !seen.have(&hintGrams[i][j]) {
				continue
			}
			if lower == "" {
				lower = strings.ToLower(before)
			}
			if strings.Contains(lower, hint) {
				s = p.apply(s)
				break
			}
		}
	}
	if s != before {
		s = d.whole(s)
	}
	return s
}

// grams has a bit for each two bytes that follow each other in a text, in small
// letters, of which others share some: a text that lacks one of a hint's has not the
// hint, which is seen at a glance.
type grams [4]uint64

// hintGrams are those of each hint of each pattern.
var hintGrams = func() [][]grams {
	var all [][]grams
	for _, p := range patterns {
		var list []grams
		for _, hint := range p.hints {
			list = append(list, gramsOf(hint))
		}
		all = append(all, list)
	}
	return all
}()

// gramsOf returns those of a text; all, if it is not ASCII alone, of which more than
// one letter may have the same small one.
func gramsOf(s string) (g grams) {
	before := byte(0)
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return grams{^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}
		}
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if i > 0 {
			h := uint(before)*31 ^ uint(c)*7
			g[h>>6&3] |= 1 << (h & 63)
		}
		before = c
	}
	return g
}

// have reports whether all of others are among them.
func (g *grams) have(others *grams) bool {
	return others[0]&^g[0]|others[1]&^g[1]|others[2]&^g[2]|others[3]&^g[3] == 0
}

// mayHide reports whether a text has one of the characters without which no
// pattern matches; most summaries ("HTTP 200") have none, and are not worth
// more work.
func mayHide(s string) bool {
	for i := range len(s) {
		switch s[i] {
		case ':', '=', '-', '_', '.', '/', '<':
			if i > 0 || len(s) > leastText {
				return true
			}
		case 'B', 'b': // bearer, basic
			return true
		case 's': // "the password is ..."
			if i > leastText && strings.HasPrefix(s[i:], "s ") && (s[i-1] == 'i' || s[i-1] == 'a') {
				return true
			}
		case 'A':
			if rest := s[i:]; strings.HasPrefix(rest, "AKIA") || strings.HasPrefix(rest, "ASIA") || strings.HasPrefix(rest, "AIza") {
				return true
			}
		}
	}
	return false
}

// shellFolder is what a shell keeps under PWD and OLDPWD, which is no password.
var shellFolder = lazy.Compile(`^(?:OLD)?PWD\s*[=:]\s*["']?(?:/|~|[A-Za-z]:\\)`)

// howItIs is a word that tells how a password or a token is, and is none: "token: expired".
var howItIs = lazy.Compile(`(?i)[=:]\s*\\?["']?(?:absent|bad|cannot|changed|denied|disabled|done|empty|error|expire[ds]|failed|forbidden|incorrect|invalid|is|locked|` +
	`mismatch|missing|must|nil|no|none|not|null|ok|refreshed|refused|rejected|renewed|required|reset|revoked|rotated|should|too|true|false|unauthorized|undefined|unknown|unset|updated|` +
	`was|wrong)[.!?]?(?:\\?["'])?$`)

func (p pattern) apply(s string) string {
	if p.value != nil {
		return p.hidden(s)
	}
	return p.match.ReplaceAllStringFunc(s, func(found string) string {
		if shellFolder.MatchString(found) || howItIs.MatchString(found) {
			return found
		}
		return p.match.ReplaceAllString(found, p.instead)
	})
}

// Printable returns s as valid UTF-8 without control characters other than
// tab and newline: they can repaint a terminal.
func Printable(s string) string {
	if isPrintable(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) {
			return -1
		}
		return r // an invalid byte becomes U+FFFD
	}, WithoutColours(s))
	return strings.ToValidUTF8(s, "\uFFFD")
}

// isPrintable reports whether a text is ASCII without control characters, as most
// are: then there is nothing to do.
func isPrintable(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < ' ' || c > '~') && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// OneSpaced returns s with each run of white space and control characters as
// one space, like OneLine, of any length.
func OneSpaced(s string) string {
	return strings.Join(strings.FieldsFunc(WithoutColours(s), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// WithoutColours returns s without the sequences by which scripts colour a
// terminal (ECMA-48, 5.3, 5.4 and 8.3.89): of "\x1b[31mdown\x1b(B\x1b[m" it is
// "down". What is cut short stays, but for its control characters.
func WithoutColours(s string) string {
	i := strings.IndexByte(s, 0x1b)
	if i < 0 {
		return s
	}
	var b strings.Builder
	for ; i >= 0; i = strings.IndexByte(s, 0x1b) {
		b.WriteString(s[:i])
		s = s[i+1:]
		s = s[sequence(s):]
	}
	b.WriteString(s)
	return b.String()
}

// sequence returns how many bytes behind an escape character belong to it; none
// where its end is not there.
func sequence(s string) int {
	i, last := 0, byte('0')
	switch {
	case strings.HasPrefix(s, "["):
		for i = 1; i < len(s) && s[i] >= 0x30 && s[i] <= 0x3f; i++ { // parameters
		}
		last = 0x40
	case strings.HasPrefix(s, "]"): // such as a title
		end := strings.IndexAny(s, "\a\x1b\n")
		switch {
		case end >= 0 && s[end] == '\a':
			return end + 1
		case end >= 0 && strings.HasPrefix(s[end:], "\x1b\\"):
			return end + 2
		}
		return 0
	}
	for ; i < len(s) && s[i] >= 0x20 && s[i] <= 0x2f; i++ {
	}
	if i < len(s) && s[i] >= last && s[i] <= 0x7e {
		return i + 1
	}
	return 0
}

package redact

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// longSecret is the length, in bytes, of the beginning by which a long
	// secret is found even where it was cut short.
	longSecret = 16
	// foldFrom is the length, in bytes, from which a secret is found in small
	// and capital letters alike, as in a host's name. A shorter one would be
	// found in too many words.
	foldFrom = 8
)

// Redactor takes secrets out of texts that are kept. The zero value knows none
// but takes out what looks like one.
type Redactor struct {
	secrets []string  // of the check's options, longest first
	begins  [4]uint64 // one bit for each byte that a secret begins with
	pairs   *pairs    // nil where there are none
}

// pairs has a bit for each two bytes that a secret begins with, of which others
// share some: of the texts that a first byte lets through it stops nine in ten. 256
// bytes a check.
type pairs [32]uint64

func pairOf(a, b byte) (word, bit uint) {
	h := uint(a)*31 ^ uint(b)*137
	return h >> 6 & 31, h & 63
}

func (p *pairs) mark(a, b byte) {
	word, bit := pairOf(a, b)
	p[word] |= 1 << bit
}

func (p *pairs) may(a, b byte) bool {
	word, bit := pairOf(a, b)
	return p[word]&(1<<bit) != 0
}

// For returns what takes secrets out, as Of, With and LongestFirst give them.
func For(secrets []string) Redactor {
	d := Redactor{secrets: secrets}
	if len(secrets) > 0 {
		d.pairs = &pairs{}
	}
	for _, s := range secrets {
		if s != "" {
			d.mark(s[0])
			d.mark(swapped(s[0]))
		}
		if len(s) > 1 {
			for _, a := range []byte{s[0], swapped(s[0])} {
				d.pairs.mark(a, s[1])
				d.pairs.mark(a, swapped(s[1]))
			}
		}
	}
	return d
}

func (d *Redactor) mark(b byte)     { d.begins[b>>6] |= 1 << (b & 63) }
func (d *Redactor) may(b byte) bool { return d.begins[b>>6]&(1<<(b&63)) != 0 }

// KnowsNone tells whether it takes out nothing but what looks like a secret.
func (d Redactor) KnowsNone() bool { return len(d.secrets) == 0 }
func isLetter(b byte) bool         { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func startsEscape(b byte) bool     { return b == '%' || b == '\\' || b == '&' || b == '+' }
func isQuote(b byte) bool          { return b == '\'' || b == '"' }
func atEnd(rest string) bool       { return rest == "" || strings.HasPrefix(rest, "…") }
func sameLetter(a, b byte) bool    { return a == b || isLetter(a) && a^0x20 == b }

func swapped(b byte) byte {
	if isLetter(b) {
		return b ^ 0x20
	}
	return b
}

// Known takes out the check's own secrets, plain and coded.
func (d Redactor) Known(s string) string {
	if len(d.secrets) == 0 || s == "" {
		return s
	}
	return d.coded(d.plain(s))
}

// plain takes them out in one pass: whole ones as they are
// or with any of their characters written as programs escape them; the
// beginning of one that was cut off; and of a long one a long beginning.
func (d Redactor) plain(s string) string {
	var b strings.Builder
	kept := 0 // s up to here is in b
	for i := 0; i < len(s); {
		if !d.mayBegin(s, i) {
			i++
			continue
		}
		n := d.at(s[i:])
		if n == 0 {
			i++
			continue
		}
		b.WriteString(s[kept:i])
		b.WriteString(Mark)
		i += n
		i += padding(s[i:])
		for i < len(s) && !utf8.RuneStart(s[i]) { // the secret's copy was cut within a character
			i++
		}
		kept = i
	}
	if kept == 0 {
		return s
	}
	b.WriteString(s[kept:])
	return d.whole(b.String())
}

// mayBegin reports whether a secret may begin there: a glance at two bytes.
func (d Redactor) mayBegin(s string, i int) bool {
	switch c := s[i]; {
	case startsEscape(c):
		return true
	case !d.may(c):
		return false
	case i+1 == len(s):
		return true
	default:
		return startsEscape(s[i+1]) || d.pairs.may(c, s[i+1])
	}
}

// padding returns the length of what ends a text in base64: what is left of its
// last three bytes.
func padding(s string) int {
	i := 0
	if i < len(s) && s[i] < utf8.RuneSelf && (isLetter(s[i]) || isDecimal(s[i:i+1])) {
		i++
	}
	end := i
	for end < len(s) && end < i+2 && s[end] == '=' {
		end++
	}
	if end == i || end < len(s) && (isLetter(s[end]) || isDecimal(s[end:end+1])) {
		return 0
	}
	return end
}

// at returns how many bytes of a text are a secret with which it begins, or
// what is left of one; 0 for none.
func (d Redactor) at(s string) int {
	longest := 0
	for _, secret := range d.secrets {
		if secret == "" || s[0] != secret[0] && !startsEscape(s[0]) && !sameLetter(s[0], secret[0]) {
			continue // of the thirty ways to write a secret most begin with another byte
		}
		m := match{secret: secret, budget: matchBudget, fold: len(secret) >= foldFrom}
		m.try(s, 0, 0)
		rest := s[m.text:]
		if m.known == len(secret) || m.known >= longSecret || m.known >= secretMin && atEnd(cutEscape(rest)) {
			if m.known >= longSecret || m.known < len(secret) {
				m.text += len(rest) - len(cutEscape(rest))
			}
			longest = max(longest, m.text)
		}
	}
	return longest
}

// cutEscape drops the beginning of an escape that was cut off.
func cutEscape(s string) string {
	if s == "" || s[0] != '%' && s[0] != '\\' && s[0] != '&' {
		return s
	}
	i := 1
	for i < len(s) && i < 6 && (s[i] == '\\' || isHex(s[i]) || s[i] == 'u' || s[i] == 'x') {
		i++
	}
	if atEnd(s[i:]) {
		return s[i:]
	}
	return s
}

// whole gives the text up if the cuts have made a secret anew.
func (d Redactor) whole(s string) string {
	if len(d.secrets) == 0 {
		return s
	}
	joined := strings.ReplaceAll(s, Mark, "")
	for _, secret := range d.secrets {
		if strings.Contains(joined, secret) || strings.Contains(s, secret) && !strings.Contains(Mark, secret) {
			return Mark
		}
	}
	return s
}

// matchBudget bounds the ways that are tried to read one text as one secret: a
// secret full of percent signs has many.
const matchBudget = 64

// escapedTimes is how many times over an URL may have been escaped.
const escapedTimes = 3

// match is the longest beginning of a secret that a text begins with.
type match struct {
	secret string
	fold   bool
	budget int
	known  int // bytes of the secret
	text   int // bytes of the text that they took
}

// try reads on at two places. It reports whether the secret was found whole.
func (m *match) try(s string, at, known int) bool {
	for known < len(m.secret) {
		if known > m.known {
			m.known, m.text = known, at
		}
		if at >= len(s) {
			return false
		}
		want := m.secret[known]
		plain := s[at] == want || m.fold && sameLetter(s[at], want)
		if startsEscape(s[at]) || s[at] == want && isQuote(want) {
			for times := range escapedTimes {
				n, taken := unescaped(s[at:], m.secret[known:], m.fold, times)
				if n == 0 {
					continue
				}
				if m.budget--; m.budget > 0 && m.try(s, at+n, known+taken) {
					return true
				}
			}
		}
		if !plain {
			return false
		}
		at, known = at+1, known+1
	}
	m.known, m.text = known, at
	return true
}

// quotes are the ways to write a quote within quotes of its kind: as shells tell of their commands (sh -x of bash and of
// dash), and as SQL and CSV have it.
var quotes = [...]string{`'\''`, `'"'"'`, `''`, `""`}

// unescaped reads one escape at the beginning of a text, as it is written in
// URLs, JSON, quotes and HTML. One of an URL may be escaped again, some more
// times. It returns the length of the escape and how many bytes of the secret
// it stands for; 0 for none.
func unescaped(s, secret string, fold bool, times int) (length, taken int) {
	if times > 0 && s[0] != '%' {
		return 0, 0
	}
	switch s[0] {
	case '\'', '"':
		for _, q := range quotes {
			if q[0] == s[0] && strings.HasPrefix(s, q) {
				return len(q), 1
			}
		}
	case '+':
		if secret[0] == ' ' {
			return 1, 1
		}
	case '%':
		if times == 0 && len(s) >= 6 && s[1] == 'u' { // as old scripts write it
			if n, err := strconv.ParseUint(s[2:6], 16, 32); err == nil {
				return standsFor(rune(n), 6, secret)
			}
		}
		i := 1
		for range times {
			if !strings.HasPrefix(s[i:], "25") {
				return 0, 0
			}
			i += 2
		}
		if i+2 <= len(s) && isHex(s[i]) && isHex(s[i+1]) {
			if b := digit(s[i])<<4 | digit(s[i+1]); b == secret[0] || fold && sameLetter(b, secret[0]) {
				return i + 2, 1
			}
		}
	case '&':
		end := strings.IndexByte(s[:min(len(s), 10)], ';')
		if end < 0 {
			return 0, 0
		}
		if r := entity(s[1:end]); r > 0 {
			return standsFor(r, end+1, secret)
		}
	case '\\':
		return backslashed(s, secret)
	}
	return 0, 0
}

// standsFor says whether a character is what a secret begins with.
func standsFor(r rune, length int, secret string) (int, int) {
	if r < utf8.RuneSelf && byte(r) == secret[0] {
		return length, 1
	}
	if first, n := utf8.DecodeRuneInString(secret); first == r {
		return length, n
	}
	return 0, 0
}

// entity returns the character of a reference in HTML, without & and ;.
func entity(name string) rune {
	switch name {
	case "amp":
		return '&'
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	digits, ok := strings.CutPrefix(name, "#")
	if !ok {
		return 0
	}
	base := 10
	if h := strings.TrimLeft(digits, "xX"); h != digits {
		digits, base = h, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if err != nil {
		return 0
	}
	return rune(n)
}

// backslashed reads backslashes and what follows them.
func backslashed(s, secret string) (length, taken int) {
	i := 0
	for i < len(s) && s[i] == '\\' {
		i++
	}
	if i == len(s) {
		return 0, 0
	}
	switch c := s[i]; {
	case c == 'u' || c == 'x' || c == 'U':
		if r, length := inBraces(s[i+1:]); length > 0 {
			return standsFor(r, i+1+length, secret)
		}
		digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
		if i+1+digits > len(s) {
			return 0, 0
		}
		n, err := strconv.ParseUint(s[i+1:i+1+digits], 16, 32)
		if err != nil {
			return 0, 0
		}
		if c == 'x' {
			if byte(n) == secret[0] {
				return i + 3, 1
			}
			return 0, 0
		}
		if r, more := pair(rune(n), s[i+1+digits:]); more > 0 {
			return standsFor(r, i+1+digits+more, secret)
		}
		return standsFor(rune(n), i+1+digits, secret)
	case c == 'n' && secret[0] == '\n', c == 't' && secret[0] == '\t', c == 'r' && secret[0] == '\r':
		return i + 1, 1
	case i+3 <= len(s) && isDecimal(s[i:i+3]): // as DNS writes a byte (RFC 1035, 5.1), or C, in octal
		for _, base := range []int{10, 8} {
			if n, err := strconv.ParseUint(s[i:i+3], base, 8); err == nil && byte(n) == secret[0] {
				return i + 3, 1
			}
		}
		return 0, 0
	case i+2 <= len(s) && isHex(c) && isHex(s[i+1]) && digit(c)<<4|digit(s[i+1]) == secret[0]: // as LDAP writes a byte (RFC 4514, 2.4)
		return i + 2, 1
	case secret[0] == '\\': // of several the last stands for the secret's own
		own := 0
		for own < len(secret) && secret[own] == '\\' {
			own++
		}
		if i > own {
			return i, own
		}
		return 0, 0
	case c == secret[0]:
		return i + 1, 1
	}
	return 0, 0
}

// inBraces returns the character of "{e9}", as Rust and JavaScript write it behind \u,
// and its length; 0 for none.
func inBraces(s string) (rune, int) {
	end := strings.IndexByte(s[:min(len(s), 8)], '}')
	if end < 2 || s[0] != '{' {
		return 0, 0
	}
	n, err := strconv.ParseUint(s[1:end], 16, 21)
	if err != nil {
		return 0, 0
	}
	return rune(n), end + 1
}

// pair returns the character that two surrogates stand for (RFC 8259, 7), and
// the length of the second.
func pair(first rune, rest string) (rune, int) {
	low := strings.TrimLeft(rest, `\`)
	slashes := len(rest) - len(low)
	if first < 0xd800 || first > 0xdbff || slashes == 0 || len(low) < 5 || low[0] != 'u' {
		return 0, 0
	}
	second, err := strconv.ParseUint(low[1:5], 16, 32)
	if err != nil || second < 0xdc00 || second > 0xdfff {
		return 0, 0
	}
	return (first-0xd800)<<10 + (rune(second) - 0xdc00) + 0x10000, slashes + 5
}

func isHex(b byte) bool { return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'f' }

func isDecimal(s string) bool { return strings.Trim(s, "0123456789") == "" }

func digit(b byte) byte {
	if b <= '9' {
		return b - '0'
	}
	return b | 0x20 - 'a' + 10
}

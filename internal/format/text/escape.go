package text

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/bidi"

	"github.com/statusbot/statusbot/internal/lazy"
)

var (
	massMention = lazy.Compile(`(?i)@(here|channel|everyone|group)`)
	// shortcode is what Slack makes an emoji of: a name with a letter in it, or
	// one of the few without. Times, addresses and ports between colons are none.
	shortcode = lazy.Compile(`:([A-Za-z0-9_+'-]*[A-Za-z][A-Za-z0-9_+'-]*|\+1|-1|100|1234):`)
	// group is a part of an IPv6 address, which no emoji is called.
	group = lazy.Compile(`^:[0-9a-fA-F]{0,3}[0-9][0-9a-fA-F]{0,3}:$`)
)

// lookalike replaces what mrkdwn would take as formatting and has no escape
// for, each by one character that reads the same.
var lookalike = strings.NewReplacer("*", "∗", "~", "∼", "`", "'")

// unparsed replaces what is parsed in mrkdwn, for text that is plain anyway.
var unparsed = strings.NewReplacer("<", "‹", ">", "›", "`", "'")

// Escape makes external text safe inside mrkdwn: one line, without control,
// zero-width and direction characters; &, < and > as entities; nothing in it
// mentions anybody, becomes an emoji or formats what stands around it. It is
// cut to at most limit UTF-16 units as escaped.
func Escape(s string, limit int) string {
	if rightToLeft(s) {
		s = escaped(s, limit-2*Units(leftToRight))
		if s == "" {
			return ""
		}
		return leftToRight + s + leftToRight
	}
	return escaped(s, limit)
}

// leftToRight shows nothing. On both sides of a name in Arabic or Hebrew letters it keeps
// the figures beside it where they were written: "نام 13 % (14/110)" would be shown as
// "(14/110) % 13 نام", and of two such names the second first.
const leftToRight = "\u200e"

// rightToLeft reports whether a text has letters that are written from right to left.
func rightToLeft(s string) bool {
	for _, r := range s {
		if r < 0x590 {
			continue
		}
		p, _ := bidi.LookupRune(r)
		if c := p.Class(); c == bidi.R || c == bidi.AL {
			return true
		}
	}
	return false
}

func escaped(s string, limit int) string {
	s = Inert(lookalike.Replace(OneLine(s, limit)))
	s = outerUnderscores(s)
	return Entities(s, limit)
}

// Link shows an http address under a word; one that would break out of the
// link is shown as it is.
func Link(address, word string) string {
	if strings.ContainsAny(address, "|<> \t\n") {
		return word + " " + Code(address, 300)
	}
	return "<" + strings.ReplaceAll(address, "&", "&amp;") + "|" + word + ">"
}

// Name is a configured name, for a line of text.
func Name(s string) string { return EscapeOr(s, 60, "(no name)") }

// EscapeOr is escape, with another text for one that shows nothing.
func EscapeOr(s string, limit int, empty string) string {
	if out := Escape(s, limit); out != "" {
		return out
	}
	return empty
}

// Code returns external text as a code span, cut: for what must be read,
// copied or typed exactly. In one Slack acts on nothing but entities.
func Code(s string, limit int) string {
	s = Entities(strings.ReplaceAll(OneLine(s, limit), "`", "'"), limit)
	if s == "" {
		return "`(empty)`"
	}
	return "`" + s + "`"
}

// Pre returns external text of several lines as a code block, cut to so many
// units and eight lines; empty for text without anything to see.
func Pre(s string, limit int) string {
	const lines = 8
	var kept []string
	cut := len(s) > 4*limit
	for line := range strings.Lines(s[:min(len(s), 4*limit)]) { // 4 bytes are the longest character
		line = OneLine(line, limit)
		if line == "" {
			continue
		}
		if len(kept) == lines {
			cut = true
			break
		}
		kept = append(kept, line)
	}
	if len(kept) == 0 {
		return ""
	}
	if cut {
		kept[len(kept)-1] += " …"
	}
	body := strings.ReplaceAll(strings.Join(kept, "\n"), "`", "'")
	return "```\n" + Entities(body, limit) + "\n```"
}

// Plain is external text for a plain_text object, cut. Slack parses
// nothing there; angle brackets and backticks go all the same.
func Plain(s string, limit int, empty string) string {
	s = unparsed.Replace(atNobody(OneLine(s, limit)))
	if Units(s) > limit {
		s = Shorten(s, limit-1) + "…"
	}
	if s == "" {
		return empty
	}
	return s
}

// wordJoiner shows nothing and breaks no line; between a colon and a name it
// keeps Slack from making an emoji of them.
const wordJoiner = "\u2060"

// Inert makes "@here" and ":fire:" plain letters.
func Inert(s string) string {
	s = atNobody(s)
	for range 2 { // ":a:b:" takes two rounds
		if !strings.Contains(s, ":") {
			break
		}
		s = shortcode.ReplaceAllStringFunc(s, func(code string) string {
			if group.MatchString(code) {
				return code
			}
			return ":" + wordJoiner + code[1:]
		})
	}
	return s
}

// atNobody makes "@here" plain letters.
func atNobody(s string) string {
	if !strings.Contains(s, "@") {
		return s
	}
	return massMention.ReplaceAllString(s, "＠$1")
}

// outerUnderscores replaces the underscores that begin or end a word: only
// these make text italic. "user_service" stays as it is.
func outerUnderscores(s string) string {
	if !strings.Contains(s, "_") {
		return s
	}
	runes := []rune(s)
	word := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	for i, r := range runes {
		if r == '_' && !(word(i-1) && word(i+1)) {
			runes[i] = '＿'
		}
	}
	return string(runes)
}

// Entities escapes &, < and >, and stops with "…" where the next character
// would make the result longer than limit units.
func Entities(s string, limit int) string {
	whole := 0
	for _, r := range s {
		whole += Units(entity(r))
	}
	room := limit
	if whole > limit {
		room--
	}
	runes := []rune(s)
	kept := len(runes)
	for i, r := range runes {
		if room -= Units(entity(r)); room < 0 {
			kept = wholeNumber(runes, Whole(runes, i))
			break
		}
	}
	var b strings.Builder
	for _, r := range runes[:kept] {
		b.WriteString(entity(r))
	}
	if kept < len(runes) {
		return strings.TrimRight(b.String(), " \n") + "…"
	}
	return b.String()
}

func entity(r rune) string {
	switch r {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	}
	return string(r)
}

// Units counts UTF-16 units.
func Units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// Clip returns the beginning of s, at most n units, and no part of a sign.
func Clip(s string, n int) string {
	for i, r := range s {
		if n -= Units(string(r)); n < 0 {
			before := []rune(s[:i])
			return string(before[:Whole(append(before, r), len(before))])
		}
	}
	return s
}

// Shorten is Clip, but no part of a number stays: "1,1…" of "1,163" is read as
// another.
func Shorten(s string, n int) string {
	all := []rune(s)
	return string(all[:wholeNumber(all, len([]rune(Clip(s, n))))])
}

// wholeNumber is the most runes up to n of which the last are no part of a number
// that goes on; n where there would be none.
func wholeNumber(all []rune, n int) int {
	digit := func(i int) bool { return i >= 0 && i < len(all) && all[i] >= '0' && all[i] <= '9' }
	sign := func(i int) bool { return i >= 0 && i < len(all) && strings.ContainsRune(".,:", all[i]) }
	kept := n
	if digit(n-1) && (digit(n) || sign(n) && digit(n+1)) || sign(n-1) && digit(n) && digit(n-2) {
		for digit(kept-1) || sign(kept-1) && digit(kept-2) {
			kept--
		}
	}
	if kept <= 0 {
		return n
	}
	return kept
}

// Cut cuts text that is already escaped, not inside a token or entity.
func Cut(s string, n int) string {
	if Units(s) <= n {
		return s
	}
	s = Shorten(s, n-1)
	if i := strings.LastIndexByte(s, '<'); i > strings.LastIndexByte(s, '>') {
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, '&'); i > strings.LastIndexByte(s, ';') {
		s = s[:i]
	}
	return s + "…"
}

// UserID is the form of Slack's ids.
var UserID = lazy.Compile(`^[A-Z0-9]{1,32}$`)

// Mention names a Slack user by id; anything else is shown, not mentioned.
func Mention(id string) string {
	if UserID.MatchString(id) {
		return "<@" + id + ">"
	}
	return Code(id, 40)
}

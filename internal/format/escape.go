package format

import (
	"math"
	"regexp"
	"strings"
	"unicode"
)

var (
	massMention = regexp.MustCompile(`(?i)@(here|channel|everyone|group)`)
	shortcode   = regexp.MustCompile(`:([A-Za-z0-9_+'-]+):`)
)

// lookalike replaces what mrkdwn would take as formatting and has no escape
// for, each by one character that reads the same.
var lookalike = strings.NewReplacer("*", "∗", "~", "∼", "`", "'")

// unparsed replaces what is parsed in mrkdwn, for text that is plain anyway.
var unparsed = strings.NewReplacer("<", "‹", ">", "›", "`", "'")

// Escape makes external text safe inside mrkdwn: one line, without control,
// zero-width and direction characters; &, < and > as entities; nothing in it
// mentions anybody, becomes an emoji or formats what stands around it.
func Escape(s string) string { return escape(s, math.MaxInt) }

// escape is Escape, cut to at most limit UTF-16 units as escaped.
func escape(s string, limit int) string {
	s = inert(lookalike.Replace(oneLine(s, limit)))
	s = outerUnderscores(s)
	return entities(s, limit)
}

// link shows an http address under a word; one that would break out of the
// link is shown as it is.
func link(address, word string) string {
	if strings.ContainsAny(address, "|<> \t\n") {
		return word + " " + code(address, 300)
	}
	return "<" + strings.ReplaceAll(address, "&", "&amp;") + "|" + word + ">"
}

// name is a configured name, for a line of text.
func name(s string) string { return escapeOr(s, 60, "(no name)") }

func escapeOr(s string, limit int, empty string) string {
	if out := escape(s, limit); out != "" {
		return out
	}
	return empty
}

// code returns external text as a code span, cut: for what must be read, or
// typed, exactly.
func code(s string, limit int) string {
	s = entities(inert(strings.ReplaceAll(oneLine(s, limit), "`", "'")), limit)
	if s == "" {
		return "`(empty)`"
	}
	return "`" + s + "`"
}

// pre returns external text of several lines as a code block, cut to so many
// units and eight lines; empty for text without anything to see.
func pre(s string, limit int) string {
	const lines = 8
	var kept []string
	cut := len(s) > 4*limit
	for line := range strings.Lines(s[:min(len(s), 4*limit)]) { // 4 bytes are the longest character
		line = oneLine(line, limit)
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
	body := inert(strings.ReplaceAll(strings.Join(kept, "\n"), "`", "'"))
	return "```\n" + entities(body, limit) + "\n```"
}

// plainText is external text for a plain_text object, cut. Slack parses
// nothing there; angle brackets and backticks go all the same.
func plainText(s string, limit int, empty string) string {
	s = unparsed.Replace(inert(oneLine(s, limit)))
	if units(s) > limit {
		s = clip(s, limit-1) + "…"
	}
	if s == "" {
		return empty
	}
	return s
}

// inert makes "@here" and ":fire:" plain letters, keeping the length.
func inert(s string) string {
	if strings.Contains(s, "@") {
		s = massMention.ReplaceAllString(s, "＠$1")
	}
	for strings.Contains(s, ":") && shortcode.MatchString(s) { // ":a:b:" takes two rounds
		s = shortcode.ReplaceAllString(s, "∶$1∶")
	}
	return s
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

// oneLine returns s as one line of visible characters. It looks at no more of
// s than can be needed to fill limit units.
func oneLine(s string, limit int) string {
	if limit < len(s)/8 {
		s = strings.ToValidUTF8(s[:8*limit], "")
	}
	var b strings.Builder
	space, marks := false, 0
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.In(r, unicode.Zl, unicode.Zp):
			space = b.Len() > 0
			continue
		case unicode.In(r, unicode.C) || invisible(r):
			continue
		case unicode.Is(unicode.Mn, r):
			if marks++; marks > 2 { // no script stacks more; "zalgo" does
				continue
			}
		default:
			marks = 0
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// invisible reports letters and marks that show nothing.
func invisible(r rune) bool {
	switch r {
	case 0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0:
		return true
	}
	return r >= 0xFE00 && r <= 0xFE0F || r >= 0xE0100 && r <= 0xE01EF // variation selectors
}

// entities escapes &, < and >, and stops with "…" where the next character
// would make the result longer than limit units.
func entities(s string, limit int) string {
	whole := 0
	for _, r := range s {
		whole += unitsOf(entity(r))
	}
	room := limit
	if whole > limit {
		room--
	}
	var b strings.Builder
	for _, r := range s {
		e := entity(r)
		if room -= unitsOf(e); room < 0 {
			return strings.TrimRight(b.String(), " \n") + "…"
		}
		b.WriteString(e)
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

// units counts UTF-16 units.
func units(s string) int { return unitsOf(s) }

func unitsOf(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// clip returns the beginning of s, at most n units.
func clip(s string, n int) string {
	for i, r := range s {
		if n -= unitsOf(string(r)); n < 0 {
			return s[:i]
		}
	}
	return s
}

// cutMrkdwn cuts text that is already escaped, not inside a token or entity.
func cutMrkdwn(s string, n int) string {
	if units(s) <= n {
		return s
	}
	s = clip(s, n-1)
	if i := strings.LastIndexByte(s, '<'); i > strings.LastIndexByte(s, '>') {
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, '&'); i > strings.LastIndexByte(s, ';') {
		s = s[:i]
	}
	return s + "…"
}

var userID = regexp.MustCompile(`^[A-Z0-9]{1,32}$`)

// mention names a Slack user by id; anything else is shown, not mentioned.
func mention(id string) string {
	if userID.MatchString(id) {
		return "<@" + id + ">"
	}
	return code(id, 40)
}

package text

import (
	"strings"
	"unicode"
)

// OneLine returns s as one line of visible characters. It looks at no more of
// s than can be needed to fill limit units. What joins letters or emoji into
// one sign stays, where it does that.
func OneLine(s string, limit int) string {
	if limit < len(s)/8 {
		s = strings.ToValidUTF8(s[:8*limit], "")
	}
	runes := []rune(s)
	var b strings.Builder
	space, marks := false, 0
	for i, r := range runes {
		switch {
		case unicode.IsSpace(r) || unicode.In(r, unicode.Zl, unicode.Zp):
			space = b.Len() > 0
			continue
		case unicode.In(r, unicode.C) || invisible(r):
			if space || !joins(runes, i) {
				continue
			}
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

// What shows nothing of its own, and changes what stands beside it.
const (
	nonJoiner = '\u200C' // keeps letters of one word apart, in Persian and the scripts of India
	joiner    = '\u200D' // makes one emoji of several, and ligatures
	asText    = '\uFE0E' // variation selectors: the emoji as a letter
	asEmoji   = '\uFE0F' // and the letter as an emoji
	blackFlag = '\U0001F3F4'
	lastTag   = '\U000E007F' // ends the tags behind a black flag
	mostTags  = 7            // gbeng and its end, with room for one
)

// joins reports whether the invisible character at i has an effect that the
// writer meant: a joiner between what it joins, a selector behind a sign, the
// tags of a flag. It looks at the characters as written, so that nothing can
// hide among them.
func joins(runes []rune, i int) bool {
	at := func(n int) rune {
		if n < 0 || n >= len(runes) {
			return 0
		}
		return runes[n]
	}
	switch r := runes[i]; {
	case r == joiner:
		return cursive(at(i-1)) && cursive(at(i+1)) || pictured(at(i-1)) && unicode.In(at(i+1), unicode.So)
	case r == nonJoiner:
		return cursive(at(i-1)) && cursive(at(i+1))
	case r == asEmoji || r == asText:
		return unicode.In(at(i-1), unicode.So, unicode.Sm, unicode.Po, unicode.Nd) && at(i-1) != '`'
	case isTag(r):
		return flagged(runes, i)
	}
	return false
}

// pictured reports what an emoji may end with before it is joined to the next.
func pictured(r rune) bool {
	skin := r >= 0x1F3FB && r <= 0x1F3FF
	return unicode.Is(unicode.So, r) || skin || r == asEmoji
}

// cursive reports letters and marks of scripts in which joiners spell words.
func cursive(r rune) bool {
	return unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Mongolian, unicode.Nko, unicode.Devanagari, unicode.Bengali, unicode.Gurmukhi, unicode.Gujarati,
		unicode.Oriya, unicode.Tamil, unicode.Telugu, unicode.Kannada, unicode.Malayalam, unicode.Sinhala, unicode.Khmer, unicode.Myanmar) && unicode.In(r, unicode.L, unicode.M)
}

func isTag(r rune) bool { return r >= 0xE0030 && r <= 0xE007A || r == lastTag }

// flagged reports whether a tag is one of those between a black flag and the
// last tag: "gbeng" makes it England's.
func flagged(runes []rune, i int) bool {
	from := i
	for from > 0 && isTag(runes[from]) && i-from <= mostTags {
		from--
	}
	to := i
	for to < len(runes)-1 && runes[to] != lastTag && isTag(runes[to]) && to-i <= mostTags {
		to++
	}
	return runes[from] == blackFlag && runes[to] == lastTag && to-from <= mostTags
}

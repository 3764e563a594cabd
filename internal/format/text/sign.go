package text

import "unicode"

// mostOfSign is how many characters of one sign are looked for: a family of four
// with skins has eleven, the flag of England seven.
const mostOfSign = 16

// Whole returns how many of the first n characters stay where the text is cut
// there: a sign of several, as a flag, a family of emoji or a letter with its
// accents, stays whole or goes.
func Whole(runes []rune, n int) int {
	for k := n; k >= 0 && n-k <= mostOfSign; k-- {
		if k == 0 || k >= len(runes) || !within(runes, k) {
			return k
		}
	}
	return n
}

// within reports whether the character at i belongs to the sign before it.
func within(runes []rune, i int) bool {
	r, before := runes[i], runes[i-1]
	skin := r >= 0x1F3FB && r <= 0x1F3FF
	switch {
	case unicode.In(r, unicode.M), r == joiner, r == nonJoiner, isTag(r), skin && pictured(before):
		return true
	case before == joiner || before == nonJoiner:
		return true
	case isLetterOfFlag(r) && isLetterOfFlag(before):
		n := 0
		for i > n && isLetterOfFlag(runes[i-1-n]) && n < mostOfSign {
			n++
		}
		return n%2 == 1
	}
	return false
}

// isLetterOfFlag reports the letters of which two make a country's flag.
func isLetterOfFlag(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }

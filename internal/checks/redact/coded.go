package redact

import (
	"encoding/base32"
	"encoding/base64"
	"slices"
	"strings"
	"unicode/utf16"
)

// What some programs make of a text as a whole is read back, and looked into: a dump in
// hexadecimal digits with something between them (as hexdump, xxd and openssl print it),
// base32, and the base64 of UTF-16 (PowerShell's -EncodedCommand). Other than in base64
// and hexadecimal digits in a row, which are among the forms of a secret, no piece of it
// stays the same in them. It is their text that costs something, not each secret.

// leastCoded is the length, in bytes, of the shortest secret in hexadecimal digits with
// one character between each two.
const leastCoded = 3*secretMin - 1

// coded takes out what holds a secret that is coded so.
func (d Redactor) coded(s string) string {
	if len(s) < leastCoded {
		return s
	}
	var b strings.Builder
	kept := 0 // s up to here is in b
	for i := 0; i < len(s); {
		if classes[s[i]] == 0 {
			i++
			continue
		}
		end := i + 1
		for end < len(s) && classes[s[end]] != 0 {
			end++
		}
		shows := false
		if classes[s[i]]&hexDigit != 0 {
			length, plain := dump(s[i:])
			shows = d.shows(plain)
			end = max(end, i+length) // also of one that shows none: it is not read again from within
		}
		if shows || d.showsCoded(s[i:end]) {
			b.WriteString(s[kept:i] + Mark)
			for end < len(s) && s[end] == '=' {
				end++
			}
			kept = end
		}
		i = end
	}
	if kept == 0 {
		return s
	}
	return b.String() + s[kept:]
}

// shows reports whether a text has a secret as it is, or ends with the beginning of one.
func (d Redactor) shows(text string) bool {
	for i := range len(text) - secretMin + 1 {
		if rest := text[i:]; d.may(rest[0]) && d.pairs.may(rest[0], rest[1]) && slices.ContainsFunc(d.secrets, func(secret string) bool {
			return strings.HasPrefix(rest, secret) || strings.HasPrefix(secret, rest)
		}) {
			return true
		}
	}
	return false
}

// showsCoded reports whether a word is base32, or the base64 of UTF-16, of a text that
// shows a secret.
func (d Redactor) showsCoded(word string) bool {
	const least = 8 // characters of base32 that four bytes take at least
	if len(word) < least {
		return false
	}
	if isBase32(word) {
		if plain, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(word)); d.shows(string(plain)) { // as far as it goes
			return true
		}
	}
	if word[4] != 'A' || strings.IndexByte("AQgw", word[1]) < 0 { // the high bytes of Latin letters are zero
		return false
	}
	wide, _ := base64.RawStdEncoding.DecodeString(word) // as far as it goes
	units := make([]uint16, len(wide)/2)
	for i := range units {
		units[i] = uint16(wide[2*i]) | uint16(wide[2*i+1])<<8
	}
	text := string(utf16.Decode(units))
	return d.plain(text) != text
}

func isBase32(word string) bool {
	for i := range len(word) {
		if classes[word[i]]&inBase32 == 0 {
			return false
		}
	}
	return true
}

// dump returns the bytes that hexadecimal digits stand for, two each, and how much of a
// text they take with what is between them: at most two of " ", ":", "-", "," and "0x".
// It returns none where they are too few, or nothing is between them.
func dump(s string) (length int, plain string) {
	bytes := 0
	for i := len(hexPrefix(s)); i+1 < len(s) && isHex(s[i]) && isHex(s[i+1]); bytes++ {
		length = i + 2
		i = length + gap(s[length:])
	}
	if bytes < secretMin || length <= 2*bytes+len(hexPrefix(s)) {
		return 0, ""
	}
	all := make([]byte, 0, bytes)
	for i := len(hexPrefix(s)); i < length; i += 2 + gap(s[i+2:]) {
		all = append(all, digit(s[i])<<4|digit(s[i+1]))
	}
	return length, string(all)
}

// gap is the length of what stands between two bytes of a dump.
func gap(s string) int {
	n := 0
	for n < 2 && n < len(s) && (s[n] == ' ' || s[n] == ':' || s[n] == '-' || s[n] == ',') {
		n++
	}
	return n + len(hexPrefix(s[n:]))
}

func hexPrefix(s string) string {
	if strings.HasPrefix(s, "0x") {
		return s[:2]
	}
	return ""
}

// Classes of characters.
const (
	inWord   = 1 << iota // of base64, without its padding
	hexDigit             // of a dump
	inBase32
)

var classes = func() (c [256]byte) {
	for b := range 256 {
		switch b := byte(b); {
		case isLetter(b), b >= '0' && b <= '9', b == '+', b == '/':
			c[b] = inWord
			if isHex(b) {
				c[b] |= hexDigit
			}
			if isLetter(b) || b >= '2' && b <= '7' {
				c[b] |= inBase32
			}
		}
	}
	return c
}()

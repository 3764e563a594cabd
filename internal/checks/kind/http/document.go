package http

import (
	"bytes"
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ohler55/ojg/oj"
)

var errEmpty = errors.New("the body is empty")

// Document reads a body in JSON, for a JSONPath to look into. An empty body is no
// document.
func Document(body []byte) (any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, errEmpty // which oj takes for null
	}
	return oj.Parse(withoutPairs(body))
}

// withoutPairs returns a document in JSON with the characters themselves where two
// escapes stand for one (RFC 8259, 7), as many libraries write what is beyond the
// first 65,536: oj reads each half as a character that cannot be read.
func withoutPairs(body []byte) []byte {
	const half = len(`\ud83d`)
	var out []byte // nil while nothing is changed
	kept := 0      // body up to here is in out
	for i := 0; i+2*half <= len(body); {
		if body[i] != '\\' {
			next := bytes.IndexByte(body[i:], '\\')
			if next < 0 {
				break
			}
			i += next
			continue
		}
		high, low := escapedUnit(body[i:]), escapedUnit(body[i+half:])
		r := utf16.DecodeRune(high, low)
		if r == utf8.RuneError {
			i += 2 // what is escaped may be a backslash itself
			continue
		}
		out = utf8.AppendRune(append(out, body[kept:i]...), r)
		i += 2 * half
		kept = i
	}
	if out == nil {
		return body
	}
	return append(out, body[kept:]...)
}

// escapedUnit returns what \uXXXX at a text's beginning stands for; 0 for none. The
// text has at least as many bytes.
func escapedUnit(text []byte) rune {
	if text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(n)
}

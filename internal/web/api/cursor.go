package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
)

// A cursor says after what a list goes on. It is bound to its path, and what it says
// is nobody's business but ours: its form may change with any version.

// boundBy is how many bytes of a cursor tell whether it is whole, and of this list.
const boundBy = 6

func (q *query) cursor(after string) *string {
	text := base64.RawURLEncoding.EncodeToString(append(bound(q.URL.Path, after), after...))
	return &text
}

func readCursor(path, text string) (after string, ok bool) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(data) <= boundBy {
		return "", false
	}
	after = string(data[boundBy:])
	return after, bytes.Equal(data[:boundBy], bound(path, after))
}

func bound(path, after string) []byte {
	sum := sha256.Sum256([]byte(path + "\x00" + after))
	return sum[:boundBy]
}

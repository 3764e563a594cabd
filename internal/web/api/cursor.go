package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
)

// A cursor says after what a list goes on. It is bound to its path and to what was asked for, and what it says
// is nobody's business but ours: its form may change with any version.

// boundBy is how many bytes of a cursor tell whether it is whole, and of this list.
const boundBy = 6

func (q *query) cursor(after string) *string {
	text := base64.RawURLEncoding.EncodeToString(append(bound(q.URL, after), after...))
	return &text
}

func readCursor(asked *url.URL, text string) (after string, ok bool) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(data) <= boundBy {
		return "", false
	}
	after = string(data[boundBy:])
	return after, bytes.Equal(data[:boundBy], bound(asked, after))
}

func bound(asked *url.URL, after string) []byte {
	sum := sha256.Sum256([]byte(asked.Path + "\x00" + listOf(asked).Encode() + "\x00" + after))
	return sum[:boundBy]
}

// listOf is what was asked for, whatever page of it.
func listOf(asked *url.URL) url.Values {
	said := asked.Query()
	said.Del("cursor")
	said.Del("limit")
	return said
}

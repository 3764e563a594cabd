package api

import (
	"encoding/base64"
	"strings"
)

// A cursor says after what a list goes on. It is bound to its path, and what it says
// is nobody's business but ours: its form may change with any version.

func (q *query) cursor(after string) *string {
	text := base64.RawURLEncoding.EncodeToString([]byte(q.URL.Path + "\x00" + after))
	return &text
}

func readCursor(path, text string) (after string, ok bool) {
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", false
	}
	of, after, found := strings.Cut(string(data), "\x00")
	return after, found && of == path && after != ""
}

package format

import "github.com/statusbot/statusbot/internal/format/text"

// called writes what a person is called, "somebody" where that is not known: an
// id says nothing, and a mention, in what is posted again and again, would ping
// them each time.
func called(name string) string { return text.EscapeOr(name, 40, "somebody") }

package format

import "github.com/statusbot/statusbot/internal/format/text"

// called writes what a person is called, or their id where that is not known: a
// mention, in what is posted again and again, would ping them each time.
func called(name string) string { return text.EscapeOr(name, 40, "somebody") }

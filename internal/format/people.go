package format

import "github.com/statusbot/statusbot/internal/format/text"

// called is how a person is called in what is posted again and again: a mention
// would ping them each time. Who is not known by name is shown by id.
func called(person string) string { return text.EscapeOr(person, 40, "somebody") }

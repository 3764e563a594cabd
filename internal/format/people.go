package format

import (
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
)

// called is how a person is called in what is posted again and again: by name,
// since a mention would ping them each time. Who is not known by name is shown
// by id.
func called(_ incident.Incident, id string) string { return text.EscapeOr(id, 40, "somebody") }

package format

import (
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
)

// clock writes what has times in it, as seen at an instant from the company's
// time zone.
type clock struct{ text.Clock }

func clockOf(now time.Time, tz *time.Location) clock { return clock{text.Clock{Now: now, TZ: tz}} }

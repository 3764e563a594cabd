package house

import (
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
)

// unsighted is what the control checks say of whether this process sees, for its
// health; nothing while it does.
func (h *house) unsighted(now time.Time) (said []string) {
	b := h.board.Blindness(now)
	b.Reason = "" // may hold an address, and nobody is asked for a password here
	if b.On() {
		said = append(said, "since "+b.Since.UTC().Format(time.DateTime)+" UTC "+format.BlindTold(b))
	}
	if len(b.Never) > 0 {
		said = append(said, "control checks that have never passed since statusbot knows them say nothing: "+strings.Join(b.Never, ", "))
	}
	return said
}

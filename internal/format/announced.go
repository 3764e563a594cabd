package format

import (
	"strings"

	"github.com/statusbot/statusbot/internal/status"
)

// Announced makes of a summary one for a channel where updates begin by
// themselves when statusbot detects something, and can see.
func Announced(m Message, blind status.Blindness, command string) Message {
	begin := typed(command, "start")
	when := "when something fails"
	if blind.On() {
		when = "once we see and something fails"
	}
	blocks := append([]Block{}, m.Blocks...)
	for i := range blocks {
		blocks[i].Context = strings.Replace(blocks[i].Context, "No updates come to this channel. Begin them with "+begin+".",
			"No updates come to this channel now; they begin by themselves "+when+", or with "+begin+".", 1)
	}
	m.Blocks = blocks
	return m
}

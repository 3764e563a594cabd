package format

import "strings"

// Announced makes of a summary one for a channel where updates begin by
// themselves when statusbot detects something.
func Announced(m Message, command string) Message {
	begin := typed(command, "start")
	blocks := append([]Block{}, m.Blocks...)
	for i := range blocks {
		blocks[i].Context = strings.Replace(blocks[i].Context, "No updates come to this channel. Begin them with "+begin+".",
			"No updates come to this channel now; they begin by themselves when something fails, or with "+begin+".", 1)
	}
	m.Blocks = blocks
	return m
}

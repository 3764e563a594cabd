package replay

import (
	"fmt"
	"io"
	"strings"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/lazy"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/status"
)

// renderer shows the updates that would have been posted: what the running
// bot decides, decided by the same code on the clock of the results.
type renderer struct {
	board *status.Board
	out   io.Writer
	rules publish.Rules
	seq   uint64
}

// replayChannel stands for the channel of the updates.
const replayChannel = "C0REPLAY"

// step decides everything once, and shows what would be told.
func (r *renderer) step(snap status.Snapshot) error {
	for _, d := range publish.Step(r.board.Log(), publish.Seen{Snapshot: snap, Past: r.board}, r.rules) {
		r.seq++
		d.Event.Seq = r.seq
		r.board.ApplyEvent(d.Event)
		if err := r.show(d); err != nil {
			return err
		}
	}
	return nil
}

// show writes what a decision tells in the channel. The reply of a proof says
// all that the edit after it does.
func (r *renderer) show(d publish.Decision) error {
	e, told, how := d.Event, d.Then, ""
	switch e.Kind {
	case incident.Update:
		how = fmt.Sprintf("update %d, new message: %s", e.N, d.Why)
		if len(told) > 1 { // the first message of the thread says the same
			told = told[:1]
		}
		if e.Replies() {
			how = fmt.Sprintf("update %d, replies to update %d: %s", e.N, e.Root, d.Why)
		}
		if e.Post != e.N {
			how = fmt.Sprintf("update %d, edits update %d: %s", e.N, e.Post, d.Why)
		}
	case incident.Proven:
		if told = d.First; len(d.Then) > 0 {
			how = fmt.Sprintf("reply to update %d", d.Then[0].N)
		}
	default:
		return nil
	}
	for _, t := range told {
		if _, err := fmt.Fprintf(r.out, "--- %s  %s %s\n%s\n", t.At.UTC().Format("2006-01-02 15:04:05"), e.Incident, how, plainText(t.Message)); err != nil {
			return err
		}
	}
	return nil
}

var (
	markedUp = lazy.Compile(`<[^<>|]*\|([^<>]*)>`) // a time or a link, with what is shown without Slack
	bare     = lazy.Compile(`<([^<>]*)>`)
	bold     = lazy.Compile(`\*([^*\n]+)\*`)
	unescape = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

// plainText is a message for a terminal: its sections and contexts without
// their marks, and without buttons.
func plainText(m format.Message) string {
	var b strings.Builder
	for _, block := range m.Blocks {
		text := block.Section + block.Context
		if text == "" {
			continue
		}
		text = bold.ReplaceAllString(bare.ReplaceAllString(markedUp.ReplaceAllString(text, "$1"), "$1"), "$1")
		for line := range strings.Lines(unescape.Replace(text)) {
			b.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
	}
	return b.String()
}

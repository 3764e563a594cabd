package bot

import (
	"encoding/json"
	"fmt"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish"
)

// sayLate adds to a message that is late that it is, and why.
func (p *Poster) sayLate(b *publish.Body, held hindrance) {
	now := p.Now()
	due := b.Due
	if !due.IsZero() && !held.since.IsZero() && held.since.Before(due) {
		due = held.since // nobody saw those between
	}
	if due.IsZero() || now.Sub(due) <= lateAfter {
		return
	}
	late := format.Lateness{Due: due, Now: now, Why: "statusbot was busy"}
	switch {
	case held.why != "" && due.Before(held.until):
		late.Why, late.Until = held.why, now
	case due.Before(p.Started):
		late.Why, late.Until = "statusbot was not running", p.Started
	}
	blocks, err := inFirst(b.Blocks, late.In)
	if err != nil {
		p.Log.Warn("late line not added", zap.Error(err))
		return
	}
	b.Blocks, b.Text = blocks, late.After(b.Text)
}

// maxBlocks is Slack's limit of blocks in a message.
const maxBlocks = 50

// inFirst changes the text of the first block, if it is a section.
func inFirst(blocks json.RawMessage, change func(string) string) (json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(blocks, &list); err != nil {
		return nil, fmt.Errorf("read blocks: %w", err)
	}
	if len(list) == 0 {
		return blocks, nil
	}
	var first map[string]any
	if err := json.Unmarshal(list[0], &first); err != nil {
		return nil, fmt.Errorf("read the first block: %w", err)
	}
	words, _ := first["text"].(map[string]any)
	said, isText := words["text"].(string)
	if first["type"] != "section" || !isText {
		return blocks, nil
	}
	words["text"] = change(said)
	data, err := json.Marshal(first)
	if err != nil {
		return nil, fmt.Errorf("encode the first block: %w", err) // unreachable: it was JSON
	}
	list[0] = data
	return json.Marshal(list)
}

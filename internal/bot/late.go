package bot

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish"
	"go.uber.org/zap"
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
	why := "statusbot was busy"
	switch {
	case held.why != "" && due.Before(held.until):
		why = held.why
	case due.Before(p.Started):
		why = "statusbot was not running"
	}
	late := format.Late(format.Message{}, due, now, why)
	blocks, err := putSecond(b.Blocks, late.BlocksJSON())
	if err != nil {
		p.Log.Warn("late line not added", zap.Error(err))
		return
	}
	b.Blocks, b.Text = blocks, strings.TrimSpace(b.Text+" "+late.Text)
}

// maxBlocks is Slack's limit of blocks in a message.
const maxBlocks = 50

// putSecond puts blocks behind the first one, which says what matters most;
// what does not fit is left out at the end.
func putSecond(blocks, second json.RawMessage) (json.RawMessage, error) {
	var list, more []json.RawMessage
	if err := errors.Join(json.Unmarshal(blocks, &list), json.Unmarshal(second, &more)); err != nil {
		return nil, fmt.Errorf("read blocks: %w", err)
	}
	list = slices.Insert(list, min(1, len(list)), more...)
	return json.Marshal(list[:min(len(list), maxBlocks)])
}

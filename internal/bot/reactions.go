package bot

import (
	"context"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish"
)

// ShortcutMark is the callback_id of the message shortcut by which a message
// is marked as an action that was tried.
const ShortcutMark = "mark"

// reactions are emoji which mean something on an update, for hands that hold a
// phone.
var reactions = map[string]string{ // :: emoji -> action
	"fast_forward": format.ActionMore,
	"zzz":          format.ActionLess,
}

// onUpdate reports whether a reaction is on the message that carries the newest
// update of its channel's incident, or the newest reply in its thread: elsewhere an emoji means what people mean
// by it.
func (c *Commands) onUpdate(ctx context.Context, e Envelope) bool {
	inc, ok := c.Board.Log().In(e.Channel)
	return ok && e.said != "" && (c.postOf(ctx, inc) == e.said ||
		inc.LastUpdate.Root != 0 && c.under(ctx, inc, publish.ReplyKey(inc.ID, inc.LastUpdate.Root)) == e.said)
}

// react changes the cadence as the button of that meaning does, and tells the
// person.
func (c *Commands) react(ctx context.Context, e Envelope) {
	if !c.onUpdate(ctx, e) {
		return
	}
	m, barred := c.Access.refuse(ctx, e, func() *format.Message { return nil })
	if !barred {
		m, _ = c.action(ctx, e)
	}
	if err := c.API.whisper(ctx, e.Channel, e.User, "", m); err != nil {
		c.Log.Warn("answer not delivered", zap.String("user", e.User), zap.String("action", e.Action), zap.Error(err))
	}
}

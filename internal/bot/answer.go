package bot

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"go.uber.org/zap"
)

// maxAck bounds the payload of an ack, in bytes of JSON: slack-go refuses a
// frame of 20,480, since Slack drops it silently, and the rest of the frame
// takes under 200.
const maxAck = 20_000

// fitsAck reports whether an answer can go with the ack. It is measured as it
// is sent: "&", "<" and ">" take six bytes each.
func fitsAck(m format.Message) bool {
	data, err := json.Marshal(ackPayload(m))
	return err == nil && len(data) <= maxAck
}

// deliver brings an answer to the person who asked. The time for it is its
// own: what was tried before may have used up that of the answer.
func (c *Commands) deliver(ctx context.Context, e Envelope, m format.Message, replace bool) error {
	if e.Kind == slashCommand {
		// An ack that Slack refuses is not heard: the first table goes another way.
		m = c.API.tables.fit(m)
		if fitsAck(m) && c.API.tables.trusted(m) {
			err := e.ack(ctx, &m)
			if late := ctx.Err() != nil || errors.Is(err, errLate); err == nil || !late {
				return err
			}
		} else if err := e.ack(ctx, nil); err != nil { // too large for an ack: the answer follows
			return err
		}
	}
	if e.Kind == formSubmitted {
		c.take(ctx, e)
	}
	saying, done := bounded(context.WithoutCancel(ctx), ackBound)
	defer done()
	err := c.bring(saying, e, m, replace)
	if l, ok := errors.AsType[*limited](err); ok && c.again(e, m, replace, l.after) {
		return nil
	}
	return err
}

// bring brings an answer whose envelope is acked.
func (c *Commands) bring(ctx context.Context, e Envelope, m format.Message, replace bool) error {
	switch {
	case e.Kind == mention:
		return c.API.whisper(ctx, e.Channel, e.User, e.Thread, m)
	case e.Kind == directMessage:
		return c.API.say(ctx, e.Channel, e.Thread, format.Alone(m))
	case e.Kind == formSubmitted, e.responseURL == "" && e.Kind == blockAction: // in a form
		return c.tell(ctx, e, m)
	case e.Kind == blockAction:
		return c.API.respond(ctx, e.responseURL, replace && (e.Ephemeral || strings.HasPrefix(e.Channel, "D")), m)
	}
	return c.API.respond(ctx, e.responseURL, false, m)
}

// Bounds of bringing an answer that Slack limits: somebody is waiting for it.
const (
	mostAgain    = 10
	longestAgain = 30 * time.Second // that Slack may ask to wait
)

// again brings an answer later, when Slack takes it; false when nobody would
// wait for so long, or too much is under way.
func (c *Commands) again(e Envelope, m format.Message, replace bool, after time.Duration) bool {
	if after > longestAgain || e.later == nil {
		return false
	}
	return e.later(func(ctx context.Context) {
		var err error
		for range mostAgain {
			if !wait(ctx, max(after, 100*time.Millisecond)) {
				return
			}
			saying, done := bounded(ctx, ackBound)
			err = c.bring(saying, e, m, replace)
			done()
			l, limits := errors.AsType[*limited](err)
			if !limits || l.after > longestAgain {
				break
			}
			after = l.after
		}
		if err != nil {
			c.Log.Warn("answer not delivered", zap.String("user", e.User), zap.String("command", e.Command), zap.Error(err))
		}
	})
}

// follow brings a second answer.
func (c *Commands) follow(ctx context.Context, e Envelope, replace bool, m format.Message) error {
	switch e.Kind {
	case mention:
		return c.API.whisper(ctx, e.Channel, e.User, e.Thread, m)
	case directMessage:
		return c.API.say(ctx, e.Channel, e.Thread, format.Alone(m))
	}
	if e.responseURL == "" { // at home
		return c.API.tell(ctx, e.User, m)
	}
	return c.API.respond(ctx, e.responseURL, replace, m)
}

// take acks what is answered in another way. When Slack does not get the ack
// it sends the same again, which is dropped: the answer is given all the same.
func (c *Commands) take(ctx context.Context, e Envelope) {
	if err := e.ack(ctx, nil); err != nil {
		c.Log.Warn("envelope not acked", zap.String("user", e.User), zap.Error(err))
	}
}

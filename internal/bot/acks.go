package bot

import (
	"context"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
)

// ack writes down that somebody looks into a product, or without one into all
// that is hurt in the channel's incident.
func (c *Commands) ack(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	products := c.hurtHere(now, e)
	if said != "" && !meansAll(said) {
		var ok bool
		if products, ok = productsOf(c.Board.Definition(), said); !ok {
			return c.which(e, "ack", said)
		}
	}
	ev, err := c.writeAck(ctx, now, e, false, products)
	if err != nil {
		return c.refused(e, err)
	}
	return format.Acked(ev, c.Board.Snapshot(now), e.Command)
}

// unack takes it back: of one product, or of all.
func (c *Commands) unack(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	var products []string
	if said != "" && !meansAll(said) {
		var ok bool
		if products, ok = productsOf(c.Board.Definition(), said); !ok {
			return c.which(e, "unack", said)
		}
	}
	ev, err := c.writeAck(ctx, now, e, true, products)
	if err != nil {
		return c.refused(e, err)
	}
	return format.Acked(ev, c.Board.Snapshot(now), e.Command)
}

// ackPressed does the same by a button: on a drill-down of its product, which is
// shown as it is then, else of all that is hurt. A second press changes nothing.
func (c *Commands) ackPressed(ctx context.Context, now time.Time, e Envelope) (m format.Message, replace bool) {
	back := e.Action == format.ActionUnack
	_, id, ofOne := strings.Cut(e.Value, ":")
	if !ofOne {
		if back {
			return c.unack(ctx, now, e, ""), false
		}
		return c.ack(ctx, now, e, ""), false
	}
	inc, open := c.Board.Log().In(e.Channel)
	if _, mine := inc.LooksInto(e.User, id); open && mine != back {
		return c.view(ctx, now, e, e.Value), true // it is so already
	}
	if _, err := c.writeAck(ctx, now, e, back, []string{id}); err != nil {
		return c.refused(e, err), false
	}
	return c.view(ctx, now, e, e.Value), true
}

func (c *Commands) writeAck(ctx context.Context, now time.Time, e Envelope, back bool, products []string) (incident.Event, error) {
	return c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		if back {
			return log.Unack(now, e.User, e.Channel, products...)
		}
		return log.Ack(now, e.User, e.Channel, products...)
	})
}

// hurtHere are the products that are hurt in the channel's incident.
func (c *Commands) hurtHere(now time.Time, e Envelope) []string {
	inc, _ := c.Board.Log().In(e.Channel)
	var ids []string
	for _, p := range c.Board.Snapshot(now).Of(inc.Products).Products {
		if p.Level.Hurt() {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

package bot

import (
	"context"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/spelling"
	"github.com/statusbot/statusbot/internal/status"
)

// mark writes down that somebody tried something.
func (c *Commands) mark(ctx context.Context, now time.Time, e Envelope, text string) format.Message {
	snap := c.Board.Snapshot(now)
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		inc, _ := log.In(e.Channel)
		hurt, since := snap.Of(inc.Products).HurtNow()
		return log.DoMark(now, e.User, e.Channel, text, hurt, since)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Marked(ev.Text, len(ev.Products), e.Command)
}

func (c *Commands) note(ctx context.Context, now time.Time, e Envelope, text string) format.Message {
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoNote(now, e.User, e.Channel, text)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Noted(ev.Text, e.Command)
}

func (c *Commands) ack(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	p, ok := productOf(c.Board.Definition(), said)
	if !ok {
		return c.which(e, "ack", said)
	}
	_, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.Ack(now, e.User, e.Channel, p.ID)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Acked(p.Name, e.Command)
}

func (c *Commands) pause(ctx context.Context, now time.Time, e Envelope, pause bool) format.Message {
	_, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.Pause(now, e.User, e.Channel, pause)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Paused(pause, e.Command)
}

// step walks the cadence one step.
func (c *Commands) step(ctx context.Context, now time.Time, e Envelope, moreOften bool) format.Message {
	inc, ok := c.Board.Log().In(e.Channel)
	if !ok {
		return c.setEvery(ctx, now, e, 0) // refused with its sentence
	}
	every := incident.Step(inc.Every, moreOften)
	if every == inc.Every {
		return format.CadenceKept(every, moreOften, e.Command)
	}
	return c.setEvery(ctx, now, e, every)
}

// productOf is the one product that words name.
func productOf(def status.Definition, said string) (status.Product, bool) {
	n, ok := find(def, strings.Fields(said)).one()
	return n.product, ok && n.check.ID == ""
}

// which answers a command that names no product, or more than one.
func (c *Commands) which(e Envelope, verb, said string) format.Message {
	def := c.Board.Definition()
	f := find(def, strings.Fields(said))
	if len(f.all) > 1 {
		var ids []string
		for _, n := range f.all {
			ids = append(ids, strings.TrimSpace(n.product.ID+" "+n.check.ID))
		}
		return format.WhichOf(e.Command, verb, said, ids)
	}
	var known []string
	for _, p := range def.Products {
		known = append(known, p.ID, p.Name)
	}
	nearest, _ := spelling.Nearest(said, known)
	if len(f.all) == 1 {
		nearest = f.all[0].product.ID
	}
	return format.Which(e.Command, verb, said, nearest, def.Products)
}

// about splits "Log-ins fail for Billing, Search" into a title and the
// products that are meant. Behind "for" may stand a part of the title as well:
// products are meant only if each of them exists; wrong is the one that does
// not when others do.
func about(def status.Definition, said string) (title string, products []string, wrong string) {
	words := strings.Fields(said)
	for i := len(words) - 1; i >= 0; i-- {
		if !strings.EqualFold(words[i], "for") {
			continue
		}
		list := strings.Join(words[i+1:], " ")
		if p, ok := def.FindProduct(list); ok {
			return strings.Join(words[:i], " "), []string{p.ID}, ""
		}
		for _, part := range strings.FieldsFunc(strings.ReplaceAll(list, " and ", ","), func(r rune) bool { return r == ',' }) {
			if p, ok := def.FindProduct(strings.TrimSpace(part)); ok {
				products = append(products, p.ID)
			} else {
				wrong = strings.TrimSpace(part)
			}
		}
		if len(products) > 0 {
			return strings.Join(words[:i], " "), products, wrong
		}
		break
	}
	return said, nil, ""
}

// openMarkForm asks what was done; false when Slack shows no form, so that the
// person is told what to type.
func (c *Commands) openMarkForm(ctx context.Context, e Envelope) bool {
	if e.trigger == "" {
		return false
	}
	err := c.API.openForm(ctx, e.trigger, format.MarkForm(e.Channel+" "+e.Command, e.Text))
	if err != nil {
		c.Log.Warn("form not opened", zap.String("user", e.User), zap.Error(err))
	}
	return err == nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

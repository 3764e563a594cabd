package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish"
	"go.uber.org/zap"
)

// action answers a button or a menu; replace says whether the answer takes
// the place of the message acted on, when only the person sees that.
func (c *Commands) action(ctx context.Context, e Envelope) (m format.Message, replace bool) {
	now := c.Now()
	switch e.Action {
	case format.ActionProduct:
		return c.view(ctx, now, e, "product:"+e.Value), true
	case format.ActionCheck:
		return c.view(ctx, now, e, "check:"+e.Value), true
	case format.ActionAck, format.ActionUnack:
		return c.ackPressed(ctx, now, e)
	case format.ActionWatch, format.ActionUnwatch:
		return c.watchPressed(ctx, now, e), true
	case format.ActionAll:
		return format.AllProducts(c.Board.Snapshot(now), quietOn(c.Board, now)), true
	case format.ActionSummary, format.ActionRefresh, format.ActionChoose:
		return c.view(ctx, now, e, e.Value), true
	case format.ActionNow:
		if a, ok := c.wanted(e); ok {
			return probing(a, e), true
		}
		return c.notUnderstood(e, e.Value), false
	case format.ActionSources:
		return figures(c.Board, c.API, c.Itself, now, e.Value), false
	case format.ActionSourcesCSV, format.ActionSourcesJSON:
		return c.sources(now, e), false
	case format.ActionMore, format.ActionLess:
		return c.step(ctx, now, e, e.Action == format.ActionMore), false
	case format.ActionShare:
		return c.share(ctx, now, e), false
	case format.ActionPropose:
		return c.propose(ctx, now, e), true
	case format.ActionAccept, format.ActionDecline:
		return c.decide(ctx, now, e, e.Action == format.ActionAccept), false
	}
	return c.notUnderstood(e, e.Action), false
}

// gone answers a button of what the configuration has no longer: an old message
// still offers it. Who watches such a product may end that.
func (c *Commands) gone(e Envelope) (format.Message, bool) {
	if e.Kind != blockAction || e.View.Home {
		return format.Message{}, false
	}
	kind, id, _ := strings.Cut(e.Value, ":")
	switch e.Action {
	case format.ActionProduct, format.ActionCheck:
		kind, id = e.Action, e.Value
	case format.ActionUnwatch:
		return format.Message{}, false
	}
	def, known := c.Board.Definition(), true
	switch kind {
	case "product", "failures":
		kind = "product"
		_, known = def.FindProduct(id)
	case "check":
		known = slices.ContainsFunc(def.Checks, func(ch checks.Check) bool { return ch.ID == id })
	}
	if known {
		return format.Message{}, false
	}
	return format.Gone(kind, id, e.Command), true
}

// view returns what a button's value names: "product:ID", "check:ID" or the
// summary.
func (c *Commands) view(ctx context.Context, now time.Time, e Envelope, what string) format.Message {
	kind, id, _ := strings.Cut(what, ":")
	switch kind {
	case "product":
		if m, ok := c.drill(now, e, id); ok {
			return m
		}
		return c.notUnderstood(e, id)
	case "failures":
		if d, ok := c.Board.Drill(now, id); ok {
			return format.Failures(d)
		}
		return c.notUnderstood(e, id)
	case "check":
		if m, ok := checkOf(c.Board, now, "", id); ok {
			return m
		}
		return c.notUnderstood(e, id)
	case format.ActionAll:
		return format.AllProducts(c.Board.Snapshot(now), quietOn(c.Board, now))
	case "timeline":
		return c.timeline(ctx, now, e)
	case "since":
		if at, ok := sinceValue(id); ok {
			return c.handover(ctx, now, e, at)
		}
		return c.notUnderstood(e, id)
	default:
		return c.summary(now, e)
	}
}

// share puts what the person sees into the channel, freshly rendered, through
// the outbox like everything else; its key is the act itself. A second press by the
// same person shares nothing more.
func (c *Commands) share(ctx context.Context, now time.Time, e Envelope) format.Message {
	what := e.Channel + " " + e.User + " " + e.Value
	if !c.shared.first(what, now) {
		return format.SharedAck()
	}
	everybody := e
	everybody.User = "" // buttons in a channel are for all
	m := c.view(ctx, now, everybody, e.Value)
	if !c.API.tables.trusted(m) {
		m = m.Plain() // the outbox has one form of it
	}
	b := publish.NewBody(1, 1, time.Time{}, now, format.Shared(m, cmp.Or(e.Name, e.User)))
	data, err := json.Marshal(b)
	if err == nil {
		err = c.Outbox.Put(ctx, e.Channel, "share/"+e.Key, data)
	}
	if err != nil {
		c.Log.Error("share not put into the outbox", zap.Error(err))
		c.shared.undo(what)
		return format.Failed()
	}
	return format.SharedAck()
}

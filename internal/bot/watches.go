package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// watch begins a watch, or lists them.
func (c *Commands) watch(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	snap := c.Board.Snapshot(now)
	if said == "" {
		mine := c.Board.Log().Desk.Watches[e.User]
		list := slices.DeleteFunc(snap.Products, func(p status.ProductStatus) bool { return !slices.Contains(mine, p.ID) })
		return format.Watches(list, e.Command)
	}
	if meansAll(said) {
		return format.WatchOne(e.Command, c.Board.Definition().Products)
	}
	def, ok := productOf(c.Board.Definition(), said)
	if !ok {
		return c.which(e, "watch", said)
	}
	p := productIn(snap, def.ID)
	_, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoWatch(now, e.User, p.ID, string(p.Level))
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Watching(p, e.Command)
}

func (c *Commands) unwatch(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	id, name := "", ""
	if said != "" && !meansAll(said) {
		p, ok := productOf(c.Board.Definition(), said)
		switch {
		case ok:
			id, name = p.ID, p.Name
		case slices.Contains(c.Board.Log().Desk.Watches[e.User], said):
			id, name = said, said // it is defined no longer
		default:
			return c.which(e, "unwatch", said)
		}
	}
	_, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) { return log.DoUnwatch(now, e.User, id) })
	if err != nil {
		return c.refused(e, err)
	}
	return format.Unwatched(name, e.Command)
}

// watchPressed begins or ends a watch by a button, and shows the product as it
// is then. To begin what goes on already, or to end what does not, changes
// nothing.
func (c *Commands) watchPressed(ctx context.Context, now time.Time, e Envelope) format.Message {
	_, id, _ := strings.Cut(e.Value, ":")
	p := productIn(c.Board.Snapshot(now), id)
	watches := slices.Contains(c.Board.Log().Desk.Watches[e.User], id)
	if p.ID == "" || watches == (e.Action == format.ActionWatch) {
		return c.view(ctx, now, e, e.Value)
	}
	_, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		if e.Action == format.ActionUnwatch {
			return log.DoUnwatch(now, e.User, p.ID)
		}
		return log.DoWatch(now, e.User, p.ID, string(p.Level))
	})
	if err != nil {
		return c.refused(e, err)
	}
	return c.view(ctx, now, e, e.Value)
}

func productIn(s status.Snapshot, id string) status.ProductStatus {
	for _, p := range s.Products {
		if p.ID == id {
			return p
		}
	}
	return status.ProductStatus{}
}

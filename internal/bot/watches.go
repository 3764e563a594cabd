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
	if said != "" {
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

// mute announces maintenance: "PRODUCT for 2h REASON", or a check.
func (c *Commands) mute(ctx context.Context, now time.Time, e Envelope, words []string) format.Message {
	def := c.Board.Definition()
	said, ok := readMute(words)
	if ok && said.begins != "" {
		zone := c.zoneOf(ctx, now, e.User)
		said.from, ok = parseComing(said.begins, now, zone)
	}
	if !ok {
		if len(words) == 0 {
			return c.maintenance(now, e)
		}
		return format.HowToMute(e.Command)
	}
	a, check, ok := c.mutable(said.target)
	if !ok {
		return c.which(e, "mute", said.target)
	}
	ev, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoMute(now, incident.ToMute{By: e.User, Channel: e.Channel, Product: a.ID, Check: check, Begins: said.from, For: said.span, Why: said.why})
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Muted(strings.TrimSpace(a.Name+" "+check), ev, now, def.Timezone, e.Command, strings.TrimSpace(a.ID+" "+check))
}

// maintenance lists what is in maintenance, and what will be: what people planned,
// and the next of each that the configuration plans.
func (c *Commands) maintenance(now time.Time, e Envelope) format.Message {
	desk := c.Board.Log().Desk
	list := append(desk.MutesAt(now), desk.PlannedAt(now)...)
	if c.Coming != nil {
		list = append(list, c.Coming(now)...)
	}
	return format.Mutes(list, c.Board.Snapshot(now), e.Command)
}

// saidMute is a maintenance as somebody announced it.
type saidMute struct {
	target string        // a product or a check
	begins string        // when, as it was typed; empty for at once
	from   time.Time     // what that is
	span   time.Duration // how long
	why    string
}

// readMute splits "billing pay for 2h moving the database" and "billing from
// Sat 22:00 for 2h moving the database".
func readMute(words []string) (saidMute, bool) {
	for i := 1; i < len(words); i++ {
		at := i
		if strings.EqualFold(words[i], "for") {
			at++
		}
		d, rest := parseSpan(words[at:])
		if d == 0 {
			continue
		}
		said := saidMute{target: strings.Join(words[:i], " "), span: d, why: strings.Join(rest, " ")}
		if n := slices.IndexFunc(words[:i], func(w string) bool { return strings.EqualFold(w, "from") }); n > 0 {
			said.target, said.begins = strings.Join(words[:n], " "), strings.Join(words[n+1:i], " ")
			return said, said.begins != ""
		}
		return said, true
	}
	return saidMute{}, false
}

// mutable finds what a mute is about: a product, or a check of one.
func (c *Commands) mutable(said string) (p status.Product, check string, ok bool) {
	n, ok := find(c.Board.Definition(), strings.Fields(said)).one()
	return n.product, n.check.ID, ok
}

func (c *Commands) unmute(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	desk := c.Board.Log().Desk
	on := append(desk.MutesAt(now), desk.PlannedAt(now)...)
	p, check, ok := c.mutable(said)
	switch {
	case said == "" && len(on) == 1:
		p, check = status.Product{ID: on[0].Product, Name: on[0].Product}, on[0].Check
		if known, found := c.Board.Definition().FindProduct(p.ID); found {
			p = known
		}
	case said == "":
		return format.Mutes(on, c.Board.Snapshot(now), e.Command)
	case !ok:
		return c.which(e, "unmute", said)
	}
	_, err := c.write(ctx, e, func(log incident.Log) (incident.Event, error) {
		return log.DoUnmute(now, e.User, e.Channel, p.ID, check)
	})
	if err != nil {
		return c.refused(e, err)
	}
	return format.Unmuted(strings.TrimSpace(p.Name + " " + check))
}

package house

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/publish"
)

// channels are those that the configuration names, and their ids.
type channels struct {
	settings *settings
	api      *bot.API
	journal  *journal.Journal
	back     *back // ends the pauses before the next look
	log      *zap.Logger
	ids      sync.Map // :: name of a channel where detected incidents are announced -> its id
}

// home returns the id of updates.channel; empty while there is none.
func (c *channels) home() string {
	id, _ := c.ids.Load(channelName(c.settings.Load().Updates.Channel))
	known, _ := id.(string)
	return known
}

// announced is where trouble is announced: updates.channel first.
func (c *channels) announced() []publish.Place {
	var out []publish.Place
	if channel := c.home(); channel != "" {
		out = append(out, publish.Place{Channel: channel})
	}
	for _, a := range c.settings.Load().Updates.AutoStart {
		if id, ok := c.ids.Load(channelName(a.Channel)); ok {
			out = append(out, publish.Place{Channel: id.(string), Products: a.Products})
		}
	}
	return out
}

// announces reports whether trouble is announced in a channel.
func (c *channels) announces(channel string) bool {
	return slices.ContainsFunc(c.announced(), func(p publish.Place) bool { return p.Channel == channel })
}

// fallback are those who are told, of an incident that nobody began, that its
// updates do not reach its channel: the one whom updates.auto_start names for
// it, else the people whom access names, those who respond before those who
// write, else updates.channel.
func (c *channels) fallback(ctx context.Context, channel string) []string {
	cfg := c.settings.Load()
	for _, a := range cfg.Updates.AutoStart {
		if id, ok := c.ids.Load(channelName(a.Channel)); ok && id == channel && a.Owner != "" {
			return []string{a.Owner}
		}
	}
	p := policyOf(cfg.Access)
	for _, who := range []bot.Who{p.Respond, p.Write} {
		if people := c.api.Named(ctx, who); len(people) > 0 {
			return people
		}
	}
	if home := c.home(); home != "" && home != channel {
		return []string{home}
	}
	return nil
}

func channelName(name string) string { return strings.TrimPrefix(name, "#") }

// find learns the ids of the channels that the configuration names, as
// it is now and as a reload makes it, until ctx ends.
func (c *channels) find(ctx context.Context) {
	looking := map[string]context.CancelFunc{} // :: name -> ends the search for it
	var searches sync.WaitGroup
	defer searches.Wait()
	for {
		updates := c.settings.Load().Updates
		named := map[string]bool{channelName(updates.Channel): true}
		for _, a := range updates.AutoStart {
			named[channelName(a.Channel)] = true
		}
		delete(named, "")
		for name, stop := range looking {
			if !named[name] {
				stop()
				delete(looking, name)
				c.ids.Delete(name)
			}
		}
		for name := range named {
			if looking[name] == nil {
				search, stop := context.WithCancel(ctx)
				looking[name] = stop
				searches.Go(func() { c.findOne(search, name) })
			}
		}
		select {
		case <-c.settings.changed:
		case <-ctx.Done():
			for _, stop := range looking {
				stop()
			}
			return
		}
	}
}

// cureOf is what to do about a channel that is not found; empty while Slack does not
// answer.
func cureOf(err error) string {
	if errors.Is(err, bot.ErrRefused) {
		return bot.CureOf(err)
	}
	return ""
}

// findOne learns the id of a channel for detected incidents. The id is
// kept, so that an outage that begins while Slack is down is announced as soon
// as it is back.
func (c *channels) findOne(ctx context.Context, name string) {
	const shelf = "channel-ids"
	found := func(id string) {
		if ctx.Err() == nil { // still named
			c.ids.Store(name, id)
		}
	}
	kept, err := c.journal.Kept(ctx, shelf, name)
	if err == nil {
		found(string(kept.Body))
	}
	var said time.Time // when the log said last that it is not found: once a minute is enough
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		again := c.back.next()
		id, err := c.api.Channel(ctx, name)
		if err == nil {
			found(id)
			if id != string(kept.Body) {
				if _, err := c.journal.Keep(ctx, shelf, name, []byte(id), kept.Rev); err != nil {
					c.log.Warn("channel id not kept", zap.Error(err))
				}
			}
			return
		}
		if ctx.Err() != nil {
			return
		}
		if time.Since(said) >= time.Minute {
			said = time.Now()
			c.log.Warn("channel for detected incidents not found, will look again", zap.String("channel", name), zap.Duration("in", pause), zap.String("cure", cureOf(err)), zap.Error(err))
		}
		if !pausedFor(ctx, pause, again) {
			return
		}
	}
}

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
	"github.com/statusbot/statusbot/internal/publish"
)

// channel returns the id of updates.channel; empty while there is none.
func (h *house) channel() string {
	id, _ := h.places.Load(channelName(h.cfg.Load().Updates.Channel))
	known, _ := id.(string)
	return known
}

// announced is where trouble is announced: updates.channel first.
func (h *house) announced() []publish.Place {
	var out []publish.Place
	if channel := h.channel(); channel != "" {
		out = append(out, publish.Place{Channel: channel})
	}
	for _, a := range h.cfg.Load().Updates.AutoStart {
		if id, ok := h.places.Load(channelName(a.Channel)); ok {
			out = append(out, publish.Place{Channel: id.(string), Products: a.Products})
		}
	}
	return out
}

// announces reports whether trouble is announced in a channel.
func (h *house) announces(channel string) bool {
	return slices.ContainsFunc(h.announced(), func(p publish.Place) bool { return p.Channel == channel })
}

// fallback are those who are told, of an incident that nobody began, that its
// updates do not reach its channel: the one whom updates.auto_start names for
// it, else the people whom access names, those who respond before those who
// write, else updates.channel.
func (h *house) fallback(ctx context.Context, channel string) []string {
	cfg := h.cfg.Load()
	for _, a := range cfg.Updates.AutoStart {
		if id, ok := h.places.Load(channelName(a.Channel)); ok && id == channel && a.Owner != "" {
			return []string{a.Owner}
		}
	}
	p := policyOf(cfg.Access)
	for _, who := range []bot.Who{p.Respond, p.Write} {
		if people := h.api.Named(ctx, who); len(people) > 0 {
			return people
		}
	}
	if home := h.channel(); home != "" && home != channel {
		return []string{home}
	}
	return nil
}

func channelName(name string) string { return strings.TrimPrefix(name, "#") }

// findChannels learns the ids of the channels that the configuration names, as
// it is now and as a reload makes it, until ctx ends.
func (h *house) findChannels(ctx context.Context) {
	looking := map[string]context.CancelFunc{} // :: name -> ends the search for it
	var searches sync.WaitGroup
	defer searches.Wait()
	for {
		updates := h.cfg.Load().Updates
		named := map[string]bool{channelName(updates.Channel): true}
		for _, a := range updates.AutoStart {
			named[channelName(a.Channel)] = true
		}
		delete(named, "")
		for name, stop := range looking {
			if !named[name] {
				stop()
				delete(looking, name)
				h.places.Delete(name)
			}
		}
		for name := range named {
			if looking[name] == nil {
				search, stop := context.WithCancel(ctx)
				looking[name] = stop
				searches.Go(func() { h.findChannel(search, name) })
			}
		}
		select {
		case <-h.changed:
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

// findChannel learns the id of a channel for detected incidents. The id is
// kept, so that an outage that begins while Slack is down is announced as soon
// as it is back.
func (h *house) findChannel(ctx context.Context, name string) {
	const shelf = "channel-ids"
	found := func(id string) {
		if ctx.Err() == nil { // still named
			h.places.Store(name, id)
		}
	}
	kept, err := h.journal.Kept(ctx, shelf, name)
	if err == nil {
		found(string(kept.Body))
	}
	var said time.Time // when the log said last that it is not found: once a minute is enough
	for pause := time.Second; ; pause = min(2*pause, time.Minute) {
		again := h.back.next()
		id, err := h.api.Channel(ctx, name)
		if err == nil {
			found(id)
			if id != string(kept.Body) {
				if _, err := h.journal.Keep(ctx, shelf, name, []byte(id), kept.Rev); err != nil {
					h.log.Warn("channel id not kept", zap.Error(err))
				}
			}
			return
		}
		if ctx.Err() != nil {
			return
		}
		if time.Since(said) >= time.Minute {
			said = time.Now()
			h.log.Warn("channel for detected incidents not found, will look again", zap.String("channel", name), zap.Duration("in", pause), zap.String("cure", cureOf(err)), zap.Error(err))
		}
		if !pausedFor(ctx, pause, again) {
			return
		}
	}
}

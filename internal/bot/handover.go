package bot

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// timeline answers all that happened in the channel's incident.
func (c *Commands) timeline(ctx context.Context, now time.Time, e Envelope) format.Message {
	log := c.Board.Log()
	inc, ok := log.Last(e.Channel)
	if !ok {
		return format.NoIncident(c.Board.Snapshot(now), log.Open(), e.Command)
	}
	ctx, cancel := bounded(ctx, wholeBound)
	defer cancel()
	inc, err := c.Lookups.whole(ctx, inc, inc.OpenedAt, c.Log)
	if err != nil {
		return c.refused(e, err)
	}
	to := now
	if !inc.Open() {
		to = inc.EndedAt
	}
	muted, err := c.Lookups.muted(ctx, log.Desk, inc.Channel, inc.OpenedAt, to)
	if err != nil {
		return c.refused(e, err)
	}
	return format.Timeline(format.TimelineFacts{Incident: inc, Desk: muted, Snapshot: c.Board.Snapshot(now), Command: e.Command})
}

// since answers what changed since a time that a person says.
func (c *Commands) since(ctx context.Context, now time.Time, e Envelope, said string) format.Message {
	if strings.EqualFold(strings.TrimRight(said, ".?"), myLastMessage) {
		at, err := c.API.lastMessage(ctx, e.Channel, e.User, e.said, now)
		if err != nil || at.IsZero() {
			return format.NoLastMessage(e.Command, err != nil)
		}
		return c.handover(ctx, now, e, at)
	}
	at, ok := c.instant(ctx, now, e, said)
	if inc, has := c.Board.Log().Last(e.Channel); !ok && has && slices.Contains(theBeginning, strings.ToLower(strings.TrimRight(said, ".?!"))) {
		at, ok = inc.OpenedAt, true
	}
	if !ok {
		return format.NotATime(e.Command, said, c.Board.Definition().Products)
	}
	return c.handover(ctx, now, e, at)
}

// theBeginning is how people mean the beginning of their channel's incident.
var theBeginning = []string{"start", "the start", "beginning", "the beginning", "it began", "it started", "it all began", "it all started", "the incident began", "the incident started", "the start of the incident", "the beginning of the incident", "day one"}

// instant reads a time as its writer means it: in their zone, if it depends on
// one.
func (c *Commands) instant(ctx context.Context, now time.Time, e Envelope, said string) (time.Time, bool) {
	if at, ok := parseWhen(said, now, time.UTC); ok {
		if elsewhere, _ := parseWhen(said, now, fourHoursAway); elsewhere.Equal(at) {
			return at, true // nobody needs to be asked for it
		}
	}
	return parseWhen(said, now, c.zoneOf(ctx, now, e.User))
}

// fourHoursAway tells apart what depends on the zone.
var fourHoursAway = time.FixedZone("", -4*3600)

// handover answers what changed since an instant.
func (c *Commands) handover(ctx context.Context, now time.Time, e Envelope, at time.Time) format.Message {
	log := c.Board.Log()
	inc, _ := log.Last(e.Channel)
	if !inc.Open() && inc.EndedAt.Before(at) {
		inc = incident.Incident{} // nothing of it is since then
	}
	ctx, cancel := bounded(ctx, wholeBound)
	defer cancel()
	inc, err := c.Lookups.whole(ctx, inc, at, c.Log)
	if err != nil {
		return c.refused(e, err)
	}
	muted, err := c.Lookups.muted(ctx, log.Desk, e.Channel, at, now)
	if err != nil {
		return c.refused(e, err)
	}
	snap := c.Board.Snapshot(now).Of(inc.Products)
	f := format.HandoverFacts{Since: at, Snapshot: snap, Incident: inc, Command: e.Command, Before: map[string]incident.Counts{},
		Desk: muted}
	for _, i := range log.Incidents {
		if i.Channel == e.Channel && i.ID != inc.ID && !i.Open() && i.EndedAt.After(at) {
			if i, err = c.Lookups.whole(ctx, i, at, c.Log); err != nil {
				return c.refused(e, err)
			}
			f.Ended = append(f.Ended, i)
		}
	}
	for _, p := range snap.Products {
		f.Before[p.ID] = c.Board.Between(p.ID, at.Add(-snap.Window), at)
	}
	f.First = c.firstSince(snap, at)
	f.Quiet = format.QuietNow(snap, []incident.Incident{inc}, c.Board.Pooled)
	return format.Handover(f)
}

// firstSince is when results begin where that is after an instant; zero else. A
// day of them is kept.
func (c *Commands) firstSince(snap status.Snapshot, at time.Time) (first time.Time) {
	kept := snap.At.Add(-24 * time.Hour)
	if at.Before(kept) {
		at = kept
	}
	for _, p := range snap.Products {
		if m := c.Board.History(p.ID, kept, snap.At); len(m) > 0 && (first.IsZero() || m[0].At.Before(first)) {
			first = m[0].At
		}
	}
	if !first.After(at.Add(2 * time.Minute)) {
		return time.Time{}
	}
	return first
}

// sinceValue reads "since:1772569800", the value of a button.
func sinceValue(id string) (time.Time, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	return time.Unix(n, 0), err == nil && n > 0
}

// How far back a person's last message is looked for.
const (
	messagesBack  = 7 * 24 * time.Hour
	messagesPages = 3
)

// lastMessage returns when a person last wrote in a conversation before the
// message that asks; zero when that is not found, an error when the bot may
// not read there.
func (a *API) lastMessage(ctx context.Context, channel, user, asking string, now time.Time) (time.Time, error) {
	ctx, cancel := bounded(ctx, 2*lookupBound)
	defer cancel()
	p := &slack.GetConversationHistoryParameters{ChannelID: channel, Oldest: strconv.FormatInt(now.Add(-messagesBack).Unix(), 10), Limit: 200, Latest: asking}
	for range messagesPages {
		h, err := a.web.GetConversationHistoryContext(ctx, p)
		if err != nil {
			return time.Time{}, classify(err)
		}
		for _, m := range h.Messages { // newest first
			if m.User == user && m.BotID == "" && m.Timestamp != asking {
				seconds, _, _ := strings.Cut(m.Timestamp, ".")
				n, err := strconv.ParseInt(seconds, 10, 64)
				if err != nil {
					return time.Time{}, errors.New("a message without a time") // unreachable: Slack names messages by it
				}
				return time.Unix(n, 0), nil
			}
		}
		if !h.HasMore || h.ResponseMetaData.NextCursor == "" {
			break
		}
		p.Cursor = h.ResponseMetaData.NextCursor
	}
	return time.Time{}, nil
}

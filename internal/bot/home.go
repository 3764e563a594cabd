package bot

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/status"
)

// The home of those who looked at it lately follows the board.
const (
	homeFor    = time.Hour        // since it was opened or used last
	homeGap    = time.Minute      // between two refreshes of one person's
	homeLook   = 5 * time.Second  // how often the board is compared
	homePace   = time.Second      // between two people: 60 a minute of the 100 that views.publish takes
	mostHomes  = 1000             // people; who came earliest is forgotten
	mostLinks  = 1000             // permalinks kept
	homeWithin = 10 * time.Second // one refresh
)

// Home shows people the app's home.
type Home struct {
	Board  *status.Board
	API    *API
	Outbox Outbox
	Access *Access
	Itself Itself // what is told of statusbot itself
	// Watches returns the ids of the products that a person watches; nil hides
	// that part.
	Watches func(user string) []string
	Adds    bool // checks can be proposed
	Log     *zap.Logger
	Now     func() time.Time

	gap, look time.Duration // tests set them; 0 means homeGap and homeLook

	mu      sync.Mutex
	lookers map[string]looker // :: user -> what they look at
	links   map[string]string // :: channel and ts -> permalink
}

// looker is somebody who has opened their home.
type looker struct {
	used   time.Time // when they opened it, or pressed something there
	shown  time.Time // when it was published last
	value  string    // what it shows: "summary", "sources", "product:ID" or "check:ID"
	levels string    // of the board, as published
	hash   string    // of what was published; Slack refuses to put ours over a newer one
}

// atHome answers what a person does at home: the view changes.
func (c *Commands) atHome(ctx context.Context, e Envelope, refusal format.Message, barred bool) {
	if c.Home == nil {
		return
	}
	if barred {
		if _, err := c.API.publish(ctx, e.User, "", refusal); err != nil {
			c.Log.Warn("home not shown", zap.String("user", e.User), zap.Error(err))
		}
		return
	}
	if errand := c.sourcesErrand(e); errand != nil {
		if !e.later(errand) {
			c.Log.Warn("sources not sent: too much is under way", zap.String("user", e.User))
		}
		return
	}
	value := format.ValueSummary
	switch {
	case e.Kind == homeOpened:
	case e.Action == format.ActionProduct:
		value = "product:" + e.Value
	case e.Action == format.ActionCheck:
		value = "check:" + e.Value
	case e.Action == format.ActionWatch, e.Action == format.ActionUnwatch:
		c.watchPressed(ctx, c.Now(), e)
		value = e.Value
	case e.Action == format.ActionRefresh, e.Action == format.ActionChoose:
		value = e.Value
	case e.Action == format.ActionSources && e.Value != "":
		value = format.ValueSources + ":" + e.Value
	case e.Action == format.ActionSources:
		value = format.ValueSources
	}
	goes := e.Kind == blockAction && e.Action != format.ActionRefresh
	if err := c.Home.show(ctx, e.User, e.View.Hash, value, goes); err != nil {
		c.Log.Warn("home not shown", zap.String("user", e.User), zap.Error(err))
	}
}

// show publishes what a person asked for. Who goes to another page waits for
// that one, so it wins over what was published meanwhile; else what is newer
// stays: it is fresh, and may be the page that the person has gone to.
func (h *Home) show(ctx context.Context, user, hash, value string, goes bool) error {
	now := h.Now()
	levels := levelsOf(h.Board.Snapshot(now))
	m := h.render(ctx, now, user, value)
	hash, err := h.API.publish(ctx, user, hash, m)
	if errors.Is(err, errNewerView) && !goes {
		return nil
	}
	if errors.Is(err, errNewerView) {
		hash, err = h.API.publish(ctx, user, "", m)
	}
	if err != nil {
		return err
	}
	h.looks(user, looker{used: now, shown: now, value: value, levels: levels, hash: hash})
	return nil
}

// looks notes what a person looks at. What they asked for later stays: its
// answer may be noted first, and a hash that Slack knows no more would end the
// following of the board.
func (h *Home) looks(user string, l looker) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.lookers == nil {
		h.lookers = map[string]looker{}
	}
	present, there := h.lookers[user]
	if there && present.used.After(l.used) {
		return
	}
	if !there && len(h.lookers) >= mostHomes {
		earliest := slices.MinFunc(slices.Collect(maps.Keys(h.lookers)), func(a, b string) int { return h.lookers[a].used.Compare(h.lookers[b].used) })
		delete(h.lookers, earliest)
	}
	h.lookers[user] = l
}

// render makes what a value names.
func (h *Home) render(ctx context.Context, now time.Time, user, value string) format.Message {
	kind, id, _ := strings.Cut(value, ":")
	switch kind {
	case format.ValueSources:
		return format.AtHome(figures(h.Board, h.API, h.Itself, now, id), value)
	case "product":
		if d, ok := h.Board.Drill(now, id); ok {
			return format.AtHome(format.Product(format.ProductFacts{Drill: d, User: user, Watches: h.Board.Log().Desk.Watches[user], Quiet: quietOn(h.Board, now)}), value)
		}
	case "failures":
		if d, ok := h.Board.Drill(now, id); ok {
			return format.AtHome(format.Failures(d), value)
		}
	case "check":
		if m, ok := checkOf(h.Board, now, "", id); ok {
			return format.AtHome(m, value)
		}
	}
	snap := h.Board.Snapshot(now)
	facts := format.HomeFacts{Snapshot: snap, Quiet: format.QuietNow(snap, h.Board.Log().Open(), h.Board.Pooled), Open: h.open(ctx), Last: h.Board.Log().LastOver(), Watches: h.Watches != nil, Adds: h.Adds}
	if h.Watches != nil {
		facts.Watched = h.Watches(user)
	}
	return format.Home(facts)
}

// open are the open incidents, with the addresses of their messages as far as
// these are in Slack.
func (h *Home) open(ctx context.Context) []format.OpenIncident {
	var out []format.OpenIncident
	for _, inc := range h.Board.Log().Incidents {
		if inc.Open() {
			out = append(out, format.OpenIncident{Incident: inc, Link: h.link(ctx, inc.Channel, publish.UpdatesKey(inc.ID))})
		}
	}
	return out
}

func (h *Home) link(ctx context.Context, channel, key string) string {
	data, _, err := h.Outbox.Receipt(ctx, channel, key)
	var r receipt
	if err != nil || json.Unmarshal(data, &r) != nil || r.TS == "" {
		return "" // not posted yet
	}
	h.mu.Lock()
	known, ok := h.links[r.Channel+r.TS]
	h.mu.Unlock()
	if ok {
		return known
	}
	address, err := h.API.permalink(ctx, channel, r.TS)
	if err != nil {
		h.Log.Debug("no link to a message", zap.String("channel", channel), zap.Error(err))
		return ""
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.links == nil || len(h.links) >= mostLinks {
		h.links = map[string]string{}
	}
	h.links[r.Channel+r.TS] = address
	return address
}

// levelsOf is what of a board makes a home old.
func levelsOf(s status.Snapshot) string {
	var b strings.Builder
	if s.Blind.On() {
		b.WriteString("blind\x00")
	}
	for _, p := range s.Products {
		b.WriteString(p.ID + "\x00" + string(p.Level) + "\x00")
	}
	return b.String()
}

// Run follows the board until ctx ends.
func (h *Home) Run(ctx context.Context) error {
	every := homeLook
	if h.look > 0 {
		every = h.look
	}
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			h.refresh(ctx)
		case <-ctx.Done():
			return nil
		}
	}
}

// refresh publishes anew what has become old.
func (h *Home) refresh(ctx context.Context) {
	gap := homeGap
	if h.gap > 0 {
		gap = h.gap
	}
	now := h.Now()
	levels := levelsOf(h.Board.Snapshot(now))
	h.mu.Lock()
	old := map[string]looker{}
	for user, l := range h.lookers {
		if now.Sub(l.used) > homeFor {
			delete(h.lookers, user)
		} else if l.levels != levels && now.Sub(l.shown) >= gap {
			old[user] = l
		}
	}
	h.mu.Unlock()
	for user, l := range old {
		err := h.again(ctx, user, l, levels)
		pause := homePace
		if slow, ok := errors.AsType[*limited](err); ok {
			pause = max(pause, slow.after)
		}
		if err != nil && ctx.Err() == nil {
			h.Log.Debug("home not refreshed", zap.String("user", user), zap.Error(err))
		}
		if !wait(ctx, pause) {
			return
		}
	}
}

// again publishes what a person looks at, unless they have gone on to
// something else, or may not see it any more.
func (h *Home) again(ctx context.Context, user string, l looker, levels string) error {
	ctx, cancel := context.WithTimeout(ctx, homeWithin)
	defer cancel()
	now := h.Now()
	m, barred := h.Access.refuse(ctx, Envelope{Kind: homeOpened, User: user}, func() *format.Message { return nil })
	if !barred {
		m = h.render(ctx, now, user, l.value)
	}
	hash, err := h.API.publish(ctx, user, l.hash, m)
	h.mu.Lock()
	defer h.mu.Unlock()
	present, there := h.lookers[user]
	if !there || present.hash != l.hash {
		return nil // they were shown something else meanwhile
	}
	switch {
	case barred, errors.Is(err, errNewerView): // until they open it again
		delete(h.lookers, user)
		return nil
	case err != nil:
		present.shown = now // and again after the gap
	default:
		present.shown, present.levels, present.hash = now, levels, hash
	}
	h.lookers[user] = present
	return err
}

// errNewerView says that the home has changed since the hash.
var errNewerView = errors.New("the home was changed meanwhile")

// publish puts a message's blocks into a person's home and returns its new
// hash. With a hash only in place of that view, else errNewerView.
func (a *API) publish(ctx context.Context, user, hash string, m format.Message) (string, error) {
	r := slack.PublishViewContextRequest{UserID: user, View: slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: rawBlocks(m.BlocksJSON())}}}
	if hash != "" {
		r.Hash = &hash
	}
	v, err := a.web.PublishViewContext(ctx, r)
	if codeOf(err) == "hash_conflict" {
		return "", errNewerView
	}
	if err != nil {
		return "", classify(err)
	}
	return v.Hash, nil
}

// permalink returns the address of a message.
func (a *API) permalink(ctx context.Context, channel, ts string) (string, error) {
	address, err := a.web.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: channel, Ts: ts})
	return address, classify(err)
}

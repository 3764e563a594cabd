package house

import (
	"context"
	"runtime"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/status"
)

// lead is the leader's part: schedule, decide, post.
func (h *house) lead(ctx context.Context, generation uint64) error {
	h.log.Info("leading", zap.Uint64("generation", generation), zap.Int("checks", len(h.cfg.Load().Checks)))
	log, part := h.log.Named("updater"), h.ending.parts.named
	waits := eachMinute(log)
	updater := &publish.Updater{Board: h.board, Ledger: h.ledger, Outbox: h.outbox, Now: h.now, Rules: h.rules,
		Waits: func(incident, product string) {
			waits.Debug("an update waits for the first result", zap.String("incident", incident), zap.String("product", product))
		},
		Done:   func(d publish.Decision) { log.Info("written down", decided(d)...) },
		Failed: untold(log), Unkept: h.unkept}
	stuck := &bot.Stuck{Board: h.board, Outbox: h.outbox, Fallback: h.channels.fallback, Log: log, Now: h.now}
	poster := &bot.Poster{API: h.api, Outbox: h.outbox, Generation: generation, Started: h.begun(),
		Log: h.log.Named("poster"), Now: h.now, Stuck: stuck.Tell}
	h.posting.begin(poster)
	if h.play != nil {
		if err := h.play.Read(ctx, h.storeResults); err != nil {
			return err
		}
	} else {
		h.leading.Store(true)
		defer h.leading.Store(false)
		stored, _ := h.followed.until()
		updater.Begun = awayFrom(time.Now(), time.Unix(0, h.followed.fed.Load()), stored, h.standsBy)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(part("updates", func() error { return updater.Run(ctx) }))
	group.Go(part("posts", func() error { return poster.Run(ctx) }))
	if h.play != nil {
		group.Go(part("playing results", func() error { return h.play.Play(ctx, h.storeResults) }))
		return group.Wait()
	}
	group.Go(part("the schedule", func() error { h.schedule(ctx); return nil }))
	group.Go(part("the agents' gate", func() error { h.letAgentsIn(ctx); return nil }))
	group.Go(part("other ways", func() error { return h.tellElsewhere(ctx, generation) }))
	lastLed := make(chan time.Time, 1) // no update waits for it
	group.Go(part("the pulse", func() error {
		lastLed <- h.ledUntil(ctx) // the pulse is that of the leader before yet
		h.keepPulse(ctx)
		return nil
	}))
	group.Go(part("the watchdog", func() error { h.feedWatchdog(ctx); return nil }))
	group.Go(part("checkpoints", func() error { h.checkpoints().keep(ctx, h.log); return nil }))
	group.Go(part("stored failures", func() error { h.failures().keep(ctx, h.log); return nil }))
	group.Go(part("availability", func() error { h.keepAvailability(ctx); return nil }))
	group.Go(part("heartbeats", func() error { h.watchHeartbeats(ctx, lastLed); return nil }))
	group.Go(part("stored heartbeats", func() error { h.heartbeats().keep(ctx, h.log); return nil }))
	group.Go(part("pruning", func() error { h.prune(ctx); return nil }))
	return group.Wait()
}

const (
	// longAway is for how long nobody measures at most for somebody to have taken over.
	longAway = time.Minute
	// inTime is within how long of the last results an update is to come that is due, when a leader is gone.
	inTime = 15 * time.Second
	// toWrite is what of inTime is left for writing it down.
	toWrite = 2 * time.Second
	// toBegin is how long a process that has just started waits for first results at least: its own checks begin, and agents find it.
	toBegin = 3 * time.Second
)

// awayFrom is from when on updates wait for first results, inTime long. Who stands by and has followed results (fed: the last of them, by
// its own clock) has what the leader before had until it was gone, and the wait is counted from before the last of them: an update that is due is
// not to wait for the lease first, and then as long again as after a start. Who has just started has read what was stored until then,
// and counts from that as long as it comes in time, but that it waits for toBegin: the clock of who stored it is another one. After a longer
// stop, or when nobody measured for long, it is now.
func awayFrom(now, fed, stored, standsBy time.Time) time.Time {
	switch {
	case fed.After(standsBy):
		if now.Sub(fed) < longAway {
			return fed.Add(-toWrite)
		}
	case now.Sub(stored) < inTime && !stored.After(now):
		begun := now.Add(toBegin - inTime)
		if from := stored.Add(-toWrite); from.After(begun) {
			begun = from
		}
		return begun
	}
	return now
}

// untold says what of the updater's looks failed: at once, and then each minute,
// since it looks four times a second and a full disk stays full for hours.
func untold(log *zap.Logger) func(error) {
	log = eachMinute(log)
	return func(err error) { log.Error("not written down or handed over, will try again", zap.Error(err)) }
}

// eachMinute is a log that says a sentence once a minute.
func eachMinute(log *zap.Logger) *zap.Logger {
	return log.WithOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core { return zapcore.NewSamplerWithOptions(c, time.Minute, 1, 0) }))
}

// rules are what the configuration says of what is told, as it is now.
func (h *house) rules() publish.Rules {
	cfg := h.cfg.Load()
	return publish.Rules{Delivery: DeliveryRules(cfg), Every: cfg.Updates.Every, Places: h.channels.announced(), Pictures: h.posting.shows.On(), Command: cfg.Slack.Command, Page: pageAddress(cfg), RemindAfter: cfg.Updates.RemindAfter, Planned: func(at time.Time, standing []incident.Standing) []incident.Muting {
		return PlannedAt(cfg, at, standing)
	}}
}

// DeliveryRules are what a configuration says of how updates are delivered.
func DeliveryRules(cfg *config.Config) incident.Rules {
	mode := map[string]incident.Mode{config.UpdatesEdit: incident.EditLast, config.UpdatesPost: incident.PostEach, config.UpdatesThread: incident.InThread}
	return incident.Rules{Mode: mode[cfg.Updates.Mode], PostAfter: cfg.Updates.PostAfter}
}

// decided is a decision for the process's own log.
func decided(d publish.Decision) []zap.Field {
	e := d.Event
	fields := []zap.Field{zap.String("incident", e.Incident), zap.String("event", string(e.Kind)), zap.String("reason", d.Why)}
	switch e.Kind {
	case incident.Update:
		fields = append(fields, zap.Int("n", e.N), zap.Bool("new_post", e.Post == e.N))
	case incident.Redrawn:
		fields = append(fields, zap.Int("n", e.N))
	case incident.Level, incident.Watched:
		fields = append(fields, zap.String("product", e.Product), zap.String("from", e.From), zap.String("to", e.To))
	case incident.Effect:
		fields = append(fields, zap.Int("mark", e.Mark), zap.String("verdict", e.Verdicts[0].Verdict))
	}
	return fields
}

// every is the cadence of a new incident.
func (h *house) every() time.Duration { return h.cfg.Load().Updates.Every }

// schedule keeps the runner's schedule until ctx ends, and hastens what is in
// doubt.
func (h *house) schedule(ctx context.Context) {
	h.runner.Resume(ctx)
	defer func() {
		s := h.runner.Stats()
		h.log.Info("schedule ended", zap.Uint64("started", s.Started), zap.Uint64("late", s.Late), zap.Uint64("left_out", s.Skipped),
			zap.Uint64("extra", s.Extra), zap.Uint64("dropped", s.Dropped), zap.Duration("jitter_p50", s.JitterP50),
			zap.Duration("jitter_p99", s.JitterP99), zap.Int("running", s.Running), zap.Int("goroutines", runtime.NumGoroutine()))
		h.runner.Pause(context.WithoutCancel(ctx))
	}()
	behind := eachMinute(h.log)
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case now := <-t.C:
			h.keepsUp.note(h.runner.Stats())
			if why := h.clockBehind(now); why != "" {
				behind.Error(why)
			}
			h.runner.Hasten(ctx, doubtful(h.cfg.Load(), h.board.Snapshot(now)))
		case <-ctx.Done():
			return
		}
	}
}

// overloaded returns what is to be said of how this process keeps up.
func (h *house) overloaded() format.Load {
	if !h.leading.Load() {
		return format.Load{} // another one probes
	}
	return h.keepsUp.overloaded()
}

// doubtful returns the products that more results would tell more of, and
// whose owners allow bursts, with how often.
func doubtful(cfg *config.Config, now status.Snapshot) map[string]time.Duration {
	in := map[string]bool{} // :: product id -> in doubt
	for _, p := range now.Products {
		in[p.ID] = p.Doubt
	}
	often := map[string]time.Duration{}
	for _, p := range cfg.Products {
		if p.Burst > 0 && in[p.ID] {
			often[p.ID] = p.Burst
		}
	}
	return often
}

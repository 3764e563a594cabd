package house

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/agent"
	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/metrics"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/ways"
	"github.com/statusbot/statusbot/internal/web"
	"github.com/statusbot/statusbot/internal/web/page"
)

// house is one statusbot process: what it is made of and how it runs.
type house struct {
	cfg     atomic.Pointer[config.Config]  // replaced by a reload
	load    func() (*config.Config, error) // reads the configuration anew; nil: it does not change
	dataDir string
	shown   func(address string) // told where the page is; may be nil
	slack   bot.Config
	log     *zap.Logger
	started time.Time

	journal  *journal.Journal
	board    *status.Board // made before run
	api      *bot.API
	outbox   outbox
	ledger   *publish.Ledger
	shows    *bot.Pictures // what the workspace takes
	pins     bot.Pins      // where it lets us pin
	budget   bot.Budget    // of calls to Slack, over all terms as leader
	troubles bot.Troubles  // what keeps messages from Slack, likewise
	ways     ways.Health   // what becomes of the other ways, likewise
	runner   *runner.Runner
	beats    *heartbeat.Beats
	desk     *agent.Desk                   // of the agents on other networks
	gateShut atomic.Pointer[string]        // why they cannot come in while this process leads; nil: they can, or nobody is to
	counts   *metrics.Tally                // of results, for Prometheus; nil without it
	tally    atomic.Pointer[metrics.Tally] // the same from when the past is read; nil before
	shots    *screenshots
	web      *web.Server                       // nil: web.listen is not set
	pages    *page.Pages                       // nil: page.enabled is not set
	poster   atomic.Pointer[bot.Poster]        // of the present term as leader; nil before the first
	keepsUp  overload                          // how the schedule was kept
	lastLed  time.Time                         // when the leader before this term was there last
	leading  atomic.Bool                       // this process leads
	sockets  atomic.Int64                      // that are open
	requests atomic.Pointer[bot.HTTP]          // where Slack's requests come in; nil in socket mode
	socket   atomic.Pointer[bot.Socket]        // that is run; nil in http mode
	waits    atomic.Pointer[string]            // what starting waits for; nil once people are answered
	ready    chan struct{}                     // closed then; made by run
	refusal  atomic.Pointer[string]            // why Slack does not take us; nil while it does, or does not answer
	heard    atomic.Int64                      // when one was open last, in Unix nanoseconds; 0: never
	newest   atomic.Int64                      // when the newest batch of results was stored, likewise
	ends     atomic.Int64                      // when the result that ended last did, of all that were followed, likewise; 0: there was none
	read     atomic.Pointer[incident.Position] // newest event that was followed; nil before the first
	apart    atomic.Pointer[format.Apart]      // cut off from the other members; nil while it is not
	places   sync.Map                          // :: name of a channel where detected incidents are announced -> its id
	changed  chan struct{}                     // level trigger: the configuration was changed; made before run
	play     Playback                          // recorded results in the place of checks, and their clock; nil: it probes
	added    added                             // checks that were added in Slack
	ending   ending
}

// lease is the name of the one lease: its holder schedules, decides and posts.
const lease = "leader"

// run runs the house until ctx ends or a part of it fails. Its health can be
// asked for from the beginning.
func (h *house) run(ctx context.Context) error {
	h.started, h.ending.begun = time.Now(), make(chan struct{})
	h.api = bot.NewAPI(h.slack)
	h.beats = heartbeat.New(h.log.Named("heartbeats"))
	h.desk = h.newDesk()
	h.ready = make(chan struct{})
	starting := "statusbot is starting: it reads what it knew"
	h.waits.Store(&starting)
	if err := h.listen(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := h.ending.group(ctx)
	part := h.ending.parts.named
	if h.web != nil {
		defer h.web.Close()
		h.log.Info("web", zap.String("address", h.web.URL()))
		group.Go(part("the web", func() error { return h.web.Run(ctx) }))
		if h.pages != nil {
			if h.shown != nil {
				h.shown(h.web.URL() + "/")
			}
			group.Go(part("the page", func() error { return h.pages.Run(ctx) }))
		}
	}
	group.Go(func() error {
		defer stop()
		return h.live(ctx)
	})
	ended := make(chan error, 1)
	go func() { ended <- group.Wait() }()
	return h.end(ctx, ended)
}

// live is run once it listens: everything that needs the journal, which run
// closes.
func (h *house) live(ctx context.Context) error {
	part := h.ending.parts.named
	if err := part("opening the journal", func() error { return h.open(ctx) })(); err != nil {
		return err
	}
	h.ending.opened.Store(true)
	reader := openDoor(h.dataDir, h.journal, h.log.Named("reader"), h.agentDoors, h.lookDoors, h.markDoor, h.apiDoors)
	defer reader.Close()
	if err := part("reading the journal", func() error { return h.furnish(ctx) })(); err != nil {
		return err
	}
	group, ctx := h.ending.group(ctx)
	group.Go(part("watching the journal", func() error { return h.unlessBroken(ctx) }))
	group.Go(part("signing in", func() error { h.keepSignedIn(ctx, time.Second, time.Minute); return nil }))
	past, err := h.follow(ctx, group)
	group.Go(func() error {
		if err != nil {
			return err // unless another part failed first, and ended this one
		}
		if !past(ctx) {
			return nil
		}
		h.log.Info("history read", zap.Uint64("results", h.board.Applied()), zap.Duration("took", time.Since(h.started)))
		return h.front(ctx)
	})
	return group.Wait()
}

// open opens the journal.
func (h *house) open(ctx context.Context) error {
	cfg := h.cfg.Load().Journal
	cluster, err := clusterOf(cfg.Cluster)
	if err != nil {
		return err
	}
	h.ending.member.Store(cluster != nil)
	waits := h.sayPatiently()
	defer h.waits.Store(h.waits.Load())
	return h.patiently(ctx, func() (err error) {
		h.journal, err = journal.Open(ctx, journal.Config{Dir: h.dataDir, Cluster: cluster, Waits: waits, URL: cfg.URL, CredentialsFile: cfg.CredentialsFile,
			Replicas: cfg.Replicas, ResultsAge: cfg.ResultsAge, Twice: []string{addedShelf, grantsShelf, agentsShelf}, Log: h.log.Named("journal")})
		return err
	})
}

// furnish makes what runs once the history is known.
func (h *house) furnish(ctx context.Context) (err error) {
	h.outbox = outbox{h.journal}
	if h.play == nil { // what is played has its own checks, and no others
		if err := h.readAdded(ctx); err != nil {
			return err
		}
	}
	cfg := h.cfg.Load()
	h.shows = &bot.Pictures{Mode: func() string { return h.cfg.Load().Updates.Pictures }}
	h.ledger = &publish.Ledger{Board: h.board, Append: h.appendEvent}
	here := fromHere(cfg.Checks)
	if h.runner, err = runner.New(kinds.Compile, here, h.appendResults, runner.Config{Paused: true,
		PerHost: cfg.Limits.PerHost, BurstPerHost: cfg.Limits.BurstPerHost, Log: h.log.Named("runner")}); err != nil {
		return err
	}
	h.shots = newScreenshots(h.dataDir, "screenshots")
	h.shots.sweep()
	if err := h.beats.Define(cfg.Checks, h.started); err != nil {
		return err
	}
	if err := h.desk.Define(cfg.Checks); err != nil {
		return err
	}
	probe.Seal(here)
	probe.Seal(cfg.Checks)
	h.ending.furnished.Store(true)
	return nil
}

// listen opens the address where other systems push and ask for the health, if
// there is to be one; the caller closes it.
func (h *house) listen() (err error) {
	cfg := h.cfg.Load()
	if cfg.Web.Listen == "" {
		return nil
	}
	inbox := &intake{beats: h.beats, store: func(data []byte) error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return h.journal.AppendResultsDurably(ctx, data)
	}}
	routes, lasts := h.openPages(cfg)
	routes = append(routes, h.hookRoutes())
	h.web, err = web.Listen(web.Config{Listen: cfg.Web.Listen, CertFile: cfg.Web.CertFile, KeyFile: cfg.Web.KeyFile,
		Routes: routes, Lasts: lasts, Inbox: inbox, Ready: h.ready, Health: h.health, Metrics: h.metrics(cfg.Web),
		Alive: h.alive, Waits: h.startWaits, Log: h.log.Named("web")})
	return err
}

// front runs what needs the whole history: answering, and leading.
func (h *house) front(ctx context.Context) error {
	group, ctx := h.ending.group(ctx)
	part := h.ending.parts.named
	access := h.accessTo()
	h.recallGrants(ctx, access.People)
	home := &bot.Home{Board: h.board, API: h.api, Outbox: h.outbox, Access: access, Adds: true,
		Watches: func(user string) []string { return h.board.Log().Desk.Watches[user] }, Log: h.log.Named("home"), Now: h.now}
	shifts := newOnCall(h.cfg.Load, h.api.GroupNames, h.now)
	commands := &bot.Commands{Board: h.board, Ledger: h.ledger, Outbox: h.outbox, API: h.api, Probe: h.runner.Now,
		Every: h.every, Events: func(ctx context.Context, id string) ([]incident.Event, error) { return EventsOf(ctx, h.journal, id) },
		Load: h.overloaded, Unkept: h.unkept, Apart: h.isApart, Lost: h.lost(), Announced: h.announces, Coming: func(after time.Time, standing []incident.Standing) []incident.Muting {
			return comingAfter(h.cfg.Load(), after, standing)
		},
		OnCall: shifts.who, AddedLost: func() bool { return h.added.unread.Load() != nil },
		Name: h.cfg.Load().Slack.Command, Log: h.log.Named("commands"), Now: h.now, Access: access, Adding: h.adding(), Home: home}
	if h.play != nil {
		home.Adds, commands.Adding = false, nil
	}
	dispatcher := bot.NewDispatcher(h.log.Named("dispatcher"), commands.Answer)
	in, err := h.transport(dispatcher.Accept)
	if err != nil {
		return err
	}
	group.Go(part("answers", func() error { return dispatcher.Run(ctx) }))
	group.Go(part("what Slack allowed", func() error { h.keepGrants(ctx, access.People); return nil }))
	group.Go(part("who is on call", func() error { return shifts.run(ctx) }))
	group.Go(part("home tabs", func() error { return home.Run(ctx) }))
	group.Go(part("the connection to Slack", func() error { return in.Run(ctx) }))
	group.Go(part("finding channels", func() error { h.findChannels(ctx); return nil }))
	group.Go(part("checks", func() error { return h.runner.Run(ctx) }))
	group.Go(part("reading the configuration", func() error { h.watchFiles(ctx); return nil }))
	if h.play == nil {
		group.Go(part("added checks", func() error { h.watchAdded(ctx); return nil }))
	}
	group.Go(part("watching the connection to Slack", func() error { h.watchSockets(ctx, in); return nil }))
	group.Go(part("watching the other members", func() error { h.watchApart(ctx); return nil }))
	group.Go(part("comparing the members", func() error { h.compareMembers(ctx); return nil }))
	h.waits.Store(nil)
	close(h.ready)
	group.Go(part("the lease", func() error { return ended(ctx, h.journal.Lead(ctx, lease, h.lead)) }))
	return group.Wait()
}

// lead is the leader's part: schedule, decide, post.
func (h *house) lead(ctx context.Context, generation uint64) error {
	h.log.Info("leading", zap.Uint64("generation", generation), zap.Int("checks", len(h.cfg.Load().Checks)))
	log, part := h.log.Named("updater"), h.ending.parts.named
	updater := &publish.Updater{Board: h.board, Ledger: h.ledger, Outbox: h.outbox, Now: h.now, Rules: h.rules,
		Done:   func(d publish.Decision) { log.Info("written down", decided(d)...) },
		Failed: untold(log), Unkept: h.unkept}
	stuck := &bot.Stuck{Board: h.board, Outbox: h.outbox, Fallback: h.fallback, Log: log, Now: h.now}
	poster := &bot.Poster{API: h.api, Outbox: h.outbox, Generation: generation, Started: h.begun(),
		Log: h.log.Named("poster"), Now: h.now, Pictures: h.shows, Budget: &h.budget, Pins: &h.pins, Stuck: stuck.Tell, Troubles: &h.troubles}
	h.poster.Store(poster)
	if h.play != nil {
		if err := h.play.Read(ctx, h.storeResults); err != nil {
			return err
		}
		group, ctx := errgroup.WithContext(ctx)
		group.Go(part("playing results", func() error { return h.play.Play(ctx, h.storeResults) }))
		group.Go(part("updates", func() error { return updater.Run(ctx) }))
		group.Go(part("posts", func() error { return poster.Run(ctx) }))
		return group.Wait()
	}
	h.lastLed = h.ledUntil(ctx)
	h.leading.Store(true)
	defer h.leading.Store(false)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(part("the schedule", func() error { h.schedule(ctx); return nil }))
	group.Go(part("updates", func() error { return updater.Run(ctx) }))
	group.Go(part("posts", func() error { return poster.Run(ctx) }))
	group.Go(part("the agents' gate", func() error { h.letAgentsIn(ctx); return nil }))
	group.Go(part("other ways", func() error { return h.tellElsewhere(ctx, generation) }))
	group.Go(part("the pulse", func() error { h.keepPulse(ctx); return nil }))
	group.Go(part("the watchdog", func() error { h.feedWatchdog(ctx); return nil }))
	group.Go(part("checkpoints", func() error { h.checkpoints().keep(ctx, h.log); return nil }))
	group.Go(part("stored failures", func() error { h.failures().keep(ctx, h.log); return nil }))
	group.Go(part("availability", func() error { h.keepAvailability(ctx); return nil }))
	group.Go(part("heartbeats", func() error { h.watchHeartbeats(ctx); return nil }))
	group.Go(part("stored heartbeats", func() error { h.heartbeats().keep(ctx, h.log); return nil }))
	group.Go(part("pruning", func() error { h.prune(ctx); return nil }))
	return group.Wait()
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
	return publish.Rules{Delivery: DeliveryRules(cfg), Every: cfg.Updates.Every, Places: h.announced(), Pictures: h.shows.On(), Command: cfg.Slack.Command, Page: pageAddress(cfg), RemindAfter: cfg.Updates.RemindAfter, Planned: func(at time.Time, standing []incident.Standing) []incident.Muting {
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

// begun is when this process started, on the clock of now.
func (h *house) begun() time.Time {
	if h.play != nil {
		return h.play.From()
	}
	return h.started
}

// now is the wall clock, or that of the results that are played.
func (h *house) now() time.Time {
	if h.play != nil {
		return h.play.Now()
	}
	return time.Now()
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

// appendResults is the runner's sink. A journal that does not take results
// within the bound costs these results and is said; the schedule goes on.
func (h *house) appendResults(batch []checks.Result) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	h.ending.storing.Add(int64(len(batch)))
	defer h.ending.storing.Add(-int64(len(batch)))
	h.desk.Mark(batch)
	for i := range batch {
		if err := h.shots.keep(&batch[i]); err != nil {
			h.log.Warn("screenshot not kept", zap.String("check", batch[i].Check), zap.Error(err))
		}
	}
	data, err := checks.EncodeResults(batch)
	if err == nil {
		err = h.storeResults(ctx, data)
	}
	if err != nil {
		if h.ending.hasBegun() {
			h.ending.unstored.Add(int64(len(batch)))
		}
		h.log.Error("results lost", zap.Int("results", len(batch)), zap.Error(err))
	}
}

// storeResults stores encoded results, a line each, in as many messages as they
// need: 64 values and an output of a script are 10 KiB, and a batch of such is
// more than a message takes.
func (h *house) storeResults(ctx context.Context, data []byte) error {
	err := h.journal.AppendResults(ctx, data)
	if !errors.Is(err, journal.ErrTooLarge) {
		return err
	}
	cut := bytes.LastIndexByte(data[:len(data)/2], '\n') + 1
	if cut == 0 {
		cut = bytes.IndexByte(data, '\n') + 1
	}
	if cut == 0 || cut == len(data) {
		return err // unreachable: one result fits
	}
	return errors.Join(h.storeResults(ctx, data[:cut]), h.storeResults(ctx, data[cut:]))
}

func (h *house) appendEvent(ctx context.Context, id string, last uint64, data []byte) (uint64, error) {
	seq, err := h.journal.AppendEvent(ctx, id, last, data)
	if errors.Is(err, journal.ErrConflict) {
		return 0, fmt.Errorf("%w: %w", publish.ErrConflict, err)
	}
	return seq, err
}

// idle waits; false when ctx ended before.
func idle(ctx context.Context, pause time.Duration) bool {
	select {
	case <-time.After(pause):
		return true
	case <-ctx.Done():
		return false
	}
}

package house

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/agent"
	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/metrics"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/spans"
	"github.com/statusbot/statusbot/internal/status"
	"github.com/statusbot/statusbot/internal/ways"
	"github.com/statusbot/statusbot/internal/web"
)

// house is one statusbot process: what it is made of and how it runs. What belongs
// together of it, and is no other's business, is a type with a file of its own.
type house struct {
	cfg     settings
	dataDir string
	log     *zap.Logger
	started time.Time
	play    Playback // recorded results in the place of checks, and their clock; nil: it probes

	// How it starts and ends.
	starting starting
	ending   ending

	// What it knows, and what it has read of the journal.
	journal  *journal.Journal
	board    *status.Board // made before run
	ledger   *publish.Ledger
	outbox   outbox
	followed followed
	apart    atomic.Pointer[format.Apart] // cut off from the other members; nil while it is not
	leading  atomic.Bool                  // this process leads
	standsBy time.Time                    // since when it may lead; set before it does

	// What it measures by.
	runner   *runner.Runner
	keepsUp  overload // how the schedule was kept
	beats    *heartbeat.Beats
	desk     *agent.Desk            // of the agents on other networks
	gateShut atomic.Pointer[string] // why they cannot come in while this process leads; nil: they can, or nobody is to
	added    added                  // checks that were added in Slack
	shots    *screenshots
	counted  counted
	spans    collector

	// Slack.
	slack    bot.Config
	api      *bot.API
	signing  signing
	hearing  hearing
	posting  posting
	back     back     // ends the pauses before the next try once Slack is heard of
	channels channels // made by furnish

	// The other ways, and the web.
	ways ways.Health // what becomes of the other ways, over all terms as leader
	site site
}

// lease is the name of the one lease: its holder schedules, decides and posts.
const lease = "leader"

// run runs the house until ctx ends or a part of it fails. Its health can be
// asked for from the beginning.
func (h *house) run(ctx context.Context) error {
	h.started, h.ending.begun = time.Now(), make(chan struct{})
	h.api = bot.NewAPI(h.slack)
	h.signing = signing{api: h.api, features: h.features, back: &h.back, log: h.log}
	h.beats = heartbeat.New(h.log.Named("heartbeats"))
	h.desk = h.newDesk()
	h.spans.Exporter = spans.New(eachMinute(h.log.Named("spans")))
	h.starting.begin()
	h.starting.says("statusbot is starting: it reads what it knew")
	if err := h.listen(); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := h.ending.group(ctx)
	part := h.ending.parts.named
	defer h.site.close()
	h.site.run(ctx, group, part, h.log)
	group.Go(func() error {
		defer stop()
		return h.live(ctx)
	})
	group.Go(func() error { h.sayStart(ctx, saysWaits); return nil })
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
	reader := openDoor(h.dataDir, h.journal, doorLook, h.log.Named("reader"), h.agentDoors, h.lookDoors, h.markDoor, h.apiDoors)
	defer reader.Close()
	if err := part("reading the journal", func() error { return h.furnish(ctx) })(); err != nil {
		return err
	}
	group, ctx := h.ending.group(ctx)
	group.Go(part("watching the journal", func() error { return h.unlessBroken(ctx) }))
	group.Go(part("signing in", func() error { h.signing.keep(ctx, time.Second, time.Minute); return nil }))
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
	defer h.starting.again()()
	step := func(what string) {
		says := "statusbot is starting: it " + what
		if was, _ := h.starting.why(); strings.HasPrefix(was, noAnswer) { // who waits for the cluster's sake wants to know that first
			says, _, _ = strings.Cut(was, "; now it ")
			says += "; now it " + what
		}
		h.starting.says(says)
	}
	return h.patiently(ctx, func() (err error) {
		h.journal, err = journal.Open(ctx, journal.Config{Dir: h.dataDir, Cluster: cluster, Waits: waits, Step: step, Basis: h.cfg.basis, URL: cfg.URL, CredentialsFile: cfg.CredentialsFile,
			Replicas: cfg.Replicas, ResultsAge: cfg.ResultsAge, Twice: []string{addedShelf, grantsShelf, agentsShelf}, Log: h.log.Named("journal")})
		return err
	})
}

// furnish makes what runs once the history is known.
func (h *house) furnish(ctx context.Context) (err error) {
	h.outbox = newOutbox(h.journal)
	if h.play == nil { // what is played has its own checks, and no others
		if err := h.readAdded(ctx); err != nil {
			return err
		}
	}
	cfg := h.cfg.Load()
	h.channels = channels{settings: &h.cfg, api: h.api, journal: h.journal, back: &h.back, log: h.log}
	h.posting.shows = &bot.Pictures{Mode: func() string { return h.cfg.Load().Updates.Pictures }}
	h.ledger = &publish.Ledger{Board: h.board, Append: h.appendEvent}
	here := fromHere(cfg.Checks)
	if h.runner, err = runner.New(kinds.Compile, here, h.appendResults, runner.Config{Paused: true,
		PerHost: cfg.Limits.PerHost, BurstPerHost: cfg.Limits.BurstPerHost, Log: h.log.Named("runner")}); err != nil {
		return err
	}
	if err := h.spans.tell(cfg, h.runner); err != nil {
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
	h.site.web, err = web.Listen(web.Config{Listen: cfg.Web.Listen, CertFile: cfg.Web.CertFile, KeyFile: cfg.Web.KeyFile,
		Routes: routes, Lasts: lasts, Inbox: inbox, Ready: h.starting.ready, Health: h.health, Metrics: h.metrics(cfg.Web),
		Alive: h.alive, Waits: h.startWaits, Log: h.log.Named("web")})
	return err
}

// front runs what needs the whole history: answering, and leading.
func (h *house) front(ctx context.Context) error {
	group, ctx := h.ending.group(ctx)
	part := h.ending.parts.named
	access := h.accessTo()
	h.recallGrants(ctx, access.People)
	shifts := newOnCall(h.cfg.Load, h.api.GroupNames, h.now)
	commands := h.commands(access, shifts)
	dispatcher := bot.NewDispatcher(h.log.Named("dispatcher"), commands.Answer)
	in, err := h.transport(dispatcher.Accept)
	if err != nil {
		return err
	}
	group.Go(part("answers", func() error { return dispatcher.Run(ctx) }))
	group.Go(part("what Slack allowed", func() error { h.keepGrants(ctx, access.People); return nil }))
	group.Go(part("who is on call", func() error { return shifts.run(ctx) }))
	group.Go(part("home tabs", func() error { return commands.Home.Run(ctx) }))
	group.Go(part("the connection to Slack", func() error { return in.Run(ctx) }))
	group.Go(part("finding channels", func() error { h.channels.find(ctx); return nil }))
	group.Go(part("checks", func() error { return h.runner.Run(ctx) }))
	group.Go(part("spans", func() error { h.spans.Run(ctx); return nil }))
	group.Go(part("reading the configuration", func() error { h.watchFiles(ctx); return nil }))
	if h.play == nil {
		group.Go(part("added checks", func() error { h.watchAdded(ctx); return nil }))
	}
	group.Go(part("watching the connection to Slack", func() error { h.hearing.watch(ctx, in); return nil }))
	group.Go(part("watching the other members", func() error { h.watchApart(ctx); return nil }))
	group.Go(part("comparing the members", func() error { h.compareMembers(ctx); return nil }))
	h.starting.over()
	h.standsBy = time.Now()
	group.Go(part("the lease", func() error { return ended(ctx, h.journal.Lead(ctx, lease, h.lead)) }))
	return group.Wait()
}

// commands makes what answers people: commands, and their home tabs.
func (h *house) commands(access *bot.Access, shifts *onCall) *bot.Commands {
	cfg := h.cfg.Load
	itself := bot.Itself{Load: h.overloaded, Unkept: h.unkept, Apart: h.isApart, Lost: h.lost(),
		AddedLost: func() bool { return h.added.unread.Load() != nil }, Page: func() string { return pageAddress(cfg()) }, Version: metrics.Version()}
	lookups := bot.Lookups{Probe: h.runner.Now, Events: h.eventsOf, Announced: h.channels.announces, OnCall: shifts.who,
		Coming: func(after time.Time, standing []incident.Standing) []incident.Muting {
			return comingAfter(cfg(), after, standing)
		}}
	c := &bot.Commands{Board: h.board, Name: cfg().Slack.Command, Now: h.now, Log: h.log.Named("commands"), Lookups: lookups, Itself: itself,
		Ledger: h.ledger, Every: h.every, API: h.api, Outbox: h.outbox, Access: access}
	c.Home = &bot.Home{Board: h.board, API: h.api, Outbox: h.outbox, Access: access, Itself: itself, Adds: h.play == nil,
		Watches: func(user string) []string { return h.board.Log().Desk.Watches[user] }, Log: h.log.Named("home"), Now: h.now}
	if h.play == nil { // what is played has its own checks
		c.Adding = h.adding()
	}
	return c
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

package bot_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/bot/bottest"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
	"github.com/statusbot/statusbot/internal/status"
)

const (
	channel = "incident-demo"
	// channelID and generalID are the sandbox's ids of its channels.
	channelID = "C0INCIDENTDEMO"
	generalID = "C0GENERAL0"
	ana, ben  = "U0ANA0001", "U0BEN0001"
)

// check ends the test on an error.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// limit is a context for one test: far more than it needs.
func limit(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// patience is how many times as long as Slack's 3 s an answer may take in a
// test: a busy machine is not what is tested.
const patience = 20

// inTime has a test of Slack's 3 s keep them.
func inTime(t testing.TB) { onTime.Store(t.Name(), true) }

var onTime sync.Map // :: name of a test -> it was said of it

// waits is how many times as long as Slack a test waits for an answer.
func waits(t testing.TB) int {
	if _, ok := onTime.Load(t.Name()); ok {
		return 1
	}
	return patience
}

// goes runs a part until the test ends and waits for it; stop ends it sooner.
func goes(t testing.TB, name string, run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(bot.Patiently(context.Background(), waits(t)))
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%s ended with %v", name, err)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s did not end with its context", name)
		}
	})
	t.Cleanup(stop)
	return stop
}

// slackOf runs a workspace until the test ends. At the end it looks through
// the log: whatever was sent must have been what Slack takes.
func slackOf(t testing.TB, cfg sandbox.Config) (*sandbox.Workspace, sandboxtest.Client) {
	t.Helper()
	cfg.AckWithin = time.Duration(waits(t)) * 3 * time.Second
	if cfg.TriggerLife == 0 {
		cfg.TriggerLife = cfg.AckWithin
	}
	w, err := sandbox.New(cfg)
	check(t, err)
	goes(t, "sandbox", w.Run)
	c := sandboxtest.Client{Base: w.URL()}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		log, err := c.Log(ctx, 0, "")
		if err != nil {
			t.Errorf("read the sandbox's log: %v", err)
		}
		for _, e := range log {
			for _, bad := range []string{"invalid_blocks", "msg_blocks_too_long", "msg_too_long", "no_text", "invalid_arguments", "unknown_method", "metadata"} {
				if bad == "invalid_blocks" && (len(cfg.RefusedBlocks) > 0 || cfg.FileProcessing > 0) {
					continue // the bot cannot know before it tries
				}
				if bytes.Contains(e.Answer, []byte(`"error":"`+bad)) {
					t.Errorf("%s %v was answered with %s", e.Method, e.Args, e.Answer)
				}
			}
			if e.Method == "socket.ack_refused" || e.Method == "socket.ack_dropped" || e.Method == "socket.bad_frame" {
				t.Errorf("%s %v %s", e.Method, e.Args, e.Answer)
			}
		}
	})
	return w, c
}

func config(w *sandbox.Workspace) bot.Config {
	return bot.Config{APIURL: w.APIURL(), BotToken: w.BotToken(), AppToken: w.AppToken()}
}

// house is a bot at a sandbox, with a real board and everything else real but
// the journal.
type house struct {
	probe   func(context.Context, []string) <-chan checks.Result // what "now" asks; nil if a test does not
	w       *sandbox.Workspace
	c       sandboxtest.Client
	api     *bot.API
	feeder  *publishtest.Feeder
	journal *publishtest.Journal
	ledger  *publish.Ledger
	outbox  *bottest.Outbox
	probed  atomic.Int32 // how often a probe was asked for, in a house with a policy
	access  *bot.Access  // nil: everybody may do everything
	adding  *bot.Adding  // nil: no check can be added
	home    *bot.Home    // nil: the home stays empty
}

func newHouse(t testing.TB, def status.Definition, cfg sandbox.Config) *house {
	t.Helper()
	w, c := slackOf(t, cfg)
	h := &house{w: w, c: c, api: bot.NewAPI(config(w)), journal: &publishtest.Journal{}, outbox: bottest.NewOutbox(),
		feeder: &publishtest.Feeder{Board: status.NewBoard(def), At: time.Now().Add(-5 * time.Minute)}}
	h.ledger = &publish.Ledger{Board: h.feeder.Board, Append: h.journal.Append}
	check(t, h.api.Check(limit(t)))
	return h
}

// plain are the commands alone: without probing, access, adding and home.
func (h *house) plain() *bot.Commands {
	return &bot.Commands{Board: h.feeder.Board, Ledger: h.ledger, Outbox: h.outbox, API: h.api, Every: lasts(time.Minute), Log: zap.NewNop(), Now: time.Now}
}

// answering gives them what is delivered; it is not run yet.
func (h *house) answering() *bot.Dispatcher {
	return bot.NewDispatcher(zap.NewNop(), h.plain().Answer)
}

// hears runs a socket whose envelopes are answered.
func (h *house) hears(t testing.TB, s *bot.Socket) {
	t.Helper()
	d := h.answering()
	s.Deliver = d.Accept
	goes(t, "dispatcher", d.Run)
	goes(t, "socket", s.Run)
}

// commands runs the answering half: transport, dispatcher and commands.
func (h *house) commands(t testing.TB) {
	t.Helper()
	answers := &bot.Commands{Board: h.feeder.Board, Ledger: h.ledger, Outbox: h.outbox, API: h.api,
		Every: lasts(5 * time.Minute), Log: zap.NewNop(), Now: time.Now, Access: h.access, Adding: h.adding, Home: h.home,
		Itself:  bot.Itself{Page: func() string { return "https://status.example.com/" }, Version: "1.2.3"},
		Lookups: bot.Lookups{Probe: h.probe, Events: func(_ context.Context, id string) ([]incident.Event, error) { return h.journal.Of(id), nil }}}
	d := bot.NewDispatcher(zap.NewNop(), answers.Answer)
	goes(t, "dispatcher", d.Run)
	h.transport(t, d.Accept)
}

// poster runs a poster; stop ends it.
func (h *house) poster(t testing.TB, change ...func(*bot.Poster)) (stop func()) {
	t.Helper()
	p := &bot.Poster{API: h.api, Outbox: h.outbox, Generation: 1, Started: time.Now(), Log: zap.NewNop(), Now: time.Now}
	for _, c := range change {
		c(p)
	}
	return goes(t, "poster", p.Run)
}

// types sends what a person types and returns the answer, which must be there.
func (h *house) types(t testing.TB, user, text string) sandboxtest.Answer {
	t.Helper()
	a, err := h.c.Command(limit(t), channel, user, text)
	check(t, err)
	if !a.Acked || a.Error != "" {
		t.Fatalf("%s typed %q: %+v, want an answer", user, text, a)
	}
	return a
}

// shows is all that a reply says, blocks included.
func shows(text string, blocks []byte) string {
	return text + "\n" + strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\n`, "\n", `\"`, `"`, "\u00a0", " ").Replace(string(blocks))
}

// says reports an error unless the answer says each of these.
func says(t testing.TB, a sandboxtest.Answer, what ...string) {
	t.Helper()
	if a.Reply == nil {
		t.Errorf("the answer says nothing, want %q", what)
		return
	}
	if a.Reply.ResponseType != "ephemeral" {
		t.Errorf("the answer is %s, want it for the person alone", a.Reply.ResponseType)
	}
	said := shows(a.Reply.Text, a.Reply.Blocks)
	for _, w := range what {
		if !strings.Contains(said, w) {
			t.Errorf("the answer lacks %q:\n%s", w, said)
		}
	}
}

// sees waits for a message that a person sees and that says all of these.
func (h *house) sees(t testing.TB, ch, user string, what ...string) sandboxtest.Message {
	t.Helper()
	m, err := h.c.WaitMessage(limit(t), ch, user, func(m sandboxtest.Message) bool {
		said := shows(m.Text, m.Blocks)
		for _, w := range what {
			if !strings.Contains(said, w) {
				return false
			}
		}
		return !m.Deleted
	})
	if err != nil {
		t.Fatalf("want a message with %q: %v", what, err)
	}
	return m
}

// posts are the messages of the bot that everybody sees.
func (h *house) posts(t testing.TB, ch string) []sandboxtest.Message {
	t.Helper()
	all, err := h.c.Messages(limit(t), ch, "ana")
	check(t, err)
	var out []sandboxtest.Message
	for _, m := range all {
		if m.BotID != "" && !m.Ephemeral && !m.Deleted {
			out = append(out, m)
		}
	}
	return out
}

// until waits for a condition.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	ctx := limit(t)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

func contains(s string, all ...string) bool {
	for _, part := range all {
		if !strings.Contains(s, part) {
			return false
		}
	}
	return true
}

// updater decides for the channel; change sets what a test wants otherwise.
func (h *house) updater(change func(*publish.Updater, *publish.Rules)) *publish.Updater {
	r := &publish.Rules{Every: 5 * time.Minute}
	u := &publish.Updater{Board: h.feeder.Board, Ledger: h.ledger, Outbox: h.outbox, Now: time.Now, Rules: func() publish.Rules { return *r }}
	if change != nil {
		change(u, r)
	}
	return u
}

// in announces detected incidents in a channel.
func in(channel string) func(*publish.Updater, *publish.Rules) {
	return func(_ *publish.Updater, r *publish.Rules) { r.Places = []publish.Place{{Channel: channel}} }
}

// TestMain lets more tests run at once than there are processors: most of
// them wait for a socket.
func TestMain(m *testing.M) {
	longtest.Roomy()
	longtest.AtOnce(16, 8)
	os.Exit(m.Run())
}

// lasts is a setting that does not change.
func lasts(d time.Duration) func() time.Duration { return func() time.Duration { return d } }

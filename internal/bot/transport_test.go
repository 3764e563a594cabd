package bot_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

const overHTTP = "TestOverHTTP"

// TestOverHTTP runs the tests of what people see once more, with requests of
// Slack's in place of sockets: house.transport looks at the test's name. A
// test of an answer belongs here.
func TestOverHTTP(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T){
		"every command":                   TestEveryCommand,
		"a lost write":                    TestALostWriteIsSaid,
		"a large answer":                  TestALargeAnswerArrives,
		"an answer too large to ack":      TestAnAnswerThatNoAckCanCarryArrives,
		"a mention":                       TestAMentionIsAnsweredWhereItWasSaid,
		"an event that nobody answers":    TestAnEnvelopeThatNobodyAnswersIsAcked,
		"buttons of an answer":            TestButtonsOfAnAnswerReplaceIt,
		"buttons of an update":            TestButtonsOfAnUpdate,
		"marks":                           TestMarks,
		"notes, acks and pauses":          TestNotesAcksAndPauses,
		"mutes":                           TestMutes,
		"watches":                         TestWatches,
		"a message is marked":             TestAMessageIsMarked,
		"reactions":                       TestReactionsOnAnUpdate,
		"a table of checks":               TestManyChecksInATable,
		"sources as a file":               TestSourcesAsAFile,
		"share":                           TestShareIsPostedOnce,
		"probe now":                       TestProbeNow,
		"probes that hang":                TestProbesThatHang,
		"hostile text":                    TestHostileTextPingsNobody,
		"a retry is answered once":        TestARetryIsAnsweredOnce,
		"a late mention is answered":      TestALateMentionIsAnsweredOnce,
		"unacked":                         TestWhatIsNotAckedIsSaid,
		"everything at once":              TestManyAtOnce,
		"a direct message":                TestADirectMessageIsAnswered,
		"more products than a menu holds": TestMoreProductsThanAMenuHolds,
		"the home":                        TestTheHome,
		"a check is added":                TestACheckIsAdded,
		"who may do what":                 TestWhoMayDoWhat,
		"mentions and buttons of guests":  TestMentionsAndButtonsOfGuests,
	} {
		t.Run(name, test)
	}
}

// transport brings what people do to deliver, over sockets or by requests.
func (h *house) transport(t testing.TB, deliver func(context.Context, bot.Envelope)) {
	t.Helper()
	if !strings.HasPrefix(t.Name(), overHTTP+"/") {
		s := &bot.Socket{Config: config(h.w), Deliver: deliver, Log: zap.NewNop()}
		s.SetTogether() // how they are opened apart is socket_test's
		goes(t, "socket", s.Run)
		check(t, h.c.WaitConnections(limit(t), 2))
		return
	}
	h.requests(t, bot.HTTPConfig{Deliver: deliver})
}

// requests runs the HTTP transport and tells the workspace of it.
func (h *house) requests(t testing.TB, cfg bot.HTTPConfig) *bot.HTTP {
	t.Helper()
	cfg.Listen, cfg.Secret = "127.0.0.1:0", h.w.SigningSecret()
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	in, err := bot.ListenHTTP(cfg)
	check(t, err)
	goes(t, "requests", in.Run)
	check(t, h.c.UseHTTP(limit(t), sandboxtest.HTTPMode{Commands: in.URL() + bot.PathCommands,
		Interactions: in.URL() + bot.PathInteractions, Events: in.URL() + bot.PathEvents, Options: in.URL() + bot.PathOptions}))
	return in
}

// TestARetryIsAnsweredOnce: Slack gets no ack of a mention and sends it again;
// the person gets one answer.
func TestARetryIsAnsweredOnce(t *testing.T) {
	inTime(t)
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true, EventRetries: []time.Duration{0, 0, 0}})
	h.feeder.Feed(300, nil)
	d := h.answering()
	goes(t, "dispatcher", d.Run)
	var came atomic.Int32
	last := longtest.Of[int32](2, 3) // delivery: each that is not acked is waited for, 3 s
	h.transport(t, func(ctx context.Context, e bot.Envelope) {
		if came.Add(1) < last {
			e = e.Unheard() // the ack is lost; the answer is not
		}
		d.Accept(ctx, e)
	})
	a, err := h.c.Command(limit(t), channel, "ben", "@statusbot billing")
	check(t, err)
	if a.Acked {
		t.Fatalf("%+v: the first delivery was acked", a)
	}
	h.sees(t, channel, "ben", "Billing")
	until(t, "the last delivery is acked", func() bool { return came.Load() == last })
	// Whatever comes after them is answered after them.
	says(t, h.types(t, "ben", "/status help"), "`/status sources`")
	if n := len(h.calls(t, "chat.postEphemeral")); n != 1 {
		t.Errorf("%d answers, want 1", n)
	}
}

// TestALateMentionIsAnsweredOnce: the answer takes longer than Slack waits;
// the ack comes too late, Slack sends it again, and the answer is given once.
func TestALateMentionIsAnsweredOnce(t *testing.T) {
	inTime(t)
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true, EventRetries: []time.Duration{0}})
	h.feeder.Feed(300, nil)
	answers := h.plain()
	release := make(chan struct{})
	d := bot.NewDispatcher(zap.NewNop(), func(ctx context.Context, e bot.Envelope) {
		<-release
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute)
		defer cancel()
		answers.Answer(ctx, e)
	})
	goes(t, "dispatcher", d.Run)
	h.transport(t, d.Accept)
	a, err := h.c.Command(limit(t), channel, "ben", "@statusbot billing")
	check(t, err)
	if a.Acked {
		t.Fatalf("%+v: it was acked before it was answered", a)
	}
	close(release)
	h.sees(t, channel, "ben", "Billing")
	says(t, h.types(t, "ben", "/status help"), "`/status sources`")
	if n := len(h.calls(t, "chat.postEphemeral")); n != 1 {
		t.Errorf("%d answers, want 1", n)
	}
}

// TestWhatIsNotAckedIsSaid: a command or a click that nobody takes is said by
// Slack, not lost in silence.
func TestWhatIsNotAckedIsSaid(t *testing.T) {
	inTime(t)
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, nil)
	h.transport(t, func(_ context.Context, e bot.Envelope) { e.Drop() })
	a, err := h.c.Command(limit(t), channel, "ana", "/status")
	check(t, err)
	if a.Acked || (a.Error != "operation_timeout" && a.Error != "dispatch_failed") {
		t.Errorf("%+v, want that it failed", a)
	}
	m := h.sees(t, channel, "ana", "/status failed with the error")
	if !m.Error || !m.Ephemeral {
		t.Errorf("%+v, want a line of Slack's own for ana alone", m)
	}
}

// TestManyAtOnce: more people at the same time than there are workers get an
// answer each.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, publishtest.Tenth("pay"))
	h.commands(t)
	texts := []string{"/status", "/status billing", "/statusbot sources", "/status lake"}
	got := make(chan string, 16)
	for i := range cap(got) {
		go func() {
			a, err := h.c.Command(limit(t), channel, "ana", texts[i%len(texts)])
			if err == nil && a.Reply == nil {
				err = fmt.Errorf("%s: %+v", texts[i%len(texts)], a)
			}
			got <- fmt.Sprint(err)
		}()
	}
	for range cap(got) {
		if said := <-got; said != "<nil>" {
			t.Error(said)
		}
	}
}

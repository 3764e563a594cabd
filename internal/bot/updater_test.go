package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/bot/bottest"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/status"
)

// night is when the drill begins; all times in it are of the test.
var night = time.Date(2026, 3, 3, 19, 30, 0, 0, time.UTC)

// drill is an updater whose clock the test sets, step by step.
type drill struct {
	t       *testing.T
	feeder  *feeder
	journal *journal
	ledger  *publish.Ledger
	outbox  bot.Outbox
	updater *publish.Updater
	told    int // updates reported by step so far
}

func newDrill(t *testing.T) *drill {
	d := &drill{t: t, journal: &journal{}, outbox: bottest.NewOutbox(),
		feeder: &feeder{board: status.NewBoard(acme()), at: night}}
	d.ledger = &publish.Ledger{Board: d.feeder.board, Append: d.journal.Append}
	d.starts()
	return d
}

// starts begins a term: what the updater before it had in memory is gone.
func (d *drill) starts() {
	rules := publish.Rules{Every: 5 * time.Minute, Places: []publish.Place{{Channel: channelID}}}
	d.updater = &publish.Updater{Board: d.feeder.board, Ledger: d.ledger, Outbox: d.outbox, Rules: func() publish.Rules { return rules },
		Now: func() time.Time { return d.feeder.at }}
}

// step decides at the time up to which results have come, and returns what
// updates it wrote down: "#2 edits #1", "#3".
func (d *drill) step() string {
	d.t.Helper()
	check(d.t, d.updater.Step(d.t.Context(), d.feeder.at))
	var said []string
	updates := d.journal.events(incident.Update)
	for _, e := range updates[d.told:] {
		s := fmt.Sprintf("#%d", e.N)
		if e.Post != e.N {
			s += fmt.Sprintf(" edits #%d", e.Post)
		}
		said = append(said, s)
	}
	d.told = len(updates)
	return strings.Join(said, ", ")
}

// pass feeds seconds and looks after each of them, as often as needed here.
func (d *drill) pass(seconds int, failing func(int, string) bool) string {
	d.t.Helper()
	var said []string
	for i := range seconds {
		d.feeder.feed(1, func(_ int, check string) bool { return failing != nil && failing(i, check) })
		if s := d.step(); s != "" {
			said = append(said, s)
		}
	}
	return strings.Join(said, ", ")
}

func (d *drill) want(when, got, want string) {
	d.t.Helper()
	if got != want {
		d.t.Fatalf("%s: updates %q, want %q", when, got, want)
	}
}

// newest is the outbox's body of an incident.
func (d *drill) newest(id string) (b publish.Body) {
	d.t.Helper()
	read, stop := context.WithCancel(d.t.Context())
	_ = d.outbox.Watch(read, func(e publish.Entry) error {
		if e.Key == "updates/"+id && e.Dest == channelID {
			check(d.t, json.Unmarshal(e.Body, &b))
		}
		return nil
	}, stop)
	return b
}

func (d *drill) says(id string, what ...string) {
	d.t.Helper()
	b := d.newest(id)
	if said := shows(b.Text, b.Blocks); !contains(said, what...) {
		d.t.Errorf("the newest update of %s says\n%s\nwant %q in it", id, said, what)
	}
}

func (d *drill) person(decide func(incident.Log) (incident.Event, error)) {
	d.t.Helper()
	_, err := d.ledger.Write(d.t.Context(), decide)
	check(d.t, err)
}

func (d *drill) open() (open []string) {
	for _, i := range d.feeder.board.Log().Incidents {
		if i.Open() {
			open = append(open, i.ID)
		}
	}
	return open
}

// TestTheStoryOfADetectedIncident goes by the clock of the test.
func TestTheStoryOfADetectedIncident(t *testing.T) {
	d := newDrill(t)
	d.want("all is well", d.pass(120, nil), "")
	d.want("billing fails now and then", d.pass(25, third("pay")), "#1")
	d.says("inc-1", "Impact update #1: 1 of 3 products", "Billing", "detected")
	if opened := d.journal.events(incident.Opened); len(opened) != 1 || opened[0].By != "" || !strings.HasPrefix(opened[0].Why, "Billing: ") {
		t.Errorf("opened: %+v", opened)
	}
	d.want("the lake breaks within a minute", d.pass(20, third("query")), "#2 edits #1")
	d.says("inc-1", "2 of 3 products degraded, none down", "Data Lake")
	d.want("and is down", d.pass(60, always("query")), "#3 edits #1")
	d.want("all goes on until it is due", d.pass(235, always("query")), "")
	d.want("it is due, and billing is well again", d.pass(70, always("query")), "#4")
	d.want("a minute goes by", d.pass(65, always("query")), "")
	d.want("billing breaks, and is down a few seconds later", d.pass(20, always("query", "pay", "ledger")), "#5, #6 edits #5")
	d.says("inc-1", "2 of 3 products down")
	d.want("and is well, like all others", d.pass(200, nil), "#7")
	d.says("inc-1", "No longer failing at the incident's rate: 2 of 3 products, 1 not measured. Proving the recovery of 2 products; Data Lake takes longest: ", " of about 4", "until below 1 % is proven", "ends when the recovery is proven, or ")
	if diff := cmp.Diff([]string{"inc-1"}, d.open()); diff != "" {
		t.Errorf("open incidents (-want +got):\n%s", diff)
	}
	d.want("it is quiet while it is proven", d.pass(200, nil), "#8 edits #7")
	if d.journal.events(incident.Proven) != nil {
		t.Error("the recovery counts as proven after 6 min")
	}
	d.want("the proof ends it", d.pass(400, nil), "#9")
	d.says("inc-1", "Recovered: 2 of 3 products as usual, 1 not measured, after 9 min. Updates end (update #9).", "below 1 % with 99 % confidence")
	if open := d.open(); open != nil {
		t.Errorf("still open: %v", open)
	}
	proofs := d.journal.events(incident.Proven)
	if len(proofs) != 1 || len(proofs[0].Products) != 2 || !strings.Contains(proofs[0].Why, "Billing below 1 % with 99 % confidence, 0 of ") {
		t.Errorf("proofs %+v", proofs)
	}
	d.want("and that is all", d.pass(900, nil), "")
}

// TestARelapseBeforeTheProof: the incident goes on, and its proof is that of
// the second recovery.
func TestARelapseBeforeTheProof(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.pass(120, always("query"))
	d.pass(200, nil)
	d.says("inc-1", "No longer failing at the incident's rate", "Proving the recovery: Data Lake ")
	before := d.told
	d.want("it fails again", d.pass(20, always("query")), fmt.Sprintf("#%d, #%d edits #%d", before+1, before+2, before+1))
	d.says("inc-1", fmt.Sprintf("Impact update #%d: failing again, 1 of 3 products down.", before+2), "In trouble again since ", "failed again ")
	d.pass(700, always("query"))
	d.says("inc-1", "In trouble again since ")
	if said := d.newest("inc-1").Text; strings.Contains(said, "failing again") {
		t.Errorf("minutes later that is no news: %s", said)
	}
	d.pass(1200, nil)
	d.says("inc-1", "Recovered: 2 of 3 products as usual")
	for kind, want := range map[incident.Kind]int{incident.Opened: 1, incident.Proving: 2, incident.Relapsed: 1, incident.Proven: 1, incident.Resolved: 1, incident.Reopened: 0} {
		if n := len(d.journal.events(kind)); n != want {
			t.Errorf("%d of %s, want %d", n, kind, want)
		}
	}
	d.pass(300, always("query"))
	if got := d.journal.events(incident.Reopened); len(got) != 1 {
		t.Fatalf("after the end it is re-opened %d times, want once", len(got))
	}
}

// TestWhereChecksAreRare nobody waits for hours until the proof is there: the
// incident ends without, says so, and tells the proof when it comes.
func TestWhereChecksAreRare(t *testing.T) {
	d := newDrill(t)
	minutes := func(n int, failing func(int, string) bool) string { // a result of each check a minute
		var said []string
		for i := range n {
			d.feeder.feed(1, func(_ int, check string) bool { return failing != nil && failing(i, check) })
			d.feeder.at = d.feeder.at.Add(59 * time.Second)
			if s := d.step(); s != "" {
				said = append(said, s)
			}
		}
		return strings.Join(said, ", ")
	}
	minutes(120, nil)
	minutes(30, always("query"))
	minutes(60, nil)
	steps := d.journal.events(incident.Proving)
	if len(steps) != 1 {
		t.Fatalf("%d first steps, want 1", len(steps))
	}
	n, posts := d.told, 0
	minutes(100, nil)
	d.says("inc-1", "Proving the recovery: Data Lake ", " more (update #")
	for _, e := range d.journal.events(incident.Update)[n:] {
		if e.Post == e.N {
			posts++
		}
	}
	if posts > 0 {
		t.Errorf("%d posts while nothing changes", posts)
	}
	minutes(20, nil)
	ends := d.journal.events(incident.Resolved)
	if len(ends) != 1 || ends[0].At.Sub(steps[0].At) < 2*time.Hour || ends[0].At.Sub(steps[0].At) > 2*time.Hour+2*time.Minute || !cmp.Equal(ends[0].Products, []string{"lake"}) {
		t.Fatalf("ends %+v, want one 2 h after %s", ends, steps[0].At)
	}
	d.says("inc-1", "Closed 2 h later; the recovery is not proven: Data Lake, 0 of ", "which shows below ", "with 99 % confidence", "Below 1 % is not proven: 0 of ")
	if said := d.newest("inc-1"); strings.Contains(strings.ToLower(shows(said.Text, said.Blocks)), "recovered") {
		t.Errorf("it says that it recovered: %s", said.Text)
	}
	d.want("no update, but the proof", minutes(400, nil), "")
	d.says("inc-1", "Recovered: 2 of 3 products as usual", "below 1 % with 99 % confidence")
	if n := len(d.journal.events(incident.Proven)); n != 1 {
		t.Errorf("%d proofs, want 1", n)
	}
}

// TestAPersonsIncidentTellsBothSteps and goes on, without a post for each half
// hour in which nothing happens.
func TestAPersonsIncidentTellsBothSteps(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.person(func(log incident.Log) (incident.Event, error) {
		return log.Start(d.feeder.at, ben, channelID, "Queries fail", 5*time.Minute)
	})
	d.pass(120, always("query"))
	d.pass(200, nil)
	d.says("inc-1", "Proving the recovery: Data Lake ")
	if said := d.newest("inc-1"); strings.Contains(shows(said.Text, said.Blocks), "ends when") {
		t.Error("it says that what a person started ends by itself")
	}
	d.pass(900, nil)
	if n := len(d.journal.events(incident.Proven)); n != 1 {
		t.Fatalf("%d proofs, want 1", n)
	}
	n := d.told
	d.pass(3600, nil)
	for _, e := range d.journal.events(incident.Update)[n:] {
		if e.Post == e.N {
			t.Errorf("update %d is a post: %s", e.N, e.Why)
		}
	}
	n = d.told
	d.want("it fails again", d.pass(10, always("query")), fmt.Sprintf("#%d, #%d edits #%d", n+1, n+2, n+1))
}

func TestWhatAPersonStoppedStaysStoppedUntilItIsWorse(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.want("the lake fails now and then", d.pass(30, third("query")), "#1")
	d.want("and goes down", d.pass(150, always("query")), "#2 edits #1")
	d.says("inc-1", "Data Lake", "down")
	d.person(func(log incident.Log) (incident.Event, error) { return log.Stop(d.feeder.at, ana, channelID, "") })
	d.want("the last word", d.pass(1, always("query")), "#3")
	d.says("inc-1", "Updates ended by <@"+ana+">", "still down")
	d.want("it goes on", d.pass(120, always("query")), "")
	d.want("it gets better, and not well", d.pass(120, func(i int, check string) bool { return check == "query" && i%4 == 0 }), "")
	if open := d.open(); open != nil {
		t.Fatalf("%v opened again by itself", open)
	}
	if got := d.pass(60, always("query", "pay", "ledger")); got == "" {
		t.Error("another product breaks, and nothing is told")
	}
	if diff := cmp.Diff([]string{"inc-2"}, d.open()); diff != "" {
		t.Errorf("open incidents (-want +got):\n%s", diff)
	}
}

// TestAStopStampedLaterThanTheStepThatTellsIt: the person's clock, or the
// moment between reading the clock and the log, is ahead of the step's. The end
// is told at once, and once.
func TestAStopStampedLaterThanTheStepThatTellsIt(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.pass(180, always("query"))
	n := d.told
	d.person(func(log incident.Log) (incident.Event, error) {
		return log.Stop(d.feeder.at.Add(5*time.Millisecond), ana, channelID, "")
	})
	d.want("the step that had begun", d.step(), fmt.Sprintf("#%d", n+1))
	d.says("inc-1", "Updates ended by")
	d.want("and no other", d.pass(60, always("query")), "")
}

// TestAStopStampedEarlierThanTheLastUpdate comes after it all the same: its
// sequence says so. So does a pause.
func TestAStopStampedEarlierThanTheLastUpdate(t *testing.T) {
	for name, c := range map[string]struct {
		decide func(log incident.Log, at time.Time) (incident.Event, error)
		says   string
		want   string
	}{
		"stop": {func(log incident.Log, at time.Time) (incident.Event, error) { return log.Stop(at, ana, channelID, "") }, "Updates ended by <@" + ana + ">", "#%d"},
		"pause": {func(log incident.Log, at time.Time) (incident.Event, error) {
			return log.Pause(at, ana, channelID, true)
		}, "updates are paused by <@" + ana + ">", "#%d edits #1"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrill(t)
			d.pass(120, nil)
			d.pass(30, always("query"))
			last := d.journal.events(incident.Update)[d.told-1]
			d.person(func(log incident.Log) (incident.Event, error) { return c.decide(log, last.At.Add(-time.Millisecond)) })
			d.want("the next step", d.pass(1, always("query")), fmt.Sprintf(c.want, last.N+1))
			d.says("inc-1", c.says)
			d.want("and no other", d.pass(30, always("query")), "")
		})
	}
}

// TestAStopDuringAnAppend: it is written while the update waits for its turn.
func TestAStopDuringAnAppend(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.pass(30, always("query"))
	n := d.told
	stopped := false
	d.ledger.Append = func(ctx context.Context, id string, last uint64, data []byte) (uint64, error) {
		if !stopped { // another process writes first
			stopped = true
			e, err := d.feeder.board.Log().Stop(d.feeder.at, ana, channelID, "")
			check(t, err)
			stop, err := e.Encode()
			check(t, err)
			e.Seq, err = d.journal.Append(ctx, id, last, stop)
			check(t, err)
			d.feeder.board.ApplyEvent(e)
		}
		return d.journal.Append(ctx, id, last, data)
	}
	d.want("an update becomes the last one", d.pass(310, always("query")), fmt.Sprintf("#%d", n+1))
	if !stopped {
		t.Fatal("nothing was appended")
	}
	d.says("inc-1", "Updates ended by")
}

func TestAPersonsIncidentIsNotEndedByItself(t *testing.T) {
	d := newDrill(t)
	d.pass(60, nil)
	d.person(func(log incident.Log) (incident.Event, error) {
		return log.Start(d.feeder.at, ben, channelID, "Log-ins fail", time.Minute)
	})
	d.want("the first comes at once", d.step(), "#1")
	d.says("inc-1", "Log-ins fail", "started by <@"+ben+">")
	d.want("then one a minute", d.pass(185, nil), "#2 edits #1, #3 edits #1, #4 edits #1")
	if diff := cmp.Diff([]string{"inc-1"}, d.open()); diff != "" {
		t.Errorf("open incidents (-want +got):\n%s", diff)
	}
}

func TestNothingIsToldBeforeItIsStored(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.journal.breakWith(errors.New("disk is full"))
	d.feeder.feed(30, always("query"))
	for range 3 {
		if err := d.updater.Step(t.Context(), d.feeder.at); err == nil || !strings.Contains(err.Error(), "disk is full") {
			t.Errorf("step: %v, want the journal's error", err)
		}
	}
	if b := d.newest("inc-1"); b.N != 0 || d.open() != nil {
		t.Errorf("update %d is in the outbox, open: %v; want nothing", b.N, d.open())
	}
	d.journal.breakWith(nil)
	d.want("the next tick", d.step(), "#1")
	d.says("inc-1", "Data Lake")
}

// full is an outbox that takes nothing while it is full.
type full struct {
	*bottest.Outbox
	is bool
}

func (f *full) Put(ctx context.Context, dest, key string, body []byte) error {
	if f.is {
		return errors.New("outbox is full")
	}
	return f.Outbox.Put(ctx, dest, key, body)
}

// TestAnUpdateThatTheOutboxDidNotTake is handed over at the next tick, not
// with the next update.
func TestAnUpdateThatTheOutboxDidNotTake(t *testing.T) {
	d := newDrill(t)
	f := &full{Outbox: bottest.NewOutbox()}
	d.outbox, d.updater.Outbox = f, f
	d.pass(120, nil)
	f.is = true
	d.feeder.feed(30, always("query"))
	if err := d.updater.Step(t.Context(), d.feeder.at); err == nil || !strings.Contains(err.Error(), "outbox is full") {
		t.Fatalf("step: %v, want the outbox's error", err)
	}
	f.is = false
	d.want("the event that is written already", d.step(), "#1")
	if b := d.newest("inc-1"); b.N != 1 {
		t.Errorf("update %d is in the outbox, want 1", b.N)
	}
}

// TestWhatACrashKeptBack: an update that was written down and not handed over
// comes under its number, and its figures are of the instant of its text.
func TestWhatACrashKeptBack(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.pass(30, always("query"))
	n := d.told
	if n == 0 {
		t.Fatal("nothing was told")
	}
	d.outbox = bottest.NewOutbox() // the entry never arrived
	d.feeder.feed(10, nil)         // and statusbot was away for a while
	d.starts()
	d.want("the first look", d.step(), fmt.Sprintf("#%d edits #1", n))
	b := d.newest("inc-1")
	if b.N != n || b.Post != 1 || !b.Urgent || !b.Rendered.Equal(d.feeder.at) {
		t.Errorf("body %d in post %d of %s, want %d in 1 of %s", b.N, b.Post, b.Rendered, n, d.feeder.at)
	}
	updates := d.journal.events(incident.Update)
	last, lost := updates[len(updates)-1], updates[len(updates)-2]
	if !last.At.Equal(b.Rendered) || !last.Due.Equal(lost.Due) || last.Why != lost.Why {
		t.Errorf("it is written down as of %s, due %s for %q; the text is of %s, and it was due %s for %q", last.At, last.Due, last.Why, b.Rendered, lost.Due, lost.Why)
	}
	now := d.feeder.board.Snapshot(d.feeder.at).Figures()
	for i, f := range last.Figures {
		f.NewTries, f.NewFailures = 0, 0
		if f != now[i] {
			t.Errorf("figures %+v are written down, it was %+v", f, now[i])
		}
	}
	d.want("and once", d.step(), "")
	// What has arrived is left alone.
	revs := d.revisions()
	d.starts()
	d.want("another start", d.step(), "")
	if diff := cmp.Diff(revs, d.revisions()); diff != "" {
		t.Errorf("mended what was whole (-want +got):\n%s", diff)
	}
}

func (d *drill) revisions() (revs []uint64) {
	read, stop := context.WithCancel(d.t.Context())
	_ = d.outbox.Watch(read, func(e publish.Entry) error { revs = append(revs, e.Rev); return nil }, stop)
	return revs
}

// TestAnIncidentInTheChannel is the whole way: results, updater, outbox,
// poster, the real client and the sandbox.
func TestAnIncidentInTheChannel(t *testing.T) {
	t.Parallel()
	h := newHouse(t, acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.feed(60, nil)
	h.poster(t)
	goes(t, "updater", h.updater(in(channelID)).Run)
	h.feeder.feed(25, third("pay"))
	first := h.sees(t, channel, "ana", "Impact update #1", "Billing")
	if len(first.Pings.Users) > 0 || first.Pings.Channel {
		t.Errorf("it pings %+v", first.Pings)
	}
	h.feeder.feed(30, always("query"))
	second := h.sees(t, channel, "ana", "Data Lake", "1 of 3 products down, 1 degraded")
	if second.TS != first.TS {
		t.Errorf("worsening within a minute is told by %s, want an edit of %s", second.TS, first.TS)
	}
	h.feeder.feed(180, nil)
	step := h.sees(t, channel, "ben", "No longer failing at the incident's rate", "Proving the recovery of 2 products")
	if step.TS == first.TS {
		t.Error("the first step is told by an edit, want a post of its own")
	}
	h.feeder.feed(600, nil)
	if last := h.sees(t, channel, "ben", "Recovered: 2 of 3 products as usual", "Updates end"); last.TS == step.TS {
		t.Error("the end is told by an edit, want a post of its own")
	}
	if n := len(h.posts(t, channel)); n != 3 {
		t.Errorf("%d posts, want 3:\n%s", n, h.texts(t, channel))
	}
}

// TestAfterAStartTheFirstResultsAreWaitedFor: what is old only because the bot
// was away is not told as unknown, unless nothing comes.
func TestAfterAStartTheFirstResultsAreWaitedFor(t *testing.T) {
	away := func(t *testing.T) *drill {
		d := newDrill(t)
		d.pass(120, nil)
		d.want("the incident", d.pass(10, always("query")), "#1, #2 edits #1") // degraded, then surely down
		d.feeder.at = d.feeder.at.Add(40 * time.Minute)                        // the bot was not running
		d.updater.Begun = d.feeder.at
		d.want("nothing measured yet", d.step(), "")
		return d
	}
	d := away(t)
	d.feeder.feed(1, always("query"))
	d.want("the first results are there", d.step(), "#3")
	for _, e := range d.journal.events(incident.Level) {
		if e.Product != "payroll" && e.To == "unknown" { // payroll has no check
			t.Errorf("%s was written down as unknown at %s", e.Product, e.At)
		}
	}

	d = away(t)
	d.feeder.at = d.feeder.at.Add(14 * time.Second)
	d.want("still waiting", d.step(), "")
	d.feeder.at = d.feeder.at.Add(time.Second)
	d.want("nothing came: that is told", d.step(), "#3")
}

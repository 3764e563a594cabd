package publish_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/status"
)

const (
	channelID = "C0INCIDENTDEMO"
	ana, ben  = "U0ANA0001", "U0BEN0001"
)

// check ends the test on an error.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shows is all that a message says, blocks included.
func shows(b publish.Body) string {
	return b.Text + "\n" + strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&", `\n`, "\n", `\"`, `"`, "\u00a0", " ").Replace(string(b.Blocks))
}

// impactLine is how the end says what failed meanwhile.
var impactLine = regexp.MustCompile(`Impact: [^\n]*\), [\d.]+ % of tries on 2 products \([\d,]+ of [\d,]+\)\. Report: `)

// night is when the drill begins; all times in it are of the test.
var night = time.Date(2026, 3, 3, 19, 30, 0, 0, time.UTC)

// drill is an updater whose clock the test sets, step by step.
type drill struct {
	t       *testing.T
	feeder  *publishtest.Feeder
	journal *publishtest.Journal
	ledger  *publish.Ledger
	outbox  *publishtest.Outbox
	updater *publish.Updater
	told    int // updates reported by step so far
	read    int // events of which step has reported the updates
	mode    incident.Mode
}

func newDrill(t *testing.T) *drill {
	d := &drill{t: t, journal: &publishtest.Journal{}, outbox: &publishtest.Outbox{},
		feeder: &publishtest.Feeder{Board: status.NewBoard(publishtest.Acme()), At: night}}
	d.ledger = &publish.Ledger{Board: d.feeder.Board, Append: d.journal.Append}
	d.starts()
	return d
}

// starts begins a term: what the updater before it had in memory is gone.
func (d *drill) starts() {
	rules := publish.Rules{Every: 5 * time.Minute, Places: []publish.Place{{Channel: channelID}}, Delivery: incident.Rules{Mode: d.mode}}
	d.updater = &publish.Updater{Board: d.feeder.Board, Ledger: d.ledger, Outbox: d.outbox, Rules: func() publish.Rules { return rules },
		Now: func() time.Time { return d.feeder.At }}
}

// step decides at the time up to which results have come, and returns what
// updates it wrote down: "#2 edits #1", "#3".
func (d *drill) step() string {
	d.t.Helper()
	check(d.t, d.updater.Step(d.t.Context(), d.feeder.At))
	n := d.journal.Len()
	if n == d.read {
		return ""
	}
	d.read = n
	var said []string
	updates := d.journal.Events(incident.Update)
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
		d.feeder.Feed(1, func(_ int, check string) bool { return failing != nil && failing(i, check) })
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
	for _, e := range d.outbox.Entries() {
		if e.Key == "updates/"+id && e.Dest == channelID {
			check(d.t, json.Unmarshal(e.Body, &b))
		}
	}
	return b
}

func (d *drill) says(id string, what ...string) {
	d.t.Helper()
	b := d.newest(id)
	said := shows(b)
	for _, w := range what {
		if !strings.Contains(said, w) {
			d.t.Errorf("the newest update of %s says\n%s\nwant %q in it", id, said, w)
		}
	}
}

func (d *drill) person(decide func(incident.Log) (incident.Event, error)) {
	d.t.Helper()
	_, err := d.ledger.Write(d.t.Context(), decide)
	check(d.t, err)
}

func (d *drill) open() (open []string) {
	for _, i := range d.feeder.Board.Log().Incidents {
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
	d.want("billing fails now and then", d.pass(25, publishtest.Third("pay")), "#1")
	d.says("inc-1", "Impact update #1: Billing fails 17 % of tries (2 of 12).", "detected")
	if opened := d.journal.Events(incident.Opened); len(opened) != 1 || opened[0].By != "" || !strings.HasPrefix(opened[0].Why, "Billing: ") {
		t.Errorf("opened: %+v", opened)
	}
	d.want("the lake breaks within a minute", d.pass(20, publishtest.Third("query")), "#2 edits #1")
	d.says("inc-1", "Billing and Data Lake fail 14 % of tries (8 of 59).")
	d.want("and is down", d.pass(60, publishtest.Always("query")), "#3 edits #1")
	d.want("all goes on until it is due", d.pass(235, publishtest.Always("query")), "")
	d.want("it is due, and billing is well again", d.pass(70, publishtest.Always("query")), "#4")
	d.want("a minute goes by", d.pass(65, publishtest.Always("query")), "")
	d.want("billing breaks, as shortly as before for all that is known, until it is down", d.pass(20, publishtest.Always("query", "pay", "ledger")), "#5")
	d.says("inc-1", "Data Lake and Billing are down: all ")
	d.want("both answer again, and are well like all others", d.pass(200, nil), "#6, #7 edits #6, #8")
	d.says("inc-1", "no longer failing: Billing and Data Lake, 0 of ", "Proving the recovery of 2 products; Billing takes longest: ", " of about 4", "ends when the recovery is proven, or ")
	if diff := cmp.Diff([]string{"inc-1"}, d.open()); diff != "" {
		t.Errorf("open incidents (-want +got):\n%s", diff)
	}
	d.want("it is quiet while it is proven", d.pass(200, nil), "#9 edits #8")
	if d.journal.Events(incident.Proven) != nil {
		t.Error("the recovery counts as proven after 6 min")
	}
	d.want("the proof ends it", d.pass(400, nil), "#10")
	d.says("inc-1", "Recovered after 8 min: Billing and Data Lake, 0 of ", "below 1 % with 99 % confidence. Updates end (update #10).")
	if said := shows(d.newest("inc-1")); !impactLine.MatchString(said) {
		t.Errorf("the impact has no share: %s", said)
	}
	if open := d.open(); open != nil {
		t.Errorf("still open: %v", open)
	}
	proofs := d.journal.Events(incident.Proven)
	if len(proofs) != 1 || len(proofs[0].Products) != 2 || !strings.Contains(proofs[0].Why, "each of 2 products below 1 % with 99 % confidence, 0 of ") {
		t.Errorf("proofs %+v", proofs)
	}
	d.want("and that is all", d.pass(900, nil), "")
}

// TestARelapseBeforeTheProof: the incident goes on, and its proof is that of
// the second recovery.
func TestARelapseBeforeTheProof(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.pass(120, publishtest.Always("query"))
	d.pass(200, nil)
	d.says("inc-1", "no longer failing: Data Lake", "Proving the recovery: Data Lake ")
	before := d.told
	d.want("it fails again", d.pass(20, publishtest.Always("query")), fmt.Sprintf("#%d, #%d edits #%d", before+1, before+2, before+1))
	d.says("inc-1", fmt.Sprintf("Impact update #%d: failing again. Data Lake is down: all ", before+2), "Failing again since ", "failed again ")
	d.pass(700, publishtest.Always("query"))
	d.says("inc-1", "Failing again since ")
	if said := d.newest("inc-1").Text; strings.Contains(said, "failing again") {
		t.Errorf("minutes later that is no news: %s", said)
	}
	d.pass(1200, nil)
	d.says("inc-1", "Recovered after ", ": Data Lake, 0 of ")
	for kind, want := range map[incident.Kind]int{incident.Opened: 1, incident.Proving: 2, incident.Relapsed: 1, incident.Proven: 1, incident.Resolved: 1, incident.Reopened: 0} {
		if n := len(d.journal.Events(kind)); n != want {
			t.Errorf("%d of %s, want %d", n, kind, want)
		}
	}
	d.pass(300, publishtest.Always("query"))
	if got := d.journal.Events(incident.Reopened); len(got) != 1 {
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
			d.feeder.Feed(1, func(_ int, check string) bool { return failing != nil && failing(i, check) })
			d.feeder.At = d.feeder.At.Add(59 * time.Second)
			if s := d.step(); s != "" {
				said = append(said, s)
			}
		}
		return strings.Join(said, ", ")
	}
	minutes(120, nil)
	minutes(30, publishtest.Always("query"))
	minutes(30, nil)
	steps := d.journal.Events(incident.Proving)
	if len(steps) != 1 {
		t.Fatalf("%d first steps, want 1", len(steps))
	}
	n, posts := d.told, 0
	minutes(100, nil)
	d.says("inc-1", "Proving the recovery: Data Lake ", " more. I say when")
	for _, e := range d.journal.Events(incident.Update)[n:] {
		if e.Post == e.N {
			posts++
		}
	}
	if posts > 0 {
		t.Errorf("%d posts while nothing changes", posts)
	}
	minutes(20, nil)
	ends := d.journal.Events(incident.Resolved)
	if len(ends) != 1 || ends[0].At.Sub(steps[0].At) < 2*time.Hour || ends[0].At.Sub(steps[0].At) > 2*time.Hour+2*time.Minute || !cmp.Equal(ends[0].Products, []string{"lake"}) {
		t.Fatalf("ends %+v, want one 2 h after %s", ends, steps[0].At)
	}
	d.says("inc-1", "Closed without proof: no failure for 2 h", " on Data Lake (", " tries; below 1 % would need about ", "). Update #", "That shows below ", " with 99 % confidence.")
	if said := d.newest("inc-1"); strings.Contains(strings.ToLower(shows(said)), "recovered") {
		t.Errorf("it says that it recovered: %s", said.Text)
	}
	d.want("no update, but the proof", minutes(400, nil), "")
	d.says("inc-1", "Recovered after ", ": Data Lake, 0 of ", "below 1 % with 99 % confidence")
	if n := len(d.journal.Events(incident.Proven)); n != 1 {
		t.Errorf("%d proofs, want 1", n)
	}
}

// TestAPersonsIncidentTellsBothSteps and goes on, without a post for each half
// hour in which nothing happens.
func TestAPersonsIncidentTellsBothSteps(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.person(func(log incident.Log) (incident.Event, error) {
		return log.Start(d.feeder.At, ben, channelID, "Queries fail", 5*time.Minute)
	})
	d.pass(120, publishtest.Always("query"))
	d.pass(200, nil)
	d.says("inc-1", "Proving the recovery: Data Lake ")
	if said := d.newest("inc-1"); strings.Contains(shows(said), "ends when") {
		t.Error("it says that what a person started ends by itself")
	}
	d.pass(900, nil)
	if n := len(d.journal.Events(incident.Proven)); n != 1 {
		t.Fatalf("%d proofs, want 1", n)
	}
	n := d.told
	d.pass(3600, nil)
	for _, e := range d.journal.Events(incident.Update)[n:] {
		if e.Post == e.N {
			t.Errorf("update %d is a post: %s", e.N, e.Why)
		}
	}
	n = d.told
	d.want("it fails again", d.pass(10, publishtest.Always("query")), fmt.Sprintf("#%d, #%d edits #%d", n+1, n+2, n+1))
}

func TestWhatAPersonStoppedStaysStoppedUntilItIsWorse(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.want("the lake fails now and then", d.pass(30, publishtest.Third("query")), "#1")
	d.want("and goes down", d.pass(150, publishtest.Always("query")), "#2 edits #1")
	d.says("inc-1", "Data Lake", "down")
	d.person(func(log incident.Log) (incident.Event, error) { return log.Stop(d.feeder.At, ana, channelID, "") })
	d.want("the last word", d.pass(1, publishtest.Always("query")), "#3")
	d.says("inc-1", "Updates ended by somebody while it goes on. Data Lake is down: ")
	d.want("it goes on", d.pass(120, publishtest.Always("query")), "")
	d.want("it gets better, and not well", d.pass(120, func(i int, check string) bool { return check == "query" && i%4 == 0 }), "")
	if open := d.open(); open != nil {
		t.Fatalf("%v opened again by itself", open)
	}
	if got := d.pass(60, publishtest.Always("query", "pay", "ledger")); got == "" {
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
	d.pass(180, publishtest.Always("query"))
	n := d.told
	d.person(func(log incident.Log) (incident.Event, error) {
		return log.Stop(d.feeder.At.Add(5*time.Millisecond), ana, channelID, "")
	})
	d.want("the step that had begun", d.step(), fmt.Sprintf("#%d", n+1))
	d.says("inc-1", "Updates ended by")
	d.want("and no other", d.pass(60, publishtest.Always("query")), "")
}

// TestAStopStampedEarlierThanTheLastUpdate comes after it all the same: its
// sequence says so. So does a pause.
func TestAStopStampedEarlierThanTheLastUpdate(t *testing.T) {
	for name, c := range map[string]struct {
		decide func(log incident.Log, at time.Time) (incident.Event, error)
		says   string
		want   string
	}{
		"stop": {func(log incident.Log, at time.Time) (incident.Event, error) { return log.Stop(at, ana, channelID, "") }, "Updates ended by somebody", "#%d"},
		"pause": {func(log incident.Log, at time.Time) (incident.Event, error) {
			return log.Pause(at, ana, channelID, true)
		}, "updates are paused by somebody", "#%d edits #1"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrill(t)
			d.pass(120, nil)
			d.pass(30, publishtest.Always("query"))
			last := d.journal.Events(incident.Update)[d.told-1]
			d.person(func(log incident.Log) (incident.Event, error) { return c.decide(log, last.At.Add(-time.Millisecond)) })
			d.want("the next step", d.pass(1, publishtest.Always("query")), fmt.Sprintf(c.want, last.N+1))
			d.says("inc-1", c.says)
			d.want("and no other", d.pass(30, publishtest.Always("query")), "")
		})
	}
}

// TestWhatBreaksAfterAStopIsToldWhateverTheClocks: the end is stamped by another
// clock than the results are. One that is ahead hides no product that breaks after
// it, and one that is behind, or set back, makes none of what was stopped.
func TestWhatBreaksAfterAStopIsToldWhateverTheClocks(t *testing.T) {
	for _, by := range []time.Duration{-time.Minute, 0, 2 * time.Minute, time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			d := newDrill(t)
			d.pass(120, nil)
			d.pass(30, publishtest.Always("query"))
			n := d.told
			d.person(func(log incident.Log) (incident.Event, error) {
				return log.Stop(d.feeder.At.Add(by), ana, channelID, "")
			})
			d.want("the last word", d.pass(1, publishtest.Always("query")), fmt.Sprintf("#%d", n+1))
			d.want("it goes on", d.pass(30, publishtest.Always("query")), "")
			if open := d.open(); open != nil {
				t.Fatalf("%v opened again by itself", open)
			}
			d.pass(40, publishtest.Always("query", "pay", "ledger"))
			if diff := cmp.Diff([]string{"inc-2"}, d.open()); diff != "" {
				t.Errorf("open incidents (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAStopDuringAnAppend: it is written while the update waits for its turn.
func TestAStopDuringAnAppend(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.pass(30, publishtest.Always("query"))
	n := d.told
	stopped := false
	d.ledger.Append = func(ctx context.Context, id string, last uint64, data []byte) (uint64, error) {
		if !stopped { // another process writes first
			stopped = true
			e, err := d.feeder.Board.Log().Stop(d.feeder.At, ana, channelID, "")
			check(t, err)
			stop, err := e.Encode()
			check(t, err)
			e.Seq, err = d.journal.Append(ctx, id, last, stop)
			check(t, err)
			d.feeder.Board.ApplyEvent(e)
		}
		return d.journal.Append(ctx, id, last, data)
	}
	d.want("an update becomes the last one", d.pass(310, publishtest.Always("query")), fmt.Sprintf("#%d", n+1))
	if !stopped {
		t.Fatal("nothing was appended")
	}
	d.says("inc-1", "Updates ended by")
}

func TestAPersonsIncidentIsNotEndedByItself(t *testing.T) {
	d := newDrill(t)
	d.pass(60, nil)
	d.person(func(log incident.Log) (incident.Event, error) {
		return log.Start(d.feeder.At, ben, channelID, "Log-ins fail", time.Minute)
	})
	d.want("the first comes at once", d.step(), "#1")
	d.says("inc-1", "Log-ins fail", "started by somebody")
	d.want("then one a minute", d.pass(185, nil), "#2 edits #1, #3 edits #1, #4 edits #1")
	if diff := cmp.Diff([]string{"inc-1"}, d.open()); diff != "" {
		t.Errorf("open incidents (-want +got):\n%s", diff)
	}
}

func TestNothingIsToldBeforeItIsStored(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.journal.Break(errors.New("disk is full"))
	d.feeder.Feed(30, publishtest.Always("query"))
	for range 3 {
		if err := d.updater.Step(t.Context(), d.feeder.At); err == nil || !strings.Contains(err.Error(), "disk is full") {
			t.Errorf("step: %v, want the journal's error", err)
		}
	}
	if b := d.newest("inc-1"); b.N != 0 || d.open() != nil {
		t.Errorf("update %d is in the outbox, open: %v; want nothing", b.N, d.open())
	}
	d.journal.Break(nil)
	d.want("the next tick", d.step(), "#1")
	d.says("inc-1", "Data Lake")
}

// TestAnUpdateThatTheOutboxDidNotTake is handed over at the next tick, not
// with the next update; and as it was written down, whatever happened since.
func TestAnUpdateThatTheOutboxDidNotTake(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.outbox.Break(func(string, string) error { return errors.New("outbox is full") })
	d.feeder.Feed(30, publishtest.Always("query"))
	if err := d.updater.Step(t.Context(), d.feeder.At); err == nil || !strings.Contains(err.Error(), "outbox is full") {
		t.Fatalf("step: %v, want the outbox's error", err)
	}
	d.outbox.Break(nil)
	written := d.feeder.At
	d.feeder.Feed(3, publishtest.Always("query"))
	d.want("the event that is written already", d.step(), "#1")
	b := d.newest("inc-1")
	if b.N != 1 || !b.Rendered.Equal(written) || !b.Due.Equal(written) {
		t.Errorf("update %d of %s, due %s, is in the outbox; want 1 of %s", b.N, b.Rendered, b.Due, written)
	}
	figure := d.journal.Events(incident.Update)[0].Figures[1]
	d.says("inc-1", fmt.Sprintf("all %d tries failed", figure.Tries))
}

// TestAnAppendWithoutAnAnswer: an update whose event was stored, but not said to be, is
// handed over once the event is read. After a last word nothing else would be.
func TestAnAppendWithoutAnAnswer(t *testing.T) {
	d := newDrill(t)
	unanswered := func() {
		t.Helper()
		d.journal.LoseAnswers(errors.New("no answer in time"))
		if err := d.updater.Step(t.Context(), d.feeder.At); err == nil || !strings.Contains(err.Error(), "no answer in time") {
			t.Fatalf("step: %v, want the journal's error", err)
		}
		d.journal.LoseAnswers(nil)
	}
	followed := func() incident.Event {
		t.Helper()
		events := d.journal.All()
		for _, e := range events {
			d.feeder.Board.ApplyEvent(e)
		}
		return events[len(events)-1]
	}
	d.pass(120, nil)
	d.pass(30, publishtest.Always("query"))
	n := d.newest("inc-1").N
	if n == 0 {
		t.Fatal("nothing was told")
	}

	d.feeder.Feed(300, publishtest.Always("query"))
	unanswered()
	if e := followed(); e.Kind != incident.Update || e.N != n+1 {
		t.Fatalf("%s %d was stored, want update %d", e.Kind, e.N, n+1)
	}
	d.want("the look after it", d.step(), fmt.Sprintf("#%d edits #1", n+1))
	if b := d.newest("inc-1"); b.N != n+1 {
		t.Errorf("update %d is in the outbox, want %d", b.N, n+1)
	}

	d.person(func(log incident.Log) (incident.Event, error) { return log.Stop(d.feeder.At, ana, channelID, "") })
	unanswered()
	if e := followed(); e.Kind != incident.Update {
		t.Fatalf("%s was stored, want the last word", e.Kind)
	}
	for range 3 { // what it does not find now, it would find never
		d.step()
	}
	d.says("inc-1", "Updates ended by")
	revs := d.revisions()
	d.step()
	if diff := cmp.Diff(revs, d.revisions()); diff != "" {
		t.Errorf("told again (-want +got):\n%s", diff)
	}
}

// TestOneIncidentsErrorIsNoOthers: what the journal or the outbox does not take
// of one incident keeps back nothing of the others, nor the rest of the look.
func TestOneIncidentsErrorIsNoOthers(t *testing.T) {
	const other = "C0OTHER"
	for name, c := range map[string]func(d *drill){
		"journal": func(d *drill) {
			d.journal.BreakOf(func(id string) error {
				if id == "inc-1" {
					return errors.New("no room")
				}
				return nil
			})
		},
		"outbox": func(d *drill) {
			d.outbox.Break(func(dest, _ string) error {
				if dest == channelID {
					return errors.New("no room")
				}
				return nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDrill(t)
			d.pass(120, nil)
			for _, ch := range []string{channelID, other} {
				d.person(func(log incident.Log) (incident.Event, error) {
					return log.Start(d.feeder.At, ana, ch, "", time.Minute)
				})
			}
			c(d)
			d.feeder.Feed(1, nil)
			if err := d.updater.Step(t.Context(), d.feeder.At); err == nil || !strings.Contains(err.Error(), "no room") {
				t.Errorf("step: %v, want the error", err)
			}
			told := func(dest string) bool {
				return slices.ContainsFunc(d.outbox.Entries(), func(e publish.Entry) bool { return e.Dest == dest })
			}
			if told(channelID) || !told(other) {
				t.Errorf("the one that fails is told: %v, the other: %v; want the other", told(channelID), told(other))
			}
			d.journal.Break(nil)
			d.outbox.Break(nil)
			d.feeder.Feed(1, nil)
			check(t, d.updater.Step(t.Context(), d.feeder.At))
			if !told(channelID) {
				t.Error("it is not told when nothing fails any more")
			}
		})
	}
}

// unread is an outbox that cannot be read at first.
type unread struct {
	*publishtest.Outbox
	times int
}

func (u *unread) Watch(ctx context.Context, each func(publish.Entry) error, caughtUp func()) error {
	if u.times--; u.times >= 0 {
		return errors.New("no answer from the journal in time")
	}
	return u.Outbox.Watch(ctx, each, caughtUp)
}

// TestATermThatBeginsWithAFailure goes on: what an earlier process left is
// looked for again at the next look, before anything else is told.
func TestATermThatBeginsWithAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDrill(t)
		d.pass(120, nil)
		d.pass(30, publishtest.Always("query"))
		n := d.told
		d.outbox = &publishtest.Outbox{}
		d.starts()
		var failed []error
		d.updater.Outbox, d.updater.Failed = &unread{d.outbox, 2}, func(err error) { failed = append(failed, err) }
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- d.updater.Run(ctx) }()
		time.Sleep(time.Second)
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the term ended with %v", err)
		}
		if len(failed) != 2 || !strings.Contains(failed[0].Error(), "no answer from the journal") {
			t.Errorf("failed: %v", failed)
		}
		if b := d.newest("inc-1"); b.N != n {
			t.Errorf("update %d is in the outbox, want %d", b.N, n)
		}
	})
}

// TestAClockThatIsSetBack does not stop regular updates.
func TestAClockThatIsSetBack(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.pass(400, publishtest.Tenth("query"))
	n := d.told
	back := func(at time.Time) time.Time { return at.Add(-time.Hour) }
	var said []int
	for range 700 {
		d.feeder.Feed(1, func(_ int, check string) bool { return d.feeder.At.Second()%10 == 0 && check == "query" })
		check(t, d.updater.Step(t.Context(), back(d.feeder.At)))
	}
	for _, e := range d.journal.Events(incident.Update)[n:] {
		said = append(said, e.N)
	}
	if len(said) < 3 || len(said) > 4 || said[0] != n+1 {
		t.Errorf("in 700 s, by a clock that is an hour behind the updates before, the updates %v came; want three or four after %d", said, n)
	}
}

// TestWhatACrashKeptBack: an update that was written down and not handed over
// comes under its number, and its figures are of the instant of its text.
func TestWhatACrashKeptBack(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.pass(30, publishtest.Always("query"))
	n := d.told
	if n == 0 {
		t.Fatal("nothing was told")
	}
	d.outbox = &publishtest.Outbox{} // the entry never arrived
	d.feeder.Feed(10, nil)           // and statusbot was away for a while
	d.starts()
	d.want("no new number", d.step(), "")
	b := d.newest("inc-1")
	lost := d.journal.Events(incident.Update)[n-1]
	if b.N != n || b.Post != 1 || !b.Urgent || !b.Rendered.Equal(d.feeder.At) || !b.Due.Equal(lost.Due) {
		t.Errorf("body %d in post %d of %s, due %s, is in the outbox; want %d in 1 of %s, due %s", b.N, b.Post, b.Rendered, b.Due, n, d.feeder.At, lost.Due)
	}
	drawn := d.journal.Events(incident.Redrawn)
	if len(drawn) != 1 || !drawn[0].At.Equal(b.Rendered) {
		t.Fatalf("drawn anew: %+v", drawn)
	}
	inc, _ := d.feeder.Board.Log().Find("inc-1")
	if !inc.LastUpdate.At.Equal(b.Rendered) || !inc.LastUpdate.Due.Equal(lost.Due) || !inc.LastUpdate.Counted.Equal(lost.Counted) {
		t.Errorf("the last update is %+v", inc.LastUpdate)
	}
	now := d.feeder.Board.Snapshot(d.feeder.At).Figures()
	for i, f := range inc.LastUpdate.Figures {
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

// TestWhatACrashKeptBackOfAProof: it was written down, and the message of the end
// did not come to say it.
func TestWhatACrashKeptBackOfAProof(t *testing.T) {
	d := newDrill(t)
	minutes := func(n int, failing func(int, string) bool) {
		for i := range n {
			d.feeder.Feed(1, func(_ int, check string) bool { return failing != nil && failing(i, check) })
			d.feeder.At = d.feeder.At.Add(59 * time.Second)
			d.step()
		}
	}
	minutes(120, nil)
	minutes(30, publishtest.Always("query"))
	minutes(180, nil)
	d.says("inc-1", "Closed without proof: no failure for 2 h")
	d.outbox.Break(func(_, key string) error {
		if key == publish.UpdatesKey("inc-1") {
			return errors.New("killed")
		}
		return nil
	})
	for range 400 {
		d.feeder.Feed(1, nil)
		d.feeder.At = d.feeder.At.Add(59 * time.Second)
		if err := d.updater.Step(t.Context(), d.feeder.At); err != nil {
			break
		}
	}
	if n := len(d.journal.Events(incident.Proven)); n != 1 {
		t.Fatalf("%d proofs, want 1", n)
	}
	d.outbox.Break(nil)
	d.feeder.Feed(10, nil)
	d.starts()
	d.want("no new number", d.step(), "")
	d.says("inc-1", "Recovered after ", "below 1 % with 99 % confidence")
	if b := d.newest("inc-1"); !b.Due.IsZero() || !b.Rendered.Equal(d.feeder.At) {
		t.Errorf("as of %s, due %s: want now, and never due", b.Rendered, b.Due)
	}
	revs := d.revisions()
	d.starts()
	d.want("another start", d.step(), "")
	if diff := cmp.Diff(revs, d.revisions()); diff != "" {
		t.Errorf("mended what was whole (-want +got):\n%s", diff)
	}
}

func (d *drill) revisions() (revs []uint64) {
	for _, e := range d.outbox.Entries() {
		revs = append(revs, e.Rev)
	}
	return revs
}

// TestAfterAStartTheFirstResultsAreWaitedFor: what is old only because the bot
// was away is not told as unknown, unless nothing comes.
func TestAfterAStartTheFirstResultsAreWaitedFor(t *testing.T) {
	away := func(t *testing.T) *drill {
		d := newDrill(t)
		d.pass(120, nil)
		d.want("the incident", d.pass(10, publishtest.Always("query")), "#1, #2 edits #1") // degraded, then surely down
		d.feeder.At = d.feeder.At.Add(40 * time.Minute)                                    // the bot was not running
		d.updater.Begun = d.feeder.At
		d.want("nothing measured yet", d.step(), "")
		return d
	}
	d := away(t)
	d.feeder.Feed(1, publishtest.Always("query"))
	d.want("the first results are there", d.step(), "#3")
	for _, e := range d.journal.Events(incident.Level) {
		if e.To == "unknown" {
			t.Errorf("%s was written down as unknown at %s", e.Product, e.At)
		}
	}

	d = away(t)
	d.feeder.At = d.feeder.At.Add(14 * time.Second)
	d.want("still waiting", d.step(), "")
	d.feeder.At = d.feeder.At.Add(time.Second)
	d.want("nothing came: that is told", d.step(), "#3")
}

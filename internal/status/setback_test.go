package status

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// anHourBack is a board whose clock was set back by an hour after that many
// seconds; it gives the batch of a second as that clock stamps it.
type anHourBack struct {
	*Board
	seq    uint64
	before int
}

func newAnHourBack(before int) *anHourBack {
	def := twoProducts()
	def.Components = []Component{{ID: "db"}}
	def.Products = append(def.Products, Product{ID: "jobs", Name: "Jobs"})
	def.Checks[1].Uses, def.Checks[1].Measures = []string{"db"}, "db"
	def.Checks = append(def.Checks, checks.Check{ID: "nightly", Product: "jobs", Kind: "heartbeat", Every: time.Second, Passive: true})
	return &anHourBack{Board: NewBoard(def), before: before}
}

func (b *anHourBack) now(i int) time.Time {
	if i >= b.before {
		i -= 3600
	}
	return t0.Add(time.Duration(i) * time.Second)
}

func (b *anHourBack) second(i int, failing ...string) {
	batch := second(i, failing...)
	batch[1].Evidence = &checks.Evidence{Perf: []checks.Perf{{Label: "load", Value: float64(i)}}}
	batch = append(batch, checks.Result{Check: "nightly", Product: "jobs", Duration: time.Millisecond, Outcome: checks.Pass})
	for j := range batch {
		batch[j].Started = b.now(i)
	}
	b.seq++
	b.Apply(b.seq, batch)
}

// TestABoardWhoseClockIsSetBack sees, shows and measures on: products that are
// probed and that are reported, the last failures, the newest result, a
// component's own values, and who is to blame.
func TestABoardWhoseClockIsSetBack(t *testing.T) {
	b := newAnHourBack(600)
	for i := range 600 {
		if i > 500 && i%4 == 0 {
			b.second(i, "ledger")
		} else {
			b.second(i)
		}
	}
	b.ApplyEvent(incident.Event{Incident: "inc-1", Seq: 1, Kind: incident.Opened, Number: 1, At: b.now(599)})
	b.ApplyEvent(incident.Event{Incident: "inc-1", Seq: 2, Kind: incident.Mark, Mark: 1, At: b.now(599).Add(900 * time.Millisecond), Products: []string{"billing"}})
	if s := b.Snapshot(b.now(599)); s.Products[0].Level != impact.Degraded {
		t.Fatalf("a quarter fails, and the level is %s", s.Products[0].Level)
	}
	for i := 600; i < 900; i++ {
		if i%4 == 0 {
			b.second(i, "ledger", "find")
		} else {
			b.second(i)
		}
	}
	now := b.now(900)
	s := b.Snapshot(now)
	for i, want := range []impact.Level{impact.Degraded, impact.Degraded, impact.OK} {
		p := s.Products[i]
		if p.Level != want || p.AsOf.After(now) || now.Sub(p.AsOf) > time.Minute || p.Onset.After(now) {
			t.Errorf("%s: %s since %s, as of %s, want %s; it is %s", p.ID, p.Level, p.Onset, p.AsOf, want, now)
		}
	}
	if s.Causes.At.After(now) || now.Sub(s.Causes.At) > time.Minute {
		t.Errorf("the cause was looked for at %s, it is %s", s.Causes.At, now)
	}
	d, _ := b.Drill(now, "billing")
	newest := d.Checks[0].Newest
	if f := d.Checks[0].Failures; len(f) == 0 || f[0].Started.After(now) || f[0].Summary != "reset 896" || newest.Started.After(now) || now.Sub(newest.Started) > time.Minute {
		t.Errorf("the newest result is of %s, the last failures are %+v", newest.Started, f)
	}
	if m := b.ranking.metrics["db"]["ledger load"]; len(m.values) == 0 || m.values[len(m.values)-1] < 860 {
		t.Errorf("the component's own values: %v", m)
	}
	if to, ok := b.WentBack(); !ok || to.After(b.now(700)) || to.Before(b.now(600)) {
		t.Errorf("it says that its clock went back to %s (%v)", to, ok)
	}
	if len(b.detection.marks) > 0 {
		t.Errorf("actions wait: %v", b.detection.marks)
	}
}

// TestASetBackIsTheSameAfterARestart: all that read the journal conclude the same.
func TestASetBackIsTheSameAfterARestart(t *testing.T) {
	for _, cut := range []int{590, 620, 659, 662, 700} {
		straight, before, after := newAnHourBack(600), newAnHourBack(600), newAnHourBack(600)
		for i := range cut {
			before.second(i)
		}
		for shard := range CheckpointShards {
			data, err := before.Checkpoint(shard, before.now(cut))
			if err != nil {
				t.Fatal(err)
			}
			if data != nil {
				if _, err := after.Restore(data); err != nil {
					t.Fatal(err)
				}
			}
		}
		for i := range 900 {
			if i == cut {
				after.Replayed()
			}
			failing := []string{}
			if i > 800 && i%3 == 0 {
				failing = append(failing, "pay")
			}
			straight.second(i, failing...)
			after.second(i, failing...)
		}
		now := straight.now(900)
		if diff := cmp.Diff(straight.Snapshot(now).Products, after.Snapshot(now).Products); diff != "" {
			t.Errorf("a restart after %d s (-want +got):\n%s", cut, diff)
		}
	}
}

// TestMarksThatWaitHaveABound: of a product of which no result comes the newest
// hundred are kept, however many are said, and all of them are told when one comes.
func TestMarksThatWaitHaveABound(t *testing.T) {
	b := newAnHourBack(1 << 30)
	b.second(0)
	for _, many := range []int{50, 100, 10_000} {
		for range many {
			b.detection.mark(incident.Event{Kind: incident.Mark, At: b.now(10), Products: []string{"billing", "search", "gone"}})
		}
		for product, list := range b.detection.marks {
			if len(list) > mostMarks || cap(list) > 2*mostMarks || product == "gone" {
				t.Errorf("after %d more: %d actions wait of %s, in room for %d", many, len(list), product, cap(list))
			}
		}
	}
	for i := 1; i < 12; i++ {
		b.second(i)
	}
	if len(b.detection.marks) > 0 {
		t.Errorf("once the results are there: %v", b.detection.marks)
	}
}

// TestACheckMutedBeforeASetBack stays untold in the hour that comes once more, and
// is told when the mute is ended.
func TestACheckMutedBeforeASetBack(t *testing.T) {
	b := newAnHourBack(600)
	on := func(from, until int, failing ...string) {
		for i := from; i < until; i++ {
			if i%4 == 0 {
				b.second(i, failing...)
			} else {
				b.second(i)
			}
		}
	}
	on(0, 550)
	b.ApplyEvent(incident.Event{Incident: incident.DeskID, Seq: 1, Kind: incident.Mute, At: b.now(550), Until: b.now(550).Add(2 * time.Hour), Product: "billing", Check: "ledger", By: "U1", Why: "moving"})
	on(550, 900, "ledger")
	now := b.now(900)
	if p := b.Snapshot(now).Products[0]; p.Level != impact.OK || p.Failures != 0 || len(p.Muted) != 1 {
		t.Errorf("of a check in maintenance: %s, %d of %d failed, muted %+v", p.Level, p.Failures, p.Tries, p.Muted)
	}
	b.ApplyEvent(incident.Event{Incident: incident.DeskID, Seq: 2, Kind: incident.Unmute, At: now, Product: "billing", Check: "ledger", By: "U1"})
	on(900, 1200, "ledger")
	if p := b.Snapshot(b.now(1200)).Products[0]; p.Level != impact.Degraded || p.Failures == 0 || len(p.Muted) != 0 {
		t.Errorf("after it was ended: %s, %d of %d failed, muted %+v", p.Level, p.Failures, p.Tries, p.Muted)
	}
}

package status

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

var t0 = time.Date(2026, 3, 3, 19, 30, 0, 0, time.UTC)

func twoProducts() Definition {
	return Definition{
		Company:  "Acme",
		Products: []Product{{ID: "billing", Name: "Billing"}, {ID: "search", Name: "Search"}},
		Checks: []checks.Check{
			{ID: "pay", Product: "billing", Kind: "http", Every: time.Second},
			{ID: "ledger", Product: "billing", Kind: "tcp", Every: time.Second},
			{ID: "find", Product: "search", Kind: "http", Every: time.Second},
		},
	}
}

// second returns the batch of one second, failing the checks named.
func second(i int, failing ...string) []checks.Result {
	var batch []checks.Result
	for _, c := range twoProducts().Checks {
		r := checks.Result{Check: c.ID, Product: c.Product, Started: t0.Add(time.Duration(i) * time.Second), Duration: 5 * time.Millisecond, Outcome: checks.Pass}
		for _, f := range failing {
			if f == c.ID {
				r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonReset, fmt.Sprintf("reset %d", i)
			}
		}
		batch = append(batch, r)
	}
	return batch
}

func TestDrillShowsWhatFailsFirstWithItsEvidence(t *testing.T) {
	b := NewBoard(twoProducts())
	for i := range 100 {
		if i%10 == 0 {
			b.Apply(uint64(i+1), second(i, "ledger"))
		} else {
			b.Apply(uint64(i+1), second(i))
		}
	}
	now := t0.Add(100 * time.Second)
	s := b.Snapshot(now)
	if got := s.Products[0]; got.Level != impact.Degraded || got.Failures != 10 || got.Tries != 200 {
		t.Errorf("billing: %s %d/%d, want degraded 10/200", got.Level, got.Failures, got.Tries)
	}
	if got := s.Products[1]; got.Level != impact.OK || got.Failures != 0 || got.Tries != 100 {
		t.Errorf("search: %s %d/%d, want ok 0/100", got.Level, got.Failures, got.Tries)
	}
	d, ok := b.Drill(now, "billing")
	if !ok || len(d.Checks) != 2 || d.Checks[0].Check.ID != "ledger" {
		t.Fatalf("drill-down: %+v", d)
	}
	c := d.Checks[0]
	if c.CheckImpact.Failures != 10 || c.Tries != 100 || len(c.Failures) != 10 || c.Failures[0].Summary != "reset 90" {
		t.Errorf("ledger: %d/%d, newest failure %q, %d kept; want 10/100, reset 90, 10", c.CheckImpact.Failures, c.Tries, c.Failures[0].Summary, len(c.Failures))
	}
	if diff := cmp.Diff([]ReasonCount{{checks.ReasonReset, 10}}, c.Reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	// What a product says is the sum of what its checks say.
	sum := 0
	for _, c := range d.Checks {
		sum += c.Tries
	}
	if sum != d.Tries {
		t.Errorf("checks have %d tries in all, the product %d", sum, d.Tries)
	}
	if _, ok := b.Drill(now, "nothing"); ok {
		t.Error("drilled into a product that does not exist")
	}
}

func TestChangesAndTrouble(t *testing.T) {
	b := NewBoard(twoProducts())
	for i := range 20 {
		b.Apply(uint64(i+1), second(i))
	}
	told := b.Snapshot(t0.Add(20 * time.Second)).Figures()
	for i := 20; i < 30; i++ {
		b.Apply(uint64(i+1), second(i, "find"))
	}
	now := t0.Add(30 * time.Second)
	snap := b.Snapshot(now)
	changes := Changes(told, snap)
	if len(changes) != 1 || changes[0].Product.ID != "search" || !changes[0].Worse {
		t.Fatalf("changes: %+v, want search worse", changes)
	}
	if c := snap.Delivery(changes, incident.Incident{}); c.Levels != incident.OneWorse || c.Reason == "" {
		t.Errorf("delivery: %+v", c)
	}
	flaps := incident.Incident{Flaps: map[string]incident.Event{"search": {}}}
	if c := snap.Delivery(changes, flaps); c.Levels != incident.AsTold || !c.Swung {
		t.Errorf("delivery of what flaps: %+v", c)
	}
	if got := snap.HurtSince(incident.Incident{}); len(got) != 1 || got[0].ID != "search" {
		t.Errorf("trouble: %v", got)
	}
	if got := snap.HurtSince(incident.Incident{Number: 1, EndedAt: now, Folded: true}); len(got) != 0 {
		t.Errorf("trouble that began before: %v", got)
	}
	if snap.AllWell() {
		t.Error("all well while search is hurt")
	}
	if again := Changes(snap.Figures(), snap); len(again) != 0 {
		t.Errorf("told and still changed: %+v", again)
	}
}

func TestSilenceIsNotWell(t *testing.T) {
	b := NewBoard(twoProducts())
	if b.Snapshot(t0).AllWell() {
		t.Error("all well with nothing measured")
	}
}

func TestATroubleThatCannotBeSeenIsNotWell(t *testing.T) {
	b := NewBoard(twoProducts())
	for i := range 30 {
		b.Apply(uint64(i+1), second(i, "find"))
	}
	for i := 30; i < 60; i++ { // search is not measured any more
		b.Apply(uint64(i+1), second(i)[:2])
	}
	s := b.Snapshot(t0.Add(60 * time.Second))
	if s.Products[0].Level != impact.OK || s.Products[1].Level != impact.Unknown {
		t.Fatalf("billing %s, search %s; want ok, unknown", s.Products[0].Level, s.Products[1].Level)
	}
	if s.AllWell() {
		t.Error("all well, though search was down when it was last seen")
	}
}

func TestRestartWithCheckpointGivesTheSameSnapshot(t *testing.T) {
	failing := func(i int) []string {
		if i > 100 && i%7 == 0 {
			return []string{"pay"}
		}
		return nil
	}
	whole := NewBoard(twoProducts())
	stored := map[int][]byte{}
	for i := range 400 {
		whole.Apply(uint64(i+1), second(i, failing(i)...))
		if i == 250 {
			for shard := range CheckpointShards {
				data, err := whole.Checkpoint(shard, t0)
				if err != nil {
					t.Fatal(err)
				}
				if data != nil {
					stored[shard] = data
				}
			}
		}
	}
	again := NewBoard(twoProducts())
	for _, data := range stored {
		if seq, err := again.Restore(data); err != nil || seq != 251 {
			t.Fatalf("restore: %d, %v", seq, err)
		}
	}
	for i := range 400 {
		again.Apply(uint64(i+1), second(i, failing(i)...))
	}
	again.Replayed()
	now := t0.Add(400 * time.Second)
	before, after := whole.Snapshot(now), again.Snapshot(now)
	before.Causes.At, after.Causes.At = now, now // the cause is looked for at once after a start
	if diff := cmp.Diff(before, after, cmp.Comparer(func(x, y *time.Location) bool { return x.String() == y.String() })); diff != "" {
		t.Errorf("snapshots differ (-before +after):\n%s", diff)
	}
	// A crash may lose the newest batches; their sequences are given again.
	for i := range 40 {
		again.Apply(uint64(200+i), second(400+i, "find"))
	}
	if got := again.Snapshot(t0.Add(440 * time.Second)).Products[1].Level; got != impact.Outage {
		t.Errorf("batches after the replay were not judged: search is %s", got)
	}
}

func TestIncidentsFoldInAnyOrderOfArrivalOnce(t *testing.T) {
	b := NewBoard(twoProducts())
	opened := incident.Event{Incident: "inc-1", Seq: 1, At: t0, Kind: incident.Opened, Number: 1, Channel: "C1", Every: time.Minute}
	b.ApplyEvent(opened)
	b.ApplyEvent(incident.Event{Incident: "inc-1", Seq: 2, At: t0, Kind: incident.Resolved})
	b.ApplyEvent(opened) // the follower brings what the writer has applied
	if inc := b.Log().Incidents; len(inc) != 1 || inc[0].Open() {
		t.Errorf("log: %+v, want one ended incident", inc)
	}
}

// many returns a company of n checks on 12 products with full windows.
func many(n int) (*Board, time.Time) {
	def := Definition{Company: "Acme"}
	for p := range 12 {
		def.Products = append(def.Products, Product{ID: fmt.Sprint("p", p), Name: fmt.Sprint("Product ", p)})
	}
	for i := range n {
		def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprint("c", i), Product: fmt.Sprint("p", i%12), Every: 10 * time.Second})
	}
	b := NewBoard(def)
	seq := uint64(0)
	for round := range 60 {
		var batch []checks.Result
		for i := range n {
			o := checks.Pass
			if (i+round)%97 == 0 {
				o = checks.Fail
			}
			batch = append(batch, checks.Result{Check: fmt.Sprint("c", i), Started: t0.Add(time.Duration(round) * 10 * time.Second),
				Duration: time.Duration(i%300) * time.Millisecond, Outcome: o})
		}
		seq++
		b.Apply(seq, batch)
	}
	return b, t0.Add(600 * time.Second)
}

func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		board, now := many(n)
		b.Run(fmt.Sprintf("checks=%d", n), func(b *testing.B) {
			for b.Loop() {
				board.Snapshot(now)
			}
		})
	}
}

func BenchmarkApply(b *testing.B) {
	board, now := many(1_000)
	batch := make([]checks.Result, 1)
	i := 0
	for b.Loop() {
		batch[0] = checks.Result{Check: fmt.Sprint("c", i%1000), Started: now.Add(time.Duration(i) * 10 * time.Millisecond), Outcome: checks.Pass}
		board.Apply(uint64(100+i), batch)
		i++
	}
}

func TestRedefineKeepsWhatStays(t *testing.T) {
	b := NewBoard(twoProducts())
	for i := range 100 {
		b.Apply(uint64(i+1), second(i, "ledger"))
	}
	now := t0.Add(100 * time.Second)
	def := twoProducts()
	def.Products = []Product{{ID: "billing", Name: "Invoices"}, {ID: "mail", Name: "Mail"}}
	def.Checks = append(def.Checks[:2:2], checks.Check{ID: "send", Product: "mail", Kind: "http", Every: time.Second})
	def.Window = time.Hour
	b.Redefine(def)

	d, ok := b.Drill(now, "billing")
	if !ok || d.Name != "Invoices" || d.Failures[0].Check.ID != "ledger" || d.Tries != 200 || d.Window != impact.DefaultWindow {
		t.Errorf("billing: %v %+v", ok, d.ProductStatus)
	}
	if _, ok := b.Drill(now, "search"); ok {
		t.Error("search is still there")
	}
	if d, ok := b.Drill(now, "mail"); !ok || d.Level != impact.Unknown {
		t.Errorf("mail: %v %+v", ok, d.ProductStatus)
	}
	b.Apply(101, second(100)) // with a result of the check that went
	if n := b.Applied(); n != 302 {
		t.Errorf("%d results taken in, want 302", n)
	}
}

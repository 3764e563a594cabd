package publish_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/status"
)

// aged is an updater after incidents that are over, and one that is open, whose
// first update is told.
type aged struct {
	*publish.Updater
	at   time.Time
	heap int // bytes that the board keeps of the incidents that are over
}

func newAged(t testing.TB, def status.Definition, ended int) *aged {
	t.Helper()
	board := status.NewBoard(def)
	a := &aged{at: night}
	before := heapInUse()
	seq := publishtest.Ended(len(def.Products), ended, channelID, a.at.Add(-48*time.Hour), board.ApplyEvent)
	board.ApplyEvent(incident.Event{Incident: incident.DeskID, Seq: seq + 1, Kind: incident.Mute, At: a.at.Add(-time.Hour), Until: a.at.Add(-time.Minute)})
	open := incident.Event{Incident: incident.ID(ended + 1), Seq: seq + 2, Kind: incident.Opened, At: a.at, Number: ended + 1, Channel: channelID, By: ana, Every: time.Hour}
	board.ApplyEvent(open)
	a.heap = heapInUse() - before
	var batch []checks.Result
	for i, c := range def.Checks {
		batch = append(batch, checks.Result{Check: c.ID, Product: c.Product, Started: a.at.Add(-time.Second), Duration: time.Millisecond, Outcome: checks.Pass})
		if len(batch) == 500 || i == len(def.Checks)-1 {
			board.Apply(uint64(i+1), batch)
			batch = batch[:0]
		}
	}
	j := &publishtest.Journal{}
	j.Hold(open)
	a.Updater = &publish.Updater{Board: board, Ledger: &publish.Ledger{Board: board, Append: j.Append}, Outbox: &publishtest.Outbox{}, Rules: nightRules}
	check(t, a.Step(t.Context(), a.at))
	if inc, ok := board.Log().In(channelID); !ok || inc.LastUpdate.N != 1 {
		t.Fatalf("the open incident is %s with %d updates, want its first", inc.ID, inc.LastUpdate.N)
	}
	return a
}

// heapInUse is what is reachable, in bytes.
func heapInUse() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one only swept
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// look is one of the updater in which nothing is due.
func (a *aged) look(t testing.TB) {
	a.at = a.at.Add(time.Millisecond)
	check(t, a.Step(t.Context(), a.at))
}

// TestALookFollowsWhatIsOpen counts allocations, and takes no time: a look does
// the same after many incidents as after one, and what they leave is small: a
// thousand keep less than 5 MiB.
func TestALookFollowsWhatIsOpen(t *testing.T) {
	def := publishtest.Company(12, 24)
	cost := map[int]float64{}
	const many = 200
	for _, ended := range []int{1, many} {
		a := newAged(t, def, ended)
		cost[ended] = testing.AllocsPerRun(200, func() { a.look(t) })
		if most := ended * 5 << 10; ended == many && a.heap > most {
			t.Errorf("%d ended incidents keep %d bytes, want at most %d", ended, a.heap, most)
		}
		t.Logf("%d ended incidents: %.0f allocations a look, %d bytes kept", ended, cost[ended], a.heap)
	}
	if cost[many] > cost[1] {
		t.Errorf("a look takes %v allocations after %d incidents, %v after one", cost[many], many, cost[1])
	}
}

// BenchmarkGrowth is one look of the updater in which nothing is due, of which
// there are four a second: over the incidents that were, the checks and the
// products. kept-B is what the ended incidents keep.
func BenchmarkGrowth(b *testing.B) {
	run := func(name string, def status.Definition, ended int) {
		b.Run(name, func(b *testing.B) {
			a := newAged(b, def, ended)
			b.ReportAllocs()
			for b.Loop() {
				a.look(b)
			}
			b.ReportMetric(float64(a.heap), "kept-B")
		})
	}
	for _, ended := range []int{0, 100, 1000} {
		run(fmt.Sprintf("ended=%d", ended), publishtest.Company(12, 24), ended)
	}
	for _, n := range []int{1, 100, 10000} {
		run(fmt.Sprintf("checks=%d", n), publishtest.Company(min(n, 12), n), 10)
	}
	for _, n := range []int{1, 50, 500} {
		run(fmt.Sprintf("products=%d", n), publishtest.Company(n, 2*n), 10)
	}
}

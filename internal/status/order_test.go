package status

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
)

func TestOrderWithinABatchMakesNoDifference(t *testing.T) {
	inOrder, shuffled := NewBoard(twoProducts()), NewBoard(twoProducts())
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 60 {
		var batch []checks.Result
		for k := range 10 {
			for n, r := range second(10*i+k, []string{"none", "ledger"}[index(i > 30 && k%3 == 0)]) {
				r.Started = r.Started.Add(time.Duration(n) * time.Millisecond)
				batch = append(batch, r)
			}
		}
		inOrder.Apply(uint64(i+1), batch)
		rng.Shuffle(len(batch), func(x, y int) { batch[x], batch[y] = batch[y], batch[x] })
		shuffled.Apply(uint64(i+1), batch)
	}
	now := t0.Add(600 * time.Second)
	sameZone := cmp.Comparer(func(x, y *time.Location) bool { return x.String() == y.String() })
	if diff := cmp.Diff(inOrder.Snapshot(now), shuffled.Snapshot(now), sameZone); diff != "" {
		t.Errorf("snapshots differ (-in order +shuffled):\n%s", diff)
	}
	if !inOrder.Snapshot(now).Products[0].Level.Hurt() {
		t.Error("billing is well, and nothing was compared")
	}
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

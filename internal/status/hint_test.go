package status

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
)

// sharing is a company of products that all use auth, with two checks each.
func sharing(products int) Definition {
	d := Definition{Company: "Acme", Components: []Component{{ID: "auth"}, {ID: "dns"}}}
	for i := range products {
		p := fmt.Sprintf("p%d", i)
		d.Products = append(d.Products, Product{ID: p, Name: p})
		for _, c := range []string{"a", "b"} {
			d.Checks = append(d.Checks, checks.Check{ID: p + "/" + c, Product: p, Every: 30 * time.Second, Uses: []string{"auth"}})
		}
	}
	return d
}

// sharedTrouble gives the batches of a day in which auth fails 6 % from the
// third hour on.
func sharedTrouble(d Definition, until time.Duration) [][]checks.Result {
	rng := rand.New(rand.NewPCG(5, 1))
	var out [][]checks.Result
	for at := time.Duration(0); at < until; at += 30 * time.Second {
		var batch []checks.Result
		for i, c := range d.Checks {
			r := checks.Result{Check: c.ID, Product: c.Product, Started: t0.Add(at + time.Duration(i)*time.Second), Duration: time.Millisecond, Outcome: checks.Pass}
			share := 0.001
			if at > 3*time.Hour {
				share = 0.06
			}
			if rng.Float64() < share {
				r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
			}
			batch = append(batch, r)
		}
		out = append(out, batch)
	}
	return out
}

func TestARestartKeepsWhatAllProductsShowTogether(t *testing.T) {
	d := sharing(8)
	batches := sharedTrouble(d, 4*time.Hour)
	begun := 3 * 120 // batches
	straight := NewBoard(d)
	turns := func(b *Board, n int) (out []string) {
		for _, p := range b.Turned() {
			out = append(out, fmt.Sprint(n, " ", p))
		}
		return out
	}
	var want []string
	stored := map[int][]byte{}
	for i, batch := range batches {
		straight.Apply(uint64(i+1), batch)
		want = append(want, turns(straight, i)...)
		if k := begun + 2 - i; k >= 0 && k < 4 { // the shards are stored one after the other, just before it shows
			for shard := k; shard < CheckpointShards; shard += 4 {
				data, err := straight.Checkpoint(shard, t0)
				if err != nil {
					t.Fatal(err)
				}
				if data != nil {
					stored[shard] = data
				}
			}
		}
	}
	again := NewBoard(d)
	for _, data := range stored {
		if _, err := again.Restore(data); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for i, batch := range batches {
		again.Apply(uint64(i+1), batch)
		got = append(got, turns(again, i)...)
	}
	if len(want) < 8 {
		t.Fatalf("only %d products were seen to be hurt: %v", len(want), want)
	}
	if first := want[0]; first <= fmt.Sprint(begun+2) {
		t.Fatalf("it was seen at %s, before the checkpoint: the test says nothing", first)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("products turn at other batches after a restart (-straight +restarted):\n%s", diff)
	}
	if diff := cmp.Diff(straight.detection.shared.State(), again.detection.shared.State()); diff != "" {
		t.Errorf("the company's state differs (-straight +restarted):\n%s", diff)
	}
}

// A reload of what is the same changes nothing, and one of more keeps what shows of
// the components that stay.
func TestAReloadKeepsWhatAllProductsShowTogether(t *testing.T) {
	d := sharing(8)
	batches := sharedTrouble(d, 4*time.Hour)
	begun := 3 * 120 // batches
	straight, reloaded := NewBoard(d), NewBoard(d)
	for i, batch := range batches {
		straight.Apply(uint64(i+1), batch)
		reloaded.Apply(uint64(i+1), batch)
		if i == begun+2 { // just before it shows
			reloaded.Redefine(sharing(8))
		}
		if diff := cmp.Diff(straight.Turned(), reloaded.Turned()); diff != "" {
			t.Fatalf("batch %d: products turn otherwise after a reload (-straight +reloaded):\n%s", i, diff)
		}
	}
	if diff := cmp.Diff(straight.detection.shared.State(), reloaded.detection.shared.State()); diff != "" {
		t.Errorf("the company's state differs (-straight +reloaded):\n%s", diff)
	}

	before := NewBoard(d)
	for i, batch := range batches[:begun] {
		before.Apply(uint64(i+1), batch)
	}
	shown := before.detection.shared.State()
	more := sharing(9)
	more.Components = []Component{{ID: "queue"}, {ID: "auth"}} // dns is gone
	before.Redefine(more)
	now := before.detection.shared.State()
	if diff := cmp.Diff(shown.R["auth"], now.R["auth"]); diff != "" {
		t.Errorf("what shows of auth (-before +after):\n%s", diff)
	}
	if _, there := now.R["dns"]; there || len(now.R) != 2 {
		t.Errorf("components after a change: %v", now.R)
	}
}

func TestProductsAreSeenSoonerTogether(t *testing.T) {
	d := sharing(8)
	together, alone := NewBoard(d), NewBoard(func() Definition {
		d := sharing(8)
		for i := range d.Checks {
			d.Checks[i].Uses = nil
		}
		return d
	}())
	seen := func(b *Board) (sum time.Duration) {
		left := map[string]bool{}
		for _, p := range d.Products {
			left[p.ID] = true
		}
		for i, batch := range sharedTrouble(d, 8*time.Hour) {
			b.Apply(uint64(i+1), batch)
			for _, p := range b.Turned() {
				if left[p] {
					sum += time.Duration(i)*30*time.Second - 3*time.Hour
					delete(left, p)
				}
			}
		}
		if len(left) > 0 {
			t.Errorf("not seen: %v", left)
		}
		return sum / time.Duration(len(d.Products))
	}
	with, without := seen(together), seen(alone)
	t.Logf("mean delay %s with declared components, %s without", with, without)
	if with > without*2/3 {
		t.Errorf("mean delay %s with declared components and %s without, want two thirds at most", with, without)
	}
}

package status

import (
	"bytes"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
)

// TestTheBoardGoesOnWhileACheckpointIsEncoded: results are taken in between the
// copy and its form, and the form is that of the copy.
func TestTheBoardGoesOnWhileACheckpointIsEncoded(t *testing.T) {
	b := NewBoard(twoProducts())
	for i := range 100 {
		b.Apply(uint64(i+1), second(i))
	}
	shard := checkpointShard("billing")
	want, err := b.Checkpoint(shard, t0)
	if err != nil {
		t.Fatal(err)
	}
	encoded := 0
	got, err := b.checkpoint(shard, t0, func(f impact.Frozen) ([]byte, error) {
		encoded++
		if !b.mu.TryLock() {
			t.Fatal("the board is held while a product is encoded")
		}
		b.mu.Unlock()
		for i := range 60 {
			b.Apply(uint64(100*encoded+i+1), second(100*encoded+i, "pay"))
		}
		return f.Encode()
	})
	if err != nil {
		t.Fatal(err)
	}
	if encoded == 0 || !bytes.Equal(got, want) {
		t.Errorf("of %d products encoded, the checkpoint is not that of the instant at which it was asked for", encoded)
	}
	now := t0.Add(160 * time.Second)
	if p := b.Snapshot(now).Products[0]; p.Level != impact.Outage && p.Level != impact.Degraded {
		t.Errorf("billing is %s: what came meanwhile was not taken in", p.Level)
	}

	// A restart from it, with what came since, is where the board is.
	again := NewBoard(twoProducts())
	if _, err := again.Restore(got); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		again.Apply(uint64(i+1), second(i))
	}
	for i := range 60 {
		again.Apply(uint64(100+i+1), second(100+i, "pay"))
	}
	again.Replayed()
	if want, got := b.Snapshot(now).Products[0].Impact, again.Snapshot(now).Products[0].Impact; want.Level != got.Level || want.Failures != got.Failures || !want.Onset.Equal(got.Onset) {
		t.Errorf("after a restart billing is %s with %d failures since %s, want %s, %d, %s", got.Level, got.Failures, got.Onset, want.Level, want.Failures, want.Onset)
	}
}

package ways

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/publish"
)

// TestIncidentsHeldAreBounded: of more incidents than are held those are let go whose
// update is oldest, and the newest never.
func TestIncidentsHeldAreBounded(t *testing.T) {
	t.Parallel()
	r := &Teller{Log: zap.NewNop(), sides: map[string]*side{}}
	l := &loop{teller: r, wake: make(chan struct{}, 1), jobs: map[string]*job{}, log: r.Log}
	r.loops = []*loop{l}
	begun := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	const more = 100
	for i := range mostKeys + more {
		key := publish.UpdatesKey(fmt.Sprintf("inc-%d", i+1))
		body, err := json.Marshal(publish.Body{N: 1, Post: 1, Rendered: begun.Add(time.Duration(i) * time.Minute), About: &publish.About{Number: i + 1}})
		if err != nil {
			t.Fatal(err)
		}
		r.accept(publish.Entry{Dest: "C1", Key: key, Rev: uint64(i + 1), Body: body})
		if l.jobs[keyOf("C1", key)] == nil || r.sides[keyOf("C1", key)] == nil {
			t.Fatalf("incident %d is not held when it comes", i+1)
		}
	}
	if len(l.jobs) != mostKeys || len(r.sides) != mostKeys {
		t.Errorf("%d jobs and %d sides are held, want %d of each", len(l.jobs), len(r.sides), mostKeys)
	}
	for _, i := range []int{1, more} {
		if key := keyOf("C1", publish.UpdatesKey(fmt.Sprintf("inc-%d", i))); l.jobs[key] != nil || r.sides[key] != nil {
			t.Errorf("incident %d, one of the oldest, is still held", i)
		}
	}
}

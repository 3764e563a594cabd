package ways

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/publish"
)

// TestIncidentsHeldAreBounded: of more incidents than are held those are let go whose
// update is oldest, and the newest never.
func TestIncidentsHeldAreBounded(t *testing.T) {
	t.Parallel()
	begun := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	r := &Teller{Log: zap.NewNop(), Now: func() time.Time { return begun }, sides: map[string]*side{}}
	l := &loop{teller: r, wake: make(chan struct{}, 1), jobs: map[string]*job{}, log: r.Log}
	r.loops = []*loop{l}
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

// TestTakingOverCostsWhatIsOpen: who takes over reads of the incidents that go on, and not of those that ended a day ago and are
// told; and who leads for long lets go of these.
func TestTakingOverCostsWhatIsOpen(t *testing.T) {
	reads := func(ended int) int {
		var n int
		synctest.Test(t, func(t *testing.T) {
			to := &sent{}
			s := newStage(t, wayTo(to, Always))
			s.box.told = func(publish.Entry) bool { return true }
			for i := range ended {
				s.updateOf(fmt.Sprintf("inc-%d", 100+i), 1, 1, 1, true)
			}
			settle(25 * time.Hour)
			for i := range 3 {
				s.updateOf(fmt.Sprintf("inc-%d", i), 1, 1, 1, false)
			}
			s.start()
			settle(10 * time.Minute)
			s.want(to, "began 1, began 1, began 1")
			s.stop()
			n = s.box.reads
		})
		return n
	}
	if few, many := reads(1), reads(200); few != many {
		t.Errorf("%d reads beside one incident that ended, and %d beside 200", few, many)
	}
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, wayTo(&sent{}, Always))
		s.start()
		for i := range 50 {
			s.updateOf(fmt.Sprintf("inc-%d", i), 1, 1, 1, true)
		}
		settle(49 * time.Hour)
		s.updateOf("inc-50", 1, 1, 1, false)
		settle(time.Minute)
		s.stop()
		if len(s.sides) != 1 || len(s.loops[0].jobs) != 1 {
			t.Errorf("two days later %d sides and %d jobs are held, want 1 of each", len(s.sides), len(s.loops[0].jobs))
		}
	})
}

package runner

import (
	"fmt"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// TestALaneThatIsAlwaysBehind keeps what waits, and not what has ever waited.
func TestALaneThatIsAlwaysBehind(t *testing.T) {
	l := newLane(1)
	slots := make([]slot, 50)
	for i := range slots {
		l.push(&slots[i])
	}
	for n := range 100_000 {
		want := &slots[n%len(slots)]
		if got := l.pop(); got != want {
			t.Fatalf("pop %d is not the one that waited longest", n)
		}
		l.push(want)
	}
	if most := 4 * len(slots); cap(l.queue) > most {
		t.Errorf("room for %d slots, want at most %d for the %d that wait", cap(l.queue), most, len(slots))
	}
}

// TestReplaceWhileChecksWaitAtAGate: what waits for its host is handed on by the
// probe before it, while the schedule's goroutine puts other checks in place.
// The race detector looks on.
func TestReplaceWhileChecksWaitAtAGate(t *testing.T) {
	var got collector
	list := func(kind *probe.Kind) []*probe.Compiled {
		list := fakesOf(kind, 8, time.Minute, time.Minute, takes(0))
		for _, c := range list {
			c.Host = "one.example.com"
		}
		return list
	}
	r := newRunner(list(&fakeKind), got.sink, Config{PerHost: 1})
	stop := startRunner(t, r)
	var ids []string
	for i := range 8 {
		ids = append(ids, fmt.Sprintf("check-%d", i))
	}
	for i := range 50 {
		results := r.Now(t.Context(), ids)
		swap(t, r, list([]*probe.Kind{&fakeScript, &fakeKind}[i%2]))
		n := 0
		for range results {
			n++
		}
		if n != len(ids) {
			t.Errorf("%d results, want %d", n, len(ids))
		}
	}
	stop()
}

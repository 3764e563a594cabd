package journal_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/journal"
)

// A follower whose connection breaks, in the replay and live, delivers everything once, in order.
func TestFollowSurvivesReconnects(t *testing.T) {
	t.Parallel()
	url := startServer(t)
	gate := newGate(t, url)
	writer := open(t, journal.Config{URL: url, Node: "w"})
	follower := open(t, journal.Config{URL: gate.url, Node: "f"})
	const replayed, live = 2000, 20
	add := func(i int) {
		t.Helper()
		check(t, writer.AppendResults(t.Context(), fmt.Appendf(make([]byte, 0, 8<<10), "%08000d", i)))
	}
	for i := range replayed {
		add(i)
	}
	r := read(t, func(ctx context.Context, each func(string) error, caughtUp func()) error {
		n := 0
		return follower.FollowResults(ctx, time.Time{}, func(r journal.Record) error {
			if n++; n == replayed/2 {
				gate.cut()
			}
			return each(fmt.Sprintf("%d %s", r.Seq, r.Data[len(r.Data)-6:]))
		}, caughtUp)
	})
	want := func(i int) {
		t.Helper()
		if got, want := r.next(t), fmt.Sprintf("%d %06d", i+1, i); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	for i := range replayed {
		want(i)
	}
	r.wantCaughtUp(t, replayed)
	gate.cut()
	for i := replayed; i < replayed+live; i++ {
		add(i)
	}
	for i := replayed; i < replayed+live; i++ {
		want(i)
	}
	r.stop()
	r.wantEnd(t, context.Canceled)
}

package journal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/journal"
)

func results(j *journal.Journal, since time.Time) func(context.Context, func(string) error, func()) error {
	return func(ctx context.Context, each func(string) error, caughtUp func()) error {
		return j.FollowResults(ctx, since, func(r journal.Record) error {
			return each(fmt.Sprintf("%d %s %s", r.Seq, r.Time.UTC().Format(time.RFC3339Nano), r.Data))
		}, caughtUp)
	}
}

func TestResultsReplayIsWhatWasLive(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		const before, after = 700, 300 // more than one pull's worth, in two kinds
		j := open(t, cfg)
		live := read(t, results(j, time.Time{}))
		live.wantCaughtUp(t, 0)
		add := func(from, to int) {
			for i := from; i < to; i++ {
				check(t, j.AppendResults(t.Context(), fmt.Appendf(nil, "batch %d", i)))
			}
		}
		add(0, before)
		replay := read(t, results(j, time.Time{}))
		replay.wantCaughtUp(t, before)
		add(before, before+after)
		var got, want []string
		for range before + after {
			want = append(want, live.next(t))
			got = append(got, replay.next(t))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("replay differs from live (-live +replay):\n%s", diff)
		}
	})
}

func TestResultsSince(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		j := open(t, cfg)
		var stored []time.Time
		r := read(t, func(ctx context.Context, each func(string) error, caughtUp func()) error {
			return j.FollowResults(ctx, time.Time{}, func(r journal.Record) error {
				stored = append(stored, r.Time)
				return each(string(r.Data))
			}, caughtUp)
		})
		for i := range 5 {
			check(t, j.AppendResults(t.Context(), fmt.Appendf(nil, "%d", i)))
			r.next(t)
		}
		r.stop()
		<-r.ended
		from := read(t, results(j, stored[3]))
		from.wantCaughtUp(t, 2)
		for _, i := range []int{3, 4} {
			want := fmt.Sprintf("%d %s %d", i+1, stored[i].UTC().Format(time.RFC3339Nano), i)
			if got := from.next(t); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		// Nothing is that young: caught up at once, and live all the same.
		young := read(t, results(j, stored[4].Add(time.Nanosecond)))
		young.wantCaughtUp(t, 0)
		check(t, j.AppendResults(t.Context(), []byte("5")))
		if got := young.next(t); got[:2] != "6 " {
			t.Errorf("got %q, want sequence 6", got)
		}
	})
}

func TestResultsAreBounded(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		cfg.ResultsBytes = 1 << 20
		j := open(t, cfg)
		const batches, size = 30, 100 << 10
		for i := range batches {
			check(t, j.AppendResults(t.Context(), append(fmt.Appendf(nil, "%02d", i), make([]byte, size)...)))
		}
		var first, n int
		r := read(t, func(ctx context.Context, each func(string) error, caughtUp func()) error {
			return j.FollowResults(ctx, time.Time{}, func(r journal.Record) error {
				if n++; n == 1 {
					first = int(r.Seq)
				}
				return nil
			}, func() { r := fmt.Sprint(n); caughtUp(); each(r) })
		})
		r.wantCaughtUp(t, 0) // the reader's own count: each is not called for records here
		r.next(t)
		if n != 10 || first != batches-n+1 {
			t.Errorf("%d batches left beginning with %d, want the last 10 (1 MiB of 100 KiB each)", n, first)
		}
	})
}

// A follower may begin behind a sequence, whatever of the beginning is gone.
func TestResultsBehindASequence(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		j := open(t, cfg)
		if _, err := j.ResultAfter(t.Context(), 0); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("of none: %v, want ErrNotFound", err)
		}
		for i := range 5 {
			check(t, j.AppendResults(t.Context(), fmt.Appendf(nil, "batch %d", i)))
		}
		first, err := j.ResultAfter(t.Context(), 3)
		if err != nil || first.Seq != 4 || string(first.Data) != "batch 3" {
			t.Fatalf("behind 3: %d %q, %v", first.Seq, first.Data, err)
		}
		if _, err := j.ResultAfter(t.Context(), 5); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("behind the last: %v, want ErrNotFound", err)
		}
		r := read(t, func(ctx context.Context, each func(string) error, caughtUp func()) error {
			return j.FollowResultsFrom(ctx, first.Seq, func(r journal.Record) error { return each(string(r.Data)) }, caughtUp)
		})
		for _, want := range []string{"batch 3", "batch 4"} {
			if got := r.next(t); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		r.wantCaughtUp(t, 2)
	})
}

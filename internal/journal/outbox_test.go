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

func outbox(j *journal.Journal) func(context.Context, func(string) error, func()) error {
	return func(ctx context.Context, each func(string) error, caughtUp func()) error {
		return j.WatchOutbox(ctx, func(e journal.Entry) error {
			if time.Since(e.Put) > time.Minute {
				return fmt.Errorf("put at %v", e.Put)
			}
			return each(fmt.Sprintf("%s %s %d %s", e.Dest, e.Key, e.Rev, e.Body))
		}, caughtUp)
	}
}

func TestOutboxKeepsTheNewest(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		ctx := t.Context()
		j := open(t, cfg)
		put := func(dest, key, body string) uint64 {
			t.Helper()
			rev, err := j.PutOutbox(ctx, dest, key, []byte(body))
			check(t, err)
			return rev
		}
		put("#inc 42", "update:17", "old")
		put("#inc 42", "update:18", "b")
		put("mail/ops", "update:17", "c")
		put("#inc 42", "update:17", "new") // replaces, and moves behind
		r := read(t, outbox(j))
		r.wantCaughtUp(t, 3)
		rev := put("#inc 42", "update:18", "b2")
		for i, want := range []string{"#inc 42 update:18 2 b", "mail/ops update:17 3 c", "#inc 42 update:17 4 new", "#inc 42 update:18 5 b2"} {
			if got := r.next(t); got != want {
				t.Errorf("%d: got %q, want %q", i, got, want)
			}
		}
		if rev != 5 {
			t.Errorf("revision %d, want 5", rev)
		}
	})
}

func TestReceipts(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		ctx := t.Context()
		j := open(t, cfg)
		if _, err := j.Receipt(ctx, "#a", "k"); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("no receipt yet: %v, want ErrNotFound", err)
		}
		one, err := j.PutReceipt(ctx, "#a", "k", []byte("ts=1"), 0)
		check(t, err)
		if _, err := j.PutReceipt(ctx, "#a", "k", []byte("second first"), 0); !errors.Is(err, journal.ErrConflict) {
			t.Errorf("create twice: %v, want ErrConflict", err)
		}
		two, err := j.PutReceipt(ctx, "#a", "k", []byte("ts=2"), one)
		check(t, err)
		if _, err := j.PutReceipt(ctx, "#a", "k", []byte("stale"), one); !errors.Is(err, journal.ErrConflict) {
			t.Errorf("stale put: %v, want ErrConflict", err)
		}
		got, err := j.Receipt(ctx, "#a", "k")
		check(t, err)
		got.Put = time.Time{}
		want := journal.Receipt{Dest: "#a", Key: "k", Rev: two, Body: []byte("ts=2")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("receipt (-want +got):\n%s", diff)
		}
		for _, bad := range [][2]string{{"", "k"}, {"#a", ""}} {
			if _, err := j.PutReceipt(ctx, bad[0], bad[1], nil, 0); !errors.Is(err, journal.ErrBadName) {
				t.Errorf("name %q: %v, want ErrBadName", bad, err)
			}
		}
	})
}

func TestPruneDropsWhatIsDone(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		ctx := t.Context()
		j := open(t, cfg)
		for _, key := range []string{"done", "pending", "replaced"} {
			_, err := j.PutOutbox(ctx, "#a", key, []byte(key))
			check(t, err)
		}
		for _, key := range []string{"done", "replaced", "orphan"} {
			_, err := j.PutReceipt(ctx, "#a", key, []byte("posted"), 0)
			check(t, err)
		}
		border := time.Now()
		_, err := j.PutOutbox(ctx, "#a", "recent", []byte("recent"))
		check(t, err)

		asked := map[string]bool{} // :: key -> had a receipt
		dropped, err := j.Prune(ctx, border, func(e journal.Entry, r *journal.Receipt) bool {
			asked[e.Key] = r != nil
			if e.Key == "replaced" { // by somebody else, right now
				_, err := j.PutOutbox(ctx, "#a", "replaced", []byte("newer"))
				check(t, err)
			}
			return e.Key != "pending"
		})
		check(t, err)
		if dropped != 2 {
			t.Errorf("dropped %d, want 2 (done, and the old body of replaced)", dropped)
		}
		if diff := cmp.Diff(map[string]bool{"done": true, "pending": false, "replaced": true}, asked); diff != "" {
			t.Errorf("asked about (-want +got):\n%s", diff)
		}
		r := read(t, outbox(j))
		r.wantCaughtUp(t, 3)
		for _, want := range []string{"#a pending 2 pending", "#a recent 4 recent", "#a replaced 5 newer"} {
			if got := r.next(t); got != want {
				t.Errorf("left: got %q, want %q", got, want)
			}
		}
		for key, want := range map[string]error{"done": journal.ErrNotFound, "orphan": journal.ErrNotFound, "replaced": nil} {
			if _, err := j.Receipt(ctx, "#a", key); !errors.Is(err, want) {
				t.Errorf("receipt of %s: %v, want %v", key, err, want)
			}
		}
		// A pruned key starts again from nothing.
		_, err = j.PutReceipt(ctx, "#a", "done", []byte("posted again"), 0)
		check(t, err)
	})
}

// What is kept for good is no receipt of anything that was said: age alone
// must not take it away.
func TestPruneLeavesWhatIsKept(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		ctx := t.Context()
		j := open(t, cfg)
		rev, err := j.Keep(ctx, "checks", "added", []byte("one"), 0)
		check(t, err)
		if _, err := j.Prune(ctx, time.Now().Add(time.Hour), func(journal.Entry, *journal.Receipt) bool { return true }); err != nil {
			t.Fatal(err)
		}
		got, err := j.Kept(ctx, "checks", "added")
		check(t, err)
		if string(got.Body) != "one" || got.Rev != rev {
			t.Errorf("left: %q at %d, want \"one\" at %d", got.Body, got.Rev, rev)
		}
		if _, err := j.Keep(ctx, "checks", "added", []byte("stale"), rev-1); !errors.Is(err, journal.ErrConflict) {
			t.Errorf("over another revision: %v", err)
		}
	})
}

package journal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/journal"
)

// leader runs Lead and tells the test what happens to it.
type leader struct {
	leading chan uint64 // generations
	lost    chan error  // causes
	ended   chan error
	resign  chan error // what lead returns
	stop    context.CancelFunc
}

func lead(t *testing.T, j *journal.Journal) *leader {
	ctx, cancel := context.WithCancel(context.Background())
	l := &leader{leading: make(chan uint64, 10), lost: make(chan error, 10), ended: make(chan error, 1), resign: make(chan error), stop: cancel}
	go func() {
		l.ended <- j.Lead(ctx, "lead/er", func(ctx context.Context, generation uint64) error {
			l.leading <- generation
			select {
			case err := <-l.resign:
				return err
			case <-ctx.Done():
				l.lost <- context.Cause(ctx)
				return ctx.Err()
			}
		})
	}()
	t.Cleanup(cancel)
	return l
}

func wait[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: nothing happened", what)
		panic("unreachable")
	}
}

func wantGeneration(t *testing.T, l *leader, want uint64) {
	t.Helper()
	if got := wait(t, "leading", l.leading); got != want {
		t.Errorf("generation %d, want %d", got, want)
	}
}

func TestLeaseIsHandedOver(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		j := open(t, cfg)
		if _, _, ok := j.Leader("lead/er"); ok {
			t.Error("a leader before anybody campaigned")
		}
		l := lead(t, j)
		wantGeneration(t, l, 1)
		if node, generation, ok := j.Leader("lead/er"); !ok || node != j.Node() || generation != 1 {
			t.Errorf("leader %q %d %v, want this node, 1", node, generation, ok)
		}
		if err := j.Lead(t.Context(), "lead/er", nil); err == nil {
			t.Error("a second campaign in the same journal was let in")
		}
		// lead's own error ends the campaign and releases the lease.
		want := errors.New("enough")
		l.resign <- want
		if err := wait(t, "end", l.ended); !errors.Is(err, want) {
			t.Errorf("Lead returned %v, want lead's error", err)
		}
		l = lead(t, j)
		wantGeneration(t, l, 2)
		l.stop()
		if err := wait(t, "end", l.ended); !errors.Is(err, context.Canceled) {
			t.Errorf("Lead returned %v, want its context's error", err)
		}
		l = lead(t, j)
		wantGeneration(t, l, 3)
		check(t, j.Close())
		if err := wait(t, "end", l.ended); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("Lead returned %v, want ErrClosed", err)
		}
	})
}

func TestLeaseOfAnotherNode(t *testing.T) {
	url := startServer(t)
	cfg := func(node string) journal.Config {
		return journal.Config{URL: url, Node: node, LeaseTTL: time.Hour}
	}
	a, b := open(t, cfg("a")), open(t, cfg("b"))
	la := lead(t, a)
	wantGeneration(t, la, 1)
	lb := lead(t, b)
	// b has read the lease when it can name the leader; it must then not lead.
	for node, _, ok := b.Leader("lead/er"); !ok; node, _, ok = b.Leader("lead/er") {
		if ok && node != "a" {
			t.Fatalf("b sees %q leading", node)
		}
		time.Sleep(time.Millisecond)
	}
	if len(lb.leading) > 0 {
		t.Fatal("two leaders")
	}
	// A release is seen at once, although the TTL is an hour; and back, with growing generations.
	la.resign <- nil
	check(t, wait(t, "a's end", la.ended))
	wantGeneration(t, lb, 2)
	la = lead(t, a)
	check(t, b.Close())
	wantGeneration(t, la, 3)
}

func TestLeaseOfASilentNodeIsTakenOver(t *testing.T) {
	t.Parallel()
	url := startServer(t)
	const ttl = 3 * time.Second // a machine that stands still for longer takes the lease from a
	gate := newGate(t, url)
	a := open(t, journal.Config{URL: gate.url, Node: "a", LeaseTTL: ttl})
	b := open(t, journal.Config{URL: url, Node: "b", LeaseTTL: ttl})
	la := lead(t, a)
	wantGeneration(t, la, 1)
	lb := lead(t, b)
	// a renews: when a lease that is not renewed would be over, it still leads.
	select {
	case <-lb.leading:
		t.Fatal("b took a lease that was being renewed")
	case err := <-la.lost:
		t.Fatalf("a lost its lease: %v", err)
	case <-time.After(ttl + ttl/3): // a span under test, not a wait for a condition
	}
	var aLost time.Time
	gate.freeze()
	if cause := wait(t, "a loses its lease", la.lost); !errors.Is(cause, journal.ErrLeaseLost) {
		t.Errorf("cause %v, want ErrLeaseLost", cause)
	}
	aLost = time.Now()
	wantGeneration(t, lb, 2)
	if gap := time.Since(aLost); gap < 0 {
		t.Errorf("b led %v before a had stopped", -gap)
	}
	if len(lb.leading) > 0 || len(la.leading) > 0 {
		t.Error("somebody else leads too")
	}
	// a comes back and waits for its turn.
	gate.thaw()
	lb.resign <- nil
	check(t, wait(t, "b's end", lb.ended))
	wantGeneration(t, la, 3)
}

func TestOwnLeaseIsRetakenAfterACrash(t *testing.T) {
	t.Parallel()
	url, dir := startServer(t), t.TempDir()
	cfg := journal.Config{URL: url, Dir: dir, LeaseTTL: time.Hour}
	gate := newGate(t, url)
	crashed := cfg
	crashed.URL = gate.url
	a := open(t, crashed)
	la := lead(t, a)
	wantGeneration(t, la, 1)
	gate.freeze() // it cannot release any more
	check(t, a.Close())
	again := open(t, cfg)
	if again.Node() != a.Node() {
		t.Fatalf("node %q, want %q", again.Node(), a.Node())
	}
	wantGeneration(t, lead(t, again), 2)
	// Another node with the same id but without the directory's lock waits.
	stranger := open(t, journal.Config{URL: url, Node: again.Node(), LeaseTTL: time.Hour})
	ls := lead(t, stranger)
	for _, _, ok := stranger.Leader("lead/er"); !ok; _, _, ok = stranger.Leader("lead/er") {
		time.Sleep(time.Millisecond)
	}
	if len(ls.leading) > 0 {
		t.Error("a stranger with the same id leads")
	}
}

func TestGenerationSurvivesRestarts(t *testing.T) {
	dir := t.TempDir()
	for want := uint64(1); want <= 4; want++ {
		t.Run(fmt.Sprint(want), func(t *testing.T) {
			l := lead(t, open(t, journal.Config{Dir: dir}))
			wantGeneration(t, l, want)
		})
	}
}

package bottest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/publish"
)

// TestOutbox checks that an empty outbox keeps the contract of bot.Outbox:
// the newest body of a destination and key wins; Watch gives what is there,
// says once that it has, and goes on with what comes; a receipt is stored only
// in place of the one that the writer has read.
func TestOutbox(t *testing.T, o bot.Outbox) {
	t.Run("the newest body wins", func(t *testing.T) { newestWins(t, o) })
	t.Run("a failing reader ends the watch", func(t *testing.T) { readerFails(t, o) })
	t.Run("receipts", func(t *testing.T) { receipts(t, o) })
	t.Run("one of many writers of a receipt is right", func(t *testing.T) { oneWriter(t, o) })
}

// patience is far more than an outbox needs for anything.
const patience = 10 * time.Second

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func put(t *testing.T, o bot.Outbox, dest, key, body string) {
	t.Helper()
	data := []byte(body)
	if err := o.Put(within(t), dest, key, data); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
	clear(data) // what was put is the outbox's own copy
}

// reader is a watch under way. What it gives comes as lines, "caught up"
// among them.
type reader struct {
	lines chan string
	stop  func()
}

func read(t *testing.T, o bot.Outbox) reader {
	ctx, cancel := context.WithCancel(t.Context())
	r := reader{lines: make(chan string, 100)}
	done := make(chan struct{})
	var last uint64
	go func() {
		defer close(done)
		err := o.Watch(ctx, func(e publish.Entry) error {
			if e.Rev <= last {
				t.Errorf("revision %d after %d", e.Rev, last)
			}
			last = e.Rev
			r.lines <- fmt.Sprintf("%s %s %s", e.Dest, e.Key, e.Body)
			return nil
		}, func() { r.lines <- "caught up" })
		if ctx.Err() == nil {
			t.Errorf("watch ended by itself: %v", err)
		}
	}()
	r.stop = func() {
		cancel()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("watch did not return after the end of its context")
		}
	}
	t.Cleanup(r.stop)
	return r
}

func (r reader) want(t *testing.T, lines ...string) {
	t.Helper()
	for _, want := range lines {
		select {
		case got := <-r.lines:
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("watch (-want +got):\n%s", diff)
			}
		case <-time.After(patience):
			t.Fatalf("watch gave nothing, want %q", want)
		}
	}
}

func newestWins(t *testing.T, o bot.Outbox) {
	empty := read(t, o)
	empty.want(t, "caught up")
	put(t, o, "C0A", "updates/inc-1", "old")
	put(t, o, "C0B", "updates/inc-1", "of another channel")
	put(t, o, "C0A", "share/1.2.abc", "of another key")
	put(t, o, "C0A", "updates/inc-1", "new")
	late := read(t, o)
	late.want(t, "C0B updates/inc-1 of another channel", "C0A share/1.2.abc of another key", "C0A updates/inc-1 new", "caught up")
	put(t, o, "C0B", "updates/inc-1", "live")
	late.want(t, "C0B updates/inc-1 live")
	// Who was there from the beginning may have missed what was replaced at
	// once, and misses nothing else.
	seen := map[string]bool{}
	for !seen["C0B updates/inc-1 live"] {
		select {
		case line := <-empty.lines:
			seen[line] = true
		case <-time.After(patience):
			t.Fatalf("the first watch saw %v, and not the newest", seen)
		}
	}
	for _, want := range []string{"C0A share/1.2.abc of another key", "C0A updates/inc-1 new"} {
		if !seen[want] {
			t.Errorf("the first watch did not see %q", want)
		}
	}
}

func readerFails(t *testing.T, o bot.Outbox) {
	put(t, o, "C0F", "k", "body")
	enough := errors.New("enough")
	calls := 0
	err := o.Watch(within(t), func(publish.Entry) error { calls++; return enough }, func() {})
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("watch returned %v after %d entries, want the reader's error after one", err, calls)
	}
}

func receipts(t *testing.T, o bot.Outbox) {
	ctx := within(t)
	if _, _, err := o.Receipt(ctx, "C0R", "k"); !errors.Is(err, publish.ErrNotFound) {
		t.Errorf("no receipt yet: %v, want ErrNotFound", err)
	}
	if _, err := o.PutReceipt(ctx, "C0R", "k", []byte("too soon"), 7); !errors.Is(err, publish.ErrConflict) {
		t.Errorf("in place of one that is not there: %v, want ErrConflict", err)
	}
	first, err := o.PutReceipt(ctx, "C0R", "k", []byte("first"), 0)
	if err != nil || first == 0 {
		t.Fatalf("first receipt: revision %d, %v", first, err)
	}
	if _, err := o.PutReceipt(ctx, "C0R", "k", []byte("first again"), 0); !errors.Is(err, publish.ErrConflict) {
		t.Errorf("as the first, and there is one: %v, want ErrConflict", err)
	}
	second, err := o.PutReceipt(ctx, "C0R", "k", []byte("second"), first)
	if err != nil || second <= first {
		t.Fatalf("second receipt: revision %d after %d, %v", second, first, err)
	}
	if _, err := o.PutReceipt(ctx, "C0R", "k", []byte("stale"), first); !errors.Is(err, publish.ErrConflict) {
		t.Errorf("in place of an old one: %v, want ErrConflict", err)
	}
	data, rev, err := o.Receipt(ctx, "C0R", "k")
	if err != nil || string(data) != "second" || rev != second {
		t.Errorf("receipt %q at %d (%v), want the second at %d", data, rev, err, second)
	}
	if _, _, err := o.Receipt(ctx, "C0S", "k"); !errors.Is(err, publish.ErrNotFound) {
		t.Errorf("the receipt is another channel's too: %v", err)
	}
	if _, _, err := o.Receipt(ctx, "C0R", "k2"); !errors.Is(err, publish.ErrNotFound) {
		t.Errorf("the receipt is another key's too: %v", err)
	}
}

func oneWriter(t *testing.T, o bot.Outbox) {
	ctx := within(t)
	last, err := o.PutReceipt(ctx, "C0W", "k", []byte("begin"), 0)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	results := make(chan error, 8)
	for range cap(results) {
		wg.Go(func() {
			_, err := o.PutReceipt(ctx, "C0W", "k", []byte("mine"), last)
			results <- err
		})
	}
	wg.Wait()
	close(results)
	stored := 0
	for err := range results {
		switch {
		case err == nil:
			stored++
		case !errors.Is(err, publish.ErrConflict):
			t.Errorf("a loser got %v, want ErrConflict", err)
		}
	}
	if stored != 1 {
		t.Errorf("%d of %d writers were right, want 1", stored, cap(results))
	}
}

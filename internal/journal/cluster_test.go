package journal_test

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/statusbot/statusbot/internal/journal"
)

// On a shared cluster operators and other statusbots have their hands in the same server.

func TestPrefixesAreApart(t *testing.T) {
	url := startServer(t)
	a := open(t, journal.Config{URL: url, Node: "n", Prefix: "status"})
	b := open(t, journal.Config{URL: url, Node: "n", Prefix: "status-eu"})
	for _, j := range []*journal.Journal{a, b} {
		_, err := j.AppendEvent(t.Context(), "inc", 0, []byte("opened"))
		check(t, err)
		_, err = j.PutReceipt(t.Context(), "#a", "k", nil, 0)
		check(t, err)
		wantGeneration(t, lead(t, j), 1)
	}
	for _, j := range []*journal.Journal{a, b} {
		read(t, events(j)).wantCaughtUp(t, 1)
	}
}

func TestOperatorsHands(t *testing.T) {
	ctx, url := t.Context(), startServer(t)
	j := open(t, journal.Config{URL: url, Node: "n"})
	nc, err := nats.Connect(url)
	check(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	check(t, err)

	_, err = j.PutOutbox(ctx, "#a", "k", []byte("said"))
	check(t, err)
	entries, err := js.KeyValue(ctx, "statusbot_outbox")
	check(t, err)
	e, err := entries.Get(ctx, "=23a.k")
	check(t, err)
	if string(e.Value()) != "said" {
		t.Errorf("nats kv get: %q, want %q", e.Value(), "said")
	}

	// A deleted receipt is no receipt, and can be written again.
	_, err = j.PutReceipt(ctx, "#a", "k", []byte("ts=1"), 0)
	check(t, err)
	receipts, err := js.KeyValue(ctx, "statusbot_receipts")
	check(t, err)
	check(t, receipts.Delete(ctx, "=23a.k"))
	if _, err := j.Receipt(ctx, "#a", "k"); !errors.Is(err, journal.ErrNotFound) {
		t.Errorf("deleted receipt: %v, want ErrNotFound", err)
	}
	_, err = j.PutReceipt(ctx, "#a", "k", []byte("ts=2"), 0)
	check(t, err)

	// Strange and deleted entries are passed over.
	_, err = js.Publish(ctx, "$KV.statusbot_outbox.=zz.k", []byte("strange"))
	check(t, err)
	check(t, entries.Delete(ctx, "=23a.k"))
	_, err = j.PutOutbox(ctx, "#a", "k2", []byte("next"))
	check(t, err)
	if got, want := read(t, outbox(j)).next(t), "#a k2 4 next"; got != want {
		t.Errorf("first entry %q, want %q", got, want)
	}

	// Events cannot be dropped, not even by hand.
	_, err = j.AppendEvent(ctx, "inc", 0, []byte("opened"))
	check(t, err)
	s, err := js.Stream(ctx, "STATUSBOT_EVENTS")
	check(t, err)
	if s.Purge(ctx) == nil || s.DeleteMsg(ctx, 1) == nil {
		t.Error("an event could be dropped")
	}

	// Reopening with another configuration brings the streams to it.
	again := open(t, journal.Config{URL: url, Node: "n2", ResultsBytes: 5 << 20})
	check(t, again.AppendResults(ctx, []byte("a")))
	s, err = js.Stream(ctx, "STATUSBOT_RESULTS")
	check(t, err)
	if got := s.CachedInfo().Config.MaxBytes; got != 5<<20 {
		t.Errorf("results bytes %d after reopening, want %d", got, 5<<20)
	}
}

package journal_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

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

// The last record before a silence, written by the server into a connection that is dying, is not lost: nothing that
// comes after it would show that it is missing.
func TestARecordLostWithItsConnectionIsDelivered(t *testing.T) {
	t.Parallel()
	url := startServer(t)
	gate := newGate(t, url)
	writer := open(t, journal.Config{URL: url, Node: "w"})
	follower := open(t, journal.Config{URL: gate.url, Node: "f"})
	r := read(t, func(ctx context.Context, each func(string) error, caughtUp func()) error {
		return follower.FollowResults(ctx, time.Time{}, func(r journal.Record) error { return each(string(r.Data)) }, caughtUp)
	})
	r.wantCaughtUp(t, 0)
	check(t, writer.AppendResults(t.Context(), []byte("arrives")))
	if got := r.next(t); got != "arrives" {
		t.Fatalf("got %q", got)
	}
	gate.lose()
	check(t, writer.AppendResults(t.Context(), []byte("is lost on the way")))
	waitUntilSent(t, url, 2)
	gate.cut()
	if got := r.next(t); got != "is lost on the way" {
		t.Fatalf("got %q", got)
	}
	r.stop()
	r.wantEnd(t, context.Canceled)
}

// waitUntilSent waits until the server has written the record to its only follower of results.
func waitUntilSent(t *testing.T, url string, seq uint64) {
	t.Helper()
	nc, err := nats.Connect(url)
	check(t, err)
	defer nc.Close()
	js, err := jetstream.New(nc)
	check(t, err)
	stream, err := js.Stream(t.Context(), "STATUSBOT_RESULTS")
	check(t, err)
	for until := time.Now().Add(patience); time.Now().Before(until); {
		for c := range stream.ListConsumers(t.Context()).Info() {
			if c.Delivered.Stream >= seq {
				return
			}
		}
	}
	t.Fatalf("record %d was not sent", seq)
}

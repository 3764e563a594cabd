package journal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/longtest"
)

// kept is all that a journal has, a line each, with sequences and times.
func kept(t *testing.T, j *journal.Journal) (lines []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	note := func(r journal.Record) error {
		lines = append(lines, fmt.Sprintf("event %d %s %s %s", r.Seq, r.Incident, r.Data, r.Time.UTC()))
		return nil
	}
	_ = j.FollowEvents(ctx, note, stop)
	ctx, stop = context.WithCancel(t.Context())
	_ = j.FollowResults(ctx, time.Time{}, func(r journal.Record) error {
		lines = append(lines, fmt.Sprintf("results %d %s %s", r.Seq, r.Data, r.Time.UTC()))
		return nil
	}, stop)
	for _, key := range []string{"one", "two"} {
		r, err := j.Receipt(t.Context(), "#a", key)
		check(t, err)
		lines = append(lines, fmt.Sprintf("receipt %s %d %s", key, r.Rev, r.Body))
	}
	form, err := j.Kept(t.Context(), "added", "shop")
	check(t, err)
	lines = append(lines, fmt.Sprintf("kept %d %s", form.Rev, form.Body))
	point, err := j.Checkpoint(t.Context(), "board/1")
	check(t, err)
	return append(lines, "checkpoint "+string(point))
}

// writeAll has a journal hold something of everything.
func writeAll(t *testing.T, j *journal.Journal) {
	t.Helper()
	ctx := t.Context()
	var last uint64
	for i := range 5 {
		seq, err := j.AppendEvent(ctx, "inc-1", last, fmt.Appendf(nil, "event %d", i))
		check(t, err)
		last = seq
		check(t, j.AppendResults(ctx, fmt.Appendf(nil, "batch %d", i)))
	}
	check(t, j.AppendResultsDurably(ctx, []byte("pushed")))
	for _, body := range []string{"old", "new"} { // the first is not kept: sequences have gaps
		_, err := j.PutOutbox(ctx, "#a", "one", []byte(body))
		check(t, err)
	}
	rev, err := j.PutReceipt(ctx, "#a", "one", []byte("ts=1"), 0)
	check(t, err)
	_, err = j.PutReceipt(ctx, "#a", "one", []byte("ts=2"), rev)
	check(t, err)
	_, err = j.PutReceipt(ctx, "#a", "two", []byte("ts=3"), 0)
	check(t, err)
	_, err = j.Keep(ctx, "added", "shop", []byte("a check"), 0)
	check(t, err)
	_, err = j.PutCheckpoint(ctx, "board/1", []byte("what was concluded"))
	check(t, err)
	wantGeneration(t, lead(t, j), 1)
}

// opensAll opens all members at once.
func opensAll(t *testing.T, cfg []journal.Config) []*journal.Journal {
	t.Helper()
	all := make([]*journal.Journal, len(cfg))
	var first sync.WaitGroup
	for i := range all {
		first.Go(func() { all[i] = opens(t, cfg[i]) })
	}
	first.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// wantKept has all members have something, whichever copy each reads.
func wantKept(t *testing.T, all []*journal.Journal, want []string) {
	t.Helper()
	for i, j := range all {
		if got := kept(t, j); !slices.Equal(got, want) {
			t.Fatalf("member %d has\n%s\nwant\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// A statusbot that was alone becomes one of three and brings all that it has, with its
// sequences and times; also where the first try was broken off halfway. What it had is
// still there afterwards, and a backup of a member is one of a statusbot that is alone.
func TestOneBecomesThree(t *testing.T) {
	t.Parallel()
	cfg := membersOf(t, 3)
	grows := longtest.Of(1, 2)
	old, err := journal.Open(t.Context(), journal.Config{Dir: cfg[grows].Dir})
	check(t, err)
	writeAll(t, old)
	want := kept(t, old)
	check(t, old.Close())

	all := opensAll(t, cfg)
	wantKept(t, all, want)
	for i, j := range all[:2] { // with the sequences and revisions that were known before
		_, err = j.AppendEvent(t.Context(), "inc-1", uint64(5+i), []byte("of three"))
		check(t, err)
	}
	wantGeneration(t, lead(t, all[0]), 2)
	for name, there := range map[string]bool{"before/nats": true, "before/events.copy": true, "nats": false, "bringing.backup": false} {
		if _, err := os.Stat(filepath.Join(cfg[grows].Dir, name)); (err == nil) != there {
			t.Errorf("%s: %v, want it there: %v", name, err, there)
		}
	}
	if doubts := all[0].Agree(t.Context()); len(doubts) > 0 {
		t.Errorf("the members are said not to agree: %+v", doubts)
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "backup"))
	check(t, err)
	defer file.Close()
	check(t, all[1].Backup(t.Context(), file))
	_, err = file.Seek(0, 0)
	check(t, err)
	again := journal.Config{Dir: t.TempDir()}
	check(t, journal.Restore(t.Context(), again, file))
	one, err := journal.Open(t.Context(), again)
	check(t, err)
	defer one.Close()
	last, err := one.LastEvent(t.Context(), "inc-1")
	check(t, err)
	if last.Seq != 7 {
		t.Errorf("restored up to event %d, want 7", last.Seq)
	}
}

// A bringing that was broken off halfway is begun anew.
func TestBringingIsBrokenOff(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "as TestOneBecomesThree, twice")
	cfg := membersOf(t, 3)
	old, err := journal.Open(t.Context(), journal.Config{Dir: cfg[0].Dir})
	check(t, err)
	writeAll(t, old)
	want := kept(t, old)
	check(t, old.Close())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for i := range cfg {
		cfg[i].Waits = func(error) {
			if _, err := os.Stat(filepath.Join(cfg[0].Dir, "bringing.backup")); err == nil {
				cancel()
			}
		}
	}
	var first sync.WaitGroup
	for i := range cfg {
		first.Go(func() {
			if j, err := journal.Open(ctx, cfg[i]); err == nil {
				j.Close() // it was quicker
			}
		})
	}
	first.Wait()
	for i := range cfg {
		cfg[i].Waits = nil
	}
	wantKept(t, opensAll(t, cfg), want)
}

// Two histories are not one: both members that have one say so.
func TestTwoHistoriesAreRefused(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "three servers, as TestOneBecomesThree")
	cfg := membersOf(t, 3)
	for i := range 2 {
		old, err := journal.Open(t.Context(), journal.Config{Dir: cfg[i].Dir})
		check(t, err)
		check(t, old.Close())
	}
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	said := make(chan error, len(cfg))
	for i := range cfg {
		group.Go(func() {
			j, err := journal.Open(ctx, cfg[i])
			if err == nil {
				j.Close()
			}
			said <- err
		})
	}
	if err := <-said; err == nil || !strings.Contains(err.Error(), "a cluster begins with one: move ") {
		t.Errorf("two histories: %v", err)
	}
	cancel()
	group.Wait()
	for i := range 2 {
		if _, err := os.Stat(filepath.Join(cfg[i].Dir, "nats")); errors.Is(err, os.ErrNotExist) {
			t.Errorf("member %d has no history any more", i)
		}
	}
}

//go:build unix

package journal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// mixedRecord is a data directory whose updates are all delivered, as it was halfway and at its end.
type mixedRecord struct{ older, newer string }

const mixedEvents = 20

func makeMixed(t *testing.T) mixedRecord {
	t.Helper()
	m := mixedRecord{older: filepath.Join(t.TempDir(), "older"), newer: t.TempDir()}
	j, err := Open(t.Context(), Config{Dir: m.newer})
	if err != nil {
		t.Fatal(err)
	}
	receipts := map[string]uint64{}
	for i := range mixedEvents {
		if _, err := j.AppendEvent(t.Context(), fmt.Sprint("inc-", i), 0, []byte("an event")); err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprint("updates/", i%6)
		rev, err := j.PutOutbox(t.Context(), "slack:C1", key, []byte("told"))
		if err != nil {
			t.Fatal(err)
		}
		if receipts[key], err = j.PutReceipt(t.Context(), "slack:C1", key, fmt.Append(nil, rev), receipts[key]); err != nil {
			t.Fatal(err)
		}
		if i == mixedEvents/2 {
			if err := os.CopyFS(m.older, os.DirFS(m.newer)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestOlderFilesBesideNewer: of a backup of files some were put back, and not the others. What any of them has is there, and nothing
// that was delivered waits to be told again.
func TestOlderFilesBesideNewer(t *testing.T) {
	t.Parallel()
	made := makeMixed(t)
	for what, names := range map[string][]string{
		"the journal": {aloneDir}, "both copies": {secondFile, twinFile}, "the copy of the events": {secondFile}, "the copy of what is told": {twinFile},
		"the journal and the copy of what is told": {aloneDir, twinFile}, "the events": {evs}, "what is to be told": {outs}, "what was told": {recs},
		"a block of what was told": {recs + "/msgs/1.blk"}, "a block of events": {evs + "/msgs/1.blk"},
		"indexes": {evs + "/msgs/index.db", outs + "/msgs/index.db", recs + "/msgs/index.db"},
	} {
		s := strangeDir{t, filepath.Join(t.TempDir(), "data")}
		s.need(os.CopyFS(s.dir, os.DirFS(made.newer)))
		for _, name := range names {
			s.gone(name)
			from := strangeDir{t, made.older}
			if info, err := os.Stat(from.in(name)); err == nil && info.IsDir() {
				s.need(os.CopyFS(s.in(name), os.DirFS(from.in(name))))
			} else if err == nil { // an index is written at the end
				s.file(name, from.read(name))
			}
		}
		j, err := Open(t.Context(), Config{Dir: s.dir})
		if err != nil {
			t.Errorf("older are %s: %v", what, err)
			continue
		}
		if events := readAll(t, j.FollowEvents); len(events) != mixedEvents || j.Damage() != nil && j.Damage().Events > 0 {
			t.Errorf("older are %s: %d events, damage %+v", what, len(events), j.Damage())
		}
		ctx, stop := context.WithCancel(t.Context())
		_ = j.WatchOutbox(ctx, func(e Entry) error {
			var rev uint64
			r, err := j.Receipt(t.Context(), e.Dest, e.Key)
			if err == nil {
				_, err = fmt.Sscan(string(r.Body), &rev)
			}
			if err != nil || rev < e.Rev {
				t.Errorf("older are %s: %s is at %d and was told to %d, %v", what, e.Key, e.Rev, rev, err)
			}
			return nil
		}, stop)
		s.need(j.Close())
	}
}

// TestTwoHistoriesInTurn: a copy that was set aside is the only one of its history, and stays when another one is.
func TestTwoHistoriesInTurn(t *testing.T) {
	t.Parallel()
	made := makeMixed(t)
	for _, file := range []string{secondFile, twinFile} {
		s := strangeDir{t, made.newer}
		for _, text := range []string{"statusbot events 7\nfirst", "statusbot events 7\nsecond"} {
			if file == twinFile {
				text = "statusbot kept 7\n" + text
			}
			s.file(file, text)
			j, err := Open(t.Context(), Config{Dir: s.dir})
			s.need(err)
			s.need(j.Close())
		}
		aside, err := filepath.Glob(s.in(file) + ".other*")
		if err != nil || len(aside) != 2 {
			t.Errorf("of two that were set aside there are %q, %v", aside, err)
		}
	}
}

// TestNoEventAnywhereIsSaid: nobody knows how many events there were where both copies are without any, and not as they are left.
func TestNoEventAnywhereIsSaid(t *testing.T) {
	t.Parallel()
	s := strangeDir{t, makeMixed(t).newer}
	s.gone(evs)
	s.file(secondFile, "")
	for _, want := range []int{1, 0} { // said once
		core, log := observer.New(zap.ErrorLevel)
		j, err := Open(t.Context(), Config{Dir: s.dir, Log: zap.New(core)})
		s.need(err)
		if said := log.FilterMessageSnippet("those that there were are lost for good").Len(); said != want {
			t.Errorf("it is said %d times, want %d: %v", said, want, log.All())
		}
		s.need(j.Close())
	}
}

//go:build unix

package journal

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestWhatAnotherWasTold: a second copy of what is told that another statusbot has written is set aside, and nothing of it is told; one of
// its own history is not, whether it says of which it is or was written before it could.
func TestWhatAnotherWasTold(t *testing.T) {
	t.Parallel()
	made := makeMixed(t)
	s, other := strangeDir{t, made.newer}, strangeDir{t, t.TempDir()}
	j, err := Open(t.Context(), Config{Dir: other.dir})
	s.need(err)
	_, err = j.AppendEvent(t.Context(), "inc-of-another", 0, []byte("an event"))
	s.need(err)
	_, err = j.PutOutbox(t.Context(), "slack:C9", "updates/inc-of-another", []byte("told elsewhere"))
	s.need(err)
	s.need(j.Close())
	opens := func(want int) {
		t.Helper()
		core, log := observer.New(zap.WarnLevel)
		j, err := Open(t.Context(), Config{Dir: s.dir, Log: zap.New(core)})
		s.need(err)
		if said := log.FilterMessageSnippet("another history").Len(); said != want {
			t.Errorf("another history is said %d times, want %d: %v", said, want, log.All())
		}
		var keys []string
		ctx, stop := context.WithCancel(t.Context())
		_ = j.WatchOutbox(ctx, func(e Entry) error { keys = append(keys, e.Key); return nil }, stop)
		if slices.Sort(keys); strings.Join(keys, " ") != "updates/0 updates/1 updates/2 updates/3 updates/4 updates/5" {
			t.Errorf("the outbox has %q", keys)
		}
		s.need(j.Close())
	}
	opens(0)
	foreign := other.read(twinFile)
	s.file(twinFile, foreign)
	opens(1)
	if aside := s.read(twinFile + asideEnds); aside != foreign {
		t.Errorf("%d bytes are set aside, of %d", len(aside), len(foreign))
	}
	own := []byte(s.read(twinFile))
	named := (&twin{history: own[bytes.Index(own, []byte(twinHistory))+len(twinHistory)+1:][:4]}).named()
	if !bytes.Contains(own, named) {
		t.Fatalf("%q does not say of which history it is", own)
	}
	s.file(twinFile, string(bytes.Replace(own, named, nil, 1)))
	opens(0)
	if again := []byte(s.read(twinFile)); !bytes.Contains(again, named) {
		t.Errorf("%q does not say of which history it is", again)
	}
}

// TestFewAreSetAside: of what was set aside the newest are kept, and each that is removed is named.
func TestFewAreSetAside(t *testing.T) {
	t.Parallel()
	s := strangeDir{t, t.TempDir()}
	core, log := observer.New(zap.WarnLevel)
	j := &Journal{cfg: Config{Dir: s.dir, Log: zap.New(core)}}
	const all = 2 * asideMost
	s.file(twinFile+asideEnds+"s", "somebody's own")
	for i := range all {
		s.file(twinFile, fmt.Sprintf("history %02d", i))
		s.need(j.setAsideAnother(s.in(twinFile), "the copy", errAnother))
	}
	s.file(twinFile, "what there is now")
	names, err := filepath.Glob(s.in("*"))
	s.need(err)
	var got []string
	for _, name := range names {
		data, err := os.ReadFile(name)
		s.need(err)
		got = append(got, string(data))
	}
	want := []string{"what there is now"}
	for i := all - asideMost; i < all; i++ {
		want = append(want, fmt.Sprintf("history %02d", i))
	}
	if want = append(want, "somebody's own"); !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
	if said := log.FilterMessageSnippet("is removed").Len(); said != all-asideMost {
		t.Errorf("%d are said to be removed, want %d", said, all-asideMost)
	}
	for range all { // what stands in a file's place, whatever it holds
		s.folder(secondFile)
		s.need(j.clearPlace(secondFile, false))
	}
	names, err = filepath.Glob(s.in(damagedDir) + "/" + secondFile + "*")
	s.need(err)
	if said := log.FilterMessageSnippet("is removed").Len(); len(names) != asideMost || said != 2*(all-asideMost) {
		t.Errorf("%d folders are left, want %d; said %d times", len(names), asideMost, said)
	}
}

// TestFewDamagedFilesAreKept: of the damaged files of a stream the newest few are kept, whatever their numbers, and each other one is named;
// those of another stream are counted by themselves.
func TestFewDamagedFilesAreKept(t *testing.T) {
	t.Parallel()
	s := strangeDir{t, t.TempDir()}
	core, log := observer.New(zap.WarnLevel)
	j := &Journal{cfg: Config{Dir: s.dir, Log: zap.New(core)}}
	const all = 3 * asideMost
	begun := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	s.need(j.setAside("S_EVENTS", "7.blk", []byte("of another stream")))
	for i := range all {
		name := fmt.Sprintf("%d.blk", all+2-i) // the newest has the lowest number
		s.need(j.setAside("S_RESULTS", name, []byte("as it was")))
		at := begun.Add(time.Duration(i) * time.Hour)
		s.need(os.Chtimes(s.in(damagedDir+"/S_RESULTS-"+name), at, at))
	}
	s.need(j.setAside("S_RESULTS", "3.blk", []byte("as it was again"))) // of the same file
	names, err := filepath.Glob(s.in(damagedDir) + "/*")
	s.need(err)
	for i, name := range names {
		names[i] = filepath.Base(name)
	}
	want := []string{"S_EVENTS-7.blk", "S_RESULTS-3.blk", "S_RESULTS-4.blk", "S_RESULTS-5.blk", "S_RESULTS-6.blk", "S_RESULTS-7.blk"}
	if !slices.Equal(names, want) {
		t.Errorf("there are %q, want %q", names, want)
	}
	if said := log.FilterMessageSnippet("is removed").Len(); said != all-asideMost {
		t.Errorf("%d are said to be removed, want %d", said, all-asideMost)
	}
}

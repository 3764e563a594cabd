package journal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// A backup of a journal that is written to has all that was there, in its place;
// what is not whole is refused, and leaves nothing.
func TestBackupAndRestore(t *testing.T) {
	j, err := Open(t.Context(), Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	w := &writer{t: t, j: j}
	for range 40 { // more than a piece
		w.write()
	}
	var file bytes.Buffer
	if err := j.Backup(t.Context(), &file); err != nil {
		t.Fatal(err)
	}
	events, results := slices.Clone(w.events), slices.Clone(w.results)
	saved := *w
	w.write() // it goes on

	data := file.Bytes()
	for _, at := range []int{3, len(backupForm) + 5, len(data) / 2, len(data) - 10} {
		wrong := slices.Clone(data)
		wrong[at] ^= 1
		for _, bad := range [][]byte{wrong, data[:at]} {
			dir := t.TempDir()
			if err := Restore(t.Context(), Config{Dir: dir}, bytes.NewReader(bad)); !errors.Is(err, ErrNoBackup) {
				t.Errorf("damaged at %d: %v", at, err)
			}
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("damaged at %d: %v is left", at, left)
			}
		}
	}

	cfg := Config{Dir: filepath.Join(t.TempDir(), "new")}
	if err := Restore(t.Context(), cfg, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if err := Restore(t.Context(), cfg, bytes.NewReader(data)); err == nil {
		t.Error("a journal was written over")
	}
	again, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	ctx, stop := context.WithCancel(t.Context())
	var gotEvents, gotResults seen
	var following sync.WaitGroup
	following.Go(func() { _ = again.FollowEvents(ctx, gotEvents.take, nil) })
	following.Go(func() { _ = again.FollowResults(ctx, time.Time{}, gotResults.take, nil) })
	await(t, "all is there", func() bool {
		return slices.Equal(gotEvents.all(), events) && slices.Equal(gotResults.all(), results)
	})
	stop()
	following.Wait()
	saved.j = again
	saved.write() // with the revisions that were told before the backup
}

// A refusal to restore keeps the server's code: by it alone is known whether it passes.
func TestRefusalToRestoreKeepsItsCode(t *testing.T) {
	t.Parallel()
	j, err := Open(t.Context(), Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	ask := map[string]any{"config": jetstream.StreamConfig{Name: "ONE", Subjects: []string{"one"}}, "state": jetstream.StreamState{}}
	err = j.askServer(t.Context(), "$JS.API.STREAM.RESTORE.TWO", ask, &struct{}{})
	said, is := errors.AsType[*jetstream.APIError](err)
	if !is || said.ErrorCode == 0 || err.Error() != said.Description || passing(err) {
		t.Errorf("a stream under another's name was refused with %#v, passes: %v", err, passing(err))
	}
}

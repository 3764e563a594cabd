package journal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	natsclient "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/statusbot/statusbot/internal/journal"
)

// stored returns every batch of results in a journal that is opened for it.
func stored(t *testing.T, dir string) []string {
	t.Helper()
	j, err := journal.Open(t.Context(), journal.Config{Dir: dir})
	check(t, err)
	list := batches(t, j)
	check(t, j.Close())
	return list
}

func batches(t *testing.T, j *journal.Journal) []string {
	t.Helper()
	r := read(t, results(j, time.Time{}))
	n := countBatches(t, j)
	var list []string
	for range n {
		list = append(list, strings.Fields(r.next(t))[2])
	}
	return list
}

func TestDurableResultsAreLikeOthers(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		j := open(t, cfg)
		for i := range 4 {
			add := j.AppendResults
			if i%2 == 1 {
				add = j.AppendResultsDurably
			}
			check(t, add(t.Context(), fmt.Appendf(nil, "%d", i)))
		}
		if diff := cmp.Diff([]string{"0", "1", "2", "3"}, batches(t, j)); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
		if err := j.AppendResultsDurably(t.Context(), make([]byte, j.MaxBody()+1)); !errors.Is(err, journal.ErrTooLarge) {
			t.Errorf("a batch that is too large: %v, want ErrTooLarge", err)
		}
	})
}

// The stream of results is put back to an earlier state, as a power cut does.
func TestDurableResultsOutliveTheEndOfTheStream(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stream := filepath.Join(dir, "nats", "jetstream", "$G", "streams", "STATUSBOT_RESULTS")
	session := func(durable bool, list ...string) {
		t.Helper()
		j, err := journal.Open(t.Context(), journal.Config{Dir: dir})
		check(t, err)
		for _, b := range list {
			add := j.AppendResults
			if durable {
				add = j.AppendResultsDurably
			}
			check(t, add(t.Context(), []byte(b)))
		}
		check(t, j.Close())
	}
	var earlier string
	save := func() {
		earlier = t.TempDir()
		check(t, os.CopyFS(earlier, os.DirFS(stream)))
	}
	lose := func() {
		check(t, os.RemoveAll(stream))
		check(t, os.CopyFS(stream, os.DirFS(earlier)))
	}

	session(true, "a", "b")
	save()
	session(false, "lost")
	session(true, "c", "d")
	lose()
	// "lost" was promised to nobody.
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, stored(t, dir)); diff != "" {
		t.Fatalf("batches after the first loss (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, stored(t, dir)); diff != "" {
		t.Fatalf("batches after another start (-want +got):\n%s", diff)
	}
	// What was appended again can be lost again, before and after more came.
	lose()
	session(true, "e")
	lose()
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, stored(t, dir)); diff != "" {
		t.Fatalf("batches after the third loss (-want +got):\n%s", diff)
	}
}

// A copy that is gone, as by a damaged file, costs what it alone held.
func TestAMissingCopyCostsItselfAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	nats := filepath.Join(dir, "nats")
	j, err := journal.Open(t.Context(), journal.Config{Dir: dir})
	check(t, err)
	for _, b := range []string{"a", "b", "c"} {
		check(t, j.AppendResultsDurably(t.Context(), []byte(b)))
	}
	check(t, j.Close())

	deleted(t, nats, "STATUSBOT_DURABLE", 2)
	check(t, os.RemoveAll(filepath.Join(nats, "jetstream", "$G", "streams", "STATUSBOT_RESULTS")))

	if diff := cmp.Diff([]string{"a", "c"}, stored(t, dir)); diff != "" {
		t.Errorf("batches (-want +got):\n%s", diff)
	}
}

// What a power cut takes of what was not synced is any part of it.
func TestDurableResultsOutliveHoles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := journal.Open(t.Context(), journal.Config{Dir: dir})
	check(t, err)
	for _, b := range []string{"a", "b", "c", "d"} {
		check(t, j.AppendResultsDurably(t.Context(), []byte(b)))
	}
	check(t, j.Close())
	deleted(t, filepath.Join(dir, "nats"), "STATUSBOT_RESULTS", 1, 3)
	for range 2 { // the second start finds them
		j, err := journal.Open(t.Context(), journal.Config{Dir: dir})
		check(t, err)
		var got []string
		done := errors.New("done")
		ctx, stop := context.WithCancelCause(t.Context())
		if err := j.FollowResults(ctx, time.Time{}, func(r journal.Record) error {
			got = append(got, string(r.Data))
			return nil
		}, func() { stop(done) }); !errors.Is(err, done) {
			t.Fatal(err)
		}
		check(t, j.Close())
		if diff := cmp.Diff([]string{"b", "d", "a", "c"}, got); diff != "" {
			t.Errorf("batches (-want +got):\n%s", diff)
		}
	}
}

// deleted takes messages out of a stream of a journal that is closed.
func deleted(t *testing.T, nats, stream string, seqs ...uint64) {
	t.Helper()
	s, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: nats, NoSigs: true, NoLog: true})
	check(t, err)
	s.Start()
	nc, err := natsclient.Connect("", natsclient.InProcessServer(s))
	check(t, err)
	js, err := jetstream.New(nc)
	check(t, err)
	of, err := js.Stream(t.Context(), stream)
	check(t, err)
	for _, seq := range seqs {
		check(t, of.DeleteMsg(t.Context(), seq))
	}
	nc.Close()
	s.Shutdown()
	s.WaitForShutdown()
}

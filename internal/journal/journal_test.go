package journal_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/statusbot/statusbot/internal/journal"
)

// patience bounds every wait for a condition; a healthy run uses a small part of it.
const patience = 2 * time.Minute

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, cfg journal.Config) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), cfg)
	check(t, err)
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return j
}

// startServer is "an existing cluster": a NATS server of its own, reached over TCP. It returns its URL.
func startServer(t testing.TB) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 8 << 30})
	check(t, err)
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("server not ready")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s.ClientURL()
}

// everywhere runs one contract on both kinds of journal.
func everywhere(t *testing.T, contract func(t *testing.T, cfg journal.Config)) {
	t.Helper()
	t.Parallel()
	t.Run("embedded", func(t *testing.T) { contract(t, journal.Config{Dir: t.TempDir()}) })
	t.Run("remote", func(t *testing.T) { contract(t, journal.Config{URL: startServer(t), Node: "n1"}) })
}

// reader runs a follower and hands what it delivers to the test.
type reader struct {
	records  chan string
	caughtUp chan int // how many records had come before
	ended    chan error
	stop     context.CancelFunc
	calls    int
}

func read(t testing.TB, follow func(ctx context.Context, each func(string) error, caughtUp func()) error) *reader {
	ctx, cancel := context.WithCancel(context.Background())
	r := &reader{records: make(chan string, 10_000), caughtUp: make(chan int, 10), ended: make(chan error, 1), stop: cancel}
	go func() {
		r.ended <- follow(ctx, func(s string) error { r.calls++; r.records <- s; return nil }, func() { r.caughtUp <- r.calls })
	}()
	t.Cleanup(cancel)
	return r
}

func (r *reader) next(t testing.TB) string {
	t.Helper()
	select {
	case s := <-r.records:
		return s
	case err := <-r.ended:
		t.Fatalf("follower ended: %v", err)
	case <-time.After(patience):
		t.Fatal("no record came")
	}
	return ""
}

func (r *reader) wantCaughtUp(t testing.TB, after int) {
	t.Helper()
	select {
	case got := <-r.caughtUp:
		if got != after {
			t.Errorf("caught up after %d records, want %d", got, after)
		}
	case <-time.After(patience):
		t.Fatal("never caught up")
	}
}

func (r *reader) wantEnd(t testing.TB, want error) {
	t.Helper()
	select {
	case err := <-r.ended:
		if !errors.Is(err, want) {
			t.Errorf("follower ended with %v, want %v", err, want)
		}
	case <-time.After(patience):
		t.Fatal("follower did not end")
	}
	if n := len(r.caughtUp); n > 0 {
		t.Errorf("caughtUp called %d more times", n)
	}
}

func events(j *journal.Journal) func(context.Context, func(string) error, func()) error {
	return func(ctx context.Context, each func(string) error, caughtUp func()) error {
		return j.FollowEvents(ctx, func(r journal.Record) error {
			return each(fmt.Sprintf("%s/%d/%s", r.Incident, r.Seq, r.Data))
		}, caughtUp)
	}
}

func TestEvents(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		ctx := t.Context()
		j := open(t, cfg)
		early := read(t, events(j))
		early.wantCaughtUp(t, 0)

		first, err := j.AppendEvent(ctx, "inc:1/a.b", 0, []byte("opened"))
		check(t, err)
		other, err := j.AppendEvent(ctx, "inc-2", 0, []byte("opened"))
		check(t, err)
		second, err := j.AppendEvent(ctx, "inc:1/a.b", first, []byte("note"))
		check(t, err)
		for _, stale := range []uint64{0, first, other} {
			if _, err := j.AppendEvent(ctx, "inc:1/a.b", stale, []byte("lost update")); !errors.Is(err, journal.ErrConflict) {
				t.Errorf("append after %d: got %v, want ErrConflict", stale, err)
			}
		}
		last, err := j.LastEvent(ctx, "inc:1/a.b")
		check(t, err)
		if last.Seq != second || string(last.Data) != "note" || last.Incident != "inc:1/a.b" {
			t.Errorf("last event %+v, want sequence %d", last, second)
		}
		if _, err := j.LastEvent(ctx, "inc-3"); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("last event of none: %v, want ErrNotFound", err)
		}
		late := read(t, events(j))
		late.wantCaughtUp(t, 3)
		_, err = j.AppendEvent(ctx, "inc-2", other, []byte("resolved"))
		check(t, err)
		for i, want := range []string{"inc:1/a.b/1/opened", "inc-2/2/opened", "inc:1/a.b/3/note", "inc-2/4/resolved"} {
			if got := early.next(t); got != want {
				t.Errorf("live %d: got %q, want %q", i, got, want)
			}
			if got := late.next(t); got != want {
				t.Errorf("replay %d: got %q, want %q", i, got, want)
			}
		}
		early.stop()
		early.wantEnd(t, context.Canceled)
		check(t, j.Close())
		late.wantEnd(t, journal.ErrClosed)
		if _, err := j.AppendEvent(ctx, "inc-2", 4, nil); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("append after close: %v, want ErrClosed", err)
		}
	})
}

func TestFollowEndsWithEachsError(t *testing.T) {
	j := open(t, journal.Config{Dir: t.TempDir()})
	check(t, j.AppendResults(t.Context(), []byte("a")))
	want := errors.New("cannot fold")
	err := j.FollowResults(t.Context(), time.Time{}, func(journal.Record) error { return want }, nil)
	if !errors.Is(err, want) {
		t.Errorf("got %v, want each's own error", err)
	}
}

func TestBodyTooLarge(t *testing.T) {
	everywhere(t, func(t *testing.T, cfg journal.Config) {
		j := open(t, cfg)
		check(t, j.AppendResults(t.Context(), make([]byte, j.MaxBody())))
		err := j.AppendResults(t.Context(), make([]byte, j.MaxBody()+1))
		if !errors.Is(err, journal.ErrTooLarge) {
			t.Errorf("got %v, want ErrTooLarge", err)
		}
		// The largest batch also comes back.
		r := read(t, func(ctx context.Context, each func(string) error, caughtUp func()) error {
			return j.FollowResults(ctx, time.Time{}, func(r journal.Record) error { return each(fmt.Sprint(len(r.Data))) }, caughtUp)
		})
		if got, want := r.next(t), fmt.Sprint(j.MaxBody()); got != want {
			t.Errorf("read back %s bytes, want %s", got, want)
		}
		r.wantCaughtUp(t, 1)
	})
}

func TestSecondOpenerIsTurnedAway(t *testing.T) {
	dir := t.TempDir()
	j := open(t, journal.Config{Dir: dir})
	_, err := journal.Open(t.Context(), journal.Config{Dir: dir})
	if !errors.Is(err, journal.ErrLocked) {
		t.Fatalf("got %v, want ErrLocked", err)
	}
	for _, word := range []string{dir, fmt.Sprintf("process %d", os.Getpid())} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not name %q", err, word)
		}
	}
	node := j.Node()
	check(t, j.Close())
	again := open(t, journal.Config{Dir: dir})
	if again.Node() != node || node == "" {
		t.Errorf("node %q after reopening, want %q", again.Node(), node)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	broken := t.TempDir()
	check(t, os.Mkdir(filepath.Join(broken, "lock"), 0o700))
	for name, test := range map[string]struct {
		cfg  journal.Config
		want string
	}{
		"nowhere":       {journal.Config{}, "set one of them"},
		"prefix":        {journal.Config{Dir: "x", Prefix: "a.b"}, `prefix "a.b"`},
		"replicas":      {journal.Config{Dir: "x", Replicas: 3}, "embedded server keeps one copy"},
		"lease":         {journal.Config{Dir: "x", LeaseTTL: time.Millisecond}, "at least 300ms"},
		"storage":       {journal.Config{Dir: broken}, "lock is no file: move it away"},
		"not a url":     {journal.Config{URL: "nats://127.0.0.1:port", Node: "n"}, "connect to NATS"},
		"credentials":   {journal.Config{URL: startServer(t), CredentialsFile: filepath.Join(broken, "none.creds"), Node: "n"}, "none.creds"},
		"results bytes": {journal.Config{Dir: "x", ResultsBytes: 5}, "at least 1 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := journal.Open(t.Context(), test.cfg)
			if err == nil || !strings.Contains(err.Error(), test.want) || errors.Is(err, journal.ErrUnavailable) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

// TestNobodyThere: that may pass, and who waits for it can be told to stop, also
// while a server is asked that says nothing.
func TestNobodyThere(t *testing.T) {
	if _, err := journal.Open(t.Context(), journal.Config{URL: "nats://127.0.0.1:1", Node: "n"}); !errors.Is(err, journal.ErrUnavailable) {
		t.Errorf("at a port where nobody listens: %v", err)
	}
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := silent.Accept()
		cancel()
		if err == nil {
			defer conn.Close()
			<-t.Context().Done()
		}
	}()
	begun := time.Now()
	_, err = journal.Open(ctx, journal.Config{URL: "nats://" + silent.Addr().String(), Node: "n"})
	if !errors.Is(err, journal.ErrUnavailable) || time.Since(begun) > patience {
		t.Errorf("at a server that says nothing, after %v: %v", time.Since(begun), err)
	}
}

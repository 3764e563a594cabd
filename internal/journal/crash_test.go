package journal_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/longtest"
)

const childDir = "JOURNAL_CRASH_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		fmt.Fprintln(os.Stderr, appendForever(dir))
		os.Exit(1)
	}
	if dir := os.Getenv(powerDir); dir != "" {
		if err := appendByPower(dir, os.Getenv(powerRounds)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if members := os.Getenv(powerMembers); members != "" {
		if err := appendByMembers(members, os.Getenv(powerRounds)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	longtest.Roomy()
	longtest.AtOnce(8, 2)
	longtest.FilesInMemory()
	os.Exit(m.Run())
}

var crashNames = []string{"inc-0", "inc:1", "inc/2"}

// appendForever is the victim: it writes as fast as it can and prints what was acknowledged, one line each:
// "event NAME SEQ N", "receipt NAME REV N", "batch N", "durable PID N". N counts from 1 per name and goes on after a restart.
func appendForever(dir string) error {
	ctx := context.Background()
	j, err := journal.Open(ctx, journal.Config{Dir: dir})
	if err != nil {
		return err
	}
	failed := make(chan error)
	say := func(format string, v ...any) { os.Stdout.Write(fmt.Appendf(nil, format+"\n", v...)) } // one write, no buffer
	for _, name := range crashNames {
		go func() {
			var seq, n uint64
			last, err := j.LastEvent(ctx, name)
			if err == nil {
				seq = last.Seq
				n, err = strconv.ParseUint(string(last.Data), 10, 64)
			}
			for errors.Is(err, journal.ErrNotFound) || err == nil {
				n++
				if seq, err = j.AppendEvent(ctx, name, seq, strconv.AppendUint(nil, n, 10)); err == nil {
					say("event %s %d %d", name, seq, n)
				}
			}
			failed <- err
		}()
		go func() {
			var n uint64
			r, err := j.Receipt(ctx, "#inc", name)
			if err == nil {
				n, err = strconv.ParseUint(string(r.Body), 10, 64)
			}
			for rev := r.Rev; errors.Is(err, journal.ErrNotFound) || err == nil; {
				n++
				if rev, err = j.PutReceipt(ctx, "#inc", name, strconv.AppendUint(nil, n, 10), rev); err == nil {
					say("receipt %s %d %d", name, rev, n)
				}
			}
			failed <- err
		}()
	}
	go func() {
		body := make([]byte, 15_000) // 100 results of 150 bytes
		for n := 1; ; n++ {
			if err := j.AppendResults(ctx, append(strconv.AppendInt(nil, int64(n), 10), body...)); err != nil {
				failed <- err
				return
			}
			say("batch %d", n)
		}
	}()
	go func() {
		for n := 1; ; n++ {
			if err := j.AppendResultsDurably(ctx, fmt.Appendf(nil, "%d/%d", os.Getpid(), n)); err != nil {
				failed <- err
				return
			}
			say("durable %d %d", os.Getpid(), n)
		}
	}()
	return <-failed
}

// acknowledged is what the victim said before it died.
type acknowledged struct {
	events   map[string]map[uint64]uint64 // :: incident -> sequence -> N
	receipts map[string]uint64            // :: key -> N
	batches  uint64
	durable  map[string]bool // :: "PID/N"
}

// runAndKill starts a victim on dir and kills it as soon as it has acknowledged lines of them.
func runAndKill(t *testing.T, dir string, lines int, ack *acknowledged) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	var kill sync.Once
	stuck := time.AfterFunc(patience, func() { kill.Do(func() { cmd.Process.Kill() }) })
	defer stuck.Stop()
	ack.batches = 0
	seen := 0
	for s := bufio.NewScanner(out); s.Scan(); {
		var kind, name string
		var seq, n uint64
		switch line := s.Text(); {
		case parse(line, "batch %d", &n):
			ack.batches = n
		case parse(line, "durable %s %d", &name, &n):
			ack.durable[fmt.Sprintf("%s/%d", name, n)] = true
		case parse(line, "%s %s %d %d", &kind, &name, &seq, &n) && kind == "event":
			ack.events[name][seq] = n
		case parse(line, "%s %s %d %d", &kind, &name, &seq, &n) && kind == "receipt":
			ack.receipts[name] = n
		default:
			t.Fatalf("victim said %q", line)
		}
		// Lines that are in the pipe already are acknowledged as well: read on to its end.
		if seen++; seen == lines {
			kill.Do(func() { cmd.Process.Kill() })
		}
	}
	cmd.Wait() // says "killed"
	if seen < lines {
		t.Fatalf("victim acknowledged %d writes only, want %d", seen, lines)
	}
}

func parse(line, format string, into ...any) bool {
	_, err := fmt.Sscanf(line, format, into...)
	return err == nil
}

// TestKilledProcessLosesNothingAcknowledged kills a writing process five times, on the same growing files.
func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 30)) // any seed: it only spreads the moments
	dir := t.TempDir()
	ack := &acknowledged{events: map[string]map[uint64]uint64{}, receipts: map[string]uint64{}, durable: map[string]bool{}}
	for _, name := range crashNames {
		ack.events[name] = map[uint64]uint64{}
	}
	var results uint64 // batches found so far
	for round := range 5 {
		lines := 1 + random.IntN(300)
		runAndKill(t, dir, lines, ack)
		j, err := journal.Open(t.Context(), journal.Config{Dir: dir})
		check(t, err)
		verifyEvents(t, j, ack.events)
		for _, name := range crashNames {
			r, err := j.Receipt(t.Context(), "#inc", name)
			if errors.Is(err, journal.ErrNotFound) && ack.receipts[name] == 0 {
				continue
			}
			check(t, err)
			got, err := strconv.ParseUint(string(r.Body), 10, 64)
			check(t, err)
			// The one that was under way may have been stored too.
			if want := ack.receipts[name]; got != want && got != want+1 {
				t.Errorf("receipt of %s is %d, want %d or the next", name, got, want)
			}
			// The next victim goes on from what is stored, and may die before it acknowledges anything.
			ack.receipts[name] = got
		}
		found := countBatches(t, j) - verifyDurable(t, j, ack.durable) - results
		results += found
		t.Logf("round %d: killed after %d acknowledgements; of %d batches of results the last %d are gone",
			round, lines, ack.batches, max(0, int64(ack.batches)-int64(found)))
		check(t, j.Close())
		if t.Failed() {
			return
		}
	}
}

// verifyEvents wants every acknowledged event, at its sequence, and each incident's events without a gap.
func verifyEvents(t testing.TB, j *journal.Journal, want map[string]map[uint64]uint64) {
	t.Helper()
	found := map[string]map[uint64]uint64{}
	last := map[string]journal.Record{}
	done := errors.New("done")
	ctx, stop := context.WithCancelCause(t.Context())
	err := j.FollowEvents(ctx, func(r journal.Record) error {
		n, err := strconv.ParseUint(string(r.Data), 10, 64)
		if err != nil {
			return err
		}
		if found[r.Incident] == nil {
			found[r.Incident] = map[uint64]uint64{}
		}
		found[r.Incident][r.Seq] = n
		if before := uint64(len(found[r.Incident]) - 1); n != before+1 {
			t.Errorf("%s: event %d follows event %d", r.Incident, n, before)
		}
		last[r.Incident] = r
		return nil
	}, func() { stop(done) })
	if !errors.Is(err, done) {
		t.Fatal(err)
	}
	for name, events := range want {
		for seq, n := range events {
			if found[name][seq] != n {
				t.Errorf("%s: acknowledged event %d at sequence %d is lost (found %d)", name, n, seq, found[name][seq])
			}
		}
		// What was read is what an append must build on.
		if r, ok := last[name]; ok {
			newest, err := j.LastEvent(t.Context(), name)
			check(t, err)
			if newest.Seq != r.Seq {
				t.Errorf("%s: newest event is %d, but the replay ended with %d", name, newest.Seq, r.Seq)
			}
		}
	}
}

// verifyDurable wants each durable batch that was acknowledged exactly once. It returns how many there are.
func verifyDurable(t testing.TB, j *journal.Journal, want map[string]bool) (n uint64) {
	t.Helper()
	found := map[string]int{}
	done := errors.New("done")
	ctx, stop := context.WithCancelCause(t.Context())
	err := j.FollowResults(ctx, time.Time{}, func(r journal.Record) error {
		if len(r.Data) < 100 { // the others are of 15,000 bytes
			found[string(r.Data)]++
			n++
		}
		return nil
	}, func() { stop(done) })
	if !errors.Is(err, done) {
		t.Fatal(err)
	}
	for name := range want {
		if found[name] != 1 {
			t.Errorf("durable batch %s was acknowledged and is there %d times", name, found[name])
		}
	}
	return n
}

func countBatches(t *testing.T, j *journal.Journal) (n uint64) {
	t.Helper()
	done := errors.New("done")
	ctx, stop := context.WithCancelCause(t.Context())
	last := uint64(0)
	err := j.FollowResults(ctx, time.Time{}, func(r journal.Record) error {
		if last != 0 && r.Seq != last+1 {
			t.Errorf("results: sequence %d follows %d", r.Seq, last)
		}
		last = r.Seq
		n++
		return nil
	}, func() { stop(done) })
	if !errors.Is(err, done) {
		t.Fatal(err)
	}
	return n
}

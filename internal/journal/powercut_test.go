package journal_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/journal/journaltest"
	"github.com/statusbot/statusbot/internal/longtest"
)

const (
	powerDir    = "JOURNAL_POWER_TEST_DIR"
	powerRounds = "JOURNAL_POWER_TEST_ROUNDS"
	powerShelf  = "grants"
)

func powerConfig(dir string) journal.Config {
	return journal.Config{Dir: dir, Twice: []string{powerShelf}}
}

// appendByPower writes of each kind that outlives a power cut, from several goroutines, ends in order, and does so once more on what it
// finds. It prints what was acknowledged: "event NAME SEQ N", "receipt|shelf|outbox NAME N", "durable NAME".
func appendByPower(dir, times string) error {
	rounds, err := strconv.Atoi(times)
	if err != nil {
		return err
	}
	ctx := context.Background()
	say := func(format string, v ...any) { os.Stdout.Write(fmt.Appendf(nil, format+"\n", v...)) } // one write, no buffer
	n := 0
	for range 2 {
		j, err := journal.Open(ctx, powerConfig(dir))
		if err != nil {
			return err
		}
		var all sync.WaitGroup
		failed := make([]error, len(crashNames))
		for i, name := range crashNames {
			all.Go(func() { failed[i] = writeByPower(ctx, j, name, n, rounds, say) })
		}
		all.Wait()
		if err := errors.Join(append(failed, j.Close())...); err != nil {
			return err
		}
		n += rounds
	}
	return nil
}

// writeByPower writes what has one name, counting on from n.
func writeByPower(ctx context.Context, j *journal.Journal, name string, n, rounds int, say func(string, ...any)) error {
	var event, receipt, form uint64
	if n > 0 {
		e, err := j.LastEvent(ctx, name)
		r, err2 := j.Receipt(ctx, "#inc", name)
		f, err3 := j.Kept(ctx, powerShelf, name)
		if err := errors.Join(err, err2, err3); err != nil {
			return err
		}
		event, receipt, form = e.Seq, r.Rev, f.Rev
	}
	long := strings.Repeat(" ", 20_000) // the second copy of what is told is written anew at 1 MiB
	for range rounds {
		n++
		var err error
		if event, err = j.AppendEvent(ctx, name, event, strconv.AppendInt(nil, int64(n), 10)); err != nil {
			return err
		}
		say("event %s %d %d", name, event, n)
		if _, err = j.PutOutbox(ctx, "#inc", name, fmt.Appendf(nil, "%d%s", n, long)); err != nil {
			return err
		}
		say("outbox %s %d", name, n)
		if receipt, err = j.PutReceipt(ctx, "#inc", name, strconv.AppendInt(nil, int64(n), 10), receipt); err != nil {
			return err
		}
		say("receipt %s %d", name, n)
		if form, err = j.Keep(ctx, powerShelf, name, strconv.AppendInt(nil, int64(n), 10), form); err != nil {
			return err
		}
		say("shelf %s %d", name, n)
		durable := fmt.Sprintf("%s/%d", name, n)
		if err = errors.Join(j.AppendResults(ctx, make([]byte, 3000)), j.AppendResultsDurably(ctx, []byte(durable))); err != nil {
			return err
		}
		say("durable %s", durable)
		if _, err = j.PutCheckpoint(ctx, name, []byte(long)); err != nil {
			return err
		}
	}
	return nil
}

// TestPowerCutLosesNothingAcknowledged lays, of a process that writes, what a power cut may leave at many moments, and opens each.
func TestPowerCutLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), powerDir+"="+dir, powerRounds+"="+strconv.Itoa(longtest.Of(2, 30)))
	cmd.Stderr = os.Stderr
	disk := journaltest.Record(t, dir, cmd)
	moments := disk.Moments()
	states := longtest.Seeds(4, 300)
	for i := range states {
		random := rand.New(rand.NewPCG(uint64(i), 71)) // any seed: it only spreads the moments, and what is lost
		moment := moments[random.IntN(len(moments))]
		if i == 0 {
			moment = moments[len(moments)-1]
		}
		names, loss := journaltest.Names(i%2), []journaltest.Loss{journaltest.All, journaltest.Some, journaltest.Some}[i/2%3]
		at := filepath.Join(t.TempDir(), strconv.Itoa(i))
		check(t, disk.Cut(moment, names, loss, random, at))
		verifyPower(t, fmt.Sprintf("state %d: line %d of the trace, names %d, loss %d", i, moment, names, loss), at, disk.Said(moment))
		check(t, os.RemoveAll(at))
		if t.Failed() {
			return
		}
	}
	t.Logf("%d states of %d moments, %d acknowledged", states, len(moments), len(disk.Said(moments[len(moments)-1])))
}

// verifyPower opens a state and wants all in it that was acknowledged.
func verifyPower(t *testing.T, what, dir string, said []string) {
	t.Helper()
	j, err := journal.Open(t.Context(), powerConfig(dir))
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	verifyAcknowledged(t, what, j, said)
	check(t, j.Close())
	if t.Failed() {
		t.Logf("of %s", what)
	}
}

// verifyAcknowledged wants all in a journal that was acknowledged.
func verifyAcknowledged(t testing.TB, what string, j *journal.Journal, said []string) {
	t.Helper()
	events := map[string]map[uint64]uint64{}
	newest := map[string]int{} // :: "receipt NAME" -> N
	durable := map[string]bool{}
	for _, line := range said {
		f := strings.Fields(line)
		n, _ := strconv.Atoi(f[len(f)-1]) // not of durable, where it does not count
		switch f[0] {
		case "event":
			seq, err := strconv.ParseUint(f[2], 10, 64)
			check(t, err)
			if events[f[1]] == nil {
				events[f[1]] = map[uint64]uint64{}
			}
			events[f[1]][seq] = uint64(n)
		case "durable":
			durable[f[1]] = true
		default:
			newest[f[0]+" "+f[1]] = n
		}
	}
	verifyEvents(t, j, events)
	verifyDurable(t, j, durable)
	found := map[string]string{}
	for _, name := range crashNames {
		r, err := j.Receipt(t.Context(), "#inc", name)
		found["receipt "+name] = string(r.Body)
		f, err2 := j.Kept(t.Context(), powerShelf, name)
		found["shelf "+name] = string(f.Body)
		for _, err := range []error{err, err2} {
			if err != nil && !errors.Is(err, journal.ErrNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	done := errors.New("done")
	ctx, stop := context.WithCancelCause(t.Context())
	err := j.WatchOutbox(ctx, func(e journal.Entry) error {
		found["outbox "+e.Key] = strings.TrimSpace(string(e.Body))
		return nil
	}, func() { stop(done) })
	if !errors.Is(err, done) {
		t.Errorf("%s: %v", what, err)
	}
	for key, want := range newest { // the one that was under way may be there, too
		if got, _ := strconv.Atoi(found[key]); got != want && got != want+1 {
			t.Errorf("%s: %s is %q, want %d or the next", what, key, found[key], want)
		}
	}
}

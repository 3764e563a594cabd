package house

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/agent"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/journal"
)

// TestWhatFailsIsSaidOnceAMinute: the updater looks four times a second.
func TestWhatFailsIsSaidOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen, logs := observer.New(zapcore.ErrorLevel)
		failed := untold(zap.New(seen))
		for range 4 * 60 * 3 {
			failed(errors.New("no room on the disk"))
			time.Sleep(250 * time.Millisecond)
		}
		if n := logs.Len(); n != 3 {
			t.Errorf("it is said %d times in three minutes, want 3", n)
		}
	})
}

// TestABatchThatIsTooLargeIsDivided: scripts that say as much as they may cost
// no result, and their order stays.
func TestABatchThatIsTooLargeIsDivided(t *testing.T) {
	h := reads(t, t.TempDir(), 1)
	defer h.close(t)
	seen, logs := observer.New(zapcore.ErrorLevel)
	h.log, h.shots = zap.New(seen), newScreenshots(t.TempDir(), "screenshots")
	perf := make([]checks.Perf, probe.PerfMax)
	for i := range perf {
		perf[i] = checks.Perf{Label: strings.Repeat("l", 64), Value: 1.0 / 3, Unit: "s"}
	}
	batch := make([]checks.Result, checks.BatchMax)
	for i := range batch {
		batch[i] = checks.Result{Check: fmt.Sprintf("script-%03d", i), Product: "p", Started: time.Unix(int64(i), 0), Outcome: checks.Fail,
			Reason: checks.ReasonScript, Evidence: &checks.Evidence{Output: strings.Repeat(`"`, probe.OutputMax), Perf: perf}}
	}
	h.appendResults(batch)
	for _, l := range logs.All() {
		t.Errorf("%s %v", l.Message, l.ContextMap())
	}
	n := 0
	ctx, stop := context.WithCancel(t.Context())
	_ = h.journal.FollowResults(ctx, time.Time{}, func(r journal.Record) error {
		list, err := checks.DecodeResults(r.Data)
		check(t, err)
		for _, one := range list {
			if want := fmt.Sprintf("script-%03d", n); one.Check != want {
				t.Fatalf("result %d is of %s, want %s", n, one.Check, want)
			}
			n++
		}
		return nil
	}, stop)
	if n != len(batch) {
		t.Errorf("%d results are stored, want %d", n, len(batch))
	}
}

// TestWhatIsStoredTwiceCountsOnce: a batch of an agent that was not acknowledged in time and was stored all the same, after the agent
// had sent it again with what came since, counts once, and is exported once.
func TestWhatIsStoredTwiceCountsOnce(t *testing.T) {
	h := reads(t, t.TempDir(), 1)
	defer h.close(t)
	h.beats = heartbeat.New(h.log)
	id := h.board.Definition().Checks[0].ID
	from := time.Now().Add(-time.Minute)
	batch := func(seconds ...int) []byte {
		var list []checks.Result
		for _, s := range seconds {
			list = append(list, checks.Result{Check: id, Product: h.board.Definition().Checks[0].Product, Vantage: "eu", Started: from.Add(time.Duration(s) * time.Second), Outcome: checks.Pass})
		}
		data, err := checks.EncodeResults(list)
		check(t, err)
		return data
	}
	for _, b := range [][]byte{batch(1, 2), batch(3, 4, 5), batch(3, 4), batch(6)} {
		check(t, h.storeResults(t.Context(), b))
	}
	var once agent.Once
	ctx, stop := context.WithCancel(t.Context())
	_ = h.journal.FollowResults(ctx, time.Time{}, func(r journal.Record) error { h.takeIn(r, &once); return nil }, stop)
	if n := h.board.Applied(); n != 6 {
		t.Errorf("the board has taken %d results in, want 6", n)
	}
	var out strings.Builder
	if n, err := WriteResults(t.Context(), h.journal, time.Time{}, &out); n != 6 || err != nil || strings.Count(out.String(), "\n") != 6 {
		t.Errorf("%d are exported, %v:\n%s", n, err, out.String())
	}
}

package house

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/heartbeat"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
)

// A restart shows the last failures of a check even if they are two hours
// older than all that is replayed.
func TestRestartShowsOldFailures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := &config.Config{
		Company:  "Acme",
		Products: []config.Product{{ID: "billing", Name: "Billing"}},
		Checks:   []checks.Check{{ID: "pay", Product: "billing", Kind: "http", Every: 10 * time.Second, Timeout: time.Second}},
	}
	open := func() *house {
		h := &house{dataDir: dir, log: zap.NewNop(), started: time.Now(), board: status.NewBoard(Definition(cfg)), beats: heartbeat.New(nil), shots: newScreenshots(dir, "screenshots")}
		h.cfg.Store(cfg)
		var err error
		if h.journal, err = journal.Open(t.Context(), journal.Config{Dir: dir, Log: h.log}); err != nil {
			t.Fatal(err)
		}
		return h
	}
	failures := func(h *house) []checks.Result {
		d, ok := h.board.Drill(time.Now(), "billing")
		if !ok || len(d.Checks) != 1 {
			t.Fatalf("drill-down: %+v", d)
		}
		return d.Checks[0].Failures
	}

	before := open()
	old := time.Now().UTC().Add(-before.board.Definition().Window - 2*time.Hour)
	for i := range 25 {
		before.board.Apply(0, []checks.Result{{Check: "pay", Product: "billing", Started: old.Add(time.Duration(i) * time.Second), Duration: time.Millisecond,
			Outcome: checks.Fail, Reason: checks.ReasonStatus, Summary: fmt.Sprint("HTTP 502, try ", i),
			Evidence: &checks.Evidence{Status: 502, Output: "Bad Gateway", RequestID: "x-request-id=7f3a"}}})
	}
	keeper := before.failures()
	if err := keeper.storeChanged(t.Context()); err != nil || len(keeper.in.(*shelf).revs) != 1 {
		t.Fatalf("%d shards stored, want 1: %v", len(keeper.in.(*shelf).revs), err)
	}
	// One more: it is stored over the first, and is replayed as well.
	late := checks.Result{Check: "pay", Product: "billing", Started: time.Now().UTC(), Outcome: checks.Fail, Reason: checks.ReasonReset, Summary: "late",
		Evidence: &checks.Evidence{Status: 502, Picture: []byte("a picture")}}
	batch := []checks.Result{late}
	before.appendResults(batch)
	late = batch[0]
	if late.Evidence.Picture != nil || !strings.HasPrefix(late.Evidence.Screenshot, "screenshots/pay-") {
		t.Errorf("the sink leaves %+v", late.Evidence)
	}
	before.board.Apply(1, []checks.Result{late})
	if err := keeper.storeChanged(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := failures(before)
	if len(want) != 20 || want[0].Summary != "late" || want[1].Evidence == nil {
		t.Fatalf("%d failures before, the newest %+v", len(want), want[0])
	}
	if err := before.journal.Close(); err != nil {
		t.Fatal(err)
	}

	after := open()
	stop := after.follows(t)
	if n := after.board.Applied(); n != 1 {
		t.Errorf("%d results replayed, want 1", n)
	}
	if diff := cmp.Diff(want, failures(after)); diff != "" {
		t.Errorf("failures (-before +after):\n%s", diff)
	}
	if picture, err := os.ReadFile(filepath.Join(dir, failures(after)[0].Evidence.Screenshot)); err != nil || string(picture) != "a picture" {
		t.Errorf("the screenshot after the restart: %q, %v", picture, err)
	}
	stop()
	// The new leader does not know the revisions, and learns them.
	after.board.Apply(2, []checks.Result{{Check: "pay", Started: time.Now().UTC(), Outcome: checks.Fail, Summary: "later"}})
	if err := after.failures().storeChanged(t.Context()); err != nil {
		t.Errorf("store after a restart: %v", err)
	}
	if err := after.journal.Close(); err != nil {
		t.Error(err)
	}
}

package house

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
)

// A deaf bot says so in its health, and goes on taking reports.
func TestHealthOfABlindBot(t *testing.T) {
	now := time.Now()
	h := &house{started: now.Add(-time.Hour), log: zap.NewNop(), board: status.NewBoard(status.Definition{})}
	h.cfg.Store(&config.Config{Checks: []checks.Check{{ID: "a", Kind: "http", Every: 10 * time.Second}}})
	h.hearing.heard.Store(now.Add(-2 * deafAfter).UnixNano())
	h.followed.newest.Store(now.Add(-time.Minute).UnixNano())
	var err error
	if h.journal, err = journal.Open(t.Context(), journal.Config{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if h.runner, err = runner.New(kinds.Compile, nil, nil, runner.Config{}); err != nil {
		t.Fatal(err)
	}
	got := h.health()
	seconds := regexp.MustCompile(`\d+ s`) // a busy machine takes some to ask
	for i := range got.Blind {
		got.Blind[i] = seconds.ReplaceAllString(got.Blind[i], "N s")
	}
	want := []string{"no socket to Slack has been open for N s, so commands are lost", "no result came for N s"}
	if !cmp.Equal(want, got.Blind) || !got.Journal.OK {
		t.Errorf("blind: %q, want %q (journal %+v)", got.Blind, want, got.Journal)
	}
	if err := h.journal.Close(); err != nil {
		t.Fatal(err)
	}
	h.hearing.sockets.Store(2)
	h.followed.newest.Store(time.Now().UnixNano())
	if got := h.health(); !cmp.Equal([]string{"the journal does not answer"}, got.Blind) {
		t.Errorf("without a journal: blind: %q", got.Blind)
	}
	if limit, any := silenceLimit([]checks.Check{{Kind: "http", Every: time.Minute}, {Kind: "heartbeat", Passive: true, Every: time.Second}}); !any || limit != 3*time.Minute {
		t.Errorf("silence is allowed for %v (%v), want three intervals of the probed check", limit, any)
	}
	if _, any := silenceLimit([]checks.Check{{Kind: "heartbeat", Passive: true, Every: time.Second}}); any {
		t.Error("a bot that only waits for reports may be silent")
	}
}

// TestAClockBehindWhatWasMeasured is said: what is measured by it is not judged
// at first, and nothing else shows that.
func TestAClockBehindWhatWasMeasured(t *testing.T) {
	var f followed
	board := status.NewBoard(status.Definition{Products: []status.Product{{ID: "p"}}, Checks: []checks.Check{{ID: "a", Product: "p", Every: 20 * time.Second}}})
	now := time.Date(2026, 3, 3, 19, 30, 0, 0, time.UTC)
	if why := f.clockBehind(now); why != "" {
		t.Errorf("without a result: %s", why)
	}
	result := func(after time.Duration) checks.Result { return checks.Result{Check: "a", Started: now.Add(after)} }
	f.noteEnds([]checks.Result{result(time.Hour), result(-time.Hour)}, board, zap.NewNop())
	f.noteEnds([]checks.Result{result(0)}, board, zap.NewNop())
	const want = "this machine's clock is behind what was measured until 2026-03-03 20:30:00 UTC: it was set back, and what is measured is judged again once there is a minute of it, and three results of a product"
	if why := f.clockBehind(now); why != want {
		t.Errorf("an hour behind: %q, want %q", why, want)
	}
	if why := f.clockBehind(now.Add(59 * time.Minute)); why != "" {
		t.Errorf("a minute behind, as what is pushed may be: %s", why)
	}
	board.Apply(1, []checks.Result{result(time.Hour)})
	for i := range 3 {
		if why := f.clockBehind(now.Add(time.Duration(i) * 20 * time.Second)); why != want {
			t.Errorf("after %d results of the new time: %q, want %q", i, why, want)
		}
		batch := []checks.Result{result(time.Duration(i) * 30 * time.Second)}
		board.Apply(uint64(i+2), batch)
		f.noteEnds(batch, board, zap.NewNop())
	}
	if why := f.clockBehind(now.Add(time.Minute)); why != "" {
		t.Errorf("once the board has followed: %s", why)
	}
}

package house

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/status"
)

// TestControlChecksInTheHealth: control checks of the configuration are none of
// the products', and the health warns while they fail, and of one that never
// passed.
func TestControlChecksInTheHealth(t *testing.T) {
	cfg := &config.Config{Products: []config.Product{{ID: "pay"}}, Checks: []checks.Check{
		{ID: "gateway", Kind: "tcp", Every: 10 * time.Second, Timeout: time.Second, Control: true},
		{ID: "page", Product: "pay", Kind: "http", Every: 10 * time.Second, Timeout: time.Second},
		{ID: "typo", Kind: "tcp", Every: 10 * time.Second, Timeout: time.Second, Control: true},
	}}
	def := Definition(cfg)
	if len(def.Checks) != 1 || def.Checks[0].ID != "page" || len(def.Controls) != 2 {
		t.Fatalf("checks %v, control checks %v", def.Checks, def.Controls)
	}
	h := &house{board: status.NewBoard(def)}
	at := time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)
	if got := h.unsighted(at); !cmp.Equal([]string{"control checks that have never passed since statusbot knows them say nothing: gateway, typo"}, got) {
		t.Errorf("without a result: %q", got)
	}
	for i := range 60 {
		r := checks.Result{Check: "gateway", Started: at.Add(time.Duration(i) * 10 * time.Second), Outcome: checks.Pass}
		if i >= 30 {
			r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonTimeout, "no answer within 1 s"
		}
		h.board.Apply(uint64(i+1), []checks.Result{r})
	}
	want := []string{"since 2026-03-02 19:05:00 UTC our control check fails (gateway); it may be us, so what begins meanwhile opens no incident",
		"control checks that have never passed since statusbot knows them say nothing: typo"}
	if got := h.unsighted(at.Add(10 * time.Minute)); !cmp.Equal(want, got) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

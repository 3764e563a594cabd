package format_test

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/status"
)

// TestWhereUpdatesBeginByThemselves nobody is told that they must be begun.
func TestWhereUpdatesBeginByThemselves(t *testing.T) {
	snap := status.NewBoard(status.Definition{Products: []status.Product{{ID: "billing", Name: "Billing"}}}).Snapshot(time.Date(2026, 3, 3, 1, 30, 0, 0, time.UTC))
	plain := format.Summary(format.SummaryFacts{Snapshot: snap, Command: "/status"})
	said := string(format.Announced(plain, status.Blindness{}, "/status").BlocksJSON())
	if !strings.Contains(said, "they begin by themselves when something fails, or with `/status start`.") || strings.Contains(said, "Begin them with") {
		t.Error(said)
	}
	said = string(format.Announced(plain, status.Blindness{Since: snap.At}, "/status").BlocksJSON())
	if !strings.Contains(said, "they begin by themselves once we see and something fails, or with") {
		t.Error("while we cannot see none begins: " + said)
	}
	if !strings.Contains(string(plain.BlocksJSON()), "Begin them with `/status start`.") {
		t.Error("the summary itself changed")
	}
}

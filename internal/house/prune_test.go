package house

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/publish"
)

// TestTheOutboxDoesNotGrow: what was delivered stays a week, what could not be a
// month, and what is of an open incident as long as that.
func TestTheOutboxDoesNotGrow(t *testing.T) {
	h := reads(t, t.TempDir(), 3)
	defer h.close(t)
	ctx := t.Context()
	now := time.Now()
	h.board.ApplyEvent(incident.Event{Incident: incident.ID(1), Seq: 1, Kind: incident.Opened, Number: 1, At: now, Channel: "C1", Every: time.Hour})
	for _, e := range []struct {
		key       string
		delivered bool
	}{{publish.UpdatesKey("inc-1"), false}, {publish.UpdatesKey("inc-9"), false}, {publish.UpdatesKey("inc-8"), true}, {"watch/shop/1", true}, {"watch/shop/2", false}} {
		rev, err := h.journal.PutOutbox(ctx, "C1", e.key, []byte("{}"))
		check(t, err)
		if e.delivered {
			_, err := h.journal.PutReceipt(ctx, "C1", e.key, fmt.Appendf(nil, `{"rev":%d}`, rev), 0)
			check(t, err)
		}
	}
	left := func() (keys []string) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		_ = h.journal.WatchOutbox(ctx, func(e journal.Entry) error { keys = append(keys, e.Key); return nil }, stop)
		return keys
	}
	for _, one := range []struct {
		days int
		want []string
	}{
		{6, []string{"updates/inc-1", "updates/inc-9", "updates/inc-8", "watch/shop/1", "watch/shop/2"}},
		{8, []string{"updates/inc-1", "updates/inc-9", "watch/shop/2"}},
		{31, []string{"updates/inc-1"}},
	} {
		_, err := h.pruneOutbox(ctx, now.Add(time.Duration(one.days)*24*time.Hour))
		check(t, err)
		if got := left(); !slices.Equal(got, one.want) {
			t.Errorf("after %d days the outbox has %q, want %q", one.days, got, one.want)
		}
	}
}

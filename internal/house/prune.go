package house

import (
	"context"
	"encoding/json"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/publish"
)

// How long what is in the outbox stays there, and how often old entries are
// dropped. What nobody could be told for a month, nobody waits for: the channel
// is archived, or the person has left.
const (
	keepDelivered   = 7 * 24 * time.Hour
	keepUndelivered = 30 * 24 * time.Hour
	pruneEvery      = time.Hour
)

// prune drops outbox entries that were delivered long ago, or could not be for
// much longer, and whose incident, if any, is over.
func (h *house) prune(ctx context.Context) {
	regularly(ctx, pruneEvery, func() {
		n, err := h.pruneOutbox(ctx, time.Now())
		if err != nil && ctx.Err() == nil {
			h.log.Warn("outbox not pruned", zap.Error(err))
		} else if n > 0 {
			h.log.Debug("outbox pruned", zap.Int("entries", n))
		}
	})
}

func (h *house) pruneOutbox(ctx context.Context, now time.Time) (dropped int, err error) {
	open := h.openIncidents()
	return h.journal.Prune(ctx, now.Add(-keepDelivered), func(e journal.Entry, r *journal.Receipt) bool {
		switch {
		case open[publish.IncidentOf(e.Key)]:
			return false
		case r != nil && delivered(e, r):
			return true
		case now.Sub(e.Put) < keepUndelivered:
			return false
		}
		h.log.Warn("a message that could not be delivered for a month is dropped", zap.String("to", e.Dest), zap.String("key", e.Key), zap.Time("put", e.Put))
		return true
	})
}

// openIncidents says of each incident whether it is open.
func (h *house) openIncidents() map[string]bool {
	open := map[string]bool{}
	for _, i := range h.board.Log().Incidents {
		open[i.ID] = i.Open()
	}
	return open
}

// forget has what a member follows of the outbox forget what prune drops, and its receipts.
func (h *house) forget(ctx context.Context) {
	regularly(ctx, pruneEvery, func() {
		now, open := time.Now(), h.openIncidents()
		h.outbox.standing.Forget(func(e journal.Entry, settled bool) bool {
			age := now.Sub(e.Put)
			return !open[publish.IncidentOf(e.Key)] && (age > keepUndelivered || age > keepDelivered && (settled || e.Rev == 0))
		})
	})
}

func delivered(e journal.Entry, r *journal.Receipt) bool {
	var seen struct {
		Rev uint64 `json:"rev"`
	}
	return json.Unmarshal(r.Body, &seen) == nil && seen.Rev >= e.Rev
}

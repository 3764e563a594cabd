package house

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/publish"
)

// keepWithin is how long a batch of what was measured here waits for the journal. Who
// leads no more measures no more, but what was measured before is true: a minute
// is enough for members that are restarted.
const keepWithin = time.Minute

// appendResults is the runner's sink. A journal that does not take results
// within the bound costs these results and is said; the schedule goes on.
func (h *house) appendResults(batch []checks.Result) {
	ctx, cancel := context.WithTimeout(context.Background(), keepWithin)
	defer cancel()
	h.ending.storing.Add(int64(len(batch)))
	defer h.ending.storing.Add(-int64(len(batch)))
	h.desk.Mark(batch)
	for i := range batch {
		if err := h.shots.keep(&batch[i]); err != nil {
			h.log.Warn("screenshot not kept", zap.String("check", batch[i].Check), zap.Error(err))
		}
	}
	data, err := checks.EncodeResults(batch)
	if err == nil {
		err = h.storeResults(ctx, data)
	}
	if err != nil {
		if h.ending.hasBegun() {
			h.ending.unstored.Add(int64(len(batch)))
		}
		h.log.Error("results lost", zap.Int("results", len(batch)), zap.Error(err))
	}
}

// storeResults stores encoded results, a line each, in as many messages as they
// need: 64 values and an output of a script are 10 KiB, and a batch of such is
// more than a message takes.
func (h *house) storeResults(ctx context.Context, data []byte) error {
	err := h.journal.AppendResults(ctx, data)
	if !errors.Is(err, journal.ErrTooLarge) {
		return err
	}
	cut := bytes.LastIndexByte(data[:len(data)/2], '\n') + 1
	if cut == 0 {
		cut = bytes.IndexByte(data, '\n') + 1
	}
	if cut == 0 || cut == len(data) {
		return err // unreachable: one result fits
	}
	return errors.Join(h.storeResults(ctx, data[:cut]), h.storeResults(ctx, data[cut:]))
}

func (h *house) appendEvent(ctx context.Context, id string, last uint64, data []byte) (uint64, error) {
	seq, err := h.journal.AppendEvent(ctx, id, last, data)
	if errors.Is(err, journal.ErrConflict) {
		return 0, fmt.Errorf("%w: %w", publish.ErrConflict, err)
	}
	return seq, err
}

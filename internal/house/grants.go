package house

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/journal"
)

// What Slack allowed is stored on a shelf of the journal, so that a restart while
// Slack does not answer refuses nobody what they were allowed before. Of several
// replicas the last that learnt something has stored it.
const (
	grantsShelf = "slack-allowed"
	grantsKey   = "people"
	grantsEvery = 5 * time.Second // at most: what a kill -9 may lose
	grantsBound = 2 * time.Second
)

// recallGrants takes up what an earlier process stored. Without it people are asked
// for anew.
func (h *house) recallGrants(ctx context.Context, p *bot.People) {
	ctx, cancel := context.WithTimeout(ctx, grantsBound)
	defer cancel()
	kept, err := h.journal.Kept(ctx, grantsShelf, grantsKey)
	if err == nil {
		err = p.Restore(kept.Body)
	}
	if err != nil && !errors.Is(err, journal.ErrNotFound) && ctx.Err() == nil {
		h.log.Warn("what Slack allowed before the start is not known", zap.Error(err))
	}
}

// keepGrants stores what Slack allows until ctx ends.
func (h *house) keepGrants(ctx context.Context, p *bot.People) {
	t := time.NewTicker(grantsEvery)
	defer t.Stop()
	for stored := p.Told(); ; {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if p.Told() == stored {
			continue
		}
		if told, err := h.storeGrants(ctx, p); err == nil {
			stored = told
		} else if ctx.Err() == nil {
			h.log.Warn("what Slack allows is not stored, will try again", zap.Error(err))
		}
	}
}

func (h *house) storeGrants(ctx context.Context, p *bot.People) (told uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, grantsBound)
	defer cancel()
	data, told, err := p.Grants()
	if err != nil {
		return 0, err
	}
	kept, err := h.journal.Kept(ctx, grantsShelf, grantsKey)
	if err != nil && !errors.Is(err, journal.ErrNotFound) {
		return 0, err
	}
	_, err = h.journal.Keep(ctx, grantsShelf, grantsKey, data, kept.Rev)
	return told, err
}

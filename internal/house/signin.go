package house

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
)

// keepSignedIn signs in, and anew whenever any call says that Slack does not take
// the token any more: it may be revoked, and given back, at any time.
func (h *house) keepSignedIn(ctx context.Context, first, refused time.Duration) {
	for {
		h.signIn(ctx, first, refused)
		select { // what was refused before it was taken
		case <-h.api.TokenRefused():
		default:
		}
		select {
		case <-h.api.TokenRefused():
		case <-ctx.Done():
			return
		}
		if !idle(ctx, first) { // where the sign-in is taken and nothing else is, it is not asked all the time
			return
		}
	}
}

// signIn asks Slack who we are until it takes us for who we are; nothing waits
// for it. A refusal, and an app that may not even post, are said with their cure
// each time, and by health: the measuring goes on, and the web tells of it.
func (h *house) signIn(ctx context.Context, first, refused time.Duration) {
	for pause := first; ; pause = min(2*pause, time.Minute) {
		again := h.back.next()
		err := h.api.Check(ctx)
		if err == nil {
			if err = h.sayFeatures(); err == nil {
				h.refusal.Store(nil)
				return
			}
			err = fmt.Errorf("nothing can be posted: %w", err)
		} else if errors.Is(err, bot.ErrRefused) {
			err = fmt.Errorf("%w; check the bot token (STATUSBOT_SLACK_BOT_TOKEN); one that was revoked comes back by installing the app again, and another one with a new start", err)
		} else {
			h.refusal.Store(nil)
			h.log.Warn("Slack does not answer; going on without it, will try again", zap.Duration("in", pause), zap.Error(err))
			if !pausedFor(ctx, pause, again) {
				return
			}
			continue
		}
		text := err.Error()
		h.refusal.Store(&text)
		h.log.Error("not signed in to Slack; going on without it, will try again", zap.Duration("in", refused), zap.Error(err))
		if !idle(ctx, refused) {
			return
		}
	}
}

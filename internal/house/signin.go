package house

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
)

// signing is whether Slack takes us for who we are.
type signing struct {
	api      *bot.API
	features func() []bot.Feature // what the configuration wants of Slack
	back     *back                // ends the pause before the next try
	log      *zap.Logger
	refusal  atomic.Pointer[string] // why it does not; nil while it does, or does not answer
}

// refused is why Slack does not take us; empty while it does, or does not answer.
func (s *signing) refused() string {
	if why := s.refusal.Load(); why != nil {
		return *why
	}
	return ""
}

// keep signs in, and anew whenever any call says that Slack does not take
// the token any more: it may be revoked, and given back, at any time.
func (s *signing) keep(ctx context.Context, first, refused time.Duration) {
	for {
		s.signIn(ctx, first, refused)
		select { // what was refused before it was taken
		case <-s.api.TokenRefused():
		default:
		}
		select {
		case <-s.api.TokenRefused():
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
func (s *signing) signIn(ctx context.Context, first, refused time.Duration) {
	for pause := first; ; pause = min(2*pause, time.Minute) {
		again := s.back.next()
		err := s.api.Check(ctx)
		if err == nil {
			if err = s.sayFeatures(); err == nil {
				s.refusal.Store(nil)
				return
			}
			err = fmt.Errorf("nothing can be posted: %w", err)
		} else if errors.Is(err, bot.ErrRefused) {
			err = fmt.Errorf("%w; check the bot token (STATUSBOT_SLACK_BOT_TOKEN); one that was revoked comes back by installing the app again, and another one with a new start", err)
		} else {
			s.refusal.Store(nil)
			s.log.Warn("Slack does not answer; going on without it, will try again", zap.Duration("in", pause), zap.Error(err))
			if !pausedFor(ctx, pause, again) {
				return
			}
			continue
		}
		text := err.Error()
		s.refusal.Store(&text)
		s.log.Error("not signed in to Slack; going on without it, will try again", zap.Duration("in", refused), zap.Error(err))
		if !idle(ctx, refused) {
			return
		}
	}
}

// sayFeatures says in the log, once, what the app may not do in Slack. Without
// what it is of no use for, that is an error.
func (s *signing) sayFeatures() error {
	scopes, known := s.api.Scopes()
	if !known {
		return nil
	}
	missing := bot.MissingFeatures(s.features(), scopes)
	for _, f := range missing {
		if f.Needed {
			return fmt.Errorf("the Slack app lacks the scope %s, %s; add it under OAuth & Permissions > Scopes and install the app again", f.Lacks(scopes)[0], f.Why)
		}
	}
	for _, f := range missing {
		s.log.Warn("a feature is off: the Slack app lacks scopes", zap.String("feature", f.Name), zap.Strings("scopes", f.Lacks(scopes)),
			zap.String("so", f.Without), zap.String("cure", scopeCure))
	}
	return nil
}

// scopeCure is what to do about a missing scope.
const scopeCure = "add them under OAuth & Permissions > Scopes and install the app again, or paste what `statusbot manifest` prints"

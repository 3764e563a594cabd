package bot

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"go.uber.org/zap"
)

// Pins knows where messages can be pinned. It is shared by all posters of a
// process; its zero value tries everywhere. A pin is worth something and not
// necessary: what Slack says of one delays no message.
type Pins struct {
	mu  sync.Mutex
	off map[string]time.Time // :: channel; empty: the whole workspace -> when Slack refused it
}

// pinAgainAfter is how long a pin waits after no answer.
const pinAgainAfter = 30 * time.Second

// on reports whether a pin is to be tried.
func (s *Pins) on(channel string, now time.Time) bool {
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, where := range []string{"", channel} {
		if at, ok := s.off[where]; ok && now.Sub(at) < askAgain {
			return false
		}
	}
	return true
}

// refused remembers that Slack does not let us pin: with a scope missing
// nowhere, else not in that channel. It is asked anew after a day.
func (s *Pins) refused(channel string, err error, now time.Time) {
	if lacksScope(err) {
		channel = ""
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.off == nil {
		s.off = map[string]time.Time{}
	}
	s.off[channel] = now
}

// pinning is a delivery whose pin Slack has not taken or let go yet.
type pinning struct {
	of    *delivery
	after time.Time // it is not tried before
}

// pin has the message of a delivery pinned to its channel, or no longer so, as its body
// says.
func (p *Poster) pin(ctx context.Context, t *turn, d *delivery) {
	if d == nil {
		return
	}
	delete(t.pins, d.Key)
	r := &d.receipt
	if d.body.Pin == (r.Pinned != "") && (!d.body.Pin || r.Pinned == r.TS) || !p.Pins.on(d.Dest, p.Now()) {
		return
	}
	err := p.setPin(ctx, d)
	switch {
	case err == nil:
	case errors.Is(err, ErrRefused):
		p.Pins.refused(d.Dest, err, p.Now())
		p.Log.Warn("not pinned: Slack refused that; updates come all the same", zap.String("channel", d.Dest), zap.Error(err),
			zap.String("cure", "add the scope pins:write, or let statusbot pin in that channel; it is asked anew after a day"))
	default:
		after := pinAgainAfter
		if l, ok := errors.AsType[*limited](err); ok {
			after = l.after
		}
		t.pins[d.Key] = &pinning{of: d, after: p.Now().Add(max(after, time.Second))}
		p.Log.Info("not pinned, will try again", zap.String("channel", d.Dest), zap.Error(err))
	}
}

// setPin asks Slack and writes down what it said. What was so already is no
// error: the answer to an earlier try may have been lost.
func (p *Poster) setPin(ctx context.Context, d *delivery) error {
	r := &d.receipt
	if was := r.Pinned; was != "" {
		if err := p.API.unpin(ctx, r.Channel, was); err != nil {
			return err
		}
		r.Pinned = ""
	}
	if d.body.Pin {
		if err := p.API.pin(ctx, r.Channel, r.TS); err != nil {
			return err
		}
		r.Pinned = r.TS
	}
	return p.store(ctx, d)
}

// pinAgain tries pins whose time has come, and returns how long it is until the
// next one's does; 0 when there is none.
func (p *Poster) pinAgain(ctx context.Context, t *turn) (pause time.Duration) {
	for _, w := range t.pins {
		left := w.after.Sub(p.Now())
		if left <= 0 {
			p.pin(ctx, t, w.of)
			left = time.Millisecond // look again
		}
		pause = soonest(pause, left)
	}
	return pause
}

// pin pins a message to its channel; nil when it is.
func (a *API) pin(ctx context.Context, channel, ts string) error {
	return unlessSaid(a.web.AddPinContext(ctx, channel, slack.NewRefToMessage(channel, ts)), "already_pinned")
}

// unpin takes a pin away; nil when there is none.
func (a *API) unpin(ctx context.Context, channel, ts string) error {
	return unlessSaid(a.web.RemovePinContext(ctx, channel, slack.NewRefToMessage(channel, ts)), "no_pin", "not_pinned", "message_not_found")
}

// unlessSaid is an error of Slack's, unless it is one of those words.
func unlessSaid(err error, words ...string) error {
	err = classify(err)
	if slices.Contains(words, refusedWith(err)) || errors.Is(err, errGone) {
		return nil
	}
	return err
}

package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/publish"
)

// How long the Poster waits before it tries again.
const (
	firstRetry  = time.Second      // after no answer; doubled each time
	longestWait = 30 * time.Second // and at most this
	refusedWait = time.Minute      // after a refusal: somebody has to invite the bot or mend a scope
)

// lateAfter is how late a message may be before it says so.
const lateAfter = 30 * time.Second

// Poster delivers what is in the outbox. One queue per destination works
// through its entries one by one, so a channel that limits us delays no other;
// within a queue only the newest body of each key is delivered. A queue waits
// as a whole while Slack limits it or does not answer; an entry that Slack
// refuses waits alone, until its time comes or a newer body does.
type Poster struct {
	API        *API
	Outbox     Outbox
	Generation uint64    // of the lease under which it posts
	Started    time.Time // of this process: what was due before is late because we were not there
	Log        *zap.Logger
	Now        func() time.Time // the wall clock
	Pictures   *Pictures        // nil: none
	Budget     *Budget          // of the app's calls; nil: Slack alone says when it is too much

	Troubles *Troubles // what keeps messages from Slack; nil: nobody asks

	Pins *Pins // nil: nothing is pinned

	// Stuck is told when Slack refuses a message, with its word for why; nil: nobody is.
	Stuck func(ctx context.Context, dest, key, code string)

	refusedAgain    time.Duration // tests set it; 0 means refusedWait
	unansweredAgain time.Duration // tests set it; 0 means firstRetry

	refusals once // of which the log has a line

	mu     sync.Mutex
	queues map[string]*queue // :: destination -> its queue, while anything is in it
	wg     sync.WaitGroup
}

// hindrance is what held up a delivery, for the late line.
type hindrance struct {
	why   string    // a sentence without its full stop; empty when it is not Slack's doing
	until time.Time // nothing was tried before
	since time.Time // when the first message was due that nobody has seen; zero when the present one is the first
}

// Run delivers until ctx ends; it returns after its queues have stopped.
func (p *Poster) Run(ctx context.Context) error {
	p.refusals.within = refusedWait
	p.mu.Lock()
	p.queues = map[string]*queue{} // Nudge may come before and while Run starts
	p.mu.Unlock()
	ctx, stop := context.WithCancel(ctx)
	defer p.wg.Wait()
	defer stop()
	err := p.Outbox.Watch(ctx, func(e publish.Entry) error {
		p.accept(ctx, e)
		return nil
	}, func() {})
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("watch outbox: %w", err)
}

func (p *Poster) accept(ctx context.Context, e publish.Entry) {
	if e.Told {
		p.Troubles.note(e.Dest, e.Key, nil) // by another leader, where this one had trouble before
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	q, ok := p.queues[e.Dest]
	if !ok {
		q = newQueue()
		p.queues[e.Dest] = q
		p.wg.Go(func() { p.deliver(ctx, e.Dest, q) })
	}
	q.accept(e)
}

// Nudge says that Slack is there again: queues that wait because it did not
// answer try at once. It never blocks.
func (p *Poster) Nudge() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range p.queues {
		trigger(q.nudge)
	}
}

// turn is the state of the loop of one queue.
type turn struct {
	dest  string
	first time.Duration       // pause after the first try without an answer
	retry time.Duration       // pause after the next one
	held  hindrance           // of the whole queue
	pins  map[string]*pinning // :: key -> a pin that is to be set or taken away yet
}

// deliver is the loop of one queue. It ends when nothing is left to do: the next
// entry for the destination begins another.
func (p *Poster) deliver(ctx context.Context, dest string, q *queue) {
	first := cmp.Or(p.unansweredAgain, firstRetry)
	t := turn{dest: dest, first: first, retry: first, pins: map[string]*pinning{}}
	for {
		w, pause, ok := q.next(p.Now())
		if !ok {
			pause = soonest(pause, p.pinAgain(ctx, &t))
			if pause == 0 && p.ended(dest, q) || pause > 0 && !idle(ctx, q.wake, pause) {
				return
			}
			continue
		}
		held := w.refused
		if held.until.Before(t.held.until) {
			held = t.held
		}
		held.since = w.due
		select {
		case <-q.nudge: // it came before this try
		default:
		}
		d, err := p.one(ctx, w.entry, w.urgent, held)
		if ctx.Err() != nil {
			return
		}
		p.Troubles.note(dest, w.entry.Key, err)
		if err == nil {
			q.delivered(w.entry)
			t.retry = first
			p.pin(ctx, &t, d)
			continue
		}
		if nudge, pause := p.failed(ctx, q, &t, w.entry, err); pause > 0 && !idle(ctx, nudge, pause) {
			return
		}
	}
}

// ended takes a queue away that is empty; false when it is not any more.
func (p *Poster) ended(dest string, q *queue) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !q.empty() {
		return false
	}
	delete(p.queues, dest)
	return true
}

// soonest is the shorter of two pauses, of which 0 is none.
func soonest(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// failed puts back an entry that was not delivered. It returns how long the
// whole queue rests, 0 when only the entry does, and what ends the rest before;
// nil if nothing may.
func (p *Poster) failed(ctx context.Context, q *queue, t *turn, e publish.Entry, err error) (nudge <-chan struct{}, rest time.Duration) {
	if full, ok := errors.AsType[*spent](err); ok {
		q.held(e, hindrance{why: "Slack takes only so many changes of messages a minute", until: p.Now().Add(full.after)})
		return nil, 0
	}
	if errors.Is(err, errNoThread) { // it is tried again when that is there
		q.held(e, hindrance{why: "Slack did not take the first message of the thread", until: p.Now().Add(cmp.Or(p.refusedAgain, refusedWait))})
		return nil, 0
	}
	limit, isLimit := errors.AsType[*limited](err)
	why, pause := "", t.retry // the journal, or a newer leader
	switch {
	case isLimit:
		why, pause = "Slack limited the rate", limit.after
	case errors.Is(err, ErrRefused):
		why, pause = "Slack refused the message", cmp.Or(p.refusedAgain, refusedWait)
	case errors.Is(err, ErrUnsure):
		why = "Slack did not answer"
	}
	p.warn(t.dest, e.Key, pause, err)
	now := hindrance{why: why, until: p.Now().Add(pause)}
	if errors.Is(err, ErrRefused) {
		if p.Stuck != nil {
			p.Stuck(ctx, t.dest, e.Key, refusedWith(err))
		}
		q.held(e, now)
		return nil, 0
	}
	q.held(e, hindrance{})
	t.held = now
	if isLimit {
		return nil, pause // Slack said until when
	}
	t.retry = min(2*t.retry, max(t.first, longestWait))
	return q.nudge, pause
}

// warn has the log say why a message is not delivered. A refusal stands until somebody
// mends it, so it is said with the cure, and once a minute: of a channel for all that
// waits for it, of a token for all channels.
func (p *Poster) warn(dest, key string, pause time.Duration, err error) {
	fields := []zap.Field{zap.String("channel", dest), zap.String("key", key), zap.Duration("in", pause), zap.Error(err)}
	if code := refusedWith(err); code != "" {
		of := dest + " " + code
		if slices.Contains(tokenRefused, code) {
			of = code
		}
		if !p.refusals.first(of, p.Now()) {
			return
		}
		fields = append(fields, zap.String("cure", CureOf(err)))
	}
	p.Log.Warn("message not delivered, will try again", fields...)
}

// idle waits for wake, at most for a pause if there is one, and reports
// whether ctx goes on.
func idle(ctx context.Context, wake <-chan struct{}, pause time.Duration) bool {
	var after <-chan time.Time
	if pause > 0 {
		after = time.After(pause)
	}
	select {
	case <-wake:
	case <-after:
	case <-ctx.Done():
		return false
	}
	return true
}

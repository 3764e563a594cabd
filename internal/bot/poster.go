package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
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

// Poster delivers what is in the outbox. One lane per destination works
// through its entries one by one, so a channel that limits us delays no other;
// within a lane only the newest body of each key is delivered. A lane waits
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

	// Stuck is told when Slack refuses a message, with its word for why; nil: nobody is.
	Stuck func(ctx context.Context, dest, key, code string)

	refusedAgain    time.Duration // tests set it; 0 means refusedWait
	unansweredAgain time.Duration // tests set it; 0 means firstRetry

	mu    sync.Mutex
	lanes map[string]*lane // :: destination -> its lane
	wg    sync.WaitGroup
}

// lane holds the newest entry of each key of one destination.
type lane struct {
	pending map[string]publish.Entry // :: key -> newest entry
	order   []string                 // keys, longest waiting first
	refused map[string]trouble       // :: key -> until when its entry is not tried again
	urgent  map[string]bool          // :: key -> its entry, or one that it took the place of, cannot wait
	wake    chan struct{}            // level trigger: something is pending
	nudge   chan struct{}            // level trigger: Slack is there again
}

// trouble is what held up a delivery, for the late line.
type trouble struct {
	why   string    // a sentence without its full stop; empty when it is not Slack's doing
	until time.Time // nothing was tried before
}

// Run delivers until ctx ends; it returns after its lanes have stopped.
func (p *Poster) Run(ctx context.Context) error {
	p.mu.Lock()
	p.lanes = map[string]*lane{} // Nudge may come before and while Run starts
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
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.lanes[e.Dest]
	if !ok {
		l = &lane{pending: map[string]publish.Entry{}, refused: map[string]trouble{}, urgent: map[string]bool{}, wake: make(chan struct{}, 1), nudge: make(chan struct{}, 1)}
		p.lanes[e.Dest] = l
		p.wg.Go(func() { p.deliver(ctx, e.Dest, l) })
	}
	if old, ok := l.pending[e.Key]; !ok {
		l.order = append(l.order, e.Key)
	} else if old.Rev >= e.Rev {
		return
	}
	l.pending[e.Key] = e
	l.urgent[e.Key] = l.urgent[e.Key] || isUrgent(e)
	if t, ok := l.refused[e.Key]; ok {
		t.until = p.Now() // the newer body may be taken
		l.refused[e.Key] = t
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Nudge says that Slack is there again: lanes that wait because it did not
// answer try at once. It never blocks.
func (p *Poster) Nudge() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lanes {
		select {
		case l.nudge <- struct{}{}:
		default:
		}
	}
}

// next returns the entry that waits longest of those that may be tried, and
// what it was refused for before. When there is none it returns how long it is
// until there is one; 0 means until one is accepted.
func (p *Poster) next(l *lane, now time.Time) (e publish.Entry, before trouble, pause time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, key := range l.order {
		t := l.refused[key]
		left := t.until.Sub(now)
		if left <= 0 {
			return l.pending[key], t, 0, true
		}
		if pause == 0 || left < pause {
			pause = left
		}
	}
	return publish.Entry{}, trouble{}, pause, false
}

// isUrgent reports whether an entry says of itself that it cannot wait.
func isUrgent(e publish.Entry) bool {
	var b struct {
		Urgent bool `json:"urgent"`
	}
	return json.Unmarshal(e.Body, &b) == nil && b.Urgent
}

func (p *Poster) isUrgent(l *lane, key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return l.urgent[key]
}

// done removes an entry that was delivered, unless a newer one has come
// meanwhile; one that has to wait goes to the end, so that it holds up no
// other key. With refused it is not tried again before that time.
func (p *Poster) done(l *lane, e publish.Entry, delivered bool, refused trouble) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.order = slices.DeleteFunc(l.order, func(key string) bool { return key == e.Key })
	newest := l.pending[e.Key].Rev == e.Rev
	switch {
	case delivered:
		delete(l.refused, e.Key)
	case newest && refused.why != "":
		l.refused[e.Key] = refused
	}
	if delivered && newest {
		delete(l.pending, e.Key)
		delete(l.urgent, e.Key)
		return
	}
	l.order = append(l.order, e.Key)
}

// deliver is the loop of one lane.
func (p *Poster) deliver(ctx context.Context, dest string, l *lane) {
	first := cmp.Or(p.unansweredAgain, firstRetry)
	retry := first
	var held trouble // of the whole lane
	for {
		e, refused, pause, ok := p.next(l, p.Now())
		if !ok {
			if !idle(ctx, l.wake, pause) {
				return
			}
			continue
		}
		if refused.until.Before(held.until) {
			refused = held
		}
		select {
		case <-l.nudge: // it came before this try
		default:
		}
		err := p.one(ctx, e, p.isUrgent(l, e.Key), refused)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			p.done(l, e, true, trouble{})
			retry = first
			continue
		}
		if full, ok := errors.AsType[*spent](err); ok {
			p.done(l, e, false, trouble{why: "Slack takes only so many changes of messages a minute", until: p.Now().Add(full.after)})
			continue
		}
		limit, isLimit := errors.AsType[*limited](err)
		var why string
		var pauseFor time.Duration
		switch {
		case isLimit:
			why, pauseFor = "Slack limited the rate", limit.after
		case errors.Is(err, ErrRefused):
			why, pauseFor = "Slack refused the message", cmp.Or(p.refusedAgain, refusedWait)
		case errors.Is(err, ErrUnsure):
			why, pauseFor = "Slack did not answer", retry
		default:
			pauseFor = retry // the journal, or a newer leader
		}
		p.Log.Warn("message not delivered, will try again", zap.String("channel", dest), zap.String("key", e.Key),
			zap.Duration("in", pauseFor), zap.Error(err))
		now := trouble{why: why, until: p.Now().Add(pauseFor)}
		if errors.Is(err, ErrRefused) {
			if p.Stuck != nil {
				p.Stuck(ctx, dest, e.Key, refusedWith(err))
			}
			p.done(l, e, false, now)
			continue
		}
		p.done(l, e, false, trouble{})
		held = now
		nudge := l.nudge
		if isLimit {
			nudge = nil // Slack said until when
		} else {
			retry = min(2*retry, max(first, longestWait))
		}
		if !idle(ctx, nudge, pauseFor) {
			return
		}
	}
}

// idle waits for wake, at most for a pause if there is one, and reports
// whether ctx goes on.
func idle(ctx context.Context, wake <-chan struct{}, pause time.Duration) bool {
	var after <-chan time.Time
	if pause > 0 {
		t := time.NewTimer(pause)
		defer t.Stop()
		after = t.C
	}
	select {
	case <-wake:
	case <-after:
	case <-ctx.Done():
		return false
	}
	return true
}

// one delivers one entry: nothing if its receipt says that it is in Slack, an
// edit if its message exists, else a new post. The receipt is written before
// a post (what is tried) and after it (what is there), each time only if
// nobody else has written it: a leader whose lease is lost cannot post.
// With the budget spent it does nothing, and the error is *spent.
func (p *Poster) one(ctx context.Context, e publish.Entry, urgent bool, held trouble) error {
	var b publish.Body
	if err := json.Unmarshal(e.Body, &b); err != nil {
		p.Log.Error("outbox entry dropped: not readable", zap.String("key", e.Key), zap.Error(err))
		return nil
	}
	r, rev, err := p.receipt(ctx, e)
	if err != nil {
		return err
	}
	if r.Rev >= e.Rev {
		return nil
	}
	if r.Generation > p.Generation {
		return fmt.Errorf("a newer leader (generation %d) delivers", r.Generation)
	}
	if r.Channel == "" {
		r.Channel = e.Dest
	}
	r.Generation = p.Generation
	if b.ThreadOf != "" && r.Thread == "" {
		root, _, err := p.receipt(ctx, publish.Entry{Dest: e.Dest, Key: b.ThreadOf})
		if err != nil {
			return err
		}
		r.Thread = root.TS
	}
	p.sayLate(&b, held)
	if r.TS != "" && r.Post == b.Post {
		if wait := p.Budget.edit(e.Dest+" "+e.Key, urgent, time.Now()); wait > 0 {
			return &spent{wait}
		}
		err := p.send(b, r, func(b publish.Body) error { return p.API.edit(ctx, r.Channel, r.TS, messageKey(e.Key, b.Post), b) })
		if err == nil {
			r.Rev = e.Rev
			return p.store(ctx, e, r, rev)
		}
		if !errors.Is(err, ErrGone) {
			return fmt.Errorf("edit message: %w", err)
		}
		r.TS = ""
	}
	key := messageKey(e.Key, b.Post)
	if r.Trying == b.Post {
		// It was begun before and its end is not known: look before posting.
		ts, err := p.API.find(ctx, r.Channel, r.Thread, key, r.TryingAt.Add(-time.Minute))
		if err != nil {
			return fmt.Errorf("look for message: %w", err)
		}
		if ts != "" && ts != r.TS {
			p.Log.Info("message found after an unsure post", zap.String("key", key))
			// What it shows may be an older version of it: bring it up to date.
			r.TS, r.Post, r.Trying = ts, b.Post, 0
			if rev, err = p.storeRev(ctx, e, r, rev); err != nil {
				return err
			}
			p.Budget.spend(time.Now())
			if err := p.send(b, r, func(b publish.Body) error { return p.API.edit(ctx, r.Channel, ts, key, b) }); err != nil {
				return fmt.Errorf("edit message: %w", err)
			}
			r.Rev = e.Rev
			return p.store(ctx, e, r, rev)
		}
	}
	if wait := p.Budget.post(r.Channel, time.Now()); wait > 0 {
		return &spent{wait}
	}
	r.Trying, r.TryingAt = b.Post, p.Now()
	if rev, err = p.storeRev(ctx, e, r, rev); err != nil {
		return err
	}
	var in, ts string
	post := func(b publish.Body) (err error) { in, ts, err = p.API.post(ctx, e.Dest, r.Thread, key, b); return err }
	err = p.send(b, r, post)
	if r.Thread != "" && slices.Contains([]string{"thread_not_found", "message_not_found"}, refusedWith(err)) {
		r.Thread = "" // its root was deleted: better in the channel than not at all
		err = p.send(b, r, post)
	}
	if err != nil {
		if !errors.Is(err, ErrUnsure) {
			r.Trying = 0 // it is certain that nothing was posted
			if serr := p.store(ctx, e, r, rev); serr != nil {
				p.Log.Warn("receipt not stored", zap.Error(serr))
			}
		}
		return fmt.Errorf("post message: %w", err)
	}
	r.Channel, r.TS, r.Post, r.Rev, r.Trying = in, ts, b.Post, e.Rev, 0
	if rev, err = p.storeRev(ctx, e, r, rev); err != nil {
		return err
	}
	if with := p.illustrate(ctx, e, b, r); with.Picture != r.Picture {
		return p.store(ctx, e, with, rev)
	}
	return nil
}

func messageKey(key string, post int) string { return fmt.Sprintf("%s/%d", key, post) }

func (p *Poster) receipt(ctx context.Context, e publish.Entry) (receipt, uint64, error) {
	data, rev, err := p.Outbox.Receipt(ctx, e.Dest, e.Key)
	if errors.Is(err, ErrNotFound) {
		return receipt{}, 0, nil
	}
	if err != nil {
		return receipt{}, 0, fmt.Errorf("read receipt: %w", err)
	}
	var r receipt
	if err := json.Unmarshal(data, &r); err != nil {
		return receipt{}, 0, fmt.Errorf("read receipt of %s: %w", e.Key, err)
	}
	return r, rev, nil
}

func (p *Poster) storeRev(ctx context.Context, e publish.Entry, r receipt, last uint64) (uint64, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("encode receipt: %w", err) // unreachable: a receipt is plain data
	}
	rev, err := p.Outbox.PutReceipt(ctx, e.Dest, e.Key, data, last)
	if err != nil {
		return 0, fmt.Errorf("store receipt: %w", err)
	}
	return rev, nil
}

func (p *Poster) store(ctx context.Context, e publish.Entry, r receipt, last uint64) error {
	_, err := p.storeRev(ctx, e, r, last)
	return err
}

// sayLate adds to a message that is late that it is, and why.
func (p *Poster) sayLate(b *publish.Body, held trouble) {
	now := p.Now()
	if b.Due.IsZero() || now.Sub(b.Due) <= lateAfter {
		return
	}
	why := "statusbot was busy"
	switch {
	case held.why != "" && b.Due.Before(held.until):
		why = held.why
	case b.Due.Before(p.Started):
		why = "statusbot was not running"
	}
	late := format.Late(format.Message{}, b.Due, now, why)
	blocks, err := putSecond(b.Blocks, late.BlocksJSON())
	if err != nil {
		p.Log.Warn("late line not added", zap.Error(err))
		return
	}
	b.Blocks, b.Text = blocks, strings.TrimSpace(b.Text+" "+late.Text)
}

// maxBlocks is Slack's limit of blocks in a message.
const maxBlocks = 50

// putSecond puts blocks behind the first one, which says what matters most;
// what does not fit is left out at the end.
func putSecond(blocks, second json.RawMessage) (json.RawMessage, error) {
	var list, more []json.RawMessage
	if err := errors.Join(json.Unmarshal(blocks, &list), json.Unmarshal(second, &more)); err != nil {
		return nil, fmt.Errorf("read blocks: %w", err)
	}
	list = slices.Insert(list, min(1, len(list)), more...)
	return json.Marshal(list[:min(len(list), maxBlocks)])
}

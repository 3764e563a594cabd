package bot

import (
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
)

// How long the Poster waits before it tries again.
const (
	firstRetry  = time.Second      // after no answer; doubled each time
	longestWait = 30 * time.Second // and at most this
	refusedWait = time.Minute      // after a refusal: somebody has to invite the bot or mend a scope
)

// lateAfter is how late an update may be before it says so.
const lateAfter = 30 * time.Second

// Poster delivers what is in the outbox. One lane per destination works
// through its entries one by one, so a channel that limits us delays no other;
// within a lane only the newest body of each key is delivered.
type Poster struct {
	API        *API
	Outbox     Outbox
	Generation uint64    // of the lease under which it posts
	Started    time.Time // of this process: what was due before is late because we were not there
	Log        *zap.Logger
	Now        func() time.Time // the wall clock

	refusedAgain time.Duration // tests set it; 0 means refusedWait

	mu    sync.Mutex
	lanes map[string]*lane // :: destination -> its lane
	wg    sync.WaitGroup
}

// lane holds the newest entry of each key of one destination.
type lane struct {
	pending map[string]Entry // :: key -> newest entry
	order   []string         // keys, longest waiting first
	wake    chan struct{}    // level trigger: something is pending
}

// Run delivers until ctx ends; it returns after its lanes have stopped.
func (p *Poster) Run(ctx context.Context) error {
	p.lanes = map[string]*lane{}
	ctx, stop := context.WithCancel(ctx)
	defer p.wg.Wait()
	defer stop()
	err := p.Outbox.Watch(ctx, func(e Entry) error {
		p.accept(ctx, e)
		return nil
	}, func() {})
	if ctx.Err() != nil {
		return nil
	}
	return fmt.Errorf("watch outbox: %w", err)
}

func (p *Poster) accept(ctx context.Context, e Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.lanes[e.Dest]
	if !ok {
		l = &lane{pending: map[string]Entry{}, wake: make(chan struct{}, 1)}
		p.lanes[e.Dest] = l
		p.wg.Go(func() { p.deliver(ctx, e.Dest, l) })
	}
	if old, ok := l.pending[e.Key]; !ok {
		l.order = append(l.order, e.Key)
	} else if old.Rev >= e.Rev {
		return
	}
	l.pending[e.Key] = e
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// next returns the entry that waits longest.
func (p *Poster) next(l *lane) (Entry, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(l.order) == 0 {
		return Entry{}, false
	}
	return l.pending[l.order[0]], true
}

// done removes an entry unless a newer one has come meanwhile; an entry that
// has to wait goes to the end, so that it holds up no other key.
func (p *Poster) done(l *lane, e Entry, delivered bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.order = l.order[1:]
	if delivered && l.pending[e.Key].Rev == e.Rev {
		delete(l.pending, e.Key)
		return
	}
	l.order = append(l.order, e.Key)
}

// deliver is the loop of one lane.
func (p *Poster) deliver(ctx context.Context, dest string, l *lane) {
	retry := firstRetry
	trouble := "" // what held up the last delivery, for the late line
	for {
		e, ok := p.next(l)
		if !ok {
			select {
			case <-l.wake:
				continue
			case <-ctx.Done():
				return
			}
		}
		err := p.one(ctx, e, trouble)
		if ctx.Err() != nil {
			return
		}
		p.done(l, e, err == nil)
		if err == nil {
			retry, trouble = firstRetry, ""
			continue
		}
		wait := retry
		limit, isLimit := errors.AsType[*limited](err)
		switch {
		case isLimit:
			wait, trouble = limit.after, "Slack limited the rate"
		case errors.Is(err, ErrRefused):
			wait, trouble = refusedWait, "Slack refused the message"
		default:
			retry, trouble = min(2*retry, longestWait), "Slack did not answer"
		}
		p.Log.Warn("message not delivered, will try again", zap.String("channel", dest), zap.String("key", e.Key),
			zap.Duration("in", wait), zap.Error(err))
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// one delivers one entry: nothing if its receipt says that it is in Slack, an
// edit if its message exists, else a new post. The receipt is written before
// a post (what is tried) and after it (what is there), each time only if
// nobody else has written it: a leader whose lease is lost cannot post.
func (p *Poster) one(ctx context.Context, e Entry, trouble string) error {
	var b body
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
	r.Channel, r.Generation = e.Dest, p.Generation
	p.sayLate(&b, trouble)
	if r.TS != "" && r.Post == b.Post {
		err := p.API.edit(ctx, e.Dest, r.TS, messageKey(e.Key, b.Post), b)
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
		ts, err := p.API.find(ctx, e.Dest, key, r.TryingAt.Add(-time.Minute))
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
			if err := p.API.edit(ctx, e.Dest, ts, key, b); err != nil {
				return fmt.Errorf("edit message: %w", err)
			}
			r.Rev = e.Rev
			return p.store(ctx, e, r, rev)
		}
	}
	r.Trying, r.TryingAt = b.Post, p.Now()
	if rev, err = p.storeRev(ctx, e, r, rev); err != nil {
		return err
	}
	ts, err := p.API.post(ctx, e.Dest, key, b)
	if err != nil {
		if !errors.Is(err, ErrUnsure) {
			r.Trying = 0 // it is certain that nothing was posted
			if serr := p.store(ctx, e, r, rev); serr != nil {
				p.Log.Warn("receipt not stored", zap.Error(serr))
			}
		}
		return fmt.Errorf("post message: %w", err)
	}
	r.TS, r.Post, r.Rev, r.Trying = ts, b.Post, e.Rev, 0
	return p.store(ctx, e, r, rev)
}

func messageKey(key string, post int) string { return fmt.Sprintf("%s/%d", key, post) }

func (p *Poster) receipt(ctx context.Context, e Entry) (receipt, uint64, error) {
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

func (p *Poster) storeRev(ctx context.Context, e Entry, r receipt, last uint64) (uint64, error) {
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

func (p *Poster) store(ctx context.Context, e Entry, r receipt, last uint64) error {
	_, err := p.storeRev(ctx, e, r, last)
	return err
}

// sayLate adds to a message that is late that it is, and why.
func (p *Poster) sayLate(b *body, trouble string) {
	now := p.Now()
	if b.Due.IsZero() || now.Sub(b.Due) <= lateAfter {
		return
	}
	switch {
	case trouble != "":
	case b.Due.Before(p.Started):
		trouble = "statusbot was not running"
	default:
		trouble = "statusbot was busy"
	}
	late := format.Late(format.Message{}, b.Due, now, trouble)
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

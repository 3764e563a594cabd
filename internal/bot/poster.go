package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
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

	// Stuck is told when Slack refuses a message, with its word for why; nil: nobody is.
	Stuck func(ctx context.Context, dest, key, code string)

	refusedAgain    time.Duration // tests set it; 0 means refusedWait
	unansweredAgain time.Duration // tests set it; 0 means firstRetry

	mu     sync.Mutex
	queues map[string]*queue // :: destination -> its queue, while anything is in it
	wg     sync.WaitGroup
}

// queue holds the newest entry of each key of one destination.
type queue struct {
	pending map[string]publish.Entry // :: key -> newest entry
	order   []string                 // keys, longest waiting first
	refused map[string]hindrance     // :: key -> until when its entry is not tried again
	due     map[string]time.Time     // :: key -> when the first of its entries was due of those that nobody has seen
	urgent  map[string]bool          // :: key -> its entry, or one that it took the place of, cannot wait
	wake    chan struct{}            // level trigger: something is pending
	nudge   chan struct{}            // level trigger: Slack is there again
}

// hindrance is what held up a delivery, for the late line.
type hindrance struct {
	why   string    // a sentence without its full stop; empty when it is not Slack's doing
	until time.Time // nothing was tried before
	since time.Time // when the first message was due that nobody has seen; zero when the present one is the first
}

// Run delivers until ctx ends; it returns after its queues have stopped.
func (p *Poster) Run(ctx context.Context) error {
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
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.queues[e.Dest]
	if !ok {
		l = &queue{pending: map[string]publish.Entry{}, refused: map[string]hindrance{}, due: map[string]time.Time{}, urgent: map[string]bool{}, wake: make(chan struct{}, 1), nudge: make(chan struct{}, 1)}
		p.queues[e.Dest] = l
		p.wg.Go(func() { p.deliver(ctx, e.Dest, l) })
	}
	if old, ok := l.pending[e.Key]; !ok {
		l.order = append(l.order, e.Key)
	} else if old.Rev >= e.Rev {
		return
	}
	l.pending[e.Key] = e
	urgent, due := waits(e)
	l.urgent[e.Key] = l.urgent[e.Key] || urgent
	if first := l.due[e.Key]; first.IsZero() || due.Before(first) {
		l.due[e.Key] = due
	}
	if t, ok := l.refused[e.Key]; ok {
		t.until = p.Now() // the newer body may be taken
		l.refused[e.Key] = t
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Nudge says that Slack is there again: queues that wait because it did not
// answer try at once. It never blocks.
func (p *Poster) Nudge() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.queues {
		select {
		case l.nudge <- struct{}{}:
		default:
		}
	}
}

// next returns the entry that waits longest of those that may be tried, and
// what it was refused for before. When there is none it returns how long it is
// until there is one; 0 means that the queue was empty and is gone.
func (p *Poster) next(dest string, l *queue, now time.Time) (e publish.Entry, before hindrance, pause time.Duration, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(l.order) == 0 {
		delete(p.queues, dest)
	}
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
	return publish.Entry{}, hindrance{}, pause, false
}

// waits returns whether an entry says of itself that it cannot wait, and when it
// was due.
func waits(e publish.Entry) (urgent bool, due time.Time) {
	var b struct {
		Urgent bool      `json:"urgent"`
		Due    time.Time `json:"due"`
	}
	if json.Unmarshal(e.Body, &b) != nil {
		return false, time.Time{}
	}
	return b.Urgent, b.Due
}

// unseen returns when the first entry of a key was due that nobody has seen.
func (p *Poster) unseen(l *queue, key string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return l.due[key]
}

func (p *Poster) isUrgent(l *queue, key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return l.urgent[key]
}

// done removes an entry that was delivered, unless a newer one has come
// meanwhile; one that has to wait goes to the end, so that it holds up no
// other key. With refused it is not tried again before that time.
func (p *Poster) done(l *queue, e publish.Entry, delivered bool, refused hindrance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.order = slices.DeleteFunc(l.order, func(key string) bool { return key == e.Key })
	newest := l.pending[e.Key].Rev == e.Rev
	switch {
	case delivered:
		delete(l.refused, e.Key)
		delete(l.due, e.Key)
	case newest && refused.why != "":
		l.refused[e.Key] = refused
	}
	if delivered && newest {
		delete(l.pending, e.Key)
		delete(l.urgent, e.Key)
		return
	}
	if delivered {
		_, l.due[e.Key] = waits(l.pending[e.Key])
	}
	l.order = append(l.order, e.Key)
}

// turn is the state of the loop of one queue.
type turn struct {
	dest  string
	first time.Duration // pause after the first try without an answer
	retry time.Duration // pause after the next one
	held  hindrance     // of the whole queue
}

// deliver is the loop of one queue. It ends when the queue is empty: the next
// entry for the destination begins another.
func (p *Poster) deliver(ctx context.Context, dest string, l *queue) {
	first := cmp.Or(p.unansweredAgain, firstRetry)
	t := turn{dest: dest, first: first, retry: first}
	for {
		e, refused, pause, ok := p.next(dest, l, p.Now())
		if !ok {
			if pause == 0 || !idle(ctx, l.wake, pause) {
				return
			}
			continue
		}
		if refused.until.Before(t.held.until) {
			refused = t.held
		}
		refused.since = p.unseen(l, e.Key)
		select {
		case <-l.nudge: // it came before this try
		default:
		}
		err := p.one(ctx, e, p.isUrgent(l, e.Key), refused)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			p.done(l, e, true, hindrance{})
			t.retry = first
			continue
		}
		if nudge, pause := p.failed(ctx, l, &t, e, err); pause > 0 && !idle(ctx, nudge, pause) {
			return
		}
	}
}

// failed puts back an entry that was not delivered. It returns how long the
// whole queue rests, 0 when only the entry does, and what ends the rest before;
// nil if nothing may.
func (p *Poster) failed(ctx context.Context, l *queue, t *turn, e publish.Entry, err error) (nudge <-chan struct{}, rest time.Duration) {
	if full, ok := errors.AsType[*spent](err); ok {
		p.done(l, e, false, hindrance{why: "Slack takes only so many changes of messages a minute", until: p.Now().Add(full.after)})
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
	p.Log.Warn("message not delivered, will try again", zap.String("channel", t.dest), zap.String("key", e.Key),
		zap.Duration("in", pause), zap.Error(err))
	now := hindrance{why: why, until: p.Now().Add(pause)}
	if errors.Is(err, ErrRefused) {
		if p.Stuck != nil {
			p.Stuck(ctx, t.dest, e.Key, refusedWith(err))
		}
		p.done(l, e, false, now)
		return nil, 0
	}
	p.done(l, e, false, hindrance{})
	t.held = now
	if isLimit {
		return nil, pause // Slack said until when
	}
	t.retry = min(2*t.retry, max(t.first, longestWait))
	return l.nudge, pause
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

// delivery is one try to deliver one entry.
type delivery struct {
	publish.Entry
	body    publish.Body
	receipt receipt
	rev     uint64 // of the receipt as stored
}

// message is the key in the metadata of the delivery's message.
func (d delivery) message() string { return d.receipt.message(d.Key, d.body.Post) }

// one delivers one entry: nothing if its receipt says that it is in Slack, an
// edit if its message exists, else a new post. The receipt is written before
// a post (what is tried) and after it (what is there), each time only if
// nobody else has written it: a leader whose lease is lost cannot post.
// With the budget spent it does nothing, and the error is *spent.
func (p *Poster) one(ctx context.Context, e publish.Entry, urgent bool, held hindrance) error {
	d := delivery{Entry: e}
	if err := json.Unmarshal(e.Body, &d.body); err != nil {
		p.Log.Error("outbox entry dropped: not readable", zap.String("key", e.Key), zap.Error(err))
		return nil
	}
	var err error
	if d.receipt, d.rev, err = p.receipt(ctx, e); err != nil {
		return err
	}
	if d.receipt.Rev >= e.Rev {
		return nil
	}
	if err := p.address(ctx, &d); err != nil {
		return err
	}
	p.sayLate(&d.body, held)
	if d.receipt.TS != "" && d.receipt.Post == d.body.Post {
		if wait := p.Budget.edit(e.Dest+" "+e.Key, urgent, time.Now()); wait > 0 {
			return &spent{wait}
		}
		err := p.edit(ctx, &d)
		if !errors.Is(err, ErrGone) {
			return err
		}
		d.receipt.TS = ""
	}
	if d.receipt.Trying == d.body.Post {
		if found, err := p.adopt(ctx, &d); found || err != nil {
			return err
		}
	}
	if wait := p.Budget.post(d.receipt.Channel, time.Now()); wait > 0 {
		return &spent{wait}
	}
	return p.post(ctx, &d)
}

// address fills in where a delivery goes and under which lease; an error when
// a newer leader delivers.
func (p *Poster) address(ctx context.Context, d *delivery) error {
	r := &d.receipt
	if r.Generation > p.Generation {
		return fmt.Errorf("a newer leader (generation %d) delivers", r.Generation)
	}
	r.Channel, r.Generation = cmp.Or(r.Channel, d.Dest), p.Generation
	if r.Thread == "" {
		r.Thread = d.body.Thread
	}
	if d.body.ThreadOf != "" && r.Thread == "" {
		root, _, err := p.receipt(ctx, publish.Entry{Dest: d.Dest, Key: d.body.ThreadOf})
		if err != nil {
			return err
		}
		r.Thread = root.TS
	}
	return nil
}

// edit brings the message of a delivery up to date.
func (p *Poster) edit(ctx context.Context, d *delivery) error {
	r := d.receipt
	err := p.send(d.body, r, func(b publish.Body) error { return p.API.edit(ctx, r.Channel, r.TS, d.message(), b) })
	if err != nil {
		return fmt.Errorf("edit message: %w", err)
	}
	d.receipt.Rev = d.Entry.Rev
	return p.store(ctx, d.Entry, d.receipt, d.rev)
}

// adopt looks for a message whose post was begun before and whose end is not
// known, and brings it up to date; false when there is none.
func (p *Poster) adopt(ctx context.Context, d *delivery) (bool, error) {
	r := &d.receipt
	ts, err := p.API.find(ctx, r.Channel, r.Thread, d.message(), r.TryingAt.Add(-time.Minute))
	if err != nil {
		return false, fmt.Errorf("look for message: %w", err)
	}
	if ts == "" || ts == r.TS {
		return false, nil
	}
	p.Log.Info("message found after an unsure post", zap.String("key", d.message()))
	// What it shows may be an older version of it: bring it up to date.
	r.TS, r.Post, r.Trying = ts, d.body.Post, 0
	if d.rev, err = p.storeRev(ctx, d.Entry, *r, d.rev); err != nil {
		return true, err
	}
	p.Budget.spend(time.Now())
	return true, p.edit(ctx, d)
}

// post posts a new message.
func (p *Poster) post(ctx context.Context, d *delivery) error {
	r := &d.receipt
	if r.Trying != d.body.Post { // else the first try may still come through
		r.Key = uniqueKey(d.Key, d.body.Post, p.Now())
	}
	r.Trying, r.TryingAt = d.body.Post, p.Now()
	var err error
	if d.rev, err = p.storeRev(ctx, d.Entry, *r, d.rev); err != nil {
		return err
	}
	var in, ts string
	post := func(b publish.Body) (err error) {
		in, ts, err = p.API.post(ctx, d.Dest, r.Thread, d.message(), b)
		return err
	}
	err = p.send(d.body, *r, post)
	if r.Thread != "" && slices.Contains([]string{"thread_not_found", "message_not_found"}, refusedWith(err)) {
		r.Thread = "" // its root was deleted: better in the channel than not at all
		err = p.send(d.body, *r, post)
	}
	if err != nil {
		if !errors.Is(err, ErrUnsure) {
			r.Trying = 0 // it is certain that nothing was posted
			if serr := p.store(ctx, d.Entry, *r, d.rev); serr != nil {
				p.Log.Warn("receipt not stored", zap.Error(serr))
			}
		}
		return fmt.Errorf("post message: %w", err)
	}
	r.Channel, r.TS, r.Post, r.Rev, r.Trying = in, ts, d.body.Post, d.Entry.Rev, 0
	if d.rev, err = p.storeRev(ctx, d.Entry, *r, d.rev); err != nil {
		return err
	}
	if with := p.illustrate(ctx, d.Entry, d.body, *r); with.Picture != r.Picture {
		return p.store(ctx, d.Entry, with, d.rev)
	}
	return nil
}

func messageKey(key string, post int) string { return fmt.Sprintf("%s/%d", key, post) }

// uniqueKey is the key in the metadata of a message that is tried now. Another
// data directory, which counts its incidents from one again, gives none of its
// messages the same: what an old one left in the channel is never taken for
// ours, and edited.
func uniqueKey(key string, post int, now time.Time) string {
	return messageKey(key, post) + "#" + strconv.FormatInt(now.UnixNano(), 36)
}

// message is the key in the metadata of a message that is there, or is being
// tried.
func (r receipt) message(key string, post int) string { return cmp.Or(r.Key, messageKey(key, post)) }

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
func (p *Poster) sayLate(b *publish.Body, held hindrance) {
	now := p.Now()
	due := b.Due
	if !due.IsZero() && !held.since.IsZero() && held.since.Before(due) {
		due = held.since // nobody saw those between
	}
	if due.IsZero() || now.Sub(due) <= lateAfter {
		return
	}
	why := "statusbot was busy"
	switch {
	case held.why != "" && due.Before(held.until):
		why = held.why
	case due.Before(p.Started):
		why = "statusbot was not running"
	}
	late := format.Late(format.Message{}, due, now, why)
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

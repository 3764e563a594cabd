package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/publish"
)

// delivery is one try to deliver one entry.
type delivery struct {
	publish.Entry
	body    publish.Body
	receipt receipt
	rev     uint64 // of the receipt as stored
	seen    int    // of a reply: newest version that the whole channel has seen
}

// message is the key in the metadata of the delivery's message.
func (d delivery) message() string { return d.receipt.message(d.Key, d.body.Post) }

// errNoThread says that a reply waits for the message that its thread begins
// with.
var errNoThread = errors.New("the first message of the thread is not there yet")

// one delivers one entry: nothing if its receipt says that it is in Slack, an
// edit if its message exists, else a new post. The receipt is written before
// either (of a post: what is tried) and after it (what is there), each time only
// if nobody else has written it: a leader whose lease is lost can do neither.
// With the budget spent it does nothing, and the error is *spent.
func (p *Poster) one(ctx context.Context, e publish.Entry, urgent bool, held hindrance) (*delivery, error) {
	d := &delivery{Entry: e}
	if err := json.Unmarshal(e.Body, &d.body); err != nil {
		p.Log.Error("outbox entry dropped: not readable", zap.String("key", e.Key), zap.Error(err))
		return nil, nil //nolint:nilnil // there is nothing to deliver, and nothing to try again
	}
	var err error
	if d.receipt, d.rev, err = p.receipt(ctx, e); err != nil {
		return nil, err
	}
	if d.receipt.Rev >= e.Rev {
		return d, nil
	}
	if done, err := p.address(ctx, d); done || err != nil {
		return d, err
	}
	if d.receipt.outruns(d.body) {
		p.Log.Warn("an older update came after a newer one, and is left out", zap.String("key", e.Key), zap.Int("n", d.body.N), zap.Int("shown", d.receipt.Shown))
		d.receipt.Rev = e.Rev
		return d, p.store(ctx, d)
	}
	p.sayLate(&d.body, held)
	if d.receipt.TS != "" && d.receipt.Post == d.body.Post {
		if wait := p.Budget.edit(e.Dest+" "+e.Key, urgent, time.Now()); wait > 0 {
			return nil, &spent{wait}
		}
		// Who was frozen may have read the receipt before the next leader wrote it.
		if err := p.store(ctx, d); err != nil {
			return d, err
		}
		err := p.edit(ctx, d)
		if !errors.Is(err, errGone) {
			return d, err
		}
		d.receipt.TS = ""
	}
	if d.receipt.Trying == d.body.Post {
		if found, err := p.adopt(ctx, d); found || err != nil {
			return d, err
		}
	}
	if wait := p.Budget.post(d.receipt.Channel, time.Now()); wait > 0 {
		return nil, &spent{wait}
	}
	return d, p.post(ctx, d)
}

// address fills in where a delivery goes and under which lease; an error when
// a newer leader delivers. done says that there is nothing to deliver, which it
// has written down.
func (p *Poster) address(ctx context.Context, d *delivery) (done bool, err error) {
	r := &d.receipt
	if r.Generation > p.Generation {
		return false, fmt.Errorf("a newer leader (generation %d) delivers", r.Generation)
	}
	r.Channel, r.Generation = cmp.Or(r.Channel, d.Dest), p.Generation
	if d.body.Under != "" {
		return p.underneath(ctx, d)
	}
	if r.Thread == "" {
		r.Thread = d.body.Thread
	}
	if d.body.ThreadOf != "" && r.Thread == "" {
		root, _, err := p.receipt(ctx, publish.Entry{Dest: d.Dest, Key: d.body.ThreadOf})
		if err != nil {
			return false, err
		}
		r.Thread = root.TS
	}
	return false, nil
}

// underneath finds the thread of a reply. One that says what the first message
// of it was posted with is left out, and so is what would be edited into it.
func (p *Poster) underneath(ctx context.Context, d *delivery) (left bool, err error) {
	r := &d.receipt
	root, _, err := p.receipt(ctx, publish.Entry{Dest: d.Dest, Key: d.body.Under})
	if err != nil {
		return false, err
	}
	d.seen = max(root.N, r.N)
	same := r.Post == d.body.Post
	switch {
	case same && r.TS != "":
		return false, nil // an edit
	case root.TS == "":
		return false, errNoThread
	case same && r.Left, root.N >= d.body.N && r.Trying != d.body.Post:
		r.Post, r.TS, r.Left, r.Rev, r.N = d.body.Post, "", true, d.Rev, d.body.N
		return true, p.store(ctx, d)
	}
	if r.Trying != d.body.Post { // else it is looked for where it was tried
		r.Thread = root.TS
	}
	return false, nil
}

// edit brings the message of a delivery up to date.
func (p *Poster) edit(ctx context.Context, d *delivery) error {
	r := d.receipt
	err := p.send(d.body, r, func(b publish.Body) error { return p.API.edit(ctx, r.Channel, r.TS, d.message(), b) })
	if err != nil {
		return fmt.Errorf("edit message: %w", err)
	}
	d.receipt.Rev = d.Entry.Rev
	d.receipt.shows(d.body)
	if err := p.store(ctx, d); err != nil {
		return err
	}
	return p.renew(ctx, d)
}

// renew uploads the picture of a thread's first message anew when it is old: no
// post follows that would have a newer one.
func (p *Poster) renew(ctx context.Context, d *delivery) error {
	if !d.body.Pin || p.Now().Sub(d.receipt.PictureAt) < pictureAge {
		return nil
	}
	with := p.illustrate(ctx, d.Entry, d.body, d.receipt)
	if with.Picture == d.receipt.Picture {
		return nil
	}
	d.receipt = with
	return p.store(ctx, d)
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
	r.TS, r.Post, r.N, r.Trying, r.Left = ts, d.body.Post, r.TryingN, 0, false
	if err := p.store(ctx, d); err != nil {
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
	r.Trying, r.TryingN, r.TryingAt = d.body.Post, d.body.N, p.Now()
	if err := p.store(ctx, d); err != nil {
		return err
	}
	var in, ts string
	post := func(b publish.Body) (err error) {
		to := place{channel: d.Dest, thread: r.Thread, loud: r.Thread != "" && d.body.Loud > d.seen}
		in, ts, err = p.API.post(ctx, to, d.message(), b)
		return err
	}
	err := p.send(d.body, *r, post)
	if r.Thread != "" && slices.Contains([]string{"thread_not_found", "message_not_found"}, refusedWith(err)) {
		r.Thread = "" // its root was deleted: better in the channel than not at all
		err = p.send(d.body, *r, post)
	}
	if err != nil {
		if !errors.Is(err, ErrUnsure) {
			r.Trying = 0 // it is certain that nothing was posted
			if serr := p.store(ctx, d); serr != nil {
				p.Log.Warn("receipt not stored", zap.Error(serr))
			}
		}
		return fmt.Errorf("post message: %w", err)
	}
	r.Channel, r.TS, r.Post, r.Rev, r.N, r.Trying, r.Left = in, ts, d.body.Post, d.Entry.Rev, d.body.N, 0, false
	r.shows(d.body)
	if err := p.store(ctx, d); err != nil {
		return err
	}
	if with := p.illustrate(ctx, d.Entry, d.body, *r); with.Picture != r.Picture {
		d.receipt = with
		return p.store(ctx, d)
	}
	return nil
}

// outruns reports whether what is shown is newer than a body: one that a leader whose
// lease was lost has put into the outbox after the next one's. It is older by its number
// and by its time: numbers begin again where events were lost, times when a clock is set back.
func (r receipt) outruns(b publish.Body) bool { return b.N < r.Shown && b.Rendered.Before(r.ShownAt) }

// shows notes that a body is shown.
func (r *receipt) shows(b publish.Body) { r.Shown, r.ShownAt = b.N, b.Rendered }

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
	if errors.Is(err, publish.ErrNotFound) {
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

// store writes the receipt of a delivery down, if nobody else has written it
// since it was read.
func (p *Poster) store(ctx context.Context, d *delivery) error {
	data, err := json.Marshal(d.receipt)
	if err != nil {
		return fmt.Errorf("encode receipt: %w", err) // unreachable: a receipt is plain data
	}
	rev, err := p.Outbox.PutReceipt(ctx, d.Dest, d.Key, data, d.rev)
	if err != nil {
		return fmt.Errorf("store receipt: %w", err)
	}
	d.rev = rev
	return nil
}

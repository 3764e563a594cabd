package ways

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format/elsewhere"
	"github.com/statusbot/statusbot/internal/publish"
)

// inOrder is the jobs, what got worse last first, then the newest.
func inOrder(list []job) []job {
	slices.SortFunc(list, func(a, b job) int {
		worse := func(j job) int {
			if j.body.About.Alarm > j.told.N {
				return 0
			}
			return 1
		}
		return cmp.Or(worse(a)-worse(b), b.body.Rendered.Compare(a.body.Rendered), cmp.Compare(a.key, b.key))
	})
	return list
}

// tell decides what the way does with one update, and does it. wait is how long until it
// is to be looked at again.
func (l *loop) tell(ctx context.Context, j *job) (wait time.Duration, err error) {
	r, now := l.teller, l.teller.Now()
	if !j.known {
		if j.told, j.rev, err = r.readTold(ctx, l.way.Name, j.dest, j.key); err != nil {
			return 0, err
		}
		j.known = true
	}
	if j.told.Generation > r.Generation {
		return 0, nil // a newer leader tells
	}
	side := r.sideOf(j.dest, j.key)
	v := decide(l.way, j.body, j.told, side, now)
	if v.tell == "" {
		return v.wait, l.refresh(ctx, j)
	}
	if j.short {
		if err := l.complete(ctx, j); err != nil || j.short {
			return 0, err
		}
		return l.tell(ctx, j) // the newest may be a newer one
	}
	if v.tell == Back && l.way.When != SlackDown {
		j.told.Away.Over = true
		return 0, r.store(ctx, l.way.Name, j)
	}
	if j.told.Trying == j.body.N && j.told.TryingAs == v.tell && !l.way.Sender.Knows() && j.since.IsZero() {
		l.log.Warn("an update was under way when statusbot ended; it may have come, and is not told twice", zap.String("key", j.key), zap.Int("n", j.body.N))
		return 0, l.done(ctx, j, v.tell, side)
	}
	if j.since.IsZero() {
		j.since = now
	}
	if now.Sub(j.body.Rendered) > givenUp {
		l.log.Error("an update could not be told for a day and is given up", zap.String("key", j.key), zap.Int("n", j.body.N))
		r.Health.lost(l.way.Name)
		return 0, l.done(ctx, j, v.tell, side)
	}
	return 0, l.send(ctx, j, v, side)
}

// complete reads the whole of what is to be told. The job stays short if it is not there any more: then nothing is told.
func (l *loop) complete(ctx context.Context, j *job) error {
	body, err := l.teller.Outbox.Newest(ctx, j.dest, j.key)
	if errors.Is(err, publish.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read what is to be told of %s: %w", j.key, err)
	}
	var b publish.Body
	if json.Unmarshal(body, &b) == nil && b.About != nil {
		j.body, j.short = b, false
	}
	return nil
}

// refresh writes down anew what is told of an incident that goes on, before it is dropped
// as old.
func (l *loop) refresh(ctx context.Context, j *job) error {
	if j.rev == 0 || j.body.About.Ended || l.teller.Now().Sub(j.told.Seen) < keepWritten {
		return nil
	}
	return l.teller.store(ctx, l.way.Name, j)
}

// send tells an update.
func (l *loop) send(ctx context.Context, j *job, v verdict, side slackSide) error {
	r := l.teller
	n := r.notice(l.way, j, v.tell, side)
	j.told.Trying, j.told.TryingAs, j.told.Generation = j.body.N, v.tell, r.Generation
	if err := r.store(ctx, l.way.Name, j); err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, l.way.Timeout)
	err := l.way.Sender.Send(within, n)
	cancel()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	partly, told := errors.AsType[*Partly](err)
	if err != nil && !told {
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w within %s", errUnanswered, l.way.Timeout)
		}
		r.Health.failed(l.way.Name, r.Now(), err)
		return err
	}
	lacks := ""
	if told {
		lacks = partly.Says
		l.log.Warn("a way does not reach everybody", zap.String("key", j.key), zap.Int("n", j.body.N), zap.Error(partly))
	}
	r.Health.told(l.way.Name, lacks)
	if err := l.done(ctx, j, v.tell, side); err != nil {
		return err
	}
	l.log.Info("told", zap.String("key", j.key), zap.Int("n", j.body.N), zap.String("as", string(v.tell)), zap.String("reason", v.why))
	return nil
}

// done writes down that an update is told.
func (l *loop) done(ctx context.Context, j *job, as Kind, side slackSide) error {
	r := l.teller
	t := &j.told
	t.N, t.At, t.Ended, t.Trying, t.TryingAs, t.Generation = j.body.N, r.Now(), j.body.About.Ended, 0, "", r.Generation
	switch {
	case as == Back:
		t.Away.Over = true
	case l.way.When == SlackDown && !t.on():
		t.Away = &away{Since: side.since, Fault: side.trouble.Fault, Says: side.trouble.Says}
	case l.way.When == SlackDown:
		t.Away.Fault, t.Away.Says = side.trouble.Fault, side.trouble.Says
	}
	j.since = time.Time{}
	return r.store(ctx, l.way.Name, j)
}

// notice is what a way tells.
func (r *Teller) notice(w Way, j *job, as Kind, side slackSide) Notice {
	b := j.body
	now := r.Now()
	n := Notice{Kind: as, Way: w.Name, Company: r.Company, N: b.N, At: b.Rendered, Now: now, Zone: r.Zone, About: *b.About, First: j.told.N == 0}
	n.Thread = idOf(w.Name, b.About.Incident, strconv.FormatInt(b.About.Began.UnixNano(), 36))
	n.ID = idOf(n.Thread, strconv.Itoa(b.N), string(as))
	n.Says = elsewhere.Read(b.Text, b.Blocks, r.Zone)
	n.Title = n.Says.Title()
	switch {
	case as == Back:
		n.Says = n.Says.Led(elsewhere.Back(side.back, now, r.Zone))
	case w.When == SlackDown:
		n.Trouble = side.trouble
		n.Trouble.Since = side.since
		n.Says = n.Says.Led(n.Trouble.Sentence(now, r.Zone))
	}
	return n
}

// idOf is an id of what its parts name, the same each time: 128 bits in hex.
func idOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + " " + p))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

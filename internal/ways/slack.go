package ways

import (
	"context"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/format/elsewhere"
	"github.com/statusbot/statusbot/internal/publish"
)

// slackSide is what Slack has of an incident's updates, as far as that was looked at.
type slackSide struct {
	known   bool      // it was looked at
	has     int       // number of the newest update that it has
	since   time.Time // when the first update was drawn that it lacks; zero: none
	back    time.Time // when it was seen last that it has all again
	trouble elsewhere.Trouble
}

// side is it, with the newest entry.
type side struct {
	slackSide
	dest, key string
	rev       uint64
	n         int
	rendered  time.Time
	there     bool // the entry said itself that Slack has it
	ended     bool // the incident did
	settled   bool // what was told elsewhere meanwhile is said, or nothing was
}

// accept takes a newer entry in.
func (s *side) accept(rev uint64, b publish.Body, there bool) {
	if rev <= s.rev {
		return
	}
	s.rev, s.n, s.rendered, s.there, s.ended = rev, b.N, b.Rendered, there, b.About.Ended
	if s.since.IsZero() {
		s.since = b.Rendered
	}
	s.settled = false
}

// watchSlack looks until ctx ends whether Slack has what is in the outbox.
func (r *Teller) watchSlack(ctx context.Context) {
	look := r.look
	if look == 0 {
		look = lookEvery
	}
	t := time.NewTicker(look)
	defer t.Stop()
	for {
		for _, s := range r.unsettled() {
			if err := r.lookAt(ctx, s); err != nil && ctx.Err() == nil {
				r.Log.Warn("it cannot be looked at whether Slack has an update", zap.String("key", s.key), zap.Error(err))
			}
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// unsettled is what is to be looked at.
func (r *Teller) unsettled() (list []side) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.sides {
		if !s.settled {
			list = append(list, *s)
		}
	}
	return list
}

// lookAt looks whether Slack has one entry, and says what was told elsewhere when it
// has it after a while.
func (r *Teller) lookAt(ctx context.Context, s side) error {
	has := s.there
	if !has {
		var err error
		if has, err = r.Delivered(ctx, s.dest, s.key, s.rev); err != nil {
			return err
		}
	}
	failure := r.Trouble(s.dest, s.key)
	if has {
		if err := r.catchUp(ctx, s); err != nil {
			return err // ways are told that it is back only when that is handed over
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.sides[keyOf(s.dest, s.key)]
	if now == nil {
		return nil
	}
	changed := !now.known || has && !now.since.IsZero()
	now.known = true
	switch {
	case has:
		now.has, now.back, now.trouble = s.n, r.Now(), elsewhere.Trouble{}
		now.since, now.settled = time.Time{}, now.rev == s.rev
		if !now.settled { // a newer one came meanwhile
			now.since = now.rendered
		}
	case failure.Held:
		now.since = r.Now()
	default:
		now.trouble = r.trouble(failure, s.since)
	}
	if changed || !has {
		r.wakeAll()
	}
	return nil
}

// trouble says whose fault it is that Slack lacks an update.
func (r *Teller) trouble(f Failure, since time.Time) elsewhere.Trouble {
	sight := r.Sight()
	t := elsewhere.Trouble{Since: since, Fault: f.Fault, Says: f.Says, Controls: sight.Passes}
	if f.Fault == "" || f.Fault == elsewhere.Unclear { // Slack has said nothing itself
		switch {
		case sight.Blind:
			t.Fault, t.Says = elsewhere.Network, sight.Says
		case sight.Passes > 0:
			t.Fault = elsewhere.Slack
		default:
			t.Fault = elsewhere.Unclear
		}
	}
	return t
}

// catchUp says in the channel what was told where while Slack took nothing: once, since
// the key is when that began. Where nothing was told, nothing is said.
func (r *Teller) catchUp(ctx context.Context, s side) error {
	if !s.known {
		s.since = time.Time{} // Slack may have had it all along
	}
	facts := format.MeanwhileFacts{From: s.since, To: r.Now(), Now: r.Now(), Zone: r.Zone}
	var longest time.Duration
	told := false
	for _, w := range r.Ways {
		t, _, err := r.readTold(ctx, w.Name, s.dest, s.key)
		if err != nil {
			return err
		}
		if t.on() && !t.Away.Since.IsZero() {
			if facts.From.IsZero() || t.Away.Since.Before(facts.From) {
				facts.From = t.Away.Since
			}
			facts.Was = elsewhere.Trouble{Since: t.Away.Since, Fault: t.Away.Fault, Says: t.Away.Says}.Was()
		}
		if w.When == SlackDown {
			longest = max(longest, w.After)
		}
		at := format.ToldBy{Name: w.Name, Kind: w.Kind, To: w.To}
		switch {
		case t.on(), t.N > 0 && !s.since.IsZero() && !t.At.Before(s.since):
			at.UpTo, told = t.N, true
			facts.By = append(facts.By, at)
		case w.When == SlackDown && !s.since.IsZero() && r.Now().Sub(s.since) > w.After:
			facts.Not = append(facts.Not, at)
		}
	}
	if longest == 0 {
		longest = time.Minute
	}
	if facts.From.IsZero() || facts.To.Sub(facts.From) < longest || !told && len(facts.Not) == 0 {
		return nil
	}
	if facts.Was == "" {
		facts.Was = s.trouble.Was()
	}
	t := publish.Telling{Dest: s.dest, Key: meanwhileKey(publish.IncidentOf(s.key), facts.From), N: 1, Post: 1, At: r.Now(), Message: format.Meanwhile(facts)}
	return t.Put(ctx, r.Outbox)
}

func meanwhileKey(incident string, since time.Time) string {
	return "meanwhile/" + incident + "/" + strconv.FormatInt(since.Unix(), 10)
}

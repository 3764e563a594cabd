package heartbeat

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
)

// lookEvery is how often somebody looks who is late, at least.
const lookEvery = time.Second

// deadline returns when a missing report is told next: an interval and the
// grace after the last one, and then each interval.
func (b *beat) deadline() time.Time {
	every := b.compiled.Check.Every
	last := b.reported
	if last.IsZero() {
		last = b.since
	}
	at := last.Add(every + b.grace)
	if b.judged.Before(at) {
		return at
	}
	return b.judged.Add(every)
}

// missed returns what is to be told of a check whose deadline has passed.
func (b *beat) missed(deadline, now time.Time) checks.Result {
	c := b.compiled.Check
	// Of intervals that passed unnoticed, the last is told.
	deadline = deadline.Add(now.Sub(deadline) / c.Every * c.Every)
	r := checks.Result{Check: c.ID, Product: c.Product, Started: deadline, Outcome: checks.Fail, Reason: checks.ReasonTimeout}
	r.Summary = "no report yet"
	if !b.reported.IsZero() {
		r.Summary = "no report for " + periodText(deadline.Sub(b.reported))
	}
	if !b.away.from.IsZero() {
		r.Outcome, r.Reason = checks.Unknown, checks.ReasonInternal
		r.Summary += fmt.Sprintf("; it may have come in the %s in which statusbot was not there", periodText(b.away.to.Sub(b.away.from)))
		return r
	}
	r.Summary += fmt.Sprintf("; one is expected every %s, at most %s late", periodText(c.Every), periodText(b.grace))
	return r
}

// late returns what is to be told now of reports that did not come, and when
// the next one will be due.
func (h *Beats) late(now time.Time) (list []checks.Result, next time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, b := range h.beats {
		if b.setBack(now) {
			h.changed[shardOf(id)] = true
		}
		at := b.deadline()
		if now.Before(at) {
			if next.IsZero() || at.Before(next) {
				next = at
			}
			continue
		}
		list = append(list, b.missed(at, now))
	}
	slices.SortFunc(list, func(a, b checks.Result) int { return a.Started.Compare(b.Started) })
	return list, next
}

// setBack draws back to now what lies further ahead of it than any report or
// judgement can: the clock was set back, and nobody would be missed until it is
// where it was. It reports whether anything did.
func (b *beat) setBack(now time.Time) (any bool) {
	draw := func(at *time.Time, ahead time.Duration) {
		if at.Sub(now) > ahead {
			*at, any = now, true
		}
	}
	draw(&b.since, pushSkew)
	draw(&b.reported, pushSkew)
	draw(&b.judged, pushSkew+b.grace)
	draw(&b.away.from, pushSkew)
	draw(&b.away.to, pushSkew)
	return any
}

// gone tells that from one moment to another nobody could report. That is held
// against statusbot, not against the jobs: a report that was due then, and is
// missing, is unknown. An absence shorter than the grace excuses nothing,
// since whoever pushes tries again.
func (h *Beats) gone(from, to time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, b := range h.beats {
		begun := b.reported
		if begun.IsZero() {
			begun = b.since
		}
		if begun.Before(b.judged) {
			begun = b.judged
		}
		if begun.Before(from) {
			begun = from
		}
		if to.Sub(begun) <= b.grace {
			continue
		}
		b.away = absence{from, to}
		h.changed[shardOf(id)] = true
	}
}

// Run tells store of each report that is missing, when it is, until ctx ends;
// what store does not take is told again. alive is when somebody last ran it:
// between then and now nobody could report. One at a time runs it.
func (h *Beats) Run(ctx context.Context, alive time.Time, store func(context.Context, []checks.Result) error) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		// By the wall clock: the other one stands still while a machine sleeps.
		now := time.Now().Round(0)
		if now.Sub(alive) > 2*lookEvery {
			h.gone(alive, now)
		}
		alive = now
		list, next := h.late(now)
		for batch := range slices.Chunk(list, checks.BatchMax) {
			if err := store(ctx, batch); err != nil {
				if ctx.Err() == nil {
					h.log.Warn("missing reports not told, will try again", zap.Int("checks", len(batch)), zap.Error(err))
				}
				break
			}
			h.Note(batch, now) // again when it comes back by the journal
		}
		wait := lookEvery
		if !next.IsZero() {
			wait = min(max(time.Until(next), time.Millisecond), lookEvery)
		}
		timer.Reset(wait)
	}
}

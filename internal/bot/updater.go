package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// tick is how often the Updater looks: often enough that worsening is told at
// once, rarely enough to cost nothing.
const tick = 250 * time.Millisecond

// writeBound bounds the append of an event.
const writeBound = 2 * time.Second

// Updater decides which updates are due and writes them down: first the event,
// then the outbox entry. Only the leader runs it.
type Updater struct {
	Board  *status.Board
	Ledger *Ledger
	Outbox Outbox
	Rules  func() incident.Rules
	Every  func() time.Duration // cadence of incidents that are detected
	// Channel returns the id of the channel where detected incidents are
	// announced; empty while there is none.
	Channel func() string
	// Places are further channels where incidents are announced, each about
	// some products; nil: there are none.
	Places func() []Place
	// Fallback names who is told that the updates of an incident which nobody
	// began do not reach their channel: Slack ids of people, or a channel; nil:
	// nobody.
	Fallback func(ctx context.Context, channel string) []string
	Pictures *Pictures // nil: no update has a picture
	Command  string    // name of the slash command, with its slash, for hints; empty: /statusbot
	Log      *zap.Logger
	Now      func() time.Time // the wall clock

	begun time.Time // when Run began; zero in tests that step by themselves
	stuck stuck
	owed  map[string]bool // :: incident -> its newest update is written down and not in the outbox
}

// Run decides until ctx ends. It begins with what an earlier process wrote
// down but may not have handed to the outbox.
func (u *Updater) Run(ctx context.Context) error {
	if err := u.mend(ctx); err != nil {
		return err
	}
	u.begun = u.Now()
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if err := u.step(ctx, u.Now()); err != nil && ctx.Err() == nil {
			// The journal did not take it: the next tick decides again.
			u.Log.Error("update not written down, will try again", zap.Error(err))
		}
	}
}

// step decides everything once.
func (u *Updater) step(ctx context.Context, now time.Time) error {
	snap := u.Board.Snapshot(now)
	if err := u.open(ctx, snap); err != nil {
		return err
	}
	if err := u.watched(ctx, snap); err != nil {
		return err
	}
	for _, inc := range u.Board.Log().Incidents {
		if err := u.effects(ctx, snap, inc); err != nil {
			return err
		}
		if err := u.follow(ctx, snap.Of(inc.Products), u.incident(inc.ID)); err != nil {
			return err
		}
	}
	return nil
}

// open opens an incident when a product is hurt that was not so, or less, when
// the last incident of the channel ended.
func (u *Updater) open(ctx context.Context, snap status.Snapshot) error {
	var places []Place
	if channel := u.Channel(); channel != "" {
		places = append(places, Place{Channel: channel})
	}
	if u.Places != nil {
		places = append(places, u.Places()...)
	}
	for _, p := range places {
		if err := u.openIn(ctx, snap.Of(p.Products), p); err != nil {
			return err
		}
	}
	return nil
}

// Place is a channel where incidents are announced that are detected in some
// products; in any when none is named.
type Place struct {
	Channel  string // Slack channel id
	Products []string
}

func (u *Updater) openIn(ctx context.Context, snap status.Snapshot, place Place) error {
	channel := place.Channel
	_, err := u.write(ctx, func(log incident.Log) (incident.Event, error) {
		last, _ := log.Last(channel)
		trouble := slices.DeleteFunc(snap.Trouble(last.EndedAt), func(p status.ProductStatus) bool { return knownTo(last, p) })
		if last.Open() || len(trouble) == 0 {
			return incident.Event{}, errNothing
		}
		e, ok := log.Detect(snap.At, channel, trouble[0].Name+": "+trouble[0].Why, u.Every(), place.Products...)
		if !ok {
			return incident.Event{}, errNothing
		}
		return e, nil
	})
	return err
}

// knownTo reports whether a product's trouble began before an incident ended
// and is no worse than it told: who ended the updates of an outage is not to
// be told that it is now a mere degradation.
func knownTo(ended incident.Incident, p status.ProductStatus) bool {
	told, ok := ended.Figure(p.ID)
	return ok && !p.Onset.After(ended.EndedAt) && p.Level.Severity() <= impact.Level(told.Level).Severity()
}

// follow writes down what changed in one incident and delivers its update if
// one is due.
func (u *Updater) follow(ctx context.Context, snap status.Snapshot, inc incident.Incident) error {
	if u.owed[inc.ID] {
		if err := u.hand(ctx, snap, inc, true); err != nil {
			return err
		}
	}
	if !inc.Open() && !inc.LastUpdate.At.Before(inc.EndedAt) {
		return u.proven(ctx, snap, inc) // over, and its last word is said but for the proof
	}
	if inc.EndedAt.After(snap.At) {
		return nil // it ended since the snapshot: the next one tells how
	}
	if u.waking(snap, inc) {
		return nil
	}
	var err error
	if inc.Open() {
		if inc, err = u.levels(ctx, snap, inc); err != nil {
			return err
		}
		if inc, err = u.recovery(ctx, snap, inc); err != nil {
			return err
		}
	}
	change := status.Delivery(status.Changes(inc.LastUpdate.Figures, snap))
	change.Ended, change.Judged = !inc.Open(), judged(inc)
	if change.Judged && !change.Moved {
		change.Reason = "the effect of a mark is known"
	}
	plan := incident.Plan(inc, change, u.Rules(), snap.At)
	if plan.Due.IsZero() {
		return nil
	}
	e, err := u.write(ctx, func(log incident.Log) (incident.Event, error) {
		if log.LastSeq(inc.ID) != inc.LastSeq {
			return incident.Event{}, errNothing // the plan was made for another log: the next tick makes one
		}
		n := inc.LastUpdate.N + 1
		post := inc.LastPost.N
		if plan.New {
			post = n
		}
		figures, counted := u.counted(snap, inc)
		return incident.Event{Incident: inc.ID, At: snap.At, Kind: incident.Update, N: n, Post: post, Due: plan.Due,
			Why: plan.Reason, Figures: figures, Counted: counted, Cause: format.CauseTold(snap.Causes)}, nil
	})
	if err != nil || e.N == 0 {
		return err
	}
	u.Log.Info("update", zap.String("incident", inc.ID), zap.Int("n", e.N), zap.Bool("new_post", plan.New), zap.String("reason", plan.Reason))
	return u.hand(ctx, snap, u.incident(inc.ID), plan.Urgent)
}

// wakeFor is how long after a start an update waits for the first results:
// most checks come more often. What was measured a moment ago and is old only
// because we were away is better told a little later than as unknown.
const wakeFor = 15 * time.Second

// waking reports whether an incident's products wait for their first result
// after a start.
func (u *Updater) waking(snap status.Snapshot, inc incident.Incident) bool {
	if snap.At.Sub(u.begun) >= wakeFor {
		return false
	}
	for _, p := range snap.Products {
		if told, ok := inc.Figure(p.ID); ok && p.Level == impact.Unknown && impact.Level(told.Level) != impact.Unknown {
			return true
		}
	}
	return false
}

// levels writes down each product's change of level.
func (u *Updater) levels(ctx context.Context, snap status.Snapshot, inc incident.Incident) (incident.Incident, error) {
	for _, p := range snap.Products {
		from := impact.Level(inc.Levels[p.ID])
		if from == "" {
			from = impact.OK
		}
		if p.Level == from {
			continue
		}
		_, err := u.write(ctx, func(incident.Log) (incident.Event, error) {
			return incident.Event{Incident: inc.ID, At: snap.At, Kind: incident.Level, Product: p.ID,
				From: string(from), To: string(p.Level), Onset: p.Onset, Why: cmp.Or(p.Why, format.RecoveryTold(p))}, nil
		})
		if err != nil {
			return inc, err
		}
	}
	return u.incident(inc.ID), nil
}

// recovery writes down each step of an incident's recovery, its relapse and
// its end.
func (u *Updater) recovery(ctx context.Context, snap status.Snapshot, inc incident.Incident) (incident.Incident, error) {
	for {
		next, ok := status.Recovery(snap, inc)
		if !ok {
			return inc, nil
		}
		if next.Kind == incident.Proven {
			next.Why = format.ProofTold(snap, inc)
		}
		e, err := u.write(ctx, func(log incident.Log) (incident.Event, error) {
			if log.LastSeq(inc.ID) != inc.LastSeq {
				return incident.Event{}, errNothing // it was decided for another log: the next tick decides anew
			}
			return next, nil
		})
		if err != nil || e.Kind == "" {
			return u.incident(inc.ID), err
		}
		u.Log.Info("recovery", zap.String("incident", inc.ID), zap.String("event", string(e.Kind)), zap.Strings("products", e.Products))
		inc = u.incident(inc.ID)
	}
}

// proofForgotten is how long after an incident's end its proof is waited for.
const proofForgotten = 24 * time.Hour

// proven tells that an incident which ended without the proof of its recovery
// has reached it: the message of its end says so from then on, and a
// reply in its thread. Trouble that came back meanwhile has an update of its
// own, and the proof is waited for again when it is over.
func (u *Updater) proven(ctx context.Context, snap status.Snapshot, inc incident.Incident) error {
	if snap.At.Sub(inc.EndedAt) > proofForgotten || !snap.Proven(inc) {
		return nil
	}
	if last, _ := u.Board.Log().Last(inc.Channel); last.ID != inc.ID {
		return nil
	}
	// The reply first, as of marks: its key is the end's, so that it comes once.
	b := newBody(1, 1, time.Time{}, snap.At, format.RecoveryProven(snap, inc))
	b.ThreadOf = outboxKey(inc.ID)
	if err := u.put(ctx, inc.Channel, fmt.Sprintf("proof/%s/%d", inc.ID, inc.EndedAt.Unix()), b); err != nil {
		return err
	}
	e, err := u.write(ctx, func(log incident.Log) (incident.Event, error) {
		if now, _ := log.Find(inc.ID); now.Open() || len(now.Unproven) == 0 {
			return incident.Event{}, errNothing
		}
		return incident.Event{Incident: inc.ID, At: snap.At, Kind: incident.Proven, Products: inc.Unproven, Why: format.ProofTold(snap, inc)}, nil
	})
	if err != nil || e.Kind == "" {
		return err
	}
	u.Log.Info("recovery proven", zap.String("incident", inc.ID), zap.Strings("products", inc.Unproven))
	return u.hand(ctx, snap, u.incident(inc.ID), false)
}

// hand renders an incident's newest update and gives it to the outbox.
func (u *Updater) hand(ctx context.Context, snap status.Snapshot, inc incident.Incident, urgent bool) error {
	facts := format.UpdateFacts{N: inc.LastUpdate.N, Snapshot: snap, Next: inc.NextDue(), Ended: !inc.Open(),
		EndedBy: inc.EndedBy, OpenedBy: inc.OpenedBy, First: inc.LastUpdate.N == 1}
	if facts.Ended {
		facts.Next = time.Time{}
	}
	facts.Incident = inc
	facts.Incident.LastUpdate = inc.ComparedWith(snap.Window)
	b := newBody(inc.LastUpdate.N, inc.LastUpdate.Post, inc.LastUpdate.Due, snap.At, format.Update(facts))
	b.Trend, b.Urgent = u.trend(snap, inc), urgent
	if facts.Ended && snap.At.Sub(inc.LastUpdate.At) > lateAfter {
		b.Due = time.Time{} // the proof, which was never due
	}
	data, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("encode update: %w", err)
	}
	if u.owed == nil {
		u.owed = map[string]bool{}
	}
	u.owed[inc.ID] = true
	if err := u.Outbox.Put(ctx, inc.Channel, outboxKey(inc.ID), data); err != nil {
		return fmt.Errorf("put update %d of %s into the outbox: %w", inc.LastUpdate.N, inc.ID, err)
	}
	delete(u.owed, inc.ID)
	return nil
}

// outboxKey is one key per incident: a slow Slack gets the newest update, not
// a backlog.
func outboxKey(incident string) string { return "updates/" + incident }

// mend hands over updates that were written down but did not reach the outbox
// before a crash.
func (u *Updater) mend(ctx context.Context) error {
	handed := map[string]int{} // :: channel + key -> newest update in the outbox
	read, stop := context.WithCancel(ctx)
	defer stop()
	err := u.Outbox.Watch(read, func(e Entry) error {
		var b body
		if strings.HasPrefix(e.Key, "updates/") && json.Unmarshal(e.Body, &b) == nil {
			handed[e.Dest+" "+e.Key] = b.N
		}
		return nil
	}, stop)
	if err != nil && read.Err() == nil {
		return fmt.Errorf("read outbox: %w", err)
	}
	if ctx.Err() != nil {
		return nil
	}
	snap := u.Board.Snapshot(u.Now())
	for _, inc := range u.Board.Log().Incidents {
		if n := inc.LastUpdate.N; n > handed[inc.Channel+" "+outboxKey(inc.ID)] && (inc.Open() || snap.At.Sub(inc.EndedAt) < 24*time.Hour) {
			u.Log.Info("update was written down but not handed over", zap.String("incident", inc.ID), zap.Int("n", n))
			if err := u.hand(ctx, snap.Of(inc.Products), inc, true); err != nil {
				return err
			}
		}
	}
	return nil
}

func (u *Updater) incident(id string) incident.Incident {
	for _, i := range u.Board.Log().Incidents {
		if i.ID == id {
			return i
		}
	}
	return incident.Incident{}
}

// write appends within its bound; having nothing to write is no error.
func (u *Updater) write(ctx context.Context, decide func(incident.Log) (incident.Event, error)) (incident.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, writeBound)
	defer cancel()
	e, err := u.Ledger.Write(ctx, decide)
	if errors.Is(err, errNothing) {
		return incident.Event{}, nil
	}
	return e, err
}

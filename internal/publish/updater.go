package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// tick is how often the Updater looks: often enough that worsening is told at
// once, rarely enough to cost nothing.
const tick = 250 * time.Millisecond

// writeBound bounds the append of an event.
const writeBound = 2 * time.Second

// wakeFor is how long after a start an update waits for the first results:
// most checks come more often.
const wakeFor = 15 * time.Second

// Updater carries out what Step decides: first the event, then the outbox
// entry. Only the leader runs it.
type Updater struct {
	Board  *status.Board
	Ledger *Ledger
	Outbox Outbox
	Rules  func() Rules     // as they are now
	Now    func() time.Time // the wall clock
	Done   func(Decision)   // told what was carried out; nil: nobody is
	Failed func(error)      // told what was not, and is tried again at the next look; nil: nobody is

	// Unkept returns what keeps what is written down from the disk; nil: it is never said.
	Unkept func() format.Unkept

	// Begun is when results began to come, or stopped to come for a moment: updates wait for the first ones for some seconds from
	// then on. Zero: as Run begins; without Run, long ago.
	Begun time.Time
	// Waits is told at each look which product's first result an update waits for; nil: nobody is.
	Waits func(incident, product string)

	mended  bool                 // what an earlier process left is known
	doubted map[string]uint64    // :: incident -> sequence of its newest event before an append that got no answer
	lost    map[string]bool      // :: incident -> its newest update was written down and not handed over, and its text is lost
	owed    map[string][]Telling // :: incident -> what of its newest update was written down and not taken by the outbox
}

// Run decides until ctx ends. It returns no error: what fails is tried again.
func (u *Updater) Run(ctx context.Context) error {
	if u.Begun.IsZero() {
		u.Begun = u.Now()
	}
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		if err := u.Step(ctx, u.Now()); err != nil && ctx.Err() == nil && u.Failed != nil {
			u.Failed(err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// Step decides everything once, and carries it out. It begins with what an
// earlier process, or a step before, wrote down and did not hand over. What
// fails of one incident leaves the rest of that one to the next step; the
// error has all of them.
func (u *Updater) Step(ctx context.Context, now time.Time) error {
	log := u.Board.Log() // before the snapshot: whatever it tells has happened by then; and the same for what is mended and decided
	if err := u.mend(ctx, log, now); err != nil {
		return err
	}
	var errs []error
	failed := map[string]bool{} // :: incident -> the rest of it waits for the next look
	for _, id := range slices.Sorted(maps.Keys(u.owed)) {
		if err := u.hand(ctx, id, u.owed[id]); err != nil {
			errs, failed[id] = append(errs, err), true
		}
	}
	age := now.Sub(u.Begun)
	seen := Seen{Snapshot: u.Board.Snapshot(now), Past: u.Board, Waking: age >= 0 && age < wakeFor, Waits: u.Waits, Owed: u.lost}
	if u.Unkept != nil {
		seen.Unkept = u.Unkept()
	}
	written := map[string]uint64{} // :: incident -> sequence of its newest event that the decisions know of
	for _, d := range Step(log, seen, u.Rules()) {
		id := d.Event.Incident
		if failed[id] {
			continue
		}
		if _, ok := written[id]; !ok {
			written[id] = log.LastSeq(id)
		}
		seq, err := u.carryOut(ctx, d, written[id])
		if err != nil {
			errs = append(errs, err)
		}
		failed[id], written[id] = err != nil || seq == 0, seq
	}
	return errors.Join(errs...)
}

// carryOut writes a decision down and hands over what it tells; last is the
// sequence of the incident's newest event when it was decided. The sequence
// that it returns is 0 when it was decided for another log: then nothing is
// written.
func (u *Updater) carryOut(ctx context.Context, d Decision, last uint64) (seq uint64, err error) {
	for _, t := range d.First {
		if err := t.Put(ctx, u.Outbox); err != nil {
			return 0, err
		}
	}
	e, err := u.write(ctx, d.Event, last)
	if err != nil {
		u.doubt(d, last)
		return 0, err
	}
	if e.Seq == 0 {
		return 0, nil
	}
	delete(u.doubted, e.Incident) // nothing that was sent before can follow what this one followed
	if e.Kind == incident.Update || e.Kind == incident.Redrawn {
		delete(u.lost, e.Incident)
	}
	if u.Done != nil {
		u.Done(d)
	}
	return e.Seq, u.hand(ctx, e.Incident, d.Then)
}

// errStale says that an event was decided for another log.
var errStale = errors.New("the log has gone on")

// write appends an event within its bound, if the log of its incident is the
// one for which it was decided; else nothing, which is no error.
func (u *Updater) write(ctx context.Context, e incident.Event, last uint64) (incident.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, writeBound)
	defer cancel()
	e, err := u.Ledger.Write(ctx, func(log incident.Log) (incident.Event, error) {
		if log.LastSeq(e.Incident) != last {
			return incident.Event{}, errStale
		}
		return e, nil
	})
	if errors.Is(err, errStale) {
		return incident.Event{}, nil
	}
	return e, err
}

// hand gives an incident's newest update to the outbox, message by message. What the outbox
// does not take is kept as it was rendered, beside the figures that were
// written down with it.
func (u *Updater) hand(ctx context.Context, id string, list []Telling) error {
	if len(list) == 0 {
		return nil
	}
	if u.owed == nil {
		u.owed = map[string][]Telling{}
	}
	for i, t := range list {
		u.owed[id] = list[i:]
		if err := t.Put(ctx, u.Outbox); err != nil {
			return fmt.Errorf("update %d of %s: %w", t.N, id, err)
		}
	}
	delete(u.owed, id)
	return nil
}

// doubt notes that an event which tells something may be written down: its append got no answer.
func (u *Updater) doubt(d Decision, last uint64) {
	if _, ok := u.doubted[d.Event.Incident]; ok || len(d.Then) == 0 {
		return
	}
	if u.doubted == nil {
		u.doubted = map[string]uint64{}
	}
	u.doubted[d.Event.Incident] = last
}

// mend finds the updates that were written down but did not reach the outbox, and the
// proofs that did not reach the message of an end: once those that an earlier process
// left, then those of which an append got no answer, when their log has gone on.
func (u *Updater) mend(ctx context.Context, log incident.Log, now time.Time) error {
	if u.mended && len(u.doubted) == 0 {
		return nil
	}
	wentOn := func(id string) bool {
		last, ok := u.doubted[id]
		return ok && log.LastSeq(id) > last
	}
	if u.mended && !slices.ContainsFunc(slices.Collect(maps.Keys(u.doubted)), wentOn) {
		return nil
	}
	handed, err := u.handed(ctx)
	if err != nil {
		return err
	}
	if u.lost == nil {
		u.lost = map[string]bool{}
	}
	for _, inc := range log.Incidents {
		if u.mended && !wentOn(inc.ID) {
			continue
		}
		b, proof := handed[inc.Channel+" "+UpdatesKey(inc.ID)], inc.ProofTold()
		if (inc.LastUpdate.N > b.N || !proof.IsZero() && !b.Rendered.Equal(proof)) && inc.Tellable(now) {
			u.lost[inc.ID] = true
		}
	}
	maps.DeleteFunc(u.doubted, func(id string, _ uint64) bool { return wentOn(id) })
	u.mended = true
	return nil
}

// handed reads the newest update of each incident that the outbox has, without its blocks, by channel and key.
func (u *Updater) handed(ctx context.Context) (map[string]Body, error) {
	handed := map[string]Body{}
	read, stop := context.WithCancel(ctx)
	defer stop()
	err := u.Outbox.Watch(read, func(e Entry) error {
		var b Body
		if strings.HasPrefix(e.Key, updatesPrefix) && json.Unmarshal(e.Body, &b) == nil {
			handed[e.Dest+" "+e.Key] = Body{N: b.N, Rendered: b.Rendered}
		}
		return nil
	}, stop)
	if err != nil && read.Err() == nil {
		return nil, fmt.Errorf("read outbox: %w", err)
	}
	return handed, ctx.Err()
}

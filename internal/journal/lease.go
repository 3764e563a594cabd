package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

// leaseRecord is what is stored under a lease's name. It stays for good, because the generation must grow for good;
// fields may be added, none may change its meaning.
type leaseRecord struct {
	Node       string        `json:"node"`     // holder; empty: released
	Instance   string        `json:"instance"` // of the holder's process
	Generation uint64        `json:"generation"`
	TTL        time.Duration `json:"ttl_ns"` // the holder's, which the others wait for
}

// seenLease is a leaseRecord with its revision and when this process saw that revision first. How long a lease is still
// good is counted from there, on the monotonic clock, so that no two machines need to agree on the time.
type seenLease struct {
	leaseRecord
	rev uint64
	at  time.Time
}

// Lead campaigns for the lease called name and, when this member holds it, calls lead in its own goroutine with the
// generation, which is one higher with each acquisition by anybody and outlives restarts.
//
// lead's context ends when ctx ends, when the journal closes, when [Journal.Agree] found that most members of the cluster have
// another time than this one, and when the lease could not be renewed until a fifth of
// LeaseTTL before others may take it (context.Cause then gives ErrLeaseLost; not with a server inside, where there are
// no others). lead must return soon after. If it
// lost the lease and returned nil or its context's error, the campaign goes on; otherwise the lease is released and Lead
// returns lead's error. It returns ctx's error, wrapped, when ctx ended, and ErrClosed after Close.
//
// Others may take a lease whose record they have not seen change for the holder's TTL. A lease that was
// released, or that this node held before a crash (the directory's lock tells that the other process is gone), is
// taken at once. One Lead per name at a time: a second gets an error. ErrBadName for an empty or too long name.
func (j *Journal) Lead(ctx context.Context, name string, lead func(ctx context.Context, generation uint64) error) error {
	token, err := encode("lease name", name)
	if err != nil {
		return fmt.Errorf("lead: %w", err)
	}
	ctx, end, err := j.begin(ctx)
	if err != nil {
		return fmt.Errorf("lead %s: %w", name, err)
	}
	defer end()
	if !j.enlist(name) {
		return fmt.Errorf("lead %s: this journal campaigns for it already", name)
	}
	c := &campaign{j: j, name: name, subject: j.bucketSubject(leaseBucket) + token, changed: make(chan struct{}, 1)}
	watching := make(chan struct{})
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		defer close(watching)
		cancel(c.watch(ctx))
	}()
	defer func() {
		cancel(nil)
		<-watching
		j.discharge(name)
	}()
	for {
		held, err := c.acquire(ctx)
		if err != nil {
			return fmt.Errorf("lead %s: %w", name, err)
		}
		lost, err := c.hold(ctx, held, lead)
		if lost && (err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrLeaseLost)) {
			continue
		}
		if err == nil || errors.Is(err, context.Canceled) && ctx.Err() != nil {
			if ctx.Err() == nil {
				return nil
			}
			return fmt.Errorf("lead %s: %w", name, context.Cause(ctx))
		}
		return err
	}
}

// Leader returns who holds the lease called name, as a running Lead of this journal sees it. ok is false when nobody
// does, when the holder has given no sign of life for its TTL, and when no Lead is running here.
func (j *Journal) Leader(name string) (node string, generation uint64, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s, known := j.leases[name]
	if !known || s.Node == "" || time.Since(s.at) >= s.TTL {
		return "", 0, false
	}
	return s.Node, s.Generation, true
}

// LastSign returns when the holder of the lease called name gave its last sign of life, as a running Lead of this journal
// saw it, and whether it still counts. Zero when none was seen.
func (j *Journal) LastSign(name string) (at time.Time, alive bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s, known := j.leases[name]
	if !known || s.rev == 0 {
		return time.Time{}, false
	}
	return s.at, s.Node != "" && time.Since(s.at) < s.TTL
}

func (j *Journal) enlist(name string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.campaigns[name] {
		return false
	}
	j.campaigns[name] = true
	return true
}

func (j *Journal) discharge(name string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.campaigns, name)
	delete(j.leases, name)
}

// campaign is one running Lead.
type campaign struct {
	j       *Journal
	name    string
	subject string
	ready   bool          // the lease's present state has been read; guarded by j.mu
	stays   bool          // this member leads although its clock is off: nobody else does; guarded by j.mu
	changed chan struct{} // level trigger: what was seen has changed
}

// watch keeps what is seen of the lease up to date until ctx ends.
func (c *campaign) watch(ctx context.Context) error {
	p := position{j: c.j, doing: "watch lease", stream: c.j.bucketStream(leaseBucket)}
	p.start.DeliverPolicy = jetstream.DeliverLastPerSubjectPolicy
	p.start.FilterSubject = c.subject
	p.each = func(m message) error {
		var r leaseRecord
		if err := json.Unmarshal(m.data, &r); err != nil && len(m.data) > 0 {
			return c.j.skipForeign(p.stream, m, err)
		}
		c.see(seenLease{leaseRecord: r, rev: m.seq, at: time.Now()})
		return nil
	}
	p.caughtUp = func() { c.see(seenLease{}) }
	return p.follow(ctx)
}

// see takes in a newer state; one without a revision only says that the present state is known.
func (c *campaign) see(s seenLease) {
	c.j.mu.Lock()
	if s.rev == 0 {
		c.ready = true
	} else if s.rev > c.j.leases[c.name].rev {
		c.j.leases[c.name] = s
	}
	c.j.mu.Unlock()
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

func (c *campaign) seen() (_ seenLease, ready bool) {
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	return c.j.leases[c.name], c.ready
}

// free says whether this member may take the lease now and, if not, how long it is still good.
func (c *campaign) free(s seenLease, now time.Time) (bool, time.Duration) {
	own := s.Instance == c.j.instance || s.Node == c.j.node && c.j.lock != nil
	lasts := s.TTL
	switch yields := c.yields(); {
	case yields:
		lasts *= yieldFor
	case s.Node == "" || own:
		return true, 0
	}
	left := s.at.Add(lasts).Sub(now)
	return left <= 0, left
}

// write stores r over the revision last. sent is when it was sent: the holder counts its TTL from there, the others
// from when they see it, which is later.
func (c *campaign) write(ctx context.Context, r leaseRecord, last uint64, within time.Duration) (_ seenLease, err error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	body, err := json.Marshal(r)
	if err != nil {
		return seenLease{}, err // unreachable: strings and numbers
	}
	sent := time.Now()
	rev, err := c.j.store(ctx, "write lease "+c.name, c.j.bucketStream(leaseBucket), message{subject: c.subject, data: body}, &last)
	if err != nil {
		return seenLease{}, err
	}
	s := seenLease{leaseRecord: r, rev: rev, at: sent}
	c.see(s)
	return s, nil
}

// read asks the server for the lease's present state.
func (c *campaign) read(ctx context.Context, within time.Duration) (seenLease, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	m, err := c.j.readNewest(ctx, "read lease "+c.name, c.j.bucketStream(leaseBucket), c.subject)
	if err != nil {
		return seenLease{}, err
	}
	s := seenLease{rev: m.Sequence, at: time.Now()}
	if err := json.Unmarshal(m.Data, &s.leaseRecord); err != nil {
		return seenLease{}, fmt.Errorf("read lease %s: %w", c.name, err)
	}
	return s, nil
}

// acquire waits until the lease is free and takes it. Only ctx's end makes it fail.
func (c *campaign) acquire(ctx context.Context) (seenLease, error) {
	ttl := c.j.cfg.LeaseTTL
	var notBefore time.Time // after a failed write
	for {
		s, ready := c.seen()
		wait := ttl
		if ready {
			now := time.Now()
			free, left := c.free(s, now)
			left = max(left, notBefore.Sub(now))
			if free && left <= 0 {
				r := leaseRecord{Node: c.j.node, Instance: c.j.instance, Generation: s.Generation + 1, TTL: ttl}
				// Short tries: a stream that elects drops what it is asked, and a leader is there some seconds later.
				held, err := c.write(ctx, r, s.rev, ttl/4)
				if err == nil {
					c.stay()
					return held, nil
				}
				if ctx.Err() == nil {
					c.j.cfg.Log.Debug("lease not taken", zap.String("lease", c.name), zap.Duration("since_its_last_sign", now.Sub(s.at)), zap.Duration("tried_for", time.Since(now)), zap.Error(err))
				}
				left = ttl / 20
				notBefore = time.Now().Add(left)
			}
			wait = left
		}
		t := time.NewTimer(wait)
		select {
		case <-c.changed:
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return seenLease{}, context.Cause(ctx)
		}
		t.Stop()
	}
}

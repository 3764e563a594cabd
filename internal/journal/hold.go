package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// errYields is that this member leaves the lease to others.
var errYields = errors.New("this member's clock is off")

// yieldFor is for how many TTLs a lease that nobody has is left to others by a member whose clock is off: somebody with a wrong
// clock is better than nobody.
const yieldFor = 3

// yields says whether this member leaves the lease to others, since most of the members have another time. Once nobody else has
// taken it, it does not, until its clock is right again.
func (c *campaign) yields() bool {
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	if c.j.clockOff == 0 {
		c.stays = false
	}
	return c.j.clockOff != 0 && !c.stays
}

// stay notes that nobody else has taken the lease.
func (c *campaign) stay() {
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	c.stays = c.j.clockOff != 0
}

// hold calls lead and renews the lease until lead returns. lost says that the lease could not be kept, or is left to others. At
// the end it releases the lease, unless it could not be kept.
func (c *campaign) hold(ctx context.Context, held seenLease, lead func(context.Context, uint64) error) (lost bool, err error) {
	log := c.j.cfg.Log.With(zap.String("lease", c.name), zap.Uint64("generation", held.Generation))
	log.Info("leading")
	leadCtx, depose := context.WithCancelCause(ctx)
	defer depose(nil)
	returned := make(chan error, 1)
	go func() { returned <- lead(leadCtx, held.Generation) }()

	renewCtx, stopRenewing := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRenewing()
	renewed := make(chan error, 1)
	go func() {
		// While lead winds up after ctx's end the lease is still kept, so that nobody takes over too early.
		err := c.renew(renewCtx, &held, func() {
			log.Warn("handing over: most members have another time than this one")
			depose(fmt.Errorf("%w: %w", ErrLeaseLost, errYields))
		})
		if err != nil {
			log.Warn("no longer leading", zap.Error(err))
			depose(fmt.Errorf("%w: %w", ErrLeaseLost, err))
		}
		renewed <- err
	}()

	err = <-returned
	stopRenewing()
	if <-renewed != nil {
		return true, err
	}
	lost = errors.Is(context.Cause(leadCtx), errYields)
	if c.j.Unkept() != nil { // a release in memory is none, and nobody else can take it
		return lost, err
	}
	// The journal may be closing: Close waits for this call before it cuts the connection.
	r := held.leaseRecord
	r.Node, r.Instance = "", ""
	if werr := c.release(context.WithoutCancel(ctx), r, held.rev); werr != nil {
		log.Warn("lease not released, others have to wait for its TTL", zap.Error(werr))
	} else {
		log.Info("lease released")
	}
	return lost, err
}

// renew writes the lease again every third of the TTL. It returns nil when ctx ends, and an error a fifth of the TTL
// before the last confirmed renewal runs out, or at once when another holds the lease. With a server inside, whose
// directory is locked and that takes no connections, nobody else can hold it: there a slow disk or a busy machine
// must not cost the leadership, and with it the schedule. Where this member is to leave the lease to others, yield is called,
// once, and it is renewed until ctx ends all the same.
func (c *campaign) renew(ctx context.Context, held *seenLease, yield func()) error {
	ttl := held.TTL
	every, margin := ttl/3, ttl/5
	next := held.at.Add(every)
	for {
		t := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-t.C:
		}
		if yield != nil && c.yields() {
			yield()
			yield = nil
		}
		left := time.Until(held.at.Add(ttl - margin))
		if c.j.server != nil {
			left = max(left, every)
		}
		if left <= 0 {
			return errors.New("not renewed in time")
		}
		if c.j.Unkept() != nil { // nobody else can take it, and a renewal in memory is none
			held.at = time.Now()
			next = held.at.Add(every)
			continue
		}
		s, err := c.write(ctx, held.leaseRecord, held.rev, min(left, every))
		switch {
		case err == nil:
			*held = s
			next = s.at.Add(every)
		case ctx.Err() != nil:
			// The write may have arrived all the same. Then releasing conflicts and looks again.
			return nil //nolint:nilerr // the end of ctx is how renewing is meant to end
		case errors.Is(err, ErrConflict):
			// Another's record, or an own renewal whose answer was lost.
			now, rerr := c.read(ctx, left)
			if rerr == nil && (now.Instance != held.Instance || now.Generation != held.Generation) {
				return fmt.Errorf("taken by node %q, generation %d", now.Node, now.Generation)
			}
			if rerr == nil {
				held.rev = now.rev // but not its time: when it was sent is not known here any more
			}
			next = time.Now().Add(ttl / 20)
		default:
			next = time.Now().Add(ttl / 20)
		}
	}
}

// release gives the lease back, once more after a lost answer moved the revision.
func (c *campaign) release(ctx context.Context, r leaseRecord, rev uint64) error {
	within := min(c.j.cfg.LeaseTTL, closeWithin/10)
	_, err := c.write(ctx, r, rev, within)
	if !errors.Is(err, ErrConflict) {
		return err
	}
	now, err := c.read(ctx, within)
	if err != nil {
		return err
	}
	if now.Instance != c.j.instance || now.Generation != r.Generation {
		return fmt.Errorf("taken by node %q, generation %d", now.Node, now.Generation)
	}
	_, err = c.write(ctx, r, now.rev, within)
	return err
}

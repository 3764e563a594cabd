package house

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/journal"
)

const (
	// patience is how long a start waits until it asks a journal again that does not answer.
	patience = time.Second
	// saysWaits is how often a start that is not over says what it waits for.
	saysWaits = 10 * time.Second
	// noAnswer begins what a start waits for that asks a journal which does not answer.
	noAnswer = "statusbot is starting: the journal does not answer"
)

// sayStart says what a start waits for, again and again until it is over: also one
// that hangs in something that ought to take milliseconds.
func (h *house) sayStart(ctx context.Context, every time.Duration) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-h.starting.ready:
			stop()
		case <-ctx.Done():
		}
	}()
	regularly(ctx, every, func() {
		if why, waits := h.starting.why(); waits {
			h.log.Warn("still starting", zap.String("waits", why), zap.Duration("since", time.Since(h.started).Round(time.Second)),
				zap.Strings("busy", h.ending.parts.busy()))
		}
	})
}

// patiently asks a journal that does not answer again, until it does or ctx ends:
// the members of a cluster may start in any order, and at the same instant, and
// the cluster after them. It is said at once and by health all the time, and
// again by sayStart.
func (h *house) patiently(ctx context.Context, ask func() error) error {
	defer h.starting.again()()
	say := h.sayPatiently()
	for {
		err := ask()
		switch {
		case err == nil, !errors.Is(err, journal.ErrUnavailable):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		say(err)
		if !idle(ctx, patience) {
			return ctx.Err()
		}
	}
}

// sayPatiently returns what says why a start waits for the journal.
func (h *house) sayPatiently() func(error) {
	said := false
	return func(err error) {
		cure := "look for what is wrong with the data directory's disk"
		switch cfg := h.cfg.Load().Journal; {
		case cfg.Cluster.Name != "":
			said = true // members elect at each start, which is no error; sayStart says what lasts
			cure = "start the other members of journal.cluster: the first start needs all of them, each later one more than half"
		case cfg.URL != "":
			cure = "start the NATS cluster of journal.url, or correct the address"
		}
		h.starting.says(noAnswer + " (" + err.Error() + "); " + cure)
		if !said {
			said = true
			h.log.Error("the journal does not answer; nothing is measured or told until it does, will try again", zap.Duration("in", patience), zap.Error(err), zap.String("cure", cure))
		}
	}
}

// regularly does something every so often, first after that long, until ctx
// ends.
func regularly(ctx context.Context, every time.Duration, do func()) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			do()
		case <-ctx.Done():
			return
		}
	}
}

package house

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/journal"
)

// How a start waits for a journal that does not answer: how long until it is
// asked again, and how often that is said.
const (
	patience   = time.Second
	sayPatient = time.Minute
)

// patiently asks a journal that does not answer again, until it does or ctx ends:
// the members of a cluster may start in any order, and at the same instant, and
// the cluster after them. It is said at once and then each minute, and by health
// all the time.
func (h *house) patiently(ctx context.Context, ask func() error) error {
	defer h.waits.Store(h.waits.Load())
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
	var said time.Time
	return func(err error) {
		cure := "look for what is wrong with the data directory's disk"
		switch cfg := h.cfg.Load().Journal; {
		case cfg.Cluster.Name != "":
			cure = "start the other members of journal.cluster: the first start needs all of them, each later one more than half"
		case cfg.URL != "":
			cure = "start the NATS cluster of journal.url, or correct the address"
		}
		waits := "statusbot is starting: the journal does not answer (" + err.Error() + "); " + cure
		h.waits.Store(&waits)
		if time.Since(said) >= sayPatient {
			said = time.Now()
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

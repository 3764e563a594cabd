package house

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/bot"
)

// A house that is to end does so within endWithin, whatever Slack, the journal, a
// disk or a check does: supervisors kill after 10 s (docker stop) to 90 s (systemd),
// and whoever waits at a terminal does earlier. With what ends after it, a local
// workspace, that makes 5 s.
const (
	endWithin = 4 * time.Second
	// partsWithin is for everything but the journal, which has the rest: at least
	// 1.2 s to write out what it has. Measured: 30 ms with 75 MB of results.
	partsWithin = 2800 * time.Millisecond
	// sayWithin is for the last line of the log: who reads it may hang as well.
	sayWithin = 200 * time.Millisecond
)

// parts are what runs in a house, by name, so that an end can say what it did not
// wait for. The zero value has none.
type parts struct {
	mu      sync.Mutex
	running map[string]int // guarded by mu; :: name -> how many
}

// named is do, counted in under a name from now until it returns.
func (p *parts) named(name string, do func() error) func() error {
	p.count(name, 1)
	return func() error {
		defer p.count(name, -1)
		return do()
	}
}

func (p *parts) count(name string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		p.running = map[string]int{}
	}
	if p.running[name] += n; p.running[name] == 0 {
		delete(p.running, name)
	}
}

// busy are the names of what runs, in order.
func (p *parts) busy() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.running))
}

// ending is how far a house is with its end.
type ending struct {
	parts     parts
	once      sync.Once
	begun     chan struct{} // closed when it is to end; made by run
	opened    atomic.Bool   // there is a journal, which must be closed
	furnished atomic.Bool   // there is a runner
	storing   atomic.Int64  // results that are being given to the journal
	unstored  atomic.Int64  // results that the journal did not take since the end began
	member    atomic.Bool   // of a cluster of our own: others measure on
}

// group is an errgroup whose end, by an error of a part as well, is the end of
// the house.
func (e *ending) group(ctx context.Context) (*errgroup.Group, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	context.AfterFunc(ctx, func() { e.once.Do(func() { close(e.begun) }) })
	return group, ctx
}

// hasBegun reports whether the house is to end.
func (e *ending) hasBegun() bool {
	select {
	case <-e.begun:
		return true
	default:
		return false
	}
}

// end waits until the parts have ended and closes the journal, no longer than
// endWithin after the end began. Then it goes without what is still busy, and says
// so. Its error is a part's, or that something is lost.
func (h *house) end(ctx context.Context, ended <-chan error) error {
	var err error
	over := false
	select {
	case err = <-ended:
		over = true
	case <-h.ending.begun:
	}
	patience := time.Duration(bot.PatienceOf(ctx))
	last := time.Now().Add(patience * endWithin)
	var busy []string
	if !over && !receive(ended, &err, patience*partsWithin) {
		if busy = h.ending.parts.busy(); len(busy) == 0 {
			busy = []string{"what has no name"}
		}
	}
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	lost := h.closeJournal(time.Until(last), &busy)
	if len(busy) > 0 {
		h.sayBusy(busy, patience*endWithin)
	}
	return errors.Join(err, lost, h.unstored())
}

// receive takes what comes within a time; false when nothing did.
func receive(from <-chan error, to *error, within time.Duration) bool {
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case *to = <-from:
		return true
	case <-t.C:
		return false
	}
}

// closeJournal closes the journal if it was opened; its error says what is lost.
func (h *house) closeJournal(within time.Duration, busy *[]string) error {
	if !h.ending.opened.Load() {
		return nil
	}
	closed := make(chan error, 1)
	go func() { closed <- h.journal.CloseWithin(within) }()
	var err error
	if !receive(closed, &err, within) {
		*busy = append(*busy, "the journal")
	}
	return err
}

// unstored is an error when results of the last seconds did not get to the
// journal. Of a member of a cluster it is none, and only said: while others start
// anew, too, nothing can be stored for longer than an end may take, and the next
// leader measures again what these results told.
func (h *house) unstored() error {
	n := int(h.ending.unstored.Load() + h.ending.storing.Load())
	if h.ending.furnished.Load() {
		n += h.runner.Pending()
	}
	if n == 0 {
		return nil
	}
	if h.ending.member.Load() {
		h.log.Warn("results lost: the cluster did not take them before the end", zap.Int("results", n))
		return nil
	}
	return fmt.Errorf("%d results were lost: the journal did not take them before the end", n)
}

// sayBusy says what an end did not wait for.
func (h *house) sayBusy(busy []string, after time.Duration) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		fields := []zap.Field{zap.String("busy", strings.Join(busy, ", ")), zap.Duration("within", after)}
		if h.ending.furnished.Load() {
			fields = append(fields, zap.Int("probes", h.runner.Stats().Running))
		}
		h.log.Warn("ended without waiting any longer", fields...)
	}()
	select {
	case <-said:
	case <-time.After(sayWithin):
	}
}

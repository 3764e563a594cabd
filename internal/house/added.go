package house

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/journal"
)

// Checks that were added in Slack are one value beside the receipts.
const (
	addedShelf = "checks"
	addedKey   = "added"
)

// pollAdded is how often a process looks for what another one of the same
// journal accepted.
const pollAdded = 2 * time.Second

// added is what is known of the checks that were added in Slack.
type added struct {
	once sync.Once
	turn chan struct{} // holds who changes the checks that run, one at a time; kept and rev are theirs
	kept bot.Proposals
	rev  uint64 // of the form that kept is from; 0: there is none

	unread atomic.Pointer[string] // why they do not run; nil while they do
}

// take waits for its turn to change the checks that run, no longer than ctx: who
// has it may wait for the journal. Call the func to end it.
func (a *added) take(ctx context.Context) (end func(), err error) {
	a.once.Do(func() { a.turn = make(chan struct{}, 1) })
	select {
	case a.turn <- struct{}{}:
		return func() { <-a.turn }, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for another change of the checks: %w", ctx.Err())
	}
}

// join returns a configuration with the accepted checks. What does not fit any
// more, because a file took its id or its product is gone, is left out and
// said; it comes back when it fits again. It is its caller's turn.
func (a *added) join(cfg *config.Config, log *zap.Logger) *config.Config {
	next := *cfg
	next.Checks = ownChecks(cfg)
	for _, p := range a.kept.Accepted {
		c, problems := next.Propose(p.Proposal)
		if len(problems) > 0 {
			log.Warn("a check that was added in Slack is left out", zap.String("check", p.ID), zap.String("added_by", p.By), zap.Error(problems))
			continue
		}
		c.Added = &checks.Added{By: p.By, ByName: p.ByName, AcceptedBy: p.AcceptedBy, AcceptedByName: p.AcceptedByName, At: p.AcceptedAt}
		next.Checks = append(next.Checks, c)
	}
	return &next
}

// ownChecks are those that come from files.
func ownChecks(cfg *config.Config) []checks.Check {
	return slices.DeleteFunc(slices.Clone(cfg.Checks), func(c checks.Check) bool { return c.Strict })
}

// readAdded has the house begin with the checks that were added before.
func (h *house) readAdded(ctx context.Context) error {
	err := h.patiently(ctx, func() (err error) {
		h.added.kept, h.added.rev, err = h.storedAdded(ctx)
		return err
	})
	if errors.Is(err, errAddedUnreadable) { // the others are worth the start
		h.sayUnreadable(err)
		return nil
	}
	if err != nil {
		return err
	}
	if len(h.added.kept.Accepted) == 0 {
		return nil
	}
	next := h.added.join(h.cfg.Load(), h.log)
	h.cfg.Store(next)
	h.board.Redefine(Definition(next))
	return nil
}

// errAddedUnreadable says that what is stored of added checks makes no sense.
// Nothing is written over it.
var errAddedUnreadable = errors.New("what the journal holds of the checks that were added in Slack cannot be read")

// sayUnreadable says once that the added checks do not run; health says so as
// long as it is so.
func (h *house) sayUnreadable(err error) {
	why := "the checks that were added in Slack do not run: " + err.Error()
	if old := h.added.unread.Swap(&why); old == nil || *old != why {
		h.log.Error("going on without the checks that were added in Slack", zap.Error(err))
	}
}

func (h *house) storedAdded(ctx context.Context) (bot.Proposals, uint64, error) {
	r, err := h.journal.Kept(ctx, addedShelf, addedKey)
	if errors.Is(err, journal.ErrNotFound) {
		return bot.Proposals{}, 0, nil
	}
	var kept bot.Proposals
	if err == nil {
		if bad := json.Unmarshal(r.Body, &kept); bad != nil {
			return bot.Proposals{}, 0, fmt.Errorf("%w: %w", errAddedUnreadable, bad)
		}
	}
	if err != nil {
		return bot.Proposals{}, 0, fmt.Errorf("read the checks that were added in Slack: %w", err)
	}
	return kept, r.Rev, nil
}

// watchAdded runs what another process accepted, until ctx ends.
func (h *house) watchAdded(ctx context.Context) {
	said := false // once while it is so: a journal that is away is asked every other second
	regularly(ctx, pollAdded, func() {
		err := h.followAdded(ctx)
		switch {
		case err == nil:
			said = false
		case ctx.Err() == nil && !said:
			said = true
			h.log.Warn("added checks not followed", zap.Error(err))
		}
	})
}

func (h *house) followAdded(ctx context.Context) error {
	end, err := h.added.take(ctx)
	if err != nil {
		return err
	}
	defer end()
	kept, rev, err := h.storedAdded(ctx)
	if errors.Is(err, errAddedUnreadable) { // what runs goes on
		h.sayUnreadable(err)
		return nil
	}
	if err == nil {
		h.added.unread.Store(nil)
	}
	if err != nil || rev == h.added.rev {
		return err
	}
	return h.runAdded(ctx, kept, rev)
}

// runAdded has the accepted checks run. It is its caller's turn.
func (h *house) runAdded(ctx context.Context, kept bot.Proposals, rev uint64) error {
	before := h.added.kept
	h.added.kept = kept
	old := h.cfg.Load()
	if next := h.added.join(old, h.log); !sameChecks(old.Checks, next.Checks) {
		n, err := h.apply(ctx, old, next)
		if err != nil {
			h.added.kept = before
			return fmt.Errorf("run added checks: %w", err)
		}
		h.log.Info("added checks changed", zap.Int("checks", len(next.Checks)), zap.Int("added", n.Added), zap.Int("removed", n.Removed))
	}
	h.added.rev = rev
	return nil
}

// sameChecks compares what can differ: checks of files are the same ones, and
// an added check never changes.
func sameChecks(a, b []checks.Check) bool {
	return slices.EqualFunc(a, b, func(x, y checks.Check) bool {
		return x.ID == y.ID && (x.Added == y.Added || x.Added != nil && y.Added != nil && *x.Added == *y.Added)
	})
}

// adding is what the bot needs to have checks added.
func (h *house) adding() *bot.Adding {
	var known []format.CheckKind
	for _, name := range config.Proposable() {
		kind, _ := kinds.Lookup(name)
		known = append(known, format.CheckKind{Name: kind.Name, Summary: kind.Summary, Example: kind.Example})
	}
	return &bot.Adding{
		Kinds: known,
		Try: func(ctx context.Context, c checks.Check) (checks.Result, bool, error) {
			compiled, err := kinds.Compile(&c)
			if err != nil {
				return checks.Result{}, false, err
			}
			r, ok := compiled.Run(ctx)
			return r, ok, nil
		},
		Read:   func(p checks.Proposal) (checks.Check, map[string]string) { return readProposal(h.cfg.Load(), p) },
		Change: h.changeAdded,
		Kept: func(ctx context.Context) (bot.Proposals, error) {
			kept, _, err := h.storedAdded(ctx)
			return kept, err
		},
		YAML: config.YAML,
	}
}

// changeAdded writes a change down and then does it.
func (h *house) changeAdded(ctx context.Context, change func(*bot.Proposals) error) error {
	end, err := h.added.take(ctx)
	if err != nil {
		return err
	}
	defer end()
	for {
		kept, rev, err := h.storedAdded(ctx)
		if err != nil {
			return err
		}
		if err := change(&kept); err != nil {
			return err
		}
		data, err := json.Marshal(kept)
		if err != nil {
			return fmt.Errorf("encode added checks: %w", err)
		}
		rev, err = h.journal.Keep(ctx, addedShelf, addedKey, data, rev)
		if errors.Is(err, journal.ErrConflict) {
			continue // another process, or our own write whose answer was lost: decide again
		}
		if err != nil {
			return err
		}
		return h.runAdded(ctx, kept, rev)
	}
}

// readProposal says what is wrong with a proposal by its field, one sentence
// each.
func readProposal(cfg *config.Config, p checks.Proposal) (checks.Check, map[string]string) {
	c, problems := cfg.Propose(p)
	if len(problems) == 0 {
		return c, nil
	}
	wrong := map[string]string{} // :: field -> sentence
	for _, one := range problems {
		field, text := config.FieldAndSentence(one)
		if wrong[field] != "" {
			text = wrong[field] + " " + text
		}
		wrong[field] = text
	}
	return c, wrong
}

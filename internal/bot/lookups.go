package bot

import (
	"context"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
)

// Lookups are what answers need beside the Board.
type Lookups struct {
	// Probe probes checks now, beside their schedule, and gives each result as
	// it comes; the channel is closed after the last.
	Probe func(ctx context.Context, checks []string) <-chan checks.Result
	// Events reads the log of an incident; publish.ErrNotFound (wrapped) when it has none.
	// Nil: no reports.
	Events func(ctx context.Context, incident string) ([]incident.Event, error)
	// Announced reports whether updates begin by themselves in a channel; nil:
	// in none.
	Announced func(channel string) bool
	// OnCall returns who is on call for an owner of products, within a moment; false
	// where nobody said how to learn that. Nil: for none.
	OnCall func(owner string) (format.OnCall, bool)
	// Coming returns the next of each maintenance that the configuration plans; nil:
	// none.
	Coming func(after time.Time, standing []incident.Standing) []incident.Muting
}

// wholeBound bounds the reading of what is not at hand: less than the 3 s in
// which Slack wants an answer.
const wholeBound = 2 * time.Second

// whole returns an incident with all that is known of it since an instant: of
// one that ended long ago, or whose log is long, the journal has what is not at
// hand. Where it does not give that in time, what is at hand of an incident is an
// answer that says so.
func (l *Lookups) whole(ctx context.Context, inc incident.Incident, since time.Time, log *zap.Logger) (incident.Incident, error) {
	if inc.Reaches(since) || l.Events == nil {
		return inc, nil
	}
	events, err := l.Events(ctx, inc.ID)
	switch {
	case err == nil && inc.Folded:
		return incident.FoldAll(events), nil
	case err == nil:
		return inc.WithLog(events), nil
	}
	if ctx.Err() != nil && !inc.Folded {
		log.Warn("the older part of an incident's log was not read in time", zap.String("incident", inc.ID), zap.Int("events", inc.Events), zap.Error(err))
		return inc, nil
	}
	return inc, fmt.Errorf("read events of %s: %w", inc.ID, err)
}

// muted returns what was muted from a channel in a span of time: of long ago
// the journal has what is not at hand.
func (l *Lookups) muted(ctx context.Context, desk incident.Desk, channel string, from, to time.Time) ([]incident.Event, error) {
	if desk.Reaches(from) || l.Events == nil {
		return desk.Timeline(channel, from, to), nil
	}
	events, err := l.Events(ctx, incident.DeskID)
	if err != nil {
		return nil, fmt.Errorf("read what was muted: %w", err)
	}
	return incident.MutedIn(events, channel, from, to), nil
}

// onCallFor is who is on call for an owner; nil where nobody said how to learn that.
func (l *Lookups) onCallFor(owner string) *format.OnCall {
	if l.OnCall == nil || owner == "" {
		return nil
	}
	who, ok := l.OnCall(owner)
	if !ok {
		return nil
	}
	return &who
}

// coming are the maintenances that are yet to begin: those that are planned once, and
// the next of each that comes again, but what was taken back.
func (l *Lookups) coming(now time.Time, desk incident.Desk) []incident.Muting {
	list := desk.PlannedAt(now)
	if l.Coming == nil {
		return list
	}
	for _, m := range l.Coming(now, desk.Standing) {
		for range mostSkipped {
			if !desk.Skipped(m) {
				list = append(list, m)
				break
			}
			i := slices.IndexFunc(l.Coming(m.From, desk.Standing), func(next incident.Muting) bool {
				return next.Product == m.Product && next.Check == m.Check && next.Why == m.Why && next.From.After(m.From)
			})
			if i < 0 {
				break
			}
			m = l.Coming(m.From, desk.Standing)[i]
		}
	}
	return list
}

// mostSkipped bounds how many times after each other are passed over that were taken back.
const mostSkipped = 10

package house

import (
	"context"
	"os"
	"os/signal"
	"reflect"
	"sync/atomic"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/config"
)

// pollFiles is how often the configuration's files are looked at. A change
// counts once two looks agree: whoever writes several files, or a long one,
// is given the time to end. retryBad is how often one that was refused is
// tried again: its cause may lie in a file that was never read well.
const (
	pollFiles = time.Second
	retryBad  = 30 * time.Second
)

// settings are the configuration as it is now, and how another takes its place.
type settings struct {
	atomic.Pointer[config.Config] // the one that is used

	read    func() (*config.Config, error) // reads it anew; nil: it does not change
	changed chan struct{}                  // level trigger: another one is used; nil: nobody waits
	summed  atomic.Pointer[summed]         // of the one that was compared last; nil before
}

// use puts another configuration in place.
func (s *settings) use(next *config.Config) {
	s.Store(next)
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// watched is the watch over the files of the configuration that is used.
func (s *settings) watched() watch {
	read := s.Load().Files.Read
	return watch{used: read, last: read}
}

// watchFiles reads the configuration anew when its files change, and at
// SIGHUP, until ctx ends.
func (h *house) watchFiles(ctx context.Context) {
	if h.cfg.read == nil {
		return
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	t := time.NewTicker(pollFiles)
	defer t.Stop()
	files := h.cfg.watched()
	for {
		stamp := ""
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			stamp = h.cfg.Load().Files.Stamp()
		case now := <-t.C:
			if stamp = h.cfg.Load().Files.Stamp(); !files.due(stamp, now) {
				continue
			}
		}
		if h.reload(ctx) {
			files = h.cfg.watched()
		} else {
			files.refuse(stamp, time.Now())
		}
	}
}

// watch says when the configuration's files are to be read anew. A stamp is
// always one from before they were opened: what is written while they are read
// is read in turn.
type watch struct {
	used, last string    // stamps: of what was read last, good or bad; of the last look
	refused    time.Time // when it was read last and refused; zero when it was taken
}

// due says whether files with this stamp are to be read.
func (w *watch) due(stamp string, now time.Time) bool {
	settled := stamp == w.last
	w.last = stamp
	again := !w.refused.IsZero() && now.Sub(w.refused) >= retryBad
	return settled && (stamp != w.used || again)
}

func (w *watch) refuse(stamp string, now time.Time) {
	*w = watch{used: stamp, last: stamp, refused: now}
}

// reload reads the configuration and applies what changed. If it is bad, or
// cannot be applied, everything stays as it is, the log says why, and reload
// returns false.
func (h *house) reload(ctx context.Context) bool {
	next, err := h.cfg.read()
	if err != nil {
		h.log.Error("configuration refused, going on with the old one", zap.Error(err))
		return false
	}
	end, err := h.added.take(ctx)
	if err != nil {
		return false
	}
	defer end()
	old := h.cfg.Load()
	next = h.added.join(next, h.log)
	for _, w := range next.Warnings {
		h.log.Warn("configuration", zap.Stringer("warning", w))
	}
	if keys := needRestart(old, next); len(keys) > 0 {
		h.log.Warn("configuration: these take effect at the next start only", zap.Strings("settings", keys))
	}
	n, err := h.apply(ctx, old, next)
	if err != nil {
		if ctx.Err() == nil {
			h.log.Error("configuration refused, going on with the old one", zap.Error(err))
		}
		return false
	}
	h.log.Info("configuration read anew", zap.Int("checks", len(next.Checks)), zap.Int("added", n.Added),
		zap.Int("removed", n.Removed), zap.Int("changed", n.Changed), zap.Int("kept", n.Kept))
	return true
}

// apply puts a configuration in place of another while everything runs, or
// leaves everything as it is. One call at a time.
func (h *house) apply(ctx context.Context, old, next *config.Config) (runner.Replaced, error) {
	here := fromHere(next.Checks)
	ready, err := h.runner.Prepare(ctx, here)
	if err != nil {
		return runner.Replaced{}, err
	}
	if err := h.beats.Define(next.Checks, time.Now()); err != nil {
		return runner.Replaced{}, err
	}
	if err := h.desk.Define(next.Checks); err != nil {
		_ = h.beats.Define(old.Checks, time.Now()) // as before: it took these once
		return runner.Replaced{}, err
	}
	if err := h.spans.tell(next, h.runner); err != nil {
		_ = h.beats.Define(old.Checks, time.Now()) // as before: it took these once
		_ = h.desk.Define(old.Checks)
		return runner.Replaced{}, err
	}
	probe.Seal(here)
	probe.Seal(next.Checks)
	// The board first: a new check's first result must find its place.
	h.board.Redefine(Definition(next))
	h.runner.Limit(ctx, next.Limits.PerHost, next.Limits.BurstPerHost)
	n, err := h.runner.Replace(ctx, ready)
	if err != nil { // the runner has ended, or who asked waits no longer
		_ = h.beats.Define(old.Checks, time.Now()) // as before: it took these once
		_ = h.desk.Define(old.Checks)
		_ = h.spans.tell(old, h.runner)
		h.board.Redefine(Definition(old))
		return n, err
	}
	h.cfg.use(next)
	return n, nil
}

// needRestart names the settings that differ and that a reload does not apply.
func needRestart(old, next *config.Config) []string {
	var keys []string
	for _, s := range []struct {
		key       string
		old, next any
	}{
		{"slack", old.Slack, next.Slack},
		{"journal", old.Journal, next.Journal},
		{"web", old.Web, next.Web},
		{"agents", old.Agents, next.Agents},
		{"page", old.Page, next.Page},
		{"data_dir", old.DataDir, next.DataDir},
		{"updates.window", old.Updates.Window, next.Updates.Window},
	} {
		if !reflect.DeepEqual(s.old, s.next) {
			keys = append(keys, s.key)
		}
	}
	return keys
}

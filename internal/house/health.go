package house

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/web"
)

// When statusbot counts as blind.
const (
	silentAfter   = 30 * time.Second // at least, without a result
	silentTimes   = 3                // intervals of the most frequent check
	journalWithin = time.Second      // for one read
	anewSaid      = time.Hour        // how long it is said that the server inside was started anew
)

// health is how this process is, for GET /healthz.
func (h *house) health() web.Health {
	now := time.Now()
	up := now.Sub(h.started)
	out := web.Health{Leader: h.leading.Load(), UptimeS: seconds(up)}
	out.Process.Goroutines = runtime.NumGoroutine()
	if why, waits := h.starting.why(); waits {
		out.Blind = []string{why}
		out.Slack = web.SlackHealth{Transport: config.ModeSocket, DeafS: seconds(up)}
		if h.cfg.Load().Slack.Mode == config.ModeHTTP {
			out.Slack = web.SlackHealth{Transport: config.ModeHTTP}
		}
		return out
	}

	ctx, cancel := context.WithTimeout(context.Background(), journalWithin)
	defer cancel()
	_, err := h.journal.Receipt(ctx, "health", "none") // that it is not there is an answer as well
	if errors.Is(err, journal.ErrNotFound) {
		err = nil
	}
	out.Journal = web.JournalHealth{OK: err == nil, ReadMS: float64(time.Since(now).Microseconds()) / 1000}
	switch a := h.apart.Load(); {
	case a != nil:
		out.Blind = append(out.Blind, "cut off since "+a.Since.UTC().Format(time.DateTime)+" UTC: "+a.Why())
	case err != nil:
		out.Blind = append(out.Blind, "the journal does not answer")
	}

	if hang := h.journal.Hangs(); hang != nil {
		out.Blind = append(out.Blind, hang.String())
	}
	var deaf string
	out.Slack, deaf = h.hearing.health(now, h.started)
	for _, says := range []string{h.signing.refused(), h.hearing.refused(), deaf} {
		if says != "" {
			out.Blind = append(out.Blind, says)
		}
	}

	out.Runner = h.runnerHealth()
	out.Results.Applied = h.board.Applied()
	silent := up
	if newest, any := h.followed.until(); any {
		silent = now.Sub(newest)
		age := seconds(silent)
		out.Results.AgeS = &age
	}
	if limit, any := silenceLimit(h.cfg.Load().Checks); any && min(silent, up) > limit {
		out.Blind = append(out.Blind, fmt.Sprintf("no result came for %.0f s", silent.Seconds()))
	}
	out.Warnings = h.warnings(now)
	out.Agents = h.agentsHealth(now)
	if why := h.clockBehind(now); why != "" {
		out.Blind = append(out.Blind, why)
	}
	return out
}

func (h *house) runnerHealth() web.RunnerHealth {
	s, l := h.runner.Stats(), h.keepsUp.lastMinute()
	return web.RunnerHealth{Started: s.Started, Finished: s.Finished, Late: s.Late, Skipped: s.Skipped, Dropped: s.Dropped,
		Running: s.Running, JitterP99MS: float64(s.JitterP99.Microseconds()) / 1000,
		LastMinute: web.RunnerMinute{Due: l.Due, Late: l.Late, Skipped: l.LeftOut, Dropped: l.Lost}}
}

// warnings are what somebody should do something about while all goes on.
func (h *house) warnings(now time.Time) (out []string) {
	if u := h.journal.Unkept(); u != nil {
		out = append(out, fmt.Sprintf("%s: since %s UTC what is measured and told is in memory only, and lost if statusbot ends; %s, then it is written down by itself",
			u.Why, u.Since.UTC().Format(time.DateTime), u.Cure))
	}
	if d := h.journal.Damage(); d != nil && d.Events+d.Batches+d.Others > 0 {
		out = append(out, fmt.Sprintf("a file of the journal was damaged at the start: %d events, %d batches of results and %d other records are lost; see the log of the start",
			d.Events, d.Batches, d.Others))
	}
	out = append(out, doubted(h.journal.Doubts())...)
	for _, says := range []string{h.journal.Strangers(), h.journal.StorageOff()} {
		if says != "" {
			out = append(out, says)
		}
	}
	if at := h.journal.StartedAnew(); !at.IsZero() && now.Sub(at) < anewSaid {
		out = append(out, startedAnew(at))
	}
	out = append(out, h.unsighted(now)...)
	out = append(out, h.unwayed(now)...)
	out = append(out, h.unmanned()...)
	if why := h.added.unread.Load(); why != nil {
		out = append(out, *why)
	}
	return out
}

// alive returns once the board can be read, which what is stuck would hold.
func (h *house) alive() { h.board.Applied() }

// startWaits is what this process waits for before it has caught up with the
// journal and answers people; empty once it does. One whose server leads a stream and
// takes nothing into it has not caught up either, nor one whose storage is off, or whose own copies are behind at its start:
// a restart of all, one after the other, must not go on with the next.
func (h *house) startWaits() string {
	if why, waits := h.starting.why(); waits {
		return why
	}
	if hang := h.journal.Hangs(); hang != nil && hang.Here {
		return hang.String()
	}
	if off := h.journal.StorageOff(); off != "" {
		return off
	}
	if h.starting.current.Load() {
		return ""
	}
	if behind := h.journal.Behind(); behind != "" {
		return "this member's copies have not caught up with the cluster's: " + behind
	}
	h.starting.current.Store(true)
	return ""
}

// silenceLimit returns how long no result may come; false if none needs to.
func silenceLimit(list []checks.Check) (limit time.Duration, any bool) {
	var every []time.Duration
	for _, c := range list {
		if !c.Passive {
			every = append(every, c.Every)
		}
	}
	if len(every) == 0 {
		return 0, false
	}
	return max(silentAfter, silentTimes*slices.Min(every)), true
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/status"
)

var replayCommand = command{
	name: "replay", usage: "--config FILE [--metrics FILE] [--render | --speed N] RESULTS",
	summary: "run recorded results through the same board, on their own clock, and write what it decides",
	help: `RESULTS is a file of results, one JSON object a line: either the journal's own export
(statusbot export) or the fault scenarios' form,
  {"t":12.3,"check":"mail/login","product":"mail","probe":"fra","ok":false,"latency_ms":5000,"error":"timeout"}
with t in seconds since the start that the scenario's config.json names. FILE is a configuration,
or such a config.json. Decisions go to standard output, one JSON object a line; with --render,
the updates that would have been posted, as text. On a terminal the progress is shown.
With --speed the running bot plays them into a local workspace, whose page's address it
prints, N times faster than they came (1 to 100): updates, /status and marks work as ever.
What ended before --from is read at once. It ends on SIGINT or SIGTERM.

Exit codes: 0 done, 1 failed, 64 wrong call, 78 bad configuration.

Example:
  statusbot export --data-dir data > results.jsonl
  statusbot replay --config company.yaml --render results.jsonl
  statusbot replay --config company.yaml --speed 30 --from 2026-03-02T08:00:00Z results.jsonl`,
	flags: func(fs *pflag.FlagSet) func(context.Context, []string, world) error {
		file := configFlag(fs)
		metrics := fs.String("metrics", "", "file of the components' own metrics, one JSON object a line")
		render := fs.Bool("render", false, "show the updates that would have been posted instead of decisions")
		speed := fs.Float64("speed", 0, "play into a local workspace, so many times faster than the results came")
		from := fs.String("from", "", "with --speed: the time, or how long after the first result, from which it plays; empty: the first result")
		listen := fs.String("listen", "127.0.0.1:8085", "with --speed: address of the workspace's page")
		logger := logFlags(fs, "error")
		return func(ctx context.Context, args []string, w world) error {
			if len(args) != 1 {
				return usageError("name one file of results")
			}
			plan := replayPlan{config: *file, metrics: *metrics, results: args[0], render: *render, speed: *speed, from: *from, listen: *listen}
			if err := plan.check(fs.Changed("speed")); err != nil {
				return err
			}
			log, err := logger(w.err)
			if err != nil {
				return err
			}
			return replay(ctx, plan, log, w)
		}
	},
}

// replayPlan is what the flags of replay say.
type replayPlan struct {
	config, metrics, results string
	render                   bool
	speed                    float64 // 0: as fast as it goes, and no workspace
	from, listen             string
}

func (p replayPlan) check(live bool) error {
	switch {
	case !live && p.from != "":
		return usageError("--from says from when on --speed plays; add --speed N")
	case !live:
		return nil
	case p.speed < 1 || p.speed > mostSpeed:
		return usageError(fmt.Sprintf("--speed is %g; write a number from 1 to %d", p.speed, mostSpeed))
	case p.render || p.metrics != "":
		return usageError("--speed goes without --render and --metrics")
	}
	return checkListen(p.listen)
}

func replay(ctx context.Context, plan replayPlan, log *zap.Logger, w world) error {
	s, ok, err := readScenario(plan.config)
	if err != nil {
		return err
	}
	var def status.Definition
	every, rules := 5*time.Minute, incident.Rules{}
	if ok && plan.speed > 0 {
		return playLive(ctx, plan, s, ok, nil, log, w)
	}
	if ok {
		def = s.definition(plan.config)
	} else {
		cfg, err := config.Load(plan.config, w.env)
		if err != nil {
			return err
		}
		s.Start = time.Unix(0, 0).UTC() // decisions tell seconds since 1970
		if plan.speed > 0 {
			return playLive(ctx, plan, s, ok, cfg, log, w)
		}
		def = definition(cfg)
		every, rules = cfg.Updates.Every, deliveryRules(cfg)
	}
	in, err := os.Open(plan.results)
	if err != nil {
		return err
	}
	defer in.Close()
	out := bufio.NewWriterSize(w.out, 1<<16)
	p := &player{board: status.NewBoard(def), start: s.Start, progress: newProgress(in, w.err), out: json.NewEncoder(out), said: map[string]string{}, told: map[string]time.Time{}}
	if plan.render {
		p.render = &renderer{board: p.board, out: out,
			rules: publish.Rules{Delivery: rules, Every: every, Places: []publish.Place{{Channel: replayChannel}}}}
	}
	if plan.metrics != "" {
		values, err := os.Open(plan.metrics)
		if err != nil {
			return err
		}
		defer values.Close()
		p.metrics = json.NewDecoder(bufio.NewReaderSize(values, 1<<16))
	}
	if err := p.play(ctx, in); err != nil {
		p.progress.end()
		return errors.Join(fmt.Errorf("%s: %w", plan.results, err), out.Flush())
	}
	p.progress.end()
	return out.Flush()
}

// player runs results through a board and tells what it decides.
type player struct {
	board *status.Board
	start time.Time
	out   *json.Encoder
	said  map[string]string    // :: product id -> status last written
	told  map[string]time.Time // :: product id -> when
	seq   uint64

	render   *renderer // nil: decisions are written
	progress *progress
	metrics  *json.Decoder // nil when there are none
	value    measured      // read and not applied yet
}

// measured is one value of a component's own metric.
type measured struct {
	T         float64 `json:"t"`
	Component string  `json:"component"`
	Metric    string  `json:"metric"`
	Value     float64 `json:"value"`
}

// measure applies the metrics up to an instant.
func (p *player) measure(now time.Time) error {
	for p.metrics != nil {
		if p.value.Component == "" {
			if err := p.metrics.Decode(&p.value); errors.Is(err, io.EOF) {
				p.metrics = nil
				return nil
			} else if err != nil {
				return fmt.Errorf("metrics: %w", err)
			}
		}
		at := p.start.Add(inSeconds(p.value.T))
		if at.After(now) {
			return nil
		}
		p.board.ApplyMetric(p.value.Component, p.value.Metric, at, p.value.Value)
		p.value = measured{}
	}
	return nil
}

// tellEvery is how often a trouble that goes on is told again.
const tellEvery = 5 * time.Minute

func (p *player) play(ctx context.Context, in io.Reader) error {
	lines := newResultLines(in, p.start, p.progress)
	batch := make([]checks.Result, 1)
	var next time.Time
	for {
		var err error
		if batch[0], err = lines.next(ctx); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := p.measure(batch[0].Ended()); err != nil {
			return err
		}
		p.seq++
		p.board.Apply(p.seq, batch)
		now := batch[0].Ended()
		turned := p.board.Turned()
		if len(turned) == 0 && now.Before(next) {
			continue
		}
		if !now.Before(next) {
			next = now.Truncate(30 * time.Second).Add(30 * time.Second)
		}
		if err := p.tell(now); err != nil {
			return err
		}
	}
}

// decision is what the board holds of one product at one instant.
type decision struct {
	T       float64         `json:"t"`
	Product string          `json:"product"`
	Status  string          `json:"status"` // healthy, degraded, outage, unknown
	Onset   *float64        `json:"onset,omitempty"`
	Share   *float64        `json:"share,omitempty"`
	CI      *[2]float64     `json:"ci,omitempty"`
	Causes  []decisionCause `json:"causes,omitempty"`
	Verdict string          `json:"verdict,omitempty"`
	Why     string          `json:"why,omitempty"`
	Scope   string          `json:"scope,omitempty"`
}

type decisionCause struct {
	Component string  `json:"component"`
	Score     float64 `json:"score"`
}

func (p *player) tell(now time.Time) error {
	snap := p.board.Snapshot(now)
	if p.render != nil {
		return p.render.step(snap)
	}
	for _, ps := range snap.Products {
		word := statusWord(ps.Level)
		if word == p.said[ps.ID] || p.said[ps.ID] == "" && word == "healthy" {
			if !ps.Level.Hurt() || now.Sub(p.told[ps.ID]) < tellEvery {
				continue
			}
		}
		p.said[ps.ID], p.told[ps.ID] = word, now
		if err := p.out.Encode(p.decision(now, ps, snap.Causes)); err != nil {
			return err
		}
	}
	return nil
}

func statusWord(l impact.Level) string {
	if l == impact.OK {
		return "healthy"
	}
	return string(l)
}

func (p *player) decision(now time.Time, ps status.ProductStatus, causes status.Causes) decision {
	d := decision{T: now.Sub(p.start).Seconds(), Product: ps.ID, Status: statusWord(ps.Level)}
	if !ps.Level.Hurt() && ps.Vantage == "" {
		return d
	}
	d.Verdict = string(causes.Verdict)
	for _, c := range causes.Suspects {
		d.Causes = append(d.Causes, decisionCause{c.ID, c.Score})
	}
	onset := ps.Onset.Sub(p.start).Seconds()
	d.Onset, d.Why, d.Scope = &onset, ps.Why, ps.Scope
	if !ps.Slow {
		share := ps.Since.Share()
		low, high := impact.Wilson(ps.Since.Failures, ps.Since.Tries)
		d.Share, d.CI = &share, &[2]float64{low, high}
	}
	return d
}

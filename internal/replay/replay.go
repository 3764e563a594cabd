// Package replay runs recorded results through the very same board and decisions
// as a running bot, on the clock of the results: as fast as it goes, or through
// the running bot itself at a multiple of their pace.
package replay

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/replay/scenario"
	"github.com/statusbot/statusbot/internal/status"
)

// Plan is what is replayed, and how.
type Plan struct {
	Config  string                         // a configuration, or a scenario's config.json
	Load    func() (*config.Config, error) // reads Config, where it is a configuration
	Metrics string                         // file of the components' own metrics; "": none
	Marks   string                         // file of actions that were taken; "": none
	Results string                         // file of results
	Render  bool                           // the updates that would have been posted are written, and not decisions
	Out     io.Writer
	Err     io.Writer // for progress, where it is a terminal

	Live *Live // the running bot plays it; nil: it goes as fast as it can
}

// Live is how results are played through a running bot, which Start starts with a
// local workspace.
type Live struct {
	Speed  float64 // so many times faster than the results came, 1 to MostSpeed
	From   string  // the time, or how long after the first result, from which it plays; "": the first result
	Listen string  // address of the workspace's page
	Start  func(context.Context, *config.Config, house.Playback) error
}

// Run replays results and returns at their end; Live ones when ctx ends. A
// FromError is a wrong Live.From.
func Run(ctx context.Context, plan Plan) error {
	s, ok, err := scenario.Read(plan.Config)
	if err != nil {
		return err
	}
	var cfg *config.Config
	if !ok {
		if cfg, err = plan.Load(); err != nil {
			return err
		}
		s.Start = time.Unix(0, 0).UTC() // decisions tell seconds since 1970
	}
	if plan.Live != nil {
		return playLive(ctx, plan, s, ok, cfg)
	}
	var def status.Definition
	var planned func(time.Time, []incident.Standing) []incident.Muting
	every, rules := 5*time.Minute, incident.Rules{}
	if ok {
		def = s.Definition(plan.Config)
	} else {
		def, planned = house.Definition(cfg), func(at time.Time, standing []incident.Standing) []incident.Muting {
			return house.PlannedAt(cfg, at, standing)
		}
		every, rules = cfg.Updates.Every, house.DeliveryRules(cfg)
	}
	in, err := os.Open(plan.Results)
	if err != nil {
		return err
	}
	defer in.Close()
	out := bufio.NewWriterSize(plan.Out, 1<<16)
	p := &player{board: status.NewBoard(def), planned: planned, start: s.Start, progress: newProgress(in, plan.Err), out: json.NewEncoder(out), said: map[string]string{}, told: map[string]time.Time{}}
	if plan.Render {
		r := &renderer{board: p.board, out: out,
			rules: publish.Rules{Delivery: rules, Every: every, Places: []publish.Place{{Channel: replayChannel}}}}
		p.render = r.step
	}
	if plan.Metrics != "" {
		values, err := os.Open(plan.Metrics)
		if err != nil {
			return err
		}
		defer values.Close()
		p.metrics = newMetricLines(values)
	}
	if plan.Marks != "" {
		all, err := readMarks(plan.Marks, s.Start)
		if err != nil {
			return err
		}
		p.marks = &marker{board: p.board, start: s.Start, out: p.out, all: all, judged: make([]bool, len(all))}
	}
	if err := p.play(ctx, in); err != nil {
		p.progress.end()
		return errors.Join(fmt.Errorf("%s: %w", plan.Results, err), out.Flush())
	}
	p.progress.end()
	return out.Flush()
}

// player runs results through a board and tells what it decides.
type player struct {
	board   *status.Board
	planned func(time.Time, []incident.Standing) []incident.Muting // by the configuration for an instant; nil: nothing
	start   time.Time
	out     *json.Encoder
	said    map[string]string    // :: product id -> status last written
	told    map[string]time.Time // :: product id -> when
	seq     uint64

	render   func(status.Snapshot) error // decides what is told; nil: decisions are written
	progress *progress
	marks    *marker         // nil when there are none
	metrics  *metricLines    // nil when there are none
	value    scenario.Metric // read and not applied yet
}

// metricLines reads a file of metrics: one JSON object a line.
type metricLines struct {
	lines  *bufio.Scanner
	reader scenario.Reader
	n      int
}

// mostMetric bounds a line of metrics, in bytes.
const mostMetric = 1 << 20

func newMetricLines(in io.Reader) *metricLines {
	l := &metricLines{lines: bufio.NewScanner(in)}
	l.lines.Buffer(make([]byte, 1<<16), mostMetric)
	return l
}

// next returns the next value; io.EOF at the end.
func (l *metricLines) next() (scenario.Metric, error) {
	for l.lines.Scan() {
		l.n++
		if line := bytes.TrimSpace(l.lines.Bytes()); len(line) > 0 {
			m, err := l.reader.Metric(line)
			if err != nil {
				return m, fmt.Errorf("metrics: line %d: %w", l.n, err)
			}
			return m, nil
		}
	}
	if err := l.lines.Err(); err != nil {
		return scenario.Metric{}, fmt.Errorf("metrics: line %d: %w", l.n+1, err)
	}
	return scenario.Metric{}, io.EOF
}

// measure applies the metrics up to an instant.
func (p *player) measure(now time.Time) error {
	for p.metrics != nil {
		if p.value.Component == "" {
			var err error
			if p.value, err = p.metrics.next(); errors.Is(err, io.EOF) {
				p.metrics = nil
				return nil
			} else if err != nil {
				return err
			}
		}
		at := p.start.Add(scenario.Seconds(p.value.T))
		if at.After(now) {
			return nil
		}
		p.board.ApplyMetric(p.value.Component, p.value.Metric, at, p.value.Value)
		p.value = scenario.Metric{}
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
		now := batch[0].Ended()
		if next, err = p.wait(next, now); err != nil {
			return err
		}
		if err := p.measure(now); err != nil {
			return err
		}
		p.marks.due(now)
		p.seq++
		p.board.Apply(p.seq, batch)
		turned := p.board.Turned()
		if len(turned) == 0 && now.Before(next) {
			continue
		}
		if !now.Before(next) {
			next = now.Truncate(lookEvery).Add(lookEvery)
		}
		if err := p.tell(now); err != nil {
			return err
		}
	}
}

// lookEvery is how often the board is looked at while no level changes: the pace
// of the running bot's updater at an interval of 5 minutes.
const lookEvery = 30 * time.Second

// waitParts bounds how often that is while no result comes: every 30 s for the
// first day, then after a 2,880th of the time that has passed without one, so
// that a file with years between two results is read as quickly as any.
const waitParts = int64(24 * time.Hour / lookEvery)

// wait lets the clock go on from next while no result comes until an instant, so
// that a product of which nothing comes is told as unknown while that is so. A
// result within lookEvery of next is looked at with it. It returns when to look
// again.
func (p *player) wait(next, until time.Time) (time.Time, error) {
	if next.IsZero() {
		return next, nil
	}
	for since := next; next.Before(until.Add(-lookEvery)); {
		if err := p.measure(next); err != nil {
			return next, err
		}
		p.marks.due(next)
		if err := p.tell(next); err != nil {
			return next, err
		}
		next = next.Add(max(lookEvery, next.Sub(since)/time.Duration(waitParts)))
	}
	return next, nil
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
	if p.planned != nil {
		for _, e := range p.board.Log().Desk.Planning(now, p.planned(now, p.board.Log().Desk.Standing)) {
			p.board.ApplyEvent(e)
		}
	}
	snap := p.board.Snapshot(now)
	if p.render != nil {
		return p.render(snap)
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
	return p.marks.look(now)
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
		low, high := ps.ShareInterval()
		d.Share, d.CI = &share, &[2]float64{low, high}
	}
	return d
}

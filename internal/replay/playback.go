package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/replay/scenario"
	"github.com/statusbot/statusbot/internal/status"
)

// MostSpeed is how many times faster than they came results are played: the
// updater looks every quarter of a second, which is 25 s on the recorded clock
// then, and an update that is 30 s late would say so.
const MostSpeed = 100

// playback gives a house recorded results in the place of its checks, and the
// clock that they were recorded by, at a multiple of its pace. All else is the
// running bot: journal, updater, outbox, poster, and the answers to people.
type playback struct {
	board *status.Board
	lines *resultLines
	from  time.Time // what ended before this instant is history, and read at once
	speed float64
	out   io.Writer // where it says that all is played

	next checks.Result // read, and not played yet
	sent uint64        // results of declared checks given to the journal
	own  map[string]bool

	mu    sync.Mutex
	begun time.Time // on the wall clock, when the recorded one began to run; zero before
	until time.Time // end of the last result, once it is played
}

var _ house.Playback = (*playback)(nil)

// Board is where the results come to.
func (p *playback) Board() *status.Board { return p.board }

// From is where what is history ends.
func (p *playback) From() time.Time { return p.from }

// Now is the recorded clock. It stands still until the history is read, and
// again at the end of the results.
func (p *playback) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.begun.IsZero() {
		return p.from
	}
	at := p.from.Add(time.Duration(float64(time.Since(p.begun)) * p.speed))
	if !p.until.IsZero() && at.After(p.until) {
		return p.until
	}
	return at
}

// Read reads the history, and starts the clock when the board has it.
func (p *playback) Read(ctx context.Context, store func(context.Context, []byte) error) error {
	if err := p.upTo(ctx, store, p.from); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := p.await(ctx); err != nil {
		return err
	}
	p.mu.Lock()
	p.begun = time.Now()
	p.mu.Unlock()
	return nil
}

// playEvery is how often results are handed over.
const playEvery = 50 * time.Millisecond

// Play hands over what is due on the recorded clock, until the results or ctx
// end.
func (p *playback) Play(ctx context.Context, store func(context.Context, []byte) error) error {
	t := time.NewTicker(playEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
		err := p.upTo(ctx, store, p.Now())
		if errors.Is(err, io.EOF) {
			p.mu.Lock()
			p.until = p.next.Ended()
			p.mu.Unlock()
			fmt.Fprintf(p.out, "All results are played: the clock stands at %s. The workspace stays until you end it (Ctrl-C).\n", p.until.UTC().Format(time.DateTime))
			<-ctx.Done()
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// playBatch is how many results go to the journal at once.
const playBatch = 500

// upTo hands over the results that ended before an instant; io.EOF when these
// were the last.
func (p *playback) upTo(ctx context.Context, store func(context.Context, []byte) error, to time.Time) error {
	var batch []checks.Result
	send := func() error {
		if len(batch) == 0 {
			return nil
		}
		data, err := checks.EncodeResults(batch)
		if err == nil {
			err = store(ctx, data)
		}
		p.sent += uint64(len(batch))
		batch = batch[:0]
		return err
	}
	for p.next.Ended().Before(to) {
		if p.own[p.next.Check] {
			batch = append(batch, p.next)
		}
		if len(batch) == playBatch {
			if err := send(); err != nil {
				return err
			}
		}
		r, err := p.lines.next(ctx)
		if err != nil {
			return errors.Join(send(), err)
		}
		p.next = r
	}
	return send()
}

// await waits until the board has what was handed over.
func (p *playback) await(ctx context.Context) error {
	t := time.NewTicker(5 * time.Millisecond)
	defer t.Stop()
	for p.board.Applied() < p.sent {
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// playLive plays results through the running bot into a local workspace.
func playLive(ctx context.Context, plan Plan, s scenario.Scenario, scenic bool, cfg *config.Config) error {
	in, err := os.Open(plan.Results)
	if err != nil {
		return err
	}
	defer in.Close()
	dir, err := os.MkdirTemp("", "statusbot-replay-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	defer os.RemoveAll(dir)
	var def status.Definition
	if scenic {
		def = s.Definition(plan.Config)
		if cfg, err = settings(s, dir); err != nil {
			return err
		}
	} else {
		def = house.Definition(cfg)
	}
	cfg.DataDir, cfg.Web.Listen, cfg.Journal.URL = filepath.Join(dir, "data"), "", ""
	cfg.Slack.Mode, cfg.Slack.Listen = config.ModeSandbox, plan.Live.Listen
	if cfg.Updates.Channel == "" {
		cfg.Updates.Channel = "incident-demo"
	}
	cfg.Checks = nil // what they would see now is not what is played
	p := &playback{board: status.NewBoard(def), lines: newResultLines(in, s.Start, nil), speed: plan.Live.Speed, out: plan.Out, own: map[string]bool{}}
	for _, c := range slices.Concat(def.Checks, def.Controls) {
		p.own[c.ID] = true
	}
	if p.next, err = p.lines.next(ctx); err != nil {
		return fmt.Errorf("%s: %w", plan.Results, err)
	}
	first := p.next.Ended()
	if p.from, err = plan.Live.begin(first, def.Normal); err != nil {
		return err
	}
	fmt.Fprintf(plan.Out, "Results from %s on, %s times faster than they came. Updates go to #%s.\n", p.from.UTC().Format(time.DateTime), strconv.FormatFloat(p.speed, 'g', 6, 64), strings.TrimPrefix(cfg.Updates.Channel, "#"))
	return plan.Live.Start(ctx, cfg, p)
}

// FromError says what is wrong with a Live.From.
type FromError string

func (e FromError) Error() string { return string(e) }

// begin returns the instant from which results are played at a pace people can
// follow: what --from says; or else the end of what is known to be normal, or
// the first result.
func (p *Live) begin(first, normal time.Time) (time.Time, error) {
	switch d, err := time.ParseDuration(p.From); {
	case p.From == "" && normal.After(first):
		return normal, nil
	case p.From == "":
		return first, nil
	case err == nil && d >= 0:
		return first.Add(d), nil
	}
	at, err := time.Parse(time.RFC3339, p.From)
	if err != nil {
		return at, FromError(fmt.Sprintf("--from is %q; write a time such as 2026-03-02T08:00:00Z, or how long after the first result, such as 90m", p.From))
	}
	return at, nil
}

// settings is a configuration for the parts of the bot that a scenario says
// nothing about.
func settings(s scenario.Scenario, dir string) (*config.Config, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "company: %q\nslack: {mode: sandbox}\nproducts:\n", s.Scenario)
	for _, p := range s.Products {
		fmt.Fprintf(&b, "  - {id: %q}\n", p)
	}
	file := filepath.Join(dir, "scenario.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		return nil, fmt.Errorf("write the scenario's configuration: %w", err)
	}
	return config.Load(file, nil)
}

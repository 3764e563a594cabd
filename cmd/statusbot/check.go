package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/spelling"
)

// Exit codes of check, from the worst outcome.
var checkExit = map[checks.Outcome]int{checks.Pass: exitOK, checks.Fail: 1, checks.Degraded: 2, checks.Unknown: 3}

// severity orders outcomes for the exit code: what hurts clients first.
var severity = []checks.Outcome{checks.Pass, checks.Unknown, checks.Degraded, checks.Fail}

// atOnce bounds the checks that run side by side, without browsers.
const atOnce = 64

func checkCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "check [--config FILE] [--watch] [--json] [PRODUCT|CHECK...]",
		Short: "run checks now, once, and print what they saw",
		Long: `Without a name it runs every check. No token of Slack is needed. --json prints one object per check and line: id,
product, kind, outcome, reason, summary, duration_ms, source, owner, runbook, evidence.
What a browser showed when its check did not pass is kept as a JPEG file; the output
says where.

Exit codes: 0 all passed, 1 one failed, 2 one is degraded, 3 one is unknown (the worst
counts, in this order: fail, degraded, unknown; with --watch always 0), 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot check --config config.example.yaml storage`,
	}
	fs := c.Flags()
	file := configFlag(c)
	asJSON := fs.Bool("json", false, "print JSON lines")
	watch := fs.BoolP("watch", "w", false, "go on, every 10 s, until Ctrl-C")
	dir := fs.String("screenshots", "", "where screenshots are kept; by default a folder in the user's cache")
	c.ValidArgsFunction = completeChecks(w, file)
	completeFolder(c, "screenshots")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx := c.Context()
		cfg, err := config.LoadToProbe(*file, w.env)
		if err != nil {
			return err
		}
		warn(w, cfg)
		chosen, err := choose(cfg, args)
		if err != nil {
			return err
		}
		run := checking{w: w, list: chosen, dir: *dir, asJSON: *asJSON}
		if *watch {
			return run.watch(ctx)
		}
		worst, err := run.once(ctx, "")
		if err != nil || worst == checks.Pass {
			return err
		}
		return exitError(checkExit[worst])
	}
	return c
}

// checking runs checks now.
type checking struct {
	w      world
	list   []checks.Check
	dir    string // of screenshots
	asJSON bool
}

// checkAgain is how long watch rests between two runs of all.
const checkAgain = 10 * time.Second

// once runs each once and prints what was seen, behind what stands before it.
func (k *checking) once(ctx context.Context, before string) (worst checks.Outcome, err error) {
	results, err := probeAll(ctx, k.list)
	if err != nil {
		return worst, err
	}
	if err := house.KeepScreenshots(k.dir, results); err != nil {
		fmt.Fprintln(k.w.err, "warning: not every screenshot was kept:", err)
	}
	if k.asJSON {
		err = printJSON(k.w.out, k.list, results)
	} else {
		_, err = io.WriteString(k.w.out, before+format.CheckTable(results))
	}
	worst = checks.Pass
	for _, r := range results {
		if slices.Index(severity, r.Outcome) > slices.Index(severity, worst) {
			worst = r.Outcome
		}
	}
	return worst, err
}

// watch runs them again and again, until it is told to end.
func (k *checking) watch(ctx context.Context) error {
	tick := time.NewTicker(checkAgain)
	defer tick.Stop()
	for again := false; ; again = true {
		if _, err := k.once(ctx, over(k.w, again)); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// choose returns the checks that are named, by their own or their product's
// id or name, or by a tag, in the order of the configuration.
func choose(cfg *config.Config, names []string) ([]checks.Check, error) {
	if len(names) == 0 {
		return cfg.Checks, nil
	}
	def := house.Definition(cfg)
	wanted := map[string]bool{} // :: check id
	for _, name := range names {
		found := false
		p, isProduct := def.FindProduct(name)
		for _, c := range cfg.Checks {
			if strings.EqualFold(c.ID, name) || isProduct && c.Product == p.ID || !isProduct && slices.Contains(c.Tags, name) {
				wanted[c.ID], found = true, true
			}
		}
		if isProduct && !found {
			return nil, usageError(fmt.Sprintf("product %q has no check", name))
		}
		if !found {
			return nil, usageError(fmt.Sprintf("there is no product, check or tag %q%s", name, nearestName(cfg, name)))
		}
	}
	return slices.DeleteFunc(slices.Clone(cfg.Checks), func(c checks.Check) bool { return !wanted[c.ID] }), nil
}

func nearestName(cfg *config.Config, said string) string {
	var known []string
	for _, p := range cfg.Products {
		known = append(known, p.ID)
	}
	for _, c := range cfg.Checks {
		known = append(known, c.ID)
	}
	if n, ok := spelling.Nearest(said, known); ok {
		return "; did you mean " + n + "?"
	}
	return ""
}

// probeAll runs each check once; an interrupt ends it with an error.
func probeAll(ctx context.Context, list []checks.Check) ([]checks.Result, error) {
	results := make([]checks.Result, len(list))
	compiled := make([]*probe.Compiled, len(list))
	for i, c := range list {
		var err error
		if compiled[i], err = kinds.Compile(&c); err != nil {
			return nil, err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	lane := func(browsers bool, atOnce int) {
		group.Go(func() error {
			lane, ctx := errgroup.WithContext(ctx)
			lane.SetLimit(atOnce)
			for i, c := range compiled {
				if (c.Cost() == probe.BrowserCost) != browsers {
					continue
				}
				lane.Go(func() (err error) {
					results[i], err = probeOne(ctx, c)
					return err
				})
			}
			return lane.Wait()
		})
	}
	lane(false, atOnce)
	lane(true, runner.BrowsersAtOnce())
	return results, group.Wait()
}

func probeOne(ctx context.Context, c *probe.Compiled) (checks.Result, error) {
	r, ok := c.Run(ctx)
	if !ok {
		return r, fmt.Errorf("interrupted")
	}
	return r, nil
}

// checkJSON is one line of --json. Fields may be added, none is renamed.
type checkJSON struct {
	ID         string         `json:"id"`
	Product    string         `json:"product"`
	Kind       string         `json:"kind"`
	Outcome    checks.Outcome `json:"outcome"`
	Reason     checks.Reason  `json:"reason"`
	Summary    string         `json:"summary"`
	DurationMS float64        `json:"duration_ms"`
	Source     string         `json:"source"`
	Owner      string         `json:"owner,omitempty"`
	Runbook    string         `json:"runbook,omitempty"`
	Evidence   evidenceJSON   `json:"evidence"`
}

type evidenceJSON struct {
	Remote      string             `json:"remote,omitempty"`
	Status      int                `json:"status,omitempty"`
	Output      string             `json:"output,omitempty"`
	Script      string             `json:"script,omitempty"`
	Performance []perfJSON         `json:"performance,omitempty"`
	PhasesMS    map[string]float64 `json:"phases_ms,omitempty"`

	RequestID    string `json:"request_id,omitempty"`    // "x-request-id=7f3a, cf-ray=8c1"
	ScriptSHA256 string `json:"script_sha256,omitempty"` // hex
	Screenshot   string `json:"screenshot,omitempty"`    // path of a JPEG file
}

type perfJSON struct {
	Label string  `json:"label"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit,omitempty"`
}

func printJSON(out io.Writer, list []checks.Check, results []checks.Result) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i, r := range results {
		line := checkJSON{ID: r.Check, Product: r.Product, Kind: list[i].Kind, Outcome: r.Outcome, Reason: r.Reason, Summary: r.Summary,
			DurationMS: float64(r.Duration.Microseconds()) / 1000, Source: list[i].Source.String(),
			Owner: list[i].Owner, Runbook: list[i].Runbook}
		if e := r.Evidence; e != nil {
			line.Evidence = evidenceJSON{Remote: e.Remote, Status: e.Status, Output: e.Output, Script: e.Script, RequestID: e.RequestID, ScriptSHA256: e.ScriptSHA256, Screenshot: e.Screenshot}
			for _, p := range e.Perf {
				line.Evidence.Performance = append(line.Evidence.Performance, perfJSON(p))
			}
		}
		line.Evidence.PhasesMS = phasesMS(r.Phases)
		if err := enc.Encode(line); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
	}
	return nil
}

func phasesMS(p checks.Phases) map[string]float64 {
	out := map[string]float64{}
	for name, d := range map[string]int64{"dns": p.DNS.Microseconds(), "connect": p.Connect.Microseconds(), "tls": p.TLS.Microseconds(),
		"first_byte": p.FirstByte.Microseconds(), "transfer": p.Transfer.Microseconds()} {
		if d > 0 {
			out[name] = float64(d) / 1000
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

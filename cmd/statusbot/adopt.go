package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/adopt"
	"github.com/statusbot/statusbot/internal/checks"
	execkind "github.com/statusbot/statusbot/internal/checks/kind/exec"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/config"
)

// triedAtOnce bounds the scripts that are tried side by side.
const triedAtOnce = 4

func adoptCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "adopt [--write DIR] SCRIPT...",
		Short: "try scripts of your own or Nagios plugins, and make checks of them",
		Long: `A SCRIPT is a file, a folder of them, or a command line in quotes; behind -- stands one
command with its arguments. Each runs twice, as a check of kind exec would run it: with PATH, HOME,
LANG and TZ alone, no standard input, a time-out and a bound of memory. It is said what statusbot makes of
it, and what makes it less of a check than it could be. See docs/kinds/exec.md.

Nothing is written unless --write names a folder: then checks.d/NAME.yaml there, and
statusbot.yaml beside it unless it is there. A script that cannot be started is not written.

Exit codes: 0 each can be a check, 1 one cannot, or the file is there already, 64 wrong call.`,
		Example: `  statusbot adopt checks/ "/usr/lib/nagios/plugins/check_disk -w 10% -c 5% -p /"
  statusbot adopt --write . --product billing -- ./queue_age.sh --max-age 15m`,
	}
	a := adopting{initializing: initializing{w: w}}
	c.Flags().StringVar(&a.dir, "write", "", "write checks.d/NAME.yaml into `DIR`")
	c.Flags().BoolVar(&a.force, "force", false, "with --write: write checks.d/NAME.yaml anew")
	c.Flags().StringVar(&a.name, "name", "scripts", "`NAME` of the file of checks")
	c.Flags().StringVar(&a.product, "product", "", "`NAME` of the product that they are checks of; by default that of the file")
	c.Flags().StringVar(&a.owner, "owner", "", "`NAME` of the team that answers for it")
	c.Flags().DurationVar(&a.every, "every", time.Minute, "how often each is to run")
	c.Flags().DurationVar(&a.timeout, "timeout", 10*time.Second, "how long each may run")
	c.Flags().BoolVar(&a.asJSON, "json", false, "print JSON lines")
	completeFolder(c, "write")
	c.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault) // files
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return usageError("name a script, a folder of scripts, or a command line in quotes")
		case a.timeout <= 0 || a.timeout > a.every:
			return usageError(fmt.Sprintf("--timeout %s is not between 0 and --every %s", a.timeout, a.every))
		case a.name != filepath.Base(a.name) || strings.HasPrefix(a.name, "."):
			return usageError(fmt.Sprintf("--name %q is not the name of a file", a.name))
		}
		return a.adopt(c.Context(), args, c.ArgsLenAtDash())
	}
	return c
}

// adopting is one call of adopt.
type adopting struct {
	initializing
	name, product, owner string
	every, timeout       time.Duration
	asJSON               bool
}

// tried is one command line and what came of it.
type tried struct {
	script adopt.Script
	trial  execkind.Trial
}

func (a *adopting) adopt(ctx context.Context, args []string, dash int) error {
	list, err := a.commandLines(args, dash)
	if err != nil {
		return err
	}
	if err := a.try(ctx, list); err != nil {
		return err
	}
	var good []adopt.Script
	for _, t := range list {
		if t.trial.Ran {
			good = append(good, t.script)
		}
	}
	products, taken := a.there()
	plan := adopt.Scripts(cmp.Or(a.product, a.name), a.owner, a.every, a.timeout, good, taken)
	if err := a.settle(plan); err != nil {
		return err
	}
	plan.Products = slices.DeleteFunc(plan.Products, func(p adopt.Product) bool { return products[p.ID] })
	if err := a.tell(list); err != nil {
		return err
	}
	for _, l := range plan.Not {
		fmt.Fprintf(a.w.err, "%s: %s\n", l.What, l.Why)
	}
	if err := a.leave(plan); err != nil {
		return err
	}
	if len(good) < len(list) || len(plan.Not) > 0 {
		return exitError(exitFailed)
	}
	return nil
}

// there returns the ids that a configuration in the folder has already, without
// those of the file that is written anew.
func (a *adopting) there() (products, taken map[string]bool) {
	products, taken = map[string]bool{}, map[string]bool{}
	if a.dir == "" {
		return products, taken
	}
	cfg, err := config.Load(filepath.Join(a.dir, mainFile), a.w.env)
	if err != nil {
		return products, taken // there is none, or one whose own mistakes come first
	}
	own := filepath.Join(checksFolder, a.name+".yaml")
	for _, p := range cfg.Products {
		products[p.ID] = p.Source.File != own
	}
	for _, c := range cfg.Checks {
		taken[c.ID] = c.Source.File != own
	}
	return products, taken
}

// leave writes the checks, or says what would be written.
func (a *adopting) leave(plan *adopt.Plan) error {
	if len(plan.Checks) == 0 {
		fmt.Fprintln(a.w.err, "None of them can be a check as it is.")
		return nil
	}
	text, err := plan.YAML("Made by `statusbot adopt`. Change it as you like: it is not read back.\nA product is what clients use and one team owns; docs/checks.md has all keys of a check.")
	if err != nil {
		return err
	}
	if a.dir != "" {
		err := a.lay(plan, a.name, text, func(io.Writer) {})
		a.variables(plan)
		return err
	}
	if !a.asJSON {
		fmt.Fprintf(a.w.out, "\nchecks.d/%s.yaml would be:\n\n%s", a.name, text)
	}
	a.variables(plan)
	fmt.Fprintln(a.w.err, "Nothing was written. With --write DIR it would be.")
	return nil
}

// commandLines reads the arguments. Those behind the dash are one command.
func (a *adopting) commandLines(args []string, dash int) (list []*tried, err error) {
	add := func(argv []string) error {
		s, err := a.locate(argv)
		list = append(list, &tried{script: s})
		return err
	}
	var last []string
	if dash >= 0 && dash < len(args) {
		args, last = args[:dash], args[dash:]
	}
	for _, arg := range args {
		info, statErr := os.Stat(arg)
		switch {
		case statErr == nil && info.IsDir():
			files, err := a.scriptsOf(arg)
			if err != nil {
				return nil, err
			}
			for _, file := range files {
				if err := add([]string{file}); err != nil {
					return nil, err
				}
			}
		case statErr == nil:
			err = add([]string{arg})
		default:
			err = add(adopt.CommandLine(arg))
		}
		if err != nil {
			return nil, err
		}
	}
	if len(last) > 0 {
		if err := add(last); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no script is in %s", strings.Join(args, ", "))
	}
	return list, nil
}

// scriptsOf returns the files of a folder that may be scripts, and says which are none.
func (a *adopting) scriptsOf(folder string) (files []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("read the folder of scripts: %w", err)
	}
	var others []string
	for _, e := range entries {
		file := filepath.Join(folder, e.Name())
		info, err := os.Stat(file)
		if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if info.Mode().Perm()&0o111 == 0 && !beginsAsScript(file) {
			others = append(others, e.Name())
			continue
		}
		files = append(files, file)
	}
	if len(others) > 0 {
		fmt.Fprintf(a.w.err, "Left out of %s, neither executable nor beginning with #!: %s\n", folder, strings.Join(others, ", "))
	}
	return files, nil
}

func beginsAsScript(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return true // to be tried, which says what is wrong
	}
	defer f.Close()
	var head [2]byte
	_, err = io.ReadFull(f, head[:])
	return err == nil && string(head[:]) == "#!"
}

// locate says where a command's program is, so that the check finds it from any folder.
func (a *adopting) locate(argv []string) (adopt.Script, error) {
	program := argv[0]
	if _, err := os.Stat(program); err != nil && !strings.ContainsRune(program, '/') {
		if _, err := exec.LookPath(program); err == nil {
			return adopt.Script{Argv: argv}, nil
		}
	}
	whole, err := filepath.Abs(program)
	if err != nil {
		return adopt.Script{}, fmt.Errorf("find %s: %w", program, err)
	}
	home, err := filepath.Abs(filepath.Join(a.dir, checksFolder))
	if err != nil {
		return adopt.Script{}, fmt.Errorf("find %s: %w", a.dir, err)
	}
	argv = slices.Clone(argv)
	if argv[0] = whole; a.dir != "" && filepath.Dir(whole) == home {
		argv[0] = "./" + filepath.Base(whole)
		return adopt.Script{Argv: argv}, nil
	}
	return adopt.Script{Argv: argv, Dir: filepath.Dir(whole)}, nil
}

// try runs them, some at once.
func (a *adopting) try(ctx context.Context, list []*tried) error {
	progress := newProgress(a.w, len(list), "tried")
	defer progress.end()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(triedAtOnce)
	for _, t := range list {
		group.Go(func() (err error) {
			defer progress.step()
			options := execkind.Kind.Options().(*execkind.Options)
			options.Argv, options.Dir = t.script.Argv, t.script.Dir
			c := checks.Check{ID: strings.Join(t.script.Argv, " "), Product: a.product, Kind: "exec", Every: a.every, Timeout: a.timeout, Options: options,
				Source: checks.Source{File: filepath.Join(a.dir, checksFolder, a.name+".yaml")}}
			if t.script.Dir == "" && !strings.HasPrefix(t.script.Argv[0], "./") {
				options.Dir = "." // a program of PATH; the folder of checks may not be there yet
			}
			t.trial, err = execkind.Try(ctx, c)
			return err
		})
	}
	return group.Wait()
}

// triedJSON is one line of --json. Fields may be added, none is renamed.
type triedJSON struct {
	Argv        []string       `json:"argv"`
	Dir         string         `json:"dir,omitempty"`
	Usable      bool           `json:"usable"`
	Outcome     checks.Outcome `json:"outcome"`
	Reason      checks.Reason  `json:"reason"`
	Summary     string         `json:"summary"`
	DurationMS  float64        `json:"duration_ms"`
	Performance []perfJSON     `json:"performance,omitempty"`
	Warnings    []string       `json:"warnings,omitempty"`
}

// tell says what was seen of each.
func (a *adopting) tell(list []*tried) error {
	enc := json.NewEncoder(a.w.out)
	enc.SetEscapeHTML(false)
	for _, t := range list {
		r := t.trial.Result
		var perf []perfJSON
		if r.Evidence != nil {
			for _, p := range r.Evidence.Perf {
				perf = append(perf, perfJSON(p))
			}
		}
		if a.asJSON {
			line := triedJSON{Argv: t.script.Argv, Dir: t.script.Dir, Usable: t.trial.Ran, Outcome: r.Outcome, Reason: r.Reason, Summary: r.Summary,
				DurationMS: float64(r.Duration.Microseconds()) / 1000, Performance: perf, Warnings: t.trial.Warnings}
			if err := enc.Encode(line); err != nil {
				return fmt.Errorf("write what was seen: %w", err)
			}
			continue
		}
		tellOne(a.w.out, t, perf)
	}
	return nil
}

func tellOne(out io.Writer, t *tried, perf []perfJSON) {
	r := t.trial.Result
	fmt.Fprintf(out, "%s\n", strings.Join(t.script.Argv, " "))
	if !t.trial.Ran {
		fmt.Fprintf(out, "  cannot be a check: %s\n", r.Summary)
		return
	}
	reason := ""
	if r.Reason != checks.ReasonNone {
		reason = " (" + string(r.Reason) + ")"
	}
	fmt.Fprintf(out, "  %s%s in %s: %s\n", r.Outcome, reason, probe.Span(r.Duration), r.Summary)
	var values []string
	for i, p := range perf {
		if i == 8 {
			values = append(values, fmt.Sprintf("and %d more", len(perf)-i))
			break
		}
		values = append(values, p.Label+"="+strconv.FormatFloat(p.Value, 'f', -1, 64)+p.Unit)
	}
	if len(values) > 0 {
		fmt.Fprintf(out, "  measures: %s\n", strings.Join(values, ", "))
	}
	for _, warning := range t.trial.Warnings {
		fmt.Fprintf(out, "  note: %s\n", warning)
	}
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/publish"
)

// beside is what a command that asks a running statusbot is told by flags.
type beside struct {
	file, dir *string
	asJSON    *bool
}

func besideFlags(c *cobra.Command) beside {
	fs := c.Flags()
	b := beside{
		file:   fs.StringP("config", "c", "", "the configuration's main file, for its data_dir"),
		dir:    fs.String("data-dir", "", "the data directory; overrides data_dir, ./data without a configuration"),
		asJSON: fs.Bool("json", false, "one JSON object"),
	}
	completeFolder(c, "data-dir")
	completeFiles(c, "config", "yaml", "yml")
	return b
}

// at is the data directory.
func (b beside) at(w world) (string, error) { return dirBeside(w, *b.file, *b.dir) }

// dirBeside is the data directory of the statusbot that runs here, as flags name it.
func dirBeside(w world, file, dir string) (string, error) {
	if file == "" || dir != "" {
		return cmp.Or(dir, "data"), nil
	}
	cfg, err := config.Load(file, w.env)
	if err != nil {
		return "", err
	}
	warn(w, cfg)
	return cfg.DataDir, nil
}

func statusCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "status [PRODUCT] [--watch] | --cluster | --agents [--config FILE] [--data-dir DIR] [--json]",
		Short: "print how the products are, as the statusbot that runs here sees them",
		Long: `The words and figures are those of the update of this minute. PRODUCT is an id or a name: its
checks come with it, and where their figures come from. It asks the statusbot that runs on the
data directory; run it as the same user. --cluster and --agents ask how statusbot itself is.
Lines are as wide as the terminal, 80 columns at most; --watch shows what fits on it, worst first.

Exit codes: 0 told, 1 failed, or of --cluster and --agents one is away, behind or cut off, 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot status --data-dir /var/lib/statusbot
  statusbot status billing --watch
  statusbot status --cluster`,
	}
	fs := c.Flags()
	watch := fs.BoolP("watch", "w", false, "go on, and print it anew when it changes, until Ctrl-C")
	cluster := fs.Bool("cluster", false, "members, who leads, what each lacks")
	agents := fs.Bool("agents", false, "the agents on other networks: who is there, with how many checks and results that wait")
	b := besideFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case len(args) > 1:
			return usageError(fmt.Sprintf("unexpected argument %q", args[1]))
		case *cluster && *agents, (*cluster || *agents) && (len(args) > 0 || *watch):
			return usageError("--cluster and --agents stand alone")
		}
		at, err := b.at(w)
		if err != nil {
			return err
		}
		switch {
		case *agents:
			s, err := house.AgentsBeside(c.Context(), at)
			if err != nil {
				return notRunning(err, at)
			}
			return printState(w, s, *b.asJSON, agentsText(s, time.Now()), agentsTroubles(s))
		case *cluster:
			s, err := house.ClusterBeside(c.Context(), at)
			if err != nil {
				return notRunning(err, at)
			}
			return printState(w, s, *b.asJSON, clusterText(s), clusterTroubles(s))
		}
		return b.look(c.Context(), w, at, *watch, func(ctx context.Context) (house.Look, error) {
			if len(args) == 1 {
				return house.LookAtProductBeside(ctx, at, args[0])
			}
			return house.LookBeside(ctx, at)
		})
	}
	return c
}

func incidentsCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "incidents [--config FILE] [--data-dir DIR] [--json]",
		Short: "list the newest incidents of the statusbot that runs here",
		Long: `The newest 20, newest first, also those that are over. "statusbot timeline N" prints one.

Exit codes: 0 told, 1 failed, 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot incidents --data-dir /var/lib/statusbot`,
	}
	b := besideFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError(fmt.Sprintf("unexpected argument %q", args[0]))
		}
		at, err := b.at(w)
		if err != nil {
			return err
		}
		return b.look(c.Context(), w, at, false, func(ctx context.Context) (house.Look, error) { return house.IncidentsBeside(ctx, at) })
	}
	return c
}

func timelineCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "timeline [N] [--config FILE] [--data-dir DIR] [--json]",
		Short: "print one incident: what was tried, and what happened when",
		Long: `N is the incident's number, as "statusbot incidents" lists it; without it, the newest.
The report of one ("statusbot report") has more.

Exit codes: 0 told, 1 failed, 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot timeline 3 --data-dir /var/lib/statusbot`,
	}
	b := besideFlags(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		number := house.NewestIncident
		switch len(args) {
		case 0:
		case 1:
			number = args[0]
		default:
			return usageError("write the number of one incident; `statusbot incidents` lists them")
		}
		at, err := b.at(w)
		if err != nil {
			return err
		}
		return b.look(c.Context(), w, at, false, func(ctx context.Context) (house.Look, error) { return house.LookAtIncidentBeside(ctx, at, number) })
	}
	return c
}

// watchEvery is how often a board is asked for anew.
const watchEvery = 2 * time.Second

// look prints what ask says; while watching, whenever it differs.
func (b beside) look(ctx context.Context, w world, at string, watch bool, ask func(context.Context) (house.Look, error)) error {
	var err error
	if watch {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		err = b.watch(ctx, w, tick, ask)
	} else {
		_, err = b.print(ctx, w, "", screenOf(w.out).unrolled(), ask)
	}
	if errors.Is(err, publish.ErrNotFound) {
		return errors.New(strings.TrimPrefix(strings.TrimSpace(err.Error()), publish.ErrNotFound.Error()+": "))
	}
	return notRunning(err, at)
}

// watch prints until it is told to end.
func (b beside) watch(ctx context.Context, w world, tick *time.Ticker, ask func(context.Context) (house.Look, error)) error {
	var before string
	for {
		now, err := b.print(ctx, w, before, screenOf(w.out), ask)
		if err != nil && ctx.Err() == nil {
			return err
		}
		before = now
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// print prints what ask says, as much of it as a screen has place for, unless it was printed before.
func (b beside) print(ctx context.Context, w world, before string, on screen, ask func(context.Context) (house.Look, error)) (string, error) {
	look, err := ask(ctx)
	if err != nil {
		return "", err
	}
	text := on.top(lookText(look, time.Local, on.columns))
	if *b.asJSON {
		data, err := json.Marshal(look)
		if err != nil {
			return "", err
		}
		text = string(data) + "\n"
	}
	if text == before {
		return text, nil
	}
	_, err = fmt.Fprint(w.out, over(w, before != "" && !*b.asJSON), text)
	return text, err
}

// over is what comes between one look and the next: on a terminal it takes the
// place of the one before, elsewhere a line is left free.
func over(w world, again bool) string {
	switch {
	case !again:
		return ""
	case isTerminal(w.out):
		return "\x1b[H\x1b[2J"
	}
	return "\n"
}

// lookText is a look in lines of so many columns at most: what is worst comes first. Of
// whose times are others than here, the zone is said at the end.
func lookText(l house.Look, here *time.Location, columns int) string {
	var b strings.Builder
	para := func(indent, s string) { wrapped(&b, indent, text.Unbroken(s), columns) }
	part := func(title string, list []string) {
		if len(list) == 0 {
			return
		}
		b.WriteString("\n" + title + "\n")
		for _, s := range list {
			para("  ", s)
		}
	}
	para("", l.Sentence)
	for _, s := range l.Lines {
		para("", s)
	}
	for i, x := range l.Incidents {
		if i == 0 {
			b.WriteString("\n")
		}
		para("", x.Sentence)
		for _, s := range x.Lines {
			para("  ", s)
		}
	}
	for i, p := range l.Products {
		if i == 0 {
			b.WriteString("\n")
		}
		para("", productLine(p))
		if note := strings.Join(nonEmpty(p.Since, p.Note), ". "); note != "" {
			para("  ", text.Capital(strings.TrimSuffix(note, ".")+"."))
		}
	}
	for _, c := range l.Checks {
		b.WriteString("\n")
		para("", c.ID+": "+c.Word+". "+c.Figure)
		for _, s := range append(append([]string{}, c.Lines...), c.From) {
			para("  ", s)
		}
	}
	part("The last failures, newest first", l.Failures)
	part("What was tried", l.Marks)
	part("Timeline", l.Timeline)
	if zone, err := time.LoadLocation(l.Zone); err == nil && l.At.In(zone).Format("-0700") != l.At.In(here).Format("-0700") {
		b.WriteString("\n")
		para("", "Times are those of "+l.Zone+".")
	}
	return b.String()
}

// productLine is a product in a line: "Billing: degraded, 3.9 % (3.0-5.1 %), 53 of 1,349 failed in 10 min".
func productLine(p house.ProductLook) string {
	s := p.Name + ": " + p.Level
	if p.Share != "" {
		s += ", " + p.Share
		if p.Interval != "" {
			s += " (" + p.Interval + ")"
		}
	}
	if p.Counts != "" {
		s += ", " + p.Counts
	}
	return s
}

func nonEmpty(list ...string) (out []string) {
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/adopt"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/shadow"
)

func shadowCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "shadow --from TOOL --beside WHERE [--for 24h] [--config FILE] FILE...",
		Short: "run the carried checks beside the other tool, and say where the two differ",
		Long: `After "statusbot init --from TOOL FILE...": it runs the checks of the configuration that were made of these
FILEs, as often as they say, tells nobody, and reads what the other tool thinks of the same
things. WHERE is
  gatus       its address, http://gatus.example.com:8080
  blackbox    that of Prometheus, http://prometheus.example.com:9090
  nagios      the path of its status.dat
  uptime-kuma its address with an API key, http://:KEY@kuma.example.com:3001
At the end, or at an interrupt, it prints a line for each check. The two agree when both call it up
or both down; degraded and WARNING are up. "in between" are those where our try before or
after theirs agrees: it changed at that moment.

Exit codes: 0 they never differed, 1 they did, or it could not be compared, 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot shadow --config statusbot.yaml --from gatus --beside http://127.0.0.1:8080 --for 24h gatus.yaml`,
	}
	s := shadowing{w: w}
	c.Flags().StringVar(&s.from, "from", "", "the other `TOOL`: "+strings.Join(shadow.Tools(), ", "))
	c.Flags().StringVar(&s.where, "beside", "", "`WHERE` it says what it thinks")
	c.Flags().DurationVar(&s.long, "for", 24*time.Hour, "how long")
	c.Flags().DurationVar(&s.every, "poll", 15*time.Second, "how often the other tool is asked")
	c.Flags().BoolVar(&s.asJSON, "json", false, "print JSON lines")
	file := configFlag(c)
	c.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault) // files
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case !slices.Contains(shadow.Tools(), s.from):
			return usageError(fmt.Sprintf("--from is %q; write one of %s, which say what they think", s.from, strings.Join(shadow.Tools(), ", ")))
		case len(args) == 0:
			return usageError("name the files that the checks were made of")
		case s.long <= 0 || s.every <= 0:
			return usageError("--for and --poll are more than 0")
		}
		var err error
		if s.theirs, err = shadow.NewReader(s.from, s.where, &http.Client{Timeout: 10 * time.Second}); err != nil {
			return usageError(fmt.Sprintf("--beside %q: %v", s.where, err))
		}
		return s.shadow(c.Context(), *file, args)
	}
	return c
}

// shadowing is one call of shadow.
type shadowing struct {
	w           world
	from, where string
	long, every time.Duration
	asJSON      bool
	theirs      shadow.Reader

	mu    sync.Mutex
	table *shadow.Table
}

func (s *shadowing) shadow(ctx context.Context, file string, sources []string) error {
	list, there, err := s.carried(file, sources)
	if err != nil {
		return err
	}
	s.table = shadow.NewTable(list, func(id string) string { return there[id] })
	if err := s.look(ctx); err != nil { // what cannot be read at all is said now and not in a day
		return err
	}
	run, err := runner.New(kinds.Compile, list, func(batch []checks.Result) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, r := range batch {
			s.table.Ours(r)
		}
	}, runner.Config{})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.w.err, "%s beside %s for %s; nobody is told anything. An interrupt ends it with what was seen so far.\n", count(len(list), "check"), s.from, s.long)
	until, cancel := context.WithTimeout(ctx, s.long)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- run.Run(until) }()
	s.follow(until)
	if err := <-ended; err != nil && until.Err() == nil {
		return err
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := s.look(last); err != nil {
		fmt.Fprintln(s.w.err, err)
	}
	return s.tell(s.table.Rows())
}

// carried returns the checks of the configuration that were made of the sources,
// and what the other tool names each.
func (s *shadowing) carried(file string, sources []string) (list []checks.Check, there map[string]string, err error) {
	cfg, err := config.Load(file, s.w.env)
	if err != nil {
		return nil, nil, err
	}
	texts, err := read(sources)
	if err != nil {
		return nil, nil, err
	}
	plan, err := adopt.From(s.from, texts)
	if err != nil {
		return nil, nil, err
	}
	there = map[string]string{}
	for _, c := range plan.Checks {
		there[c.ID] = c.There
	}
	list = slices.DeleteFunc(slices.Clone(cfg.Checks), func(c checks.Check) bool { return there[c.ID] == "" || c.Passive })
	if len(list) == 0 {
		return nil, nil, fmt.Errorf("no check of %s was made of %s; statusbot init --from %s writes them", file, strings.Join(sources, ", "), s.from)
	}
	return list, there, nil
}

// follow reads what the other tool thinks until ctx ends. What fails is said when
// it begins and when it is over.
func (s *shadowing) follow(ctx context.Context) {
	t := time.NewTicker(s.every)
	defer t.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		err := s.look(ctx)
		switch {
		case ctx.Err() != nil:
		case err != nil && !failing:
			fmt.Fprintf(s.w.err, "%v; it is asked again every %s\n", err, s.every)
		case err == nil && failing:
			fmt.Fprintln(s.w.err, s.from+" answers again")
		}
		failing = err != nil
	}
}

func (s *shadowing) look(ctx context.Context) error {
	list, err := s.theirs(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range list {
		s.table.Theirs(v)
	}
	return nil
}

// tell prints what was seen. The error is that the two differ, or that nothing
// could be compared.
func (s *shadowing) tell(rows []shadow.Row) error {
	differ, pairs := 0, 0
	enc := json.NewEncoder(s.w.out)
	enc.SetEscapeHTML(false)
	for _, r := range rows {
		differ, pairs = differ+r.Differs(), pairs+r.Pairs
		if s.asJSON {
			if err := enc.Encode(r); err != nil {
				return fmt.Errorf("write what was seen: %w", err)
			}
		}
	}
	if !s.asJSON {
		shadowTable(s.w.out, rows)
	}
	switch {
	case pairs == 0:
		return errors.New("nothing could be compared: " + s.from + " says nothing of these checks in that time; are the files and the address of the same?")
	case differ > 0:
		return exitError(exitFailed)
	}
	return nil
}

// shadowTable prints a line for each check, those that differ most first, and examples below.
func shadowTable(out io.Writer, rows []shadow.Row) {
	slices.SortStableFunc(rows, func(x, y shadow.Row) int { return y.Differs() - x.Differs() })
	width := len("CHECK")
	for _, r := range rows {
		width = max(width, len(r.Check))
	}
	fmt.Fprintf(out, "%-*s  TRIES  COMPARED  AGREED  IN BETWEEN  UP THERE, DOWN HERE  DOWN THERE, UP HERE  NOT KNOWN\n", width, "CHECK")
	for _, r := range rows {
		fmt.Fprintf(out, "%-*s  %5d  %8d  %6d  %10d  %19d  %19d  %9d\n", width, r.Check, r.Tries, r.Pairs, r.Agreed, r.Edge, r.WeDown, r.WeUp, r.Unknown)
	}
	for _, r := range rows {
		if len(r.Examples) == 0 && r.Pairs > 0 {
			continue
		}
		fmt.Fprintf(out, "\n%s, there %s:\n", r.Check, r.There)
		if r.Pairs == 0 {
			fmt.Fprintln(out, "  nothing was heard of it there")
		}
		for _, e := range r.Examples {
			fmt.Fprintf(out, "  %s  there %s\n  %s  here  %s\n", e.At.UTC().Format("2006-01-02 15:04:05"), e.They, strings.Repeat(" ", 19), e.We)
		}
	}
}

package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	execkind "github.com/statusbot/statusbot/internal/checks/kind/exec"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/house"
)

func validateCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "validate --config FILE",
		Short: "read the configuration and say everything that is wrong with it",
		Long: `Every problem is one line on standard output: file, line, key, what is wrong and what
to write instead. Warnings are on standard error, and so are notes of components that no
check tells apart, with the check that would.

Exit codes: 0 valid, 1 not valid, 64 wrong call.`,
		Example: `  statusbot validate --config config.example.yaml`,
		Args:    noArgs("; the file goes with --config"),
	}
	file := configFlag(c)
	c.RunE = func(_ *cobra.Command, _ []string) error {
		cfg, err := config.Load(*file, w.env)
		if problems, ok := errors.AsType[config.Problems](err); ok {
			fmt.Fprintln(w.out, problems.Error())
			fmt.Fprintf(w.err, "%s.\n%s", count(len(problems), "problem"), tokensHint(problems))
			return exitError(exitFailed)
		}
		if err != nil {
			return err // unreachable: Load returns Problems
		}
		warn(w, cfg)
		warnOfScripts(w, cfg)
		for _, line := range format.Indistinct(house.Definition(cfg)) {
			fmt.Fprintln(w.err, "note: "+line)
		}
		fmt.Fprintf(w.out, "%s is valid: %s, %s, %s.\n", *file, count(len(cfg.Products), "product"),
			count(len(cfg.Components), "component"), count(len(cfg.Checks), "check"))
		return nil
	}
	return c
}

// warnOfScripts names the checks whose script is not there, or may not be run: on the machine
// where statusbot is to run they would be unknown.
func warnOfScripts(w world, cfg *config.Config) {
	for _, c := range cfg.Checks {
		if c.Kind != execkind.Kind.Name {
			continue
		}
		if err := execkind.Find(c); err != nil {
			fmt.Fprintf(w.err, "warning: %s: check %s: %v\n", c.Source, c.ID, err)
		}
	}
}

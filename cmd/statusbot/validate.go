package main

import (
	"encoding/json"
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
		Use:   "validate --config FILE [--json]",
		Short: "read the configuration and say everything that is wrong with it",
		Long: `Every problem is one line on standard output: file, line, key, what is wrong and what
to write instead. Warnings are on standard error, and so are notes of components that no
check tells apart, with the check that would.

Exit codes: 0 valid, 1 not valid, 64 wrong call.`,
		Example: `  statusbot validate --config config.example.yaml`,
		Args:    noArgs("; the file goes with --config"),
	}
	file := configFlag(c)
	asJSON := c.Flags().Bool("json", false, "print one JSON object: valid, problems, warnings, notes and counts")
	c.RunE = func(_ *cobra.Command, _ []string) error {
		cfg, err := config.Load(*file, w.env)
		if *asJSON {
			return validateJSON(w, *file, cfg, err)
		}
		if problems, ok := errors.AsType[config.Problems](err); ok {
			fmt.Fprintln(w.out, problems.Error())
			fmt.Fprintf(w.err, "%s.\n%s", count(len(problems), "problem"), beginHint(problems)+tokensHint(problems))
			return exitError(exitFailed)
		}
		if err != nil {
			return err // unreachable: Load returns Problems
		}
		warn(w, cfg)
		for _, line := range missingInShort(missingScripts(cfg)) {
			fmt.Fprintln(w.err, "warning: "+line)
		}
		for _, line := range format.Indistinct(house.Definition(cfg)) {
			fmt.Fprintln(w.err, "note: "+line)
		}
		fmt.Fprintf(w.out, "%s is valid: %s, %s, %s.\n", *file, count(len(cfg.Products), "product"),
			count(len(cfg.Components), "component"), count(len(cfg.Checks), "check"))
		return nil
	}
	return c
}

// missingScripts names the checks whose script is not there, or may not be run: on the machine
// where statusbot is to run they would be unknown.
// missingScript is a check whose script cannot be run.
type missingScript struct{ where, check, why string }

func (m missingScript) String() string { return m.where + ": check " + m.check + ": " + m.why }

// missingInShort says once what is so of several checks, such as a plugin that is not
// installed here, and counts what is more than a screen holds.
func missingInShort(all []missingScript) (lines []string) {
	const most = 8
	of := map[string]int{} // :: why -> how many checks
	for _, m := range all {
		of[m.why]++
	}
	told, others := map[string]bool{}, 0
	for _, m := range all {
		switch {
		case told[m.why]:
		case len(lines) == most:
			others += of[m.why]
			told[m.why] = true
		default:
			if told[m.why] = true; of[m.why] > 1 {
				m.check += " and " + count(of[m.why]-1, "more check")
			}
			lines = append(lines, m.String())
		}
	}
	if others > 0 {
		lines = append(lines, fmt.Sprintf("the scripts of %s cannot be run either; --json names each", count(others, "more check")))
	}
	return lines
}

func missingScripts(cfg *config.Config) (all []missingScript) {
	for _, c := range cfg.Checks {
		if c.Kind != execkind.Kind.Name {
			continue
		}
		if err := execkind.Find(c); err != nil {
			all = append(all, missingScript{c.Source.String(), c.ID, err.Error()})
		}
	}
	return all
}

// validityJSON is what --json prints. Fields may be added, none is renamed.
type validityJSON struct {
	File       string        `json:"file"`
	Valid      bool          `json:"valid"`
	Problems   []problemJSON `json:"problems"`
	Warnings   []string      `json:"warnings"`
	Notes      []string      `json:"notes"`
	Products   int           `json:"products"`
	Components int           `json:"components"`
	Checks     int           `json:"checks"`
}

type problemJSON struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Path    string `json:"path,omitempty"`
	Message string `json:"message"`
	Instead string `json:"instead,omitempty"`
}

// validateJSON prints what Load said of a configuration.
func validateJSON(w world, file string, cfg *config.Config, err error) error {
	problems, bad := errors.AsType[config.Problems](err)
	if err != nil && !bad {
		return err // unreachable: Load returns Problems
	}
	v := validityJSON{File: file, Valid: !bad, Problems: []problemJSON{}, Warnings: []string{}, Notes: []string{}}
	for _, p := range problems {
		v.Problems = append(v.Problems, problemJSON(p))
	}
	if !bad {
		for _, p := range cfg.Warnings {
			v.Warnings = append(v.Warnings, p.String())
		}
		for _, m := range missingScripts(cfg) {
			v.Warnings = append(v.Warnings, m.String())
		}
		v.Notes = append(v.Notes, format.Indistinct(house.Definition(cfg))...)
		v.Products, v.Components, v.Checks = len(cfg.Products), len(cfg.Components), len(cfg.Checks)
	}
	enc := json.NewEncoder(w.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write what is wrong: %w", err)
	}
	if bad {
		return exitError(exitFailed)
	}
	return nil
}

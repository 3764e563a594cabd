package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/house"
)

func doctorCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor --config FILE [--send] [--json]",
		Short: "look at everything that run needs, and say the cure for what is wrong",
		Long: `It reads the configuration, tries the data directory and the journal, and asks Slack:
tokens, scopes, the channel, people and groups that access names, this machine's
clock; in socket mode it opens one socket for a moment, in http mode it sends itself
a signed request; each of the other ways is reached for. It posts nothing, unless --send
has each way tell a test message. It may run while the bot does. One line for each
finding: ok, warning, problem or skipped. --json prints one object per line: about,
grade, says, cure.

Exit codes: 0 no problem, 1 a problem, 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot doctor --config config.yaml`,
		Args:    noArgs("; the file goes with --config"),
	}
	fs := c.Flags()
	file := configFlag(c)
	dir := fs.String("data-dir", "", "where everything is kept that survives a restart; overrides data_dir")
	send := fs.Bool("send", false, "send a test message by each of the other ways")
	asJSON := fs.Bool("json", false, "print JSON lines")
	completeFolder(c, "data-dir")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx := c.Context()
		cfg, err := config.Load(*file, w.env)
		if err != nil {
			return err
		}
		if *dir != "" {
			cfg.DataDir = *dir
		}
		problems := 0
		for _, f := range examine(ctx, *file, cfg, *send, time.Now) {
			if f.Grade == bot.Bad {
				problems++
			}
			if err := printFinding(w, f, *asJSON); err != nil {
				return fmt.Errorf("write findings: %w", err)
			}
		}
		if problems > 0 {
			fmt.Fprintln(w.err, count(problems, "problem")+".")
			return exitError(exitFailed)
		}
		return nil
	}
	return c
}

func printFinding(w world, f bot.Finding, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w.out)
		enc.SetEscapeHTML(false) // "App > Scopes" is read by people too
		return enc.Encode(f)
	}
	line := fmt.Sprintf("%-8s %s: %s", f.Grade, f.About, f.Says)
	if f.Cure != "" {
		line += "; " + f.Cure
	}
	_, err := fmt.Fprintln(w.out, line)
	return err
}

// examine looks at everything, and with send tries the other ways; now is this machine's clock.
func examine(ctx context.Context, file string, cfg *config.Config, send bool, now func() time.Time) []bot.Finding {
	out := []bot.Finding{{About: "configuration", Grade: bot.Good, Says: fmt.Sprintf("%s is valid: %s, %s", file,
		count(len(cfg.Products), "product"), count(len(cfg.Checks), "check"))}}
	for _, w := range cfg.Warnings {
		out = append(out, bot.Finding{About: "configuration", Grade: bot.Odd, Says: w.String()})
	}
	return append(out, house.Examine(ctx, cfg, send, now)...)
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/replay"
)

func exportCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "export --data-dir DIR | --config FILE",
		Short: "write the results that the journal keeps, one JSON object a line, for replay",
		Long: `It reads the journal, or asks the statusbot that runs there. Results are kept for the time that
journal.results_age says. They go to standard output, in the order in which they were stored;
how many there are is said on standard error.

Exit codes: 0 done, 1 failed, 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot export --data-dir /var/lib/statusbot > results.jsonl
  statusbot export --config /etc/statusbot/config.yaml --since 24h > results.jsonl`,
	}
	fs := c.Flags()
	file := fs.StringP("config", "c", "", "the configuration's main file, which says where the journal is")
	dir := fs.String("data-dir", "", "the bot's data directory; overrides data_dir")
	since := fs.Duration("since", 0, "only what was stored within this time before now; 0: all")
	completeFolder(c, "data-dir")
	completeFiles(c, "config", "yaml", "yml")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError(fmt.Sprintf("unexpected argument %q", args[0]))
		}
		keep, err := journalNamed(w, *file, *dir)
		if err != nil {
			return err
		}
		n, err := replay.Export(c.Context(), keep, *since, w.out)
		if err == nil {
			fmt.Fprintln(w.err, count(n, "result"))
		}
		return err
	}
	return c
}

// journalNamed is where the journal is that flags name: the configuration's, or that of a
// data directory. One of both must be given.
func journalNamed(w world, file, dir string) (journal.Config, error) {
	switch {
	case file != "":
		cfg, err := config.Load(file, w.env)
		if err != nil {
			return journal.Config{}, err
		}
		warn(w, cfg)
		return journalOf(cfg, dir), nil
	case dir == "":
		return journal.Config{}, usageError("--data-dir is missing; name the bot's data directory, or its configuration by --config")
	}
	return journal.Config{Dir: dir}, nil
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/replay"
)

func exportCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "export --data-dir DIR",
		Short: "write the results that the journal keeps, one JSON object a line, for replay",
		Long: `It reads the journal, or asks the statusbot that runs there. Results are kept for the time that
journal.results_age says. They go to standard output, in the order in which they were stored;
how many there are is said on standard error.

Exit codes: 0 done, 1 failed, 64 wrong call.`,
		Example: `  statusbot export --data-dir /var/lib/statusbot > results.jsonl`,
	}
	fs := c.Flags()
	dir := fs.String("data-dir", "", "the bot's data directory")
	since := fs.Duration("since", 0, "only what was stored within this time before now; 0: all")
	completeFolder(c, "data-dir")
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx := c.Context()
		switch {
		case len(args) > 0:
			return usageError(fmt.Sprintf("unexpected argument %q", args[0]))
		case *dir == "":
			return usageError("--data-dir is missing; name the bot's data directory")
		}
		n, err := replay.Export(ctx, *dir, *since, w.out)
		if err == nil {
			fmt.Fprintln(w.err, count(n, "result"))
		}
		return err
	}
	return c
}

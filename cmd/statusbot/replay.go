package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/replay"
)

// replayLong is what replay --help says.
const replayLong = `RESULTS is a file of results, one JSON object a line: either the journal's own export
(statusbot export) or the fault scenarios' form,
  {"t":12.3,"check":"mail/login","product":"mail","probe":"fra",
   "ok":false,"latency_ms":5000,"error":"timeout"}
with t in seconds since the start that the scenario's config.json names. FILE is a configuration,
or such a config.json. Decisions go to standard output, one JSON object a line; with --render,
the updates that would have been posted, as text. On a terminal the progress is shown.
With --marks, a file of actions that were taken, {"t":4521,"text":"restarted lb-3"} a line, what
became of each is a decision, too: whether it helped.
With --speed the running bot plays them into a local workspace, whose page's address it
prints, N times faster than they came (1 to 100): updates, /status and marks work as ever.
What ended before --from is read at once. It ends on SIGINT or SIGTERM.

Exit codes: 0 done, 1 failed, 64 wrong call, 78 bad configuration.`

func replayCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "replay --config FILE [--metrics FILE] [--marks FILE] [--render | --speed N] RESULTS",
		Short: "run recorded results through the same board, on their own clock, and write what it decides",
		Long:  replayLong,
		Example: `  statusbot export --data-dir data > results.jsonl
  statusbot replay --config company.yaml --render results.jsonl
  statusbot replay --config company.yaml --speed 30 --from 2026-03-02T08:00:00Z results.jsonl`,
	}
	fs := c.Flags()
	file := configFlag(c)
	metrics := fs.String("metrics", "", "file of the components' own metrics, one JSON object a line")
	marks := fs.String("marks", "", "file of actions that were taken, one JSON object a line: whether each helped is written")
	render := fs.Bool("render", false, "show the updates that would have been posted instead of decisions")
	speed := fs.Float64("speed", 0, "play into a local workspace, so many times faster than the results came")
	from := fs.String("from", "", "with --speed: the time, or how long after the first result, from which it plays; empty: the first result")
	listen := fs.String("listen", "127.0.0.1:8085", "with --speed: address of the workspace's page")
	logger := logFlags(c, "error")
	c.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault) // a file
	c.RunE = func(c *cobra.Command, args []string) error {
		ctx := c.Context()
		if len(args) != 1 {
			return usageError("name one file of results")
		}
		live := fs.Changed("speed")
		if err := checkReplay(live, *speed, *from, *listen, *render || *metrics != "" || *marks != ""); err != nil {
			return err
		}
		if *render && *marks != "" {
			return usageError("--render goes without --marks: what became of a mark is a decision")
		}
		log, err := logger(w.err)
		if err != nil {
			return err
		}
		plan := replay.Plan{Config: *file, Metrics: *metrics, Marks: *marks, Results: args[0], Render: *render, Out: w.out, Err: w.err,
			Load: func() (*config.Config, error) { return config.Load(*file, w.env) }}
		if live {
			plan.Live = &replay.Live{Speed: *speed, From: *from, Listen: *listen,
				Start: func(ctx context.Context, cfg *config.Config, play house.Playback) error {
					return start(ctx, cfg, nil, extras{shows: true, play: play}, log, w)
				}}
		}
		err = replay.Run(ctx, plan)
		if wrong, ok := errors.AsType[replay.FromError](err); ok {
			return usageError(wrong.Error())
		}
		return err
	}
	return c
}

// checkReplay refuses flags of replay that do not go together; still says that
// one of those is there that --speed has no use for.
func checkReplay(live bool, speed float64, from, listen string, still bool) error {
	switch {
	case !live && from != "":
		return usageError("--from says from when on --speed plays; add --speed N")
	case !live:
		return nil
	case speed < 1 || speed > replay.MostSpeed:
		return usageError(fmt.Sprintf("--speed is %g; write a number from 1 to %d", speed, replay.MostSpeed))
	case still:
		return usageError("--speed goes without --render, --metrics and --marks")
	}
	return checkListen(listen)
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/journal"
)

var exportCommand = command{
	name: "export", usage: "--data-dir DIR",
	summary: "write the results that the journal keeps, one JSON object a line, for replay",
	help: `The data directory must not be in use: stop the bot, or export a copy of the directory.
Results are kept for the time that journal.results_age says. They go to standard output, in the
order in which they were stored; how many there are is said on standard error.

Exit codes: 0 done, 1 failed, 64 wrong call.

Example:
  statusbot export --data-dir /var/lib/statusbot > results.jsonl`,
	flags: func(fs *pflag.FlagSet) func(context.Context, []string, world) error {
		dir := fs.String("data-dir", "", "the bot's data directory")
		since := fs.Duration("since", 0, "only what was stored within this time before now; 0: all")
		return func(ctx context.Context, args []string, w world) error {
			switch {
			case len(args) > 0:
				return usageError(fmt.Sprintf("unexpected argument %q", args[0]))
			case *dir == "":
				return usageError("--data-dir is missing; name the bot's data directory")
			}
			return export(ctx, *dir, *since, w)
		}
	},
}

func export(ctx context.Context, dir string, since time.Duration, w world) (err error) {
	if _, err := os.Stat(filepath.Join(dir, "nats")); err != nil {
		return fmt.Errorf("%s holds no journal: %w", dir, err)
	}
	// What is kept does not change by looking at it: no result is too old.
	j, err := journal.Open(ctx, journal.Config{Dir: dir, ResultsAge: exportAge, Log: zap.NewNop()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	var from time.Time
	if since > 0 {
		from = time.Now().Add(-since)
	}
	out := bufio.NewWriterSize(w.out, 1<<16)
	n := 0
	follow, stop := context.WithCancel(ctx)
	defer stop()
	err = j.FollowResults(follow, from, func(r journal.Record) error {
		list, err := checks.DecodeResults(r.Data)
		if err != nil {
			return fmt.Errorf("batch %d: %w", r.Seq, err)
		}
		n += len(list)
		data, err := checks.EncodeResults(list) // each line ends, whatever the batch did
		if err != nil {
			return fmt.Errorf("batch %d: %w", r.Seq, err)
		}
		_, err = out.Write(data)
		return err
	}, stop)
	if err != nil && follow.Err() == nil || ctx.Err() != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w.err, "%s\n", count(n, "result"))
	return nil
}

// exportAge is longer than results are ever kept.
const exportAge = 10 * 365 * 24 * time.Hour

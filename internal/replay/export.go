package replay

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/journal"
)

// Export writes the results that the journal in a data directory holds, in the
// order in which they were stored, one JSON object a line: those that were stored
// within a time before now; 0: all. It returns how many there are. A directory
// that is in use is an error.
func Export(ctx context.Context, dir string, since time.Duration, to io.Writer) (n int, err error) {
	if _, err := os.Stat(filepath.Join(dir, "nats")); err != nil {
		return 0, fmt.Errorf("%s holds no journal: %w", dir, err)
	}
	// What is kept does not change by looking at it: no result is too old.
	j, err := journal.Open(ctx, journal.Config{Dir: dir, ResultsAge: exportAge, Log: zap.NewNop()})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	var from time.Time
	if since > 0 {
		from = time.Now().Add(-since)
	}
	out := bufio.NewWriterSize(to, 1<<16)
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
		return n, err
	}
	return n, out.Flush()
}

// exportAge is longer than results are ever kept.
const exportAge = 10 * 365 * 24 * time.Hour

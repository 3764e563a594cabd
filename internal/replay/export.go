package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/journal"
)

// Export writes the results that a journal holds, which lives in a data directory or in
// a cluster of NATS (keep.Dir, keep.URL), in the
// order in which they were stored, one JSON object a line: those that were stored
// within a time before now; 0: all. It returns how many there are. The statusbot
// that runs there, if one does, is asked for them; another process that holds the
// directory is journal.ErrLocked.
func Export(ctx context.Context, keep journal.Config, since time.Duration, to io.Writer) (n int, err error) {
	keep.Log = zap.NewNop()
	if keep.URL == "" {
		if !journal.Holds(keep.Dir) {
			return 0, fmt.Errorf("%s holds no journal", keep.Dir)
		}
		keep.ResultsAge = exportAge
	}
	var from time.Time
	if since > 0 {
		from = time.Now().Add(-since)
	}
	j, err := journal.Open(ctx, keep)
	if errors.Is(err, journal.ErrLocked) {
		n, beside := house.ResultsBeside(ctx, keep.Dir, from, to)
		if errors.Is(beside, house.ErrNoDoor) {
			return n, errors.Join(err, beside)
		}
		return n, beside
	}
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	return house.WriteResults(ctx, j, from, to)
}

// exportAge is longer than results are ever kept: what is kept in a directory does not
// change by looking at it.
const exportAge = 10 * 365 * 24 * time.Hour

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

// Export writes the results that the journal in a data directory holds, in the
// order in which they were stored, one JSON object a line: those that were stored
// within a time before now; 0: all. It returns how many there are. The statusbot
// that runs there, if one does, is asked for them; another process that holds the
// directory is journal.ErrLocked.
func Export(ctx context.Context, dir string, since time.Duration, to io.Writer) (n int, err error) {
	if !journal.Holds(dir) {
		return 0, fmt.Errorf("%s holds no journal", dir)
	}
	// What is kept does not change by looking at it: no result is too old.
	var from time.Time
	if since > 0 {
		from = time.Now().Add(-since)
	}
	j, err := journal.Open(ctx, journal.Config{Dir: dir, ResultsAge: exportAge, Log: zap.NewNop()})
	if errors.Is(err, journal.ErrLocked) {
		n, beside := house.ResultsBeside(ctx, dir, from, to)
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

// exportAge is longer than results are ever kept.
const exportAge = 10 * 365 * 24 * time.Hour

package house

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/statusbot/statusbot/internal/journal"
)

// Backup writes all that the journal of a data directory holds to out, or has the
// house write it that runs there. It fails where there is no journal.
func Backup(ctx context.Context, dir string, out io.Writer) error {
	if !journal.Holds(dir) {
		return fmt.Errorf("%s holds no journal; name the bot's data directory by --data-dir", dir)
	}
	j, err := journal.Open(ctx, journal.Config{Dir: dir})
	if errors.Is(err, journal.ErrLocked) {
		body, beside := askDoor(ctx, dir, "/backup")
		if errors.Is(beside, ErrNoDoor) {
			return fmt.Errorf("%w (%w)", err, beside)
		}
		if beside != nil {
			return beside
		}
		defer body.Close()
		_, err = io.Copy(out, body)
		return err
	}
	if err != nil {
		return err
	}
	return errors.Join(j.Backup(ctx, out), j.Close())
}

// serveBackup hands the journal out as a backup. One that breaks off has no
// checksum at its end, and so is none.
func serveBackup(w http.ResponseWriter, r *http.Request, j *journal.Journal) {
	to := &begun{to: w}
	err := j.Backup(r.Context(), to)
	if err != nil && !to.yes {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	} else if err != nil {
		panic(http.ErrAbortHandler) // the reader must not take a part for the whole
	}
}

// begun notes that something was written.
type begun struct {
	to  io.Writer
	yes bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.yes = true
	return b.to.Write(p)
}

package house

import (
	"time"

	"github.com/statusbot/statusbot/internal/status"
)

// The last failures of each check are kept in the journal beside the checkpoint, in shards. They are
// stored less often than that: what a crash takes of them is within the minute before the checkpoint,
// which is replayed.
const (
	failuresShelf = "board-failures"
	failuresEvery = 30 * time.Second
)

// failures keeps the last failures of each check.
func (h *house) failures() keeper {
	return keeper{
		what: "last failures", shards: status.FailureShards, every: failuresEvery, in: h.shelf(failuresShelf),
		restore: func(_ int, data []byte) error { return h.board.RestoreFailures(data) },
		changed: func() (map[int][]byte, error) { return h.board.ChangedFailures(h.journal.MaxBody()) },
		left:    h.board.FailuresLost,
	}
}

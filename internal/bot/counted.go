package bot

import (
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// counted is what an update tells of each product, with what the whole minutes
// since the update before gave, and up to when these are counted. The first
// update counts from the earliest onset of what is hurt.
func (u *Updater) counted(snap status.Snapshot, inc incident.Incident) ([]incident.Figure, time.Time) {
	from, to := inc.LastUpdate.Counted, snap.At.Truncate(time.Minute)
	if from.IsZero() && inc.LastUpdate.N > 0 { // written down by a version that did not count
		from = inc.LastUpdate.At.Truncate(time.Minute)
	}
	if from.IsZero() {
		from = inc.OpenedAt
		for _, p := range snap.Products {
			if p.Level.Hurt() && !p.Onset.IsZero() && p.Onset.Before(from) {
				from = p.Onset
			}
		}
		from = from.Truncate(time.Minute)
	}
	if from.After(to) {
		to = from // the clock was set back
	}
	figures := snap.Figures()
	for i := range figures {
		for _, m := range u.Board.History(figures[i].Product, from, to) {
			figures[i].NewTries += m.Tries
			figures[i].NewFailures += m.Failures
		}
	}
	return figures, to
}

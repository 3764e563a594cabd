package house

import (
	"context"

	"github.com/statusbot/statusbot/internal/format"
)

// unlessBroken returns when ctx ends, or with an error when the journal cannot come
// back from memory: then a supervisor's new start may help.
func (h *house) unlessBroken(ctx context.Context) error {
	select {
	case err := <-h.journal.Broken():
		return err
	case <-ctx.Done():
		return nil
	}
}

// lost returns what a damaged file has taken, as it was found at the start.
func (h *house) lost() format.Lost {
	d := h.journal.Damage()
	if d == nil {
		return format.Lost{}
	}
	return format.Lost{Found: h.begun(), Events: d.Events, Batches: d.Batches, Others: d.Others}
}

// unkept returns what keeps the journal from the disk, if anything does.
func (h *house) unkept() format.Unkept {
	u := h.journal.Unkept()
	if u == nil {
		return format.Unkept{}
	}
	return format.Unkept{Since: u.Since, Why: u.Why}
}

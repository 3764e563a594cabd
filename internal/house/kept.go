package house

import "github.com/statusbot/statusbot/internal/format"

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

package publish

import (
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// sight writes down when most of the control checks begin to fail, so that it may
// be us who cannot see, and when that is over.
func (s *step) sight() {
	now, was := s.seen.Blind, s.log.Desk.Blind
	e := incident.Event{Incident: incident.DeskID, At: s.seen.At}
	switch {
	case now.On() && !was.On():
		e.Kind, e.Onset, e.Begins, e.Why = incident.Blind, now.Since, now.Seen, format.BlindTold(now)
	case was.On() && !now.On() && !now.Doubt && !s.seen.Waking: // after a start they have said nothing yet
		e.Kind, e.Why = incident.Sees, format.SeesTold(now)
	default:
		return
	}
	s.decide(Decision{Why: e.Why, Event: e})
}

// sureAfter is how long after we see again what began while we did not is no
// reason to open an incident: by then what was ours has passed, and what goes on
// has been seen to fail.
const sureAfter = time.Minute

// hidden reports whether a product's trouble is no reason to open an incident,
// since it goes into maintenance, or since it began while we could not see: it may be ours. Once we see again it is
// one when it is seen to go on.
func (s *step) hidden(p status.ProductStatus) bool {
	if now := s.seen.Blind; now.Doubt && p.Onset.After(now.Seen) {
		return true // the next probes of the control checks decide
	}
	if s.muted(p) {
		return true
	}
	b := s.log.Desk.Blind
	return b.Hides(p.Onset) && (b.On() || !s.goesOn(p, b.Until))
}

// goesOn reports whether a product was seen to be in trouble after an instant:
// by the whole minutes since, more than what is usual, or what a proven recovery
// would allow, would show by chance.
func (s *step) goesOn(p status.ProductStatus, since time.Time) bool {
	from := since.Truncate(time.Minute).Add(time.Minute)
	if s.seen.At.Sub(from) < sureAfter {
		return false
	}
	var bad, tries int
	for _, m := range s.seen.Past.History(p.ID, from, s.seen.At) {
		tries += m.Tries
		bad += m.Failures
		if p.Slow {
			bad += m.Slow
		}
	}
	low, _ := impact.Wilson(bad, tries)
	return bad > 0 && low > max(p.Usual, p.Limit)
}

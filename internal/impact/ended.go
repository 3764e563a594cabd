package impact

import (
	"math"
	"time"
)

// Ended returns when a level that a product has left ended: most likely, which
// is its last failure, and the latest instant with 95 %, by which another one
// would have come had it gone on. Zero where the level is not left for a better one,
// or that is not known.
func (im Impact) Ended(was Level) (at, late time.Time) {
	switch {
	case was == Outage && im.Level == Degraded && im.Answers != nil:
		return im.Answers.Last, im.Answers.Since
	case was.Hurt() && im.Level == OK && im.Proof != nil && !im.Proof.Accepted:
		if !im.Proof.Ended.IsZero() {
			return im.Proof.Ended, im.Proof.EndedHigh
		}
		return im.Proof.Since, im.Proof.ended()
	}
	return time.Time{}, time.Time{}
}

// ended is the latest instant at which the trouble ended, with 95 %: at its
// share, and at the pace of the results since, so many of them would have had
// a failure among them with that chance.
func (p *Proof) ended() time.Time {
	if p.Before == 0 || p.Share <= 0 || !p.Recovered.After(p.Since) {
		return p.Since
	}
	results := math.Log(20)
	if p.Share < 1 {
		results /= -math.Log1p(-p.Share)
	} else {
		results = 1
	}
	each := p.Recovered.Sub(p.Since) / time.Duration(p.Before)
	if late := p.Since.Add(time.Duration(results * float64(each))); late.Before(p.Recovered) {
		return late
	}
	return p.Recovered
}

// BeganBefore returns when a trouble that a product has left began, by its whole course, where that is
// before the onset that was told; zero where it is not.
func (im Impact) BeganBefore(was Level) time.Time {
	if p := im.Proof; was.Hurt() && im.Level == OK && p != nil && !p.Accepted && p.Began.Before(p.Onset) {
		return p.Began
	}
	return time.Time{}
}

package report

import (
	"time"

	"github.com/statusbot/statusbot/internal/format/picture"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
)

// slowness is what is known of how slow a product was while that was its trouble: a
// share of failures alone says of it that nothing was wrong.
type slowness struct {
	on         bool
	slow       int             // answers, of the product's tries
	points     []picture.Point // slow answers in place of failures
	most       incident.Counts // slow answers of the worst window that an update told
	p95, usual time.Duration   // the longest that an update told, and as a rule then; 0 where it is not known
}

// told takes what an update said of a product, over a stretch.
func (s *slowness) told(f incident.Figure, over picture.Point) {
	if f.Slow <= 0 {
		return
	}
	s.on = true
	if most := (incident.Counts{Failures: f.Slow, Tries: f.Tries}); most.Share() > s.most.Share() {
		s.most = most
	}
	if p95 := time.Duration(f.P95) * time.Millisecond; p95 > s.p95 {
		s.p95, s.usual = p95, time.Duration(f.Usual)*time.Millisecond
	}
	if f.NewSlow > 0 && f.NewSlow <= over.Tries {
		over.Failures = f.NewSlow
		s.points = append(s.points, over)
	}
}

// how says how slow the product was in a few words; empty where it was not.
func (s *slowness) how() string {
	switch {
	case !s.on:
		return ""
	case s.p95 == 0:
		return "slow"
	case s.usual == 0:
		return "slow, p95 up to " + text.Latency(s.p95)
	}
	return "slow, p95 up to " + text.Latency(s.p95) + ", usually " + text.Latency(s.usual)
}

// slowOf are the slow answers of a product's tries; those of its worst window where no more
// was counted.
func (p *product) slowOf() incident.Counts {
	if p.slow > 0 && p.Tries > 0 {
		return incident.Counts{Failures: p.slow, Tries: p.Tries}
	}
	return p.most
}

// slowShare writes the share of slow answers: "67 %"; empty where slowness was not the trouble.
func (p *product) slowShare() string {
	c := p.slowOf()
	if !p.on || c.Tries == 0 {
		return ""
	}
	return text.Percent(c.Share(), c.Tries)
}

// Slowly reports whether the product answered slowly and did not fail, and its slow answers
// were counted: they are what there is to see over time.
func (p *product) Slowly() bool {
	return p.Failures == 0 && len(p.slowness.points) > 0
}

// drawn are the product's points over time: failures, or slow answers from when on these
// were counted.
func (p *product) drawn() []picture.Point {
	if !p.Slowly() {
		return p.points
	}
	slow := p.slowness.points // some of the stretches of p.points, in their order
	var out []picture.Point
	began := slow[0].From
	for _, x := range p.points {
		if x.From.Before(began) {
			continue
		}
		x.Failures = 0
		if len(slow) > 0 && slow[0].To.Equal(x.To) {
			x.Failures, slow = slow[0].Failures, slow[1:]
		}
		out = append(out, x)
	}
	return out
}

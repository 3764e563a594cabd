package impact

import (
	"slices"
	"time"
)

// Evidence is what one check saw from one vantage since the trouble began.
// A check that is still learning what is usual should have a safe baseline
// (too high rather than too low) and no Slow.
type Evidence struct {
	Check, Product string
	Counts                  // since the onset; Slow are answers that were slower than usual
	Usual          float64  // the check's baseline share of failures
	UsualSlow      float64  // and of slow answers among those that came
	Uses           []string // ids of the components it goes through, as declared: the closure over depends_on
	Vantage        string   // that it runs at; empty when there is only one
	Region         string   // the region of the product that it asks; empty when there is only one
	Inside         bool     // measured at the one component that it is about: what stands in front of that is not on its way
}

// AppendEvidence appends to list what each of the product's checks saw from an
// instant on, and how that compares with what is usual: what a ranking of causes goes by.
func (t *Tracker) AppendEvidence(list []Evidence, since time.Time) []Evidence {
	list = slices.Grow(list, len(t.tapes))
	for i, tp := range t.tapes {
		s := &t.now.Streams[i]
		e := Evidence{Check: tp.check.id, Product: tp.check.product, Usual: s.usual().mean(failPrior), UsualSlow: s.Slow.mean(slowPrior),
			Uses: tp.check.uses, Vantage: tp.vantage, Region: tp.check.region, Inside: tp.check.inside}
		e.Counts = t.between(i, since.UnixNano(), t.now.At)
		list = append(list, e)
	}
	return list
}

// OnlyFrom reports whether the product's present trouble shows from one
// vantage and from no other.
func (t *Tracker) OnlyFrom(vantage string) bool {
	tr := &t.now.Trouble
	if !tr.On {
		return false
	}
	mc := machineOf(tr.Slow)
	seen := false
	for i, tp := range t.tapes {
		s := &t.now.Streams[i]
		if tp.vantage == vantage {
			seen = seen || s.Bad > 0
			continue
		}
		if s.struck(mc) { // two usual failures in a row are no trouble there
			return false
		}
	}
	return seen
}

// Vantages adds, to the counts of each of our vantages, the product's bad results
// since the onset of its trouble and its streams; with noticed only those results by
// which the trouble was noticed.
func (t *Tracker) Vantages(bad, streams map[string]int, noticed bool) {
	tr := &t.now.Trouble
	for i, tp := range t.tapes {
		streams[tp.vantage]++
		switch {
		case !tr.On:
		case noticed:
			c := t.between(i, tr.Onset, tr.Began)
			if tr.Slow {
				c.Failures = c.Slow
			}
			bad[tp.vantage] += c.Failures
		default:
			bad[tp.vantage] += int(t.now.Streams[i].Bad)
		}
	}
}

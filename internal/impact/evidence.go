package impact

import (
	"slices"
	"time"
)

// AppendEvidence appends to list what each of the product's checks saw from an
// instant on, and how that compares with what is usual: what Rank goes by.
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
		if s.Bad >= 2 && float64(s.Bad) > 6*s.ratios(mc).share*float64(s.N)+1 {
			return false
		}
	}
	return seen
}

// Places adds, to the counts of each of our places, the product's bad results
// since the onset of its trouble and its streams.
func (t *Tracker) Places(bad, streams map[string]int) {
	for i, tp := range t.tapes {
		streams[tp.vantage]++
		if t.now.Trouble.On {
			bad[tp.vantage] += int(t.now.Streams[i].Bad)
		}
	}
}

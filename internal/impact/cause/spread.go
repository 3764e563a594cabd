package cause

import "math"

// spreads weighs that slowness is not a fault's own but what it does to others:
// those that call it try again, and wait, and load what else they call. So a part
// of all checks is slow, whatever they use, or those that go through one component.
// It is the same for whatever fails.
func (f *field) spreads(single []suspectSums) float64 {
	terms := make([]float64, 0, len(f.parts)+len(f.suspects))
	for _, x := range f.parts {
		terms = append(terms, x.nats()-math.Log(2*float64(len(f.parts))))
	}
	for i := range f.suspects {
		if s := &f.suspects[i]; s.kind == Component && len(s.users) > 0 {
			terms = append(terms, f.slow(&single[i].sums)-math.Log(2*float64(len(f.suspects))))
		}
	}
	return logSumExp(terms)
}

// slow weighs that a suspect is slow.
func (f *field) slow(s *sums) float64 {
	var room [edgeModels * slowModes]float64
	terms := room[:0]
	for e := range edgeModels {
		for m := failModes; m < modes; m++ {
			j := e*modes + m
			terms = append(terms, edges[e].prior-math.Log(slowModes)+(f.base[j]+s[j]).nats())
		}
	}
	return logSumExp(terms)
}

// failing reports whether a suspect rather fails than that it only makes slow: what is slow
// beside it and does not fail is then told apart.
func (f *field) failing(i int) bool {
	x := f.sumsOf(&f.suspects[i])
	var fails, slow []float64
	for e := range edgeModels {
		for m := range modes {
			nats := edges[e].prior + lnModePrior[m] + (f.base[e*modes+m] + x.sums[e*modes+m]).nats()
			if m < failModes {
				fails = append(fails, nats+f.besides)
			} else {
				slow = append(slow, nats)
			}
		}
	}
	return logSumExp(fails) > logSumExp(slow)
}

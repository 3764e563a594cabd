package impact

// proof is the evidence that a trouble is over: first that it no longer fails
// at the trouble's rate, then that it is below a limit near what is usual.
type proof struct {
	On        bool
	Accepted  bool // not over: it is what is usual now
	Repeats   int  // with Accepted: the troubles that came back until then
	Slow      bool
	Proven    bool
	Onset     int64 // of the trouble, as it was told
	Began     int64 // when it began, by its whole course: never after Onset; 0 where an older version proved it
	Marked    int64 // the last action before, 0 when there was none
	Since     int64 // its last bad result
	Ended     int64 // when it ended, most likely; 0 where an older version proved it
	EndedLow  int64 // 95 % interval of that
	EndedHigh int64
	Recovered int64   // when the first step was reached
	ProvenAt  int64   // when the second was
	Share     float64 // of the trouble
	Excluded  float64 // limit of the first step
	Limit     float64 // of the second
	Usual     float64 // share that is usual
	N, Bad    int     // the product's results since Since
	Before    int     // of these, before Recovered
	R, Needed float64
}

// begin sets the second step's limit: four times what is usual, at least 1 %.
func (p *proof) begin(m *model) {
	n, usual := 0, 0.0
	for i := range m.Streams {
		s := &m.Streams[i]
		if p.Slow {
			usual += s.Slow.mean(slowPrior)
		} else {
			usual += s.usual().mean(failPrior)
		}
		n++
	}
	p.Usual = usual / float64(max(n, 1))
	p.Limit = min(max(4*p.Usual, limitLow), 0.5)
	if p.Slow {
		p.Limit = max(p.Limit, slowLimitLow)
	}
	p.Needed = repairOdds // Wald's test from the end of the trouble on
	p.R = 1
}

func (p *proof) add(s *streamModel, r *sight) {
	mc := machineOf(p.Slow)
	bad, prev := r.as(mc)
	p.N++
	p.Bad += index(bad)
	if p.Proven {
		return
	}
	p.R = max(p.R*s.ratiosAt(mc, r).against(p.Limit, prev, bad), 1e-3)
	if p.R >= p.Needed {
		p.Proven, p.ProvenAt = true, r.at
	}
}

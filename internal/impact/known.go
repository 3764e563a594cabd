package impact

// known is what At asks of a stream's baseline, so that it need not fetch each
// of a hundred thousand four times a second.
type known struct {
	of       *baseline // nil: nothing is known
	usual    float64   // mean share of failures
	learning bool
}

// usually returns what is known of the stream of a check.
func (t *Tracker) usually(i int, s *streamModel) known {
	if t.known[i].of != s.baseline {
		t.known[i] = known{s.baseline, s.usual().mean(failPrior), s.Fail.N < learnt}
	}
	return t.known[i]
}

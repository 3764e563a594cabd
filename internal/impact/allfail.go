package impact

import "math"

// allFails is the evidence on since when practically all fails of a product of
// which most did before: else it would be called down with what passed then.
type allFails struct {
	Sum     float64 // of Page's test that practically all fail
	From    int64   // its last zero; 0 while nothing speaks for it
	N, Bad  int     // results since From
	AtBad   int     // N at the last bad one
	LastBad int64
}

// Nats of a bad and of a good result for that practically all fail, against
// totalElse.
var (
	totalGain = math.Log(AllFail / totalElse)
	totalLoss = math.Log((1 - AllFail) / (1 - totalElse))
)

const (
	// totalElse is the share that a product has which mostly fails.
	totalElse = 0.6
	// totalMost times what is asked for is counted at most, so that what was down
	// for long is soon known not to be.
	totalMost = 3
	// totalOdds is how many times likelier it must be than as before, for each result
	// since which it may be so: of what fails 75 % for an hour 1 % of the time is told as
	// down, and what then fails wholly is known after some 20 results.
	totalOdds = 5
)

func (a *allFails) add(at int64, bad bool) {
	if a.From == 0 {
		if !bad {
			return
		}
		a.From = at
	}
	a.N++
	if bad {
		a.Bad, a.AtBad, a.LastBad = a.Bad+1, a.N, at
		a.Sum = min(a.Sum+totalGain, totalMost*math.Log(outageOdds))
		return
	}
	if a.Sum += totalLoss; a.Sum <= 0 {
		*a = allFails{}
	}
}

// sure reports whether practically all fails since From, and not as much as before by
// chance: in an hour of what mostly fails ten failures in a row come by themselves. Any
// result that passed before may have been the last.
func (a *allFails) sure(before Counts) bool {
	if a.Sum < math.Log(outageOdds) {
		return false
	}
	passed := float64(before.Tries - before.Failures)
	share := (float64(before.Failures) + 0.5) / (float64(before.Tries) + 1)
	nats := float64(a.Bad)*math.Log(AllFail/share) + float64(a.AtBad-a.Bad)*math.Log((1-AllFail)/(1-share))
	return nats >= math.Log(totalOdds*(1+passed))
}

// narrowed is the evidence on the time in which practically all failed, where
// that came after a time in which most did; f else.
func (a *allFails) narrowed(f fall) fall {
	if whole := (Down{Tries: f.AtBad, Failures: f.Bad}); a.From <= f.From || f.From == 0 || whole.Dead() || !a.sure(Counts{Tries: f.AtBad - a.AtBad, Failures: f.Bad - a.Bad}) {
		return f
	}
	passed := f.passed()
	f.From, f.Bad, f.AtBad, f.N, f.LastBad = a.From, a.Bad, a.AtBad, a.AtBad+passed, a.LastBad
	f.Runs = max(1, min(f.Runs, a.AtBad-a.Bad+1))
	return f
}

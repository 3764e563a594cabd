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

// sure reports whether practically all fails since From: ten results in a row
// are enough.
func (a *allFails) sure() bool { return a.Sum >= math.Log(outageOdds) }

// narrowed is the evidence on the time in which practically all failed, where
// that came after a time in which most did; f else.
func (a *allFails) narrowed(f fall) fall {
	if whole := (Down{Tries: f.AtBad, Failures: f.Bad}); !a.sure() || a.From <= f.From || f.From == 0 || whole.Dead() {
		return f
	}
	passed := f.passed()
	f.From, f.Bad, f.AtBad, f.N, f.LastBad = a.From, a.Bad, a.AtBad, a.AtBad+passed, a.LastBad
	f.Runs = max(1, min(f.Runs, a.AtBad-a.Bad+1))
	return f
}

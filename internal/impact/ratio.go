package impact

import (
	"math"
	"sync"
)

// rateCount is the number of bad shares that are looked for at once.
const rateCount = 6

// The bad shares of the hypotheses. A mixture over them loses little against
// the detector that knows the true one.
var rates = [machines][rateCount]float64{
	failing: {0.02, 0.05, 0.12, 0.30, 0.60, 0.95},
	slowing: {0.10, 0.18, 0.32, 0.55, 0.80, 0.95},
}

// rateWeights are what the hypotheses weigh in the mixture; their mean is 1.
// Those at the ends have a neighbour at one side only, and a single check is to
// be told after two failures in a row where its history allows. Chosen by
// TestDetectionTable.
var rateWeights = [rateCount]float64{1.15, 0.8, 0.7, 0.75, 1.3, 1.3}

// checkWeights are those of a single check of several: it is down as often as it
// fails in part.
var checkWeights = [rateCount]float64{0.5, 0.5, 0.5, 0.5, 0.5, 5}

// A machine looks for one kind of trouble.
type machine uint8

const (
	failing machine = iota
	slowing
	machines
)

// machineOf returns the one that a trouble was found by.
func machineOf(slow bool) machine {
	if slow {
		return slowing
	}
	return failing
}

// ratios are the likelihood ratios of one result of a check: how much more
// likely it is when the trouble of each rate is there.
type ratios struct {
	share, again float64                  // usual share of bad ones, and after a bad one
	first        float64                  // usual share after a good one
	of           [2][2][rateCount]float64 // after a good, a bad one; of a good, a bad one

	sized [2][sizes][rateCount]float64 // of slowness: after a good, a bad one; of an answer of each size
}

// Ratios are made for rounded baselines and shared: a company of 10,000
// checks has some hundred different ones.
type ratioKey struct {
	m            machine
	size         sizeLevel
	share, again int16
}

var (
	ratioMu    sync.Mutex
	ratioCache = map[ratioKey]*ratios{} // grows to at most some 10,000 entries: 180 shares times 60 repeats, of slowness few shares and 81 levels
)

// Steps of rounding, in logarithms; always up, to the safe side.
const (
	shareStep = 0.05
	againStep = 0.1
)

// ratiosOf are those of failures, slowRatiosOf those of slowness.
func ratiosOf(share, again float64) *ratios { return cachedRatios(failing, share, again, sizeLevel{}) }
func slowRatiosOf(share, again float64, l sizeLevel) *ratios {
	return cachedRatios(slowing, share, again, l)
}

func cachedRatios(m machine, share, again float64, l sizeLevel) *ratios {
	k := ratioKey{m, l, int16(math.Ceil(math.Log(share) / shareStep)), int16(math.Ceil(math.Log(again) / againStep))}
	ratioMu.Lock()
	defer ratioMu.Unlock()
	if r, ok := ratioCache[k]; ok {
		return r
	}
	r := newRatios(m, min(math.Exp(float64(k.share)*shareStep), 0.95), min(math.Exp(float64(k.again)*againStep), 0.97))
	if m == slowing {
		r.sized = r.bySize(l)
	}
	ratioCache[k] = r
	return r
}

func newRatios(m machine, share, again float64) *ratios {
	again = max(again, share)
	r := &ratios{share: share, again: again, first: min(share*(1-again)/(1-share), share)}
	for prev, d := range [2]float64{r.first, r.again} {
		for i, rate := range rates[m] {
			p := 1 - (1-share)*(1-rate)
			if p <= d {
				r.of[prev][0][i], r.of[prev][1][i] = 1, 1 // says nothing
				continue
			}
			r.of[prev][0][i] = (1 - p) / (1 - d)
			r.of[prev][1][i] = p / d
		}
	}
	return r
}

// against returns how much more likely a result is when all is as usual than
// when the bad share is at least limit: the ratio of recovery.
func (r *ratios) against(limit float64, prevBad, bad bool) float64 {
	d := r.first
	if prevBad {
		d = r.again
	}
	p := 1 - (1-r.share)*(1-limit)
	if bad {
		return min(d/p, 1)
	}
	return max((1-d)/(1-p), 1)
}

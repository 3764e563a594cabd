package cause

import (
	"math"

	"github.com/statusbot/statusbot/internal/impact"
)

// The constants of Rank; docs/causes.md says where each is from.
const (
	priorNothing         = 2.0  // nats: nothing is wrong, against one component
	priorUndeclaredCause = 0.0  // something that no check declares
	priorProduct         = -1.0 // one product by itself
	priorVantage         = -1.0 // one of our vantages
	priorCheck           = -1.0 // one check by itself, whichever
	priorRegion          = -1.5 // in one region only
	priorPair            = -4.0 // two at once

	pairAmong   = 10 // all pairs of the best 10, and
	pairLeaders = 2  // of the best 2 with all
	pairNothing = 23 // nats: e^-23, a ten-thousand-millionth, is nothing beside the best single cause
)

// edges are the models of how far declarations can be trusted: the share of
// the checks that declare a component, and of those that do not, which go
// through it.
var edges = [edgeModels]struct{ declared, undeclared, prior float64 }{
	{0.97, 0.003, -0.7},
	{0.93, 0.03, -0.7},
	{0.50, 0.003, -0.7},
	{0.93, 0.30, -3.0},
}

// insidePart is how much of the share of undeclared goes for a check that is
// measured at a component itself: what nobody declared mostly stands in front
// (balancers, proxies, the network), and only some of it behind. Anything from
// 1/3 to 1/100 ranks PetShop alike.
const insidePart = 0.2

const (
	edgeModels     = 4
	pairEdgeModels = 2 // of these, the first
)

// Modes are ways in which a component can be bad: it fails a share of the
// requests, or it makes them slow. Where it fails, slowness says nothing of who is hit:
// all of it is as usual, or what the failing does to others (see field.spreads).
const (
	failModes = 6
	slowModes = 2
	modes     = failModes + slowModes
)

var (
	failRates     = [failModes]float64{0.02, 0.05, 0.12, 0.30, 0.60, 0.95}
	slowRates     = [slowModes][]float64{{0.02, 0.06, 0.12, 0.25, 0.45}, {0.15, 0.30, 0.60, 0.95}}
	sensitivities = [...]float64{0.5, 0.75, 1}
	spreadParts   = [...]float64{0.02, 0.1, 0.3, 0.6, 0.9} // of all checks, that are slow by what fails elsewhere
	usualTimes    = [...]struct{ factor, weight float64 }{{0.5, 0.2}, {1, 0.5}, {2, 0.2}, {4, 0.1}}
	lnModePrior   = modePriors()
	pairsOfModes  = modePairs()
)

const (
	priorSlow  = 0.25 // that slowness alone is the trouble
	offGrid    = 0.10 // chance that a check that is hit fails at a share of its own
	spreadsToo = 0.05 // chance that a fault makes others slow that have no part in it: 0.03 to 0.1 name causes alike in storms (TestSpreading), from 0.2 on slow ones are less clear
	leastUsual = 1e-4 // a check that never failed yet may fail once in so many
	mostUsual  = 0.9
	mostNats   = 60.0 // a check's likelihood ratio is cut here, far beyond what the uncertain edges let through
	usualShift = 50   // of the 52 bits behind the point of a float64, two are kept
)

func modePriors() (p [modes]float64) {
	for m := range p {
		if p[m] = math.Log(priorSlow / slowModes); m < failModes {
			p[m] = math.Log((1 - priorSlow) / failModes)
		}
	}
	return p
}

// modePair is the modes of two bad components, with that of a check that goes
// through both: shares of failures add up, and failures hide slowness.
type modePair struct {
	a, b, both int
	prior      float64 // nats
}

func modePairs() (all []modePair) {
	for a := range modes {
		for b := range modes {
			p := modePair{a, b, a, lnModePrior[a] + lnModePrior[b]}
			switch {
			case a < failModes && b < failModes:
				p.both = nearestRate(1 - (1-failRates[a])*(1-failRates[b]))
			case a < failModes:
			case b < failModes:
				p.both = b
			default:
				p.both = max(a, b)
			}
			all = append(all, p)
		}
	}
	return all
}

// nearestRate returns the mode of failing whose share is next to one.
func nearestRate(p float64) (best int) {
	for m, r := range failRates {
		if math.Abs(math.Log(r/p)) < math.Abs(math.Log(failRates[best]/p)) {
			best = m
		}
	}
	return best
}

// priorOf takes what the metrics say, :: component id -> nats.
func priorOf(s *suspectOf, metrics map[string]float64) float64 {
	if s.kind == Vantage {
		return priorVantage
	}
	return metrics[s.id]
}

// evidenceKey is all of an Evidence that its weight depends on; baselines are
// rounded, so that many checks share a key.
type evidenceKey struct {
	tries, failures, slow int32
	usual, usualSlow      int16 // of roundUsual
	inside                bool
}

func keyOf(e impact.Evidence) evidenceKey {
	return evidenceKey{int32(e.Tries), int32(e.Failures), int32(min(e.Slow, e.Tries-e.Failures)), roundUsual(e.Usual), roundUsual(e.UsualSlow), e.Inside}
}

// roundUsual puts shares on four steps an octave: 13 % either way at most, less
// than a baseline is known. It takes the first bits of the number as they are,
// since a logarithm for each check would cost a tenth of a ranking.
func roundUsual(p float64) int16 {
	if !(p > leastUsual) { // NaN as well
		p = leastUsual
	}
	return int16(math.Float64bits(min(p, mostUsual)) >> usualShift)
}

// usualOf returns the middle of a step.
func usualOf(x int16) float64 {
	return math.Float64frombits(uint64(x)<<usualShift | 1<<(usualShift-1))
}

// weigher weighs keys; what they have in common it computes once.
type weigher struct {
	fails map[shareKey]*[failModes]float64 // :: key -> nats for each mode of failing
	slows map[shareKey]*slowNats
}

// shareKey is a number of hits among tries, and the usual share rounded.
type shareKey struct {
	hits, tries int32
	usual       int16
}

type slowNats struct {
	modes [slowModes]float64
	any   float64 // as a likelihood ratio: for slowness of whatever share
}

func newWeigher() *weigher {
	return &weigher{fails: map[shareKey]*[failModes]float64{}, slows: map[shareKey]*slowNats{}}
}

// weigh fills in what a check with this key says.
func (w *weigher) weigh(k evidenceKey, r *row) {
	served := k.tries - k.failures
	fails := w.failing(shareKey{k.failures, k.tries, k.usual})
	slows := w.slowing(shareKey{k.slow, served, k.usualSlow})
	undeclared := &throughUndeclared
	if k.inside {
		undeclared = &throughInside
	}
	for i, part := range spreadParts {
		r.spreads[i] = math.Log(1 - part + part*slows.any)
	}
	var hit [modes]float64
	for m := range modes {
		var nats float64
		if m < failModes {
			nats = fails[m]
		} else {
			nats = slows.modes[m-failModes]
		}
		hit[m] = lnModePrior[m] + nats
		at := spotOf(nats)
		for e := range edges {
			u, d := undeclared[e].at(at), throughDeclared[e].at(at)
			r.unused[e*modes+m], r.used[e*modes+m] = u, d-u
		}
	}
	r.failsAlone, r.slowAlone = logSumExp(hit[:failModes]), logSumExp(hit[failModes:])
}

func (w *weigher) failing(k shareKey) *[failModes]float64 {
	if out := w.fails[k]; out != nil {
		return out
	}
	s := newShares(k.hits, k.tries, usualOf(k.usual))
	var ratio [failModes]float64
	all := 0.0
	for m, rate := range failRates {
		for _, sens := range sensitivities {
			ratio[m] += s.at(rate*sens) / float64(len(sensitivities))
		}
		all += ratio[m] / failModes
	}
	out := new([failModes]float64)
	for m := range out {
		out[m] = math.Log((1-offGrid)*ratio[m] + offGrid*all)
	}
	w.fails[k] = out
	return out
}

func (w *weigher) slowing(k shareKey) *slowNats {
	if out := w.slows[k]; out != nil {
		return out
	}
	s := newShares(k.hits, k.tries, usualOf(k.usual))
	out := new(slowNats)
	for m, rates := range slowRates {
		ratio := 0.0
		for _, q := range rates {
			ratio += s.at(q) / float64(len(rates))
		}
		out.modes[m] = math.Log(ratio)
		out.any += ratio / slowModes
	}
	w.slows[k] = out
	return out
}

// through is ln(p e^x + 1-p) by x, in units of fixed: what a check says of a
// suspect that it goes through with chance p, if it says x nats for being hit.
// It is a table with straight lines between points 1/16 nat apart, right
// within 0.0002 nats.
type through [2*throughSpan*throughPer + 1]int32

const (
	throughSpan = 24 // nats either way; beyond, it is p e^x or 1-p within 10^-7
	throughPer  = 16 // points a nat
)

var throughDeclared, throughUndeclared, throughInside = throughTables()

func throughTables() (declared, undeclared, inside [edgeModels]through) {
	for e, edge := range edges {
		declared[e] = throughTable(edge.declared)
		undeclared[e] = throughTable(edge.undeclared)
		inside[e] = throughTable(edge.undeclared * insidePart)
	}
	return declared, undeclared, inside
}

func throughTable(p float64) (t through) {
	for i := range t {
		ratio := math.Exp(float64(i)/throughPer - throughSpan)
		t[i] = int32(toFixed(math.Log(p*ratio + 1 - p)))
	}
	return t
}

// spot is where in the tables a number of nats is found.
type spot struct {
	point int
	part  float64 // of the way to the next point
	over  int32   // beyond the table, where the curve is straight
}

func spotOf(x float64) spot {
	switch {
	case x <= -throughSpan:
		return spot{}
	case x >= throughSpan:
		return spot{point: 2*throughSpan*throughPer - 1, part: 1, over: int32((min(x, mostNats) - throughSpan) * fixedOne)}
	}
	scaled := (x + throughSpan) * throughPer
	point := int(scaled)
	return spot{point: point, part: scaled - float64(point)}
}

func (t *through) at(p spot) int32 {
	return t[p.point] + int32(p.part*float64(t[p.point+1]-t[p.point])) + p.over
}

// shares compares shares of hits among tries with the usual one.
type shares struct {
	hits, misses float64
	usual        float64
	lnUsual      float64 // ln of the chance of what was seen, as usual
}

func newShares(hits, tries int32, usual float64) shares {
	s := shares{hits: float64(hits), misses: float64(tries - hits), usual: usual}
	var terms [len(usualTimes)]float64
	for i, t := range usualTimes {
		terms[i] = math.Log(t.weight) + s.ln(min(usual*t.factor, (1+usual)/2))
	}
	s.lnUsual = logSumExp(terms[:])
	return s
}

func (s shares) ln(p float64) float64 { return s.hits*math.Log(p) + s.misses*math.Log1p(-p) }

// at returns how much better a share beyond the usual explains what was seen.
func (s shares) at(beyond float64) float64 {
	p := 1 - (1-s.usual)*(1-beyond)
	return math.Exp(min(max(s.ln(p)-s.lnUsual, -mostNats), mostNats))
}

// evident reports whether a check is failing: it has at least 2 failures, or 3
// slow answers, and so many or more would come less than once in a thousand
// times at twice its usual share.
func (k evidenceKey) evident() bool { return k.fails() || k.slows() }

func (k evidenceKey) fails() bool {
	return k.failures >= 2 && chernoff(k.failures, k.tries, 2*usualOf(k.usual)) < evidentTail
}

func (k evidenceKey) slows() bool {
	return k.slow >= 3 && chernoff(k.slow, k.tries-k.failures, 2*usualOf(k.usualSlow)) < evidentTail
}

const evidentTail = 0.001

// chernoff returns an upper bound of the chance of k or more among n at share p
// (Chernoff), 1 where k/n is not above p.
func chernoff(k, n int32, p float64) float64 {
	if n <= 0 || p >= 1 {
		return 1
	}
	x := float64(k) / float64(n)
	if x <= p {
		return 1
	}
	kl := x * math.Log(x/p)
	if x < 1 {
		kl += (1 - x) * math.Log((1-x)/(1-p))
	}
	return math.Exp(-float64(n) * kl)
}

package impact

import "math"

// The constants of Rank; docs/causes.md says where each is from.
const (
	tempering = 1.0 // power of the likelihood: below 1, evidence counts for less than if checks were independent

	priorNothing         = 2.0  // nats: nothing is wrong, against one component
	priorUndeclaredCause = 0.0  // something that no check declares
	priorProduct         = -1.0 // one product by itself
	priorVantage         = -1.0 // one of our places
	priorCheck           = -1.0 // one check by itself, whichever
	priorRegion          = -1.5 // in one region only
	priorPair            = -4.0 // two at once

	pairAmong   = 10 // all pairs of the best 10, and
	pairLeaders = 2  // of the best 2 with all
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

const (
	edgeModels     = 4
	pairEdgeModels = 2 // of these, the first
)

// Modes are ways in which a component can be bad: it fails a share of the
// requests, or it makes them slow.
const (
	failModes = 6
	slowModes = 2
	modes     = failModes + slowModes
)

var (
	failRates     = [failModes]float64{0.02, 0.05, 0.12, 0.30, 0.60, 0.95}
	slowRates     = [slowModes][]float64{{0.02, 0.06, 0.12, 0.25, 0.45}, {0.15, 0.30, 0.60, 0.95}}
	sensitivities = [...]float64{0.5, 0.75, 1}
	usualTimes    = [...]struct{ factor, weight float64 }{{0.5, 0.2}, {1, 0.5}, {2, 0.2}, {4, 0.1}}
	lnModePrior   = modePriors()
	together      = togetherTable()
)

const (
	priorSlow   = 0.25 // that slowness alone is the trouble
	offGrid     = 0.10 // chance that a check that is hit fails at a share of its own
	slowAsWell  = 0.30 // chance that what fails is slow too
	leastUsual  = 1e-4 // a check that never failed yet may fail once in so many
	mostUsual   = 0.9
	mostNats    = 60.0 // a check's likelihood ratio is cut here, far beyond what the uncertain edges let through
	usualPerE   = 8    // baselines are rounded to eighths of a nat
	metricFloor = -0.3 // nats against a component whose own metrics are as usual
	metricTop   = 2.0  // and at most for one whose metrics moved
	metricStill = 3.0  // robust standard deviations that are as usual
	metricScale = 5.0  // so many more take a component to 63 % of the way
)

func modePriors() (p [modes]float64) {
	for m := range p {
		if m < failModes {
			p[m] = math.Log((1 - priorSlow) / failModes)
		} else {
			p[m] = math.Log(priorSlow / slowModes)
		}
	}
	return p
}

// togetherTable says in which mode a check is that goes through two bad
// components: shares of failures add up, and failures hide slowness.
func togetherTable() (t [modes][modes]int) {
	for a := range modes {
		for b := range modes {
			switch {
			case a < failModes && b < failModes:
				p := 1 - (1-failRates[a])*(1-failRates[b])
				best := 0
				for m, r := range failRates {
					if math.Abs(math.Log(r/p)) < math.Abs(math.Log(failRates[best]/p)) {
						best = m
					}
				}
				t[a][b] = best
			case a < failModes:
				t[a][b] = a
			case b < failModes:
				t[a][b] = b
			default:
				t[a][b] = max(a, b)
			}
		}
	}
	return t
}

func priorOf(s *suspectOf, metrics map[string]float64) float64 {
	if s.kind == SuspectVantage {
		return priorVantage
	}
	if score, ok := metrics[s.id]; ok {
		return metricNats(score)
	}
	return 0
}

// metricNats turns a score of MetricScore into a bounded weight: a component's
// own metrics break ties and never outvote the checks.
func metricNats(score float64) float64 {
	if math.IsNaN(score) {
		return 0
	}
	return metricFloor + (metricTop-metricFloor)*-math.Expm1(-max(0, score-metricStill)/metricScale)
}

// evidenceKey is all of an Evidence that its weight depends on; baselines are
// rounded, so that many checks share a key.
type evidenceKey struct {
	tries, failures, slow int
	usual, usualSlow      int16 // ln of the share in eighths
}

func keyOf(e Evidence) evidenceKey {
	return evidenceKey{e.Tries, e.Failures, e.Slow, roundUsual(e.Usual), roundUsual(e.UsualSlow)}
}

func roundUsual(p float64) int16 {
	return int16(math.Round(usualPerE * math.Log(min(max(p, leastUsual), mostUsual))))
}

func usualOf(x int16) float64 { return math.Exp(float64(x) / usualPerE) }

// weigh returns what a check says, per edge model and mode, of a suspect that
// it uses, beyond what it says of one that it does not use; the latter; and
// what it says for being hit at all.
func weigh(k evidenceKey) (used, unused [edgeModels * modes]fixed, alone float64) {
	p0, s0 := usualOf(k.usual), usualOf(k.usualSlow)
	served := k.tries - k.failures
	slow := min(k.slow, served)
	fails := newShares(k.failures, k.tries, p0)
	slows := newShares(slow, served, s0)

	var failRatio [failModes]float64
	all := 0.0
	for m, rate := range failRates {
		for _, s := range sensitivities {
			failRatio[m] += fails.at(rate*s) / float64(len(sensitivities))
		}
		all += failRatio[m] / failModes
	}
	var slowRatio [slowModes]float64
	anySlow := 0.0
	for m, rates := range slowRates {
		for _, q := range rates {
			slowRatio[m] += slows.at(q) / float64(len(rates))
		}
		anySlow += slowRatio[m] / slowModes
	}
	var hit [modes]float64
	for m := range modes {
		var ratio float64
		if m < failModes {
			ratio = ((1-offGrid)*failRatio[m] + offGrid*all) * (1 - slowAsWell + slowAsWell*anySlow)
		} else {
			ratio = slowRatio[m-failModes]
		}
		hit[m] = lnModePrior[m] + tempering*math.Log(ratio)
		for e, edge := range edges {
			u := math.Log(edge.undeclared*ratio + 1 - edge.undeclared)
			d := math.Log(edge.declared*ratio + 1 - edge.declared)
			used[e*modes+m], unused[e*modes+m] = toFixed(d-u), toFixed(u)
		}
	}
	return used, unused, logSumExp(hit[:])
}

// shares compares shares of hits among tries with the usual one.
type shares struct {
	hits, misses float64
	usual        float64
	lnUsual      float64 // ln of the chance of what was seen, as usual
}

func newShares(hits, tries int, usual float64) shares {
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
func evident(c Counts, usual, usualSlow float64) bool {
	served := c.Tries - c.Failures
	return c.Failures >= 2 && tail(c.Failures, c.Tries, 2*max(usual, leastUsual)) < evidentTail ||
		c.Slow >= 3 && tail(min(c.Slow, served), served, 2*max(usualSlow, leastUsual)) < evidentTail
}

const evidentTail = 0.001

// tail returns an upper bound of the chance of k or more among n at share p
// (Chernoff), 1 where k/n is not above p.
func tail(k, n int, p float64) float64 {
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

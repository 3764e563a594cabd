package impact

import "math"

// size is by how much an answer differs from what is usual for its check. Slow is the one limit that the shares of the
// statistics are of; within it, and below it, the size tells a shift of everything, and answers that take
// several times as long, from the tail that is usual.
type size uint8

const (
	sizeUsual size = iota
	sizeOver       // not slow, but nearer to that than to the middle
	sizeSlow       // slower than usual
	sizeFar        // by far
	sizes
)

func (z size) slow() bool { return z >= sizeSlow }

// The limits beside that of slow answers, as parts of it: of a normal distribution, of which 3 % are slow, 25 % are
// over the first and 0.3 % over the second, as of a double exponential one about 30 % and 0.5 %.
const (
	overPart = 0.36
	farPart  = 1.5
)

// What stands in for what is not known of the first state: so many answers of which that share is over, so many slow
// ones of which that share is far.
const (
	overPrior, overPriorN = 0.3, 100
	farPrior, farPriorN   = 0.3, 10
)

// sizes returns what the ratios of each state are made for. A latency that wanders is over, and far, the more often
// the more of the last eight answers were slow: that is learnt like again, on the high side, and no less than in the
// state before. again is how likely an answer is slow in each state.
func (l *lately) sizes(again [latelyMost]float64) (out [latelyMost]sizeLevel) {
	over, far := overPrior, farPrior
	for i, share := range again {
		few := safeOf(l.Over[i], l.N[i]-l.Bad[i], over, overPriorN)
		many := safeOf(l.Far[i], l.Bad[i], far, farPriorN)
		over, far = max(over*float64(index(i > 0)), few), max(far*float64(index(i > 0)), many)
		shift := quantile(slowShare) - quantile(share)
		out[i] = sizeLevel{
			sizeStep(max(over, (above(overPart*quantile(slowShare)-shift)-share)/(1-share))),
			sizeStep(max(far, above(farPart*quantile(slowShare)-shift)/share)),
		}
	}
	return out
}

// safeOf is a share by one standard error higher, with a prior that counts as so many.
func safeOf(bad, n float32, prior, weight float64) float64 {
	return (float64(bad) + math.Sqrt(float64(bad)) + prior*weight) / (float64(n) + weight)
}

// above is the part of a normal distribution above so many standard deviations, quantile from where on that part is.
func above(z float64) float64        { return math.Erfc(z/math.Sqrt2) / 2 }
func quantile(share float64) float64 { return math.Sqrt2 * math.Erfcinv(2*share) }

// sizeLevel is what part of the answers that are not slow is over, and of the slow ones far, in steps, rounded up: at
// least what they are in a normal distribution that is shifted so that as many are slow.
type sizeLevel struct{ over, far uint8 }

// sizeSteps are the shares that are told apart; from the last on a size says nothing.
var sizeSteps = [...]float64{0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.65, 1}

func sizeStep(share float64) uint8 {
	for i, s := range sizeSteps {
		if share <= s {
			return uint8(i)
		}
	}
	return uint8(len(sizeSteps) - 1)
}

// overMost is what part of the answers that are not slow is over, at most, where everything is slower; farOf what part
// of the slow ones is far, where as many are slow as a rate of the hypotheses says: by a shift of a normal
// distribution, tempered, since some of the answers may be slower and the others not.
const overMost = 0.7

var farOf = [rateCount]float64{0, 0, 0.3, 0.4, 0.6, 0.8}

// bySize returns the likelihood ratios of an answer of each size: those of slow or not, times what the size says besides. An answer
// that is over says as little as can be: it may be of a shift, or of a level that was taken too low; no number
// of them makes an alarm. It is those which are not over that speak against slowness the more. After eight that were not slow the
// size is not looked at, since the level is wrong now and then.
func (r *ratios) bySize(l sizeLevel) (of [2][sizes][rateCount]float64) {
	over, far := sizeSteps[l.over], sizeSteps[l.far]
	of[0] = [sizes][rateCount]float64{r.of[0][0], r.of[0][0], r.of[0][1], r.of[0][1]}
	o := &of[1]
	for i := range rateCount {
		good, bad := r.of[1][0][i], r.of[1][1][i]
		o[sizeUsual][i], o[sizeOver][i], o[sizeSlow][i], o[sizeFar][i] = good, good, bad, bad
		if bad == 1 && good == 1 {
			continue
		}
		if over < overMost {
			part := min(over/good, overMost) // of those that are not slow, while it is slower
			o[sizeOver][i], o[sizeUsual][i] = good*part/over, good*(1-part)/(1-over)
		}
		if far < farOf[i] {
			o[sizeFar][i], o[sizeSlow][i] = bad*farOf[i]/far, bad*(1-farOf[i])/(1-far)
		}
	}
	return of
}

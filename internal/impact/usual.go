package impact

import (
	"math"
	"time"
)

// chain is what is known of one yes-or-no property of a check (it failed; it
// was slow) in times without an incident: a two-state chain, because failures
// come in bursts. With bursts of mean length 2 and the same share, a model
// without memory gives 330 false alarms where the chain gives one.
type chain struct {
	N     float64 // results
	Bad   float64 // of these, bad
	Again float64 // of these, bad right after a bad one

	Squares float64 // sum of the squares of what each result counts; 0 of an older version, which is N: see worth
}

func (c *chain) add(n, bad, again float64) {
	c.Squares = c.squares() + n
	c.N += n
	c.Bad += bad
	c.Again += again
}

// usualHalf is the time after which a failure that was learnt weighs half, of the time in which its check is learnt from: shares
// move with what is served and by whom, and the mean of a month is half a month behind.
const usualHalf = 3 * 24 * time.Hour

// usualLeast is as how many results they count however old they are: fewer hardly tell the share of a rare check.
const usualLeast = 5_000

// usualPart is what is left of it after ten minutes.
var usualPart = math.Exp2(-float64(pendingSpan) / float64(usualHalf))

// forget lets what was learnt age by ten minutes of results.
func (c *chain) forget() {
	if c.N > usualLeast {
		c.times(max(usualPart, usualLeast/c.N))
	}
}

func (c *chain) times(part float64) {
	c.Squares = c.squares() * part * part
	c.N, c.Bad, c.Again = c.N*part, c.Bad*part, c.Again*part
}

func (c *chain) squares() float64 {
	if c.Squares == 0 {
		return c.N
	}
	return c.Squares
}

func (c *chain) halve() { c.times(0.5) }

// worth returns it as so many results that count wholly as tell the shares as surely (Kish 1965): twice
// as many as are counted, of a check that is old, since half of them are forgotten and were seen.
func (c chain) worth() chain {
	if c.N > 0 {
		times := c.N / c.squares()
		c.N, c.Bad, c.Again = c.N*times, c.Bad*times, c.Again*times
	}
	return c
}

// learnt is the number of results from which a check's own history counts as
// known; with fewer it is "still learning" and the prior decides.
const learnt = 1000

// A prior stands for results that were not seen yet.
type prior struct {
	share float64 // of bad ones
	floor float64 // the least share that is believed
}

// priorWeight is how many results a prior counts for.
const priorWeight = 300

// prior returns for how many results the prior counts: the less, the more bad
// ones speak for themselves. Of a rare check that always failed 8 % it would
// else make 6 % for months.
func (c chain) prior() float64 { return priorWeight / (1 + c.Bad/10) }

var (
	failPrior = prior{share: 0.002, floor: 0.0002}
	// By construction 3 % are slower than the 97 % residual; daily and weekly
	// waves that are not learnt yet make it more.
	slowPrior = prior{share: 0.045, floor: 0.045}
)

// safe returns the share of bad results that the detector takes for usual,
// and how likely a bad one is after a bad one. Both are taken on the high
// side, since the false-alarm budget holds only if neither is too low: a true
// share of 0.15 % where 0.1 % was assumed makes 5.5 false alarms of one.
//
// follow is how likely a failure of a check of this company is followed by
// another (see Bursts), 0 while that is not known: it stands in for as long as the
// check has few failures of its own, weight of these.
func (c chain) safe(p prior, follow, weight float64) (share, again float64) {
	c = c.worth()
	bad := c.Bad + c.prior()*p.share
	share = bad / (c.N + c.prior()) * (1 + 1/math.Sqrt(bad))
	if follow == 0 {
		follow, weight = 0.5, followNever
	}
	again = (c.Again + 0.25 + weight*follow) / (c.Bad + 2.5 + weight)
	share = min(max(share, p.floor), 0.9)
	return share, min(max(again, share), 0.95)
}

// newBad is how many bad results more than the prior expects count while a check is
// still learning. A few a day apart on the first day are as often a bad day as they are
// usual, and would hide an outage of a check that is looked at a few times an hour for
// weeks; what does fail so often is told once, and learnt as what lasts. Chosen with
// TestARunOfARareCheckIsTold on 500 seeds.
const newBad = 2

// doubted returns what is believed of it: all from learnt results on.
func (c chain) doubted(p prior) chain {
	if most := newBad + p.share*c.N; c.N < learnt && c.Bad > most {
		c.Bad, c.Again = most, c.Again*most/c.Bad
	}
	return c
}

// mean returns the share itself, for telling.
func (c chain) mean(p prior) float64 {
	return (c.Bad + c.prior()*p.share) / (c.N + c.prior())
}

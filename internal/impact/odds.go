package impact

import "math"

// failureOdds returns by how many standard errors of independent tries the shares of
// some products differ, each compared with its own: the signed root of twice the
// logarithm of the likelihood ratio, which holds for shares near 0 as well. What is
// common to all is the factor by which their odds change, so that one that is looked at for
// longer, or fails more than others as a rule, changes nothing.
func failureOdds(before, after []Share) float64 {
	g, more, factor := 0.0, 0.0, 1.0
	if len(before) > 1 {
		factor = oddsFactor(before, after)
	}
	for i, b := range before {
		a := after[i]
		both := Counts{Tries: b.Tries + a.Tries, Failures: b.Failures + a.Failures}
		if b.Tries == 0 || a.Tries == 0 || both.Failures == 0 || both.Failures == both.Tries {
			continue
		}
		f := float64(a.Failures) // what fits one best
		if len(before) > 1 {
			f = failuresAfter(b, a, factor)
		}
		n, m, all := float64(b.Tries), float64(a.Tries), float64(both.Failures)
		g += likely(float64(b.Failures), n, (all-f)/n) + likely(float64(a.Failures), m, f/m) - logLikelihood(both)
		more += float64(a.Failures) - all*m/(n+m)
	}
	return math.Copysign(math.Sqrt(max(2*g, 0)), more)
}

// scoreOdds is about failureOdds of what came before an instant and what came after, of
// all: the score of a common factor (N. Mantel and W. Haenszel, 1959), which is sooner
// calculated. Of one product it is failureOdds.
func scoreOdds(all, before []Share) float64 {
	if len(all) == 1 {
		return failureOdds(before, []Share{{all[0].Failures - before[0].Failures, all[0].Tries - before[0].Tries}})
	}
	more, chance := 0.0, 0.0
	for i, b := range before {
		n, all, bad := float64(b.Tries), float64(all[i].Tries), float64(all[i].Failures)
		if n == 0 || n == all {
			continue
		}
		more += bad*n/all - float64(b.Failures)
		chance += bad * (all - bad) * n * (all - n) / (all * all * max(all-1, 1))
	}
	if chance == 0 {
		return 0
	}
	return more / math.Sqrt(chance)
}

// likely is the logarithm of the likelihood of so many failures of n tries at a share.
func likely(failures, n, share float64) (l float64) {
	if failures > 0 {
		l += failures * math.Log(share)
	}
	if failures < n {
		l += (n - failures) * math.Log1p(-share)
	}
	return l
}

// oddsFactor is the factor of the odds of all products that explains their failures
// best: with it as many are expected after as there were.
func oddsFactor(before, after []Share) float64 {
	low, high := -oddsMost, oddsMost
	for range oddsHalvings {
		mid := (low + high) / 2
		more := 0.0
		for i := range before {
			if before[i].Tries > 0 && after[i].Tries > 0 {
				more += float64(after[i].Failures) - failuresAfter(before[i], after[i], math.Exp(mid))
			}
		}
		if more > 0 {
			low = mid
		} else {
			high = mid
		}
	}
	return math.Exp((low + high) / 2)
}

// oddsHalvings is after how many halvings the logarithm of the factor is known to 1e-10.
const oddsHalvings = 39

// oddsMost is the logarithm of the largest factor: from hardly any to all.
const oddsMost = 25.0

// failuresAfter is how many of a product's failures are expected after, if its odds
// change by a factor: what solves f (n - F + f) = factor (F - f) (m - f), of n tries
// before and m after, F of which failed.
func failuresAfter(before, after Share, factor float64) float64 {
	n, m, all := float64(before.Tries), float64(after.Tries), float64(before.Failures+after.Failures)
	a, b, c := factor-1, factor*(all+m)+n-all, factor*all*m
	root := math.Sqrt(max(b*b-4*a*c, 0))
	f := 2 * c / (b + root) // a may be 0
	return min(max(f, all-n, 0), all, m)
}

package impact

import "math"

// unrest is by how much a product's usual share of failures moves from hour to hour,
// beyond what chance does: real ones have their days and weeks. An hour counts runs of
// failures, those within a moment of another check's not, so that what comes by chance is
// as the square root of its number. Hours that were told as trouble, or are another than the
// others as a rule, do not count.
type unrest struct {
	Runs             float64 // sum over hours
	N, NN            float64 // of results, and of their squares
	RunsRuns, RunsNN float64 // of the squares of runs, and of runs times results
	Hours            float64
}

const (
	unrestKept  = 336 // hours, two weeks, after which the older ones count half
	unrestEach  = 100 // expected squares with which one product counts at most in the company
	unrestPrior = 20  // of the company, which stand in for a product's own while these are few
	unrestMost  = 1.0 // the share is taken as twice the mean at most
	unrestTimes = 1.0 // standard deviations between hours by which it is taken as higher; 1.5 gains nothing under the skies of TestWeather, seeds 101 to 108
)

// add takes in an hour.
func (u *unrest) add(n, runs float64) {
	u.Hours++
	u.Runs += runs
	u.N += n
	u.NN += n * n
	u.RunsRuns += runs * runs
	u.RunsNN += runs * n
	if u.Hours > unrestKept {
		*u = unrest{u.Runs / 2, u.N / 2, u.NN / 2, u.RunsRuns / 2, u.RunsNN / 2, u.Hours / 2}
	}
}

// moments returns the sum over hours of the squared differences from what is expected,
// beyond what chance makes, and that of the squares of what is expected: their quotient
// is the square of the coefficient of variation (method of moments).
func (u *unrest) moments() (beyond, expected float64) {
	if u.N == 0 {
		return 0, 0
	}
	rate := u.Runs / u.N
	expected = rate * rate * u.NN
	return u.RunsRuns - 2*rate*u.RunsNN + expected - u.Runs, expected
}

// times returns by what a product's usual share is multiplied so that it holds in hours in
// which more fails: the company's stands in for what its own hours do not say yet, and that
// nothing moves for what the company's do not; one standard error is left out, so that what
// never moves pays nothing.
func (u *unrest) times(company Follows) float64 {
	beyond, expected := u.moments()
	beyond += company.beyond * unrestPrior / max(company.expected, unrestPrior)
	expected += unrestPrior
	square := (beyond - math.Sqrt(2*expected)) / expected
	return 1 + min(unrestTimes*math.Sqrt(max(square, 0)), unrestMost)
}

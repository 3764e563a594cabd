package impact

import "math"

// How much the company counts in how likely a check's failure is followed by
// another, in failures: by how much its checks differ in that, as far as it is known (Follows.weight); before
// followLeast failures are known, when one half is taken, to be safe, followNever.
const (
	followNever = 1.5
	followMost  = 30.0
	followThen  = 10 // of a state that an older version kept, until it is told anew within the hour
	// followFirst is that weight as a correlation of two failures of one check, 1 / (K + 1) of ten, and followPairs
	// in how many pairs of failures it is what is known before: as many as ten checks have of 20 failures each.
	followFirst = 1.0 / 11
	followPairs = 3800.0
)

const (
	followEach  = 20 // failures with which one check counts at most: one that always flaps is not all
	followLeast = 20 // failures from which it is known
)

// Follows counts how many failures there were, and how many of them came right after
// another one of the same check.
type Follows struct {
	Failures, Again  float64
	beyond, expected float64 // see unrest.moments
	spread           followSpread
}

// followSpread is by how much the checks differ in that: sums over them, of failures F and of those after another A.
type followSpread struct {
	AA, AF, FF float64 // of their products
	chance     float64 // of F, by as many as it is counted in part
	chances    float64 // of the squares of that
}

// Add adds what is usual for a product's checks.
func (f *Follows) Add(t *Tracker) {
	for i := range t.now.Streams {
		c := t.now.Streams[i].Fail
		part := min(1, followEach/max(c.Bad, 1))
		bad, again := part*c.Bad, part*c.Again
		f.Failures += bad
		f.Again += again
		s := &f.spread
		s.AA, s.AF, s.FF = s.AA+again*again, s.AF+again*bad, s.FF+bad*bad
		s.chance, s.chances = s.chance+part*bad, s.chances+part*part*bad*bad
	}
	beyond, expected := t.now.Hours.Unrest.moments()
	part := min(1, unrestEach/max(expected, 1))
	f.beyond += part * beyond
	f.expected += part * expected
}

// share is how likely a failure is followed by another, on the high side while there
// are few; 0 while it is not known.
func (f Follows) share() float64 {
	if f.Failures < followLeast {
		return 0
	}
	return (f.Again + 2) / (f.Failures + 8)
}

// weight is how many failures of its own a check needs so that they count as much as the company's: the checks
// differ as much as if each had shown so many. The squares of what they differ by, less what chance makes, are
// a correlation of the failures of one check (method of moments, as of the beta-binomial law), to which one
// standard error is added: what is not known to be alike is not taken for it.
func (f Follows) weight() float64 {
	if f.Failures < followLeast {
		return followNever
	}
	q, s := f.share(), &f.spread
	beyond := (s.AA-2*q*s.AF+q*q*s.FF)/(q*(1-q)) - s.chance
	pairs := s.FF - s.chance + followPairs
	alike := (beyond + followFirst*followPairs + math.Sqrt(2*s.chances)) / pairs
	return min(max(1/max(alike, 1e-3)-1, 1), followMost)
}

// Follow tells the tracker how failures follow each other in the whole company:
// with few of its own a check is judged by that.
func (t *Tracker) Follow(f Follows) {
	share, weight := float32(f.share()), uint8(math.Floor(f.weight()))
	changed := false
	for _, m := range []*model{&t.now, &t.past[0], &t.past[1]} {
		times := float32(m.Hours.Unrest.times(f))
		for i := range m.Streams {
			if s := &m.Streams[i]; s.Follow != share || s.FollowWeight != weight || s.Unrest != times {
				s.Follow, s.FollowWeight, s.Unrest, changed = share, weight, times, true
				s.ratiosAnew()
			}
		}
	}
	if changed {
		t.undo.forget()
	}
}

package impact

// How much the company counts in how likely a check's failure is followed by
// another, in failures: as soon as it is known, and before that, when one half is
// taken, to be safe. The first was chosen on the checks of the simulated company,
// of which 2 to 22 % are followed: as different as if each had shown 30 failures.
const (
	followWeight = 10.0
	followNever  = 1.5
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
}

// Add adds what is usual for a product's checks.
func (f *Follows) Add(t *Tracker) {
	for i := range t.now.Streams {
		c := t.now.Streams[i].Fail
		part := min(1, followEach/max(c.Bad, 1))
		f.Failures += part * c.Bad
		f.Again += part * c.Again
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

// Follow tells the tracker how failures follow each other in the whole company:
// with few of its own a check is judged by that.
func (t *Tracker) Follow(f Follows) {
	share := float32(f.share())
	changed := false
	for _, m := range []*model{&t.now, &t.past[0], &t.past[1]} {
		times := float32(m.Hours.Unrest.times(f))
		for i := range m.Streams {
			if s := &m.Streams[i]; s.Follow != share || s.Unrest != times {
				s.Follow, s.Unrest, changed = share, times, true
				s.ratiosAnew()
			}
		}
	}
	if changed {
		t.undo.forget()
	}
}

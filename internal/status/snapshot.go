package status

import (
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// Snapshot is the board at one instant. It is a value: nobody changes it.
type Snapshot struct {
	At       time.Time
	Company  string
	Timezone *time.Location
	Window   time.Duration
	Products []ProductStatus // as declared
	Causes   Causes          // what is thought of the cause; no suspects while nobody is hurt
	// Components are those of the definition, for their names.
	Components []Component
	Blind      Blindness // whether what is said of the products may be our own trouble
}

// ProductStatus is one product at one instant.
type ProductStatus struct {
	Product
	impact.Impact
	Checks  int               // number of its checks
	Reasons []ReasonCount     // of its last failures since the onset of its trouble, most frequent first; none while it is not hurt
	Muted   []incident.Muting // that go on: of the product, then of its checks; never changed
}

// Snapshot returns the board at an instant. With 10,000 checks it takes about
// a millisecond.
func (b *Board) Snapshot(now time.Time) Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Snapshot{At: now, Company: b.def.Company, Timezone: b.def.Timezone, Window: b.def.Window,
		Products: make([]ProductStatus, 0, len(b.def.Products)), Causes: b.ranking.causes, Components: b.def.Components, Blind: b.controls.blindness(now)}
	for i := range b.def.Products {
		s.Products = append(s.Products, b.productStatus(i, now))
	}
	return s
}

// product is the product of that number at an instant, whatever is muted.
func (b *Board) product(number int, now time.Time) ProductStatus {
	p, d := b.def.Products[number], b.detection.products[number]
	ps := ProductStatus{Product: p, Impact: b.ranking.inLight(d, d.At(now)), Checks: len(b.records.ofProduct[p.ID])}
	if !ps.Level.Hurt() {
		return ps
	}
	for _, c := range b.records.ofProduct[p.ID] {
		for _, r := range c.failures { // newest first
			if r.Ended().Before(ps.Onset) {
				break
			}
			if r.Outcome == checks.Fail || ps.Slow && r.Outcome == checks.Degraded {
				ps.Reasons = count(ps.Reasons, r.Reason)
			}
		}
	}
	frequentFirst(ps.Reasons)
	return ps
}

// Drill is one product in full.
type Drill struct {
	ProductStatus
	At       time.Time
	Timezone *time.Location
	Checks   []CheckStatus // those with failures first, then as declared
	Failures []Failure     // the product's last ones, newest first, at most 5
	// Steady is for how long what fails of the product has been as it is now, a
	// whole number of windows; 0 while it is not hurt, or not for so long.
	Steady     time.Duration
	Causes     Causes      // what is thought of the cause of all that hurts
	Components []Component // for their names
	Blind      Blindness   // as Snapshot.Blind
}

// CheckStatus is one check at one instant, with where its figures come from.
type CheckStatus struct {
	Check checks.Check
	impact.CheckImpact
	Reasons  []ReasonCount   // of the last results that failed or were slow, most frequent first
	Newest   checks.Result   // its newest result; Check is empty when there is none
	Failures []checks.Result // its last results that are not a pass, newest first, at most 20; the older ones without evidence
	Through  []string        // ids of all components that it goes through: those that it uses, and what they depend on
}

// ReasonCount says how many of the last failures had a reason.
type ReasonCount struct {
	Reason checks.Reason
	N      int
}

// Failure is one result that is not a pass, with its check.
type Failure struct {
	checks.Result
	Check checks.Check
}

// Drill returns one product in full; false when there is no such product.
func (b *Board) Drill(now time.Time, product string) (Drill, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.def.Products, func(p Product) bool { return p.ID == product })
	if i < 0 {
		return Drill{}, false
	}
	t := b.detection.of[product]
	d := Drill{At: now, Timezone: b.def.Timezone, ProductStatus: b.productStatus(i, now), Causes: b.ranking.causes, Components: b.def.Components, Blind: b.controls.blindness(now)}
	d.Steady = steady(d.Impact, t, now)
	through := b.def.closure()
	for _, ci := range t.Checks(now) {
		c := b.records.of[ci.ID]
		d.Checks = append(d.Checks, CheckStatus{Check: *c.def, CheckImpact: ci, Newest: c.newest.of(c.def),
			Reasons: countReasons(c.failures), Failures: slices.Clone(c.failures), Through: through(c.def.Uses)})
		for _, r := range c.failures {
			d.Failures = append(d.Failures, Failure{Result: r, Check: *c.def})
		}
	}
	slices.SortStableFunc(d.Checks, func(x, y CheckStatus) int { return y.CheckImpact.Failures - x.CheckImpact.Failures })
	slices.SortStableFunc(d.Failures, func(x, y Failure) int { return y.Started.Compare(x.Started) })
	seen, unseen := 0, 0
	d.Failures = slices.DeleteFunc(d.Failures, func(f Failure) bool {
		n := &seen
		if f.Outcome == checks.Unknown { // that must not crowd out what did fail
			n = &unseen
		}
		*n++
		return *n > productFailures
	})
	return d, true
}

// countReasons counts why results failed or were slow. By one that is unknown nothing
// was seen, so that its reason is none of these.
func countReasons(failures []checks.Result) []ReasonCount {
	var counts []ReasonCount
	for _, r := range failures {
		if r.Outcome != checks.Unknown {
			counts = count(counts, r.Reason)
		}
	}
	frequentFirst(counts)
	return counts
}

func count(counts []ReasonCount, reason checks.Reason) []ReasonCount {
	i := slices.IndexFunc(counts, func(c ReasonCount) bool { return c.Reason == reason })
	if i < 0 {
		return append(counts, ReasonCount{Reason: reason, N: 1})
	}
	counts[i].N++
	return counts
}

func frequentFirst(counts []ReasonCount) {
	slices.SortStableFunc(counts, func(x, y ReasonCount) int { return y.N - x.N })
}

// Figures returns what an update of this snapshot tells, to be kept with it.
func (s Snapshot) Figures() []incident.Figure {
	out := make([]incident.Figure, 0, len(s.Products))
	for _, p := range s.Products {
		f := incident.Figure{Product: p.ID, Level: string(p.Level), Tries: p.Tries, Failures: p.Failures, Share: p.Share()}
		if p.Level.Hurt() && p.Impact.Slow {
			f.Slow, f.P95, f.Usual = p.Bad(), int(p.P95.Milliseconds()), int(p.UsualP95.Milliseconds())
		}
		out = append(out, f)
	}
	return out
}

package impact

import (
	"math"
	"slices"
	"time"
)

// Company looks for trouble of the shared components over the checks of all
// products: a fault that hurts five products a little shows in all of them
// together long before it shows in one. It never alarms by itself. It says
// where to look and from when on, and each product is then tested by its own
// results from that instant on (Tracker.Suspect), so that a hint that is wrong
// makes a false alarm once in 150 products at most.
type Company struct {
	index  map[string]int // :: component id -> its row
	ids    []string
	r      [][rateCount]float64 // Shiryaev-Roberts statistic of each component and rate
	total  float64
	perDay float64 // results expected of all products
	fresh  int     // results since the sum was made exactly
}

// hintDays is how many days pass between two wrong hints.
const hintDays = 1

// NewCompany looks at these components.
func NewCompany(components []string) *Company {
	c := &Company{index: map[string]int{}, ids: slices.Clone(components), r: make([][rateCount]float64, len(components))}
	for i, id := range c.ids {
		c.index[id] = i
	}
	return c
}

// rows returns the rows of components.
func (c *Company) rows(uses []string) []int {
	var out []int
	for _, u := range uses {
		if i, ok := c.index[u]; ok {
			out = append(out, i)
		}
	}
	return out
}

// weigh takes one result of a product without trouble.
func (c *Company) weigh(rows []int, lr *[rateCount]float64) {
	for _, k := range rows {
		rs := &c.r[k]
		change := 0.0
		for i := range rs {
			next := (1 + rs[i]) * lr[i]
			if next > 1e100 {
				next = 1e100
			}
			change += next - rs[i]
			rs[i] = next
		}
		c.total += change
	}
	if c.fresh++; c.fresh >= 1<<16 {
		c.exact()
	}
}

func (c *Company) exact() {
	c.fresh, c.total = 0, 0
	for i := range c.r {
		for _, x := range c.r[i] {
			c.total += x
		}
	}
}

// Hint returns the component that shows trouble over all products; ok is false
// when none does.
func (c *Company) Hint() (component string, ok bool) {
	n := len(c.ids) * rateCount
	if n == 0 || c.perDay == 0 || c.total < hintDays*c.perDay*float64(n) {
		return "", false
	}
	c.exact()
	best, most := 0, -1.0
	for i := range c.r {
		for _, x := range c.r[i] {
			if x > most {
				best, most = i, x
			}
		}
	}
	return c.ids[best], true
}

// Reset begins anew after a hint was followed.
func (c *Company) Reset() {
	clear(c.r)
	c.total = 0
}

// Expect says how many results a day come of all products.
func (c *Company) Expect(perDay float64) { c.perDay = perDay }

// PerDay is the number of results that the product's checks give a day.
func (t *Tracker) PerDay() float64 { return t.design.perDay }

// State and Restore carry what is known over a restart, by component.
func (c *Company) State() map[string][]float64 {
	out := map[string][]float64{}
	for i, id := range c.ids {
		out[id] = c.r[i][:]
	}
	return out
}

// Restore sets what an earlier Company had.
func (c *Company) Restore(state map[string][]float64) {
	for id, r := range state {
		if i, ok := c.index[id]; ok {
			copy(c.r[i][:], r)
		}
	}
	c.exact()
}

// Gains gives, for results of the product's checks that use a component, when
// they ended and by how much they speak for trouble of it (at a rate of 12 %,
// in nats), to find out when it began over all products.
func (t *Tracker) Gains(component string, from int64, f func(at int64, gain float64, bad bool)) {
	const rate = 2
	from = max(from, t.now.Learn, t.design.normal) // what belonged to an earlier trouble is explained
	for i, s := range t.design.streams {
		if !slices.Contains(s.uses, component) {
			continue
		}
		r := t.now.Streams[i].fail
		good, bad := math.Log(r.of[0][0][rate]), math.Log(r.of[0][1][rate])
		t.each(i, t.now.At, func(at int64, n, failed, _ int) {
			if at >= from {
				f(at, float64(n-failed)*good+float64(failed)*bad, failed > 0)
			}
		})
	}
}

// Onset returns when the trouble of a component most likely began, from the
// gains of these products; zero when nothing speaks for it.
func Onset(trackers []*Tracker, component string, now time.Time) time.Time {
	type step struct {
		at   int64
		gain float64
		bad  bool
	}
	var steps []step
	for _, t := range trackers {
		t.Gains(component, now.Add(-6*time.Hour).UnixNano(), func(at int64, gain float64, bad bool) {
			steps = append(steps, step{at, gain, bad})
		})
	}
	slices.SortFunc(steps, func(x, y step) int {
		if x.at != y.at {
			return int(max(min(x.at-y.at, 1), -1))
		}
		return int(max(min((x.gain-y.gain)*1e9, 1), -1))
	})
	sum, most := 0.0, 0.0
	var best int64
	for i := len(steps) - 1; i >= 0; i-- {
		if sum += steps[i].gain; steps[i].bad && sum > most {
			most, best = sum, steps[i].at
		}
	}
	return instant(best)
}

package impact

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Shared looks for trouble of the shared components over the checks of all
// products: a fault that hurts five products a little shows in all of them
// together long before it shows in one. It never alarms by itself. It says
// where to look and from when on, and each product is then tested by its own
// results from that instant on (Tracker.Suspect, Tracker.Believe): they need to
// show the less the surer these are.
type Shared struct {
	index  map[string]int // :: component id -> its row
	ids    []string
	r      [][rateCount]float64 // Shiryaev-Roberts statistic of each component and rate
	total  float64
	perDay float64 // results expected of all products
	fresh  int     // results since the sum was made exactly
	held   bool    // see Hold
	told   float64 // statistic of the last hint; 0 when none was given since Reset
	shorts [machines]shorts
}

// hintDays is how many days pass between two wrong hints.
const hintDays = 1

// troubleDays is how many days are thought to pass between two troubles of
// shared components. With that Shiryaev's rule makes a chance of the statistic.
const troubleDays = 30

// NewShared looks at these components.
func NewShared(components []string) *Shared {
	c := &Shared{index: map[string]int{}, ids: slices.Clone(components), r: make([][rateCount]float64, len(components))}
	for i, id := range c.ids {
		c.index[id] = i
	}
	return c
}

// rows returns the rows of components.
func (c *Shared) rows(uses []string) []uint32 {
	var out []uint32
	for _, u := range uses {
		if i, ok := c.index[u]; ok {
			out = append(out, uint32(i))
		}
	}
	return out
}

// weigh takes one result of a product without trouble.
func (c *Shared) weigh(rows []uint32, lr *[rateCount]float64) {
	if c.held {
		return
	}
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

func (c *Shared) exact() {
	c.fresh, c.total = 0, 0
	for i := range c.r {
		for _, x := range c.r[i] {
			c.total += x
		}
	}
}

// Hint returns the component that shows trouble over all products; ok is false
// when none does, or when that was told and the evidence has not grown to ten
// times since, or beyond doubt before: to look anew at when it began takes a
// fifth of a second with 10,000 checks.
func (c *Shared) Hint() (component string, ok bool) {
	n := len(c.ids) * rateCount
	if n == 0 || c.perDay == 0 || c.total < max(hintDays*c.perDay*float64(n), 10*c.told) || c.told > 1000*troubleDays*c.perDay*float64(n) {
		return "", false
	}
	c.exact()
	c.told = c.total
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

// Odds is how much likelier it is that a shared component is in trouble than
// that none is (Shiryaev 1963): the statistic is the sum, over all instants at
// which trouble may have begun, of the likelihood ratios since.
func (c *Shared) Odds() float64 {
	n := len(c.ids) * rateCount
	if n == 0 || c.perDay == 0 {
		return 0
	}
	return c.total / float64(n) / (troubleDays * c.perDay)
}

// Reset begins anew: what was seen is explained by a trouble that is over.
func (c *Shared) Reset() {
	clear(c.r)
	c.total, c.told = 0, 0
}

// Expect says how many results a day come of all products.
func (c *Shared) Expect(perDay float64) { c.perDay = perDay }

// PerDay is the number of results that the product's checks give a day.
func (t *Tracker) PerDay() float64 { return t.design.perDay }

// SharedState is a Shared's state as it is kept over a restart, in JSON:
// fields may be added, none is renamed or changes its meaning.
type SharedState struct {
	R     map[string][]float64 `json:"r"` // :: component id -> its statistics, by rate
	Told  float64              `json:"told,omitempty"`
	Total float64              `json:"total"` // as it was summed up: R alone gives other last digits
	Fresh int                  `json:"fresh"`

	Short [machines]shorts `json:"short"` // of failures and of slowness
}

// State and Restore carry what is known over a restart.
func (c *Shared) State() SharedState {
	s := SharedState{R: make(map[string][]float64, len(c.ids)), Told: c.told, Total: c.total, Fresh: c.fresh, Short: c.shorts}
	for i, id := range c.ids {
		s.R[id] = slices.Clone(c.r[i][:])
	}
	return s
}

// Restore sets what an earlier one had; components that are no longer
// there are left out.
func (c *Shared) Restore(s SharedState) {
	c.shorts = s.Short
	same := len(s.R) == len(c.ids)
	for i, id := range c.ids {
		r, ok := s.R[id]
		same = same && ok
		copy(c.r[i][:], r)
	}
	if c.exact(); same {
		c.total, c.told, c.fresh = s.Total, s.Told, s.Fresh
	}
}

// Hold makes it pass over what the products take in: after a restart
// they may be behind what it has seen already.
func (c *Shared) Hold(on bool) { c.held = on }

// Held reports whether it does.
func (c *Shared) Held() bool { return c.held }

// step is one result, or some of one instant, and by how much it speaks for a
// trouble, in nats.
type step struct {
	at   int64
	gain float64
	bad  bool
	of   int // the tracker
}

// gains adds the steps of the product's checks that use a component, at a rate
// of 12 %.
func (t *Tracker) gains(steps []step, of int, component string, from int64) []step {
	const rate = 2
	from = max(from, t.now.Learn, t.design.normal) // what belonged to an earlier trouble is explained
	for i := range t.design.streams {
		if !slices.Contains(t.design.streams[i].of.uses, component) {
			continue
		}
		r := t.now.Streams[i].fail
		good, bad := math.Log(r.of[0][0][rate]), math.Log(r.of[0][1][rate])
		t.each(i, from, t.now.At, func(at int64, n, failed, _ int) {
			steps = append(steps, step{at, float64(n-failed)*good + float64(failed)*bad, failed > 0, of})
		})
	}
	return steps
}

// Onsets returns, for each of these products, when the trouble of a component
// most likely began by what the others show: an instant that a product's own
// failures chose would make them evidence twice. It is zero where nothing
// speaks for trouble.
func Onsets(trackers []*Tracker, component string, now time.Time) []time.Time {
	var steps []step
	for i, t := range trackers {
		steps = t.gains(steps, i, component, now.Add(-6*time.Hour).UnixNano())
	}
	slices.SortFunc(steps, func(x, y step) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.gain, y.gain), cmp.Compare(x.of, y.of))
	})
	all, own := 0.0, make([]float64, len(trackers))
	most, best := make([]float64, len(trackers)), make([]int64, len(trackers))
	for _, s := range slices.Backward(steps) {
		all += s.gain
		own[s.of] += s.gain
		if !s.bad {
			continue
		}
		for i := range trackers {
			if i != s.of && all-own[i] > most[i] {
				most[i], best[i] = all-own[i], s.at
			}
		}
	}
	out := make([]time.Time, len(trackers))
	for i, at := range best {
		out[i] = instant(at)
	}
	return out
}

// Uses reports whether a check of the product goes through a component.
func (t *Tracker) Uses(component string) bool {
	_, ok := t.design.parts[component]
	return ok
}

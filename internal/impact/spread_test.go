package impact_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/status"
)

// spreading is a company in which one component fails a part of what goes through
// it, and which some minutes later makes others slow that have no part in it.
type spreading struct {
	rng     *rand.Rand
	def     status.Definition
	uses    []map[string]bool // :: check -> all that it goes through
	sens    []float64         // :: check -> part of a fault that it feels
	checks  []skyCheck
	truth   string
	harms   []harm
	learns  time.Duration
	lasts   time.Duration
	strikes time.Duration // when the fault begins
	judged  time.Duration // from when on what is told is looked at; 0: since it strikes
}

// harm is what one component does to the checks that go through it, or what befalls
// single checks.
type harm struct {
	component   string
	checks      map[int]bool // where no component is to blame
	after, ramp time.Duration
	fails       float64
	slower      float64
	on, off     time.Duration // it comes and goes; 0: it stays
}

// at returns the part of a harm that is there so long after the fault began.
func (h *harm) at(since time.Duration) float64 {
	switch since -= h.after; {
	case since < 0, h.on > 0 && since%(h.on+h.off) >= h.on:
		return 0
	case h.ramp > 0:
		return min(1, since.Seconds()/h.ramp.Seconds())
	}
	return 1
}

// hits reports whether a check goes through what is harmed.
func (w *spreading) hits(h *harm, i int) bool { return h.checks[i] || w.uses[i][h.component] }

var spreadKinds = []string{"storm", "leak", "cascade"}

// newSpreading makes a company of 4 to 7 products of 3 to 6 checks each, and its
// fault: all follows from the kind and the seed.
func newSpreading(kind string, seed uint64) *spreading {
	r := rand.New(rand.NewPCG(seed, uint64(len(kind))*7919+uint64(kind[0])))
	w := &spreading{rng: r, learns: 6 * time.Hour, strikes: 6*time.Hour + 20*time.Minute, lasts: 2 * time.Hour}
	w.build()
	var candidates []string
	for _, c := range w.def.Components {
		if n := w.users(c.ID); n >= 3 && 2*n <= len(w.def.Checks) && !w.twin(c.ID) && !strings.HasPrefix(c.ID, "svc") {
			candidates = append(candidates, c.ID)
		}
	}
	if len(candidates) == 0 {
		return newSpreading(kind, seed+1000)
	}
	w.truth = candidates[r.IntN(len(candidates))]
	w.harms = []harm{{component: w.truth, fails: []float64{0.05, 0.1, 0.2, 0.5}[r.IntN(4)], slower: 1}}
	minutes := func(low, high int) time.Duration { return time.Duration(low+r.IntN(high-low+1)) * time.Minute }
	switch kind {
	case "storm": // those that call it try again, and load what else they call
		after := minutes(5, 20)
		for _, c := range w.beside(w.truth, 1+r.IntN(3)) {
			w.harms = append(w.harms, harm{component: c, after: after, ramp: 10 * time.Minute, slower: 1.5 + 1.5*r.Float64()})
		}
	case "leak": // what stands on the same hosts becomes slow, declared nowhere
		hit := map[int]bool{}
		for i := range w.def.Checks {
			if !w.uses[i][w.truth] && r.Float64() < 0.4 {
				hit[i] = true
			}
		}
		w.harms = append(w.harms, harm{checks: hit, after: minutes(5, 20), ramp: 10 * time.Minute, slower: 1.5 + 1.5*r.Float64()})
	case "cascade": // slowness of a neighbour, and then of the neighbour's, that fails as well
		first := w.beside(w.truth, 1)
		w.harms = append(w.harms, harm{component: first[0], after: minutes(10, 20), ramp: 5 * time.Minute, slower: 2 + r.Float64()})
		for _, c := range w.beside(first[0], 2) {
			if c != w.truth {
				w.harms = append(w.harms, harm{component: c, after: minutes(25, 40), ramp: 5 * time.Minute, slower: 2 + r.Float64(), fails: 0.05 * r.Float64()})
			}
		}
	}
	return w
}

func (w *spreading) build() {
	r := w.rng
	deps := map[string][]string{"auth": {"cache"}, "edge": {"dns"}}
	shared := []string{"auth", "cache", "db", "queue", "store", "mail", "flags", "limits", "search"}
	r.Shuffle(len(shared), func(i, j int) { shared[i], shared[j] = shared[j], shared[i] })
	for _, c := range append(slices.Clone(shared), "edge", "dns") {
		w.def.Components = append(w.def.Components, status.Component{ID: c, DependsOn: deps[c]})
	}
	w.def.Company, w.def.Normal = "Acme", skyStart.Add(w.learns)
	for i := range 4 + r.IntN(4) {
		p := fmt.Sprint("p", i)
		own := "svc-" + p
		w.def.Products = append(w.def.Products, status.Product{ID: p, Name: p})
		w.def.Components = append(w.def.Components, status.Component{ID: own, DependsOn: []string{"edge"}})
		var mine []string
		for _, c := range shared {
			if r.Float64() < 0.45 {
				mine = append(mine, c)
			}
		}
		for j := range 3 + r.IntN(4) {
			c := checks.Check{ID: fmt.Sprint(p, "/", j), Product: p, Every: skyEvery, Timeout: 5 * time.Second, Uses: []string{own}}
			all := map[string]bool{own: true, "edge": true, "dns": true}
			for _, x := range mine {
				if r.Float64() < 0.6 {
					c.Uses = append(c.Uses, x)
					all[x] = true
					for _, y := range deps[x] {
						all[y] = true
					}
				}
			}
			w.def.Checks = append(w.def.Checks, c)
			w.uses, w.sens = append(w.uses, all), append(w.sens, 0.5+0.5*r.Float64())
			w.checks = append(w.checks, skyCheck{share: 0.0002 * math.Exp(r.Float64()*3), again: 0.02 + 0.2*r.Float64(),
				median: 0.04 * math.Exp(r.Float64()*2.5), tail: 0.12 + 0.25*r.Float64(), offset: time.Duration(r.Int64N(int64(skyEvery)))})
		}
	}
}

func (w *spreading) users(c string) (n int) {
	for _, u := range w.uses {
		if u[c] {
			n++
		}
	}
	return n
}

// twin reports whether no check tells a component from another one.
func (w *spreading) twin(c string) bool {
	return slices.ContainsFunc(w.def.Components, func(d status.Component) bool {
		return d.ID != c && !slices.ContainsFunc(w.uses, func(u map[string]bool) bool { return u[c] != u[d.ID] })
	})
}

// beside returns up to n components that are used beside one, those of most checks first.
func (w *spreading) beside(c string, n int) []string {
	common := map[string]int{}
	for _, u := range w.uses {
		for d := range u {
			if u[c] && d != c && !strings.HasPrefix(d, "svc") {
				common[d]++
			}
		}
	}
	var out []string
	for _, d := range w.def.Components {
		if common[d.ID] > 0 {
			out = append(out, d.ID)
		}
	}
	w.rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out[:min(n, len(out))]
}

func (w *spreading) result(at time.Duration, i int) checks.Result {
	c := &w.checks[i]
	r := checks.Result{Check: w.def.Checks[i].ID, Product: w.def.Checks[i].Product, Vantage: []string{"fra", "nyc"}[i%2], Started: skyStart.Add(at), Outcome: checks.Pass}
	p := c.share * (1 - c.again) / (1 - c.share)
	if c.failed {
		p = c.again
	}
	c.failed = w.rng.Float64() < p
	slower := 1.0
	fails := c.failed
	for k := range w.harms {
		h := &w.harms[k]
		if at > w.strikes+w.lasts || !w.hits(h, i) {
			continue
		}
		part := h.at(at - w.strikes)
		if part == 0 {
			continue
		}
		fails = w.rng.Float64() < h.fails*part*w.sens[i] || fails
		slower *= 1 + (h.slower-1)*part*w.sens[i]
	}
	took := c.median * slower * math.Exp(c.tail*w.rng.NormFloat64())
	if fails {
		r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
	}
	r.Duration = min(time.Duration(took*1e9), 4900*time.Millisecond)
	return r
}

// named is how often the right cause was told first, by the looks at a company in trouble.
type named struct {
	worlds, last, lastWrong int // at the last look
	lasts                   int // companies that had a last look
	looks, first            int
	clear, clearWrong       int
}

func (n *named) add(m named) {
	n.worlds, n.last, n.lasts, n.lastWrong = n.worlds+m.worlds, n.last+m.last, n.lasts+m.lasts, n.lastWrong+m.lastWrong
	n.looks, n.first, n.clear, n.clearWrong = n.looks+m.looks, n.first+m.first, n.clear+m.clear, n.clearWrong+m.clearWrong
}

func (n named) String() string {
	return fmt.Sprintf("first in %.1f %% of %d looks, at the last one in %d of %d; clear in %.1f %%, of these wrong %.2f %%, at the last look %d",
		100*float64(n.first)/float64(n.looks), n.looks, n.last, n.worlds, 100*float64(n.clear)/float64(n.looks), 100*float64(n.clearWrong)/float64(max(1, n.clear)), n.lastWrong)
}

// run looks at the company each minute while something hurts in the fault.
func (w *spreading) run() (n named) {
	b := status.NewBoard(w.def)
	n.worlds = 1
	seq := uint64(0)
	batch := make([]checks.Result, 1)
	for tick := time.Duration(0); tick < w.strikes+w.lasts; tick += skyEvery {
		for i := range w.def.Checks {
			seq++
			batch[0] = w.result(tick+w.checks[i].offset, i)
			b.Apply(seq, batch)
		}
		if tick < max(w.strikes, w.judged) || tick%time.Minute != 0 {
			continue
		}
		s := b.Snapshot(skyStart.Add(tick + skyEvery))
		if !slices.ContainsFunc(s.Products, func(p status.ProductStatus) bool { return p.Level.Hurt() }) {
			continue
		}
		n.looks++
		right := len(s.Causes.Suspects) > 0 && s.Causes.Suspects[0].ID == w.truth
		wrong := s.Causes.Verdict == "clear" && !right
		n.first += index(right)
		n.clear += index(s.Causes.Verdict == "clear")
		n.clearWrong += index(wrong)
		n.last, n.lastWrong = index(right), index(wrong)
	}
	return n
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestSpreading: what spreads as slowness is told by what began it, in storms, leaks
// and cascades. The goals are 80 % of the looks, and of the last ones;
// STATUSBOT_SEEDS=40 measures them.
func TestSpreading(t *testing.T) {
	var all named
	for _, kind := range spreadKinds {
		var of named
		for seed := range longtest.Seeds(1, 4) {
			of.add(newSpreading(kind, uint64(seed+longtest.FirstSeed())).run())
		}
		t.Logf("%s: %v", kind, of)
		all.add(of)
	}
	if 10*all.first < 8*all.looks || 10*all.last < 8*all.worlds || 100*all.clearWrong > 2*all.looks {
		t.Errorf("all: %v", all)
	}
}

// TestACascadeKeepsItsCause: what failed first is told to the end, though by and by what it
// makes slow fails as well. Seed 102 of those by which the weight of the beginning was chosen.
func TestACascadeKeepsItsCause(t *testing.T) {
	n := newSpreading("cascade", 102).run()
	t.Log(n)
	if n.last != 1 || n.clearWrong > 0 {
		t.Errorf("%v", n)
	}
}

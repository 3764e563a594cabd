package impact_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/status"
)

// troubleKinds are what happens to the companies of the table of detection.
var troubleKinds = []string{"quiet", "flaky", "intermittent", "total", "latency", "region", "flapping", "two", "place", "local", "twins", "ramp", "undeclared", "everywhere"}

// troubled is a company of 4 to 7 products of 3 to 6 checks every 30 s that is well for a day and
// some hours, then in trouble for some hours, and well again.
type troubled struct {
	*spreading
	kind   string
	causes []string // components at fault, or a vantage
	steady bool     // the share that fails does not change while the trouble lasts
	ends   time.Duration
}

// newTroubled makes a company and its trouble: all follows from the kind and the seed.
func newTroubled(kind string, seed uint64) *troubled {
	r := rand.New(rand.NewPCG(seed, 4241+uint64(slices.Index(troubleKinds, kind))))
	w := &troubled{kind: kind, spreading: &spreading{rng: r, learns: skyDay}}
	w.strikes = skyDay + time.Duration(60+r.IntN(120))*time.Minute
	w.lasts = time.Duration(120+r.IntN(120)) * time.Minute
	w.ends = w.strikes + w.lasts + 4*time.Hour
	w.build()
	var candidates []string
	for _, c := range w.def.Components {
		if w.users(c.ID) >= 3 && !strings.HasPrefix(c.ID, "svc") && c.ID != "edge" && c.ID != "dns" {
			candidates = append(candidates, c.ID)
		}
	}
	r.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
	if len(candidates) < 2 {
		return newTroubled(kind, seed+1000)
	}
	w.harm(candidates)
	return w
}

// harm decides what is harmed: one component fails a share of what goes through it, if no
// more is said.
func (w *troubled) harm(candidates []string) {
	r := w.rng
	share := []float64{0.03, 0.05, 0.1, 0.2, 0.5}[r.IntN(5)]
	h := harm{component: candidates[0], fails: share, slower: 1}
	uses := func(i int) bool { return w.uses[i][h.component] }
	w.steady = !slices.Contains([]string{"latency", "flapping", "two", "ramp"}, w.kind)
	switch w.kind {
	case "quiet":
		return
	case "flaky":
		c := &w.checks[r.IntN(len(w.checks))]
		c.share = 0.1 + 0.2*r.Float64()
		c.again = c.share + 0.2
		return
	case "total":
		h.fails = 1
	case "latency":
		h.fails, h.slower = 0, 1.5+2.5*r.Float64()
	case "region":
		regions := []string{"eu", "us"}
		for i := range w.def.Checks {
			w.def.Checks[i].Region = regions[r.IntN(2)]
		}
		bad := regions[r.IntN(2)]
		h.fails, h.checks = max(0.1, share), w.those(func(i int) bool { return uses(i) && w.def.Checks[i].Region == bad })
	case "flapping":
		h.fails, h.on, h.off = 0.6, time.Duration(60+r.IntN(300))*time.Second, time.Duration(120+r.IntN(600))*time.Second
	case "two":
		h.fails = max(0.1, share)
		w.harms = append(w.harms, harm{component: candidates[1], fails: 0.1 + 0.4*r.Float64(), slower: 1, after: time.Duration(r.IntN(600)) * time.Second})
	case "place":
		h.component, h.fails, h.checks = "probe:fra", max(0.2, share), w.those(func(i int) bool { return i%2 == 0 }) // see spreading.result
	case "local":
		h.component, h.fails = "svc-"+w.def.Products[r.IntN(len(w.def.Products))].ID, max(0.05, share)
	case "twins":
		h.fails = max(0.05, share)
		w.def.Components = append(w.def.Components, status.Component{ID: "twin"})
		for i := range w.those(uses) {
			w.def.Checks[i].Uses, w.uses[i]["twin"] = append(w.def.Checks[i].Uses, "twin"), true
		}
	case "ramp":
		h.fails, h.ramp = 0.2, time.Hour
	case "undeclared":
		h.fails, h.checks = max(0.1, share), w.those(func(i int) bool { return uses(i) || r.Float64() < 1./3 })
	case "everywhere":
		h.component, h.fails, h.slower = "edge", 0.05+0.07*r.Float64(), 1.15
	}
	w.harms = append(w.harms, h)
	for _, h := range w.harms {
		w.causes = append(w.causes, h.component)
	}
	if w.kind == "region" { // only there, and not wherever it is used
		w.harms[0].component = ""
	}
}

// those returns the checks of which something is so.
func (w *troubled) those(is func(i int) bool) map[int]bool {
	out := map[int]bool{}
	for i := range w.def.Checks {
		if is(i) {
			out[i] = true
		}
	}
	return out
}

// nature is what a check shows on average while the trouble lasts, and before it.
type nature struct {
	usual, fails float64 // shares
	slower       float64 // by how many standard deviations of the logarithm of its latency
	hit          bool
}

// natures returns those of a product's checks.
func (w *troubled) natures(product string) (out []nature) {
	const looks = 400
	for i, c := range w.def.Checks {
		if c.Product != product {
			continue
		}
		n := nature{usual: w.checks[i].share}
		for k := range w.harms {
			h := &w.harms[k]
			if !w.hits(h, i) {
				continue
			}
			n.hit = n.hit || w.kind != "place"
			n.slower += math.Log(1+(h.slower-1)*w.sens[i]) / w.checks[i].tail
			for l := range looks {
				n.fails += h.at(w.lasts*time.Duration(l)/looks) * h.fails * w.sens[i] / looks
			}
		}
		n.fails = 1 - (1-n.usual)*(1-min(n.fails, 1))
		out = append(out, n)
	}
	return out
}

// same reports whether a suspect is one of the causes, or one that no check tells from it.
func (w *troubled) same(id string) bool {
	return slices.ContainsFunc(w.causes, func(c string) bool {
		if id == c || strings.HasPrefix(c, "probe:") {
			return id == c
		}
		return !slices.ContainsFunc(w.uses, func(u map[string]bool) bool { return u[c] != u[id] })
	})
}

package impact_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/status"
)

// troubleTally is a row of the table of detection.
type troubleTally struct {
	impacts, seen    int
	delay, bound     float64 // seconds, of those that were seen
	alarms           int     // that are false
	healthy, shown   time.Duration
	wrong            int // recoveries told in the midst of it
	over             []time.Duration
	shares, covered  int // intervals of the share, at the last look
	onsets, onsetsIn int
	named
}

func (a *troubleTally) add(b troubleTally) {
	a.impacts, a.seen, a.delay, a.bound = a.impacts+b.impacts, a.seen+b.seen, a.delay+b.delay, a.bound+b.bound
	a.alarms, a.healthy, a.shown, a.wrong = a.alarms+b.alarms, a.healthy+b.healthy, a.shown+b.shown, a.wrong+b.wrong
	a.over = append(a.over, b.over...)
	a.shares, a.covered, a.onsets, a.onsetsIn = a.shares+b.shares, a.covered+b.covered, a.onsets+b.onsets, a.onsetsIn+b.onsetsIn
	a.named.add(b.named)
}

// row writes it as one of the table in docs/impact-measured.md.
func (a *troubleTally) row(kind string) string {
	of := func(n, of int) string {
		if of == 0 {
			return ""
		}
		return fmt.Sprintf("%d of %d", n, of)
	}
	percent := func(n, of int) string {
		if of == 0 {
			return ""
		}
		return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(of))
	}
	delay, over := "", ""
	if a.seen > 0 {
		delay = fmt.Sprintf("%.0f s, %.2f", a.delay/float64(a.seen), a.delay/a.bound)
	}
	if n := len(a.over); n > 0 {
		slices.Sort(a.over)
		over = fmt.Sprintf("%.0f min", a.over[n/2].Minutes())
	}
	return fmt.Sprintf("| %s | %s | %s | %d in %.0f | %.2f %% | %d | %s | %s | %s | %s | %s | %s | %s |", kind, of(a.seen, a.impacts), delay,
		a.alarms, a.healthy.Hours()/24, 100*a.shown.Hours()/max(a.healthy.Hours(), 1e-9), a.wrong, over,
		percent(a.first, a.looks), of(a.last, a.lasts), percent(a.clear, a.looks), of(a.clearWrong, a.clear), of(a.covered, a.shares), of(a.onsetsIn, a.onsets))
}

// watched is one product of a company in trouble.
type watched struct {
	id     string
	hit    bool
	share  float64 // that fails while the trouble lasts
	bound  float64 // seconds
	hurt   bool
	last   time.Duration // when it was last looked at
	seenAt time.Duration // 0: not yet
	over   bool          // it was told to be over after its end
	newest status.ProductStatus
}

// run plays a company and scores what is told of it.
func (w *troubled) run() (a troubleTally) {
	b := status.NewBoard(w.def)
	products := w.watch(&a)
	order := make([]int, len(w.def.Checks))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return int(w.checks[i].offset - w.checks[j].offset) })
	seq, batch := uint64(0), make([]checks.Result, 1)
	for tick := time.Duration(0); tick < w.ends; tick += skyEvery {
		for _, i := range order {
			seq++
			batch[0] = w.result(tick+w.checks[i].offset, i)
			b.Apply(seq, batch)
			if at := batch[0].Ended(); len(b.Turned()) > 0 && tick >= w.learns {
				w.look(b.Snapshot(at), at.Sub(skyStart), products, &a)
			}
		}
		if at := tick + skyEvery; at >= w.learns {
			s := b.Snapshot(skyStart.Add(at))
			w.look(s, at, products, &a)
			if at%time.Minute == 0 && at > w.strikes && at <= w.strikes+w.lasts {
				w.name(s, &a)
			}
		}
	}
	for i := range products {
		w.conclude(&products[i], &a)
	}
	return a
}

// watch says of each product whether it is hit, and how soon one could know.
func (w *troubled) watch(a *troubleTally) (out []watched) {
	for _, p := range w.def.Products {
		x := watched{id: p.ID, last: w.learns}
		checks := w.natures(p.ID)
		for _, n := range checks {
			x.hit = x.hit || n.hit
			x.share += n.fails / float64(len(checks))
		}
		if x.hit {
			x.bound = oracle(checks)
			x.hit = x.bound < w.lasts.Seconds()/2 // what cannot be known in time is neither seen nor missed
		}
		a.impacts += index(x.hit)
		out = append(out, x)
	}
	return out
}

// look takes in what is told of the products at an instant.
func (w *troubled) look(s status.Snapshot, at time.Duration, products []watched, a *troubleTally) {
	end := w.strikes + w.lasts
	for i := range products {
		x, ps := &products[i], s.Products[i]
		was, gone := x.hurt, at-x.last
		x.hurt, x.last = ps.Level.Hurt(), at
		in := at > w.strikes && at <= end
		switch {
		case x.hit && in:
			if x.hurt {
				x.newest = ps
			}
			if x.hurt && x.seenAt == 0 {
				x.seenAt = at
			}
			a.wrong += index(was && !x.hurt)
		case x.hit && at > end && !x.over:
			if !x.hurt {
				x.over = true
				if x.seenAt > 0 {
					a.over = append(a.over, at-end)
				}
			}
		case !x.hit && in && w.kind != "place" && w.bystander(x.id):
			// It is hurt too little to be known in time: what is told of it is neither right nor wrong.
		default:
			a.alarms += index(x.hurt && !was)
			if a.healthy += gone; was {
				a.shown += gone
			}
		}
	}
}

// bystander reports whether a product is hit at all.
func (w *troubled) bystander(product string) bool {
	return slices.ContainsFunc(w.natures(product), func(n nature) bool { return n.hit })
}

// name takes in who is blamed.
func (w *troubled) name(s status.Snapshot, a *troubleTally) {
	if len(s.Causes.Suspects) == 0 || len(w.causes) == 0 {
		return
	}
	right := w.same(s.Causes.Suspects[0].ID)
	clear := s.Causes.Verdict == "clear"
	a.looks, a.first = a.looks+1, a.first+index(right)
	a.clear, a.clearWrong = a.clear+index(clear), a.clearWrong+index(clear && !right)
	a.last, a.lasts = index(right), 1
}

// conclude scores what a product's trouble was told to be at last.
func (w *troubled) conclude(x *watched, a *troubleTally) {
	if x.seenAt == 0 {
		return
	}
	a.seen, a.delay, a.bound = a.seen+1, a.delay+(x.seenAt-w.strikes).Seconds(), a.bound+x.bound
	low, high := x.newest.ShareInterval()
	if w.steady && !x.newest.Slow {
		a.shares, a.covered = a.shares+1, a.covered+index(low <= x.share && x.share <= high)
	}
	if began := skyStart.Add(w.strikes); w.kind != "two" && w.kind != "ramp" {
		a.onsets, a.onsetsIn = a.onsets+1, a.onsetsIn+index(!x.newest.OnsetLow.After(began) && !x.newest.OnsetHigh.Before(began))
	}
}

// TestTroubleTable plays companies in each kind of trouble, and prints what is told of them as the
// table of docs/impact-measured.md: STATUSBOT_SEEDS of each kind, by make detection-table. Without,
// and in the short form of the tests, it does nothing.
func TestTroubleTable(t *testing.T) {
	seeds := longtest.Seeds(0, 1)
	if seeds == 0 {
		t.Skip("it is for who asks for it by STATUSBOT_SEEDS or STATUSBOT_TEST_LONG")
	}
	var lock sync.Mutex
	rows := map[string]troubleTally{}
	t.Run("kinds", func(t *testing.T) {
		for _, kind := range troubleKinds {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				var a troubleTally
				for seed := range seeds {
					a.add(newTroubled(kind, uint64(seed+longtest.FirstSeed())).run())
				}
				lock.Lock()
				defer lock.Unlock()
				rows[kind] = a
			})
		}
	})
	var all troubleTally
	out := "| kind | seen | mean delay, of the bound | false alarms in product-days | falsely shown | wrong recoveries | over after, median | cause first, of the looks | at the last look | clear | of these wrong | share covered | onset covered |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"
	for _, kind := range troubleKinds {
		a := rows[kind]
		out += a.row(kind) + "\n"
		all.add(a)
	}
	t.Log("\n" + out + all.row("**all**"))
	if 100*all.seen < 95*all.impacts || 200*all.clearWrong > all.clear || all.alarms > 2+all.impacts/50 || 100*all.shown > all.healthy {
		t.Errorf("out of bounds: %s", all.row("all"))
	}
}

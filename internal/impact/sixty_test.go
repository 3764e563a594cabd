package impact_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/status"
)

// TestSharesOfManyProductsAreCovered: sixty products share a component that fails 4 %
// of what goes through it. What each of them shows is little, and many are told by
// what the others show; their intervals hold the true share all the same.
func TestSharesOfManyProductsAreCovered(t *testing.T) {
	const share, usual = 0.04, 0.001
	products, strikes, ends := longtest.Of(15, 60), 2*time.Hour, 3*time.Hour
	held, all, above := 0, 0, 0
	for seed := range longtest.Seeds(1, 2) {
		rng := rand.New(rand.NewPCG(uint64(seed), 60))
		def := status.Definition{Company: "Acme", Normal: skyStart.Add(time.Hour), Components: []status.Component{{ID: "edge"}}}
		for i := range products {
			p := fmt.Sprint("p", i)
			def.Products = append(def.Products, status.Product{ID: p, Name: p})
			for j := range 2 {
				def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprint(p, "/", j), Product: p, Every: skyEvery, Timeout: 3 * time.Second, Uses: []string{"edge"}})
			}
		}
		b, seq := status.NewBoard(def), uint64(0)
		for tick := time.Duration(0); tick < ends; tick += skyEvery {
			fails := usual
			if tick >= strikes {
				fails = share
			}
			for i, c := range def.Checks {
				r := checks.Result{Check: c.ID, Product: c.Product, Vantage: "fra", Outcome: checks.Pass, Duration: 50 * time.Millisecond,
					Started: skyStart.Add(tick + skyEvery*time.Duration(i)/time.Duration(len(def.Checks)))}
				if rng.Float64() < fails {
					r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
				}
				seq++
				b.Apply(seq, []checks.Result{r})
			}
			if tick < strikes || tick%(10*time.Minute) != 0 {
				continue
			}
			for _, p := range b.Snapshot(skyStart.Add(tick + skyEvery)).Products {
				if !p.Level.Hurt() || p.Slow {
					continue
				}
				low, high := p.ShareInterval()
				all++
				held += index(low <= share && share <= high)
				above += index(low > share)
			}
		}
	}
	t.Logf("%d of %d intervals hold the share, %d lie above it", held, all, above)
	if all == 0 || 100*held < longtest.Of(90, 95)*all {
		t.Errorf("%d of %d intervals hold the share, %d lie above it", held, all, above)
	}
}

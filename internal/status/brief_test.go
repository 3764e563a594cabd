package status

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
)

// TestWhatComesBackShortlyIsToldWhenItLasts: a product whose answers take three times as long for a minute,
// every few hours, is told twice; then when it outlasts those before, and at once when it is down.
func TestWhatComesBackShortlyIsToldWhenItLasts(t *testing.T) {
	d := Definition{Normal: t0.Add(26 * time.Hour), Products: []Product{{ID: "shop", Name: "Shop"}}}
	for _, c := range []string{"shop/a", "shop/b", "shop/c", "shop/d"} {
		d.Checks = append(d.Checks, checks.Check{ID: c, Product: "shop", Every: 30 * time.Second})
	}
	b, seq, at := NewBoard(d), uint64(0), t0
	round := func(took time.Duration, outcome checks.Outcome) (told bool) {
		for i, c := range d.Checks {
			r := checks.Result{Check: c.ID, Product: "shop", Vantage: []string{"fra", "nyc"}[i%2], Started: at.Add(time.Duration(i) * 5 * time.Second), Duration: took, Outcome: outcome}
			seq++
			b.Apply(seq, []checks.Result{r})
			told = told || b.Snapshot(r.Ended()).Products[0].Level.Hurt()
		}
		at = at.Add(30 * time.Second)
		return told
	}
	calm := func(rounds int) (told bool) {
		for n := range rounds {
			told = round(time.Duration(95+n*7%11)*time.Millisecond, checks.Pass) || told
		}
		return told
	}
	calm(26 * 120)
	for n := range 10 {
		told := round(300*time.Millisecond, checks.Pass)
		told = round(300*time.Millisecond, checks.Pass) || told
		told = calm(4*120) || told
		if want := n < 2; told != want {
			t.Errorf("stall number %d was told: %t", n+1, told)
		}
	}
	for n := 1; !round(300*time.Millisecond, checks.Pass); n++ {
		if n == 5 {
			t.Fatal("it is slower for two minutes and more, and that is not told")
		}
	}
	calm(4 * 120)
	round(time.Second, checks.Fail)
	if round(time.Second, checks.Fail); b.Snapshot(at).Products[0].Level != impact.Outage {
		t.Errorf("all failed for a minute, and it is %s", b.Snapshot(at).Products[0].Level)
	}
	for n := range 6 {
		calm(2 * 120)
		if told := round(time.Second, checks.Fail); !round(time.Second, checks.Fail) && !told {
			t.Errorf("down for a minute every two hours, and not told the time number %d", n+2)
		}
	}
}

// TestWhatIsShortElsewhereIsToldWhenItLasts: after two slow minutes of one product the first one of another
// is told when it lasts, and at once when that is down.
func TestWhatIsShortElsewhereIsToldWhenItLasts(t *testing.T) {
	d := Definition{Normal: t0.Add(4 * time.Hour), Components: []Component{{ID: "edge"}}, Products: []Product{{ID: "one", Name: "One"}, {ID: "two", Name: "Two"}}}
	for _, c := range []string{"a", "b", "c", "d"} {
		for _, p := range d.Products {
			d.Checks = append(d.Checks, checks.Check{ID: p.ID + c, Product: p.ID, Every: 30 * time.Second})
		}
	}
	b, seq, at, n := NewBoard(d), uint64(0), t0, 0
	round := func(product string, took time.Duration, outcome checks.Outcome) (told bool) {
		n++
		for i, c := range d.Checks {
			r := checks.Result{Check: c.ID, Product: c.Product, Vantage: []string{"fra", "nyc"}[i/2%2], Started: at.Add(time.Duration(i) * 3 * time.Second), Duration: time.Duration(95+n*7%11) * time.Millisecond, Outcome: checks.Pass}
			if c.Product == product {
				r.Duration, r.Outcome = took, outcome
			}
			seq++
			b.Apply(seq, []checks.Result{r})
			for _, p := range b.Snapshot(r.Ended()).Products {
				told = told || p.Level.Hurt()
			}
		}
		at = at.Add(30 * time.Second)
		return told
	}
	calm := func(rounds int) (told bool) {
		for range rounds {
			told = round("", 0, checks.Pass) || told
		}
		return told
	}
	slow := func(product string) (told bool) {
		told = round(product, 300*time.Millisecond, checks.Pass)
		told = round(product, 300*time.Millisecond, checks.Pass) || told
		return calm(120) || told
	}
	calm(4 * 120)
	for range 2 {
		if !slow("one") {
			t.Fatal("one of the first two slow minutes was not told")
		}
	}
	if slow("two") {
		t.Error("the third slow minute, of another product, was told")
	}
	for k := 1; !round("two", 300*time.Millisecond, checks.Pass); k++ {
		if k == 5 {
			t.Fatal("it is slower for two minutes and more, and that is not told")
		}
	}
	calm(120)
	round("two", time.Second, checks.Fail)
	if round("two", time.Second, checks.Fail); b.Snapshot(at).Products[1].Level != impact.Outage {
		t.Errorf("all failed for a minute, and it is %s", b.Snapshot(at).Products[1].Level)
	}
}

package status

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
)

// TestWhatComesBackShortlyIsToldWhenItLasts: a product whose answers take three times as long for a minute,
// every few hours, is told once; then when it outlasts those before, and at once when it is down.
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
		if want := n == 0; told != want {
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

// stalledPair are without trouble for four hours.
type stalledPair struct {
	d   Definition
	b   *Board
	seq uint64
	at  time.Time
	n   int
}

func newStalledPair() *stalledPair {
	d := Definition{Normal: t0.Add(4 * time.Hour), Components: []Component{{ID: "edge"}}, Products: []Product{{ID: "one", Name: "One"}, {ID: "two", Name: "Two"}}}
	for _, c := range []string{"a", "b", "c", "d"} {
		for _, p := range d.Products {
			d.Checks = append(d.Checks, checks.Check{ID: p.ID + c, Product: p.ID, Every: 30 * time.Second})
		}
	}
	x := &stalledPair{d: d, b: NewBoard(d), at: t0}
	x.calm(4 * 120)
	return x
}

// round is one result of each check, those of one product as they are said to be; it reports whether one was hurt.
func (x *stalledPair) round(product string, took time.Duration, outcome checks.Outcome) (told bool) {
	x.n++
	for i, c := range x.d.Checks {
		r := checks.Result{Check: c.ID, Product: c.Product, Vantage: []string{"fra", "nyc"}[i/2%2], Started: x.at.Add(time.Duration(i) * 3 * time.Second), Duration: time.Duration(95+x.n*7%11) * time.Millisecond, Outcome: checks.Pass}
		if c.Product == product {
			r.Duration, r.Outcome = took, outcome
		}
		x.seq++
		x.b.Apply(x.seq, []checks.Result{r})
		for _, p := range x.b.Snapshot(r.Ended()).Products {
			told = told || p.Level.Hurt()
		}
	}
	x.at = x.at.Add(30 * time.Second)
	return told
}

func (x *stalledPair) calm(rounds int) (told bool) {
	for range rounds {
		told = x.round("", 0, checks.Pass) || told
	}
	return told
}

// slow has a product slow for so many rounds, and then an hour of calm.
func (x *stalledPair) slow(product string, rounds int) (told bool) {
	for range rounds {
		told = x.round(product, 300*time.Millisecond, checks.Pass) || told
	}
	return x.calm(120) || told
}

// TestWhatIsShortElsewhereIsToldWhenItLasts: after a slow minute of one product the first one of another
// is told when it lasts, and at once when that is down.
func TestWhatIsShortElsewhereIsToldWhenItLasts(t *testing.T) {
	x := newStalledPair()
	if !x.slow("one", 2) {
		t.Fatal("the first slow minute was not told")
	}
	if x.slow("two", 2) {
		t.Error("the second slow minute, of another product, was told")
	}
	for k := 1; !x.round("two", 300*time.Millisecond, checks.Pass); k++ {
		if k == 5 {
			t.Fatal("it is slower for two minutes and more, and that is not told")
		}
	}
	x.calm(120)
	x.round("two", time.Second, checks.Fail)
	if x.round("two", time.Second, checks.Fail); x.b.Snapshot(x.at).Products[1].Level != impact.Outage {
		t.Errorf("all failed for a minute, and it is %s", x.b.Snapshot(x.at).Products[1].Level)
	}
}

// TestWhatIsShortOfOneProductOnly: where what another product has lasts, its own short troubles alone say
// that the fourth one is short as well.
func TestWhatIsShortOfOneProductOnly(t *testing.T) {
	x := newStalledPair()
	for k := range 4 {
		if told := x.slow("one", 2); told != (k < 3) {
			t.Errorf("slow minute number %d was told: %t", k+1, told)
		}
		if !x.slow("two", 20) {
			t.Errorf("ten slow minutes of the other product, number %d, were not told", k+1)
		}
	}
}

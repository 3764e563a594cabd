package status

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
)

// TestWhatComesBackShortlyIsToldWhenItLasts: a product whose answers take three times as long for a minute,
// every few hours, is told three times; then when it outlasts those before, and at once when it is down.
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
		if want := n < 3; told != want {
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

package status

import (
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
)

// places is a company of two products that are seen from two places, with two
// checks at each.
func places() Definition {
	d := Definition{Normal: t0.Add(2 * time.Hour), Products: []Product{{ID: "shop", Name: "Shop"}, {ID: "mail", Name: "Mail"}}}
	for _, p := range []string{"shop", "mail"} {
		for _, c := range []string{"/a", "/b"} {
			d.Checks = append(d.Checks, checks.Check{ID: p + c, Product: p, Every: 30 * time.Second})
		}
	}
	return d
}

// seenFrom gives a board one result of a check.
func seenFrom(b *Board, seq *uint64, check, vantage string, at time.Time, fails bool) {
	r := checks.Result{Check: check, Product: check[:4], Vantage: vantage, Started: at, Duration: time.Millisecond, Outcome: checks.Pass}
	if fails {
		r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
	}
	*seq++
	b.Apply(*seq, []checks.Result{r})
}

// What was told is not taken back while it goes on: that all fails was seen from
// elsewhere too, and then from one of our places more than from the other.
func TestWhatWasToldIsNotHeldBackAgain(t *testing.T) {
	b, seq := NewBoard(places()), uint64(0)
	at := t0
	for range 240 {
		for _, c := range []string{"shop/a", "shop/b", "mail/a", "mail/b"} {
			seenFrom(b, &seq, c, "fra", at, false)
			seenFrom(b, &seq, c, "nyc", at, false)
		}
		at = at.Add(30 * time.Second)
	}
	told := false
	look := func(now time.Time) {
		t.Helper()
		level := b.Snapshot(now).Products[0].Level
		if told && !level.Hurt() {
			t.Fatalf("told as hurt, and %s after %s", now.Sub(at), level)
		}
		told = told || level.Hurt()
	}
	from := slices.Concat(slices.Repeat([]string{"fra"}, 6), slices.Repeat([]string{"nyc"}, 4), slices.Repeat([]string{"fra"}, 20))
	for i, vantage := range from {
		now := at.Add(time.Duration(i) * 3 * time.Second)
		seenFrom(b, &seq, []string{"shop/a", "shop/b"}[i%2], vantage, now, true)
		look(now.Add(time.Second))
	}
	if !told {
		t.Error("a total outage is not told while it lasts")
	}
}

// A restart takes nothing back either, and tells nothing too early.
func TestARestartKeepsInWhatLightTroubleIsTold(t *testing.T) {
	b, seq := NewBoard(places()), uint64(0)
	at := t0
	for range 240 {
		for _, c := range []string{"shop/a", "shop/b"} {
			seenFrom(b, &seq, c, "fra", at, false)
			seenFrom(b, &seq, c, "nyc", at, false)
		}
		at = at.Add(30 * time.Second)
	}
	for i := range 8 { // all from one place: it is held
		seenFrom(b, &seq, []string{"shop/a", "shop/b"}[i%2], "fra", at.Add(time.Duration(i)*5*time.Second), true)
	}
	now := at.Add(40 * time.Second)
	if s := b.Snapshot(now).Products[0]; s.Level != impact.OK || !s.Doubt {
		t.Fatalf("before: %s, in doubt %v", s.Level, s.Doubt)
	}
	again := NewBoard(places())
	for shard := range CheckpointShards {
		data, err := b.Checkpoint(shard, now)
		if err != nil {
			t.Fatal(err)
		}
		if data == nil {
			continue
		}
		if _, err := again.Restore(data); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := again.ranking.lights, b.ranking.lights; got["shop"] != want["shop"] || got["shop"].light != lightHeld {
		t.Errorf("after a restart %+v, want %+v", got, want)
	}
}

// TestAUsualFailureElsewhereIsNoTrouble: what one place alone saw for a moment is not
// told since, minutes later, one try fails at the other.
func TestAUsualFailureElsewhereIsNoTrouble(t *testing.T) {
	d := places()
	d.Normal = t0.Add(26 * time.Hour)
	b, seq := NewBoard(d), uint64(0)
	at := t0
	round := func(fails string) {
		for _, c := range []string{"shop/a", "shop/b", "mail/a", "mail/b"} {
			if c[:4] == "shop" { // nothing else is looked at from there that could speak for the place
				seenFrom(b, &seq, c, "fra", at, fails == "fra")
			}
			seenFrom(b, &seq, c, "nyc", at.Add(time.Second), fails == "one" && c == "shop/a")
		}
		at = at.Add(30 * time.Second)
	}
	for range 26 * 120 {
		round("")
	}
	round("fra")
	for range 9 {
		round("")
	}
	if s := b.Snapshot(at).Products[0]; s.Level.Hurt() || !s.Doubt {
		t.Fatalf("what one place saw once: %s, in doubt %v", s.Level, s.Doubt)
	}
	round("one")
	if s := b.Snapshot(at).Products[0]; s.Level.Hurt() {
		t.Errorf("one failure elsewhere, five minutes later: %s", s.Level)
	}
}

// TestWhatOnePlaceSawIsNotToldWhenItIsForgotten: a place that stalled for a moment has not
// spoken for itself later, when what failed in that moment is in no window any more.
func TestWhatOnePlaceSawIsNotToldWhenItIsForgotten(t *testing.T) {
	d := places()
	d.Normal = t0.Add(26 * time.Hour)
	names := []string{"shop/a", "shop/b", "mail/a", "mail/b", "mail/c", "mail/d", "mail/e", "mail/f"}
	for _, c := range names[4:] {
		d.Checks = append(d.Checks, checks.Check{ID: c, Product: "mail", Every: 30 * time.Second})
	}
	b, seq := NewBoard(d), uint64(0)
	at := t0
	round := func(fails ...string) {
		for _, c := range names {
			seenFrom(b, &seq, c, "fra", at, slices.Contains(fails, c))
			seenFrom(b, &seq, c, "nyc", at.Add(time.Second), false)
		}
		at = at.Add(30 * time.Second)
	}
	for range 26*120 + 2 {
		round()
	}
	round("shop/a", "shop/b", "mail/a")
	round("shop/a", "shop/b")
	for range 24 {
		round()
		if shop := b.detection.products[0]; !shop.Trouble().On {
			t.Fatalf("no trouble after %s", at.Sub(d.Normal))
		} else if spoken(b.detection.products, shop, "fra", at) {
			t.Fatalf("the place speaks for itself %s after a moment in which it failed", at.Sub(d.Normal))
		}
	}
}

// TestTwoUsualFailuresElsewhereAreOurs: while a place of ours fails, a check fails twice in a row at the other, as it does now and then. Clients
// are not told to be hurt by that; they are where it goes on.
func TestTwoUsualFailuresElsewhereAreOurs(t *testing.T) {
	d := places()
	b, seq, at := NewBoard(d), uint64(0), t0
	round := func(fails bool, elsewhere string) {
		for i, c := range []string{"shop/a", "shop/b", "mail/a", "mail/b"} {
			seenFrom(b, &seq, c, "fra", at, fails && (seq/8+uint64(i))%2 == 0)
			seenFrom(b, &seq, c, "nyc", at.Add(time.Second), c == elsewhere)
		}
		at = at.Add(30 * time.Second)
	}
	rounds := func(n int, fails bool, elsewhere string) {
		for range n {
			round(fails, elsewhere)
			if s := b.Snapshot(at).Products[0]; s.Level.Hurt() {
				t.Fatalf("%s after the start, %q fails elsewhere: %s", at.Sub(t0), elsewhere, s.Level)
			}
		}
	}
	rounds(300, false, "")
	rounds(20, true, "")
	if s := b.Snapshot(at).Products[0]; s.Level != impact.Unknown {
		t.Fatalf("what a place of ours sees: %s", s.Level)
	}
	rounds(2, true, "shop/a")
	rounds(20, true, "")
	for range 8 {
		round(true, "shop/a")
	}
	if s := b.Snapshot(at).Products[0]; !s.Level.Hurt() {
		t.Errorf("what fails elsewhere, too: %s", s.Level)
	}
}

package incident

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestHarms: each product's stretches, from its onset to its end, none twice; not
// while one goes on.
func TestHarms(t *testing.T) {
	at := func(minutes int) time.Time { return time.Date(2026, 3, 2, 19, minutes, 0, 0, time.UTC) }
	level := func(seq int, product, to string, onset, ended int) Event {
		e := Event{Seq: uint64(seq), Incident: "inc-1", Kind: Level, At: at(seq), Product: product, To: to}
		if onset > 0 {
			e.Onset = at(onset)
		}
		if ended > 0 {
			e.Ended = at(ended)
		}
		return e
	}
	events := []Event{
		{Seq: 5, Incident: "inc-1", Kind: Opened, Number: 1, At: at(5)},
		level(6, "a", "degraded", 4, 0), level(7, "a", "outage", 6, 0), level(8, "b", "degraded", 0, 0),
		level(12, "a", "ok", 0, 10), level(14, "a", "degraded", 9, 0), level(20, "b", "unknown", 0, 0), level(21, "a", "ok", 0, 0),
	}
	got, ok := FoldAll(events).Harms()
	want := []Harm{{"a", at(4), at(10)}, {"b", at(8), at(20)}, {"a", at(10), at(21)}}
	if d := cmp.Diff(want, got); d != "" || !ok {
		t.Errorf("%v, (-want +got):\n%s", ok, d)
	}
	if _, ok := FoldAll(events[:6]).Harms(); ok {
		t.Error("one goes on, and it is counted")
	}
}

// TestHarmsBeganEarlier: when a product was hurt from is drawn back when that is known, but not into an
// earlier trouble of it, and never forward.
func TestHarmsBeganEarlier(t *testing.T) {
	at := func(minutes int) time.Time { return time.Date(2026, 3, 2, 19, minutes, 0, 0, time.UTC) }
	hurt := func(seq, onset int, product string) Event {
		return Event{Seq: uint64(seq), Incident: "inc-1", Kind: Level, At: at(seq), Product: product, From: "ok", To: "degraded", Onset: at(onset)}
	}
	well := func(seq, began int, product string) Event {
		return Event{Seq: uint64(seq), Incident: "inc-1", Kind: Level, At: at(seq), Product: product, From: "degraded", To: "ok", Ended: at(seq - 1), Began: at(began)}
	}
	i := FoldAll([]Event{{Seq: 5, Incident: "inc-1", Kind: Opened, Number: 1, At: at(5)},
		hurt(6, 5, "a"), hurt(7, 6, "b"), well(12, 2, "a"), well(14, 8, "b"), hurt(20, 18, "a"), well(30, 3, "a")})
	got, _ := i.Harms()
	if d := cmp.Diff([]Harm{{"a", at(2), at(11)}, {"b", at(6), at(13)}, {"a", at(11), at(29)}}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if began, ended, products := i.Impact(); !began.Equal(at(2)) || !ended.Equal(at(29)) || products != 2 {
		t.Errorf("%s to %s on %d products", began, ended, products)
	}
}

// TestHarmOfManyBegan: what one of many products says of its beginning by its whole course draws the beginning of
// all back only where every second says so, and no product is told to have been hurt before that.
func TestHarmOfManyBegan(t *testing.T) {
	at := func(minutes int) time.Time { return time.Date(2026, 3, 2, 19, minutes, 0, 0, time.UTC) }
	for _, c := range []struct {
		name  string
		began []int // of each product, minutes; 0: as it was told
		want  int
	}{
		{"one of five", []int{14, 0, 0, 0, 0}, 32},
		{"two of five", []int{14, 20, 0, 0, 0}, 32},
		{"three of five", []int{14, 20, 22, 0, 0}, 22},
		{"the one that there is", []int{14}, 14},
	} {
		events := []Event{{Seq: 1, Incident: "inc-1", Kind: Opened, Number: 1, At: at(35)}}
		for n := range c.began {
			events = append(events, Event{Seq: uint64(n + 2), Incident: "inc-1", Kind: Level, At: at(36), Product: string(rune('a' + n)), From: "ok", To: "degraded", Onset: at(32 + n)})
		}
		for n, began := range c.began {
			e := Event{Seq: uint64(n + 12), Incident: "inc-1", Kind: Level, At: at(59), Product: string(rune('a' + n)), From: "degraded", To: "ok", Ended: at(58)}
			if began > 0 {
				e.Began = at(began)
			}
			events = append(events, e)
		}
		i := FoldAll(events)
		if began, _, _ := i.Impact(); !began.Equal(at(c.want)) {
			t.Errorf("%s: began %s, want %s", c.name, began, at(c.want))
		}
		harms, _ := i.Harms()
		for n, h := range harms {
			want := at(32 + n)
			if began := c.began[n]; began > 0 {
				want = at(max(began, c.want))
			}
			if !h.From.Equal(want) {
				t.Errorf("%s: %s is hurt since %s, want %s", c.name, h.Product, h.From, want)
			}
		}
		if back := storedOf(i).incident(); !back.harm.begins().Equal(at(c.want)) {
			t.Errorf("%s: kept as begun %s", c.name, back.harm.begins())
		}
	}
}

// TestWhatFailedMeanwhile is known from the end on, and no longer once it goes on.
func TestWhatFailedMeanwhile(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	events := []Event{{Seq: 1, Incident: "inc-1", Kind: Opened, Number: 1, At: at},
		{Seq: 2, Incident: "inc-1", Kind: Resolved, At: at.Add(time.Hour), Figures: []Figure{{Product: "a", NewTries: 90, NewFailures: 9}, {Product: "b", NewTries: 10, NewSlow: 4}}}}
	i := FoldAll(events)
	if want := (Counts{Failures: 9, Tries: 100}); i.Harmed != want || i.HarmedSlow != 4 {
		t.Errorf("%+v, %d slow, want %+v, 4 slow", i.Harmed, i.HarmedSlow, want)
	}
	if back := storedOf(i).incident(); back.Harmed != i.Harmed || back.HarmedSlow != i.HarmedSlow {
		t.Errorf("kept as %+v, %d slow", back.Harmed, back.HarmedSlow)
	}
	if i = Fold(i, Event{Seq: 3, Incident: "inc-1", Kind: Reopened, At: at.Add(2 * time.Hour)}); i.Harmed != (Counts{}) || i.HarmedSlow != 0 {
		t.Errorf("re-opened: %+v, %d slow", i.Harmed, i.HarmedSlow)
	}
}

// TestHurtBeforeOfAHead: an incident that ended long ago and goes on knows no more who was hurt in it. Nobody
// is told to be another trouble then, neither at once nor after a restart.
func TestHurtBeforeOfAHead(t *testing.T) {
	at := func(minutes int) time.Time { return time.Date(2026, 3, 2, 19, minutes, 0, 0, time.UTC) }
	level := func(seq int, product, to string) Event {
		return Event{Seq: uint64(seq), Incident: "inc-1", Kind: Level, At: at(seq), Product: product, To: to}
	}
	before := []Event{{Seq: 1, Incident: "inc-1", Kind: Opened, Number: 1, At: at(1)}, level(2, "a", "degraded"), level(4, "a", "ok"), {Seq: 5, Incident: "inc-1", Kind: Resolved, At: at(5)}}
	after := []Event{{Seq: 6, Incident: "inc-1", Kind: Reopened, At: at(6)}, level(7, "b", "degraded"), level(8, "b", "ok"), {Seq: 9, Incident: "inc-1", Kind: Proving, At: at(9)},
		level(10, "a", "degraded"), {Seq: 11, Incident: "inc-1", Kind: Relapsed, At: at(10), Products: []string{"a"}}}
	whole := FoldAll(append(before, after...))
	folded := headOf(FoldAll(before)).incident()
	for _, e := range after {
		folded = Fold(folded, e)
	}
	for name, i := range map[string]Incident{"whole": whole, "of a head": folded, "of a head, and stored": storedOf(folded).incident()} {
		if !i.HurtBefore("a", at(10)) || i.Another() {
			t.Errorf("%s: what was hurt before is another trouble", name)
		}
	}
}

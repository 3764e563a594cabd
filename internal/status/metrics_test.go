package status

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// twins is a company in which no check tells auth from its cache, and in which
// one check measures one of them.
func twins(measures string) Definition {
	d := Definition{Company: "Acme", Normal: t0.Add(time.Hour), Components: []Component{{ID: "auth", DependsOn: []string{"cache"}}, {ID: "cache"}},
		Products: []Product{{ID: "mail"}, {ID: "docs"}, {ID: "chat"}}}
	for _, p := range d.Products {
		uses := []string{"auth"}
		if p.ID == "chat" {
			uses = nil
		}
		d.Checks = append(d.Checks, checks.Check{ID: p.ID, Product: p.ID, Every: 10 * time.Second, Uses: uses})
	}
	d.Checks = append(d.Checks, checks.Check{ID: "latency", Product: "chat", Kind: "prometheus", Every: time.Minute, Measures: measures})
	return d
}

// cacheBreaks gives the batches of two hours, in the last 20 minutes of which
// what uses auth fails; the value of the measuring check jumps with the batch of that number.
func cacheBreaks(jumps int) (out [][]checks.Result) {
	for i := range 720 {
		var batch []checks.Result
		broken := i >= 600
		at := t0.Add(time.Duration(i) * 10 * time.Second)
		for _, p := range []string{"mail", "docs", "chat"} {
			r := checks.Result{Check: p, Product: p, Started: at, Duration: time.Millisecond, Outcome: checks.Pass}
			if broken && i%3 == 0 && p != "chat" {
				r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
			}
			batch = append(batch, r)
		}
		if i%6 == 0 {
			v := 20 + float64(i%5)
			if i >= jumps {
				v = 90
			}
			batch = append(batch, checks.Result{Check: "latency", Product: "chat", Started: at, Outcome: checks.Pass, Evidence: &checks.Evidence{Perf: []checks.Perf{{Label: "p99", Value: v}}}})
		}
		out = append(out, batch)
	}
	return out
}

func TestWhatAChecksValuesMeasureDecidesWhoIsNamedFirst(t *testing.T) {
	for _, c := range []struct{ measures, first string }{{"cache", "cache"}, {"auth", "auth"}, {"", ""}} {
		b := NewBoard(twins(c.measures))
		var after *Board
		for i, batch := range cacheBreaks(600) {
			if i == 650 { // a restart in the midst of it
				after = NewBoard(twins(c.measures))
				for shard := range CheckpointShards {
					data, err := b.Checkpoint(shard, t0)
					if err != nil {
						t.Fatal(err)
					}
					if data == nil {
						continue
					}
					if _, err := after.Restore(data); err != nil {
						t.Fatal(err)
					}
				}
			}
			b.Apply(uint64(i+1), batch)
			if after != nil {
				after.Apply(uint64(i+1), batch)
			}
		}
		now := t0.Add(2 * time.Hour)
		got, restarted := b.Snapshot(now).Causes, after.Snapshot(now).Causes
		if len(got.Suspects) < 2 {
			t.Fatalf("measuring %q: suspects %v", c.measures, got.Suspects)
		}
		first, second := got.Suspects[0], got.Suspects[1]
		switch {
		case c.first == "" && first.Score > 1.01*second.Score:
			t.Errorf("nothing is measured, yet %s has %.2f and %s %.2f", first.ID, first.Score, second.ID, second.Score)
		case c.first != "" && (first.ID != c.first || first.Score < 2*second.Score):
			t.Errorf("measuring %s: %s has %.2f and %s %.2f", c.measures, first.ID, first.Score, second.ID, second.Score)
		}
		if r := restarted.Suspects; len(r) < 2 || r[0].ID != first.ID || math.Abs(r[0].Score-first.Score) > 0.02 {
			t.Errorf("measuring %q: after a restart %v, without it %v", c.measures, r, got.Suspects)
		}
	}
}

// TestWhatJumpedBeforeTheTroubleNamesNobody: a metric that moved far half an hour before,
// and stayed there, says nothing of who is to blame; without the order in time it did.
func TestWhatJumpedBeforeTheTroubleNamesNobody(t *testing.T) {
	for jumps, says := range map[int]bool{600: true, 600 - 3*60: false} {
		b := NewBoard(twins("cache"))
		for i, batch := range cacheBreaks(jumps) {
			b.Apply(uint64(i+1), batch)
		}
		chance := map[string]float64{}
		for _, s := range b.Snapshot(t0.Add(2 * time.Hour)).Causes.Suspects {
			chance[s.ID] = s.Chance
		}
		if named := chance["cache"] > 1.5*chance["auth"]; len(chance) < 2 || named != says {
			t.Errorf("jumped with batch %d of 600: %v", jumps, chance)
		}
	}
}

// A check that names a component both as what it uses and as what its values
// measure is made at that component; a balancer that nobody declared in front
// of it is then not what makes it fail. One that goes through something else as
// well is made from outside.
func TestAChecksOwnFiguresTellAServiceFromTheBalancerInFront(t *testing.T) {
	for _, c := range []struct {
		name, measures string
		uses           []string
		first          string // empty when neither is likelier
	}{
		{"its own figures", "web", []string{"web"}, "web"},
		{"and what it depends on", "web", []string{"web", "db"}, "web"},
		{"values of nothing", "", []string{"web"}, ""},
		{"values of what it depends on", "db", []string{"web"}, ""},
		{"values of another component", "queue", []string{"web"}, ""},
	} {
		d := Definition{Company: "Acme", Normal: t0.Add(time.Hour), Components: []Component{{ID: "lb"}, {ID: "web", DependsOn: []string{"db"}}, {ID: "db"}, {ID: "queue"}}}
		for p, uses := range map[string][]string{"shop": {"lb"}, "web": c.uses, "docs": {"db"}, "chat": {"queue"}} {
			d.Products = append(d.Products, Product{ID: p})
			check := checks.Check{ID: p, Product: p, Every: 10 * time.Second, Uses: uses}
			if p == "web" {
				check.Measures = c.measures
			}
			d.Checks = append(d.Checks, check)
		}
		slices.SortFunc(d.Products, func(a, b Product) int { return cmp.Compare(a.ID, b.ID) })
		b := NewBoard(d)
		for i := range 720 {
			var batch []checks.Result
			for _, p := range []string{"shop", "web", "docs", "chat"} {
				r := checks.Result{Check: p, Product: p, Started: t0.Add(time.Duration(i) * 10 * time.Second), Duration: time.Millisecond, Outcome: checks.Pass}
				if i >= 600 && i%3 == 0 && (p == "shop" || p == "web") {
					r.Outcome, r.Reason = checks.Fail, checks.ReasonTimeout
				}
				batch = append(batch, r)
			}
			b.Apply(uint64(i+1), batch)
		}
		got := b.Snapshot(t0.Add(2 * time.Hour)).Causes
		score := map[string]float64{}
		for _, s := range got.Suspects {
			score[s.ID] = s.Score
		}
		if ratio := score["web"] / score["lb"]; score["lb"] == 0 || (ratio > 1.5) != (c.first == "web") {
			t.Errorf("%s: web is %.2f times as likely as lb: %+v", c.name, ratio, got.Suspects)
		}
	}
}

// daysOfMetrics is a ranking over 20 components with three metrics each, of
// which it has a day.
func daysOfMetrics() *ranking {
	r := &ranking{metrics: metrics{}}
	for i := range 20 {
		id := string(rune('a' + i))
		r.metrics[id] = ofComponent{}
		for k := range 24*60 - 20 {
			for j, name := range []string{"cpu", "latency", "errors"} {
				r.metrics[id].take([]byte(name), t0.Add(time.Duration(k)*time.Minute), float64((k*(7+i)+j)%50))
			}
		}
	}
	return r
}

// TestADayOfMetricsIsSortedOnceForAnOnset: two onsets that are asked for in turn,
// as when one product is hurt and another flickers, cost no day of values sorted
// each time. By allocations, which do not hang on the machine's pace.
func TestADayOfMetricsIsSortedOnceForAnOnset(t *testing.T) {
	r := daysOfMetrics()
	onset, other, now := t0.Add(23*time.Hour), t0.Add(23*time.Hour+5*time.Minute), t0.Add(24*time.Hour)
	first := r.metricScores(onset, now)
	second := r.metricScores(other, now)
	if n := testing.AllocsPerRun(10, func() {
		r.metricScores(onset, now)
		r.metricScores(other, now)
	}); n > 0 {
		t.Errorf("asked again at once, %v allocations", n)
	}
	// One that is new costs room for its scores, and not for each metric.
	k := 0
	if n := testing.AllocsPerRun(10, func() {
		k++
		r.metricScores(onset.Add(time.Duration(k)*time.Second), now)
	}); n > 10 {
		t.Errorf("a new onset within the hour: %v allocations", n)
	}
	// Two minutes later what came since is looked at, and what is usual is known.
	usual := r.metrics["a"]["cpu"].usual
	later := now.Add(7 * time.Minute)
	r.metrics["a"].take([]byte("cpu"), later, 1e6)
	if got := r.metricScores(onset, later); len(got) != 20 || len(r.metrics["a"]["cpu"].usual) != len(usual) {
		t.Errorf("%d scores, %d spans that are usual, want %d", len(got), len(r.metrics["a"]["cpu"].usual), len(usual))
	}
	if len(first) != 20 || len(second) != 20 {
		t.Errorf("%d and %d components have scores, want 20", len(first), len(second))
	}
	for k := range 100 { // what is kept has a bound
		r.metricScores(onset.Add(time.Duration(-k)*time.Minute), later)
	}
	if len(r.scores) > scoresKept || len(r.metrics["a"]["cpu"].usual) > usualKept {
		t.Errorf("%d scores and %d spans are kept", len(r.scores), len(r.metrics["a"]["cpu"].usual))
	}
}

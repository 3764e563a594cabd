package demo

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"
)

func TestConfigDescribesTheCompany(t *testing.T) {
	t.Parallel()
	f := checksOf(t, startCompany(t, 1))
	if len(f.Products) < 6 {
		t.Errorf("%d products, want 6 or more", len(f.Products))
	}
	components := map[string]bool{}
	for _, p := range f.Components {
		components[p.ID] = true
	}
	perSecond := map[string]float64{}
	total := 0.0
	withoutEdge := map[string]bool{}
	ids := map[string]bool{}
	for _, p := range f.Products {
		withoutEdge[p.ID] = true
		if p.Says.Degraded == "" || p.Says.Outage == "" || p.Owner == "" || p.Name == "" {
			t.Errorf("%s lacks a name, an owner or its words", p.ID)
		}
	}
	for _, ch := range f.Checks {
		every, err := time.ParseDuration(ch.Every)
		if err != nil {
			t.Fatal(err)
		}
		timeout, err := time.ParseDuration(ch.Timeout)
		if err != nil {
			t.Fatal(err)
		}
		if timeout <= 0 || timeout > every {
			t.Errorf("%s: time-out %s, want at most every %s", ch.ID, timeout, every)
		}
		if ids[ch.ID] {
			t.Errorf("two checks %s", ch.ID)
		}
		ids[ch.ID] = true
		rate := float64(time.Second) / float64(every)
		perSecond[ch.Product] += rate
		total += rate
		for _, u := range ch.Uses {
			if !components[u] {
				t.Errorf("%s uses %s, which is not declared", ch.ID, u)
			}
			if u == "edge-lb" {
				withoutEdge[ch.Product] = false
			}
		}
	}
	for p, rate := range perSecond {
		if rate < 4 || rate > 6 {
			t.Errorf("%s: %.1f results a second, want 4 to 6", p, rate)
		}
	}
	if total > 50 {
		t.Errorf("%.1f probes a second, want at most 50", total)
	}
	if !slices.Contains(slices.Collect(maps.Values(withoutEdge)), true) {
		t.Error("every product uses edge-lb; one that does not is needed as a contrast")
	}
}

// TestUsesAreTrue takes each component down and holds what fails against the
// closure of what is declared.
func TestUsesAreTrue(t *testing.T) {
	t.Parallel()
	for _, broken := range partTable {
		t.Run(broken.id, func(t *testing.T) {
			t.Parallel()
			c := startCompany(t, 1)
			f := checksOf(t, c)
			for _, ch := range f.Checks {
				if err := probe(ch); err != nil {
					t.Fatalf("%s while all is well: %v", ch.ID, err)
				}
			}
			if err := c.Break(broken.id, kindDown, 0); err != nil {
				t.Fatal(err)
			}
			for _, ch := range f.Checks {
				declared := reaches(f, ch.Uses, broken.id)
				if ch.Kind == "exec" {
					awaitJob(t, ch, declared)
				}
				err := probe(ch)
				if declared && err == nil {
					t.Errorf("%s passes, but declares a way through %s: %v", ch.ID, broken.id, ch.Uses)
				}
				if !declared && err != nil {
					t.Errorf("%s fails without %s, which it does not declare (%v): %v", ch.ID, broken.id, ch.Uses, err)
				}
			}
			if err := c.Restart(broken.id); err != nil {
				t.Fatal(err)
			}
			for _, ch := range f.Checks {
				if ch.Kind == "exec" {
					eventually(t, ch.ID+" recovers", func() bool { return probe(ch) == nil })
				} else if err := probe(ch); err != nil {
					t.Errorf("%s after the restart of %s: %v", ch.ID, broken.id, err)
				}
			}
		})
	}
}

// reaches reports whether component is in the closure of uses over depends_on.
func reaches(f configFile, uses []string, component string) bool {
	for _, u := range uses {
		if u == component {
			return true
		}
		for _, p := range f.Components {
			if p.ID == u && reaches(f, p.DependsOn, component) {
				return true
			}
		}
	}
	return false
}

// awaitJob waits until the job behind an exec check has met the fault: until
// the check fails if it should, else until its file was written anew twice, so
// that one whole round of the job ran while the component was down.
func awaitJob(t *testing.T, ch configCheck, fails bool) {
	t.Helper()
	if fails {
		eventually(t, ch.ID+" fails", func() bool { return probe(ch) != nil })
		return
	}
	for range 2 {
		before := modified(t, ch)
		eventually(t, ch.ID+"'s job goes on", func() bool { return modified(t, ch).After(before) })
	}
}

func modified(t *testing.T, ch configCheck) time.Time {
	t.Helper()
	info, err := os.Stat(ch.Exec.Argv[len(ch.Exec.Argv)-1])
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime()
}

// TestIntermittentShare: at 30 % edge-lb fails the requests that the seed says,
// and the products that do not pass it fail none.
func TestIntermittentShare(t *testing.T) {
	t.Parallel()
	const seed, rounds, rate = 7, 20, 0.3
	c := startCompany(t, seed)
	f := checksOf(t, c)
	if err := c.Break("edge-lb", kindError, rate); err != nil {
		t.Fatal(err)
	}

	twin := newSwitchboard(seed, 3) // edge-lb is the fourth row of partTable
	twin.set(&Fault{Kind: kindError, Rate: rate})
	tries, failed, want := 0, 0, 0
	codes := map[string]int{}
	for range rounds {
		for _, ch := range f.Checks {
			if ch.Kind == "exec" {
				continue
			}
			err := probe(ch)
			if !reaches(f, ch.Uses, "edge-lb") {
				if err != nil {
					t.Errorf("%s does not use edge-lb and fails: %v", ch.ID, err)
				}
				continue
			}
			tries++
			if twin.draw().kind != "" {
				want++
			}
			if err != nil {
				failed++
				codes[err.Error()]++
			}
		}
	}
	if failed != want {
		t.Errorf("%d of %d failed, want the %d that the seed says", failed, tries, want)
	}
	if share := float64(failed) / float64(tries); share < 0.25 || share > 0.35 {
		t.Errorf("share of failures %.3f (%d of %d), want about %.2f", share, failed, tries, rate)
	}
	for _, code := range []int{http.StatusBadGateway, http.StatusServiceUnavailable} {
		if codes[fmt.Sprintf("status %d: %s\n", code, http.StatusText(code))] == 0 {
			t.Errorf("no failure with %d among %v", code, codes)
		}
	}
}

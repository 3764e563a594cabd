package format

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestWhatWatchersAreTold: a level never stands without the figures of its span.
func TestWhatWatchersAreTold(t *testing.T) {
	now := time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC)
	at := func(min int) time.Time { return now.Add(time.Duration(min) * time.Minute) }
	v := view{clock: clockOf(now, nil), Snapshot: status.Snapshot{Window: 10 * time.Minute}}
	counts := func(bad, n int) impact.Counts { return impact.Counts{Failures: bad, Tries: n} }
	proof := impact.Proof{Since: at(-20), Recovered: at(-9), Share: 0.02, N: 345, Limit: 0.01, Needed: 459}
	slow, proven, once := proof, proof, proof
	slow.Slow, slow.Bad, proven.Proven, proven.N, once.Bad, once.N = true, 2, now, 480, 1, 1
	for want, c := range map[string]struct {
		impact.Impact
		from  string
		muted []incident.Muting
	}{
		"Billing: degraded since 19:32 UTC, 2.0 % of tries fail (41 of 2,016 in 10 min).":             {Impact: impact.Impact{Level: impact.Degraded, Onset: at(-28), From: at(-10), Counts: counts(41, 2016)}},
		"Billing: degraded since 19:55 UTC, 5 % of tries fail (3 of 60).":                             {Impact: impact.Impact{Level: impact.Degraded, Onset: at(-5), From: at(-5), Counts: counts(3, 60)}},
		"Billing: slow since 19:55 UTC, 38 % of answers are slow (133 of 350).":                       {Impact: impact.Impact{Level: impact.Degraded, Slow: true, Onset: at(-5), From: at(-5), Counts: impact.Counts{Slower: 133, Tries: 350}}},
		"Billing: down since 19:57 UTC, all 34 tries failed.":                                         {Impact: impact.Impact{Level: impact.Outage, Onset: at(-20), From: at(-3), Down: &impact.Down{Since: at(-3)}, Counts: counts(34, 34)}},
		"Billing: answers again, the last 7 tries passed; it was down 6 min (35 of 35 tries failed).": {from: "outage", Impact: impact.Impact{Level: impact.Degraded, Onset: at(-20), Counts: counts(0, 7), Answers: &impact.Answers{Down: impact.Down{Since: at(-8), Tries: 35, Failures: 35}, Last: at(-2), Since: at(-2), Tries: 7}}},
		"Billing: no failure since 19:40 UTC (345 tries; was 2 %).":                                   {from: "degraded", Impact: impact.Impact{Level: impact.OK, Proof: &proof}},
		"Billing: 1 failure since 19:40 UTC (1 try; was 2 %).":                                        {from: "degraded", Impact: impact.Impact{Level: impact.OK, Proof: &once}},
		"Billing: 2 slow answers since 19:40 UTC (345 tries; was 2 %).":                               {from: "degraded", Impact: impact.Impact{Level: impact.OK, Proof: &slow}},
		"Billing: recovered, no failure since 19:40 UTC (480 tries; below 1 % with 99 % confidence).": {from: status.Proving, Impact: impact.Impact{Level: impact.OK, Proof: &proven}},
		"Billing: as usual, 1 of 600 tries failed in 10 min.":                                         {from: "unknown", Impact: impact.Impact{Level: impact.OK, From: at(-10), Counts: counts(1, 600)}},
		"Billing: not clear yet, 3 of 3 tries failed in 10 min.":                                      {from: "unknown", Impact: impact.Impact{Level: impact.OK, From: at(-10), Counts: counts(3, 3)}},
		"Billing: not measured, newest result 19:50 UTC.":                                             {from: "ok", Impact: impact.Impact{Level: impact.Unknown, AsOf: at(-10), Why: "no measurement for more than 3 intervals"}},
		"Billing: in maintenance until 21:00 UTC by Ben: moving.":                                     {from: "ok", Impact: impact.Impact{Level: impact.Maintenance}, muted: []incident.Muting{{Until: at(60), By: "U2", Name: "Ben", Why: "moving."}}},
	} {
		p := status.ProductStatus{Product: status.Product{ID: "billing", Name: "Billing"}, Impact: c.Impact, Muted: c.muted, Checks: 2}
		if got := v.watchSentence(p, c.from, v.Plain); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

// TestWatchingWhatIsBeingProved: what no longer fails is not called as usual before
// that is proven.
func TestWatchingWhatIsBeingProved(t *testing.T) {
	p := status.ProductStatus{Product: status.Product{ID: "shop", Name: "Shop"}, Impact: impact.Impact{Level: impact.OK, Proof: &impact.Proof{N: 47}}}
	if got, want := Watching(p, "/status").Text, "Now it no longer fails; that is not proven yet."; !strings.Contains(got, want) {
		t.Errorf("%q lacks %q", got, want)
	}
	if got, want := Watches([]status.ProductStatus{p}, "/status").Blocks[0].Section, "Shop no longer fails; that is not proven yet"; !strings.Contains(got, want) {
		t.Errorf("%q lacks %q", got, want)
	}
	p.Proof = nil
	if got, want := Watching(p, "/status").Text, "Now it is as usual."; !strings.Contains(got, want) {
		t.Errorf("%q lacks %q", got, want)
	}
}

// TestALineOfAWatcherBeginsWithACapital: also where nothing stands before "as of".
func TestALineOfAWatcherBeginsWithACapital(t *testing.T) {
	at := time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC)
	p := status.ProductStatus{Product: status.Product{ID: "shop", Name: "Shop"}, Impact: impact.Impact{Level: impact.OK, Counts: impact.Counts{Tries: 100}}}
	if got := WatchChange(p, "degraded", status.Snapshot{At: at, Window: 10 * time.Minute}, "/status").Blocks[0].Section; !strings.Contains(got, "\nAs of <!date") {
		t.Errorf("got %q", got)
	}
}

// TestWhatIsNotClearYetHasNoTick: all that failed of a product may have, before that is told as trouble.
func TestWhatIsNotClearYetHasNoTick(t *testing.T) {
	now := time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC)
	p := status.ProductStatus{Product: status.Product{ID: "shop", Name: "Shop"}, Checks: 1, Impact: impact.Impact{Level: impact.OK, From: now.Add(-time.Minute), Counts: impact.Counts{Failures: 3, Tries: 3}}}
	snap := status.Snapshot{At: now, Window: 10 * time.Minute, Products: []status.ProductStatus{p}}
	v := look(snap, incident.Incident{}, false)
	for where, said := range map[string]string{
		"drill-down": Product(ProductFacts{Drill: status.Drill{ProductStatus: p, At: now}}).Blocks[0].Section,
		"one line":   v.inOneLine(p),
		"watches":    Watches([]status.ProductStatus{p}, "/status").Blocks[0].Section,
		"home":       strings.Join(v.watched([]string{"shop"}), "\n"),
		"message":    WatchChange(p, "unknown", snap, "/status").Blocks[0].Section,
	} {
		if strings.Contains(said, shape(impact.OK)) || strings.Contains(said, "as usual") || !strings.Contains(said, "not clear yet") {
			t.Errorf("%s: %s", where, said)
		}
	}
}

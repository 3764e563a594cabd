package format

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestSameForHowLong: as far back as each update differs by no more than chance.
func TestSameForHowLong(t *testing.T) {
	begin := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		failures []int // of 600 tries of each product, at updates ten minutes apart; negative: as usual
		steps    []int // at which of them the share changed
		slow     bool
		want     string
	}{
		"two":                      {[]int{25, 22}, nil, false, "Same as 10 min ago."},
		"an hour and more":         {[]int{25, 22, 24, 26, 23, 25, 27, 22, 26, 23}, nil, false, "Same as an hour ago."},
		"three hours":              {[]int{25, 22, 24, 26, 23, 25, 27, 22, 26, 23, 25, 22, 24, 26, 23, 25, 27, 22, 26, 23}, nil, false, "Same as 3 h ago."},
		"since it got worse":       {[]int{25, 22, 24, 60, 55, 58, 61}, nil, false, "Same as 30 min ago."},
		"worse just now":           {[]int{25, 22, 24, 60}, nil, false, "Worse than 10 min ago."},
		"since a step by its test": {[]int{25, 22, 24, 30, 32, 31, 33}, []int{2}, false, "Same as 30 min ago."},
		"a step a moment ago":      {[]int{25, 22, 24, 23}, []int{3}, false, ""},
		"more, and back again":     {[]int{25, 22, 50, 10, 30}, nil, false, ""},
		"since one more joined":    {[]int{-1, -1, 24, 26, 23}, nil, false, "Same as 20 min ago."},
		"slow":                     {[]int{25, 22, 24}, nil, true, "Same as 20 min ago."},
	} {
		t.Run(name, func(t *testing.T) {
			inc := incident.Fold(incident.Incident{}, incident.Event{Seq: 1, Incident: "inc-1", Kind: incident.Opened, Number: 1, At: begin, Every: 10 * time.Minute})
			var snap status.Snapshot
			for i, n := range c.failures {
				at := begin.Add(time.Duration(i) * 10 * time.Minute)
				snap = status.Snapshot{At: at, Window: 10 * time.Minute}
				for _, id := range []string{"a", "b"} {
					im := impact.Impact{Level: impact.Degraded, Slow: c.slow, Counts: impact.Counts{Tries: 600, Failures: n}, Onset: begin}
					if c.slow {
						im.Failures, im.Slower = 0, n
					}
					if n < 0 {
						if im.Failures = 25; id == "b" {
							im.Level, im.Failures = impact.OK, 0
						}
					}
					snap.Products = append(snap.Products, status.ProductStatus{Product: status.Product{ID: id, Name: id}, Impact: im})
				}
				for _, s := range c.steps {
					if s == i {
						inc = incident.Fold(inc, incident.Event{Seq: inc.LastSeq + 1, Kind: incident.Rate, At: at, Step: &incident.RateStep{At: at}})
					}
				}
				inc = incident.Fold(inc, incident.Event{Seq: inc.LastSeq + 1, Kind: incident.Update, N: i + 1, Post: 1, At: at, Due: at, Figures: snap.Figures()})
			}
			inc.LastUpdate = inc.ComparedWith(snap.Window)
			if got := look(snap, inc, false).trend(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestSameIsNotSaidAfterADip: the update before told another share, which the one that is compared,
// a window ago, knew nothing of. Nor is "better" said a moment after "worse", where it is because something that was
// down a window ago is no longer.
func TestSameIsNotSaidAfterADip(t *testing.T) {
	begin := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	degraded := func(failures int) impact.Impact {
		return impact.Impact{Level: impact.Degraded, Counts: impact.Counts{Tries: 600, Failures: failures}, Onset: begin}
	}
	down := impact.Impact{Level: impact.Outage, Counts: impact.Counts{Tries: 10, Failures: 10}, Onset: begin}
	well := impact.Impact{Level: impact.OK, Counts: impact.Counts{Tries: 600}}
	for name, c := range map[string]struct {
		was  []impact.Impact // at updates five minutes apart
		want string
	}{
		"all the time":           {[]impact.Impact{degraded(25), degraded(25), degraded(23), degraded(25)}, "Same as 15 min ago."},
		"after a dip":            {[]impact.Impact{degraded(25), degraded(25), degraded(3), degraded(25)}, ""},
		"no longer down":         {[]impact.Impact{degraded(25), down, degraded(25), degraded(25)}, "Better than 10 min ago."},
		"better after worse":     {[]impact.Impact{well, down, degraded(60), degraded(25)}, ""},
		"down, whatever came so": {[]impact.Impact{degraded(25), degraded(25), degraded(3), down}, "Worse than 10 min ago."},
	} {
		inc := incident.Fold(incident.Incident{}, incident.Event{Seq: 1, Incident: "inc-1", Kind: incident.Opened, Number: 1, At: begin, Every: 5 * time.Minute})
		var snap status.Snapshot
		for i, im := range c.was {
			at := begin.Add(time.Duration(i) * 5 * time.Minute)
			snap = status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{{Product: status.Product{ID: "a", Name: "a"}, Impact: im}}}
			inc = incident.Fold(inc, incident.Event{Seq: inc.LastSeq + 1, Kind: incident.Update, N: i + 1, Post: 1, At: at, Due: at, Figures: snap.Figures()})
		}
		inc.LastUpdate = inc.ComparedWith(snap.Window)
		if got := look(snap, inc, false).trend(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// TestSameAsAMomentAgoIsNotSaid: who asks right after an update learns nothing by it.
func TestSameAsAMomentAgoIsNotSaid(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	inc := incident.Fold(incident.Incident{}, incident.Event{Seq: 1, Incident: "inc-1", Kind: incident.Opened, Number: 1, At: at, Every: time.Minute})
	snap := status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{{Product: status.Product{ID: "a", Name: "a"},
		Impact: impact.Impact{Level: impact.Degraded, Counts: impact.Counts{Tries: 600, Failures: 25}, Onset: at.Add(-time.Hour)}}}}
	inc = incident.Fold(inc, incident.Event{Seq: 2, Kind: incident.Update, N: 1, Post: 1, At: at, Due: at, Figures: snap.Figures()})
	for after, want := range map[time.Duration]string{0: "", 20 * time.Second: "", 31 * time.Second: "", 59 * time.Second: "", time.Minute: "Same as 1 min ago."} {
		snap.At = at.Add(after)
		if got := look(snap, inc, false).trend(); got != want {
			t.Errorf("after %s: %q, want %q", after, got, want)
		}
	}
	for after, want := range map[time.Duration]string{0: "", 40 * time.Second: "", time.Minute: ", same as 1 min ago"} {
		if got := sameAs(after); got != want {
			t.Errorf("a product's answer after %s: %q, want %q", after, got, want)
		}
	}
}

// TestSameIsNotSaidBesideWhatRests: "mail was failing; none of the last 100 tries did" is
// not as it was.
func TestSameIsNotSaidBesideWhatRests(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	inc := incident.Fold(incident.Incident{}, incident.Event{Seq: 1, Incident: "inc-1", Kind: incident.Opened, Number: 1, At: at, Every: 10 * time.Minute})
	mail := impact.Impact{Level: impact.Degraded, Slow: true, Counts: impact.Counts{Tries: 100, Slower: 2}, Onset: at.Add(-time.Hour)}
	snap := status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{
		{Product: status.Product{ID: "a", Name: "a"}, Impact: impact.Impact{Level: impact.Degraded, Counts: impact.Counts{Tries: 600, Failures: 25}, Onset: at.Add(-time.Hour)}},
		{Product: status.Product{ID: "mail", Name: "mail"}, Impact: mail}}}
	inc = incident.Fold(inc, incident.Event{Seq: 2, Kind: incident.Update, N: 1, Post: 1, At: at, Due: at, Figures: snap.Figures()})
	snap.At = at.Add(10 * time.Minute)
	for slower, want := range map[int]string{2: "Same as 10 min ago.", 0: ""} {
		snap.Products[1].Slower = slower
		v := look(snap, inc, false)
		if got := v.trend(); got != want || len(v.groups) != 2 {
			t.Errorf("%d of mail were slow: %q, want %q (%d groups)", slower, got, want, len(v.groups))
		}
	}
}

// TestSameBesideAQuiet: what fails with products that are quiet is not told as the same for
// longer than they have been, and one of them not at all.
func TestSameBesideAQuiet(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	quiet := News{Quiet: true, Of: []string{"a", "b"}, Step: incident.RateStep{At: at.Add(-time.Hour)}}
	for _, c := range []struct {
		product string
		quiet   News
		steady  time.Duration
		want    time.Duration
	}{{"a", quiet, 6 * time.Hour, 0}, {"c", quiet, 6 * time.Hour, time.Hour}, {"c", quiet, 20 * time.Minute, 20 * time.Minute}, {"c", News{}, 6 * time.Hour, 6 * time.Hour}} {
		d := status.Drill{At: at, ProductStatus: status.ProductStatus{Product: status.Product{ID: c.product}}, Steady: c.steady}
		if got := c.quiet.steady(d); got != c.want {
			t.Errorf("%s for %v, quiet %v: %v, want %v", c.product, c.steady, c.quiet.Quiet, got, c.want)
		}
	}
}

// TestNoOppositeAMomentLater: updates that come more often than a window look back at different
// windows, and what one calls better the next does not call worse.
func TestNoOppositeAMomentLater(t *testing.T) {
	begin := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		failures []int // of 200 tries, at updates five minutes apart; negative: as usual
		step     int   // at which of them the share changed; 0: at none
		want     []string
	}{
		"came and went":                {[]int{20, 20, 45, 45, 15}, 0, []string{"", "Same as 5 min ago.", "Worse than 10 min ago.", "Worse than 10 min ago.", ""}},
		"failing again and hardly":     {[]int{-1, 60, 50, 20}, 0, []string{"", "Worse than 5 min ago.", "Worse than 10 min ago.", ""}},
		"a step by its test":           {[]int{10, 10, 45, 45, 12}, 4, []string{"", "Same as 5 min ago.", "Worse than 10 min ago.", "Worse than 10 min ago.", "Better than 10 min ago."}},
		"better and better is no turn": {[]int{80, 80, 40, 20}, 0, []string{"", "Same as 5 min ago.", "Better than 10 min ago.", "Better than 10 min ago."}},
	} {
		inc := incident.Fold(incident.Incident{}, incident.Event{Seq: 1, Incident: "inc-1", Kind: incident.Opened, Number: 1, At: begin, Every: 5 * time.Minute})
		var told []string
		for i, n := range c.failures {
			at := begin.Add(time.Duration(i) * 5 * time.Minute)
			im := impact.Impact{Level: impact.Degraded, Counts: impact.Counts{Tries: 200, Failures: n}, Onset: begin}
			if n < 0 {
				im.Level, im.Failures = impact.OK, 0
			}
			snap := status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{{Product: status.Product{ID: "a", Name: "a"}, Impact: im}}}
			if c.step > 0 && i == c.step {
				inc = incident.Fold(inc, incident.Event{Seq: inc.LastSeq + 1, Kind: incident.Rate, At: at, Step: &incident.RateStep{At: at}})
			}
			inc = incident.Fold(inc, incident.Event{Seq: inc.LastSeq + 1, Kind: incident.Update, N: i + 1, Post: 1, At: at, Due: at, Figures: snap.Figures()})
			seen := inc
			seen.LastUpdate = inc.ComparedWith(snap.Window)
			told = append(told, look(snap, seen, false).trend())
		}
		if d := cmp.Diff(c.want, told); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

package format

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/impact/cause"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

func TestEvidenceOf(t *testing.T) {
	for _, c := range []struct {
		s    cause.Suspect
		want string
	}{
		{cause.Suspect{Failing: 41, FailingAll: 43, Others: 120, OthersFailing: 2}, "41 of the 43 failing checks use it; of the 120 others, 2 fail."},
		{cause.Suspect{Failing: 41, FailingAll: 41, Others: 120}, "All 41 failing checks use it, none of the 120 others fails."},
		{cause.Suspect{Failing: 1, FailingAll: 1, Others: 1}, "The one failing check uses it, the 1 other check does not fail."},
		{cause.Suspect{Failing: 1, FailingAll: 3, Others: 1000, OthersFailing: 2}, "1 of the 3 failing checks uses it; of the 1,000 others, 2 fail."},
		{cause.Suspect{FailingAll: 1, Others: 2, OthersFailing: 1}, "The one failing check does not use it; of the 2 others, 1 fails."},
		{cause.Suspect{Failing: 2, FailingAll: 2}, "Both failing checks use it, as every check does."},
		{cause.Suspect{Failing: 9, FailingAll: 9, Others: 40, Slower: 12}, "All 9 failing checks use it, none of the 40 others fails. 12 more checks are slower."},
		{cause.Suspect{Failing: 2, FailingAll: 2, Others: 3, Slower: 1}, "Both failing checks use it, none of the 3 others fails. 1 more check is slower."},
		{cause.Suspect{Others: 4}, "No single check stands out yet; taken together they point there."},
		{cause.Suspect{Kind: cause.Vantage, Failing: 1, FailingAll: 1, Others: 3}, "The one failing check runs there, none of the 3 others fails."},
		{cause.Suspect{Kind: cause.Vantage, Failing: 5, FailingAll: 6, Others: 6, OthersFailing: 1}, "5 of the 6 failing checks run there; of the 6 others, 1 fails."},
	} {
		if got := evidenceOf(c.s, "it"); got != c.want {
			t.Errorf("%+v\n got %q\nwant %q", c.s, got, c.want)
		}
	}
}

// What is not in a golden message since it takes days, or two causes.
func TestCauseLine(t *testing.T) {
	s := cause.Suspect{ID: "edge", Kind: cause.Component, FailingAll: 3, Failing: 3, Others: 2, Score: 0.5, Chance: 0.5}
	pair, region := s, s
	pair.With, region.Region = "auth", "eu"
	beside := cause.Suspect{ID: "edge", Kind: cause.Component, FailingAll: 2, Failing: 1, Using: 1, Others: 1, OthersFailing: 1}
	hurt := []status.ProductStatus{{Impact: impact.Impact{Level: impact.Degraded, Counts: impact.Counts{Tries: 100, Failures: 9}}}}
	for _, c := range []struct {
		r    cause.Ranking
		want string
	}{
		{cause.Ranking{Verdict: cause.Clear, Suspects: []cause.Suspect{pair}}, "Likely *Edge together with auth*: all 3 failing checks use one of them, none of the 2 others fails."},
		{cause.Ranking{Verdict: cause.Clear, Suspects: []cause.Suspect{region}}, "Likely *Edge in region eu*: all 3 failing checks use it, none of the 2 others fails."},
		{cause.Ranking{Verdict: cause.CannotTell, Suspects: []cause.Suspect{s}}, "The cause is not clear yet; first suspect *Edge*: all 3 failing checks use it, none of the 2 others fails."},
		{cause.Ranking{Verdict: cause.Clear, Suspects: []cause.Suspect{beside}}, "The cause is not clear yet."}, // its counts do not speak for it
		{cause.Ranking{Verdict: cause.CannotTell}, ""},
		{cause.Ranking{}, ""},
	} {
		v := look(status.Snapshot{Products: hurt, Components: []status.Component{{ID: "edge", Name: "Edge"}}, Causes: status.Causes{Ranking: c.r}}, incident.Incident{}, false)
		if got := v.cause(); got != c.want {
			t.Errorf("%+v\n got %q\nwant %q", c.r, got, c.want)
		}
	}
}

// Counts of a part are not told as those of all: five products are hurt, and
// two checks fail clearly.
func TestFewChecksFailClearly(t *testing.T) {
	var hurt []status.ProductStatus
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		hurt = append(hurt, status.ProductStatus{Product: status.Product{ID: id, Name: id}, Impact: impact.Impact{Level: impact.Degraded, Counts: impact.Counts{Tries: 100, Failures: 9}}})
	}
	s := cause.Suspect{ID: "edge", Kind: cause.Component, FailingAll: 2, Failing: 2, Using: 5, Others: 3}
	v := look(status.Snapshot{Products: hurt, Causes: status.Causes{Ranking: cause.Ranking{Verdict: cause.Clear, Suspects: []cause.Suspect{s}}}}, incident.Incident{}, false)
	if got, want := v.cause(), "Likely *edge*: both checks that clearly fail use it, none of the 3 others fails."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Beside a figure of the minutes since a share changed, the checks are not said to be
// failing that failed before: 7 failures are not of 25 checks.
func TestChecksBesideAStep(t *testing.T) {
	var hurt []status.ProductStatus
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		hurt = append(hurt, status.ProductStatus{Product: status.Product{ID: id, Name: id}, Impact: impact.Impact{Level: impact.Degraded, Counts: impact.Counts{Tries: 100, Failures: 9}}})
	}
	s := cause.Suspect{ID: "flags", Kind: cause.Component, FailingAll: 25, Failing: 25, Using: 25, Others: 4}
	at := time.Date(2026, 3, 3, 3, 16, 0, 0, time.UTC)
	snap := status.Snapshot{At: at, Window: 10 * time.Minute, Products: hurt, Causes: status.Causes{Ranking: cause.Ranking{Verdict: cause.Clear, Suspects: []cause.Suspect{s}}}}
	step := incident.RateStep{At: at.Add(-time.Minute), Before: incident.Counts{Tries: 90}, After: incident.Counts{Tries: 58, Failures: 7}}
	m := Update(UpdateFacts{N: 21, Snapshot: snap, Incident: incident.Incident{Number: 1, OpenedAt: at.Add(-time.Hour)}, News: News{Step: step, Of: []string{"a", "b", "c", "d", "e"}, Again: true}})
	if got, want := m.Blocks[0].Section, "Likely *flags*: all 25 checks that failed use it, none of the 4 others fails."; !strings.Contains(got, want) {
		t.Errorf("no %q in\n%s", want, got)
	}
}

// TestAForecastGoesByThePaceOfAll: what a proof counts at first is only what the
// checks gave that failed; the rest of it comes from all.
func TestAForecastGoesByThePaceOfAll(t *testing.T) {
	at := time.Date(2026, 3, 3, 10, 10, 0, 0, time.UTC)
	v := view{clock: clockOf(at, nil), Snapshot: status.Snapshot{At: at, Window: 10 * time.Minute}}
	im := impact.Impact{From: at.Add(-10 * time.Minute), Counts: impact.Counts{Tries: 60}, Proof: &impact.Proof{Since: at.Add(-17 * time.Minute), N: 11, Before: 11, Needed: 43}}
	if got, want := v.left(im).Round(time.Second), 32*10*time.Second; got != want {
		t.Errorf("32 more tries, of which 6 come in a minute, take %s, want %s", got, want)
	}
}

func TestProofInWords(t *testing.T) {
	at := time.Date(2026, 11, 18, 10, 2, 0, 0, time.UTC)
	v := view{clock: clockOf(at.Add(time.Hour), nil)}
	when := v.When(at)
	first := impact.Proof{Since: at, Recovered: at, Excluded: 0.04, Share: 0.08, Limit: 0.01, Usual: 0.001, N: 125}
	proven := first
	proven.Proven, proven.N = at.Add(time.Minute), 459
	slow := first
	slow.Slow, slow.Bad = true, 1
	for _, c := range []struct {
		p        impact.Proof
		learning int
		want     string
		done     bool
	}{
		{first, 0, "no longer failing at the incident's rate (below 4 % since AT; it was 8 %). Below 1 % is not proven yet: 125 tries since AT, 0 failures; usual is 0.1 %", false},
		{slow, 2, "no longer slow at the incident's rate (below 4 % since AT; it was 8 %). Below 1 % is not proven yet: 125 tries since AT, 1 slow answer; what is usual is not known yet", false},
		{proven, 0, "below 1 % with 99 % confidence: 459 tries since AT, 0 failures; usual is 0.1 %", true},
		{impact.Proof{Accepted: true, Slow: true, Share: 0.14, Onset: at}, 0, "14 % of answers are slower than before since AT: taken as usual now", true},
		{impact.Proof{Accepted: true, Share: 0.021, Onset: at}, 0, "2 % of checks fail since AT: taken as usual now", true},
		{impact.Proof{Accepted: true, Share: 0.031, Onset: at, Repeats: 4}, 0, "3 % of checks failed since AT, in 4 separate troubles: taken as usual now", true},
	} {
		got, done := v.proof(impact.Impact{Proof: &c.p, Learning: c.learning})
		if d := cmp.Diff(c.want, strings.ReplaceAll(got, when, "AT")); d != "" || done != c.done {
			t.Errorf("done %v, want %v (-want +got):\n%s", done, c.done, d)
		}
	}
}

// What was taken for usual did not recover, and nobody says so.
func TestTheEndOfWhatIsUsualNow(t *testing.T) {
	at := time.Date(2026, 11, 18, 10, 2, 0, 0, time.UTC)
	s := status.Snapshot{At: at, Products: []status.ProductStatus{{Product: status.Product{Name: "Search"}, Checks: 1,
		Impact: impact.Impact{Level: impact.OK, Changed: at, Proof: &impact.Proof{Accepted: true, Share: 0.14, Slow: true, Recovered: at, Onset: at.Add(-24 * time.Hour)}}}}}
	m := Update(UpdateFacts{N: 9, Snapshot: s, Incident: incident.Incident{Number: 1, OpenedAt: at.Add(-24 * time.Hour)}, Ended: true})
	if want := "No product is worse than what is usual now after 1 d. Updates end (update #9)."; !strings.HasPrefix(m.Text, want) && !strings.HasPrefix(m.Text, strings.Replace(want, "1 d", "24 h", 1)) {
		t.Errorf("the end says %q", m.Text)
	}
}

func TestRate(t *testing.T) {
	for share, want := range map[float64]string{0: "0 %", 0.0002: "under 0.1 %", 0.001: "0.1 %", 0.0104: "1 %", 0.015: "1.5 %", 0.0204: "2 %", 0.136: "14 %"} {
		if got := rate(share); got != want {
			t.Errorf("rate(%g) = %q, want %q", share, got, want)
		}
	}
}

// What failed is quiet and others answer slowly: the checks that the cause's counts are of
// did fail, and none is called slow beside those that are.
func TestCountsOfAQuietCauseAreOfWhatFailed(t *testing.T) {
	maps := status.ProductStatus{Product: status.Product{ID: "maps", Name: "Maps"}, Impact: impact.Impact{Level: impact.Degraded, Slow: true, Counts: impact.Counts{Tries: 100, Slow: 42}}}
	for slow, want := range map[bool]string{
		false: "all 4 failing checks use it, none of the 15 others fails. 12 more checks are slower.",
		true:  "all 4 slow checks use it, none of the 15 others is slow. 12 more checks are slower.",
	} {
		s := cause.Suspect{ID: "edge", Kind: cause.Component, FailingAll: 4, Failing: 4, Using: 4, Others: 15, Slower: 12, Slow: slow}
		v := look(status.Snapshot{Products: []status.ProductStatus{maps}, Causes: status.Causes{Ranking: cause.Ranking{Verdict: cause.Clear, Suspects: []cause.Suspect{s}}}}, incident.Incident{}, false)
		if got := v.cause(); !strings.HasSuffix(got, want) {
			t.Errorf("slow %v: got %q, want %q", slow, got, want)
		}
	}
}

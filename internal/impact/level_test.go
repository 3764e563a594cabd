package impact

import "testing"

func TestJudge(t *testing.T) {
	counts := func(failures, tries int) Counts { return Counts{Tries: tries, Failures: failures} }
	for _, c := range []struct {
		name   string
		former Level
		facts  Facts
		want   Level
	}{
		{"nothing yet", OK, Facts{}, OK},
		{"two failures are no alarm", OK, Facts{Window: counts(2, 10), Recent: counts(2, 10)}, OK},
		{"three of 300 may be chance", OK, Facts{Window: counts(3, 300), Recent: counts(0, 30)}, OK},
		{"12 of 300 are not", OK, Facts{Window: counts(12, 300), Recent: counts(1, 30)}, Degraded},
		{"three of three: not yet most for sure", OK, Facts{Window: counts(3, 3), Recent: counts(3, 3)}, Degraded},
		{"four of four is down", OK, Facts{Window: counts(4, 4), Recent: counts(4, 4)}, Outage},
		{"degraded to outage", Degraded, Facts{Window: counts(40, 300), Recent: counts(20, 25)}, Outage},
		{"outage stays at half", Outage, Facts{Window: counts(200, 300), Recent: counts(15, 30)}, Outage},
		{"outage ends below half", Outage, Facts{Window: counts(200, 300), Recent: counts(14, 30)}, Degraded},
		{"degraded stays without news", Degraded, Facts{Window: counts(12, 300), Recent: counts(0, 30), Clean: 60, Share: 0.08}, Degraded},
		{"113 clean results refute half of 8 %", Degraded, Facts{Window: counts(12, 300), Recent: counts(0, 30), Clean: 113, Share: 0.08}, OK},
		{"112 do not", Degraded, Facts{Window: counts(12, 300), Recent: counts(0, 30), Clean: 112, Share: 0.08}, Degraded},
		{"an outage is over after 90", Outage, Facts{Window: counts(200, 300), Recent: counts(0, 30), Clean: 90, Share: 1}, OK},
		{"slowness", OK, Facts{Window: Counts{Tries: 40, Slow: 10}, Recent: counts(0, 30)}, Degraded},
		{"a little slowness", OK, Facts{Window: Counts{Tries: 40, Slow: 4}, Recent: counts(0, 30)}, OK},
	} {
		if got, why := Judge(c.former, c.facts); got != c.want {
			t.Errorf("%s: Judge = %s (%s), want %s", c.name, got, why, c.want)
		} else if got != c.former && why == "" {
			t.Errorf("%s: the level changes to %s and nothing says why", c.name, got)
		}
	}
}

func TestCleanRunNeeded(t *testing.T) {
	// ln 0.01 / ln(1-p): 459 for 1 %, 228 for 2 %, 90 for 5 % (the successes in
	// a row that make a wrong "recovered" rarer than one in a hundred).
	for share, want := range map[float64]int{0.02: 459, 0.04: 228, 0.08: 113, 0.10: 90, 1: 90, 0: 90} {
		if got := CleanRunNeeded(share); got != want {
			t.Errorf("CleanRunNeeded(%v) = %d, want %d", share, got, want)
		}
	}
}

func TestCompare(t *testing.T) {
	at := func(l Level, failures, tries int) Impact {
		im := Impact{Level: l, Counts: Counts{Tries: tries, Failures: failures}}
		im.Low, im.High = Wilson(failures, tries)
		return im
	}
	for _, c := range []struct {
		level Level
		share float64
		now   Impact
		want  Trend
	}{
		{OK, 0, at(Degraded, 12, 300), Worse},
		{Degraded, 0.04, at(OK, 5, 300), Better},
		{Degraded, 0.04, at(Outage, 200, 300), Worse},
		{Degraded, 0.04, at(Degraded, 62, 520), Worse},
		{Degraded, 0.12, at(Degraded, 62, 520), Same},
		{Degraded, 0.20, at(Degraded, 62, 520), Better},
		{OK, 0, at(OK, 1, 300), Same},
		{Unknown, 0, at(Degraded, 62, 520), Same},
		{"", 0, at(Degraded, 62, 520), Same},
	} {
		if got := Compare(c.level, c.share, c.now); got != c.want {
			t.Errorf("Compare(%s, %v, %s %d/%d) = %s, want %s", c.level, c.share, c.now.Level, c.now.Failures, c.now.Tries, got, c.want)
		}
	}
}

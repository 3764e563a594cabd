package format

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// The overall trend: products that are down, then who joins and who leaves, then
// what fails of all; unknown never counts as recovered.
func TestTrend(t *testing.T) {
	at := time.Date(2026, 11, 18, 15, 5, 0, 0, time.UTC)
	type state struct {
		level    impact.Level
		failures int // of 500; of what is slow, its slow answers
	}
	const ok, degraded, outage, unknown, maintenance, slow = impact.OK, impact.Degraded, impact.Outage, impact.Unknown, impact.Maintenance, impact.Level("slow")
	for name, c := range map[string]struct {
		was, is []state
		want    string
	}{
		"all well":                        {[]state{{ok, 0}}, []state{{ok, 0}}, ""},
		"the same":                        {[]state{{degraded, 30}}, []state{{degraded, 32}}, "Same as 5 min ago."},
		"a share rose":                    {[]state{{degraded, 30}}, []state{{degraded, 90}}, "Worse than 5 min ago."},
		"a share fell":                    {[]state{{degraded, 90}}, []state{{degraded, 30}}, "Better than 5 min ago."},
		"one rose, one fell":              {[]state{{degraded, 90}, {degraded, 30}}, []state{{degraded, 30}, {degraded, 90}}, "Worse on b, better on a, than 5 min ago."},
		"one rose, all did not":           {[]state{{degraded, 10}, {degraded, 200}, {degraded, 200}}, []state{{degraded, 40}, {degraded, 200}, {degraded, 200}}, "Worse on a than 5 min ago."},
		"two recovered, one share rose":   {[]state{{degraded, 90}, {degraded, 90}, {degraded, 30}}, []state{{ok, 0}, {ok, 0}, {degraded, 90}}, "Fewer than 5 min ago, and worse where it still fails."},
		"two recovered":                   {[]state{{degraded, 90}, {degraded, 90}, {degraded, 30}}, []state{{ok, 0}, {ok, 0}, {degraded, 30}}, "Better than 5 min ago."},
		"one joined":                      {[]state{{degraded, 30}, {ok, 0}}, []state{{degraded, 31}, {degraded, 9}}, "Spreading: 1 more in 5 min."},
		"one joined, a share fell":        {[]state{{degraded, 90}, {ok, 0}}, []state{{degraded, 30}, {degraded, 9}}, "Spreading: 1 more in 5 min."},
		"one joined, a share rose":        {[]state{{degraded, 30}, {ok, 0}}, []state{{degraded, 90}, {degraded, 9}}, "Worse than 5 min ago. Spreading: 1 more."},
		"one for another":                 {[]state{{degraded, 30}, {ok, 0}}, []state{{ok, 0}, {degraded, 30}}, "1 product more and 1 fewer than 5 min ago."},
		"none was hurt":                   {[]state{{ok, 0}, {ok, 0}}, []state{{degraded, 30}, {degraded, 30}}, "Worse than 5 min ago."},
		"one went down, two recovered":    {[]state{{degraded, 90}, {degraded, 90}, {degraded, 30}}, []state{{ok, 0}, {ok, 0}, {outage, 490}}, "Worse than 5 min ago."},
		"one went down, one joined":       {[]state{{degraded, 30}, {ok, 0}}, []state{{outage, 490}, {degraded, 30}}, "Worse than 5 min ago. Spreading: 1 more."},
		"no longer down":                  {[]state{{outage, 490}, {ok, 0}}, []state{{degraded, 90}, {ok, 0}}, "Better than 5 min ago."},
		"no longer down, one joined":      {[]state{{outage, 490}, {ok, 0}}, []state{{degraded, 90}, {degraded, 30}}, "Better than 5 min ago. Spreading: 1 more."},
		"hurt and now unknown":            {[]state{{degraded, 90}, {degraded, 30}}, []state{{unknown, 0}, {degraded, 30}}, ""},
		"hurt and now in maintenance":     {[]state{{degraded, 90}, {degraded, 30}}, []state{{maintenance, 0}, {degraded, 30}}, ""},
		"unknown and now hurt, one stays": {[]state{{unknown, 0}, {degraded, 30}}, []state{{degraded, 90}, {degraded, 30}}, ""},
		"unknown for one that is hurt":    {[]state{{degraded, 90}, {ok, 0}}, []state{{unknown, 0}, {degraded, 30}}, ""},
		"slow as before":                  {[]state{{slow, 200}}, []state{{slow, 210}}, "Same as 5 min ago."},
		"more of it slow":                 {[]state{{slow, 100}}, []state{{slow, 300}}, "Worse than 5 min ago."},
		"most fails lately, and less":     {[]state{{degraded, 200}}, []state{{outage, 190}}, ""},
		"most fails lately, and more":     {[]state{{degraded, 200}}, []state{{outage, 300}}, "Worse than 5 min ago."},
		"one is down, and less in all":    {[]state{{degraded, 200}, {degraded, 400}}, []state{{outage, 499}, {degraded, 30}}, "Worse than 5 min ago."},
		"no longer most, and more in all": {[]state{{outage, 260}, {degraded, 30}}, []state{{degraded, 250}, {degraded, 90}}, ""},
		"one recovered, more in all":      {[]state{{degraded, 0}, {degraded, 8}}, []state{{ok, 0}, {degraded, 15}}, "1 product fewer than 5 min ago."},
		"joined, worse, and less in all":  {[]state{{degraded, 30}, {ok, 0}, {ok, 0}}, []state{{degraded, 60}, {degraded, 4}, {degraded, 4}}, "Spreading: 2 more in 5 min, and worse where it failed before."},
		"all recovered":                   {[]state{{degraded, 90}, {degraded, 30}}, []state{{ok, 0}, {ok, 0}}, ""}, // the first line says so
		"failed and is slow now":          {[]state{{degraded, 100}}, []state{{slow, 300}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := status.Snapshot{At: at, Window: 10 * time.Minute}
			inc := incident.Incident{Number: 1, LastUpdate: incident.Event{N: 3, At: at.Add(-5 * time.Minute)}}
			for i, is := range c.is {
				id := string(rune('a' + i))
				p := status.ProductStatus{Product: status.Product{ID: id, Name: id}}
				p.Level, p.Tries, p.Failures = is.level, 500, is.failures
				if is.level == slow {
					p.Level, p.Failures, p.Impact.Slow, p.Slower = degraded, 0, true, is.failures
				}
				p.Low, p.High = impact.Wilson(is.failures, 500)
				s.Products = append(s.Products, p)
				was := incident.Figure{Product: id, Level: string(c.was[i].level), Tries: 500, Failures: c.was[i].failures, Share: float64(c.was[i].failures) / 500}
				if c.was[i].level == slow {
					was.Level, was.Failures, was.Share, was.Slow = string(degraded), 0, 0, c.was[i].failures
				}
				inc.LastUpdate.Figures = append(inc.LastUpdate.Figures, was)
			}
			if got := look(s, inc, false).trend(); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			inc.LastUpdate = incident.Event{}
			if got := look(s, inc, false).trend(); got != "" {
				t.Errorf("before any update, got %q, want none", got)
			}
		})
	}
}

func TestHeadline(t *testing.T) {
	const mostly = "mostly failing"
	const down, failing, quiet, slow, ok, unknown, maintenance, early = "down", "failing", "quiet", "slow", "ok", "unknown", "maintenance", "early"
	for _, c := range []struct {
		products []string
		want     string
	}{
		{nil, "no product is defined"},
		{[]string{ok}, "A is as usual: 0 of 10 tries failed in 10 min"},
		{[]string{ok, ok}, "both products as usual: 0 of 20 tries failed in 10 min"},
		{[]string{ok, unknown, maintenance}, "1 of 3 products as usual: 0 of 10 tries failed in 10 min"},
		{[]string{ok, early}, "1 of 2 products as usual: 0 of 10 tries failed in 10 min. Not clear yet: B (3 of 3 tries failed in 10 min)"},
		{[]string{early}, "not clear yet: A (3 of 3 tries failed in 10 min)"},
		{[]string{unknown, unknown}, "nothing is measured: both products unknown"},
		{[]string{unknown}, "nothing is measured: the 1 product is unknown"},
		{[]string{unknown, maintenance}, "no product is measured now"},
		{[]string{failing, ok}, "A fails 10 % of tries (1 of 10 in 10 min)"},
		{[]string{failing, quiet}, "A and B fail 5 % of tries (1 of 20 in 10 min)"},
		{[]string{failing, failing, failing, failing, ok}, "4 of 5 products fail 10 % of tries (4 of 40 in 10 min)"},
		{[]string{failing, failing, failing, failing}, "all 4 products fail 10 % of tries (4 of 40 in 10 min)"},
		{[]string{quiet, ok}, "A was failing; none of the last 10 tries did, which is no proof yet"},
		{[]string{slow, ok}, "A answers slowly: 40 % of tries (4 of 10 in 10 min)"},
		{[]string{slow, failing}, "B fails 10 % of tries (1 of 10 in 10 min). A answers slowly: 40 % of tries (4 of 10 in 10 min)"},
		{[]string{down, failing, slow, ok}, "A is down: all 10 tries in 10 min failed. B fails 10 % of tries (1 of 10 in 10 min). C answers slowly: 40 % of tries (4 of 10 in 10 min)"},
		{[]string{down, failing, failing, failing, failing, ok}, "A is down: all 10 tries in 10 min failed. 4 more products fail 10 % of tries (4 of 40 in 10 min)"},
		{[]string{mostly, failing, ok}, "A fails 60 % of tries (6 of 10 in 10 min). B fails 10 % of tries (1 of 10 in 10 min)"},
		{[]string{down}, "A is down: all 10 tries in 10 min failed"},
	} {
		s := status.Snapshot{Window: 10 * time.Minute}
		for i, what := range c.products {
			p := status.ProductStatus{Product: status.Product{ID: string(rune('A' + i)), Name: string(rune('A' + i))}}
			p.Tries = 10
			switch what {
			case down:
				p.Level, p.Failures = impact.Outage, 10
			case mostly:
				p.Level, p.Failures = impact.Outage, 6
			case early:
				p.Level, p.Tries, p.Failures = impact.OK, 3, 3
			case failing:
				p.Level, p.Failures = impact.Degraded, 1
			case quiet, slow:
				p.Level, p.Impact.Slow = impact.Degraded, what == slow
				if what == slow {
					p.Counts.Slow = 4
				}
			case ok:
				p.Level = impact.OK
			case unknown:
				p.Level = impact.Unknown
			case maintenance:
				p.Level = impact.Maintenance
			}
			s.Products = append(s.Products, p)
		}
		if got := look(s, incident.Incident{}, false).headline(); got != c.want {
			t.Errorf("%v: got %q, want %q", c.products, got, c.want)
		}
	}
}

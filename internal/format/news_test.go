package format

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// The instant of a change is read in each reader's own zone where Slack shows
// it, as every other time of the message, and as UTC in a notification.
func TestNewsIsToldInTheReadersZone(t *testing.T) {
	at := time.Date(2026, 11, 18, 10, 5, 0, 0, time.UTC)
	step := incident.RateStep{At: at.Add(-5 * time.Minute), Before: incident.Counts{Tries: 1000, Failures: 40}, After: incident.Counts{Tries: 600, Failures: 1}}
	snap := status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{{Product: status.Product{ID: "billing", Name: "Billing"}}, {Product: status.Product{ID: "search", Name: "Search"}}}}
	for name, news := range map[string]News{
		"quiet":  {Step: step, Of: []string{"billing", "search"}, Quiet: true},
		"better": {Step: step, Of: []string{"billing", "search"}},
	} {
		m := Update(UpdateFacts{N: 7, Snapshot: snap, Incident: incident.Incident{Number: 1, OpenedAt: at.Add(-time.Hour)}, Next: at.Add(5 * time.Minute), News: news})
		token := fmt.Sprintf("<!date^%d^", step.At.Unix())
		if first := m.Blocks[0].Section; !strings.Contains(first, token) || strings.Contains(first, " 10:00 UTC") {
			t.Errorf("%s: the block says %q", name, first)
		}
		if !strings.Contains(m.Text, "10:00 UTC") || strings.Contains(m.Text, "<!date") {
			t.Errorf("%s: the notification says %q", name, m.Text)
		}
	}
}

// TestWhatIsToldOfAChange, in the words for what it is: without a failure none
// "fail 0 %", and what passed now and then was not down.
func TestWhatIsToldOfAChange(t *testing.T) {
	at := time.Date(2026, 11, 18, 10, 5, 0, 0, time.UTC)
	answering := func(id string, failures, tries int) status.ProductStatus {
		p := status.ProductStatus{Product: status.Product{ID: id, Name: id}}
		p.Level, p.Tries = impact.Degraded, 7
		down := impact.Down{Since: at.Add(-10 * time.Minute), Tries: tries, Failures: failures}
		p.Answers = &impact.Answers{Down: down, Last: at.Add(-4 * time.Minute), Since: at.Add(-3 * time.Minute), Until: at, Passed: 7, Tries: 7}
		return p
	}
	step := func(failures int) incident.RateStep {
		return incident.RateStep{At: at.Add(-15 * time.Minute), Before: incident.Counts{Tries: 1000, Failures: 40}, After: incident.Counts{Tries: 600, Failures: failures}}
	}
	rose := func(s incident.RateStep) incident.RateStep {
		s.Before.Failures = 20
		return s
	}
	for name, c := range map[string]struct {
		news News
		want string
	}{
		"better":            {News{Step: step(6), Of: []string{"a"}}, "better. A fails 1.0 % of tries (6 of 600), 4.0 % until 09:50 UTC."},
		"without a failure": {News{Step: step(0), Of: []string{"a"}}, "better. No failure on A since 09:50 UTC (600 tries), 4.0 % before."},
		"quiet": {News{Step: incident.RateStep{At: at.Add(-15 * time.Minute), From: at.Add(-55 * time.Minute), Before: step(0).Before, After: step(1).After}, Of: []string{"a", "b"}, Quiet: true},
			"quiet for 15 min on A and B: 1 of 600 tries failed, 4.0 % in the 40 min before."},
		"quiet, told by a version that kept no span": {News{Step: step(1), Of: []string{"a", "b"}, Quiet: true}, "quiet for 15 min on A and B: 1 of 600 tries failed, 4.0 % before."},
		"none on any":        {News{Step: step(0), Of: []string{"a", "b"}}, "better. No failure on A and B since 09:50 UTC (600 tries), 4.0 % before."},
		"of all":             {News{Step: rose(step(40)), Of: []string{"a", "b", "c", "d"}}, "worse. All 4 products fail 6.7 % of tries (40 of 600), 2.0 % until 09:50 UTC."},
		"was down":           {News{Answers: []status.ProductStatus{answering("A", 35, 35)}}, "A answers again: the last 7 tries passed. It was down 6 min: 35 of 35 failed."},
		"failed most":        {News{Answers: []status.ProductStatus{answering("A", 24, 35)}}, "A answers again: the last 7 tries passed. It failed 69 % of tries for 6 min (24 of 35)."},
		"two, one of them":   {News{Answers: []status.ProductStatus{answering("A", 35, 35), answering("B", 24, 35)}}, "A and B answer again: the last 14 tries passed. They failed 84 % of tries for up to 6 min (59 of 70)."},
		"two that were down": {News{Answers: []status.ProductStatus{answering("A", 35, 35), answering("B", 34, 35)}}, "A and B answer again: the last 14 tries passed. They were down up to 6 min: 69 of 70 failed."},
	} {
		snap := status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{{Product: status.Product{ID: "a", Name: "A"}}, {Product: status.Product{ID: "b", Name: "B"}}}}
		if len(c.news.Of) > 2 {
			snap.Products = append(snap.Products, status.ProductStatus{Product: status.Product{ID: "c", Name: "C"}}, status.ProductStatus{Product: status.Product{ID: "d", Name: "D"}})
		}
		if got := look(snap, incident.Incident{}, false).newsSentence(c.news); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", name, got, c.want)
		}
	}
}

// TestWhatAnswersIsNotSaidToFail: what answers again is not counted among what fails
// beside it.
func TestWhatAnswersIsNotSaidToFail(t *testing.T) {
	at := time.Date(2026, 11, 18, 10, 5, 0, 0, time.UTC)
	var all []status.ProductStatus
	for i, id := range []string{"a", "b", "c", "d", "e"} {
		p := status.ProductStatus{Product: status.Product{ID: id, Name: strings.ToUpper(id)}}
		p.Level, p.Onset, p.From, p.Tries = impact.Degraded, at.Add(-10*time.Minute), at.Add(-10*time.Minute), 20
		if i < 3 {
			p.Failures = 8
		} else {
			p.Answers = &impact.Answers{Down: impact.Down{Since: at.Add(-9 * time.Minute), Tries: 30, Failures: 30}, Last: at.Add(-2 * time.Minute), Since: at.Add(-time.Minute), Until: at, Passed: 20, Tries: 20}
		}
		all = append(all, p)
	}
	for want, now := range map[string][]status.ProductStatus{
		"D and E answer again: the last 40 tries passed. They were down up to 7 min: 60 of 60 failed. A, B and C fail 40 % of tries (24 of 60).":                                                        all[3:],
		"E answers again: the last 20 tries passed. It was down 7 min: 30 of 30 failed. A, B and C fail 40 % of tries (24 of 60). D was failing; none of the last 20 tries did, which is no proof yet.": all[4:],
	} {
		m := Update(UpdateFacts{N: 7, Snapshot: status.Snapshot{At: at, Window: 10 * time.Minute, Products: all}, Incident: incident.Incident{Number: 1, OpenedAt: at.Add(-time.Hour)},
			Next: at.Add(5 * time.Minute), News: News{Answers: now}})
		if !strings.Contains(m.Text, want) || strings.Contains(m.Blocks[0].Section, "without a failure") {
			t.Errorf("%s\nwant %s\n%s", m.Text, want, m.Blocks[0].Section)
		}
	}
}

// TestWhatIsBesidesIsNamed: one product is named with how it is, more are counted; a
// quiet of one product does not count "1 of these 1".
func TestWhatIsBesidesIsNamed(t *testing.T) {
	of := func(id string, level impact.Level) status.ProductStatus {
		return status.ProductStatus{Product: status.Product{ID: id, Name: strings.ToUpper(id)}, Impact: impact.Impact{Level: level, Slow: id == "maps"}}
	}
	v := view{hurt: []status.ProductStatus{of("maps", impact.Degraded)}}
	if got, want := v.alsoHurt([]string{"shop"}), " Besides: MAPS is slow."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	cards := of("cards", impact.Degraded)
	cards.Counts = impact.Counts{Failures: 21, Tries: 180}
	v = view{hurt: []status.ProductStatus{cards}, Snapshot: status.Snapshot{Window: 10 * time.Minute}}
	if got, want := v.alsoHurt([]string{"shop"}), " Besides: CARDS fails 12 % (21/180) in 10 min."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	v.hurt = append(v.hurt, of("mail", impact.Degraded))
	if got, want := v.alsoHurt([]string{"shop"}), " Besides: 2 more hurt."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	v = view{told: []string{"shop"}, quiet: true, step: &incident.Counts{}, recovered: []status.ProductStatus{of("shop", impact.OK)}, groups: []status.Group{{}}}
	if got := v.over(); strings.Contains(got, "Each taken alone") {
		t.Errorf("of one product: %q", got)
	}
	v.told, v.recovered = []string{"shop", "mail"}, append(v.recovered, of("mail", impact.OK))
	if got, want := v.over(), "Each taken alone: all 2 no longer fail."; !strings.Contains(got, want) {
		t.Errorf("%q lacks %q", got, want)
	}
}

// TestQuietsOfSeveralIncidentsAreOne: of two troubles, and of one that is told in two
// channels; one that goes on is none.
func TestQuietsOfSeveralIncidentsAreOne(t *testing.T) {
	at := time.Date(2026, 11, 18, 10, 5, 0, 0, time.UTC)
	quiet := func(before, failures int, of ...string) incident.Incident {
		since := at.Add(-time.Duration(before) * time.Minute)
		return incident.Incident{Number: 1, OpenedAt: at.Add(-time.Hour), QuietAt: since, Steps: []incident.Event{{Kind: incident.Quiet, Products: of,
			Step: &incident.RateStep{At: since, Before: incident.Counts{Tries: 1000, Failures: failures}, After: incident.Counts{Tries: 100}}}}}
	}
	goesOn := incident.Incident{Number: 3, OpenedAt: at.Add(-time.Hour)}
	pooled := func(of []string, from, _ time.Time) []impact.Minute {
		return []impact.Minute{{At: from, Tries: 60 * len(of), Failures: 1}}
	}
	one := QuietNow(status.Snapshot{At: at}, []incident.Incident{quiet(20, 40, "a", "b"), quiet(12, 80, "c", "d", "e"), quiet(30, 50, "b"), goesOn}, pooled)
	if !one.Quiet || len(one.Of) != 5 || !one.Step.At.Equal(at.Add(-12*time.Minute)) || one.Step.Before != (incident.Counts{Tries: 2000, Failures: 120}) || one.Step.After != (incident.Counts{Tries: 300, Failures: 1}) {
		t.Errorf("%+v", one)
	}
	if none := QuietNow(status.Snapshot{At: at}, []incident.Incident{goesOn}, pooled); none.Quiet {
		t.Errorf("what goes on is quiet: %+v", none)
	}
}

// TestWhatFailsAgainIsComparedWithNothing: a few minutes before it was quiet, whatever the
// levels of its products were.
func TestWhatFailsAgainIsComparedWithNothing(t *testing.T) {
	at := time.Date(2026, 11, 18, 15, 13, 0, 0, time.UTC)
	p := status.ProductStatus{Product: status.Product{ID: "search", Name: "Search"}, Impact: impact.Impact{Level: impact.Degraded, Onset: at.Add(-time.Minute), AsOf: at}}
	p.Tries, p.Failures = 90, 20
	told := incident.Event{Kind: incident.Update, N: 6, At: at.Add(-13 * time.Minute), Figures: []incident.Figure{
		{Product: "search", Level: "degraded", Failures: 1, Tries: 90}, {Product: "mail", Level: "degraded", Failures: 1, Tries: 90}}}
	quiet := incident.Event{Kind: incident.Quiet, Step: &incident.RateStep{At: at.Add(-21 * time.Minute)}}
	inc := incident.Incident{Number: 1, OpenedAt: at.Add(-time.Hour), Steps: []incident.Event{quiet}}
	inc = incident.Fold(inc, told)
	inc = incident.Fold(inc, incident.Event{Kind: incident.Relapsed, At: at})
	snap := status.Snapshot{At: at, Window: 10 * time.Minute, Products: []status.ProductStatus{p, {Product: status.Product{ID: "mail", Name: "Mail"}, Impact: impact.Impact{Level: impact.OK, AsOf: at}}}}
	m := Update(UpdateFacts{N: 7, Snapshot: snap, Incident: inc, Next: at.Add(5 * time.Minute)})
	if !strings.Contains(m.Text, "failing again after 21 min. Search fails ") || strings.Contains(m.Text, " ago") {
		t.Error(m.Text)
	}
}

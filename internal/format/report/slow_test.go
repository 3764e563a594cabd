package report_test

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/format/report"
	"github.com/statusbot/statusbot/internal/incident"
)

// slowly is the log of a product that answers slowly for a quarter of an hour, and of which
// so many tries fail; ended, or not.
func slowly(failures int, ended bool) []incident.Event {
	log := short()
	log[1].Slow, log[1].Why = true, "40 of 60 were slower than usual"
	for i, e := range log {
		if e.Kind == incident.Update {
			log[i].Figures = []incident.Figure{{Product: "a", Level: "degraded", Tries: 60, Slow: 38 + i, P95: 2500 + i, Usual: 300, NewTries: 30, NewSlow: 20, NewFailures: failures}}
		}
	}
	if ended {
		at := log[len(log)-1].At
		log = append(log, incident.Event{Seq: 90, Kind: incident.Level, At: at, Product: "a", From: "degraded", To: "ok", Why: "0 of 120 results were slow since the last bad one"},
			incident.Event{Seq: 91, Kind: incident.Resolved, At: at.Add(time.Minute), Figures: []incident.Figure{{Product: "a", NewTries: 150, NewSlow: 90, NewFailures: 4 * failures}}})
	}
	return log
}

// TestSlowIsNotNothing: of a product that answers slowly nobody reads that 0 % failed, and
// no more.
func TestSlowIsNotNothing(t *testing.T) {
	const title, row, sentence = "# Incident 3: slow answers, likely cause lb-2\n", "| a (slow, p95 up to 2.5 s, usually 300 ms) | ", "1. a answered slowly: "
	for name, c := range map[string]struct {
		log  []incident.Event
		want []string
	}{
		"open": {slowly(0, false), []string{title, row + "67 % slow | 80/120 slow | 19:30 | now | 67 % slow |", sentence + "80 of 120 (67 %) were slower than usual; none of 120 client checks failed; it was never down.",
			"| 0 of 120 (0 %); 80 of 120 (67 %) slow | slow 19:30 to 19:45 |", "a slow (was as usual) since 19:30", "worst a 43 of 60 (72 %) slow", "still slow; the last update counted 0 of 60 (0 %) failed, 43 of 60 (72 %) slow"}},
		"over": {slowly(0, true), []string{row + "60 % slow | 90/150 slow | 19:30 | 19:45 | 67 % slow |", "a as usual (was slow): 0 of 120"}},
		"both": {slowly(3, false), []string{row + "10 %; 67 % slow | 12/120; 80/120 slow |", "1. a failed 10 % of client checks (12 of 120)"}},
	} {
		r, page := made(t, report.Facts{Events: c.log})
		told := string(r.Markdown())
		for _, want := range c.want {
			if !strings.Contains(told, want) {
				t.Errorf("%s: the report lacks %q:\n%s", name, want, told)
			}
		}
		if strings.Contains(string(page), `<td class="n">0 %</td>`) {
			t.Errorf("%s: the page says 0 %%", name)
		}
	}
}

// TestSlowAnswersAreDrawn: the pictures and the table over time have the slow answers of what
// did not fail, where they had a flat nothing.
func TestSlowAnswersAreDrawn(t *testing.T) {
	r, page := made(t, report.Facts{Events: slowly(0, true)})
	told := string(r.Markdown())
	for _, want := range []string{"| From | a (slow answers) |", "| 19:40 | 67 |"} {
		if !strings.Contains(told, want) {
			t.Errorf("the report lacks %q:\n%s", want, told)
		}
	}
	for _, want := range []string{"Slow answers over time, all products", "Share of answers that were slower than usual on all products that were hurt, from 19:30 to 19:46; most 67 % at",
		"a: share of answers that were slower than usual, from 19:30 to 19:46; most 67 % at", "Drawn: slow answers. Failed: 0 of ", "or of slow answers where the name says so"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if _, page = made(t, report.Facts{Events: slowly(3, true)}); strings.Contains(string(page), "answers that were slower") || strings.Contains(string(page), "slow answers") {
		t.Error("what failed is drawn as slow")
	}
}

// TestSlowOfAFormerVersion: which counted the slow answers of windows alone.
func TestSlowOfAFormerVersion(t *testing.T) {
	log := short()
	for i, e := range log {
		if e.Kind == incident.Update {
			log[i].Figures = []incident.Figure{{Product: "a", Level: "degraded", Tries: 60, Slow: 40, NewTries: 30}}
		}
	}
	r, _ := made(t, report.Facts{Events: log})
	if told, want := string(r.Markdown()), "| a (slow) | 67 % slow | 40/60 slow | 19:30 | now | 67 % slow |"; !strings.Contains(told, want) {
		t.Errorf("the report lacks %q:\n%s", want, told)
	}
}

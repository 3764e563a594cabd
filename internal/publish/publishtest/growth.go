package publishtest

import (
	"fmt"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// Company is one of so many products, over which so many checks are spread.
func Company(products, each int) status.Definition {
	def := status.Definition{Company: "Acme"}
	for n := range products {
		def.Products = append(def.Products, status.Product{ID: fmt.Sprintf("product-%03d", n), Name: fmt.Sprintf("Product %d", n)})
	}
	for n := range each {
		def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprintf("check-%05d", n), Product: def.Products[n%products].ID, Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second})
	}
	return def
}

// Ended calls each with the log of incidents that are over, in the order of a
// journal: four hours each, one after the other in a channel, the last of them
// at an end; with an update every five minutes, the levels of a third of the
// products, a mark with its effect, the steps of the recovery and the end. It
// returns the number of events. Each event is as it was read from the journal,
// and shares nothing with another.
func Ended(products, incidents int, channel string, end time.Time, each func(incident.Event)) (seq uint64) {
	const length, apart = 4 * time.Hour, 10 * time.Hour
	for number := range incidents {
		at := end.Add(-length - time.Duration(incidents-1-number)*apart)
		add := func(e incident.Event) {
			seq++
			e.Incident = incident.ID(number + 1)
			data, err := e.Encode()
			if err == nil {
				e, err = incident.DecodeEvent(data, seq)
			}
			if err != nil {
				panic(err) // unreachable: an event is plain data
			}
			each(e)
		}
		add(incident.Event{Kind: incident.Opened, At: at, Number: number + 1, Channel: channel, Every: 5 * time.Minute, Why: "Product 0: 12 of 300 failed"})
		var hurt []string
		for n := range (products + 2) / 3 {
			hurt = append(hurt, fmt.Sprintf("product-%03d", n))
			add(incident.Event{Kind: incident.Level, At: at.Add(time.Duration(n) * time.Second), Product: hurt[n], From: string(impact.OK), To: string(impact.Degraded), Onset: at, Why: "12 of 300 failed"})
		}
		update := func(n int, after time.Duration, level impact.Level, why string) {
			e := incident.Event{Kind: incident.Update, At: at.Add(after), Due: at.Add(after), N: n, Post: 1 + (n-1)/12*12, Why: why, Counted: at.Add(after), Cause: "Most likely shared cause: edge-lb-2."}
			for p := range products {
				f := incident.Figure{Product: fmt.Sprintf("product-%03d", p), Level: string(impact.OK), Tries: 300, NewTries: 150}
				if p < len(hurt) {
					f.Level, f.Failures, f.Share, f.NewFailures = string(level), 12, 0.04, 6
				}
				e.Figures = append(e.Figures, f)
			}
			add(e)
		}
		for n := 1; n <= 47; n++ {
			update(n, time.Duration(n-1)*5*time.Minute, impact.Degraded, "regular update")
			if n == 20 {
				add(incident.Event{Kind: incident.Mark, At: at.Add(100 * time.Minute), By: "U0ANA0001", Mark: 1, Text: "restarted edge-lb-2", Products: hurt, Onset: at})
			}
			if n == 26 {
				add(incident.Event{Kind: incident.Effect, At: at.Add(130 * time.Minute), Mark: 1, Verdicts: []incident.Verdict{{Verdict: "helped", Before: incident.Counts{Failures: 30, Tries: 300}, After: incident.Counts{Tries: 300}}}})
			}
		}
		for _, p := range hurt {
			add(incident.Event{Kind: incident.Level, At: at.Add(length - 10*time.Minute), Product: p, From: string(impact.Degraded), To: string(impact.OK), Why: "0 of 300 failed"})
		}
		add(incident.Event{Kind: incident.Proving, At: at.Add(length - 10*time.Minute), Products: hurt})
		add(incident.Event{Kind: incident.Proven, At: at.Add(length), Products: hurt, Why: "below 1 % with 99 % confidence"})
		add(incident.Event{Kind: incident.Resolved, At: at.Add(length), Why: "every product is as usual again"})
		update(48, length, impact.OK, "the incident ended")
	}
	return seq
}

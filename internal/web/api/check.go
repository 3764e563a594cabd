package api

import (
	"cmp"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// Check is a scheduled observation, at one instant.
type Check struct {
	ID       string        `json:"id"`
	Product  string        `json:"product" doc:"id"`
	Kind     string        `json:"kind"`
	Every    float64       `json:"every_s" doc:"seconds between starts"`
	Timeout  float64       `json:"timeout_s"`
	Uses     []string      `json:"uses" doc:"ids of the components that it goes through, as declared"`
	Through  []string      `json:"through" doc:"and of what these depend on"`
	Vantages []string      `json:"vantages" doc:"places that it is probed from; empty: where statusbot runs alone"`
	Region   string        `json:"region,omitempty"`
	Runbook  string        `json:"runbook,omitempty" outside:"true"`
	Source   string        `json:"source" doc:"file:line of its definition"`
	Outcome  string        `json:"outcome" enum:"pass degraded fail unknown" doc:"of its newest result; unknown, too, where there is none, or it is older than three intervals"`
	Stale    bool          `json:"stale" doc:"no measurement for more than three intervals"`
	Figures  Figures       `json:"figures"`
	Usual    *float64      `json:"usual_share" doc:"share that fails in times without trouble; null while that is learnt"`
	Latency  Latency       `json:"latency"`
	Reasons  []ReasonCount `json:"reasons" doc:"of its last results that failed or were slow, most frequent first"`
	Newest   *Result       `json:"newest" doc:"null before the first"`
}

// Checks is a page of the checks.
type Checks struct {
	Checks []Check `json:"checks"`
	Next   *string `json:"next" doc:"the cursor of the next page; null: there is none"`
}

// OneCheck is a check in full.
type OneCheck struct {
	Check
	Failures []Result `json:"failures" doc:"its last results that are not a pass, newest first, at most 20; the older ones without evidence"`
}

func (a *API) checks(q *query) (any, error) {
	def := a.source.Board.Definition()
	product := q.URL.Query().Get("product")
	if product != "" && !slices.ContainsFunc(def.Products, func(p status.Product) bool { return p.ID == product }) {
		var ids []string
		for _, p := range def.Products {
			ids = append(ids, p.ID)
		}
		return nil, noSuch("product", product, ids)
	}
	var page []*checks.Check
	for i := range def.Checks {
		if c := &def.Checks[i]; c.ID > q.after && (product == "" || c.Product == product) {
			page = append(page, c)
		}
	}
	slices.SortFunc(page, func(x, y *checks.Check) int { return cmp.Compare(x.ID, y.ID) })
	out := Checks{Checks: []Check{}}
	if len(page) > q.limit {
		page = page[:q.limit]
		out.Next = q.cursor(page[q.limit-1].ID)
	}
	wanted := map[string]status.CheckStatus{} // :: id -> how it is
	seen := map[string]bool{}
	for _, c := range page {
		if seen[c.Product] {
			continue
		}
		seen[c.Product] = true
		d, _ := a.source.Board.Drill(q.now, c.Product)
		for _, s := range d.Checks {
			wanted[s.Check.ID] = s
		}
	}
	for _, c := range page {
		if s, there := wanted[c.ID]; there { // else it was taken out of the configuration just now
			out.Checks = append(out.Checks, checkOf(s, q.now))
		}
	}
	return out, nil
}

func (a *API) check(q *query) (any, error) {
	id := q.PathValue("id")
	c, err := a.findCheck(id)
	if err != nil {
		return nil, err
	}
	d, _ := a.source.Board.Drill(q.now, c.Product)
	for _, s := range d.Checks {
		if s.Check.ID == id {
			out := OneCheck{Check: checkOf(s, q.now), Failures: []Result{}}
			for _, r := range s.Failures {
				out.Failures = append(out.Failures, resultOf(r))
			}
			return out, nil
		}
	}
	return nil, noSuch("check", id, nil) // it was taken out of the configuration just now
}

// findCheck returns the check of an id.
func (a *API) findCheck(id string) (checks.Check, error) {
	list := a.source.Board.Definition().Checks
	for i := range list {
		if list[i].ID == id {
			return list[i], nil
		}
	}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}
	return checks.Check{}, noSuch("check", id, ids)
}

func checkOf(s status.CheckStatus, now time.Time) Check {
	c := s.Check
	seen := !s.Stale && s.CheckImpact.Newest != ""
	out := Check{ID: c.ID, Product: c.Product, Kind: c.Kind, Every: c.Every.Seconds(), Timeout: c.Timeout.Seconds(), Uses: some(c.Uses), Through: some(s.Through),
		Vantages: some(c.Vantages), Region: c.Region, Runbook: c.Runbook, Source: c.Source.String(), Outcome: string(checks.Unknown), Stale: s.Stale,
		Figures: figuresOf(s.Counts, now.Add(-s.Span), s.AsOf, seen), Latency: latencyOf(s.P50, s.P95, 0), Reasons: reasonsOf(s.Reasons)}
	if seen {
		out.Outcome = string(s.CheckImpact.Newest)
	}
	if !s.Learning {
		out.Usual = &s.Usual
	}
	if s.Newest.Check != "" {
		newest := resultOf(s.Newest)
		out.Newest = &newest
	}
	return out
}

package api

import (
	"maps"
	"slices"

	"github.com/statusbot/statusbot/internal/status"
)

// Days are the days of a product. A day of which nothing is known is left out.
type Days struct {
	Product  string `json:"product" doc:"id"`
	Timezone string `json:"timezone" doc:"the company's, in which a day begins and ends"`
	Days     []Day  `json:"days" doc:"oldest first"`
	Sum      Day    `json:"sum" doc:"of these days; its date is that of the first"`
}

// Day is one day of a product. What was in maintenance, or could not be measured, counts
// neither way.
type Day struct {
	Date     string `json:"date" doc:"2006-01-02; empty in a sum of no days"`
	Tries    int    `json:"tries" doc:"n: results that tell something"`
	Failed   Share  `json:"failed"`
	Hurt     int    `json:"hurt_s" doc:"seconds in which it was degraded or down, from the onset on"`
	Measured int    `json:"measured_s" doc:"seconds of the minutes in which anything was tried"`
}

func (a *API) days(q *query) (any, error) {
	id := q.URL.Query().Get("product")
	def := a.source.Board.Definition()
	known := map[string]bool{}
	for _, p := range def.Products {
		known[p.ID] = true
	}
	if !known[id] {
		return nil, noSuch("product", id, slices.Sorted(maps.Keys(known)))
	}
	list, err := a.source.Days(q.Context(), id, q.limit)
	if err != nil {
		return nil, err
	}
	out := Days{Product: id, Timezone: def.Timezone.String(), Days: []Day{}}
	var sum status.Day
	for i, d := range list {
		if i == 0 {
			sum.Date = d.Date
		}
		sum = sum.Plus(d)
		out.Days = append(out.Days, dayOf(d))
	}
	out.Sum = dayOf(sum)
	return out, nil
}

func dayOf(d status.Day) Day {
	return Day{d.Date, d.Tries, shareOf(d.Failures, d.Tries, true), d.Hurt, 60 * d.Measured}
}

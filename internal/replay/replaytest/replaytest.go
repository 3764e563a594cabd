// Package replaytest has recorded results for tests, and a configuration that
// they belong to.
package replaytest

import (
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// Config is one of a product with a check, whose results Outage has.
const Config = `company: Acme
updates: {every: 5m}
slack: {mode: sandbox, listen: "127.0.0.1:0"}
products:
  - {id: shop, name: Shop}
checks:
  - {id: front, product: shop, kind: tcp, every: 10s, tcp: {address: "127.0.0.1:1"}}
`

// Outage is an hour of a check: 20 minutes as usual, 5 in which it
// fails, and as usual again.
func Outage() []checks.Result {
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	var list []checks.Result
	for i := range 360 {
		r := checks.Result{Check: "front", Product: "shop", Vantage: "fra", Started: start.Add(time.Duration(i) * 10 * time.Second),
			Duration: time.Duration(80+i%7) * time.Millisecond, Outcome: checks.Pass}
		if i >= 120 && i < 150 {
			r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonStatus, "HTTP 502"
		}
		list = append(list, r)
	}
	return list
}

package format_test

import (
	"fmt"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// An update from a board that saw every eighth try fail.
func ExampleUpdate() {
	board := status.NewBoard(status.Definition{
		Products: []status.Product{{ID: "billing", Name: "Billing", SaysDegraded: "Some invoices cannot be paid"}, {ID: "search", Name: "Search"}},
		Checks: []checks.Check{
			{ID: "pay", Product: "billing", Kind: "http", Every: 10 * time.Second},
			{ID: "find", Product: "search", Kind: "http", Every: 10 * time.Second},
		},
	})
	now := time.Date(2026, 11, 18, 10, 5, 0, 0, time.UTC)
	var results []checks.Result
	for i := range 60 {
		at := now.Add(time.Duration(i-60)*10*time.Second + time.Second)
		pay := checks.Result{Check: "pay", Product: "billing", Started: at, Duration: 300 * time.Millisecond, Outcome: checks.Pass}
		if i%8 == 7 {
			pay.Outcome, pay.Reason = checks.Fail, checks.ReasonTimeout
		}
		results = append(results, pay, checks.Result{Check: "find", Product: "search", Started: at, Duration: 20 * time.Millisecond, Outcome: checks.Pass})
	}
	board.Apply(1, results)

	m := format.Update(format.UpdateFacts{
		N:        1,
		First:    true,
		Snapshot: board.Snapshot(now),
		Incident: incident.Incident{Number: 7, OpenedAt: now, OpenedBy: "U1", Every: 5 * time.Minute},
		OpenedBy: "U1",
		Next:     now.Add(5 * time.Minute),
	})
	fmt.Println(m.Text)
	// Output:
	// Impact update #1: Billing fails 12 % of tries (6 of 52). As of 10:05 UTC, next 10:10 UTC.
}

func ExampleCheckTable() {
	fmt.Print(format.CheckTable([]checks.Result{
		{Product: "billing", Check: "pay", Outcome: checks.Pass, Duration: 12 * time.Millisecond, Summary: "200 OK"},
		{Product: "search", Check: "find", Outcome: checks.Fail, Reason: checks.ReasonTimeout, Duration: 3 * time.Second, Summary: "no answer within 3 s"},
	}))
	// Output:
	// OUTCOME  PRODUCT  CHECK   TOOK  REASON   SUMMARY
	// pass     billing  pay    12 ms  -        200 OK
	// fail     search   find     3 s  timeout  no answer within 3 s
	// 2 checks: 1 passed, 1 failed
}

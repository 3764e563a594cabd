package publishtest

import (
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// Acme is a company of three products; nobody measures payroll.
func Acme() status.Definition {
	return status.Definition{
		Company: "Acme",
		Products: []status.Product{
			{ID: "billing", Name: "Billing", Owner: "payments", SaysDegraded: "Some invoices cannot be paid"},
			{ID: "lake", Name: "Data Lake", Owner: "data"},
			{ID: "payroll", Name: "Payroll"},
		},
		Checks: []checks.Check{
			{ID: "pay", Product: "billing", Kind: "http", Every: 10 * time.Minute, Source: checks.Source{File: "checks.d/billing.yaml", Line: 3}},
			{ID: "ledger", Product: "billing", Kind: "tcp", Every: 10 * time.Minute, Source: checks.Source{File: "checks.d/billing.yaml", Line: 9}},
			{ID: "query", Product: "lake", Kind: "http", Every: 10 * time.Minute},
		},
	}
}

// Feeder gives results to a board, one second after the other.
type Feeder struct {
	Board *status.Board
	At    time.Time // of the next result
	Seq   uint64
}

// Feed adds n seconds; failing says which checks fail in second i of them.
func (f *Feeder) Feed(n int, failing func(i int, check string) bool) {
	for i := range n {
		var batch []checks.Result
		def := f.Board.Definition()
		for _, c := range slices.Concat(def.Checks, def.Controls) {
			r := checks.Result{Check: c.ID, Product: c.Product, Started: f.At, Duration: 5 * time.Millisecond, Outcome: checks.Pass}
			if failing != nil && failing(i, c.ID) {
				r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonReset, "connection reset by peer"
			}
			batch = append(batch, r)
		}
		f.Seq++
		f.Board.Apply(f.Seq, batch)
		f.At = f.At.Add(time.Second)
	}
}

// Always fails these checks.
func Always(ids ...string) func(int, string) bool {
	return func(_ int, check string) bool { return strings.Contains(" "+strings.Join(ids, " ")+" ", " "+check+" ") }
}

// Tenth fails these checks every tenth second.
func Tenth(ids ...string) func(int, string) bool {
	return func(i int, check string) bool { return i%10 == 9 && Always(ids...)(i, check) }
}

// Third fails these checks every third second.
func Third(ids ...string) func(int, string) bool {
	return func(i int, check string) bool { return i%3 == 2 && Always(ids...)(i, check) }
}

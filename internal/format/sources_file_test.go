package format_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// sourceDrills are three products: one that fails, one of scripts, one that
// nobody checks.
func sourceDrills() []status.Drill {
	at := time.Date(2026, 11, 18, 15, 5, 0, 0, time.UTC)
	pay := checks.Check{ID: "pay", Product: "billing", Kind: "http", Every: 5 * time.Second, Timeout: 3 * time.Second, Uses: []string{"auth", "edge-lb"},
		Source: checks.Source{File: "checks.d/billing.yaml", Line: 3}, Runbook: "https://wiki.example.com/pay"}
	batch := checks.Check{ID: "batch", Product: "billing", Kind: "exec", Every: time.Minute, Timeout: 10 * time.Second, Owner: "nightly",
		Source: checks.Source{File: "checks.d/billing.yaml", Line: 9}}
	card := checks.Check{ID: "card", Product: "shop", Kind: "tcp", Every: 30 * time.Second, Timeout: 3 * time.Second, Source: checks.Source{File: "Slack"},
		Added: &checks.Added{By: "U1", AcceptedBy: "U2", At: at.Add(-time.Hour)}}
	failed := func(ago time.Duration, summary, output string) checks.Result {
		return checks.Result{Check: "pay", Started: at.Add(-ago), Duration: 2100 * time.Millisecond, Outcome: checks.Fail, Reason: checks.ReasonStatus, Summary: summary,
			Evidence: &checks.Evidence{Remote: "192.0.2.7:443", Status: 502, Output: output, RequestID: "x-request-id=7f3a"}}
	}
	return []status.Drill{
		{At: at, ProductStatus: status.ProductStatus{Product: status.Product{ID: "billing", Name: "Billing", Owner: "payments"}}, Checks: []status.CheckStatus{
			{Check: pay, CheckImpact: impact.CheckImpact{Counts: impact.Counts{Tries: 119, Failures: 24, Unknown: 1}, Low: 0.1399, High: 0.2825, P50: 2100 * time.Millisecond, P95: 2200 * time.Millisecond,
				Span: 10 * time.Minute, Usual: 0.0012, History: 40000, AsOf: at},
				Newest:   checks.Result{Check: "pay", Started: at.Add(-2 * time.Second), Duration: 35 * time.Millisecond, Outcome: checks.Pass},
				Failures: []checks.Result{failed(7*time.Second, "status 502, want 200", "<h1>502, \"Bad\"</h1>\nupstream: edge-lb-2\n"), failed(40*time.Second, "=1+1 password=hunter22", "token: abcdef")}},
			{Check: batch, CheckImpact: impact.CheckImpact{Counts: impact.Counts{Tries: 10}, Span: 10 * time.Minute, History: 900},
				Newest: checks.Result{Check: "batch", Started: at.Add(-30 * time.Second), Duration: time.Second, Outcome: checks.Pass, Summary: "OK - 3 files",
					Evidence: &checks.Evidence{Script: "/opt/checks/check_batch.sh", ScriptSHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Output: "OK - 3 files"}}},
		}},
		{At: at, ProductStatus: status.ProductStatus{Product: status.Product{ID: "shop", Name: "Shop"}}, Checks: []status.CheckStatus{{Check: card}}},
		{At: at, ProductStatus: status.ProductStatus{Product: status.Product{ID: "payroll", Name: "Payroll"}}},
	}
}

// TestSourceFiles compares each form with the one that is kept: people build
// on the columns and keys. To accept a change: go test ./internal/format -update.
func TestSourceFiles(t *testing.T) {
	for _, form := range []string{format.CSV, format.JSON} {
		got, err := format.SourceFile(form, sourceDrills())
		if err != nil {
			t.Fatal(err)
		}
		turned := sourceDrills()
		slices.Reverse(turned[0].Checks) // the board has those with failures first, which changes
		again, err := format.SourceFile(form, turned)
		if err != nil || !bytes.Equal(got, again) {
			t.Errorf("%s: another order of checks gives other bytes (%v)", form, err)
		}
		golden := filepath.Join("testdata", "sources."+form)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", form, d)
		}
	}
}

// TestSourceFileOfManyChecks stays small enough to be uploaded: each check has
// its newest results, and says how many are known.
func TestSourceFileOfManyChecks(t *testing.T) {
	d := sourceDrills()[0]
	pay := d.Checks[0]
	pay.Failures = slices.Clone(pay.Failures[:1])
	pay.Failures[0].Evidence = &checks.Evidence{Output: string(bytes.Repeat([]byte("x"), 1024))}
	for len(pay.Failures) < 20 {
		pay.Failures = append(pay.Failures, pay.Failures[0])
	}
	d.Checks = slices.Repeat([]status.CheckStatus{pay}, 250)
	for _, form := range []string{format.CSV, format.JSON} {
		data, err := format.SourceFile(form, []status.Drill{d})
		if err != nil || len(data) < 1<<20 || len(data) > 8<<20 {
			t.Errorf("%s has %d bytes (%v), want 1 to 8 MiB", form, len(data), err)
		}
	}
}

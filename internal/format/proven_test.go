package format

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestProvenBelow: the limit is that of each product, and is not said of their sum; that of slow
// answers is not that of failures.
func TestProvenBelow(t *testing.T) {
	proven := func(limit float64) status.ProductStatus {
		return status.ProductStatus{Impact: impact.Impact{Level: impact.OK, Proof: &impact.Proof{Limit: limit, Proven: time.Unix(1, 0)}}}
	}
	slow := proven(0.18)
	slow.Proof.Slow = true
	for _, c := range []struct {
		recovered []status.ProductStatus
		want      string
	}{
		{[]status.ProductStatus{proven(0.01)}, "; below 1 % with 99 % confidence"},
		{[]status.ProductStatus{proven(0.01), proven(0.014)}, "; each below 1.4 % with 99 % confidence"},
		{[]status.ProductStatus{proven(0.01), {}}, ""},
		{[]status.ProductStatus{slow, proven(0.01), proven(0.014)}, "; each that failed below 1.4 % with 99 % confidence"},
		{[]status.ProductStatus{slow, slow}, "; each below 18 % with 99 % confidence"},
	} {
		if got := (view{recovered: c.recovered}).provenBelow(); got != c.want {
			t.Errorf("%d products: %q, want %q", len(c.recovered), got, c.want)
		}
	}
}

// TestSlowIsNoFailure: of products that failed and products that were slow the first alone are in
// the sum of what failed since, at each stage of the proof, and in what is kept of it.
func TestSlowIsNoFailure(t *testing.T) {
	of := func(id string, bad int, slow bool, proven time.Time) status.ProductStatus {
		return status.ProductStatus{Product: status.Product{ID: id, Name: id}, Impact: impact.Impact{Level: impact.OK,
			Proof: &impact.Proof{N: 100, Bad: bad, Needed: 400, Limit: 0.01, Slow: slow, Proven: proven}}}
	}
	yet, done := time.Time{}, time.Unix(1, 0)
	inc := incident.Incident{Number: 1, Unproven: []string{"a", "b", "mail"}}
	for name, c := range map[string]struct {
		list []status.ProductStatus
		want string
	}{
		"none proven": {[]status.ProductStatus{of("a", 1, false, yet), of("b", 0, false, yet), of("mail", 9, true, yet)}, "a, b and mail; on the two that failed 1 of 200 tries failed"},
		"some proven": {[]status.ProductStatus{of("a", 1, false, done), of("b", 0, false, yet), of("mail", 9, true, yet)}, "a, b and mail; on the one that failed and is not proven yet 0 of 100 tries failed"},
		"all slow":    {[]status.ProductStatus{of("mail", 9, true, yet)}, "mail, 9 of 100 tries were slow"},
	} {
		if got := (view{recovered: c.list}).recoveredSum(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	shot := status.Snapshot{Products: []status.ProductStatus{of("a", 1, false, done), of("b", 0, false, done), of("mail", 9, true, done)}}
	if got, want := ProofTold(shot, inc), "each of 2 products that failed below 1 % with 99 % confidence, 1 of 200 tries failed"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	v := view{clock: clockOf(time.Unix(100, 0), nil)}
	if got := v.recoveredNames([]status.ProductStatus{of("mail", 9, true, yet)}); !strings.Contains(got, "mail (9 of 100 slow since ") {
		t.Errorf("beside others it says %q", got)
	}
}

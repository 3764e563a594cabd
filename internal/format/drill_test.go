package format

import (
	"fmt"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// TestColumnsFitAPhone: rows are aligned, and none is longer than a phone shows.
func TestColumnsFitAPhone(t *testing.T) {
	for name, c := range map[string]struct {
		rows [][]string
		want string
	}{
		"short": {[][]string{{"pay", "11 %", "37/336", "time-out", "9 s ago"}, {"page", "1.2 %", "4/336", "TLS", "2 min ago"}},
			"pay    11 %  37/336  time-out  9 s ago\npage  1.2 %   4/336  TLS       2 min ago"},
		"long": {[][]string{{"view-of-orders-by-region-01", "50 %", "30/60", "unexpected status", "9 s ago"}, {"view-of-orders-by-region-02", "2 %", "1/60", "TLS", "9 s ago"}},
			"view-…ion-01  50 %  30/60  unexpected s…\nview-…ion-02   2 %   1/60  TLS"},
	} {
		got := columns(c.rows)
		if got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
		for line := range strings.Lines(got) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > rowWide {
				t.Errorf("%s: %q has %d characters", name, line, n)
			}
		}
	}
}

func TestShortID(t *testing.T) {
	for in, want := range map[string]string{"pay": "pay", "billing-pay": "billing-pay", "billing-start": "start", "billing/pay-with-a-card": "pay-with-a-card", "billing-billing-billing": "billing-billing", "other-product-of-ours": "other-product-of-ours"} {
		if got := shortID(in, "billing"); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

// A wrong status is told as it came, and of several what they share.
func TestMainReason(t *testing.T) {
	for want, codes := range map[string][]int{"HTTP 502": {502, 502}, "HTTP 5xx": {502, 503, 502}, "unexpected status": {404, 502}, "HTTP 429": {429}} {
		c := status.CheckStatus{Reasons: []status.ReasonCount{{Reason: checks.ReasonStatus, N: len(codes)}}}
		for _, code := range codes {
			c.Failures = append(c.Failures, checks.Result{Reason: checks.ReasonStatus, Evidence: &checks.Evidence{Status: code}})
		}
		c.Failures = append(c.Failures, checks.Result{Reason: checks.ReasonTimeout}, checks.Result{Reason: checks.ReasonStatus})
		if got := mainReason(c); got != want {
			t.Errorf("%v: %q, want %q", codes, got, want)
		}
	}
	if got := mainReason(status.CheckStatus{Reasons: []status.ReasonCount{{Reason: checks.ReasonTLS, N: 1}}}); got != "TLS" {
		t.Errorf("TLS: %q", got)
	}
}

// TestAMenuOfChecksLeavesNoneOut: more than a menu holds are searched for, and of
// what is found more than fits is counted.
func TestAMenuOfChecksLeavesNoneOut(t *testing.T) {
	for n, want := range map[int]Menu{100: Listed, 140: Searched} {
		d := status.Drill{ProductStatus: status.ProductStatus{Product: status.Product{ID: "billing"}}}
		for i := range n {
			d.Checks = append(d.Checks, status.CheckStatus{Check: checks.Check{ID: fmt.Sprintf("a-check-with-a-long-name-before-its-number-c-%03d", i)}})
		}
		got := checkSelect(d)
		if len(got) != 1 || got[0].Menu != want || got[0].Label != "Check…" {
			t.Errorf("of %d checks: %+v, want menu %d", n, got, want)
		}
		if all := CheckOptions(d, ""); len(all.Options) != 100 || (all.heading() == "100 of 140, the worst first: type more of the name") != (n == 140) {
			t.Errorf("of %d checks nothing typed offers %d under %q", n, len(all.Options), all.heading())
		}
		if one := CheckOptions(d, "C-099"); len(one.Options) != 1 || one.heading() != "" {
			t.Errorf("its end finds %d, want 1: what is cut is searched, too", len(one.Options))
		}
	}
}

package format

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// TestProvenBelow: the limit is that of each product, and is not said of their sum.
func TestProvenBelow(t *testing.T) {
	proven := func(limit float64) status.ProductStatus {
		return status.ProductStatus{Impact: impact.Impact{Level: impact.OK, Proof: &impact.Proof{Limit: limit, Proven: time.Unix(1, 0)}}}
	}
	for _, c := range []struct {
		recovered []status.ProductStatus
		want      string
	}{
		{[]status.ProductStatus{proven(0.01)}, "; below 1 % with 99 % confidence"},
		{[]status.ProductStatus{proven(0.01), proven(0.014)}, "; each below 1.4 % with 99 % confidence"},
		{[]status.ProductStatus{proven(0.01), {}}, ""},
	} {
		if got := (view{recovered: c.recovered}).provenBelow(); got != c.want {
			t.Errorf("%d products: %q, want %q", len(c.recovered), got, c.want)
		}
	}
}

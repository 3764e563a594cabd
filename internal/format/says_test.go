package format

import (
	"testing"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// TestNobodyCanIsSaidOfWhatIsDown: of what mostly fails it would contradict the figure beside it.
func TestNobodyCanIsSaidOfWhatIsDown(t *testing.T) {
	for _, c := range []struct {
		level    impact.Level
		failures int
		down     *impact.Down
		want     string
	}{
		{impact.Outage, 100, nil, "Nobody can order."},
		{impact.Outage, 60, nil, "Some orders fail."},
		{impact.Outage, 60, &impact.Down{Tries: 10, Failures: 10}, "Some orders fail."},
		{impact.Outage, 100, &impact.Down{Tries: 10, Failures: 6}, "Some orders fail."},
		{impact.Degraded, 60, nil, "Some orders fail."},
		{impact.OK, 0, nil, ""},
		{impact.Unknown, 0, nil, ""},
	} {
		p := status.ProductStatus{Product: status.Product{SaysDegraded: "Some orders fail.", SaysOutage: "Nobody can order."}}
		p.Level, p.Tries, p.Failures, p.Down = c.level, 100, c.failures, c.down
		if got := says(p); got != c.want {
			t.Errorf("%+v: %q, want %q", c, got, c.want)
		}
	}
}

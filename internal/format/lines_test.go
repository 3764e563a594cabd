package format

import (
	"fmt"
	"testing"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// TestEach: who is hurt most, and how much the rest; one of few tries has its counts.
func TestEach(t *testing.T) {
	of := func(counts ...int) (g status.Group) {
		for i := 0; i < len(counts); i += 2 {
			g.Products = append(g.Products, status.ProductStatus{Product: status.Product{Name: fmt.Sprint("P", i/2)},
				Impact: impact.Impact{Level: impact.Degraded, Counts: impact.Counts{Failures: counts[i], Tries: counts[i+1]}}})
		}
		return g
	}
	for _, c := range []struct {
		of   status.Group
		want string
	}{
		{of(), ""},
		{of(6, 90, 2, 4), "P0 7 % (6/90), P1 50 % (2/4)."},
		{of(6, 90, 5, 90, 5, 90, 3, 90, 2, 90), "Most: P0 7 % (6/90), P1 6 % (5/90), P2 6 % (5/90); 2 more 2-3 %."},
		{of(6, 90, 5, 90, 5, 90, 3, 90, 2, 90, 2, 4), "Most: P0 7 % (6/90), P1 6 % (5/90), P2 6 % (5/90); 2 more 2-3 %; P5 2/4."},
		{of(6, 90, 5, 90, 5, 90, 3, 90, 2, 4, 1, 3), "Most: P0 7 % (6/90), P1 6 % (5/90), P2 6 % (5/90); 1 more 3 %; P4 2/4, P5 1/3."},
		{of(6, 9, 5, 9, 4, 9, 3, 9, 1, 9), "Most: P0 67 % (6/9), P1 56 % (5/9), P2 44 % (4/9); 2 more 11-33 %."},
		{of(6, 90, 5, 90, 5, 90, 3, 90, 0, 4, 2, 90), "Most: P0 7 % (6/90), P1 6 % (5/90), P2 6 % (5/90); 2 more 2-3 %; 1 more without a failure."},
	} {
		if got := each(c.of, "Most: "); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}

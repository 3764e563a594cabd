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
		{of(6, 9, 5, 9, 4, 9, 3, 9, 1, 9), "Most: P0 67 % (6/9), P1 56 % (5/9), P2 44 % (4/9); P3 3/9, P4 1/9."},
		{of(6, 9, 5, 9, 4, 9, 3, 9, 1, 9, 1, 9, 2, 9), "Most: P0 67 % (6/9), P1 56 % (5/9), P2 44 % (4/9); 4 more."},
		{of(7, 93, 6, 101, 4, 54, 3, 90, 2, 90), "Most: P0 8 % (7/93), P2 7 % (4/54), P1 5.9 % (6/101); 2 more 2-3 %."}, // the surest first, as they are judged
		{of(4, 57, 3, 28, 3, 30, 3, 36, 2, 90), "Most: P1 11 % (3/28), P2 10 % (3/30), P3 8 % (3/36); 2 more 2-7 %."},
		{of(4, 60, 4, 72, 3, 68, 1, 90, 1, 9, 1, 10, 1, 12, 1, 6), "Most: P0 7 % (4/60), P1 6 % (4/72), P2 4 % (3/68); 1 more 1 %; 4 more of few tries."},
		{of(6, 90, 5, 90, 5, 90, 3, 90, 0, 4, 2, 90), "Most: P0 7 % (6/90), P1 6 % (5/90), P2 6 % (5/90); 2 more 2-3 %; 1 more without a failure."},
	} {
		if got := each(c.of, "Most: "); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}

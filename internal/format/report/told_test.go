package report

import (
	"testing"

	"github.com/statusbot/statusbot/internal/status"
)

// TestAllThatWereHurt: where every product was hurt nobody reads "2 of 2".
func TestAllThatWereHurt(t *testing.T) {
	a, b, c := &product{ID: "a", Name: "A", Tries: 100, Failures: 5}, &product{ID: "b", Name: "B", Tries: 100, Failures: 5}, &product{ID: "c", Name: "C"}
	d, e := &product{ID: "d", Name: "D", Tries: 100}, &product{ID: "e", Name: "E"}
	for _, test := range []struct {
		products, hurt []*product
		want           string
	}{
		{[]*product{a, b}, []*product{a, b}, "All 2 products failed 5.0 % of client checks (10 of 200); none was down."},
		{[]*product{a, b, d, e}, []*product{a, b, d}, "3 of 4 products were hurt: 3.3 % of their client checks failed (10 of 300), on 1 of them none (slow answers or warnings); none was down."},
		{[]*product{d}, []*product{d}, "D was hurt by slow answers or warnings; none of 100 client checks failed; it was never down."},
		{[]*product{a, b, c}, []*product{a, b}, "2 of 3 products failed 5.0 % of client checks (10 of 200); none was down."},
	} {
		got := (&builder{products: test.products, r: &Report{Products: test.hurt}}).impactTold()
		if got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// TestComponentsAreCalledByName: as in the messages, though the log has ids.
func TestComponentsAreCalledByName(t *testing.T) {
	b := &builder{facts: Facts{Definition: status.Definition{Components: []status.Component{{ID: "db-main", Name: "Main database"}, {ID: "edge-lb", Name: "Edge load balancer"}, {ID: "auth"}}}}}
	for told, want := range map[string]string{
		"one of db-main, edge-lb":                                 "one of Main database, Edge load balancer",
		"Most likely shared cause: edge-lb. All 3 checks use it.": "Most likely shared cause: Edge load balancer. All 3 checks use it.",
		"auth":      "auth",
		"edge-lb-2": "edge-lb-2",
	} {
		if got := b.componentsIn(told); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

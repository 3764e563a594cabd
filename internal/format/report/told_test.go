package report

import "testing"

// TestAllThatWereHurt: where every product was hurt nobody reads "2 of 2".
func TestAllThatWereHurt(t *testing.T) {
	a, b, c := &product{ID: "a", Name: "A", Tries: 100, Failures: 5}, &product{ID: "b", Name: "B", Tries: 100, Failures: 5}, &product{ID: "c", Name: "C"}
	for _, test := range []struct {
		products, hurt []*product
		want           string
	}{
		{[]*product{a, b}, []*product{a, b}, "All 2 products failed 5.0 % of client checks (10 of 200); none was down."},
		{[]*product{a, b, c}, []*product{a, b}, "2 of 3 products failed 5.0 % of client checks (10 of 200); none was down."},
	} {
		got := (&builder{products: test.products, r: &Report{Products: test.hurt}}).impactTold()
		if got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

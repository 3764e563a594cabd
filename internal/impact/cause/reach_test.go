package cause

import (
	"testing"

	"github.com/statusbot/statusbot/internal/impact"
)

func TestReachIsJudgedByTheOthers(t *testing.T) {
	see := func(product string, uses []string, region string, n, failed int) impact.Evidence {
		return impact.Evidence{Check: product + "/" + region, Product: product, Counts: impact.Counts{Tries: n, Failures: failed}, Usual: 0.002, UsualSlow: 0.045, Uses: uses, Region: region}
	}
	components := []string{"auth", "db", "svc-a", "svc-b", "svc-c"}
	both := []impact.Evidence{
		see("a", []string{"auth", "svc-a"}, "eu", 200, 20), see("a", []string{"svc-a"}, "us", 200, 0),
		see("b", []string{"auth", "svc-b"}, "eu", 200, 22), see("b", []string{"db", "svc-b"}, "us", 200, 0),
		see("c", []string{"db", "svc-c"}, "eu", 200, 0), see("c", []string{"auth", "svc-c"}, "us", 200, 18),
	}
	europe := append([]impact.Evidence{}, both...)
	europe[5] = see("c", []string{"auth", "svc-c"}, "us", 200, 0)
	for _, c := range []struct {
		name      string
		list      []impact.Evidence
		own       impact.Evidence
		low, high float64
	}{
		{"it uses what fails", both, see("d", []string{"auth"}, "eu", 0, 0), 0.85, 0.93},
		{"it does not", both, see("d", []string{"db"}, "eu", 0, 0), 0, 0.1},
		{"it uses it in the region where it fails", europe, see("d", []string{"auth"}, "eu", 0, 0), 0.85, 0.93},
		{"it uses it in another region", europe, see("d", []string{"auth"}, "us", 0, 0), 0, 0.4},
		{"one product fails alone", both[:1], see("d", []string{"db"}, "eu", 0, 0), 0, 0.1},
		{"nothing is known of others", nil, see("d", []string{"auth"}, "eu", 0, 0), 0.4, 0.4},
		{"it declares nothing", both, see("d", nil, "eu", 0, 0), 0.3, 0.5},
	} {
		if hurt, _ := Reach(c.list, []impact.Evidence{c.own}, components, nil); hurt < c.low || hurt > c.high {
			t.Errorf("%s: chance %.3f, want %.2f to %.2f", c.name, hurt, c.low, c.high)
		}
	}
	if _, causes := Reach(both, both[:1], components, nil); causes["auth"] < 0.85 {
		t.Errorf("auth is the cause with %.2f, want 0.85 at least", causes["auth"])
	}
}

package cause

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/statusbot/statusbot/internal/impact"
)

// estate is a large company: checks in products of ten, each going through
// four to twelve of the components, three vantages and two regions; every check
// has a baseline and a number of tries of its own.
func estate(checks, components int, seed uint64) ([]impact.Evidence, []string) {
	r := rand.New(rand.NewPCG(seed, 0))
	ids := make([]string, components)
	for i := range ids {
		ids[i] = fmt.Sprintf("component-%03d", i)
	}
	bad := ids[r.IntN(components)]
	list := make([]impact.Evidence, checks)
	var shared []string
	for i := range list {
		if i%10 == 0 {
			shared = nil
			for range 2 + r.IntN(6) {
				shared = append(shared, ids[r.IntN(components)])
			}
		}
		uses := append([]string{}, shared...)
		for range 2 + r.IntN(4) {
			uses = append(uses, ids[r.IntN(components)])
		}
		e := impact.Evidence{Check: fmt.Sprintf("check-%05d", i), Product: fmt.Sprintf("product-%04d", i/10), Uses: uses,
			Vantage: []string{"fra", "iad", "syd"}[r.IntN(3)], Region: []string{"eu", "us"}[r.IntN(2)],
			Usual: 0.0002 + 0.004*r.Float64(), UsualSlow: 0.03 + 0.015*r.Float64(), Counts: impact.Counts{Tries: 85 + r.IntN(6)}}
		p := e.Usual
		for _, c := range uses {
			if c == bad {
				p = 0.08
			}
		}
		for range e.Tries {
			switch x := r.Float64(); {
			case x < p:
				e.Failures++
			case x < p+e.UsualSlow:
				e.Slow++
			}
		}
		list[i] = e
	}
	return list, ids
}

// A ranking of 10,000 checks over 100 components must take less than 10 ms.
func BenchmarkRank(b *testing.B) {
	for _, size := range []struct{ checks, components int }{{30, 15}, {1000, 100}, {10_000, 100}} {
		list, components := estate(size.checks, size.components, 1)
		b.Run(fmt.Sprintf("%dx%d", size.checks, size.components), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Rank(list, components, nil, nil)
			}
		})
	}
}

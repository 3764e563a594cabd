package impact

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shop is three products of four checks each from two places: all go through
// edge-lb, billing and search through auth, search alone through index.
func shop(failures func(product, vantage string) int) []Evidence {
	uses := map[string][]string{"billing": {"edge-lb", "auth"}, "search": {"edge-lb", "auth", "index"}, "mail": {"edge-lb"}}
	var list []Evidence
	for _, p := range []string{"billing", "search", "mail"} {
		for i := range 4 {
			v := []string{"fra", "iad"}[i%2]
			list = append(list, Evidence{Check: fmt.Sprintf("%s/%d", p, i), Product: p, Vantage: v, Uses: uses[p],
				Usual: 0.001, UsualSlow: 0.04, Counts: Counts{Tries: 60, Failures: failures(p, v)}})
		}
	}
	return list
}

var shopComponents = []string{"edge-lb", "auth", "index"}

func TestRankTellsWhatAPersonCanCheck(t *testing.T) {
	r := Rank(shop(func(p, _ string) int {
		if p == "mail" {
			return 0
		}
		return 4
	}), shopComponents, nil)
	if r.Verdict != Clear || len(r.Suspects) == 0 {
		t.Fatalf("%+v", r)
	}
	got := r.Suspects[0]
	if got.Score < sure {
		t.Errorf("auth has a chance of %.2f", got.Score)
	}
	got.Score = 0
	want := Suspect{ID: "auth", Kind: SuspectComponent, Failing: 8, Using: 8, FailingAll: 8, Others: 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

package journal

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/longtest"
)

// Of five members each has all events, so that nobody is told to lack some, and any three go on.
func TestFiveMembersHaveAllEach(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "five servers, and their elections")
	configs := configsOf(t, 5)
	for i := range configs {
		configs[i].Basis = func() string { return "the file of most" }
	}
	configs[3].Basis = func() string { return "an older file" }
	all := openAll(t, configs)
	appendsOne(t, all[0], "before")
	eventually(t, "all five have it", func() bool {
		copies, _ := all[4].copiesOfEvents(t.Context(), 1)
		sums := map[string]bool{}
		for _, c := range copies {
			sums[c.Sum] = true
		}
		return len(copies) == 5 && len(sums) == 1 && !sums[""]
	})
	all[0].Agree(t.Context())
	want := []Doubt{{Member: configs[3].Cluster.Self, Otherwise: true}}
	if diff := cmp.Diff(want, all[0].Agree(t.Context())); diff != "" {
		t.Errorf("of five that have all, one of which has another configuration (-want +got):\n%s", diff)
	}
	for _, j := range all[:2] {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
	if seq := appendsOne(t, all[2], "of three"); seq != 2 {
		t.Errorf("what three store is event %d, want 2", seq)
	}
}

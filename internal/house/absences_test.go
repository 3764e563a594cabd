package house

import (
	"slices"
	"testing"
)

// A member that does not answer for a while is said to be gone, once, and to be back, once; one that is restarted is not.
func TestAbsences(t *testing.T) {
	t.Parallel()
	a, said := absences{}, []string{}
	looks := func(n int, away ...string) {
		for range n {
			gone, back := a.look(away)
			for _, m := range gone {
				said = append(said, m+" gone")
			}
			for _, m := range back {
				said = append(said, m+" back")
			}
		}
	}
	looks(absentAfter-1, "b")
	looks(1)
	looks(5*absentAfter, "c")
	looks(absentAfter, "b", "c")
	looks(absentAfter, "b")
	looks(3)
	if want := []string{"c gone", "b gone", "c back", "b back"}; !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
}

package house

import (
	"testing"
	"time"
)

// Files are read when two looks agree on a change, and what was written while
// they were read is read in turn.
func TestFilesAreReadWhenTheyHaveSettled(t *testing.T) {
	now := time.Now()
	w := watch{used: "a"} // read when they were a; b was written since, or while they were read
	look := func(stamp string, want bool) {
		t.Helper()
		if got := w.due(stamp, now); got != want {
			t.Errorf("%s: due %v, want %v", stamp, got, want)
		}
	}
	look("b", false)
	look("b", true)
	w.took("b")
	look("b", false)
	look("c", false) // half written
	look("d", false)
	look("d", true)
	w.took("d")
	look("e", false) // written while d was read
	look("e", true)

	// One that is bad is tried again now and then, without a change.
	w.refuse("e", now)
	look("e", false)
	now = now.Add(retryBad)
	look("e", true)
	w.refuse("e", now)
	look("e", false)
}

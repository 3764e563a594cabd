package impact

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Minutes that only some products have stand where they belong, and what was given
// stays as it is.
func TestPool(t *testing.T) {
	at := func(n, tries, failures int) Minute {
		return Minute{At: time.Unix(int64(n)*60, 0), Tries: tries, Failures: failures, Slow: n}
	}
	first, second := []Minute{at(2, 5, 1), at(4, 6, 0)}, []Minute{at(1, 1, 1), at(3, 2, 0), at(4, 3, 2), at(5, 4, 0)}
	four := at(4, 9, 2)
	four.Slow = 8
	want := []Minute{at(1, 1, 1), at(2, 5, 1), at(3, 2, 0), four, at(5, 4, 0)}
	if diff := cmp.Diff(want, Pool(nil, first, second, nil)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, Pool(second, first)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Minute{at(2, 5, 1), at(4, 6, 0)}, first); diff != "" {
		t.Error(diff)
	}
	if got := Pool(); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

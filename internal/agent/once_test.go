package agent

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
)

// TestOnce: whichever of two batches is stored first, that which was sent again with more, or that which was not acknowledged, each
// result of an agent comes once; those from here stay as they are, also when a burst is beside the schedule.
func TestOnce(t *testing.T) {
	from := time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)
	at := func(vantage string, seconds ...int) (batch []checks.Result) {
		for _, s := range seconds {
			batch = append(batch, checks.Result{Check: "a", Vantage: vantage, Started: from.Add(time.Duration(s) * time.Second), Duration: time.Millisecond})
		}
		return batch
	}
	for name, batches := range map[string][][]checks.Result{
		"sent again, and then stored late": {at("eu", 1, 2), at("eu", 3, 4, 5), at("eu", 3, 4), at("eu", 6)},
		"stored, and sent again":           {at("eu", 1, 2), at("eu", 3, 4), at("eu", 3, 4, 5), at("eu", 6)},
	} {
		var once Once
		var got []checks.Result
		for _, b := range batches {
			got = append(got, once.Of(append(b, at("us", 1)...))...)
		}
		var want []checks.Result
		want = append(append(want, at("eu", 1, 2)...), at("us", 1)...)
		want = append(want, at("eu", 3, 4, 5, 6)...)
		if !cmp.Equal(want, got) {
			t.Errorf("%s: %s", name, cmp.Diff(want, got))
		}
	}
	var once Once
	for _, here := range []string{"", checks.Here} {
		if got := once.Of(at(here, 2, 1, 2)); len(got) != 3 {
			t.Errorf("from %q: %v", here, got)
		}
	}
}

// TestOnceForgets: what it keeps follows the checks that there are, not those that ever were.
func TestOnceForgets(t *testing.T) {
	var once Once
	from := time.Date(2026, 3, 2, 19, 0, 0, 0, time.UTC)
	for n := range 20_000 { // a new check every two hours, each with one result
		id := fmt.Sprint("check-", n)
		if got := once.Of([]checks.Result{{Check: id, Vantage: "eu", Started: from.Add(time.Duration(n) * 2 * time.Hour)}}); len(got) != 1 {
			t.Fatalf("%s is left out", id)
		}
	}
	if n := len(once.newest); n > 2*onceLeast {
		t.Errorf("%d are kept", n)
	}
}

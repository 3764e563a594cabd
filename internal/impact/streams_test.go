package impact

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// TestMoreStreamsThanSixteenBits: what a check shows counts for that check, and
// for no other, in a product of more than 65,536 of them.
func TestMoreStreamsThanSixteenBits(t *testing.T) {
	const many, bad = 66_000, 65_999
	list := make([]checks.Check, many)
	for i := range list {
		list[i] = checks.Check{ID: fmt.Sprint("c", i), Product: "shop", Every: time.Hour}
	}
	tr := NewTracker(Config{}, list)
	at := time.Date(2026, 3, 3, 19, 0, 0, 0, time.UTC)
	apply := func(i int, second int, o checks.Outcome) {
		tr.Apply(checks.Result{Check: list[i].ID, Product: "shop", Started: at.Add(time.Duration(second) * time.Second), Outcome: o}, true)
	}
	apply(bad, 1, checks.Fail)
	apply(bad-1<<16, 2, checks.Pass) // the one that has the same last 16 bits
	apply(bad, 5, checks.Fail)
	apply(bad, 4, checks.Fail) // late: it is put in its place
	if s := &tr.now.Streams[bad]; !s.FailPrev || s.waiting.Bad != 3 {
		t.Errorf("of the check that failed three times, %d failures wait to be learnt; last failed: %v", s.waiting.Bad, s.FailPrev)
	}
	if s := &tr.now.Streams[bad-1<<16]; s.FailPrev || s.waiting.N != 1 || s.waiting.Bad != 0 {
		t.Errorf("of the check that passed once, %d results and %d failures wait to be learnt", s.waiting.N, s.waiting.Bad)
	}

	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(resultsOf(tr.since)); err != nil {
		t.Fatal(err)
	}
	var restored storedResults
	if err := gob.NewDecoder(&b).Decode(&restored); err != nil {
		t.Fatal(err)
	}
	var got []int
	restored.each(map[int]int{bad: bad, bad - 1<<16: 7}, func(o obs) { got = append(got, o.stream()) })
	if want := []int{bad, 7, bad, bad}; !slices.Equal(got, want) {
		t.Errorf("after a restart the results are those of streams %v, want %v", got, want)
	}
}

func TestAResultIsPacked(t *testing.T) {
	if got := obsOf(1, 2, 1<<28-1, codeUnknown, markSlow|markUsual); got.stream() != 1<<28-1 || got.outcome() != codeUnknown || got.mark() != markSlow|markUsual {
		t.Errorf("packed %+v: stream %d, outcome %d, mark %d", got, got.stream(), got.outcome(), got.mark())
	}
}

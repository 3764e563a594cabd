package status

import (
	"cmp"
	"slices"

	"github.com/statusbot/statusbot/internal/checks"
)

// inOrder puts the results of a batch in the order in which they ended. They
// are written down as they come, and those that ended together come in any
// order: a tracker would have to go back for each.
type inOrder struct {
	numbers []int32
	ends    []int64
}

// of returns the numbers of the results of a batch, valid until the next one.
func (o *inOrder) of(results []checks.Result) []int32 {
	o.numbers, o.ends = slices.Grow(o.numbers[:0], len(results)), slices.Grow(o.ends[:0], len(results))
	sorted := true
	for i := range results {
		end := results[i].Started.UnixNano() + int64(results[i].Duration)
		sorted = sorted && (i == 0 || end >= o.ends[i-1])
		o.numbers, o.ends = append(o.numbers, int32(i)), append(o.ends, end)
	}
	if !sorted {
		slices.SortFunc(o.numbers, func(x, y int32) int { return cmp.Or(cmp.Compare(o.ends[x], o.ends[y]), cmp.Compare(x, y)) })
	}
	return o.numbers
}

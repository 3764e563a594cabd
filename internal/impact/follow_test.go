package impact

import (
	"fmt"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// follows is what a company of 16 checks makes known, of each of which 20 failures are known: so
// many of these came after another one.
func follows(again func(i int) float64) (f Follows) {
	for p := range 4 {
		var list []checks.Check
		for i := range 4 {
			list = append(list, checks.Check{ID: fmt.Sprint("c", i), Product: fmt.Sprint("p", p), Every: 30 * time.Second})
		}
		tr := NewTracker(Config{}, list)
		for i := range tr.now.Streams {
			tr.now.Streams[i].Fail = chain{N: 20_000, Bad: 20, Again: again(4*p + i)}
		}
		f.Add(tr)
	}
	return f
}

// TestTheCompanyCountsByHowAlikeItsChecksAre: what stands in for a check's own failures is worth as
// many of them as the company's checks are alike.
func TestTheCompanyCountsByHowAlikeItsChecksAre(t *testing.T) {
	for _, c := range []struct {
		name        string
		again       func(i int) float64
		least, most float64
	}{
		{"no more different than by chance", func(i int) float64 { return []float64{1, 2, 2, 3}[i%4] }, 20, followMost},
		{"half of them flap", func(i int) float64 { return []float64{1, 14}[i%2] }, 1, 3},
		{"one of 16 flaps", func(i int) float64 { return []float64{2, 16}[i/15] }, 3, 8},
	} {
		if got := follows(c.again).weight(); got < c.least || got > c.most {
			t.Errorf("%s: the company counts as %.1f failures, want %g to %g", c.name, got, c.least, c.most)
		}
	}
	if got := (Follows{}).weight(); got != followNever {
		t.Errorf("where nothing is known it counts as %.1f failures, want %.1f", got, followNever)
	}
}

// TestAStateOfAnOlderVersionGoesByTheCompany: it has no weight of that, and would go by few failures of its own
// alone until the next hour.
func TestAStateOfAnOlderVersionGoesByTheCompany(t *testing.T) {
	d := design{streams: make([]stream, 1)}
	m := d.newModel()
	m.Streams[0].Follow = 0.1
	f := m.form()
	if f.Streams[0].FollowWeight != 0 {
		t.Fatalf("the weight is %d before it is told", f.Streams[0].FollowWeight)
	}
	got := f.model().Streams[0]
	want := m.Streams[0]
	want.FollowWeight = 10
	want.ratiosAnew()
	if got.fail != want.fail {
		t.Errorf("again is taken as %.3f, want %.3f", got.fail.again, want.fail.again)
	}
}

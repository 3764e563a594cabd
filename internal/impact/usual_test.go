package impact

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// regular returns a tracker of one check of which, of so many results, each so many-th
// failed, first and then.
func regular(every time.Duration, first, then [2]int) *Tracker {
	tr := NewTracker(Config{}, []checks.Check{{ID: "a", Product: "p", Every: every}})
	tick := 0
	for _, part := range [][2]int{first, then} {
		for range part[0] {
			r := checks.Result{Check: "a", Product: "p", Outcome: checks.Pass, Started: propertyStart.Add(time.Duration(tick) * every)}
			if tick++; tick%part[1] == 0 {
				r.Outcome = checks.Fail
			}
			tr.Apply(r, true)
		}
	}
	return tr
}

// TestWhatIsUsualFollows: a share that doubles is known by three quarters after two half-lives, however long the
// other one was usual.
func TestWhatIsUsualFollows(t *testing.T) {
	const half = int(usualHalf / time.Minute)
	tr := regular(time.Minute, [2]int{6 * half, 400}, [2]int{2 * half, 200})
	usual := tr.now.Streams[0].Fail
	if share := usual.Bad / usual.N; tr.now.Trouble.On || share < 0.0042 || share > 0.0045 {
		t.Errorf("two half-lives after 0.25 %% became 0.5 %% %.2f %% are taken as usual, want 0.42 to 0.45 %%", 100*share)
	}
}

// TestARareCheckKeepsWhatItKnows: of what a check learnt that runs every eight minutes a few days would leave next to nothing.
func TestARareCheckKeepsWhatItKnows(t *testing.T) {
	tr := regular(8*time.Minute, [2]int{usualLeast, 400}, [2]int{usualLeast / 5, 400})
	if s := &tr.now.Streams[0].Fail; s.N < usualLeast || s.N > usualLeast+1 {
		t.Errorf("after a month it counts %.0f results, want %d", s.N, usualLeast)
	}
}

// TestWhatIsForgottenWasSeen: of results that are forgotten all the time as many again are known as are counted, of
// those that an older version kept as many as they are.
func TestWhatIsForgottenWasSeen(t *testing.T) {
	var c chain
	for range 15 * int(int64(usualHalf)/pendingSpan) {
		c.add(20, 0.02, 0)
		c.forget()
	}
	worth, counted := c.worth(), c.N
	if worth.N < 1.999*counted || worth.N > 2.002*counted {
		t.Errorf("%.0f results are worth %.0f, want twice as many", counted, worth.N)
	}
	if share := worth.Bad / worth.N; share < 0.000999 || share > 0.001001 {
		t.Errorf("0.1 %% became %.4f %%", 100*share)
	}
	old := chain{N: 100_000, Bad: 100}
	old.add(1000, 1, 0)
	if w := old.worth(); w.N < 100_999 || w.N > 101_001 {
		t.Errorf("101,000 results of which 100,000 are an older version's are worth %.0f", w.N)
	}
}

package impact

import (
	"math"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// Limits of zero bad ones by hand, 1 - 0.01^(1/n); the others by
// adding up the binomial distribution with its factorials (lgamma) elsewhere.
func TestShows(t *testing.T) {
	for _, c := range []struct {
		bad, n int
		want   float64
	}{
		{0, 0, 1}, {3, 3, 1}, {0, 1, 0.99}, {0, 140, 1 - math.Pow(0.01, 1.0/140)}, {0, 459, 0.00998}, {1, 10, 0.5044}, {2, 100, 0.08141}, {40, 100_000, 0.000573},
	} {
		if got := (Proof{N: c.n, Bad: c.bad}).Shows(); math.Abs(got-c.want) > 0.005*c.want {
			t.Errorf("%d of %d: %.6f, want %.6f", c.bad, c.n, got, c.want)
		}
	}
}

// TestNeededIsWhatItTakes: what is said at the first step of a recovery to be
// needed is where the second one comes; more results are asked for until then,
// but not for longer than two hours.
func TestNeededIsWhatItTakes(t *testing.T) {
	at := time.Date(2026, 3, 3, 19, 0, 0, 0, time.UTC)
	tr := NewTracker(Config{Window: 10 * time.Minute, Normal: at}, []checks.Check{{ID: "pay", Product: "billing", Every: 10 * time.Second}})
	feed := func(n int, failing bool) {
		for range n {
			r := checks.Result{Check: "pay", Product: "billing", Started: at, Duration: time.Millisecond, Outcome: checks.Pass}
			if failing {
				r.Outcome, r.Reason = checks.Fail, checks.ReasonReset
			}
			tr.Apply(r, true)
			at = at.Add(10 * time.Second)
		}
	}
	at = at.Add(-6 * time.Hour)
	feed(2160, false)
	feed(30, true)
	for range 200 {
		if feed(1, false); tr.At(at).Level == OK {
			break
		}
	}
	first := tr.At(at)
	if first.Level != OK || first.Proof == nil || !first.Proof.Proven.IsZero() || first.Proof.Before != first.Proof.N {
		t.Fatalf("after the first step: %s, %+v", first.Level, first.Proof)
	}
	needed := first.Proof.Needed
	if needed < first.Proof.N+400 || needed > first.Proof.N+600 || !first.Doubt {
		t.Errorf("%d tries, %d needed, in doubt: %t", first.Proof.N, needed, first.Doubt)
	}
	feed(needed-first.Proof.N-1, false)
	if p := tr.At(at).Proof; !p.Proven.IsZero() || p.Needed != needed || p.Shows() <= p.Limit {
		t.Errorf("one try before: %+v, shows %g", p, p.Shows())
	}
	if later := tr.At(first.Proof.Recovered.Add(2 * time.Hour)); later.Doubt {
		t.Error("two hours after the first step it is still in doubt")
	}
	feed(1, false)
	if im := tr.At(at); im.Proof.Proven.IsZero() || im.Proof.Needed != 0 || im.Proof.N != needed || im.Doubt {
		t.Errorf("at %d tries: %+v", needed, im.Proof)
	}
}

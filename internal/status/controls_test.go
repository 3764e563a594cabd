package status

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
)

// withControls are two products and these control checks.
func withControls(ids ...string) Definition {
	def := twoProducts()
	for _, id := range ids {
		def.Controls = append(def.Controls, checks.Check{ID: id, Kind: "tcp", Every: 10 * time.Second, Timeout: time.Second, Control: true})
	}
	return def
}

// looks has control checks pass and fail every ten seconds: a letter of each
// pattern is one result, p f u.
func looks(b *Board, from time.Time, patterns map[string]string) time.Time {
	n := 0
	for _, p := range patterns {
		n = max(n, len(p))
	}
	for i := range n {
		from = from.Add(10 * time.Second)
		var batch []checks.Result
		for id, p := range patterns {
			if i >= len(p) {
				continue
			}
			r := checks.Result{Check: id, Started: from.Add(-20 * time.Millisecond), Duration: 20 * time.Millisecond, Outcome: checks.Pass}
			switch p[i] {
			case 'f':
				r.Outcome, r.Reason, r.Summary = checks.Fail, checks.ReasonTimeout, "no answer"
			case 'u':
				r.Outcome, r.Reason = checks.Unknown, checks.ReasonInternal
			}
			batch = append(batch, r)
		}
		b.Apply(b.position.newest+1, batch)
	}
	return from
}

const (
	passes = "pppppppppppppppppppppppppppppp"
	fails  = "ffffffffffffffffffffffffffffff"
)

// TestBlindness is a table: what each control check saw, and whether we see.
func TestBlindness(t *testing.T) {
	for _, c := range []struct {
		name    string
		looks   map[string]string
		failing []string
		never   []string
		on      bool
		doubt   bool
	}{
		{name: "all pass", looks: map[string]string{"a": passes, "b": passes, "c": passes}},
		{name: "one of one", looks: map[string]string{"a": passes + fails}, failing: []string{"a"}, on: true},
		{name: "one of two is no majority", looks: map[string]string{"a": passes + fails, "b": passes + passes}, failing: []string{"a"}},
		{name: "two of three", looks: map[string]string{"a": passes + fails, "b": passes + passes, "c": passes + fails}, failing: []string{"a", "c"}, on: true},
		{name: "the first failure of both", looks: map[string]string{"a": passes + "f", "b": passes + "f"}, doubt: true},
		{name: "which passes again", looks: map[string]string{"a": passes + "fp", "b": passes + "fp"}},
		{name: "what has never passed says nothing", looks: map[string]string{"a": fails + fails}, never: []string{"a"}},
		{name: "nor does it count", looks: map[string]string{"a": fails + fails, "b": passes + fails}, failing: []string{"b"}, never: []string{"a"}, on: true},
		{name: "what cannot observe does not fail", looks: map[string]string{"a": passes + "uuuuuuuuuuuuuuuuuuuu"}},
		{name: "all is well again", looks: map[string]string{"a": passes + fails + passes, "b": passes + fails + passes}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var ids []string
			for _, id := range []string{"a", "b", "c"} {
				if _, ok := c.looks[id]; ok {
					ids = append(ids, id)
				}
			}
			b := NewBoard(withControls(ids...))
			now := looks(b, t0, c.looks)
			got := b.Blindness(now)
			if !cmp.Equal(c.failing, got.Failing) || !cmp.Equal(c.never, got.Never) || got.On() != c.on || got.Doubt != c.doubt {
				t.Errorf("%+v, want failing %v, never %v, blind %v, in doubt %v", got, c.failing, c.never, c.on, c.doubt)
			}
			if began := t0.Add(310 * time.Second); c.on && (got.Since.Sub(began).Abs() > time.Second || !got.Seen.Equal(got.Since.Add(-11*time.Second)) || got.Reason != "no answer") {
				t.Errorf("blind since %s, seen until %s, %q; it began at %s", got.Since, got.Seen, got.Reason, began)
			}
			s := b.Snapshot(now)
			if !cmp.Equal(got, s.Blind) {
				t.Errorf("a snapshot says %+v", s.Blind)
			}
			for _, p := range s.Products {
				if p.Level != impact.Unknown || p.Tries != 0 {
					t.Errorf("%s is %s of %d tries: a control check counts in a product", p.ID, p.Level, p.Tries)
				}
			}
			if turned := b.Turned(); turned != nil {
				t.Errorf("turned: %v", turned)
			}
		})
	}
}

// TestBlindnessOverARestart: what the control checks have shown is stored, and
// the results that a start reads again count once.
func TestBlindnessOverARestart(t *testing.T) {
	def := withControls("a", "b")
	board := NewBoard(def)
	now := looks(board, t0, map[string]string{"a": passes + fails, "b": passes + fails})
	want := board.Blindness(now)
	data, err := board.Checkpoint(checkpointShard(noProduct), now)
	if err != nil || data == nil {
		t.Fatalf("checkpoint %q, %v", data, err)
	}
	again := NewBoard(def)
	seq, err := again.Restore(data)
	if err != nil || seq != board.position.newest {
		t.Fatalf("restored up to %d, %v, want %d", seq, err, board.position.newest)
	}
	// The window alone is read again.
	again.position.newest = seq - 5
	now = looks(again, now.Add(-50*time.Second), map[string]string{"a": "fffff", "b": "fffff"})
	again.Replayed()
	if got := again.Blindness(now); !got.On() || !got.Since.Equal(want.Since) || got.Controls != 2 {
		t.Errorf("after a restart %+v, want %+v", got, want)
	}
	// And a redefinition keeps what stays.
	again.Redefine(withControls("a"))
	if got := again.Blindness(now); !got.On() || got.Controls != 1 {
		t.Errorf("with one control check less %+v", got)
	}
	again.Redefine(withControls())
	if got := again.Blindness(now); got.On() || got.Controls != 0 {
		t.Errorf("without control checks %+v", got)
	}
}

// TestABlindnessThatLasts: its beginning stays what it was.
func TestABlindnessThatLasts(t *testing.T) {
	b := NewBoard(withControls("a"))
	now := looks(b, t0, map[string]string{"a": passes})
	for range 12 {
		now = looks(b, now, map[string]string{"a": fails})
	}
	if got := b.Blindness(now); !got.On() || got.Since.Sub(t0.Add(310*time.Second)).Abs() > time.Second {
		t.Errorf("after an hour %+v", got)
	}
}

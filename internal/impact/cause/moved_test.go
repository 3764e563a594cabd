package cause

import (
	"testing"

	"github.com/statusbot/statusbot/internal/impact"
)

// TestPasses: what failed passes again when those of its checks that go through nothing that
// fails now do so far less.
func TestPasses(t *testing.T) {
	list := func(tries int, edge, login, slow int) (out []impact.Evidence) {
		for _, c := range []struct {
			uses         []string
			failed, slow int
		}{{[]string{"edge"}, edge, 0}, {[]string{"edge"}, edge, slow}, {[]string{"edge", "auth"}, login, 0}, {[]string{"auth"}, login, 0}, {nil, edge, 0}} {
			e := impact.Evidence{Usual: 0.001, UsualSlow: 0.03, Uses: c.uses}
			e.Counts = impact.Counts{Tries: tries, Failures: c.failed, Slow: c.slow}
			out = append(out, e)
		}
		return out
	}
	edge, auth := []string{"edge"}, []string{"auth"}
	for name, c := range map[string]struct {
		before, since []impact.Evidence
		were, are     []string
		want          bool
	}{
		"it passes":                    {list(100, 10, 10, 0), list(50, 0, 10, 0), edge, auth, true},
		"it goes on":                   {list(100, 10, 10, 0), list(50, 5, 10, 0), edge, auth, false},
		"it goes on less":              {list(100, 10, 10, 0), list(50, 3, 10, 0), edge, auth, false},
		"too little yet":               {list(100, 10, 10, 0), list(25, 0, 5, 0), edge, auth, false},
		"all of it goes through both":  {list(100, 10, 10, 0), list(50, 0, 10, 0), edge, edge, false},
		"it never failed":              {list(100, 0, 10, 0), list(50, 0, 10, 0), edge, auth, false},
		"it was slow, and is as usual": {list(100, 0, 0, 40), list(50, 0, 10, 0), edge, auth, true},
		"it is slow":                   {list(100, 0, 0, 40), list(50, 0, 10, 20), edge, auth, false},
	} {
		if got := Passes(c.before, c.since, c.were, c.are); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if c.want && !MayPass(c.before, c.since, c.were, 2) {
			t.Errorf("%s: and it may not", name)
		}
	}
	if MayPass(list(100, 10, 10, 0), list(50, 0, 0, 0), edge, 2) {
		t.Error("another cause is looked for while nothing fails")
	}
	if MayPass(list(100, 10, 10, 0), list(50, 5, 5, 0), edge, 2) {
		t.Error("another cause is looked for while what failed first goes on")
	}
}

package cause

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIndistinct(t *testing.T) {
	checks := map[string][]string{
		"pay":    {"edge-lb", "dns", "auth", "cache", "svc"},
		"ledger": {"edge-lb", "dns", "auth", "cache", "queue", "queue"},
		"home":   {"edge-lb", "dns"},
		"search": {"queue", "svc", "dns", "edge-lb"},
	}
	got := Indistinct(checks, []string{"queue", "svc", "edge-lb", "unused", "dns", "cache", "auth", "unused-2"})
	want := [][]string{{"auth", "cache"}, {"dns", "edge-lb"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := Indistinct(nil, []string{"a", "b"}); got != nil {
		t.Errorf("without checks: %v", got)
	}
}

func TestSeparate(t *testing.T) {
	for _, c := range []struct {
		name  string
		class []string
		deps  map[string][]string
		want  []string
	}{
		{"twins", []string{"b", "a"}, nil, []string{"a"}},
		{"three", []string{"a", "b", "c"}, nil, []string{"a", "b"}},
		{"the one below", []string{"auth", "cache"}, map[string][]string{"auth": {"cache"}}, []string{"cache"}},
		{"through one that is not in the class", []string{"auth", "cache"}, map[string][]string{"auth": {"x"}, "x": {"cache"}}, []string{"cache"}},
		{"a chain", []string{"a", "b", "c"}, map[string][]string{"a": {"b"}, "b": {"c"}}, []string{"c", "b"}},
		{"a circle", []string{"a", "b"}, map[string][]string{"a": {"b"}, "b": {"a"}}, nil},
	} {
		got := Separate(c.class, c.deps)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s\n%s", c.name, diff)
		}
		if c.want == nil {
			continue
		}
		// The promise: with these checks added, nothing is left together.
		checks := map[string][]string{"all": c.class}
		for _, m := range got {
			checks["only "+m] = closureOf(m, c.deps)
		}
		if left := Indistinct(checks, c.class); left != nil {
			t.Errorf("%s: still not told apart: %v", c.name, left)
		}
	}
}

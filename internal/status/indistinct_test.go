package status_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

func TestIndistinct(t *testing.T) {
	def := status.Definition{
		Components: []status.Component{{ID: "auth", DependsOn: []string{"lb"}}, {ID: "lb"}, {ID: "dns"}, {ID: "unused"}},
		Checks:     []checks.Check{{ID: "front", Uses: []string{"auth"}}, {ID: "name", Uses: []string{"dns"}}},
	}
	want := []status.Twins{{Components: []string{"auth", "lb"}, Checks: []string{"lb"}}}
	if d := cmp.Diff(want, def.Indistinct()); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	def.Checks = append(def.Checks, checks.Check{ID: "balancer", Uses: []string{"lb"}}) // the check that was asked for
	if got := def.Indistinct(); got != nil {
		t.Errorf("still not told apart: %v", got)
	}
}

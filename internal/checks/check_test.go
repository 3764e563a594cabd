package checks_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
)

// TestAPrintedCheckGivesNothingAway: neither what was put in from the environment nor the
// options that have it, by any verb, alone or inside of something else.
func TestAPrintedCheckGivesNothingAway(t *testing.T) {
	t.Parallel()
	c := checks.Check{ID: "shop-login", Kind: "http", Secrets: []string{"hunter2"}, Options: map[string]string{"password": "hunter2"}}
	for _, v := range []any{c, &c, []checks.Check{c}, map[string]checks.Check{"a": c}, struct{ Check checks.Check }{c}, fmt.Errorf("%v: %w", c, fmt.Errorf("refused"))} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			got := fmt.Sprintf(verb, v)
			if strings.Contains(got, "hunter2") || strings.Contains(got, fmt.Sprintf("%x", "hunter2")) {
				t.Errorf("%s of a %T says %q", verb, v, got)
			}
		}
	}
	if got := fmt.Sprint(c); got != `http check "shop-login"` {
		t.Errorf("a check is printed as %q", got)
	}
}

package kinds

import (
	"context"
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

// BenchmarkMaskingRatio sets a probe with all that follows it, of which masking
// is the most, against the same probe alone, in turns: of an answer that is
// right, and of one whose body is evidence, with two secrets in the options.
func BenchmarkMaskingRatio(b *testing.B) {
	for _, tt := range []struct {
		name   string
		status []any
	}{{"pass", nil}, {"fail", []any{201}}} {
		b.Run(tt.name, func(b *testing.B) {
			c := benchCheck(probetest.StartTarget(b, "http") + "/health")
			o := c.Options.(*httpkind.Options)
			o.Status, o.Headers = tt.status, map[string]string{"Authorization": "Bearer 0123456789abcdef"}
			c.Secrets = []string{"a-secret-of-the-environment"}
			compiled, err := probetest.Compiled(&httpkind.Kind, c)
			probetest.OK(b, err)
			alone, err := httpkind.Kind.Compile(c)
			probetest.OK(b, err)
			whole := func() { compiled.Run(context.Background()) }
			bare := func() {
				ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
				defer cancel()
				if r := alone(ctx); r.Outcome == checks.Unknown {
					b.Fatal(r.Summary)
				}
			}
			whole()
			bare()
			const turn = 50
			times := func(f func()) func() {
				return func() {
					for range turn {
						f()
					}
				}
			}
			benchRatio(b, turn, times(whole), times(bare))
		})
	}
}

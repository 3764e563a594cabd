package format

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestMarkTogether: "no discernible effect" is said to be of all together where one of them is told below to have been helped.
func TestMarkTogether(t *testing.T) {
	of := func(product string, verdict impact.EffectVerdict) incident.Verdict {
		return incident.Verdict{Product: product, Verdict: string(verdict), Before: incident.Counts{Failures: 40, Tries: 400}, After: incident.Counts{Failures: 4, Tries: 400}}
	}
	for _, c := range []struct {
		all, mail impact.EffectVerdict
		want      string
	}{
		{impact.NoEffect, impact.NoEffect, "“x”: no discernible effect."},
		{impact.NoEffect, impact.Helped, "“x”: no discernible effect on the 2 products together."},
		{impact.Helped, impact.NoEffect, "“x”: helped."},
	} {
		m := incident.Marked{Event: incident.Event{Text: "x", Products: []string{"a", "b"}}, Verdicts: []incident.Verdict{of("", c.all), of("a", impact.NoEffect), of("b", c.mail)}}
		if got := MarkEffect(MarkFacts{Mark: m}).Text; got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}

// TestCountedSince: that all no longer fail since 20:26 is not said to be so since 20:54 once only one of them is waited for.
func TestCountedSince(t *testing.T) {
	now := time.Date(2026, 3, 2, 21, 32, 0, 0, time.UTC)
	product := func(name string, since time.Duration, proven time.Time) status.ProductStatus {
		return status.ProductStatus{Product: status.Product{ID: name, Name: name}, Impact: impact.Impact{Level: impact.OK, Counts: impact.Counts{Tries: 90},
			Proof: &impact.Proof{Since: now.Add(-since), N: 300, Needed: 900, Limit: 0.01, Proven: proven}}}
	}
	a, b := product("a", 66*time.Minute, time.Time{}), product("b", 38*time.Minute, time.Time{})
	for want, list := range map[string][]status.ProductStatus{
		"Since ":         {a, b},
		"Counted since ": {product("a", 66*time.Minute, now.Add(-time.Minute)), b},
	} {
		shot := status.Snapshot{At: now, Products: list}
		inc := incident.Incident{Number: 1, ProvingAt: now.Add(-20 * time.Minute), Levels: map[string]string{"a": "ok", "b": "ok"}}
		if got := look(shot, inc, true).sinceOver(); !strings.HasPrefix(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

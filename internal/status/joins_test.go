package status

import (
	"fmt"
	"testing"

	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// TestFewThatJoinMany: a product that joins many that are hurt by the cause that is told is
// no news; the first that is hurt in another way, or of another cause, and many that join are.
func TestFewThatJoinMany(t *testing.T) {
	const told = "Most likely shared cause: edge."
	for name, c := range map[string]struct {
		posted, updated, now int // products that were hurt then, or are
		cause                string
		elsewhere            bool // the newest is hurt by something else
		level                impact.Level
		slow                 bool
		want                 bool // it is expected
	}{
		"one joins twenty":                        {posted: 20, updated: 20, now: 21, cause: told, level: impact.Degraded, want: true},
		"one joins ten":                           {posted: 10, updated: 10, now: 11, cause: told, level: impact.Degraded},
		"three join twenty":                       {posted: 20, updated: 20, now: 23, cause: told, level: impact.Degraded},
		"one more, half as many since the post":   {posted: 20, updated: 29, now: 30, cause: told, level: impact.Degraded},
		"one more, nearly that many since it":     {posted: 20, updated: 28, now: 29, cause: told, level: impact.Degraded, want: true},
		"by something else":                       {posted: 20, updated: 20, now: 21, cause: told, level: impact.Degraded, elsewhere: true},
		"no cause was told":                       {posted: 20, updated: 20, now: 21, level: impact.Degraded},
		"the first that is down":                  {posted: 20, updated: 20, now: 21, cause: told, level: impact.Outage},
		"the first that is slow":                  {posted: 20, updated: 20, now: 21, cause: told, level: impact.Degraded, slow: true},
		"the last post told of none that is hurt": {updated: 20, now: 21, cause: told, level: impact.Degraded},
	} {
		var s Snapshot
		inc := incident.Incident{LastUpdate: incident.Event{N: 2, Cause: c.cause}, LastPost: incident.Event{N: 1}}
		for i := range 40 {
			id := fmt.Sprint("p", i)
			p := ProductStatus{Product: Product{ID: id}, Impact: impact.Impact{Level: impact.OK}}
			if i < c.now {
				p.Level = impact.Degraded
				if i >= c.updated {
					p.Level, p.Impact.Slow = c.level, c.slow
				}
				if i < c.updated || !c.elsewhere {
					s.Causes.Products = append(s.Causes.Products, id)
				}
			}
			s.Products = append(s.Products, p)
			levels := map[bool]string{true: string(impact.Degraded), false: string(impact.OK)}
			inc.LastUpdate.Figures = append(inc.LastUpdate.Figures, incident.Figure{Product: id, Level: levels[i < c.updated]})
			inc.LastPost.Figures = append(inc.LastPost.Figures, incident.Figure{Product: id, Level: levels[i < c.posted]})
		}
		got := s.Delivery(Changes(inc.LastUpdate.Figures, s), inc)
		if (got.Levels == incident.ManyJoined) != c.want || (got.Levels == incident.OneWorse) == c.want || got.Reason == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

package publish_test

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// TestSlownessIsWrittenDown: that a product answers slowly, how slowly, how often, and at the
// end how often in all. Of what is not written down no report can tell.
func TestSlownessIsWrittenDown(t *testing.T) {
	f := newFaultIn(t, 1, 20*time.Second, impact.DefaultWindow, time.Hour)
	f.hit, f.as = 1, checks.Degraded
	f.until(0.7, 20*time.Minute)
	if f.about == nil || len(f.about.Hurt) != 1 || f.about.Hurt[0].Slow == 0 || f.about.Hurt[0].Failed > 0 {
		t.Errorf("other ways are not told how many were slow: %+v", f.about)
	}
	f.until(0, 3*time.Hour)
	inc, ok := f.board.Log().Last(channelID)
	if !ok || inc.Open() {
		t.Fatalf("it is not over: %v %+v", ok, inc)
	}
	var began, ended, counted bool
	var slow int
	for _, e := range f.journal.All() {
		switch {
		case e.Kind == incident.Level && e.To == string(impact.Degraded):
			began = e.Slow
		case e.Kind == incident.Update:
			for _, g := range e.Figures {
				slow += g.NewSlow
				counted = counted || g.Slow > 0 && g.P95 > 0
			}
		case e.Kind == incident.Resolved && len(e.Figures) == 1:
			g := e.Figures[0]
			ended = g.NewSlow > g.NewTries/2 && g.NewFailures == 0
		}
	}
	if !began || !ended || !counted || slow == 0 {
		t.Errorf("slow from the begin on %v, in an update %v, in all of them %d, at the end %v", began, counted, slow, ended)
	}
}

package publish_test

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
)

// TestWhatAnswersAgainIsToldAtOnce: as a post, with what failed while it was
// down; and the next failures are no second one.
func TestWhatAnswersAgainIsToldAtOnce(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.pass(40, publishtest.Third("pay"))
	d.pass(360, publishtest.Always("query"))
	before := d.told
	d.pass(5, nil)
	if d.told != before+1 {
		t.Fatalf("%d updates told that it answers, want one", d.told-before)
	}
	all := d.journal.Events(incident.Update)
	if e := all[len(all)-1]; e.Post != e.N || !strings.Contains(e.Why, "Data Lake answers again") {
		t.Errorf("told as update %d in post %d: %s", e.N, e.Post, e.Why)
	}
	d.says("inc-1", "Data Lake answers again: the last 3 tries passed. It was down 6 min: 360 of 360 failed.")
	d.pass(60, publishtest.Third("query"))
	if said := d.newest("inc-1").Text; strings.Contains(said, "answers again") && d.told > before+1 {
		t.Errorf("a minute later that is no news: %s", said)
	}
}

// TestLateIsToldOnce: who was away for several intervals sends one update, which
// was due at the first of them, and goes on an interval later.
func TestLateIsToldOnce(t *testing.T) {
	d := newDrill(t)
	d.pass(120, nil)
	d.pass(60, publishtest.Third("pay"))
	before := d.told
	d.feeder.At = d.feeder.At.Add(27 * time.Minute)
	d.pass(299, publishtest.Third("pay"))
	if d.told != before+1 {
		t.Fatalf("%d updates in the 5 min after 27 min away, want 1", d.told-before)
	}
	all := d.journal.Events(incident.Update)
	e, last := all[len(all)-1], all[len(all)-2]
	if late := e.At.Sub(e.Due); late < 20*time.Minute || e.Due.Sub(last.Due) > 5*time.Minute {
		t.Errorf("it was due %s, and told %s later", e.Due, late)
	}
	if got := d.pass(2, publishtest.Third("pay")); got == "" {
		t.Error("the next did not come an interval later")
	}
}

package publish_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
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

// modes are all ways in which updates are told.
var modes = []incident.Mode{incident.EditLast, incident.PostEach, incident.InThread}

// inMode is a drill of an incident that is told in one way.
func inMode(t *testing.T, mode incident.Mode) *drill {
	d := newDrill(t)
	d.mode = mode
	d.starts()
	return d
}

// TestLateIsToldOnce: who was away for several intervals sends one update, which
// was due at the first of them, and goes on an interval later; however it is told.
func TestLateIsToldOnce(t *testing.T) {
	for _, mode := range modes {
		d := inMode(t, mode)
		d.pass(120, nil)
		d.pass(60, publishtest.Third("pay"))
		before := d.told
		d.feeder.At = d.feeder.At.Add(27 * time.Minute)
		d.pass(299, publishtest.Third("pay"))
		if d.told != before+1 {
			t.Fatalf("mode %q: %d updates in the 5 min after 27 min away, want 1", mode, d.told-before)
		}
		all := d.journal.Events(incident.Update)
		e, last := all[len(all)-1], all[len(all)-2]
		if late := e.At.Sub(e.Due); late < 20*time.Minute || e.Due.Sub(last.Due) > 5*time.Minute {
			t.Errorf("mode %q: it was due %s, and told %s later", mode, e.Due, late)
		}
		if got := d.pass(2, publishtest.Third("pay")); got == "" {
			t.Errorf("mode %q: the next did not come an interval later", mode)
		}
	}
}

// TestANewIncidentEditsNoOldMessage: the messages of the second incident of a channel
// are all its own, however it is told, and the first of it is a post.
func TestANewIncidentEditsNoOldMessage(t *testing.T) {
	for _, mode := range modes {
		d := inMode(t, mode)
		d.pass(120, nil)
		d.pass(60, publishtest.Third("pay"))
		d.person(func(log incident.Log) (incident.Event, error) { return log.Stop(d.feeder.At, ana, channelID, "") })
		d.pass(5, publishtest.Third("pay"))
		old := map[string]publish.Entry{} // :: key -> as it was
		for _, e := range d.outbox.Entries() {
			old[e.Key] = e
		}
		d.person(func(log incident.Log) (incident.Event, error) {
			return log.Start(d.feeder.At, ana, channelID, "", 5*time.Minute)
		})
		d.pass(5, publishtest.Third("pay"))
		d.pass(70, publishtest.Always("pay", "ledger", "query"))
		open := d.open()
		if len(open) != 1 || open[0] == "inc-1" {
			t.Fatalf("mode %q: open are %v", mode, open)
		}
		own := 0
		for _, e := range d.outbox.Entries() {
			if was, ok := old[e.Key]; ok {
				if string(was.Body) != string(e.Body) {
					t.Errorf("mode %q: the message %s of the first incident was changed", mode, e.Key)
				}
				continue
			}
			own++
			if !strings.Contains(e.Key, open[0]) {
				t.Errorf("mode %q: a message of %s has the key %s", mode, open[0], e.Key)
			}
		}
		first := d.journal.Events(incident.Update)
		for _, e := range first {
			if e.Incident == open[0] && (e.N == 1 && e.Post != 1 || e.Post < 1 || e.Root > 1) {
				t.Errorf("mode %q: update %d is told in post %d under %d", mode, e.N, e.Post, e.Root)
			}
		}
		if own == 0 {
			t.Errorf("mode %q: nothing is told of the second incident", mode)
		}
	}
}

// TestJoinsAreToldTogetherInEachMode: of products that join within minutes there are
// as many posts in a thread as where the last post is edited, and what follows
// within a minute is edited into them.
func TestJoinsAreToldTogetherInEachMode(t *testing.T) {
	posts := map[incident.Mode]string{}
	for _, mode := range []incident.Mode{incident.EditLast, incident.InThread} {
		d := inMode(t, mode)
		d.pass(120, nil)
		d.pass(130, publishtest.Third("pay"))
		d.pass(25, publishtest.Third("pay", "query"))
		d.pass(130, publishtest.Third("pay", "query", "ledger"))
		for _, e := range d.journal.Events(incident.Update) {
			if e.Post == e.N {
				posts[mode] += fmt.Sprint(" ", e.N)
			}
		}
	}
	if posts[incident.EditLast] != posts[incident.InThread] || posts[incident.EditLast] == "" {
		t.Errorf("posts are%s where the last is edited, and%s in a thread", posts[incident.EditLast], posts[incident.InThread])
	}
}

package publish_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
)

// inThread is what a message of an incident that is told in a thread does.
func inThread(t publish.Telling) string {
	s := fmt.Sprintf("#%d edits #%d", t.N, t.Post)
	if t.Post == t.N {
		s = fmt.Sprintf("#%d", t.N)
	}
	switch {
	case t.Under != "":
		s = "reply " + s
		if t.Loud == t.N {
			s += " to the channel"
		}
	case t.Pin:
		s = "pinned " + s
	}
	return s
}

// threaded is the messages that a step tells, in a line.
func threaded(list []publish.Decision) string {
	var said []string
	for _, d := range list {
		for _, t := range append(d.First, d.Then...) {
			said = append(said, inThread(t))
		}
	}
	return strings.Join(said, ", ")
}

// TestStepInThread: an incident's life, told in a thread. The first message has
// each update; what is new is a reply, too, and handed over before it.
func TestStepInThread(t *testing.T) {
	rules := nightRules()
	rules.Delivery.Mode = incident.InThread
	var log incident.Log
	step := func(after time.Duration, levels string) string {
		decided := publish.Step(log, seen(night.Add(after), levels), rules)
		for _, d := range decided {
			log = log.With(d.Event)
		}
		return threaded(decided)
	}
	for _, c := range []struct {
		after  time.Duration
		levels string
		want   string
	}{
		{0, "billing=degraded lake=ok", "pinned #1"},
		{20 * time.Second, "billing=degraded lake=degraded", "pinned #2 edits #1"},
		{6 * time.Minute, "billing=degraded lake=degraded", "pinned #3 edits #1"},
		{7 * time.Minute, "billing=outage lake=degraded", "reply #4 to the channel, pinned #4 edits #1"},
		{7*time.Minute + 20*time.Second, "billing=outage lake=outage", "reply #5 edits #4, pinned #5 edits #1"},
		{13 * time.Minute, "billing=outage lake=outage", "pinned #6 edits #1"},
		{18 * time.Minute, "billing=outage lake=ok", "reply #7, pinned #7 edits #1"},
		{18*time.Minute + 20*time.Second, "billing=outage lake=outage", "reply #8 to the channel, pinned #8 edits #1"},
		{40 * time.Minute, "billing=ok lake=ok", "reply #9 to the channel, #9 edits #1"},
	} {
		if got := step(c.after, c.levels); got != c.want {
			t.Errorf("after %s, %s: %s\nwant %s", c.after, c.levels, got, c.want)
		}
	}
	for _, i := range log.Incidents {
		if i.LastUpdate.Root != 1 || i.Loud != 9 {
			t.Errorf("the last update is written down as %+v, loud %d", i.LastUpdate, i.Loud)
		}
	}
}

// TestAnIncidentChangesItsMode: what was told in one way goes on in the other
// with its last post, and back.
func TestAnIncidentChangesItsMode(t *testing.T) {
	var log incident.Log
	rules := nightRules()
	step := func(mode incident.Mode, after time.Duration, levels string) string {
		rules.Delivery.Mode = mode
		decided := publish.Step(log, seen(night.Add(after), levels), rules)
		for _, d := range decided {
			log = log.With(d.Event)
		}
		return threaded(decided)
	}
	var got []string
	got = append(got,
		step(incident.EditLast, 0, "billing=degraded"),
		step(incident.EditLast, 2*time.Minute, "billing=outage"),
		step(incident.InThread, 7*time.Minute, "billing=outage"),
		step(incident.InThread, 12*time.Minute, "billing=degraded"),
		step(incident.EditLast, 17*time.Minute, "billing=degraded"),
		step(incident.InThread, 22*time.Minute, "billing=degraded"))
	want := []string{"#1", "#2", "pinned #3 edits #2", "reply #4, pinned #4 edits #2", "#5 edits #4", "pinned #6 edits #4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// TestAReplyOutlivesACrash: whatever is written down and not handed over is, at
// the next look or in the next term, once for the reply and once for the first message.
func TestAReplyOutlivesACrash(t *testing.T) {
	for refused := range 3 { // messages that the outbox does not take, of two
		for _, crash := range []bool{false, true} {
			d := newDrill(t)
			d.mode = incident.InThread
			d.starts()
			d.pass(600, nil)
			d.pass(300, publishtest.Third("pay"))
			taken, n := 0, 0
			d.outbox.Break(func(_, key string) error {
				if taken > 0 || strings.HasPrefix(key, "reply/") {
					taken++
				}
				if taken > 2-refused {
					return errors.New("disk full")
				}
				return nil
			})
			for n == 0 {
				d.feeder.Feed(1, publishtest.Third("pay", "query", "ledger")) // worse
				if err := d.updater.Step(t.Context(), d.feeder.At); err != nil && refused == 0 {
					t.Fatal(err)
				}
				if updates := d.journal.Events(incident.Update); updates[len(updates)-1].Post > 1 {
					n = updates[len(updates)-1].N
				}
			}
			d.outbox.Break(nil)
			if crash {
				d.starts()
			}
			check(t, d.updater.Step(t.Context(), d.feeder.At))
			got := map[string]int{} // :: key -> newest version in the outbox
			for _, e := range d.outbox.Entries() {
				var b publish.Body
				check(t, json.Unmarshal(e.Body, &b))
				got[e.Key] = b.N
			}
			if diff := cmp.Diff(map[string]int{"updates/inc-1": n, "reply/inc-1/1": n}, got); diff != "" {
				t.Errorf("with %d refused, crash %v: (-want +got)\n%s", refused, crash, diff)
			}
		}
	}
}

package publish_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish"
)

// flapBudget is how many posts a product that flaps is worth in its first hour,
// and in each after it: two of its turns are told one by one, the third as what it is.
const (
	flapFirstHour = 10
	flapEachHour  = 3
)

// TestWhatFlapsIsToldAsOne: a product that goes down and comes back for three hours.
// The first time is a post at once, and the third one says that it flaps; what
// follows are edits.
func TestWhatFlapsIsToldAsOne(t *testing.T) {
	t.Parallel()
	cases := []struct{ down, up int }{{60, 180}, {300, 600}, {120, 300}, {40, 600}, {30, 60}} // seconds
	for _, c := range cases[:longtest.Of(2, len(cases))] {
		t.Run(fmt.Sprintf("down %d s, up %d s", c.down, c.up), func(t *testing.T) {
			t.Parallel()
			d := newDrill(t)
			d.pass(1200, nil)
			for at := range 3 * 3600 / 5 { // a look each 5 s is enough here
				d.feeder.Feed(5, func(i int, check string) bool { return check == "query" && (5*at+i)%(c.down+c.up) < c.down })
				d.step()
			}
			var begun time.Time
			posts := map[int]int{} // :: hour -> posts
			for _, e := range d.journal.Events(incident.Update) {
				if e.Post != e.N {
					continue
				}
				if begun.IsZero() {
					if begun = e.At; begun.Sub(night.Add(20*time.Minute)) > 30*time.Second {
						t.Errorf("the first post came after %s", begun.Sub(night.Add(20*time.Minute)))
					}
				}
				posts[int(e.At.Sub(begun)/time.Hour)]++
			}
			for hour, n := range posts {
				most := flapEachHour
				if hour == 0 {
					most = flapFirstHour
				}
				if n > most {
					t.Errorf("%d posts in hour %d, want at most %d", n, hour+1, most)
				}
			}
			if n := len(d.journal.Events(incident.Flapping)); n != 1 {
				t.Errorf("it is written down %d times that it flaps, want once", n)
			}
			said := shows(d.newest("inc-1"))
			if !strings.Contains(said, "Data Lake flaps: down ") || !strings.Contains(said, " each.") || !strings.Contains(said, "I post when it has been steady for 30 min, or stays down") {
				t.Errorf("the last update says\n%s", said)
			}
		})
	}
}

// TestWhatFlapsIsSteadyAgain: half an hour after the last turn that is a post, and
// the incident goes on to its end.
func TestWhatFlapsIsSteadyAgain(t *testing.T) {
	t.Parallel()
	d := newDrill(t)
	d.pass(1200, nil)
	d.pass(1200, func(i int, check string) bool { return check == "query" && i%240 < 60 })
	if n := len(d.journal.Events(incident.Resolved)); n != 0 {
		t.Fatalf("it ended %d times while it flapped", n)
	}
	d.pass(25*60, nil) // and 3 min before
	d.wantTurns(t, 1, 0)
	d.pass(5*60, nil)
	d.wantTurns(t, 1, 1)
	updates := d.journal.Events(incident.Update)
	if last := updates[len(updates)-1]; last.Post != last.N || len(d.journal.Events(incident.Resolved)) != 1 {
		t.Errorf("the last update is %+v, want the end as a post", last)
	}
	if said := shows(d.newest("inc-1")); strings.Contains(said, "flaps") || !strings.Contains(said, "Recovered") {
		t.Errorf("the last update says\n%s", said)
	}
}

// TestWhatFlapsStaysDown: it is down for much longer than before, and that is a
// post; so is what another product does meanwhile.
func TestWhatFlapsStaysDown(t *testing.T) {
	t.Parallel()
	d := newDrill(t)
	d.pass(1200, nil)
	flaps := func(i int, check string) bool { return check == "query" && i%240 < 60 }
	d.pass(1800, flaps)
	d.wantTurns(t, 1, 0)
	before := d.posts()
	d.pass(240, func(i int, check string) bool { return flaps(i, check) || check == "pay" || check == "ledger" })
	if d.posts() == before {
		t.Error("another product went down, and no post says so")
	}
	d.pass(600, flaps)
	before = d.posts()
	d.pass(15*60, func(_ int, check string) bool { return check == "query" })
	d.wantTurns(t, 1, 1)
	updates := d.journal.Events(incident.Update)
	if !slices.ContainsFunc(updates[before:], func(e incident.Event) bool { return e.Post == e.N && strings.Contains(e.Why, "flaps no more") }) || d.posts() == before {
		t.Error("it stays down, and no post says so")
	}
	if said := shows(d.newest("inc-1")); strings.Contains(said, "flaps:") || !strings.Contains(said, "Data Lake is down") {
		t.Errorf("the last update says\n%s", said)
	}
}

// posts is how many posts there were.
func (d *drill) posts() (n int) {
	for _, e := range d.journal.Events(incident.Update) {
		if e.Post == e.N {
			n++
		}
	}
	return n
}

// wantTurns says how often it is written down that something flaps, and no more.
func (d *drill) wantTurns(t *testing.T, flapping, steady int) {
	t.Helper()
	if f, s := len(d.journal.Events(incident.Flapping)), len(d.journal.Events(incident.Steady)); f != flapping || s != steady {
		t.Errorf("it flaps %d times and is steady %d times, want %d and %d", f, s, flapping, steady)
	}
}

// TestWhoWatchesHearsOfAFlapOnce: two turns are told one by one, the third as what it
// is, and then nothing until it is steady; who looked into it still does.
func TestWhoWatchesHearsOfAFlapOnce(t *testing.T) {
	t.Parallel()
	d := newDrill(t)
	d.pass(1200, nil)
	d.person(func(log incident.Log) (incident.Event, error) {
		return log.DoWatch(d.feeder.At, "U0ANA0001", "lake", "ok")
	})
	flaps := func(i int, check string) bool { return check == "query" && i%240 < 60 }
	d.pass(60, flaps)
	d.person(func(log incident.Log) (incident.Event, error) {
		return log.Ack(d.feeder.At, "U0ANA0001", channelID, "lake")
	})
	d.pass(29*60, func(i int, check string) bool { return flaps(i+60, check) })
	told, turns := d.direct(), len(d.journal.Events(incident.Watched))
	if last := told[len(told)-1]; len(told) > 9 || turns < 20 || !strings.Contains(last, "Data Lake flaps: failing 3 times since ") || !strings.Contains(last, "I write again when it has been steady for 30 min, or keeps failing.") {
		t.Errorf("%d messages of %d turns, the last of them\n%s", len(told), turns, last)
	}
	inc, _ := d.feeder.Board.Log().Find("inc-1")
	if _, ok := inc.LooksInto("U0ANA0001", "lake"); !ok {
		t.Error("nobody looks into it any more")
	}
	d.pass(32*60, nil)
	if now := d.direct(); len(now) != len(told)+1 || !strings.Contains(now[len(told)], "It flapped: down ") {
		t.Errorf("when it is steady: %q", now[len(told):])
	}
	d.pass(60, func(_ int, check string) bool { return check == "query" })
	if now := d.direct(); len(now) <= len(told)+1 || !strings.Contains(now[len(now)-1], "Data Lake: down since ") {
		t.Errorf("when it is down once more: %q", now[len(told)+1:])
	}
}

// direct are the messages to people, oldest first.
func (d *drill) direct() (said []string) {
	for _, e := range d.outbox.Entries() {
		var b publish.Body
		if e.Dest != channelID && json.Unmarshal(e.Body, &b) == nil {
			said = append(said, shows(b))
		}
	}
	return said
}

// TestAGroupThatFlapsIsToldAsOne: 14 products that share a part fail together for 4 of each 12 min, for
// hours. None recovers between, so that no level turns: quiet, and again, and
// the third time what it is; then hardly a post until it is over.
func TestAGroupThatFlapsIsToldAsOne(t *testing.T) {
	t.Parallel()
	f := newFault(t, 1, 30*time.Second)
	for range longtest.Of(6, 15) {
		f.until(0.3, 4*time.Minute)
		f.until(0.001, 8*time.Minute)
	}
	n := len(f.posts)
	if n > 14 { // 5 while it is new, 4 until it is known to flap, and then the last one gets old
		t.Errorf("%d posts:\n%s", n, strings.Join(f.texts, "\n"))
	}
	flaps := f.journal.Events(incident.Flapping)
	if len(flaps) < 12 || flaps[0].At.Sub(night) > 40*time.Minute {
		t.Errorf("%d products are said to flap", len(flaps))
	}
	if said := f.texts[n-1]; !strings.Contains(said, " of 20 products flap: failing ") {
		t.Errorf("the last post says\n%s", said)
	}
	f.until(0.001, time.Hour)
	if !slices.ContainsFunc(f.texts[n:], func(s string) bool { return strings.Contains(s, ": quiet for 3") && !strings.Contains(s, "flap") }) {
		t.Errorf("that it is steady is told so:\n%s", strings.Join(f.texts[n:], "\n"))
	}
	f.until(0.3, 20*time.Minute)
	if last := f.texts[len(f.texts)-1]; strings.Contains(last, "flap") {
		t.Errorf("an hour later it flaps: %s", last)
	}
}

package incident

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// onDesk folds an event as the journal would.
func onDesk(l Log, e Event) Log {
	e.Seq = l.Desk.LastSeq + 1
	l.Desk = FoldDesk(l.Desk, e)
	return l
}

func TestWatches(t *testing.T) {
	var l Log
	l = onDesk(l, must(t)(l.DoWatch(t0, "U1", "billing", "ok")))
	l = onDesk(l, must(t)(l.DoWatch(t0, "U2", "billing", "degraded")))
	l = onDesk(l, must(t)(l.DoWatch(t0, "U1", "lake", "unknown")))
	before := l.Desk
	if got := l.Desk.WatchersOf("billing"); !slices.Equal(got, []string{"U1", "U2"}) || l.Desk.Levels["billing"] != "ok" {
		t.Errorf("watchers %v of level %q, want both, of the first one's level", got, l.Desk.Levels["billing"])
	}
	_, err := l.DoWatch(t0, "U1", "lake", "ok")
	refusal(t, err)
	_, err = l.DoUnwatch(t0, "U2", "lake")
	refusal(t, err)
	l = onDesk(l, Event{Incident: DeskID, Kind: Watched, Product: "billing", From: "ok", To: "outage"})
	if l.Desk.Levels["billing"] != "outage" || l.Desk.Told["billing"] != 1 {
		t.Errorf("after a change: %+v", l.Desk)
	}
	l = onDesk(l, must(t)(l.DoUnwatch(t0, "U2", "billing")))
	if l.Desk.Levels["billing"] == "" {
		t.Error("the level is forgotten while somebody watches")
	}
	l = onDesk(l, must(t)(l.DoUnwatch(t0, "U1", "")))
	if len(l.Desk.Watches) != 0 || len(l.Desk.Levels) != 0 {
		t.Errorf("after everybody's unwatch: %+v", l.Desk)
	}
	_, err = l.DoUnwatch(t0, "U1", "")
	refusal(t, err)
	if got := before.WatchersOf("billing"); len(got) != 2 || before.Levels["billing"] != "ok" {
		t.Errorf("an older desk was changed in place: %v", got)
	}
	if diff := cmp.Diff(l.Desk, FoldDesk(l.Desk, Event{Seq: 1, Kind: Watch, By: "U9", Product: "x"}), cmp.AllowUnexported(Desk{})); diff != "" {
		t.Errorf("an event that was seen changes it:\n%s", diff)
	}
}

func TestMutes(t *testing.T) {
	var l Log
	for _, bad := range []struct {
		span time.Duration
		why  string
	}{{30 * time.Second, "w"}, {8 * 24 * time.Hour, "w"}, {time.Hour, ""}} {
		_, err := l.DoMute(t0, ToMute{By: "U1", Channel: "C1", Product: "billing", For: bad.span, Why: bad.why})
		refusal(t, err)
	}
	_, err := l.DoUnmute(t0, "U1", "C1", "billing", "")
	refusal(t, err)
	l = onDesk(l, must(t)(l.DoMute(t0, ToMute{By: "U1", Channel: "C1", Product: "billing", For: time.Hour, Why: "moving"})))
	l = onDesk(l, must(t)(l.DoMute(t0.Add(time.Minute), ToMute{By: "U1", Channel: "C2", Product: "lake", Check: "query", For: time.Hour, Why: "index"})))
	if got := l.Desk.MutesAt(t0.Add(59 * time.Minute)); len(got) != 2 {
		t.Errorf("%d mutes, want 2", len(got))
	}
	if got := l.Desk.MutesAt(t0.Add(time.Hour)); len(got) != 1 || got[0].Check != "query" {
		t.Errorf("after an hour: %+v, want the check's", got)
	}
	// A longer one takes the place of a shorter.
	l = onDesk(l, must(t)(l.DoMute(t0.Add(30*time.Minute), ToMute{By: "U2", Channel: "C1", Product: "billing", For: time.Hour, Why: "takes longer"})))
	if got := l.Desk.MutesAt(t0.Add(40 * time.Minute)); len(got) != 2 || got[1].Why != "takes longer" {
		t.Errorf("mutes %+v", got)
	}
	l = onDesk(l, must(t)(l.DoUnmute(t0.Add(50*time.Minute), "U3", "C2", "lake", "query")))
	var said []string
	for _, e := range l.Desk.Timeline("C1", t0, t0.Add(3*time.Hour)) {
		said = append(said, e.At.Sub(t0).String()+" "+string(e.Kind)+" "+e.By)
	}
	if want := []string{"0s mute U1", "30m0s mute U2", "1h30m0s unmute "}; !slices.Equal(said, want) {
		t.Errorf("timeline %q, want %q", said, want)
	}
	if got := l.Desk.Timeline("C2", t0, t0.Add(3*time.Hour)); len(got) != 2 || got[1].By != "U3" {
		t.Errorf("timeline of the other channel %+v", got)
	}
	if got := l.Desk.Timeline("C1", t0, t0.Add(10*time.Minute)); len(got) != 1 {
		t.Errorf("%d entries of the first ten minutes, want 1", len(got))
	}
}

// TestTheDeskDoesNotGrow: what was muted long ago is in the journal, and not at
// hand; it is told all the same, from there.
func TestTheDeskDoesNotGrow(t *testing.T) {
	var l Log
	var log []Event
	say := func(e Event) {
		e.Seq = uint64(len(log) + 1)
		log = append(log, e)
		l.Desk = FoldDesk(l.Desk, e)
	}
	day := func(n int) time.Time { return t0.Add(time.Duration(n) * 24 * time.Hour) }
	for n := range 400 {
		say(must(t)(l.DoMute(day(n), ToMute{By: "U1", Channel: "C1", Product: "billing", For: time.Hour, Why: "moving"})))
		say(must(t)(l.DoWatch(day(n), "U1", "billing", "ok")))
		say(Event{Incident: DeskID, At: day(n), Kind: Watched, Product: "billing", From: "ok", To: "outage"})
		say(must(t)(l.DoUnwatch(day(n), "U1", "")))
	}
	d := l.Desk
	if len(d.said) > 10 || len(d.Mutes) > 2 || len(d.Watches) > 0 || len(d.Levels) > 0 || len(d.Told) > 1 {
		t.Errorf("after 400 days: %d sayings, %d mutes, %d who watch, %d levels, %d counts", len(d.said), len(d.Mutes), len(d.Watches), len(d.Levels), len(d.Told))
	}
	if last := day(399); d.Reaches(t0) || !d.Reaches(last.Add(-7*24*time.Hour)) {
		t.Errorf("it reaches back to the first day: %v, a week: %v", d.Reaches(t0), d.Reaches(last.Add(-7*24*time.Hour)))
	}
	if got := d.Timeline("C1", day(397), day(398)); len(got) != 3 {
		t.Errorf("%d entries of the day before the last, want a mute, its end and the next mute", len(got))
	}
	if got := MutedIn(log, "C1", t0, day(1)); len(got) != 3 || got[0].Kind != Mute || got[1].Kind != Unmute || got[1].Seq != 0 {
		t.Errorf("of the first day the log tells %+v", got)
	}
	for n := range mostSaid + 200 {
		say(must(t)(l.DoMute(day(400).Add(time.Duration(n)*time.Second), ToMute{By: "U1", Channel: "C1", Product: "billing", For: time.Hour, Why: "moving"})))
	}
	if n := len(l.Desk.said); n > mostSaid {
		t.Errorf("%d sayings of one hour are at hand, want %d", n, mostSaid)
	}
	if l.Desk.Reaches(day(400)) || len(l.Desk.Mutes) > mostMutes+2 {
		t.Errorf("an hour with 1,200 mutes: it reaches back %v, %d mutes", l.Desk.Reaches(day(400)), len(l.Desk.Mutes))
	}
}

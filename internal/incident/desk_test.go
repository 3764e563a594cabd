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
	if diff := cmp.Diff(l.Desk, FoldDesk(l.Desk, Event{Seq: 1, Kind: Watch, By: "U9", Product: "x"}), cmp.AllowUnexported(Desk{}, entry{})); diff != "" {
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

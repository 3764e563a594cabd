package incident

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestMarksAndNotes(t *testing.T) {
	var l Log
	_, err := l.DoMark(t0, ToMark{By: "U1", Channel: "C1", Text: "restarted", Since: t0})
	refusal(t, err)
	_, err = l.DoNote(t0, "U1", "C1", "x")
	refusal(t, err)
	_, err = l.Ack(t0, "U1", "C1", "billing")
	refusal(t, err)
	l = write(l, must(t)(l.Start(t0, "U1", "C1", "", 5*time.Minute, "billing")))
	_, err = l.DoMark(t0, ToMark{By: "U1", Channel: "C1", Since: t0})
	refusal(t, err)
	_, err = l.DoNote(t0, "U1", "C1", "")
	refusal(t, err)
	_, err = l.Ack(t0, "U1", "C1", "lake")
	refusal(t, err)
	l = write(l, must(t)(l.DoMark(t0.Add(time.Minute), ToMark{By: "U1", Channel: "C1", Text: "restarted", Products: []string{"billing", "lake"}, Since: t0})))
	l = write(l, must(t)(l.DoMark(t0.Add(2*time.Minute), ToMark{By: "U2", Channel: "C1", Text: strings.Repeat("ä", 600), Since: t0})))
	inc, _ := l.In("C1")
	if len(inc.Marks) != 2 || inc.Marks[1].Mark != 2 || len(inc.Marks[0].Products) != 1 || len(inc.Marks[1].Text) > maxText+3 {
		t.Fatalf("marks %+v", inc.Marks)
	}
	older := inc
	l = write(l, Event{Incident: inc.ID, Kind: Effect, At: t0.Add(9 * time.Minute), Mark: 1, Verdicts: []Verdict{{Verdict: "helped"}}})
	inc, _ = l.In("C1")
	if inc.Marks[0].Verdicts[0].Verdict != "helped" || !inc.Marks[0].JudgedAt.Equal(t0.Add(9*time.Minute)) || inc.Marks[1].Verdicts != nil {
		t.Errorf("after the effect: %+v", inc.Marks)
	}
	if older.Marks[0].Verdicts != nil {
		t.Error("an older fold was changed in place")
	}
	l = write(l, must(t)(l.Ack(t0, "U2", "C1", "billing")))
	_, err = l.Ack(t0, "U2", "C1", "billing")
	refusal(t, err)
	inc, _ = l.In("C1")
	var kinds []string
	for _, e := range inc.Timeline() {
		kinds = append(kinds, string(e.Kind))
	}
	if got := strings.Join(kinds, " "); got != "opened mark mark effect acked" {
		t.Errorf("timeline %s", got)
	}
}

func TestPauses(t *testing.T) {
	var l Log
	_, err := l.Pause(t0, "U1", "C1", true)
	refusal(t, err)
	l = write(l, must(t)(l.Start(t0, "U1", "C1", "", 5*time.Minute)))
	_, err = l.Pause(t0, "U1", "C1", false)
	refusal(t, err)
	l = write(l, Event{Incident: "inc-1", At: t0, Kind: Update, N: 1, Post: 1, Due: t0})
	l = write(l, must(t)(l.Pause(t0.Add(time.Minute), "U1", "C1", true)))
	_, err = l.Pause(t0, "U1", "C1", true)
	refusal(t, err)
	plan := func(after time.Duration, c Change) Delivery {
		inc, _ := l.Last("C1")
		return Plan(inc, c, Rules{}, t0.Add(after))
	}
	if d := plan(61*time.Second, Change{}); d.Due.IsZero() || d.New {
		t.Errorf("a pause is edited into the last message; got %+v", d)
	}
	l = write(l, Event{Incident: "inc-1", At: t0.Add(61 * time.Second), Kind: Update, N: 2, Post: 1, Due: t0.Add(61 * time.Second)})
	if d := plan(2*time.Hour, Change{Levels: OneWorse}); !d.Due.IsZero() {
		t.Errorf("an update while paused: %+v", d)
	}
	l = write(l, must(t)(l.Pause(t0.Add(2*time.Hour), "U2", "C1", false)))
	if d := plan(2*time.Hour, Change{}); d.Due.IsZero() || !d.New {
		t.Errorf("after a pause comes a post; got %+v", d)
	}
}

// TestASteadyNightTakesFewPosts: fifteen hours at five minutes, with now and
// then a level that changes and marks whose effects become known.
func TestASteadyNightTakesFewPosts(t *testing.T) {
	inc := Fold(Incident{}, Event{Incident: "inc-1", Seq: 1, Kind: Opened, Number: 1, At: t0, Every: 5 * time.Minute, Channel: "C1"})
	seq, posts, edits := uint64(1), 0, 0
	for at := t0; at.Before(t0.Add(15 * time.Hour)); at = at.Add(time.Second) {
		hour := at.Sub(t0) % (5 * time.Hour)
		if hour == 3*time.Hour+time.Second {
			seq++
			inc = Fold(inc, Event{Incident: "inc-1", Seq: seq, Kind: Effect, At: at})
		}
		moved := map[bool]Levels{true: LevelsMoved}
		d := Plan(inc, Change{Levels: moved[hour == 2*time.Hour]}, Rules{}, at)
		if d.Due.IsZero() {
			continue
		}
		seq++
		e := Event{Incident: "inc-1", Seq: seq, Kind: Update, At: at, N: inc.LastUpdate.N + 1, Post: inc.LastPost.N, Due: d.Due, Why: d.Reason}
		if d.New {
			e.Post = e.N
			posts++
		} else {
			edits++
		}
		inc = Fold(inc, e)
	}
	if posts >= 25 || posts < 15 || posts+edits < 179 || posts+edits > 183 {
		t.Errorf("%d posts and %d edits, want under 25 posts and an update every 5 min", posts, edits)
	}
	t.Logf("%d posts, %d edits", posts, edits)
}

// TestMarksOfAnotherTime: what was done before it was said, after the end, and
// what was wrong.
func TestMarksOfAnotherTime(t *testing.T) {
	l := write(Log{}, must(t)(Log{}.Start(t0, "U1", "C1", "", time.Minute)))
	at := t0.Add(30 * time.Minute)
	done := t0.Add(20 * time.Minute)
	e := must(t)(l.DoMark(at, ToMark{By: "U1", Channel: "C1", Text: "restarted lb-3", Done: done, Thread: "1.2", Products: []string{"billing"}}))
	if !e.At.Equal(at) || !e.Done.Equal(done) || e.Thread != "1.2" {
		t.Errorf("written %+v", e)
	}
	l = write(l, e)
	inc, _ := l.In("C1")
	if m := inc.Marks[0]; !m.At.Equal(done) || !m.Stands() {
		t.Errorf("marked %+v", m)
	}
	for _, wrong := range []time.Time{at.Add(time.Second), t0.Add(-61 * time.Minute)} {
		if _, err := l.DoMark(at, ToMark{By: "U1", Channel: "C1", Text: "x", Done: wrong}); err == nil {
			t.Errorf("%s is taken", wrong)
		}
	}
	if _, err := l.DoCorrect(at, ToMark{By: "U2", Channel: "C1", Text: "x"}, 1); err == nil {
		t.Error("another person corrects it")
	}
	if _, err := l.DoWithdraw(at, "U2", "C1", 0); err == nil {
		t.Error("another person withdraws it")
	}
	l = write(l, must(t)(l.DoCorrect(at, ToMark{By: "U1", Channel: "C1", Text: "restarted lb-4", Done: t0.Add(25 * time.Minute)}, 0)))
	inc, _ = l.In("C1")
	if m := inc.Marks[0]; m.Text != "restarted lb-4" || !m.At.Equal(t0.Add(25*time.Minute)) {
		t.Errorf("corrected %+v", m)
	}
	l = write(l, Event{Incident: inc.ID, At: at, Kind: Effect, Mark: 1, Verdicts: []Verdict{{Verdict: "helped"}}})
	if _, err := l.DoCorrect(at, ToMark{By: "U1", Channel: "C1", Text: "x", Done: done}, 1); err == nil {
		t.Error("the time of what was measured changes")
	}
	l = write(l, must(t)(l.Stop(at, "U1", "C1", "")))
	l = write(l, must(t)(l.DoMark(at.Add(59*time.Minute), ToMark{By: "U2", Channel: "C1", Text: "late", Done: done})))
	if _, err := l.DoMark(at.Add(61*time.Minute), ToMark{By: "U2", Channel: "C1", Text: "too late"}); err == nil {
		t.Error("a mark is taken more than an hour after the end")
	}
	l = write(l, must(t)(l.DoWithdraw(at.Add(10*time.Minute), "U1", "C1", 1)))
	inc, _ = l.Last("C1")
	if len(inc.Marks) != 2 || inc.Marks[0].Stands() || !inc.Marks[1].Stands() {
		t.Errorf("withdrawn %+v", inc.Marks)
	}
	if _, err := l.DoWithdraw(at.Add(10*time.Minute), "U1", "C1", 0); err == nil {
		t.Error("a mark is withdrawn twice")
	}
}

// TestMarksAfterTheEnd: for an hour what was done can be marked, and then it is said
// why not.
func TestMarksAfterTheEnd(t *testing.T) {
	var l Log
	l = write(l, must(t)(l.Start(t0, "U1", "C1", "", 5*time.Minute)))
	l = write(l, must(t)(l.DoMark(t0.Add(time.Minute), ToMark{By: "U1", Channel: "C1", Text: "restarted", Since: t0})))
	end := t0.Add(time.Hour)
	l = write(l, must(t)(l.Stop(end, "U1", "C1", "")))
	must(t)(l.DoMark(end.Add(MarkAfter), ToMark{By: "U1", Channel: "C1", Text: "restarted", Since: t0}))
	late := end.Add(MarkAfter + time.Second)
	for what, decide := range map[string]func() (Event, error){
		"mark": func() (Event, error) {
			return l.DoMark(late, ToMark{By: "U1", Channel: "C1", Text: "restarted", Since: t0})
		},
		"correct": func() (Event, error) {
			return l.DoCorrect(late, ToMark{By: "U1", Channel: "C1", Text: "restarted lb"}, 0)
		},
		"unmark": func() (Event, error) { return l.DoWithdraw(late, "U1", "C1", 0) },
	} {
		_, err := decide()
		refusal(t, err)
		if r, _ := errors.AsType[*Refusal](err); !strings.HasPrefix(r.Sentence, "Incident 1 ended more than an hour ago") || !strings.Contains(r.Sentence, "until an hour after the end") {
			t.Errorf("%s: %s", what, r.Sentence)
		}
	}
	_, err := l.DoMark(late, ToMark{By: "U1", Channel: "C2", Text: "restarted", Since: t0})
	if r, _ := errors.AsType[*Refusal](err); r == nil || !strings.Contains(r.Sentence, "has no incident now") {
		t.Errorf("a channel without one is told of another's: %v", err)
	}
}

package incident

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

var t0 = time.Date(2026, 3, 3, 19, 32, 0, 0, time.UTC)

// write folds an event into a log as the journal would.
func write(l Log, e Event) Log {
	e.Seq = l.Desk.LastSeq
	for _, i := range l.Incidents {
		e.Seq = max(e.Seq, i.LastSeq)
	}
	e.Seq++
	return l.With(e)
}

func must(t *testing.T) func(Event, error) Event {
	return func(e Event, err error) Event {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
}

func refusal(t *testing.T, err error) {
	t.Helper()
	r, ok := errors.AsType[*Refusal](err)
	if !ok || r.Sentence == "" || r.Next == "" {
		t.Errorf("got %v, want a refusal with a sentence and the next step", err)
	}
}

func TestLifeOfAnIncident(t *testing.T) {
	var l Log
	l = write(l, must(t)(l.Start(t0, "U1", "C1", "payments", 5*time.Minute)))
	inc, ok := l.In("C1")
	if !ok || inc.ID != "inc-1" || inc.Title != "payments" || inc.Detected() || !inc.NextDue().Equal(t0) {
		t.Fatalf("after start: %+v", inc)
	}
	_, err := l.Start(t0, "U2", "C1", "", time.Minute)
	refusal(t, err)
	_, err = l.SetEvery(t0, "U1", "C1", 30*time.Second)
	refusal(t, err)
	l = write(l, must(t)(l.SetEvery(t0.Add(time.Minute), "U1", "C1", 2*time.Minute)))
	if inc, _ = l.In("C1"); inc.Every != 2*time.Minute {
		t.Errorf("cadence %s, want 2m", inc.Every)
	}
	l = write(l, Event{Incident: "inc-1", At: t0.Add(2*time.Minute - 1), Kind: Update, N: 1, Post: 1, Due: t0})
	if inc, _ = l.In("C1"); !inc.NextDue().Equal(t0.Add(2 * time.Minute)) {
		t.Errorf("a late update moved the schedule: next due %s", inc.NextDue())
	}
	l = write(l, Event{Incident: "inc-1", At: t0.Add(7 * time.Minute), Kind: Update, N: 2, Post: 1, Due: t0.Add(2 * time.Minute)})
	if inc, _ = l.In("C1"); !inc.NextDue().Equal(t0.Add(9 * time.Minute)) {
		t.Errorf("after two that were missed the next is due %s, want an interval later", inc.NextDue())
	}
	l = write(l, must(t)(l.Stop(t0.Add(time.Hour), "U1", "C1", "")))
	if _, ok = l.In("C1"); ok {
		t.Error("open after stop")
	}
	_, err = l.Stop(t0, "U1", "C1", "")
	refusal(t, err)
	if e := must(t)(l.Start(t0, "U1", "C2", "", time.Minute)); e.Incident != "inc-2" {
		t.Errorf("second incident is %s, want inc-2", e.Incident)
	}
}

func TestDetectionReopensWhatEndedByItself(t *testing.T) {
	var l Log
	e, ok := l.Detect(t0, "C1", "Billing: 12 of 300 failed", time.Minute)
	if !ok || e.Kind != Opened {
		t.Fatalf("first detection: %+v, %v", e, ok)
	}
	l = write(l, e)
	if _, ok = l.Detect(t0, "C1", "again", time.Minute); ok {
		t.Error("detected while open")
	}
	l = write(l, must(t)(l.Stop(t0.Add(time.Hour), "", "C1", "as usual")))
	if e, _ = l.Detect(t0.Add(time.Hour+29*time.Minute), "C1", "again", time.Minute); e.Kind != Reopened || e.Incident != "inc-1" {
		t.Errorf("29 min later: %s of %s, want inc-1 reopened", e.Kind, e.Incident)
	}
	if e, _ = l.Detect(t0.Add(time.Hour+31*time.Minute), "C1", "again", time.Minute); e.Kind != Opened || e.Incident != "inc-2" {
		t.Errorf("31 min later: %s of %s, want inc-2 opened", e.Kind, e.Incident)
	}
	l = write(l, Event{Incident: "inc-1", At: t0.Add(61 * time.Minute), Kind: Reopened})
	l = write(l, must(t)(l.Stop(t0.Add(62*time.Minute), "U1", "C1", "")))
	if e, _ = l.Detect(t0.Add(63*time.Minute), "C1", "again", time.Minute); e.Kind != Opened {
		t.Errorf("a person ended it, detection gives %s, want a new incident", e.Kind)
	}
}

func TestFoldIgnoresWhatItHasSeen(t *testing.T) {
	i := Fold(Incident{}, Event{Incident: "inc-1", Seq: 4, Kind: Opened, Number: 1, At: t0, Every: time.Minute})
	e := Event{Incident: "inc-1", Seq: 5, Kind: Cadence, Every: time.Hour}
	once := Fold(i, e)
	same := cmp.AllowUnexported(Incident{}, entry{}, harm{})
	if diff := cmp.Diff(once, Fold(once, e), same); diff != "" {
		t.Errorf("folding an event twice differs:\n%s", diff)
	}
	later := Fold(once, Event{Incident: "inc-1", Seq: 6, Kind: "of a later version"})
	later.LastSeq, later.Events, later.last, later.kept = once.LastSeq, once.Events, once.last, once.kept
	if diff := cmp.Diff(once, later, same); diff != "" {
		t.Errorf("an unknown kind changed the incident:\n%s", diff)
	}
}

func TestPlan(t *testing.T) {
	base := Incident{ID: "inc-1", Number: 1, OpenedAt: t0, Every: 5 * time.Minute}
	told := base
	told.LastUpdate = Event{N: 3, Post: 3, At: t0, Due: t0}
	told.LastPost = told.LastUpdate
	edited := told
	edited.LastUpdate = Event{N: 8, Post: 3, At: t0.Add(25 * time.Minute), Due: t0.Add(25 * time.Minute)}
	over := told
	over.EndedAt, over.news = t0.Add(time.Minute), []Kind{Resolved}
	said := over
	said.news = nil
	// Of the clock it is 55 min ago.
	early, late := told, edited
	early.LastUpdate.Due, early.LastPost.At = t0.Add(time.Hour), t0.Add(time.Hour)
	late.LastPost.At = t0.Add(time.Hour)
	faster := told
	faster.news = []Kind{Cadence}
	for _, c := range []struct {
		name   string
		inc    Incident
		change Change
		rules  Rules
		after  time.Duration
		due    time.Duration // -1: nothing is due
		post   bool
	}{
		{"the first update", base, Change{}, Rules{}, 0, 0, true},
		{"nothing before its time", told, Change{}, Rules{}, 4*time.Minute + 59*time.Second, -1, false},
		{"regular: an edit, due on the schedule", told, Change{}, Rules{}, 6 * time.Minute, 5 * time.Minute, false},
		{"always post", told, Change{}, Rules{Mode: PostEach}, 5 * time.Minute, 5 * time.Minute, true},
		{"better waits for its time", told, Change{Levels: LevelsMoved}, Rules{}, 4 * time.Minute, -1, false},
		{"better is a new post", told, Change{Levels: LevelsMoved}, Rules{}, 5 * time.Minute, 5 * time.Minute, true},
		{"worse does not wait", told, Change{Levels: OneWorse}, Rules{}, 2 * time.Minute, 2 * time.Minute, true},
		{"worse within a minute of a post grows it", told, Change{Levels: OneWorse}, Rules{}, 20 * time.Second, 20 * time.Second, false},
		{"half an hour old", edited, Change{}, Rules{}, 30 * time.Minute, 30 * time.Minute, true},
		{"25 minutes old", edited, Change{}, Rules{PostAfter: time.Hour}, 30 * time.Minute, 30 * time.Minute, false},
		{"the interval changed", faster, Change{}, Rules{}, 2 * time.Minute, 2 * time.Minute, false},
		{"the last word", over, Change{}, Rules{}, 2 * time.Minute, 2 * time.Minute, true},
		{"over and said", said, Change{}, Rules{}, 2 * time.Minute, -1, false},
		{"the clock was set back: what would be an hour away is due now", early, Change{}, Rules{}, 6 * time.Minute, 6 * time.Minute, true},
		{"the clock was set back: worse is a post, and not of the burst that is yet to come", late, Change{Levels: OneWorse}, Rules{}, 27 * time.Minute, 27 * time.Minute, true},
	} {
		got := Plan(c.inc, c.change, c.rules, t0.Add(c.after))
		if c.due < 0 {
			if !got.Due.IsZero() {
				t.Errorf("%s: due %s, want nothing", c.name, got.Due)
			}
			continue
		}
		if !got.Due.Equal(t0.Add(c.due)) || got.New != c.post {
			t.Errorf("%s: due %s new=%v, want %s new=%v", c.name, got.Due.Sub(t0), got.New, c.due, c.post)
		}
	}
}

func TestUpdatesOfABurstAreComparedWithWhatWasBeforeIt(t *testing.T) {
	i := Fold(Incident{}, Event{Incident: "inc-1", Kind: Opened, Number: 1, At: t0, Every: 5 * time.Minute})
	told := func(n int, after time.Duration) {
		i = Fold(i, Event{Incident: "inc-1", Kind: Update, N: n, Post: n, At: t0.Add(after), Due: t0.Add(after)})
	}
	told(1, 0)
	if got := i.ComparedWith(5 * time.Minute); got.N != 0 {
		t.Errorf("the first update is compared with update %d", got.N)
	}
	told(2, 10*time.Second)
	if got := i.ComparedWith(5 * time.Minute); got.N != 0 {
		t.Errorf("an edit 10 s after the first update is compared with update %d", got.N)
	}
	told(3, 5*time.Minute)
	told(4, 5*time.Minute+20*time.Second)
	told(5, 5*time.Minute+40*time.Second)
	if got := i.ComparedWith(5 * time.Minute); got.N != 2 {
		t.Errorf("the third of a burst is compared with update %d, want 2, the last before it", got.N)
	}
	if got := i.ComparedWith(10 * time.Minute); got.N != 2 {
		t.Errorf("where none is a window older it is compared with update %d, want 2, the last before the burst", got.N)
	}
	for n := 6; n < 200; n++ {
		told(n, time.Duration(n)*5*time.Minute)
	}
	if got := i.ComparedWith(10 * time.Minute); got.N != 197 || len(i.told) != keepTold+14 {
		t.Errorf("compared with update %d, %d kept; want 197, %d", got.N, len(i.told), keepTold+14) // 14 h before the newest, one of each hour
	}
	for n := 200; n < 2000; n++ {
		told(n, time.Duration(n)*5*time.Minute)
	}
	if n := len(i.told); n != keepTold+keepHours {
		t.Errorf("%d are kept after days, want %d", n, keepTold+keepHours)
	}
	back := i.ToldBefore(i.LastUpdate)
	if back[0].N != 1998 || len(back) != keepTold+keepHours-1 || i.LastUpdate.At.Sub(back[len(back)-1].At) < 24*time.Hour {
		t.Errorf("%d before the newest, the first of them %d and the last %v before", len(back), back[0].N, i.LastUpdate.At.Sub(back[len(back)-1].At))
	}
}

func TestStep(t *testing.T) {
	for _, c := range []struct {
		every      time.Duration
		more, less time.Duration
	}{
		{5 * time.Minute, 2 * time.Minute, 10 * time.Minute},
		{time.Minute, time.Minute, 2 * time.Minute},
		{time.Hour, 30 * time.Minute, time.Hour},
		{7 * time.Minute, 5 * time.Minute, 10 * time.Minute},
		{15 * time.Second, 15 * time.Second, time.Minute},
	} {
		if more, less := Step(c.every, true), Step(c.every, false); more != c.more || less != c.less {
			t.Errorf("Step(%s) = %s, %s, want %s, %s", c.every, more, less, c.more, c.less)
		}
	}
}

// The stored form of events is kept for good: what is written here once must
// be readable for ever.
func TestStoredEvent(t *testing.T) {
	events := []Event{
		{Incident: "inc-7", At: t0, Kind: Opened, By: "U1", Number: 7, Title: "payments", Channel: "C1", Every: 5 * time.Minute},
		{Incident: "inc-7", At: t0, Kind: Level, Product: "billing", From: "ok", To: "degraded", Onset: t0.Add(-time.Minute), Why: "12 of 300 failed"},
		{Incident: "inc-7", At: t0, Kind: Update, N: 2, Post: 1, Due: t0, Figures: []Figure{{Product: "billing", Level: "degraded", Tries: 300, Failures: 12, Share: 0.04}}},
		{Incident: "inc-7", At: t0, Kind: Cadence, By: "U1", Every: time.Minute},
		{Incident: "inc-7", At: t0, Kind: Resolved, Why: "as usual"},
		{Incident: "inc-7", At: t0, Kind: Reopened, Why: "Billing: 3 of 3 failed"},
		{Incident: "inc-7", At: t0, Kind: Update, N: 3, Post: 3, Due: t0, Counted: t0, Cause: "Most likely shared cause: edge-lb-2.",
			Figures: []Figure{{Product: "billing", Level: "degraded", Tries: 300, Failures: 12, Share: 0.04, NewTries: 150, NewFailures: 5}}},
		{Incident: "inc-7", At: t0, Kind: Redrawn, N: 3, Cause: "Most likely shared cause: edge-lb-2.", Figures: []Figure{{Product: "billing", Level: "ok", Tries: 300}}},
		{Incident: "inc-7", At: t0, Kind: "note", By: "U1", Text: "the vendor is called"},
		{Incident: "inc-7", At: t0, Kind: Mark, By: "U1", Mark: 1, Text: "restarted lb-3", Products: []string{"billing"}, Onset: t0},
		{Incident: "inc-7", At: t0, Kind: Effect, Mark: 1, Verdicts: []Verdict{{Verdict: "helped", Before: Counts{30, 300}, After: Counts{1, 300}, Margin: 0.03}, {Product: "billing", After: Counts{0, 9}}}},
		{Incident: "inc-7", At: t0, Kind: Note, By: "U1", Text: "the vendor is on the call"},
		{Incident: "inc-7", At: t0, Kind: Acked, By: "U1", Product: "billing"},
		{Incident: "inc-7", At: t0, Kind: Paused, By: "U1"},
		{Incident: "inc-7", At: t0, Kind: Resumed, By: "U1"},
		{Incident: "inc-7", At: t0, Kind: Proven, Products: []string{"billing"}, Why: "Billing below 1 % with 99 % confidence, 0 of 720 tries failed"},
		{Incident: "inc-7", At: t0, Kind: Level, Product: "billing", From: "degraded", To: "ok", Ended: t0.Add(-9 * time.Minute), EndedLate: t0.Add(-8 * time.Minute)},
		{Incident: "inc-7", At: t0, Kind: Level, Product: "billing", From: "degraded", To: "ok", Ended: t0.Add(-9 * time.Minute), Began: t0.Add(-70 * time.Minute)},
		{Incident: "inc-7", At: t0, Kind: Rate, Products: []string{"billing"}, Why: "9.0 % of tries (71 of 790), 4.1 % before", Step: &RateStep{At: t0, Before: Counts{53, 1290}, After: Counts{71, 790}}},
		{Incident: "inc-7", At: t0, Kind: Quiet, Products: []string{"billing"}, Step: &RateStep{At: t0, Before: Counts{53, 1290}, After: Counts{1, 1349}}},
		{Incident: "inc-7", At: t0, Kind: Accepted, By: "U2", Product: "billing", Check: "card", Proposer: "U1"},
		{Incident: DeskID, At: t0, Kind: Declined, By: "U2", Product: "billing", Check: "card", Proposer: "U1"},
		{Incident: DeskID, At: t0, Kind: Removed, By: "U2", Product: "billing", Check: "card", Proposer: "U1"},
		{Incident: DeskID, At: t0, Kind: Watch, By: "U1", Product: "billing", To: "ok"},
		{Incident: DeskID, At: t0, Kind: Watched, Product: "billing", From: "ok", To: "outage", Onset: t0},
		{Incident: DeskID, At: t0, Kind: Unwatch, By: "U1", Product: "billing"},
		{Incident: DeskID, At: t0, Kind: Mute, By: "U1", Channel: "C1", Product: "billing", Check: "pay", Until: t0.Add(time.Hour), Why: "new index"},
		{Incident: DeskID, At: t0, Kind: Unmute, By: "U1", Channel: "C1", Product: "billing", Check: "pay"},
	}
	var got []byte
	for _, e := range events {
		data, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got = append(append(got, data...), '\n')
		back, err := DecodeEvent(data, 0)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, back); diff != "" {
			t.Errorf("round trip (-written +read):\n%s", diff)
		}
	}
	wantGolden(t, "events.jsonl", got)
}

// wantGolden compares a stored form with what was stored once.
func wantGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	golden := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("stored form changed (-want +got):\n%s", diff)
	}
}

func FuzzDecodeEvent(f *testing.F) {
	f.Add([]byte(`{"incident":"inc-1","kind":"opened","at":"2026-03-03T19:32:00Z","number":1}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := DecodeEvent(data, 3)
		if err != nil {
			if diff := cmp.Diff(Event{}, e); diff != "" {
				t.Errorf("an error and an event: %s", diff)
			}
			return
		}
		again, err := e.Encode()
		if err != nil {
			t.Skip("a time that JSON cannot write") // year beyond 9999
		}
		back, err := DecodeEvent(again, 3)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		Fold(Fold(Incident{}, back), back)
	})
}

// TestPostsWithoutNewsBecomeRare: 30 min after the news, then an hour, then two
// hours each, until there is news again.
func TestPostsWithoutNewsBecomeRare(t *testing.T) {
	i := Fold(Incident{}, Event{Incident: "inc-1", Kind: Opened, Number: 1, At: t0, Every: 5 * time.Minute})
	var posts []time.Duration
	for at := time.Duration(0); at < 10*time.Hour; at += 5 * time.Minute {
		c := Change{}
		if at == 6*time.Hour {
			c = Change{Levels: LevelsMoved, Reason: "Billing is as usual"}
		}
		d := Plan(i, c, Rules{}, t0.Add(at))
		if d.Due.IsZero() {
			t.Fatalf("nothing is due after %s", at)
		}
		e := Event{Incident: "inc-1", Kind: Update, N: i.LastUpdate.N + 1, Post: i.LastPost.N, At: t0.Add(at), Due: d.Due, Why: d.Reason}
		if d.New {
			e.Post, posts = e.N, append(posts, at)
		}
		i = Fold(i, e)
	}
	m := time.Minute
	want := []time.Duration{0, 30 * m, 90 * m, 210 * m, 330 * m, 360 * m, 390 * m, 450 * m, 570 * m}
	if !slices.Equal(posts, want) {
		t.Errorf("posts after %v, want %v", posts, want)
	}
}

// TestWhoLooksIntoItIsAnEditAtOnce: all see it soon, and nobody is notified.
func TestWhoLooksIntoItIsAnEditAtOnce(t *testing.T) {
	i := Fold(Incident{}, Event{Incident: "inc-1", Kind: Opened, Number: 1, At: t0, Every: time.Hour})
	i = Fold(i, Event{Incident: "inc-1", Kind: Update, N: 1, Post: 1, At: t0, Due: t0})
	for n, kind := range []Kind{Acked, Unacked} {
		at := t0.Add(time.Duration(n+1) * time.Minute)
		if d := Plan(i, Change{}, Rules{}, at); !d.Due.IsZero() {
			t.Errorf("due before: %+v", d)
		}
		i = Fold(i, Event{Incident: "inc-1", Kind: kind, By: "U1", Product: "billing", At: at})
		if d := Plan(i, Change{}, Rules{}, at); d.Due.IsZero() || d.New {
			t.Errorf("after %s: %+v, want an edit at once", kind, d)
		}
		i = Fold(i, Event{Incident: "inc-1", Kind: Update, N: n + 2, Post: 1, At: at, Due: at})
	}
}

package incident

import (
	"testing"
	"time"
)

// TestPlanInThread: news are replies, what is regular stands in the first
// message, and what the channel is to see is not hidden in what only the thread shows.
func TestPlanInThread(t *testing.T) {
	told := Incident{ID: "inc-1", Number: 1, OpenedAt: t0, Every: 5 * time.Minute}
	told.LastUpdate = Event{N: 1, Post: 1, Root: 1, At: t0, Due: t0}
	told.LastPost = told.LastUpdate
	in := func(change func(*Incident)) Incident {
		i := told
		change(&i)
		return i
	}
	quietReply := in(func(i *Incident) { i.LastPost = Event{N: 3, Post: 3, Root: 1, At: t0} })
	loudReply := in(func(i *Incident) { i.LastPost = Event{N: 3, Post: 3, Root: 1, At: t0, Loud: true} })
	step := func(before, after int) Incident {
		return in(func(i *Incident) {
			i.news = []Kind{Rate}
			i.Steps = []Event{{Step: &RateStep{Before: Counts{before, 100}, After: Counts{after, 100}}}}
		})
	}
	marked := func(thread string) Incident {
		return in(func(i *Incident) { i.news, i.Marks = []Kind{Effect}, []Marked{{Event: Event{Mark: 1, Thread: thread}}} })
	}
	for _, c := range []struct {
		name            string
		inc             Incident
		change          Change
		after           time.Duration
		post, news, off bool // off: not loud
	}{
		{name: "regular", inc: told, after: 5 * time.Minute, off: true},
		{name: "the last reply is old", inc: told, after: 30 * time.Minute, post: true, news: true, off: true},
		{name: "worse", inc: told, change: Change{Levels: OneWorse}, after: 2 * time.Minute, post: true, news: true},
		{name: "worse, a moment after the first", inc: told, change: Change{Levels: OneWorse}, after: 20 * time.Second, news: true},
		{name: "worse, a moment after a loud reply", inc: loudReply, change: Change{Levels: OneWorse}, after: 20 * time.Second, news: true},
		{name: "worse, a moment after one that only the thread shows", inc: quietReply, change: Change{Levels: OneWorse}, after: 20 * time.Second, post: true, news: true},
		{name: "better", inc: told, change: Change{Levels: LevelsMoved}, after: 5 * time.Minute, post: true, news: true, off: true},
		{name: "better, a moment after one that only the thread shows", inc: in(func(i *Incident) {
			i.LastPost = Event{N: 3, Post: 3, Root: 1, At: t0.Add(4*time.Minute + 30*time.Second)}
		}),
			change: Change{Levels: LevelsMoved}, after: 5 * time.Minute, news: true, off: true},
		{name: "answers again", inc: told, change: Change{Levels: OneAnswers, Reason: "Billing " + AnswersAgain}, after: 2 * time.Minute, post: true, news: true},
		{name: "something else fails", inc: told, change: Change{Turned: true}, after: 2 * time.Minute, post: true, news: true},
		{name: "something else fails, a moment after the first", inc: told, change: Change{Turned: true}, after: 20 * time.Second, news: true},
		{name: "a few more of many", inc: told, change: Change{Levels: ManyJoined}, after: time.Minute, off: true},
		{name: "the share rose", inc: step(4, 9), after: 2 * time.Minute, post: true, news: true},
		{name: "the share fell", inc: step(9, 4), after: 2 * time.Minute, post: true, news: true, off: true},
		{name: "a verdict that stands in the thread as a reply", inc: marked(""), after: 5 * time.Minute, off: true},
		{name: "a verdict that stands elsewhere", inc: marked("1700000000.000100"), after: 5 * time.Minute, post: true, news: true, off: true},
		{name: "the interval changed", inc: in(func(i *Incident) { i.news = []Kind{Cadence} }), after: time.Minute, off: true},
		{name: "the end", inc: in(func(i *Incident) { i.news, i.EndedAt = []Kind{Resolved}, t0.Add(time.Minute) }), after: time.Minute, post: true, news: true},
		{name: "failing again", inc: in(func(i *Incident) { i.news = []Kind{Relapsed} }), after: time.Minute, post: true, news: true},
		{name: "quiet", inc: in(func(i *Incident) { i.news, i.QuietAt = []Kind{Quiet}, t0.Add(time.Minute) }), after: time.Minute, post: true, news: true},
		{name: "recovered", inc: in(func(i *Incident) { i.news, i.ProvingAt, i.ProvenAt = []Kind{Proven}, t0, t0.Add(time.Minute) }), after: time.Minute, post: true, news: true},
	} {
		got := Plan(c.inc, c.change, Rules{Mode: InThread}, t0.Add(c.after))
		if got.Due.IsZero() || got.New != c.post || got.News != c.news || got.Loud == c.off {
			t.Errorf("%s: %+v, want post=%v news=%v loud=%v", c.name, got, c.post, c.news, !c.off)
		}
	}
}

// TestWhatIsNewIsNotHiddenInAnOldFigure: a post that came only since the last was old
// notified of no news, so that what is new a moment later is a post of its own; and that
// the share changed is told by no post that one more product fails.
func TestWhatIsNewIsNotHiddenInAnOldFigure(t *testing.T) {
	inc := Incident{ID: "inc-1", Number: 1, OpenedAt: t0.Add(-time.Hour), Every: 5 * time.Minute, news: []Kind{Rate}}
	inc.Steps = []Event{{Step: &RateStep{Before: Counts{9, 100}, After: Counts{2, 100}}}}
	inc.LastUpdate = Event{N: 7, Post: 7, At: t0, Due: t0, Why: "Billing is degraded (was as usual)"}
	for why, want := range map[string]bool{"Billing is degraded (was as usual)": true, shareChanged: false, lastPostOld: true} {
		inc.LastUpdate.Why = why
		inc.LastPost = inc.LastUpdate
		if got := Plan(inc, Change{}, Rules{}, t0.Add(50*time.Second)); got.New != want {
			t.Errorf("50 s after a post for %q it is a post: %t", why, got.New)
		}
	}
}

// TestWhoWasToldThatItIsBetter is told at once, by a post, that it is worse again; what gets
// worse twice within a minute is one post.
func TestWhoWasToldThatItIsBetter(t *testing.T) {
	rose, fell := Event{Step: &RateStep{Before: Counts{2, 100}, After: Counts{25, 100}}}, Event{Step: &RateStep{Before: Counts{22, 100}, After: Counts{4, 100}}}
	inc := Incident{ID: "inc-1", Number: 1, OpenedAt: t0.Add(-time.Hour), Every: 5 * time.Minute, news: []Kind{Rate}}
	inc.LastUpdate = Event{N: 7, Post: 7, At: t0, Due: t0, Why: shareChanged}
	inc.LastPost = inc.LastUpdate
	for _, c := range []struct {
		steps []Event
		post  bool
	}{{[]Event{fell, rose}, true}, {[]Event{rose, rose}, false}, {[]Event{rose, fell}, false}, {[]Event{rose}, false}} {
		inc.Steps = c.steps
		if got := Plan(inc, Change{}, Rules{}, t0.Add(30*time.Second)); got.New != c.post || got.Due.IsZero() {
			t.Errorf("%v: %+v, want post=%t", c.steps, got, c.post)
		}
	}
}

// TestAFewMoreOfMany are an edit once a minute at most, in every way of telling but where each is a post.
func TestAFewMoreOfMany(t *testing.T) {
	inc := Incident{ID: "inc-1", Number: 1, OpenedAt: t0, Every: 5 * time.Minute}
	inc.LastUpdate = Event{N: 1, Post: 1, At: t0, Due: t0}
	inc.LastPost = inc.LastUpdate
	for after, due := range map[time.Duration]bool{30 * time.Second: false, time.Minute: true, 4 * time.Minute: true} {
		got := Plan(inc, Change{Levels: ManyJoined, Reason: "Billing is degraded (was as usual)"}, Rules{}, t0.Add(after))
		if due == got.Due.IsZero() || got.New || got.News || got.Worse || due && got.Reason == "" {
			t.Errorf("after %s: %+v", after, got)
		}
	}
}

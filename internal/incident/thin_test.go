package incident

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/longtest"
)

// year is an incident that goes on and on, an event every five minutes: mostly
// updates, and in a fixed disorder all else that can come.
type year struct {
	journal
	draw  *rand.Rand
	n     int // updates
	post  int
	marks int
}

func newYear() *year {
	y := &year{draw: rand.New(rand.NewPCG(1, 2))} // #nosec G404 -- no secret: the same each time
	y.next(Event{Kind: Opened, Number: 1, Channel: "C1", Every: 5 * time.Minute, Why: "Billing: 12 of 300 failed"})
	return y
}

// next adds an event five minutes after the one before, as a restart reads it.
func (y *year) next(e Event) {
	e.Incident, e.At = ID(1), t0.Add(time.Duration(len(y.events))*5*time.Minute)
	y.add(e)
}

func (y *year) update() {
	y.n++
	e := Event{Kind: Update, N: y.n, Post: y.post, Root: 1, Why: "regular update", Figures: []Figure{{Product: "billing", Level: "degraded", Tries: 300, Failures: y.n % 7}}}
	if y.post == 0 || y.draw.IntN(40) == 0 {
		y.post, e.Post, e.Why = y.n, y.n, lastPostOld
	}
	y.next(e)
}

// step adds one event of some kind.
func (y *year) step() {
	product := fmt.Sprintf("product-%d", y.draw.IntN(9))
	levels := []string{usual, "degraded", "outage"}
	at := t0.Add(time.Duration(len(y.events)) * 5 * time.Minute)
	switch y.draw.IntN(80) {
	case 0, 1, 2, 3, 4, 5, 6:
		inc, _ := y.book.Log().Find(ID(1))
		e := Event{Kind: Level, Product: product, From: inc.Levels[product], To: levels[y.draw.IntN(3)]}
		if e.To != usual {
			e.Onset = at.Add(-time.Duration(y.draw.IntN(600)) * time.Second)
		}
		y.next(e)
	case 7:
		y.marks++
		y.next(Event{Kind: Mark, By: "U1", Name: "Ana", Mark: y.marks, Text: "restarted lb-3", Products: []string{product}})
	case 8:
		y.next(Event{Kind: Effect, Mark: max(1, y.marks), Verdicts: []Verdict{{Verdict: "helped"}}})
	case 9:
		y.next(Event{Kind: []Kind{Relapsed, Reopened}[y.draw.IntN(2)], Why: "again", Products: []string{product}})
	case 10:
		y.next(Event{Kind: []Kind{Proving, Proven}[y.draw.IntN(2)], Products: []string{product}})
	case 11, 12:
		y.next(Event{Kind: []Kind{Rate, Quiet}[y.draw.IntN(2)], Products: []string{product}, Step: &RateStep{At: at}})
	case 13:
		y.next(Event{Kind: []Kind{Acked, Unacked}[y.draw.IntN(2)], By: "U1", Product: product})
	case 14:
		y.next(Event{Kind: Note, By: "U2", Name: "Ben", Text: "the vendor is called"})
	case 15:
		y.next(Event{Kind: Redrawn, N: y.n, Figures: []Figure{{Product: "billing", Level: usual, Tries: 300}}})
	case 16:
		y.next(Event{Kind: []Kind{Flapping, Steady}[y.draw.IntN(2)], Product: product})
	case 17:
		y.next(Event{Kind: []Kind{Paused, Resumed}[y.draw.IntN(2)], By: "U1"})
	case 18:
		y.next(Event{Kind: Resolved, Products: []string{product}})
	default:
		y.update()
	}
}

// TestWhatIsThinnedAnswersAsTheWhole: all that is asked of an incident for what it
// tells, and of its log since an instant that is at hand.
func TestWhatIsThinnedAnswersAsTheWhole(t *testing.T) {
	y := newYear()
	all := FoldAll(y.events)
	events := longtest.Of(1500, 3000)
	for len(y.events) < events {
		y.step()
		all = Fold(all, y.events[len(y.events)-1])
		inc, _ := y.book.Log().Find(ID(1))
		if len(y.events)%41 != 0 {
			continue
		}
		if diff := cmp.Diff(answers(all, inc), answers(inc, inc)); diff != "" {
			t.Fatalf("after %d events, %d at hand (-of all +of what is at hand):\n%s", len(y.events), inc.kept, diff)
		}
		if len(y.events)%(41*13) == 0 {
			wantSameSince(t, all, inc)
		}
	}
	inc, _ := y.book.Log().Find(ID(1))
	if diff := cmp.Diff(all, inc.WithLog(append(y.events, Event{Seq: uint64(events) + 1})), whole); diff != "" {
		t.Errorf("with its log from the journal (-folded anew +got):\n%s", diff)
	}
	if inc.Reaches(t0) || !inc.Reaches(y.events[len(y.events)-keepEvents].At) || inc.Events != events {
		t.Errorf("of %d events at hand are those since %s", inc.Events, inc.gone)
	}
}

// answers are what updates ask of an incident's log; of is who has what they ask
// for.
func answers(i, of Incident) map[string]any {
	began, ended, products := i.Impact()
	out := map[string]any{"impact": fmt.Sprint(began, ended, products), "proof": i.ProofTold(), "plan": Plan(i, Change{}, Rules{}, i.LastUpdate.At.Add(time.Hour)), "steps": len(i.Steps)}
	var onset time.Time
	for _, e := range i.Spell() {
		if e.Kind == Level && e.To != usual && !e.Onset.IsZero() && (onset.IsZero() || e.Onset.Before(onset)) {
			onset = e.Onset
		}
	}
	out["onset"] = onset
	since := func(name string, e Event) {
		for _, k := range []Kind{Relapsed, Reopened, Rate, Proven} {
			out[fmt.Sprint(name, " ", e.N, e.Mark, " ", k)] = i.Since(e, k)
		}
	}
	for _, m := range of.Marks {
		since("mark", m.Event)
	}
	for _, e := range of.told {
		since("told", e)
	}
	since("update", of.LastUpdate)
	since("redrawn", Event{Kind: Redrawn, N: of.LastUpdate.N})
	since("before the post", Event{Kind: Update, N: of.LastPost.N - 1})
	return out
}

// wantSameSince compares what a log says of the time since an instant.
func wantSameSince(t *testing.T, all, inc Incident) {
	t.Helper()
	since := func(i Incident, at time.Time) (out []Event) {
		for _, e := range i.Timeline() {
			if e.At.After(at) {
				out = append(out, e)
			}
		}
		return out
	}
	at := inc.gone
	for range 10 {
		at = at.Add(37 * time.Minute)
		if !inc.Reaches(at) {
			t.Fatalf("%s is not at hand, which is after %s", at, inc.gone)
		}
		if diff := cmp.Diff(all.LevelsAt(at), inc.LevelsAt(at)); diff != "" {
			t.Fatalf("levels at %s (-of all +of what is at hand):\n%s", at, diff)
		}
		if diff := cmp.Diff(since(all, at), since(inc, at)); diff != "" {
			t.Fatalf("since %s (-of all +of what is at hand):\n%s", at, diff)
		}
	}
}

// TestALongIncidentIsBounded: what is at hand of it, what is stored, and how many
// events a start reads again, is the same after 10,000 updates and 100,000 (in the
// small form after 2,000 and 10,000); and what a start has is what the one had
// that stored it.
func TestALongIncidentIsBounded(t *testing.T) {
	stored := map[int]int{}
	long, longer := longtest.Of(2_000, 10_000), longtest.Of(10_000, 100_000)
	for _, updates := range []int{100, long, longer} {
		y := newYear()
		y.next(Event{Kind: Level, Product: "billing", From: usual, To: "degraded"})
		for y.n < updates {
			y.update()
		}
		inc, _ := y.book.Log().Find(ID(1))
		at := 0
		for e := inc.last; e != nil; e = e.before {
			at++
		}
		if at != inc.kept || at > 2*keepEvents+keepTold+keepHours+20 {
			t.Errorf("%d updates: %d events are at hand, counted as %d", updates, at, inc.kept)
		}
		last := y.events[len(y.events)-1]
		data, err := y.book.Freeze().Encode(PositionOf(last))
		if err != nil {
			t.Fatal(err)
		}
		restored := goOn(t, &y.book, PositionOf(last), y.events)
		again := len(y.events) + 1 - int(restored.From)
		stored[updates] = len(data)
		t.Logf("%d updates: %d events at hand, %d bytes stored, %d events are read again", updates, at, len(data), again)
		if again > 2*keepEvents {
			t.Errorf("%d updates: %d events are read again", updates, again)
		}
	}
	if stored[longer] > 2*stored[long] {
		t.Errorf("stored are %v bytes, by the number of updates", stored)
	}
}

// TestALongIncidentGoesOn: whatever it has come to, a start goes on with it, and
// thins it where the one did that stored it.
func TestALongIncidentGoesOn(t *testing.T) {
	y := newYear()
	var restored Book
	restored.Add(y.events[0])
	for len(y.events) < longtest.Of(1000, 2500) {
		n := len(y.events)
		y.step()
		e := y.events[n]
		restored.Add(e)
		if n%151 != 0 {
			continue
		}
		if diff := cmp.Diff(y.book.log.Incidents, restored.log.Incidents, whole); diff != "" {
			t.Fatalf("after event %d (-that goes on +restored):\n%s", e.Seq, diff)
		}
		data, err := restored.Freeze().Encode(PositionOf(e))
		if err != nil {
			t.Fatal(err)
		}
		r, err := ReadBook(data)
		if err != nil {
			t.Fatal(err)
		}
		restored = r.Book()
		for _, e := range y.events[r.From-1:] {
			restored.Add(e)
		}
	}
}

// TestAQuietIncidentIsNotReadAgain: one of few events that began long before all
// others' is stored.
func TestAQuietIncidentIsNotReadAgain(t *testing.T) {
	var j journal
	opened, _ := j.book.Log().Detect(t0, "C9", "Lake: 9 of 300 failed", time.Hour)
	j.add(opened)
	for n := range 300 {
		j.live("C1", t0.Add(time.Duration(n)*30*time.Hour))
	}
	last := PositionOf(j.events[len(j.events)-1])
	if restored := goOn(t, &j.book, last, j.events); last.Seq-restored.From > mostAgain {
		t.Errorf("of %d events those from %d on are read again", last.Seq, restored.From)
	}
}

// TestTheStoredBookBefore is read: it has no incident that is at hand, and its
// events are read again.
func TestTheStoredBookBefore(t *testing.T) {
	y := newYear()
	for range 1000 {
		y.step()
	}
	restored, err := ReadBook([]byte(`{"version":3,"read":{"seq":900,"incident":"inc-1","kind":"update","at":"2026-03-07T00:00:00Z"},"from":1,"desk":{}}`))
	if err != nil || restored.From != 1 {
		t.Fatal(restored.From, err)
	}
	book := restored.Book()
	for _, e := range y.events {
		book.Add(e)
	}
	if diff := cmp.Diff(y.book.log.Incidents, book.log.Incidents, whole); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

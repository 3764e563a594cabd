package incident

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// journal gives events sequences, as the real one does, and keeps them.
type journal struct {
	book   Book
	events []Event
}

func (j *journal) add(e Event) Event {
	e.Seq = uint64(len(j.events) + 1)
	j.events = append(j.events, e)
	j.book.Add(e)
	return e
}

// live is an incident of an hour in a channel that begins at an instant: levels,
// a mark and its effect, updates, and its end.
func (j *journal) live(channel string, at time.Time) (id string) {
	opened, _ := j.book.Log().Detect(at, channel, "Billing: 12 of 300 failed", 5*time.Minute)
	id = j.add(opened).Incident
	j.add(Event{Incident: id, Kind: Level, At: at, Product: "billing", From: "ok", To: "degraded", Onset: at})
	for n := 1; n <= 12; n++ {
		due := at.Add(time.Duration(n-1) * 5 * time.Minute)
		j.add(Event{Incident: id, Kind: Update, At: due, Due: due, N: n, Post: 1, Figures: []Figure{{Product: "billing", Level: "degraded", Tries: 300, Failures: 12}, {Product: "lake", Level: "ok", Tries: 300}}})
	}
	j.add(Event{Incident: id, Kind: Mark, At: at.Add(20 * time.Minute), By: "U1", Mark: 1, Text: "restarted lb-3", Products: []string{"billing"}})
	j.add(Event{Incident: id, Kind: Effect, At: at.Add(50 * time.Minute), Mark: 1, Verdicts: []Verdict{{Verdict: "helped"}}})
	j.add(Event{Incident: id, Kind: Resolved, At: at.Add(time.Hour), By: "U1"})
	j.add(Event{Incident: id, Kind: Update, At: at.Add(time.Hour), Due: at.Add(time.Hour), N: 13, Post: 13, Figures: []Figure{{Product: "billing", Level: "degraded", Tries: 300, Failures: 12}, {Product: "lake", Level: "ok", Tries: 300}}})
	return id
}

// TestWhatEndedIsAHead: a day after its end an incident is known by its head,
// all that is asked of it without its log is there, and the log itself folds to
// the whole again.
func TestWhatEndedIsAHead(t *testing.T) {
	var j journal
	first := j.live("C1", t0)
	whole, _ := j.book.Log().Find(first)
	before := j.book.Log()
	j.live("C2", t0.Add(20*time.Hour))
	if inc, _ := j.book.Log().Find(first); inc.Folded {
		t.Error("it is folded within a day of its end")
	}
	j.live("C2", t0.Add(48*time.Hour))
	log := j.book.Log()
	if n := len(log.Incidents); n != 1 {
		t.Errorf("%d incidents are at hand as a whole, want the last", n)
	}
	for name, find := range map[string]func() (Incident, bool){"Find": func() (Incident, bool) { return log.Find(first) }, "Last": func() (Incident, bool) { return log.Last("C1") }} {
		inc, ok := find()
		if !ok || !inc.Folded || inc.ID != first || inc.Number != 1 || inc.Channel != "C1" || inc.Open() || !inc.EndedAt.Equal(whole.EndedAt) || inc.EndedBy != "U1" ||
			!inc.OpenedAt.Equal(t0) || inc.LastUpdate.N != 13 || inc.LastSeq != whole.LastSeq || !inc.Detected() {
			t.Errorf("%s gives %+v, %v", name, inc, ok)
		}
		if f, ok := inc.Figure("billing"); !ok || f.Level != "degraded" {
			t.Errorf("%s: the last figures of billing are %+v, %v", name, f, ok)
		}
	}
	if got := log.LastSeq(first); got != whole.LastSeq {
		t.Errorf("its last sequence is %d, want %d", got, whole.LastSeq)
	}
	if inc, _ := log.Last("C2"); inc.Number != 3 || inc.Folded || log.Incidents[0].Folded {
		t.Errorf("the last of the other channel is %d, folded %v", inc.Number, inc.Folded)
	}
	if _, ok := log.Find("inc-9"); ok {
		t.Error("an incident that never was is found")
	}
	if e := must(t)(log.Start(t0, "U1", "C3", "", time.Minute)); e.Number != 4 {
		t.Errorf("the next is %d, want 4", e.Number)
	}
	if len(before.Incidents) != 1 || before.Incidents[0].Folded {
		t.Error("a log that was given out has changed")
	}
	late := t0.Add(50 * time.Hour)
	j.live("C4", late)
	if inc, _ := j.book.Log().Last("C4"); inc.Folded {
		t.Error("one that ended just now is folded")
	}
	if _, ok := j.book.Log().MarkIn(late.Add(90*time.Minute), "C4"); !ok {
		t.Error("one that ended half an hour ago cannot be marked")
	}

	// A restart reads the same log, and the journal has what was folded.
	var again Book
	for _, e := range j.events {
		again.Add(e)
	}
	same := cmp.AllowUnexported(Incident{}, Log{}, Desk{}, entry{}, head{}, harm{})
	if diff := cmp.Diff(j.book.log.Incidents, again.log.Incidents, same); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(j.book.log.past.heads, again.log.past.heads, same); diff != "" {
		t.Errorf("heads after a restart (-before +after):\n%s", diff)
	}
	var own []Event
	for _, e := range j.events {
		if e.Incident == first {
			own = append(own, e)
		}
	}
	if diff := cmp.Diff(whole, FoldAll(own), same); diff != "" {
		t.Errorf("from the journal (-at its end +now):\n%s", diff)
	}
}

// TestAnEventOfWhatEndedLongAgo should not come, and is no reason to lose
// anything: numbers of marks go on, and what was seen before is not seen again.
func TestAnEventOfWhatEndedLongAgo(t *testing.T) {
	var j journal
	id := j.live("C1", t0)
	j.live("C2", t0.Add(48*time.Hour))
	j.book.Add(j.events[3])
	if inc, _ := j.book.Log().Find(id); !inc.Folded {
		t.Error("an event that was seen before brings it back")
	}
	j.add(Event{Incident: id, Kind: Reopened, At: t0.Add(49 * time.Hour)})
	if inc, ok := j.book.Log().In("C1"); !ok || inc.ID != id || !inc.Folded {
		t.Errorf("re-opened: %+v, %v", inc, ok)
	}
	if e := must(t)(j.book.Log().DoMark(t0.Add(49*time.Hour), ToMark{By: "U1", Channel: "C1", Text: "again", Products: []string{"billing"}, Since: t0})); e.Mark != 2 {
		t.Errorf("the next mark is %d, want 2", e.Mark)
	}
	j.add(Event{Incident: id, Kind: Resolved, At: t0.Add(50 * time.Hour)})
	j.live("C2", t0.Add(96*time.Hour))
	if inc, _ := j.book.Log().Last("C1"); inc.ID != id || !inc.EndedAt.Equal(t0.Add(50*time.Hour)) || inc.LastSeq < 30 {
		t.Errorf("folded again: %+v", inc)
	}
}

// TestWorkFollowsWhatIsOpen counts, and takes no time: neither reading the log
// nor adding to it does more after a thousand incidents than after ten.
func TestWorkFollowsWhatIsOpen(t *testing.T) {
	allocs := map[int]float64{}
	for _, ended := range []int{10, 1000} {
		var j journal
		at := t0
		for range ended {
			j.live("C1", at)
			at = at.Add(30 * time.Hour)
		}
		opened, _ := j.book.Log().Detect(at, "C1", "Billing", time.Minute)
		id := j.add(opened).Incident
		if n := len(j.book.Log().Incidents); n > 2 {
			t.Errorf("after %d incidents %d are at hand", ended, n)
		}
		if n := len(j.book.log.past.heads); n < ended-1 {
			t.Errorf("after %d incidents there are %d heads", ended, n)
		}
		seq := uint64(len(j.events))
		allocs[ended] = testing.AllocsPerRun(100, func() {
			log := j.book.Log()
			log.Last("C1")
			log.Last("C2")
			log.Find("inc-1")
			seq++
			j.book.Add(Event{Incident: id, Seq: seq, Kind: Note, At: at, Text: "the vendor is called"})
		})
	}
	if allocs[1000] > allocs[10] {
		t.Errorf("a look and an event take %v allocations after 1,000 incidents, %v after 10", allocs[1000], allocs[10])
	}
}

// TestOrderIsThatOfTheLog: the stamps of two writers may contradict it.
func TestOrderIsThatOfTheLog(t *testing.T) {
	at := func(s int) time.Time { return t0.Add(time.Duration(s) * time.Second) }
	said := map[Kind]Event{
		Resolved: {Kind: Resolved}, Paused: {Kind: Paused}, Relapsed: {Kind: Relapsed}, Reopened: {Kind: Reopened}, Proving: {Kind: Proving}, Proven: {Kind: Proven}, Cadence: {Kind: Cadence, Every: time.Hour},
	}
	for kind, e := range said {
		i := FoldAll([]Event{
			{Incident: "inc-1", Kind: Opened, Number: 1, At: at(0), Every: time.Minute},
			{Incident: "inc-1", Kind: Update, N: 1, Post: 1, At: at(10), Due: at(10)},
		})
		told := i.LastUpdate
		e.Incident, e.At = "inc-1", at(9)
		i = Fold(i, e)
		if d := Plan(i, Change{}, Rules{}, at(11)); d.Due.IsZero() {
			t.Errorf("%s, stamped a second before the last update, is not told", kind)
		}
		if !i.Since(told, kind) || i.Since(e, kind) {
			t.Errorf("%s: after the update %v, after itself %v", kind, i.Since(told, kind), i.Since(e, kind))
		}
		i = Fold(i, Event{Incident: "inc-1", Kind: Update, N: 2, Post: 2, At: at(8), Due: at(8)})
		if d := Plan(i, Change{}, Rules{}, at(9)); !d.Due.IsZero() {
			t.Errorf("%s is told twice, for %q", kind, d.Reason)
		}
	}
	i := FoldAll([]Event{
		{Kind: Opened, Number: 1, At: at(0)}, {Kind: Level, Product: "a", At: at(0)}, {Kind: Proving, At: at(20)}, {Kind: Level, Product: "b", At: at(30)}, {Kind: Relapsed, At: at(30)},
		{Kind: Level, Product: "c", At: at(29)}, {Kind: Level, Product: "d", At: at(40)},
	})
	var spell string
	for _, e := range i.Spell() {
		spell += e.Product
	}
	if spell != "bcd" || i.AgainBy() != Relapsed || !i.AgainAt().Equal(at(30)) {
		t.Errorf("the spell since it %s at %s has the levels of %q, want bcd", i.AgainBy(), i.AgainAt(), spell)
	}
	var merged string
	for _, e := range Merge([]Event{{Seq: 1, At: at(5), Text: "1"}, {Seq: 4, At: at(6), Text: "4"}}, []Event{{Seq: 2, At: at(1), Text: "2"}, {At: at(6), Text: "-"}, {Seq: 5, At: at(2), Text: "5"}}) {
		merged += e.Text
	}
	if merged != "124-5" {
		t.Errorf("merged %q, want 124-5", merged)
	}
}

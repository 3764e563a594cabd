package incident

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// desked is a log with what other systems told, each at its time; seq continues.
type desked struct {
	t   *testing.T
	log Log
	seq uint64
}

func (d *desked) add(e Event) Event {
	d.seq++
	e.Seq = d.seq
	d.log = d.log.With(e)
	return e
}

func (d *desked) tell(now time.Time, t Telling) error {
	d.t.Helper()
	e, err := d.log.DoTell(now, t)
	if err == nil {
		d.add(e)
	}
	return err
}

// TestWhatOtherSystemsTellIsToldOnce: told again it is known, for as long as it may
// be told at all; what is absurd or too much is refused with a sentence.
func TestWhatOtherSystemsTellIsToldOnce(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	d := &desked{t: t}
	deploy := Telling{From: "github", Text: "deployed acme/shop", Key: "k1", At: now.Add(-time.Minute), Change: true}
	if err := d.tell(now, deploy); err != nil {
		t.Fatal(err)
	}
	for _, again := range []time.Time{now, now.Add(time.Second), now.Add(outsideAfter - time.Minute)} {
		if err := d.tell(again, deploy); !errors.Is(err, ErrTold) {
			t.Errorf("told again %s later: %v", again.Sub(now), err)
		}
	}
	if e := d.log.Desk.Outside[0]; e.By != "hook:github" || e.Name != "github" || !e.Done.Equal(now.Add(-time.Minute)) || e.Kind != Changed {
		t.Errorf("the desk has %+v", e)
	}
	for name, c := range map[string]struct {
		t    Telling
		want string
	}{
		"empty":       {Telling{From: "x", Text: " \n"}, "does not say what was done"},
		"to come":     {Telling{From: "x", Text: "a", At: now.Add(6 * time.Minute)}, "still to come"},
		"long ago":    {Telling{From: "x", Text: "a", At: now.Add(-outsideAfter - time.Second)}, "more than 6 hours ago"},
		"before 1970": {Telling{From: "x", Text: "a", At: time.Unix(-1, 0)}, "more than 6 hours ago"},
	} {
		err := d.tell(now, c.t)
		if r, ok := errors.AsType[*Refusal](err); !ok || !strings.Contains(r.Sentence, c.want) || r.Next == "" {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	for at, want := range map[time.Time]string{ // as it was read, and not in UTC
		time.Date(2026, 3, 2, 7, 12, 0, 0, time.FixedZone("EST", -5*3600)):  "Mon 2 Mar 07:12 EST, and now it is Tue 3 Mar 07:00.",
		time.Date(2026, 3, 2, 12, 0, 0, 0, time.FixedZone("", 5*3600+1800)): "Mon 2 Mar 12:00 UTC+05:30, and now it is Tue 3 Mar 17:30.",
		time.Date(2025, 3, 2, 12, 0, 0, 0, time.FixedZone("-03", -3*3600)):  "Sun 2 Mar 2025 12:00 UTC-03:00, and now it is Tue 3 Mar 09:00.",
		time.Date(2026, 3, 3, 13, 10, 0, 0, time.FixedZone("CET", 3600)):    "That is still to come: Tue 3 Mar 13:10 CET, and now it is Tue 3 Mar 13:00.",
		time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC):                        "Mon 2 Mar 12:00 UTC, and now it is Tue 3 Mar 12:00.",
	} {
		if err := d.tell(now, Telling{From: "x", Text: "a", At: at}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %s", at, err, want)
		}
	}
	if err := d.tell(now, Telling{From: "x", Text: "a", At: now.Add(4 * time.Minute)}); err != nil {
		t.Errorf("a clock that is ahead: %v", err)
	}
	if e := d.log.Desk.Outside[1]; !e.Done.Equal(now) {
		t.Errorf("of a clock that is ahead it was done %s, want now", e.Done)
	}
	for n := range mostAtOnce + 1 {
		err := d.tell(now, Telling{From: "noisy", Text: "a", Key: fmt.Sprint(n)})
		if got := errors.Is(err, ErrTooMany); got != (n == mostAtOnce) {
			t.Errorf("number %d at once: %v", n+1, err)
		}
	}
	if err := d.tell(now, Telling{From: "other", Text: "a"}); err != nil {
		t.Errorf("another system: %v", err)
	}
	if err := d.tell(now.Add(atOnce), Telling{From: "noisy", Text: "a"}); err != nil {
		t.Errorf("later: %v", err)
	}
	for n := range 3 * mostOutside {
		at := now.Add(time.Duration(n) * time.Minute)
		_ = d.tell(at, Telling{From: fmt.Sprint(n % 20), Text: strings.Repeat("x", 5000)})
		for _, e := range d.log.Desk.Outside {
			if at.Sub(e.At) > outsideAfter || len(e.Text) > maxText+len("…") {
				t.Fatalf("kept is one of %s ago with %d bytes", at.Sub(e.At), len(e.Text))
			}
		}
	}
	if n := len(d.log.Desk.Outside); n != mostOutside {
		t.Errorf("the desk keeps %d, want %d", n, mostOutside)
	}
}

// TestAnIncidentTakesWhatBelongsToIt: from an hour before its opening, of its
// products, each once; also after a checkpoint.
func TestAnIncidentTakesWhatBelongsToIt(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	d := &desked{t: t}
	for _, told := range []struct {
		text     string
		ago      time.Duration
		products []string
		change   bool
	}{
		{"too early", 90 * time.Minute, nil, true}, {"of another", 30 * time.Minute, []string{"lake"}, true},
		{"before", 12 * time.Minute, []string{"shop", "lake"}, true}, {"fires", 5 * time.Minute, nil, false},
	} {
		if err := d.tell(now.Add(-told.ago), Telling{From: "ci", Text: told.text, Key: told.text, Products: told.products, Change: told.change, At: now.Add(-told.ago)}); err != nil {
			t.Fatal(err)
		}
	}
	d.add(Event{Incident: "inc-1", Kind: Opened, Number: 1, At: now, Channel: "C1", Products: []string{"shop"}, By: "U1", Every: time.Minute})
	take := func() (got []string) {
		inc, _ := d.log.Find("inc-1")
		for _, e := range d.log.Untaken(inc) {
			inc, _ := d.log.Find("inc-1")
			took := d.add(inc.Take(now, e, []string{"shop"}, now.Add(-time.Minute)))
			got = append(got, string(took.Kind)+" "+took.Text)
		}
		return got
	}
	if got := strings.Join(take(), ", "); got != "mark before, note fires" {
		t.Errorf("it takes %q", got)
	}
	if got := take(); got != nil {
		t.Errorf("it takes %q again", got)
	}
	inc, _ := d.log.Find("inc-1")
	if m := inc.Marks[0]; !m.At.Equal(now.Add(-12*time.Minute)) || m.Mark != 1 || inc.Called(m.By) != "ci" {
		t.Errorf("the mark is %+v", m)
	}
	if since, _ := inc.Silence(); !since.Equal(now) {
		t.Errorf("people are silent since %s, want since the opening: a system is none of them", since)
	}
	if err := d.tell(now, Telling{From: "ci", Text: "during", Products: []string{"shop"}, Change: true}); err != nil {
		t.Fatal(err)
	}
	// What is stored of a long incident knows what it took.
	var book Book
	book.log = d.log
	stored, err := book.Freeze().Encode(Position{Seq: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	restored, err := ReadBook(stored)
	if err != nil {
		t.Fatal(err)
	}
	d.log = restored.book.log
	if got := len(d.log.Desk.Outside); got != 5 {
		t.Errorf("stored are %d, want 5", got)
	}
	if got := strings.Join(take(), ", "); got != "mark during" {
		t.Errorf("after a checkpoint it takes %q", got)
	}
	if _, err := d.log.DoWithdraw(now, "U2", "C1", 2); err != nil {
		t.Errorf("a person withdraws a system's mark: %v", err)
	}
	if _, err := d.log.DoWithdraw(now, "U2", "C1", 0); err == nil {
		t.Error("it is nobody's last one")
	}
	d.add(Event{Incident: "inc-1", Kind: Resolved, At: now.Add(time.Hour), By: "U1"})
	if err := d.tell(now.Add(2*time.Hour), Telling{From: "ci", Text: "after"}); err != nil {
		t.Fatal(err)
	}
	if got := take(); got != nil {
		t.Errorf("after its end it takes %q", got)
	}
}

// TestOfABusyHourTheNewestAreTaken: an incident does not begin with a list of all
// that was deployed.
func TestOfABusyHourTheNewestAreTaken(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	d := &desked{t: t}
	for n := range 50 {
		at := now.Add(time.Duration(n-51) * time.Minute)
		if err := d.tell(at, Telling{From: "ci", Text: fmt.Sprint(n), At: at, Change: true}); err != nil {
			t.Fatal(err)
		}
	}
	d.add(Event{Incident: "inc-1", Kind: Opened, Number: 1, At: now, Channel: "C1", Every: time.Minute})
	inc, _ := d.log.Find("inc-1")
	got := d.log.Untaken(inc)
	if len(got) != mostBefore || got[0].Text != "40" || got[9].Text != "49" {
		t.Errorf("taken are %d, from %s on", len(got), got[0].Text)
	}
}

// TestWhatWasToldIsTakenBack: who told it takes the newest back, and then the one
// before; no incident takes it any more, and in one that did it is struck. Nobody
// takes back what another told.
func TestWhatWasToldIsTakenBack(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	d := &desked{t: t}
	for _, told := range []Telling{{From: "kim@a", Text: "first", Change: true}, {From: "kim@a", Text: "second", Change: true}, {From: "alex@a", Text: "other", Change: true}} {
		if err := d.tell(now, told); err != nil {
			t.Fatal(err)
		}
	}
	d.add(Event{Incident: "inc-1", At: now, Kind: Opened, Number: 1, Channel: "C1", Every: time.Minute})
	inc, _ := d.log.Find("inc-1")
	taken := d.add(inc.Take(now, d.log.Untaken(inc)[1], nil, time.Time{}))
	for _, want := range []string{"second", "first"} {
		e, err := d.log.DoUntell(now, "kim@a")
		if err != nil || e.Text != want {
			t.Fatalf("%+v %v, want %s", e, err, want)
		}
		e = d.add(e)
		strike, ok := d.log.DoStrike(now, "inc-1", e)
		if ok != (want == "second") {
			t.Errorf("%s is struck: %v", want, ok)
		}
		if ok {
			if strike.Mark != taken.Mark {
				t.Errorf("mark %d is struck, want %d", strike.Mark, taken.Mark)
			}
			d.add(strike)
			if _, again := d.log.DoStrike(now, "inc-1", e); again {
				t.Error("it is struck twice")
			}
		}
	}
	if left := d.log.Desk.Outside; len(left) != 1 || left[0].Text != "other" {
		t.Errorf("the desk has %+v", left)
	}
	_, err := d.log.DoUntell(now, "kim@a")
	if r, ok := errors.AsType[*Refusal](err); !ok || r.Next == "" {
		t.Errorf("nothing is left: %v", err)
	}
	d.add(Event{Incident: "inc-1", At: now, Kind: Resolved})
	if _, late := d.log.DoStrike(now.Add(MarkAfter+time.Second), "inc-1", Event{Taken: taken.Taken, By: taken.By}); late {
		t.Error("it is struck long after the end")
	}
}

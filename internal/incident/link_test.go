package incident

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestLinks: what an incident's links are, and its severity, through a restart too.
func TestLinks(t *testing.T) {
	t0 := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	var l Log
	apply := func(e Event) {
		e.Seq = l.LastSeq(e.Incident) + 1
		data, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if e, err = DecodeEvent(data, e.Seq); err != nil {
			t.Fatal(err)
		}
		l = l.With(e)
	}
	does := func(e Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		apply(e)
	}
	refused := func(want string) func(Event, error) {
		return func(_ Event, err error) {
			t.Helper()
			if r, ok := errors.AsType[*Refusal](err); !ok || !strings.Contains(r.Error(), want) {
				t.Errorf("%v, want a refusal: %s", err, want)
			}
		}
	}
	has := func(want string) {
		t.Helper()
		inc, _ := l.In("C1")
		got := inc.Severity
		for _, x := range inc.Links {
			got += " " + x.Name + "=" + x.URL
		}
		if got != want {
			t.Errorf("links %q, want %q", got, want)
		}
		if again := storedOf(inc).incident(); fmt.Sprint(again.Links, again.Severity, again.Entries) != fmt.Sprint(inc.Links, inc.Severity, inc.Entries) {
			t.Errorf("the stored form has %v", again.Links)
		}
	}
	refused("no incident now")(l.DoLink(t0, "U1", "C1", "call", "https://a"))
	refused("no incident now")(l.DoUnlink(t0, "U1", "C1", "call"))
	refused("no incident now")(l.Label(t0, "U1", "C1", "SEV2"))
	open, _ := l.Start(t0, "U1", "C1", "", 5*time.Minute)
	apply(open)
	refused("has no link")(l.DoUnlink(t0, "U1", "C1", ""))
	does(l.DoLink(t0, "U1", "C1", "call", "https://a"))
	refused("stands there already")(l.DoLink(t0, "U2", "C1", "Call", "https://a"))
	does(l.DoLink(t0, "U2", "C1", "Call", "https://b")) // the call has moved
	does(l.DoLink(t0, "U1", "C1", "ticket", "https://t"))
	does(l.Label(t0, "U1", "C1", "SEV2"))
	has("SEV2 Call=https://b ticket=https://t")
	refused("already")(l.Label(t0, "U1", "C1", "SEV2"))
	refused("a word or two")(l.Label(t0, "U1", "C1", strings.Repeat("x", 25)))
	refused("Say which link")(l.DoUnlink(t0, "U1", "C1", ""))
	refused("Say which link")(l.DoUnlink(t0, "U1", "C1", "board"))
	does(l.DoUnlink(t0, "U2", "C1", "TICKET"))
	does(l.DoUnlink(t0, "U2", "C1", "")) // the only one
	does(l.Label(t0, "U1", "C1", ""))
	refused("has no severity")(l.Label(t0, "U1", "C1", ""))
	has("")
	for n := range mostLinks {
		does(l.DoLink(t0, "U1", "C1", fmt.Sprint("l", n), fmt.Sprint("https://", n)))
	}
	refused("at most 5 links")(l.DoLink(t0, "U1", "C1", "more", "https://more"))
	does(l.DoLink(t0, "U1", "C1", "l3", "https://again"))
	if inc, _ := l.In("C1"); !inc.Untold(Linked) || !inc.Untold(Labelled) {
		t.Error("what was said is no news")
	}
}

// TestEntriesAreBounded: of what nobody could be told the newest wait.
func TestEntriesAreBounded(t *testing.T) {
	t0 := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	i := Fold(Incident{}, Event{Incident: "inc-1", Kind: Opened, Number: 1, At: t0, Seq: 1})
	for n := range 3 * mostEntries {
		i = Fold(i, Event{Incident: "inc-1", Kind: Note, By: "U1", Text: fmt.Sprint(n), At: t0, Seq: uint64(n) + 2})
	}
	if n := len(i.Entries); n != mostEntries || i.Entries[n-1].Text != fmt.Sprint(3*mostEntries-1) {
		t.Errorf("%d entries wait, the last %+v", n, i.Entries[n-1])
	}
	if i = Fold(i, Event{Incident: "inc-1", Kind: Entered, At: t0, Seq: 999}); len(i.Entries) != 0 || i.Settled(t0) {
		t.Errorf("%d entries wait", len(i.Entries))
	}
}

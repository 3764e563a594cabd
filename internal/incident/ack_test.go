package incident

import (
	"errors"
	"testing"
	"time"
)

// TestAcks: who looks into what, until they take it back or it is as usual.
func TestAcks(t *testing.T) {
	t0 := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	var l Log
	at := func(min int) time.Time { return t0.Add(time.Duration(min) * time.Minute) }
	seq := uint64(0)
	apply := func(e Event) {
		seq++
		e.Seq = seq
		l = l.With(e)
	}
	open, _ := l.Start(t0, "U1", "C1", "", 5*time.Minute)
	apply(open)
	does := func(e Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		apply(e)
	}
	refused := func(_ Event, err error) {
		t.Helper()
		if _, ok := errors.AsType[*Refusal](err); !ok {
			t.Errorf("%v, want a refusal", err)
		}
	}
	who := func(product, want string) {
		t.Helper()
		inc, _ := l.In("C1")
		got := ""
		for _, a := range inc.Acks[product] {
			got += a.By + a.At.Format(" 15:04 ")
		}
		if got != want {
			t.Errorf("%s is looked into by %q, want %q", product, got, want)
		}
	}
	refused(l.Ack(at(1), "U1", "C1"))            // nothing is hurt
	refused(l.Ack(at(1), "U1", "C2", "billing")) // no incident there
	refused(l.Unack(at(1), "U1", "C1"))
	does(l.Ack(at(1), "U1", "C1", "billing", "search"))
	does(l.Ack(at(2), "U2", "C1", "billing"))
	refused(l.Ack(at(3), "U1", "C1", "billing")) // twice is once
	does(l.Ack(at(3), "U1", "C1", "billing", "mail"))
	who("billing", "U1 19:33 U2 19:34 ")
	who("search", "U1 19:33 ")
	who("mail", "U1 19:35 ")

	// What gets worse is still theirs, and what comes back soon; what was as usual
	// for long, or has recovered, is nobody's.
	apply(Event{Incident: open.Incident, At: at(4), Kind: Level, Product: "billing", From: "degraded", To: "outage"})
	who("billing", "U1 19:33 U2 19:34 ")
	apply(Event{Incident: open.Incident, At: at(5), Kind: Level, Product: "billing", From: "outage", To: "ok"})
	apply(Event{Incident: open.Incident, At: at(6), Kind: Level, Product: "billing", From: "ok", To: "degraded"})
	who("billing", "U1 19:33 U2 19:34 ")
	apply(Event{Incident: open.Incident, At: at(7), Kind: Level, Product: "billing", From: "degraded", To: "ok"})
	does(l.Ack(at(20), "U3", "C1", "billing")) // while it is as usual
	apply(Event{Incident: open.Incident, At: at(38), Kind: Level, Product: "billing", From: "ok", To: "degraded"})
	who("billing", "U3 19:52 ")
	apply(Event{Incident: open.Incident, At: at(39), Kind: Proven, Products: []string{"billing"}, Swing: true}) // of a flap
	who("billing", "U3 19:52 ")
	apply(Event{Incident: open.Incident, At: at(40), Kind: Proven, Products: []string{"billing"}})
	who("billing", "")
	who("search", "U1 19:33 ")

	does(l.Unack(at(41), "U1", "C1", "search"))
	who("search", "")
	refused(l.Unack(at(42), "U1", "C1", "search"))
	does(l.Unack(at(42), "U1", "C1"))
	who("mail", "")
}

// TestAnAckOfBefore: events from before several products could be meant at once.
func TestAnAckOfBefore(t *testing.T) {
	i := FoldAll([]Event{{Seq: 1, Incident: "inc-1", Kind: Opened, Number: 1}, {Seq: 2, Incident: "inc-1", Kind: Acked, By: "U1", Product: "billing"}})
	if _, ok := i.LooksInto("U1", "billing"); !ok {
		t.Error("the acknowledgement is lost")
	}
}

// TestImpactOfAnIncident: from the first onset to the last end, of all that were hurt.
func TestImpactOfAnIncident(t *testing.T) {
	t0 := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	at := func(min int) time.Time { return t0.Add(time.Duration(min) * time.Minute) }
	level := func(min int, product, to string, onset, ended int) Event {
		e := Event{Incident: "inc-1", Kind: Level, Product: product, To: to, At: at(min)}
		if onset != 0 {
			e.Onset = at(onset)
		}
		if ended != 0 {
			e.Ended = at(ended)
		}
		return e
	}
	events := []Event{{Incident: "inc-1", Kind: Opened, Number: 1, At: at(5)}, level(5, "a", "degraded", 1, 0), level(6, "b", "outage", 2, 0), level(10, "b", "degraded", 2, 9), level(40, "b", "ok", 0, 30)}
	if began, ended, n := FoldAll(events).Impact(); !began.IsZero() || !ended.IsZero() || n != 0 {
		t.Errorf("while one goes on: %v to %v, %d", began, ended, n)
	}
	events = append(events, level(60, "a", "ok", 0, 50), level(61, "c", "unknown", 0, 0))
	if began, ended, n := FoldAll(events).Impact(); !began.Equal(at(1)) || !ended.Equal(at(50)) || n != 2 {
		t.Errorf("%v to %v, %d products; want 19:33 to 20:22, 2", began.Format(time.TimeOnly), ended.Format(time.TimeOnly), n)
	}
}

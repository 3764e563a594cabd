package bot_test

import (
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
)

// TestAMessageIsMarked: somebody has written what they did; another marks that
// message as an action tried, by its menu.
func TestAMessageIsMarked(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	an, be := l.As("ana").Channel(channel), l.As("ben").Channel(channel)
	l.pass(10*time.Minute, nil)
	_, err := l.c.Reply(limit(t), channel, "ben", "", "restarted lb-3, <!here>", false)
	check(t, err)
	an.Sees("restarted lb-3").Shortcut("mark")
	l.As("ana").Modal("Mark an action").Says("What was done?").Submit()
	an.Sees("This channel has no incident now")

	l.pass(5*time.Minute, publishtest.Third("pay"))
	an.Type("/status start").Ephemeral("every 5 min")
	be.Sees("restarted lb-3").Shortcut("mark")
	l.As("ben").Modal("Mark an action").Submit() // with the message's words
	be.Sees("Marked: “restarted lb-3, ")
	marks := l.journal.Events(incident.Mark)
	if len(marks) != 1 || marks[0].By != ben || marks[0].Text[:14] != "restarted lb-3" {
		t.Errorf("marks %+v", marks)
	}
	an.Type("/status timeline").Ephemeral("ben marked #1 “restarted lb-3, ")
}

// TestReactionsOnAnUpdate change the interval as the buttons do, and mean
// nothing elsewhere.
func TestReactionsOnAnUpdate(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	an := l.As("ana").Channel(channel)
	l.pass(10*time.Minute, nil)
	an.Type("/status start Log-ins").Ephemeral("every 5 min")
	l.look()
	update := an.Sees("Impact update #1")
	l.delivered(t, channelID, publish.UpdatesKey("inc-1")) // and the bot knows where: a moment after a person may see it
	_, err := l.c.Reply(limit(t), channel, "ben", "", "good night", false)
	check(t, err)
	an.Sees("good night").React("zzz")
	update.React("eyes")
	update.React("zzz")
	an.Sees("Updates come to this channel every 10 min.")
	update.React("fast_forward")
	an.Sees("Updates come to this channel every 5 min.")
	var said []time.Duration
	for _, e := range l.journal.Events(incident.Cadence) {
		if e.By != ana || e.Name != "ana" { // of whom Slack says the id alone, and the name when it is asked
			t.Errorf("by %q, called %q, want ana", e.By, e.Name)
		}
		said = append(said, e.Every)
	}
	if !slices.Equal(said, []time.Duration{10 * time.Minute, 5 * time.Minute}) {
		t.Errorf("cadences %v, want one step there and back", said)
	}
}

// TestAMarkOfEarlierIsCorrectedAndWithdrawn: at a time, by who made it, and
// nothing is deleted.
func TestAMarkOfEarlierIsCorrectedAndWithdrawn(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	an, be := l.As("ana").Channel(channel), l.As("ben").Channel(channel)
	l.pass(10*time.Minute, publishtest.Third("pay"))
	an.Type("/status start").Ephemeral("every 5 min")
	l.pass(10*time.Minute, publishtest.Third("pay"))
	an.Type("/status mark 5 min ago restarted lb-3").Ephemeral("Marked: “restarted lb-3”, done ")
	marks := l.journal.Events(incident.Mark)
	if len(marks) != 1 || !marks[0].Done.Equal(l.now().Add(-5*time.Minute)) || len(marks[0].Products) != 1 {
		t.Fatalf("marks %+v", marks)
	}
	be.Type("/status unmark 1").Ephemeral("That mark is another person's.")
	be.Type("/status unmark").Ephemeral("There is no such mark of yours.")
	an.Type("/status correct restarted lb-4").Ephemeral("Corrected: it now says “restarted lb-4”.")
	an.Type("/status unmark").Ephemeral("Withdrawn: “restarted lb-4”.")
	an.Type("/status timeline").Ephemeral("marked #1 ~“restarted lb-3”~, done ").Says("corrected mark #1 to “restarted lb-4”").Says("withdrew mark #1")
	an.Type("/status stop").Ephemeral("Updates end")
	an.Type("/status mark restarted lb-5").Ephemeral("Marked: “restarted lb-5”.")
	if effects := l.journal.Events(incident.Effect); len(effects) != 0 {
		t.Errorf("the effect of what was withdrawn is told: %+v", effects)
	}
}

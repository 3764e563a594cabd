package format

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// What flaps is one sentence, however many do and whether or not they turn together.
func TestWhatFlapsIsOneSentence(t *testing.T) {
	begin := time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)
	flap := func(name string, down bool, lasts ...time.Duration) Flapping {
		f := Flapping{Product: status.ProductStatus{Product: status.Product{ID: name, Name: name}}, Flap: incident.Flap{Product: name, Down: down}}
		for i, d := range lasts {
			from := begin.Add(time.Duration(i*5) * time.Minute)
			f.Spells = append(f.Spells, incident.Spell{From: from, To: from.Add(d), Failed: &incident.Counts{Tries: 10, Failures: 6}})
		}
		return f
	}
	const s = time.Second
	mail, chat := flap("Mail", true, 60*s, 90*s, 180*s), flap("Chat", true, 30*s, 60*s, 60*s, 240*s)
	v := view{clock: clockOf(begin.Add(time.Hour), time.UTC), Snapshot: status.Snapshot{At: begin.Add(time.Hour), Products: make([]status.ProductStatus, 8)}}
	for _, c := range []struct {
		list []Flapping
		want string
	}{
		{nil, ""},
		{[]Flapping{mail}, "Mail flaps: mostly failing 3 times since 19:32 UTC, 1 min to 3 min each."},
		{[]Flapping{mail, chat}, "Mail and Chat flap: mostly failing 3 to 4 times since 19:32 UTC, 30 s to 4 min each."},
		{[]Flapping{mail, chat, flap("Maps", false, 60*s, 60*s, 60*s)}, "Mail, Chat and Maps flap: failing 3 to 4 times since 19:32 UTC, 30 s to 4 min each."},
		{[]Flapping{mail, mail, mail, chat}, "4 of 8 products flap: mostly failing 3 to 4 times since 19:32 UTC, 30 s to 4 min each."},
	} {
		if got := v.flapSentence(c.list); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

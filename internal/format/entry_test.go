package format

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestEntry: what somebody wrote down, as the thread of the incident tells it. It
// pings nobody, whatever the text has.
func TestEntry(t *testing.T) {
	at := time.Date(2026, 3, 2, 0, 15, 0, 0, time.UTC)
	mark := incident.Event{Kind: incident.Mark, At: at, By: "U1", Name: "Ana", Mark: 2, Text: "restarted lb-3", Seq: 2}
	gone := incident.Event{Kind: incident.Withdrawn, At: at, By: "U1", Name: "Ana", Mark: 2, Text: "restarted lb-3", Seq: 3}
	opened := incident.Event{Incident: "inc-1", Kind: incident.Opened, Number: 1, At: at, Seq: 1}
	for _, c := range []struct {
		log  []incident.Event
		want string
	}{
		{[]incident.Event{opened, {Kind: incident.Note, At: at, By: "U1", Name: "Ana", Text: "<!channel> <@U2> the vendor is on the call", Seq: 2}}, "Ana noted “&lt;!channel&gt; &lt;@U2&gt; the vendor is on the call”"},
		{[]incident.Event{opened, {Kind: incident.Note, At: at, By: "U1", Text: "x", Seq: 2}}, "somebody noted “x”"},
		{[]incident.Event{opened, mark}, "Ana marked #2 “restarted lb-3”"},
		{[]incident.Event{opened, mark, gone}, "Ana withdrew mark #2 “restarted lb-3”"},
	} {
		inc := incident.FoldAll(c.log)
		m := Entry(c.log[len(c.log)-1], inc, status.Snapshot{At: at})
		if m.Text != c.want || m.Blocks[0].Section != c.want {
			t.Errorf("got  %q\nwant %q", m.Text, c.want)
		}
	}
}

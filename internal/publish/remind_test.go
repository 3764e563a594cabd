package publish_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
)

// TestRemind: who began an incident is told once for each silence that nobody writes
// anything down, and is not while somebody does.
func TestRemind(t *testing.T) {
	var log incident.Log
	seq := uint64(0)
	add := func(e incident.Event) {
		seq++
		e.Incident, e.Seq = "inc-1", seq
		log = log.With(e)
	}
	rules := nightRules()
	rules.Places = nil
	step := func(after time.Duration) string {
		t.Helper()
		var said []string
		for _, d := range publish.Step(log, seen(night.Add(after), "billing=degraded lake=ok"), rules) {
			if add(d.Event); d.Event.Kind == incident.Reminded {
				for _, m := range d.First {
					said = append(said, m.Dest+" "+m.Key+" "+m.Message.Text)
				}
			}
		}
		return strings.Join(said, "|")
	}
	add(incident.Event{Kind: incident.Opened, Number: 1, At: night, By: ana, Title: "Log-ins <fail>", Channel: channelID, Every: 5 * time.Minute})
	if got := step(2 * time.Hour); got != "" {
		t.Errorf("off by default, and %s", got)
	}
	rules.RemindAfter = time.Hour
	for _, c := range []struct {
		after time.Duration
		kind  incident.Kind
		want  string
	}{
		{after: 59 * time.Minute},
		{after: 60 * time.Minute, want: ana + " remind/inc-1/" + unix(0) + " Incident 1 “Log-ins &lt;fail&gt;” in <#" + channelID + ">: nobody has marked or noted anything for an hour. " +
			"What was tried, what is known: `/statusbot mark TEXT` · `/statusbot note TEXT`, in that channel. I do not repeat this."},
		{after: 61 * time.Minute},
		{after: 5 * time.Hour}, // once
		{after: 5*time.Hour + time.Minute, kind: incident.Note},
		{after: 6 * time.Hour},
		{after: 6*time.Hour + time.Minute, want: ana + " remind/inc-1/" + unix(5*time.Hour+time.Minute) + " Incident 1"},
		{after: 7 * time.Hour, kind: incident.Acked},
		{after: 7*time.Hour + 30*time.Minute, kind: incident.Paused},
		{after: 9 * time.Hour},
		{after: 10 * time.Hour, kind: incident.Resumed},
		{after: 10*time.Hour + 10*time.Minute, want: ana + " remind/inc-1/" + unix(7*time.Hour) + " Incident 1"},
		{after: 11 * time.Hour, kind: incident.Resolved},
		{after: 13 * time.Hour},
	} {
		if c.kind != "" {
			add(incident.Event{Kind: c.kind, At: night.Add(c.after), By: ben, Text: "x", Product: "billing"})
			continue
		}
		if got := step(c.after); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
			t.Errorf("after %s: %q\nwant %q", c.after, got, c.want)
		}
	}
	log = incident.Log{}
	add(incident.Event{Kind: incident.Opened, Number: 1, At: night, Channel: channelID, Every: 5 * time.Minute})
	if got := step(9 * time.Hour); got != "" {
		t.Errorf("nobody began it, and %s", got)
	}
}

func unix(after time.Duration) string { return fmt.Sprint(night.Add(after).Unix()) }

package format

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// TestUpdatesWithinAMinuteHaveSeconds: "as of 09:44 · next 09:44" says nothing.
func TestUpdatesWithinAMinuteHaveSeconds(t *testing.T) {
	at := time.Date(2026, 3, 2, 19, 32, 20, 0, time.UTC)
	for every, want := range map[time.Duration]string{15 * time.Second: "{time_secs}|19:32:20 UTC>", time.Minute: "{time}|19:32 UTC>"} {
		m := Update(UpdateFacts{N: 3, Snapshot: status.Snapshot{At: at}, Incident: incident.Incident{Number: 1, OpenedAt: at.Add(-time.Minute), Every: every}, Next: at.Add(every)})
		if said := m.Blocks[0].Section; !strings.Contains(said, want) || strings.Count(said, "{time_secs}") != 2*one(every < time.Minute) {
			t.Errorf("every %s: want %q in %s", every, want, said)
		}
		if fast := strings.Contains(m.Text, "As of 19:32:20 UTC, next 19:32:35 UTC."); fast != (every < time.Minute) {
			t.Errorf("every %s: the notification has other times: %s", every, m.Text)
		}
	}
}

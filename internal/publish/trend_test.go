package publish_test

import (
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
)

// TestThePictureHasTheNumberOfEachMark: an action stands in the picture by the number that
// the text has for it; one that was withdrawn does not.
func TestThePictureHasTheNumberOfEachMark(t *testing.T) {
	f := newFault(t, 1, 30*time.Second)
	f.until(0.3, time.Hour, "Impact update #1")
	for n := range 3 {
		f.until(0.3, 2*time.Minute)
		_, err := f.ledger.Write(t.Context(), func(log incident.Log) (incident.Event, error) {
			return log.DoMark(f.at, incident.ToMark{By: "U1", Channel: channelID, Text: "restarted"})
		})
		check(t, err)
		if n == 1 {
			_, err := f.ledger.Write(t.Context(), func(log incident.Log) (incident.Event, error) {
				return log.DoWithdraw(f.at, "U1", channelID, 2)
			})
			check(t, err)
		}
	}
	f.at = f.at.Add(5 * time.Minute) // the next update is due
	rules := publish.Rules{Every: 5 * time.Minute, Pictures: true}
	var marks []int
	for _, d := range publish.Step(f.board.Log(), publish.Seen{Snapshot: f.board.Snapshot(f.at), Past: f.board}, rules) {
		if d.Event.Kind != incident.Update {
			continue
		}
		for _, m := range d.Then[0].Trend.Moments {
			if m.Mark > 0 {
				marks = append(marks, m.Mark)
			}
		}
	}
	if !slices.Equal(marks, []int{1, 3}) {
		t.Errorf("the picture has the marks %v, want 1 and 3", marks)
	}
}

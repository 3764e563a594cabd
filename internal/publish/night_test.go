package publish_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/status"
)

var update = flag.Bool("update", false, "write the golden files anew")

func nightFeeder() *publishtest.Feeder {
	return &publishtest.Feeder{Board: status.NewBoard(publishtest.NightCompany()), At: publishtest.NightBegins.Add(-publishtest.NightFrom)}
}

func nightRules() publish.Rules {
	return publish.Rules{Every: 5 * time.Minute, Places: []publish.Place{{Channel: channelID}}}
}

func golden(t *testing.T, file, got, want string) {
	t.Helper()
	if *update {
		check(t, os.WriteFile(filepath.Join("publishtest", file), []byte(got), 0o644))
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// TestTheNightByStepAlone: what is decided in the long night, or in the small form
// in its first three hours, folded as it is decided. Nothing is written and nobody told.
// The loop goes through all of it with people in it; the bot, the playback and
// `replay --render` are held against the same decisions in their own packages.
func TestTheNightByStepAlone(t *testing.T) {
	t.Parallel()
	f := nightFeeder()
	var events []incident.Event
	length := publishtest.NightLength
	if !*update {
		length = longtest.Of(3*time.Hour, length)
	}
	publishtest.Night(f, length, func(at time.Time) {
		for _, d := range publish.Step(f.Board.Log(), publish.Seen{Snapshot: f.Board.Snapshot(at), Past: f.Board}, nightRules()) {
			if d.Why == "" {
				t.Errorf("a decision without a reason: %+v", d.Event)
			}
			events = append(events, d.Event)
			d.Event.Seq = uint64(len(events))
			f.Board.ApplyEvent(d.Event)
		}
	})
	golden(t, "night.txt", publishtest.Lines(events), publishtest.NightEvents(false, length))
}

// TestTheNightByTheLoop writes down and hands over the same, with people in it
// and without.
func TestTheNightByTheLoop(t *testing.T) {
	t.Parallel()
	nights := map[string]bool{"night_marks.txt": true}
	length := 6 * time.Hour // with the first of the marks and what is said of it; replay reads the whole night
	if longtest.Of(false, true) || *update {
		nights["night.txt"] = false // which Step alone decides as well
		length = publishtest.NightLength
	}
	for file, marks := range nights {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			f, j := nightFeeder(), &publishtest.Journal{}
			ledger := &publish.Ledger{Board: f.Board, Append: j.Append}
			u := &publish.Updater{Board: f.Board, Ledger: ledger, Outbox: &publishtest.Outbox{}, Rules: nightRules}
			step := func(at time.Time) { check(t, u.Step(t.Context(), at)) }
			for _, m := range publishtest.NightMarks {
				if !marks || m.At > length {
					break
				}
				publishtest.Night(f, m.At, step)
				snap := f.Board.Snapshot(f.At)
				_, err := ledger.Write(t.Context(), func(log incident.Log) (incident.Event, error) {
					inc, _ := log.In(channelID)
					hurt, since := snap.Of(inc.Products).HurtNow()
					return log.DoMark(f.At, incident.ToMark{By: m.By, Channel: channelID, Text: m.Text, Products: hurt, Since: since})
				})
				check(t, err)
			}
			publishtest.Night(f, length, step)
			if !marks && *update {
				return // the one without the loop writes it
			}
			golden(t, file, publishtest.Lines(j.All()), publishtest.NightEvents(marks, length))
		})
	}
}

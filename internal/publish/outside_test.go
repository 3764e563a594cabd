package publish_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
)

// tell has another system tell something, now.
func (f *fault) tell(t incident.Telling) {
	f.t.Helper()
	_, err := f.ledger.Write(f.t.Context(), func(log incident.Log) (incident.Event, error) { return log.DoTell(f.at, t) })
	check(f.t, err)
}

// TestADeployIsAMarkByItself: one that was done while all was well stands in the first
// update as what was changed before; one that is done meanwhile is measured as what a
// person did: a rollback that helps, and a deploy that makes it worse. A deploy of
// what is not hurt takes nothing from another's measurement.
func TestADeployIsAMarkByItself(t *testing.T) {
	f := newFault(t, 1, 30*time.Second)
	f.tell(incident.Telling{From: "github", Text: "deployed acme/shop v2 <!channel>", Key: "1", Change: true, At: f.at.Add(-10 * time.Minute)})
	f.tell(incident.Telling{From: "alertmanager", Text: "alert HighErrors fires", Key: "2", At: f.at})
	f.until(0.3, time.Hour, "Impact update #1")
	update := f.update()
	for _, want := range []string{"Changed before it: ", "“deployed acme/shop v2 &lt;!channel&gt;” (github), ", " before this incident began"} {
		if !strings.Contains(update, want) {
			t.Errorf("no %q in the update:\n%s", want, update)
		}
	}
	f.until(0.3, 8*time.Minute)
	f.tell(incident.Telling{From: "argocd", Text: "synced shop back to v1", Key: "3", Change: true, At: f.at})
	f.tell(incident.Telling{From: "github", Text: "deployed acme/lake", Key: "4", Change: true, At: f.at.Add(time.Second), Products: []string{"p19"}})
	f.until(0.02, 2*time.Minute)
	f.tell(incident.Telling{From: "github", Text: "deployed acme/lake again", Key: "5", Change: true, At: f.at, Products: []string{"p19"}})
	f.until(0.02, 20*time.Minute)
	f.tell(incident.Telling{From: "github", Text: "deployed acme/shop v3", Key: "6", Change: true, At: f.at, Products: []string{"p00", "p01", "p02"}})
	f.until(0.6, 20*time.Minute)
	var got []string
	for _, e := range f.journal.Of("inc-1") {
		switch e.Kind {
		case incident.Note:
			got = append(got, "note "+e.Text)
		case incident.Mark:
			got = append(got, "mark "+e.Text+hurtOf(e))
		case incident.Effect:
			got = append(got, "  effect of "+mark(f.board.Log(), e.Mark).Text+": "+e.Verdicts[0].Verdict)
		}
	}
	want := []string{"mark deployed acme/shop v2 <!channel>", "note alert HighErrors fires", "mark synced shop back to v1, hurt", "mark deployed acme/lake",
		"mark deployed acme/lake again", "  effect of synced shop back to v1: helped", "mark deployed acme/shop v3, hurt", "  effect of deployed acme/shop v3: worse since"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func hurtOf(e incident.Event) string {
	if len(e.Products) > 0 {
		return ", hurt"
	}
	return ""
}

func mark(log incident.Log, n int) incident.Marked {
	inc, _ := log.Find("inc-1")
	return inc.Marks[n-1]
}

// update is the whole text of the newest update that is due now.
func (f *fault) update() string {
	f.t.Helper()
	rules := publish.Rules{Every: 5 * time.Minute}
	at := f.at.Add(5 * time.Minute)
	for _, d := range publish.Step(f.board.Log(), publish.Seen{Snapshot: f.board.Snapshot(at), Past: f.board}, rules) {
		if d.Event.Kind == incident.Update {
			all := d.Then[0].Message.Text
			for _, b := range d.Then[0].Message.Blocks {
				all += "\n" + b.Section + b.Context
			}
			return all
		}
	}
	f.t.Fatal("no update is due")
	return ""
}

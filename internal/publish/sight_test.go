package publish_test

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/status"
)

// withControls is a drill of a company with two control checks.
func withControls(t *testing.T) *drill {
	d := newDrill(t)
	def := publishtest.Acme()
	for _, id := range []string{"gateway", "resolver"} {
		def.Controls = append(def.Controls, checks.Check{ID: id, Kind: "tcp", Every: 10 * time.Second, Timeout: time.Second, Control: true})
	}
	d.feeder.Board = status.NewBoard(def)
	d.ledger = &publish.Ledger{Board: d.feeder.Board, Append: d.journal.Append}
	d.starts()
	return d
}

// desk are the desk's events of the control checks, in a line each.
func (d *drill) desk() string {
	var out []string
	for _, e := range d.journal.Of(incident.DeskID) {
		out = append(out, string(e.Kind)+": "+e.Why)
	}
	return strings.Join(out, "\n")
}

// TestOurOwnNetworkFails: everything fails together, the control checks too. No
// incident is opened, not even when all answers again, and it is written down
// once that we were blind.
func TestOurOwnNetworkFails(t *testing.T) {
	d := withControls(t)
	all := publishtest.Always("pay", "ledger", "query", "gateway", "resolver")
	d.pass(300, nil)
	d.want("our network is gone", d.pass(300, all), "")
	d.want("it is back", d.pass(1800, nil), "")
	if got := d.open(); got != nil {
		t.Errorf("open incidents %v", got)
	}
	const want = "blind: 2 of 2 control checks fail (gateway, resolver): connection reset by peer; it may be us, so what begins meanwhile opens no incident\n" +
		"sees: the control checks pass again"
	if got := d.desk(); got != want {
		t.Errorf("desk:\n%s\nwant\n%s", got, want)
	}
}

// TestOneControlCheckFails is that check's own trouble: an incident is opened as
// ever.
func TestOneControlCheckFails(t *testing.T) {
	d := withControls(t)
	d.pass(300, nil)
	d.want("a product fails, and one control check", d.pass(30, publishtest.Always("query", "gateway")), "#1, #2 edits #1")
	if d.desk() != "" {
		t.Errorf("desk: %s", d.desk())
	}
	d.says("inc-1", "Impact update #")
}

// TestRealTroubleBehindABlindTime: what still fails once we see again is told.
func TestRealTroubleBehindABlindTime(t *testing.T) {
	d := withControls(t)
	d.pass(300, nil)
	d.want("our network is gone", d.pass(300, publishtest.Always("pay", "ledger", "query", "gateway", "resolver")), "")
	d.want("it is back, and nobody knows what is left", d.pass(60, publishtest.Always("query")), "")
	if d.pass(240, publishtest.Always("query")) == "" || len(d.open()) != 1 {
		t.Fatalf("a product that goes on failing is not told; open: %v, desk: %s", d.open(), d.desk())
	}
	d.says("inc-1", "Data Lake")
}

// TestBlindInAnIncident: the figures of an open incident are told with the word
// that they may be ours, at once, and once that we see again.
func TestBlindInAnIncident(t *testing.T) {
	d := withControls(t)
	d.pass(300, nil)
	d.pass(60, publishtest.Always("query"))
	n := d.told
	all := publishtest.Always("pay", "ledger", "query", "gateway", "resolver")
	for d.pass(1, all); d.desk() == ""; d.pass(1, all) {
		if d.feeder.At.After(night.Add(time.Hour)) {
			t.Fatal("an hour without sight is not noticed")
		}
	}
	const blind = "We cannot see, so failures below may be ours: 2 of 2 control checks fail since "
	if text := d.newest("inc-1").Text; !strings.HasPrefix(text, blind) {
		t.Errorf("the update that follows at once: %s", text)
	}
	if d.told == n {
		t.Error("no update follows at once")
	}
	d.pass(400, all)
	if text := d.newest("inc-1").Text; !strings.HasPrefix(text, blind) {
		t.Errorf("an update of the blind time: %s", text)
	}
	failing := publishtest.Always("query")
	for d.pass(1, failing); !strings.Contains(d.desk(), "sees"); d.pass(1, failing) {
		if d.feeder.At.After(night.Add(time.Hour)) {
			t.Fatalf("that we see again is not noticed: %+v", d.feeder.Board.Blindness(d.feeder.At))
		}
	}
	const again = "We see again: the control checks pass. From "
	if text := d.newest("inc-1").Text; !strings.HasPrefix(text, again) {
		t.Errorf("the update that says so: %s", text)
	}
	d.pass(600, failing)
	if text := d.newest("inc-1").Text; !strings.HasPrefix(text, "Impact update #") {
		t.Errorf("it is said once: %s", text)
	}
	if got := strings.Count(d.desk(), "\n"); got != 1 {
		t.Errorf("desk: %s", d.desk())
	}
}

package format

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

func TestCheckTable(t *testing.T) {
	got := CheckTable([]checks.Result{
		{Product: "billing", Check: "pay", Outcome: checks.Fail, Reason: checks.ReasonTimeout, Duration: 3 * time.Second, Summary: "no answer\x1b[31m within 3 s",
			Evidence: &checks.Evidence{Screenshot: "/var/cache/shots/pay\x1b[31m.jpg"}},
		{Product: "zürich", Check: "ledger", Outcome: checks.Pass, Duration: 12 * time.Millisecond, Summary: "connected"},
		{Product: "mail", Check: "send", Outcome: checks.Unknown, Reason: checks.ReasonInternal, Duration: 300 * time.Microsecond},
	})
	want := `OUTCOME  PRODUCT  CHECK     TOOK  REASON    SUMMARY
fail     billing  pay        3 s  timeout   no answer[31m within 3 s
pass     zürich   ledger   12 ms  -         connected
unknown  mail     send    0.3 ms  internal
Screenshot of pay: /var/cache/shots/pay[31m.jpg
3 checks: 1 passed, 1 failed, 1 could not observe
`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("table (-want +got):\n%s", d)
	}
	if got, want := CheckTable(nil), "no check\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnswers(t *testing.T) {
	refusal := &incident.Refusal{Sentence: "No updates come to this channel now.", Next: "Change the interval with `every 5m`, or end them with `stop`."}
	two := []status.Product{{ID: "billing", Name: "Billing"}, {ID: "search", Name: "Search"}}
	for _, c := range []struct {
		m    Message
		want string
	}{
		{Refused(refusal, nil, "/statusbot"), "No updates come to this channel now. Change the interval with `/statusbot every 5m`, or end them with `/statusbot stop`."},
		{Refused(&incident.Refusal{Sentence: "{} is not muted.", Next: "See `maintenance`.", Of: []string{"billing", "search pay"}}, strings.ToUpper, "/status"), "BILLING, SEARCH PAY is not muted. See `/status maintenance`."},
		{NotUnderstood("/status", "biling", "billing", two), "I don't know `biling`. Did you mean `/status billing`? A product: Billing, Search · `/status help`"},
		{NotUnderstood("/status", "xyz", "", two), "I don't know `xyz`. A product: Billing, Search · `/status help`"},
		{NotUnderstood("/status", "xyz", "", nil), "I don't know `xyz`. No product is configured. · `/status help`"},
		{NoCheck("/status", two[0], "foo", "", []string{"pay", "ledger"}), "Billing has no check `foo`; it has `pay`, `ledger`. All of it: `/status billing`"},
		{NoCheck("/status", two[0], "pya", "pay", []string{"pay"}), "Billing has no check `pya`; it has `pay`. Did you mean `/status billing pay`? All of it: `/status billing`"},
		{NoCheck("/status", two[0], "foo", "", nil), "Billing has no check `foo`; it has none at all. All of it: `/status billing`"},
		{Choose("/status", "b", []Choice{{Product: two[0]}, {Product: two[1], Check: checks.Check{ID: "index"}}}), "`b` can be one of 2. Billing, Search: index."},
		{Greeting("/status", two), "Ask me how a product is: Billing, Search · all of them: `/status` · `/status help`"},
		{AskBack("/status", "stop", "billing", "billing"), "`/status stop` ends the updates of this whole channel; I do not know what `billing` is to mean with it. Nothing was changed. If you mean that: `/status stop` · to leave that product out of them: `/status mute billing for 2h REASON`"},
		{AskBack("/status", "stop", "it now", ""), "`/status stop` ends the updates of this whole channel; I do not know what `it now` is to mean with it. Nothing was changed. If you mean that: `/status stop`"},
		{Started(5*time.Minute, "/status"), "Updates now come to this channel every 5 min, the first one at once. Change the interval with `/status every 10m`, end them with `/status stop`."},
		{CadenceSet(time.Minute, "/status"), "Updates come to this channel every minute. Worsening is told at once all the same. Change it with `/status every 5m`."},
		{CadenceKept(time.Hour, false, "/status"), "Updates already come every hour, as rarely as can be. Worsening is told at once all the same. Change it with `/status every 5m`."},
		{CadenceKept(30*time.Second, true, "/status"), "Updates already come every 30 s, as often as can be. Worsening is told at once all the same. Change it with `/status every 5m`."},
		{Late(Message{}, Lateness{Due: time.Unix(0, 0), Now: time.Unix(660, 0), Why: "Slack did not answer", Until: time.Unix(660, 0)}), "11 min late (Slack did not answer 00:00-00:11 UTC)."},
		{Late(Message{}, Lateness{Due: time.Unix(0, 0), Now: time.Unix(40, 0)}), "40 s late."},
		{Overloaded(Message{Text: "All is well."}, Load{}), "All is well."},
		{Overloaded(Message{Text: "All is well."}, Load{Due: 60_000, Late: 1234, LeftOut: 12, Lost: 1}), "All is well. statusbot is overloaded: of 60,000 probes in the last minute 1,234 started late, 12 not made, 1 result lost. Figures may be older than usual."},
	} {
		if d := cmp.Diff(c.want, c.m.Text); d != "" {
			t.Errorf("text (-want +got):\n%s", d)
		}
	}
	for _, open := range []bool{true, false} {
		help := Help("/statusbot", open)
		if got := strings.Contains(help.Blocks[0].Section, "`/statusbot stop`"); got != open {
			t.Errorf("with updates %v, help offers stop: %v", open, got)
		}
	}
}

// What is shared is a copy: the person's own message keeps its buttons.
func TestSharedLeavesTheOriginal(t *testing.T) {
	m := Message{Text: "x", Blocks: []Block{{Section: "x"}, {Actions: []Action{{ID: ActionShare, Label: "s"}, {ID: ActionProduct, Label: "p"}, {ID: ActionRefresh, Label: "r"}}}}}
	s := Shared(m, "U1")
	var ids []string
	for _, a := range s.Blocks[len(s.Blocks)-1].Actions {
		ids = append(ids, a.ID)
	}
	if want := []string{ActionProduct}; !slices.Equal(ids, want) {
		t.Errorf("shared has %v, want %v", ids, want)
	}
	if got := len(m.Blocks[1].Actions); got != 3 || len(m.Blocks) != 2 {
		t.Errorf("the original has %d actions in %d blocks, want 3 in 2", got, len(m.Blocks))
	}
	if got, want := s.Blocks[1].Context, "Shared by U1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLimited(t *testing.T) {
	var m Message
	for range 80 {
		m.Blocks = append(m.Blocks, Block{Section: strings.Repeat("x", 500)})
	}
	m.Blocks = append(m.Blocks, Block{Actions: []Action{{ID: ActionSummary, Label: "Summary"}}})
	got := limited(m)
	if n := len(got.Blocks); n > maxBlocks || size(got.Blocks) > maxTotal || n < 20 {
		t.Errorf("%d blocks of %d units", n, size(got.Blocks))
	}
	if got.Blocks[len(got.Blocks)-1].Actions == nil {
		t.Error("the actions are gone")
	}
	if len(m.Blocks) != 81 || m.Blocks[79].Section == "" {
		t.Error("the original was changed")
	}
}

package format_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/sandbox/blockkit"
	"github.com/statusbot/statusbot/internal/status"
)

// proposals are all messages about proposed checks and the home, with s
// wherever something external can stand.
func proposals(s, user string) []format.Message {
	now := time.Date(2026, 11, 26, 9, 30, 0, 0, time.UTC)
	c := checks.Check{ID: s, Product: "billing", Kind: "http", Every: 30 * time.Second, Timeout: 10 * time.Second, Source: checks.Source{File: "Slack"},
		Added: &checks.Added{By: user, ByName: s, AcceptedBy: user, AcceptedByName: s, At: now}}
	p := format.ProposalFacts{Key: "K", Check: c, Product: s, Options: "url: " + s + "\ncontains:\n  - " + s, By: user, ByName: s, At: now,
		Seen: checks.Result{Check: s, Started: now, Duration: 120 * time.Millisecond, Outcome: checks.Pass, Summary: s, Evidence: &checks.Evidence{Output: s, Remote: s}}}
	blind := p
	blind.Seen.Outcome, blind.Seen.Reason = checks.Unknown, checks.ReasonInternal
	decided := p
	decided.Decided, decided.DecidedName = user, s
	def := status.Definition{Company: "Acme", Products: []status.Product{{ID: "billing", Name: s, Owner: s}, {ID: "bare", Name: s, Owner: s}}, Checks: []checks.Check{c}}
	snap := status.NewBoard(def).Snapshot(now)
	inc := incident.Incident{ID: "inc-1", Number: 1, Title: s, Channel: "C0INCIDENT", OpenedAt: now.Add(-time.Hour), LastUpdate: incident.Event{N: 3, At: now.Add(-time.Minute)}}
	can := format.Can{Groups: []string{"@oncall"}}
	return []format.Message{
		format.OpenForm(""), format.DryRun(p, nil, now), format.DryRun(blind, nil, now), format.ForApproval(p, false, nil, now), format.ForApproval(decided, true, nil, now),
		format.ForApproval(decided, false, nil, now), format.ProposedTo([]string{"C0INCIDENT", user}, can), format.NoApprovers(), format.ProposalGone(), format.OwnProposal(),
		format.NoLongerFits(s, s), format.Decision(s, true, "/status"), format.Decision(s, false, "/status"), format.TooManyAdded(200), format.Removed(s),
		format.NotAdded(s, "checks.d/billing.yaml:3", []string{s}), format.NotAdded(s, "", nil), format.Export("checks:\n  - id: "+s+"\n", 1, "/status"), format.Export("", 0, "/status"),
		format.Sources(snap, def, true), format.Home(format.HomeFacts{Snapshot: snap, Watches: true, Adds: true}),
		format.Home(format.HomeFacts{Snapshot: snap, Watches: true, Watched: []string{"billing"}, Open: []format.OpenIncident{{Incident: inc, Link: "https://acme.slack.com/archives/C0INCIDENT/p1"}}}),
		format.AtHome(format.Summary(format.SummaryFacts{Snapshot: snap, Command: "/status"}), "summary"), format.Alone(format.Summary(format.SummaryFacts{Snapshot: snap, Command: "/status"})),
	}
}

// TestProposalMessages compares every text with testdata/proposals.golden. To
// accept a change: go test ./internal/format -run TestProposalMessages -update.
func TestProposalMessages(t *testing.T) {
	const file = "testdata/proposals.golden"
	var all strings.Builder
	for _, m := range proposals("card-payment", "U0ANA0001") {
		valid(t, m)
		all.WriteString(show(m) + "----\n")
	}
	form, err := json.MarshalIndent(billingForm().InputsJSON(), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	all.WriteString(string(form) + "\n")
	if *update {
		if err := os.WriteFile(file, []byte(all.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), all.String()); d != "" {
		t.Errorf("messages (-want +got):\n%s", d)
	}
}

// theHTTPKind is the kind http as the form shows it.
var theHTTPKind = format.CheckKind{
	Name:    "http",
	Summary: "A request is answered in time with the expected status and content.",
	Example: "{url: https://pay.example.com/health, contains: [ok], degraded_over: 800ms}",
}

func billingForm() format.Form {
	return format.ProposeCheck([]status.Product{{ID: "billing", Name: "Billing"}}, []format.CheckKind{theHTTPKind}, "http", "billing", "C0INCIDENT")
}

// TestHostileProposals: whatever is proposed, nothing in it is alive, and
// Slack takes the message.
func TestHostileProposals(t *testing.T) {
	for _, s := range hostile {
		for _, m := range proposals(s, s) {
			valid(t, m)
			inert(t, strings.NewReplacer("<#C0INCIDENT>", "", "<https://acme.slack.com/archives/C0INCIDENT/p1|the update>", "").Replace(show(m)), s)
		}
	}
}

// TestAFormThatSlackTakes, with more products than a menu holds and with texts
// that nobody expects. (Every kind's own texts: TestEveryKindHasAForm in bot.)
func TestAFormThatSlackTakes(t *testing.T) {
	all := []format.CheckKind{theHTTPKind}
	for i, s := range hostile {
		all = append(all, format.CheckKind{Name: fmt.Sprint("kind", i), Summary: s, Example: s})
	}
	many := make([]status.Product, 150)
	for i := range many {
		many[i] = status.Product{ID: strings.Repeat("p", i%70+1), Name: hostile[i%len(hostile)]}
	}
	forms := map[string]format.Form{"mark": format.MarkForm("C1 /status", "", 0), "mark a long message": format.MarkForm("C1 /status", strings.Repeat(hostile[0]+" restarted lb-3\n", 400), 0)}
	for _, products := range [][]status.Product{nil, many[:90], many} {
		for _, k := range all {
			f := format.ProposeCheck(products, all, k.Name, "", "C1")
			f.Fill(map[string]string{"id": "card", "options": "url: x"})
			forms[fmt.Sprintf("%s of %d products", k.Name, len(products))] = f
		}
	}
	for name, f := range forms {
		view, err := json.Marshal(map[string]any{"type": "modal", "callback_id": f.ID, "title": map[string]any{"type": "plain_text", "text": f.Title},
			"submit": map[string]any{"type": "plain_text", "text": f.Submit}, "private_metadata": f.Metadata, "blocks": f.InputsJSON()})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range blockkit.ValidateView(view) {
			t.Errorf("%s: Slack would refuse the form: %s", name, p)
		}
	}
}

package bot_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/checks"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/blockkit"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
	"github.com/statusbot/statusbot/internal/status"
)

// keeper keeps added checks as the journal does, and runs them on the board.
type keeper struct {
	h     *house
	mu    sync.Mutex
	kept  bot.Proposals
	fails error
}

// shownKind is a kind as the form shows it.
func shownKind(name string) format.CheckKind {
	kind, _ := kinds.Lookup(name)
	return format.CheckKind{Name: kind.Name, Summary: kind.Summary, Example: kind.Example}
}

// adds makes a house in which checks can be added: id, product and interval
// are judged, and the options are an address that http asks. strict is as of
// checks that really come from Slack.
func (h *house) adds(strict bool) *keeper {
	k := &keeper{h: h}
	kind, _ := kinds.Lookup("http")
	h.adding = &bot.Adding{Kinds: []format.CheckKind{shownKind("http"), shownKind("tcp")}, Try: try, Change: k.change,
		Kept: func(context.Context) (bot.Proposals, error) { k.mu.Lock(); defer k.mu.Unlock(); return k.kept, k.fails },
		YAML: func(list []checks.Proposal) (string, error) {
			text := "checks:\n"
			for _, p := range list {
				text += "  - id: " + p.ID + "\n"
			}
			return text, nil
		},
		Read: func(p checks.Proposal) (checks.Check, map[string]string) {
			every, err := time.ParseDuration(p.Every)
			if err != nil {
				return checks.Check{}, map[string]string{"every": "Not a time."}
			}
			for _, c := range h.feeder.Board.Definition().Checks {
				if c.ID == p.ID {
					return checks.Check{}, map[string]string{"id": `"` + p.ID + `" is taken.`}
				}
			}
			o := kind.Options()
			address := strings.TrimSpace(p.Options)
			if _, quoted, ok := strings.Cut(address, `url: "`); ok { // as an address suggests it
				address, _, _ = strings.Cut(quoted, `"`)
			}
			o.(*httpkind.Options).URL = address
			return checks.Check{ID: p.ID, Product: p.Product, Kind: p.Kind, Every: every, Timeout: every, Options: o, Strict: strict}, nil
		}}
	return k
}

func (k *keeper) change(_ context.Context, change func(*bot.Proposals) error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept := k.kept
	if k.fails != nil {
		return k.fails
	}
	if err := change(&kept); err != nil {
		return err
	}
	k.kept = kept
	def := publishtest.Acme()
	for _, p := range kept.Accepted {
		def.Checks = append(def.Checks, checks.Check{ID: p.ID, Product: p.Product, Kind: p.Kind, Every: time.Minute,
			Source: checks.Source{File: "Slack"}, Added: &checks.Added{By: p.By, ByName: p.ByName, AcceptedBy: p.AcceptedBy, AcceptedByName: p.AcceptedByName, At: p.AcceptedAt}})
	}
	k.h.feeder.Board.Redefine(def)
	return nil
}

func addHouse(t *testing.T, strict bool) (*house, *keeper, func(string) sandboxtest.Person) {
	t.Helper()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	k := h.adds(strict)
	h.feeder.Feed(300, nil)
	h.commands(t)
	h.poster(t)
	return h, k, sandboxtest.In(t, h.c).As
}

// TestACheckIsAdded is the whole way: form, dry run, approval by another,
// sources, export, removal.
func TestACheckIsAdded(t *testing.T) {
	t.Parallel()
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(target.Close)
	h, _, as := addHouse(t, false)
	anas, bens := as("ana"), as("ben")
	bens.Channel("general").Type("/status start Invoices for billing").Ephemeral("every 5 min")
	bens.Channel(channel).Type("/status start Queries for lake").Ephemeral("every 5 min")

	anas.Channel(channel).Type("/status add billing")
	form := anas.Modal("Propose a check")
	form.Fill("Id", "pay").Fill("How often", "20s").Fill("What it does, as YAML", target.URL).Refused("Id", `"pay" is taken.`)
	form.Fill("How often", "soon").Refused("How often", "Not a time.")
	form.Fill("Id", "card").Fill("How often", "20s").Submit()
	anas.NoModal()
	run := anas.Channel(channel).Sees("Dry run of card for Billing: passed in", target.URL, "Only you see this")
	if !run.Message.Ephemeral {
		t.Error("the dry run is not for the proposer alone")
	}
	run.Click("Propose to the approvers")
	anas.Channel(channel).Sees("The check is proposed in")
	asked := bens.Channel(channel).Sees("ana proposes the check card for Billing.", "Dry run: passed in")

	anas.Channel(channel).Sees("proposes the check card").Click("Accept")
	anas.Channel(channel).Sees("Somebody else has to accept")
	if _, ok := h.feeder.Board.Drill(time.Now(), "billing"); !ok || len(h.feeder.Board.Definition().Checks) != 3 {
		t.Error("it runs before it was accepted")
	}
	asked.Click("Accept")
	bens.Channel(channel).Sees("The check card runs now.")
	asked.Says("ben accepted the check card for Billing, proposed by ana. It runs now.")
	bens.Channel(channel).Type("/status sources").Ephemeral("Slack (added by ana 20", "accepted by ben")
	bens.Channel(channel).Type("/status billing card").Ephemeral("added by ana 20", "accepted by ben")
	bens.Channel(channel).Type("/status export").Ephemeral("1 added check, as a file", "  - id: card")
	bens.Channel(channel).Type("/status remove pay").Ephemeral("The check `pay` is in `checks.d/billing.yaml:3`", "Added here: `card`")
	bens.Channel(channel).Type("/status remove card").Ephemeral("The check card no longer runs.")
	bens.Channel(channel).Type("/status export").Ephemeral("nothing to export")
	bens.Channel(channel).Type("/status remove card").Ephemeral("No check `card` was added here.")
	bens.Channel("general").Type("/status timeline").Ephemeral("ben accepted the check Billing `card`, proposed by ",
		"ben removed the check Billing `card`, which was added here")
	// The other incident is not about it.
	if n := len(h.journal.Of("inc-2")); n != 1 {
		t.Errorf("%d events of the other incident, want its opening alone", n)
	}
}

// TestADryRunIsStrict: what is proposed reaches nothing of the company's own
// network, and then nobody is asked to accept it. The form comes back filled.
func TestADryRunIsStrict(t *testing.T) {
	t.Parallel()
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the loopback address was asked") }))
	t.Cleanup(target.Close)
	_, _, as := addHouse(t, true)
	anas := as("ana")
	anas.Channel(channel).Type("/status add billing")
	anas.Modal("Propose a check").Fill("Id", "card").Fill("What it does, as YAML", target.URL).Submit()
	run := anas.Channel(channel).Sees("Dry run of card for Billing: could not observe", "refuses to connect to 127.0.0.1: loopback addresses are not probed")
	if strings.Contains(string(run.Message.Blocks), "Propose to the approvers") {
		t.Error("it can be proposed all the same")
	}
	run.Click("Try again")
	anas.Modal("Propose a check").Says("Billing").Submit() // as it was
	anas.Channel(channel).Sees("Dry run of card for Billing: could not observe")
}

// TestAnotherKindIsExplained: choosing a kind shows its example, and keeps
// what was typed.
func TestAnotherKindIsExplained(t *testing.T) {
	t.Parallel()
	h, _, as := addHouse(t, true)
	anas := as("ana")
	mentioned := anas.Channel(channel).Type("@statusbot add").Ephemeral("A check is proposed in a form.")
	mentioned.Click("Propose a check")
	form := anas.Modal("Propose a check").Says("https://pay.example.com/health")
	typed := map[string]string{"id.value": "card", "product.value": "billing"}
	a, err := h.c.ViewAction(limit(t), "ana", form.View.ID, "proposal_kind", "tcp", typed)
	check(t, err)
	if a.Error != "" {
		t.Fatalf("%+v", a)
	}
	form.Says("cache.example.com:6379", "A connection can be made")
}

// TestAProposalIsDeclined, and then its buttons are dead.
func TestAProposalIsDeclined(t *testing.T) {
	t.Parallel()
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(target.Close)
	h, k, as := addHouse(t, false)
	anas, bens := as("ana"), as("ben")
	anas.Channel(channel).Type("/status add billing")
	anas.Modal("Propose a check").Fill("Id", "card").Fill("What it does, as YAML", target.URL).Submit()
	anas.Channel(channel).Sees("Dry run of card for Billing: failed in", "502").Click("Propose to the approvers")
	asked := bens.Channel(channel).Sees("proposes the check card")
	asked.Click("Decline")
	bens.Channel(channel).Sees("The check card is declined.")
	asked.Says("ben declined the check card")
	// No incident is open: it is in the log all the same.
	if got := h.journal.Events(incident.Declined); len(got) != 1 || got[0].Incident != incident.DeskID || got[0].By != ben || got[0].Proposer != ana || got[0].Check != "card" {
		t.Errorf("declined: %+v", got)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.kept.Open)+len(k.kept.Accepted) > 0 {
		t.Errorf("%+v is kept", k.kept)
	}
}

// TestHostileProposal: what is typed into the form pings nobody.
func TestHostileProposal(t *testing.T) {
	t.Parallel()
	_, _, as := addHouse(t, false)
	anas := as("ana")
	anas.Channel(channel).Type("/status add billing")
	anas.Modal("Propose a check").Fill("Id", "card<!channel>").Fill("What it does, as YAML", "http://127.0.0.1:1/```<!here> @channel <@U0BEN0001>").Submit()
	m := anas.Channel(channel).Sees("Dry run of card").Message
	if said := shows(m.Text, m.Blocks); contains(said, "<!here>") || contains(said, "<!channel>") || contains(said, "<@U0BEN0001>") {
		t.Errorf("a ping is alive: %s", said)
	}
}

// try probes a check once.
func try(ctx context.Context, c checks.Check) (checks.Result, bool, error) {
	compiled, err := kinds.Compile(&c)
	if err != nil {
		return checks.Result{}, false, err
	}
	r, ok := compiled.Run(ctx)
	return r, ok, nil
}

// TestAPastedAddressIsEnough: product, id, kind and options are in the form.
func TestAPastedAddressIsEnough(t *testing.T) {
	t.Parallel()
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(target.Close)
	_, _, as := addHouse(t, false)
	anas := as("ana")
	anas.Channel(channel).Type("/status add " + target.URL + "/health billing")
	anas.Modal("Propose a check").Submit()
	anas.Channel(channel).Sees("Dry run of 127-0-0-1-health for Billing: passed")
	// In words the same, by the button.
	anas.Channel(channel).Type("@statusbot add " + target.URL + "/ready billing").Ephemeral("A check is proposed in a form.").Click("Propose a check")
	anas.Modal("Propose a check").Submit()
	anas.Channel(channel).Sees("Dry run of 127-0-0-1-ready for Billing: passed")
}

// TestWhatCannotBeProposedIsSaid: no form opens with half of what was typed.
func TestWhatCannotBeProposedIsSaid(t *testing.T) {
	t.Parallel()
	h, _, as := addHouse(t, false)
	for text, want := range map[string]string{
		"https://u:hunter2-hunter2@shop.example.com billing":                           "a password or a token in it",
		"https://shop.example.com?token=ghp_" + strings.Repeat("aB3", 12) + " billing": "a password or a token in it",
		"https://a.example https://b.example billing":                                  "`/status add https://a.example`",
		"ftp://files.example.com billing":                                              "`ftp://` cannot be proposed",
		"tcp://db.example.com billing":                                                 "`/status add tcp://db.example.com:1234`",
		"https://a.example foo":                                                        "`foo` is no product",
		"foo":                                                                          "`foo` is no product",
		"https://a.example billing and lake":                                           "`/status add https://a.example billing` · `/status add https://a.example lake`",
	} {
		a := h.types(t, "ana", "/status add "+text)
		says(t, a, want)
		if a.Reply != nil && strings.Contains(shows(a.Reply.Text, a.Reply.Blocks), "hunter2") {
			t.Errorf("the password is repeated: %s", a.Reply.Text)
		}
	}
	anas := as("ana")
	anas.NoModal()
	target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(target.Close)
	anas.Channel(channel).Type("/status add <" + target.URL + "/paid|" + strings.TrimPrefix(target.URL, "http://") + "/paid> for billing please")
	anas.Modal("Propose a check").Submit()
	anas.Channel(channel).Sees("Dry run of 127-0-0-1-paid for Billing: passed")
}

// TestEveryKindHasAForm that Slack takes.
func TestEveryKindHasAForm(t *testing.T) {
	t.Parallel()
	var all []format.CheckKind
	for _, name := range kinds.Names() {
		all = append(all, shownKind(name))
	}
	for _, k := range all {
		f := format.ProposeCheck([]status.Product{{ID: "billing", Name: "Billing"}}, all, k.Name, "billing", "C1")
		f.Fill(map[string]string{"id": "card", "options": k.Example})
		text := func(s string) map[string]string { return map[string]string{"type": "plain_text", "text": s} }
		view, err := json.Marshal(map[string]any{"type": "modal", "callback_id": f.ID, "title": text(f.Title), "submit": text(f.Submit), "private_metadata": f.Metadata, "blocks": f.InputsJSON()})
		check(t, err)
		for _, p := range blockkit.ValidateView(view) {
			t.Errorf("%s: Slack would refuse the form: %s", k.Name, p)
		}
	}
}

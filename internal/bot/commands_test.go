package bot_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/status"
)

func TestEveryCommand(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, publishtest.Tenth("pay")) // billing is degraded: 30 of 600
	h.commands(t)
	for _, tt := range []struct {
		text string
		want []string
	}{
		{"/status", []string{"Billing fails 5.0 % of tries (29 of 580)", "Payroll", "`/status start`"}},
		{"/statusbot", []string{"Billing fails ", "`/statusbot start`"}},
		{"/status billing", []string{"Billing", "pay", "ledger", "connection reset by peer", "Owner: payments"}},
		{"/status BILLING", []string{"Billing", "29 of 580"}},
		{"/status data lake", []string{"Data Lake", "query"}},
		{"/status “Data\u00a0Lake”", []string{"Data Lake", "query"}},
		{"/status payroll", []string{"Payroll"}},
		{"/status billing pay", []string{"pay", "29 of 290", "connection reset by peer"}},
		{"/status Data Lake query", []string{"query", "0 of 300"}},
		{"/status pay", []string{"pay", "29 of 290"}},
		{"/status biling", []string{"Billing"}},
		{"/status bilng", []string{"`bilng`", "`/status billing`"}},
		{"/statusbot hlep", []string{"`/statusbot help`"}},
		{"/status lake pay", []string{"Data Lake has no check `pay`; it has `query`."}},
		{"/status bill", []string{"Billing", "29 of 580"}},
		{"/status lake", []string{"Data Lake", "query"}},
		{"/status is billing ok?", []string{"Billing", "29 of 580"}},
		{"/status *billing*", []string{"Billing", "29 of 580"}},
		{"/status status billing", []string{"Billing", "29 of 580"}},
		{"/status hi", []string{"Ask me how a product is: Billing, Data Lake, Payroll"}},
		{"/status ls", []string{"3 products: Billing, Data Lake (`lake`), Payroll"}},
		{"/status is everything ok?", []string{"Billing fails "}},
		{"/status ?", []string{"`/status help all`"}},
		{"/status help all", []string{"`/status export`"}},
		{"/status timeline of today", []string{"`of today` was not read"}},
		{"/status xyzzy", []string{"I don't know `xyzzy`.", "Billing, Data Lake, Payroll", "`/status help`"}},
		{"/status help", []string{"`/status`", "`/status sources`", "`/status start TITLE`"}},
		{"/statusbot help", []string{"`/statusbot`", "`/statusbot sources`"}},
		{"/status cause", []string{"No component is declared", "sources"}},
		{"/status sources billing", []string{"checks.d/billing.yaml:3"}},
		{"/status sources", []string{"Payroll", "checks.d/billing.yaml", "payments"}},
		{"/status stop", []string{"No updates come to this channel now.", "`/status start`"}},
		{"/status every 10m", []string{"No updates come to this channel now."}},
		{"/status start Invoices <!channel>", []string{"every 5 min", "`/status stop`"}},
		{"/statusbot start", []string{"already come to this channel every 5 min", "`/statusbot every"}},
		{"/status help", []string{"`/status stop`", "`/status every 5m`"}},
		{"/status every 10 min", []string{"every 10 min"}},
		{"/status every 30s", []string{"every 1 min to 1 h", "`/status every 5m`"}},
		{"/status stop billing", []string{"ends the updates of this whole channel", "Nothing was changed", "`/status mute billing for 2h REASON`"}},
		{"/status less billing", []string{"Nothing was changed"}},
		{"/status every now and then", []string{"every 1 min to 1 h"}},
		{"/status", []string{"Updates come to this channel every 10 min"}},
		{"/status stop", []string{"`/status start`"}},
		{"/status stop", []string{"No updates come to this channel now."}},
	} {
		says(t, h.types(t, "ana", tt.text), tt.want...)
	}
	log := h.feeder.Board.Log()
	if len(log.Incidents) != 1 {
		t.Fatalf("%d incidents, want 1", len(log.Incidents))
	}
	i := log.Incidents[0]
	if i.OpenedBy != ana || i.EndedBy != ana || i.Channel != channelID || i.Title != "Invoices <!channel>" || i.Every != 10*time.Minute || i.Open() {
		t.Errorf("incident %+v", i)
	}
	others, err := h.c.Messages(limit(t), channel, "ben")
	check(t, err)
	if len(others) != 0 {
		t.Errorf("ben sees %d messages, want none: all answers were for ana", len(others))
	}
}

// TestWhatEndedLongAgoIsReadWhenAsked: of incidents that ended long ago only
// heads are at hand, after a restart too; what people ask is answered from the
// journal.
func TestWhatEndedLongAgoIsReadWhenAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Company(12, 24), sandbox.Config{NoRateLimit: true})
	end := time.Now().Add(-48 * time.Hour)
	hold := func(e incident.Event) {
		h.journal.Hold(e)
		h.feeder.Board.ApplyEvent(e)
	}
	seq := publishtest.Ended(12, 3, channelID, end, hold)
	hold(incident.Event{Incident: incident.DeskID, Seq: seq + 1, Kind: incident.Mute, At: end.Add(-time.Hour), Until: end.Add(-time.Minute), Channel: channelID, By: ana, Product: "product-001", Why: "moving"})
	for n := range uint64(1000) { // more than is at hand
		hold(incident.Event{Incident: incident.DeskID, Seq: seq + 2 + n, Kind: incident.Mute, At: end.Add(time.Hour), Until: end.Add(2 * time.Hour), Channel: generalID, By: ana, Product: "product-002", Why: "moving"})
	}
	_, err := h.ledger.Write(limit(t), func(log incident.Log) (incident.Event, error) {
		return log.Start(time.Now(), ana, generalID, "Invoices", time.Hour)
	})
	check(t, err)
	if log := h.feeder.Board.Log(); len(log.Incidents) != 1 {
		t.Fatalf("%d incidents are at hand as a whole, want the open one", len(log.Incidents))
	}
	h.commands(t)
	h.poster(t)
	says(t, h.types(t, "ana", "/status timeline"), "Timeline of incident 3, ended after 4 h.", "began updates every 5 min", "marked #1 “restarted edge-lb-2”", "effect of “restarted edge-lb-2” known: helped", "update #48 edited in place: the incident ended",
		"somebody muted Product 1 until ", "the mute of Product 1 ended by itself")
	says(t, h.types(t, "ana", "/status since 3d"), "somebody “restarted edge-lb-2”: helped", "Incident 3 ended ", "by statusbot")
	says(t, h.types(t, "ana", "/status since 1d"), "This channel has had no incident")
	says(t, h.types(t, "ana", "/status report 1"), "report of incident 1 is being written")
	h.sees(t, channel, "ana", "The report of incident 1 is in this channel")
	says(t, h.types(t, "ana", "/status stop"), "No updates come to this channel now")
}

// TestALostWriteIsSaid: what could not be written down did not happen.
func TestALostWriteIsSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.commands(t)
	h.journal.Break(errors.New("disk is full"))
	a := h.types(t, "ana", "/status start")
	says(t, a, "Nothing was changed")
	if strings.Contains(a.Reply.Text, "disk") {
		t.Errorf("the answer tells the operator's cause: %s", a.Reply.Text)
	}
	h.journal.Break(nil)
	says(t, h.types(t, "ana", "/status start"), "every 5 min")
	if n := len(h.journal.Events(incident.Opened)); n != 1 {
		t.Errorf("%d incidents were opened, want 1", n)
	}
}

// manyChecks is a product whose answer is too large for an acknowledgement:
// its names are of letters that take three bytes each.
func manyChecks() status.Definition {
	def := status.Definition{Company: "Acme", Products: []status.Product{{ID: "big", Name: "Big"}}}
	for i := range 60 {
		def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprintf("check-%02d", i), Product: "big", Kind: "http", Every: time.Minute})
	}
	return def
}

func TestALargeAnswerArrives(t *testing.T) {
	t.Parallel()
	for _, evidence := range []string{strings.Repeat("接続が切れました。", 20), strings.Repeat("<&>", 60), strings.Repeat("reset by peer ", 14)} {
		t.Run(evidence[:3], func(t *testing.T) {
			h := newHouse(t, manyChecks(), sandbox.Config{NoRateLimit: true})
			for i := range 10 {
				var batch []checks.Result
				for _, c := range h.feeder.Board.Definition().Checks {
					batch = append(batch, checks.Result{Check: c.ID, Product: c.Product, Started: time.Now().Add(time.Duration(i-20) * time.Second),
						Outcome: checks.Fail, Reason: checks.ReasonReset, Summary: evidence, Evidence: &checks.Evidence{Remote: "127.0.0.1:443", Output: evidence}})
				}
				h.feeder.Board.Apply(uint64(i+1), batch)
			}
			h.commands(t)
			a := h.types(t, "ana", "/status big")
			m := h.sees(t, channel, "ana", "check-00", "600")
			if !m.Ephemeral {
				t.Error("everybody sees it")
			}
			size := len(m.Blocks) + len(m.Text)
			log, err := h.c.Log(limit(t), 0, "response_url")
			check(t, err)
			if late := a.Reply == nil; late != (len(log) == 1) {
				t.Errorf("%d bytes: answered with the ack: %v, and %d times through the response_url", size, !late, len(log))
			}
		})
	}
}

// TestAnAnswerThatNoAckCanCarryArrives: with a hundred products of long names
// the menu alone is larger than Slack takes with an ack.
func TestAnAnswerThatNoAckCanCarryArrives(t *testing.T) {
	t.Parallel()
	def := status.Definition{Company: "Acme"}
	for i := range 100 {
		def.Products = append(def.Products, status.Product{ID: fmt.Sprintf("product-%02d", i), Name: fmt.Sprint(strings.Repeat("請求書", 12), i)})
	}
	h := newHouse(t, def, sandbox.Config{NoRateLimit: true})
	h.commands(t)
	if a := h.types(t, "ana", "/status"); a.Reply != nil {
		t.Fatalf("it came with the ack (%d bytes): this test needs a larger answer", len(a.Reply.Blocks))
	}
	m := h.sees(t, channel, "ana", "100 products")
	if size := len(m.Blocks) + len(m.Text); !m.Ephemeral || size < 20_000 {
		t.Errorf("ephemeral %v, %d bytes; want a large one for ana alone", m.Ephemeral, size)
	}
}

func TestAMentionIsAnsweredWhereItWasSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(300, nil)
	h.commands(t)
	ctx := limit(t)
	a, err := h.c.Command(ctx, channel, "ben", "@statusbot help")
	check(t, err)
	if !a.Acked {
		t.Fatalf("%+v, want it acked", a)
	}
	m := h.sees(t, channel, "ben", "`@statusbot sources`")
	if !m.Ephemeral || m.ThreadTS != "" {
		t.Errorf("ephemeral %v in thread %q, want it for ben alone in the channel", m.Ephemeral, m.ThreadTS)
	}
	a, err = h.c.Command(ctx, channel, "ben", "hey @statusbot Data Lake")
	check(t, err)
	if !a.Acked {
		t.Fatalf("%+v, want it acked", a)
	}
	list, err := h.c.Messages(ctx, channel, "ana")
	check(t, err)
	for _, m := range list {
		if m.BotID != "" {
			t.Errorf("ana sees %q", m.Text)
		}
	}
}

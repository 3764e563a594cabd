//go:build linux

package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/status"
)

// hurtChannel is incident-demo's id in the sandbox.
const hurtChannel = "C0INCIDENTDEMO"

// sixty are names as companies have them: a phone's width is filled by names.
var sixty = strings.Split("Billing,Search,Checkout,Mail,Reports,Mobile,Partners,Payroll,Data Lake,Wiki,Identity,Fraud Check,Customer Portal,Invoices,Ledger,Orders,Stock,Shipping,Returns,Pricing,"+
	"Promotions,Loyalty,Reviews,Images,Maps,Translations,Chat,Voice,Notifications,Calendar,Documents,Signatures,Archive,Exports,Imports,Webhooks,Public API,Sandbox API,Developer Portal,Admin Console,"+
	"Audit Log,Analytics,Forecasts,Experiments,Recommendations,Feed,Tickets,Status Page,Onboarding,Contracts,Tax,Currency,Cards,Bank Transfers,Wallet,Point of Sale,Warehouse,Fleet,Energy,Press Room", ",")

// hurtCompany has sixty products with three checks each; the first hurt of
// them go through edge-lb-2.
func hurtCompany(hurt int) status.Definition {
	def := status.Definition{Company: "Acme", Timezone: time.UTC, Normal: hurtBegins, Components: []status.Component{{ID: "edge-lb-1"}, {ID: "edge-lb-2"}, {ID: "auth"}}}
	for i, name := range sixty {
		id := strings.ToLower(strings.ReplaceAll(name, " ", "-"))
		def.Products = append(def.Products, status.Product{ID: id, Name: name, Owner: "team " + id, SaysDegraded: "Some requests need a second try", SaysOutage: "Nobody can use it"})
		edge := "edge-lb-1"
		if i < hurt {
			edge = "edge-lb-2"
		}
		for n, what := range []string{"page", "api", "login"} {
			c := checks.Check{ID: id + "-" + what, Product: id, Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second, Uses: []string{edge}, Source: checks.Source{File: "checks.d/" + id + ".yaml", Line: 3 + n}}
			if what == "login" {
				c.Uses = append(c.Uses, "auth")
			}
			def.Checks = append(def.Checks, c)
		}
	}
	return def
}

var hurtBegins = time.Date(2026, 3, 2, 19, 32, 0, 0, time.UTC)

// The story's instants, since hurtBegins: the shared part fails some requests,
// then more, somebody tries something, and then it is repaired.
const (
	hurtLearns  = -30 * time.Minute
	hurtMarks   = 20 * time.Minute
	hurtWorse   = 35 * time.Minute
	hurtRepairs = 55 * time.Minute
)

func hurtShare(at time.Duration) float64 {
	switch {
	case at < 0 || at >= hurtRepairs:
		return 0.001
	case at < hurtWorse:
		return 0.04
	}
	return 0.09
}

// hurtStory plays the story through the board and the decisions of the running
// bot, and keeps what the channel shows.
type hurtStory struct {
	board *status.Board
	hurt  map[string]bool // :: product id -> it goes through what fails
	at    time.Time
	seq   uint64
	shown format.Message // the newest that the channel was sent
	how   string         // why it was sent
	mode  incident.Mode
	told  func(publish.Telling) // sees every message as it is sent; nil: nobody does
}

func newHurtStory(hurt int) *hurtStory {
	s := &hurtStory{board: status.NewBoard(hurtCompany(hurt)), hurt: map[string]bool{}, at: hurtBegins.Add(hurtLearns)}
	for _, p := range s.board.Definition().Products[:hurt] {
		s.hurt[p.ID] = true
	}
	return s
}

// until goes on to an instant since hurtBegins.
func (s *hurtStory) until(at time.Duration) {
	list := s.board.Definition().Checks
	for ; s.at.Before(hurtBegins.Add(at)); s.at = s.at.Add(time.Second) {
		var batch []checks.Result
		for i, c := range list {
			if (s.at.Unix()+int64(i))%10 == 0 {
				batch = append(batch, s.result(c))
			}
		}
		s.seq++
		s.board.Apply(s.seq, batch)
		if s.at.Unix()%5 == 0 {
			s.decide(s.at.Add(time.Second))
		}
	}
}

func (s *hurtStory) result(c checks.Check) checks.Result {
	h := fnv.New64a()
	fmt.Fprint(h, c.ID)
	draw := rand.New(rand.NewPCG(uint64(s.at.Unix()), h.Sum64()))
	r := checks.Result{Check: c.ID, Product: c.Product, Started: s.at, Duration: time.Duration(40+draw.IntN(40)) * time.Millisecond, Outcome: checks.Pass}
	share := 0.001
	if s.hurt[c.Product] {
		share = hurtShare(s.at.Sub(hurtBegins))
	}
	if draw.Float64() < share {
		r.Outcome, r.Reason, r.Summary, r.Duration = checks.Fail, checks.ReasonTimeout, "no answer within 3 s (connect)", 3*time.Second
	}
	return r
}

func (s *hurtStory) decide(now time.Time) {
	rules := publish.Rules{Every: 5 * time.Minute, Places: []publish.Place{{Channel: hurtChannel}}, Delivery: incident.Rules{Mode: s.mode}}
	for _, d := range publish.Step(s.board.Log(), publish.Seen{Snapshot: s.board.Snapshot(now), Past: s.board}, rules) {
		s.apply(d.Event)
		for _, told := range append(d.First, d.Then...) {
			if s.told != nil {
				s.told(told)
			}
		}
		if d.Event.Kind != incident.Update {
			continue
		}
		for _, told := range d.Then {
			s.shown, s.how = told.Message, d.Why
		}
	}
}

func (s *hurtStory) apply(e incident.Event) {
	s.seq++
	e.Seq = s.seq
	s.board.ApplyEvent(e)
}

// mark is what somebody writes down as tried.
func (s *hurtStory) mark(t *testing.T, text string) {
	t.Helper()
	var hurt []string
	for _, p := range s.board.Definition().Products {
		if s.hurt[p.ID] {
			hurt = append(hurt, p.ID)
		}
	}
	e, err := s.board.Log().DoMark(s.at, incident.ToMark{By: "U0ANA0001", Channel: hurtChannel, Text: text, Products: hurt, Since: hurtBegins})
	if err != nil {
		t.Fatal(err)
	}
	s.apply(e)
}

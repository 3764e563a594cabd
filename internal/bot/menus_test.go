package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
	"github.com/statusbot/statusbot/internal/status"
)

// TestMoreProductsThanAMenuHolds: none of 140 is out of reach. The menu asks for
// what is typed, and all of them stand in one answer.
func TestMoreProductsThanAMenuHolds(t *testing.T) {
	t.Parallel()
	def := publishtest.Acme()
	for i := range 140 {
		def.Products = append(def.Products, status.Product{ID: fmt.Sprintf("p%03d", i), Name: fmt.Sprintf("Product %03d", i)})
	}
	h := newHouse(t, def, sandbox.Config{})
	h.feeder.Feed(60, nil)
	h.commands(t)
	m := h.answers(t, "ana", "/status")
	at := sandboxtest.Menu{User: "ana", Action: format.ActionProduct, Channel: channel, TS: m.TS}
	for query, want := range map[string]int{"product 13": 10, "": 100, "LAKE": 1, "nothing like it": 0} {
		got, err := h.c.Suggest(limit(t), at, query)
		check(t, err)
		if !got.OK || len(got.Options) != want {
			t.Errorf("%q: %+v, want %d options", query, got, want)
		}
	}
	h.uses(t, "ana", m, format.ActionProduct, "p139")
	h.sees(t, channel, "ana", "Product 139 is not measured")
	m = h.answers(t, "ben", "/status")
	h.uses(t, "ben", m, format.ActionAll, "")
	h.sees(t, channel, "ben", "Product 000", "Product 139 (no check)", "No failure in 10 min (180 tries): ", "Data Lake")
}

// TestMoreChecksThanAMenuHolds: likewise of the checks of one product, and of the
// products in the form of a proposal.
func TestMoreChecksThanAMenuHolds(t *testing.T) {
	t.Parallel()
	def := publishtest.Acme()
	for i := range 140 {
		def.Products = append(def.Products, status.Product{ID: fmt.Sprintf("p%03d", i), Name: fmt.Sprintf("Product %03d", i)})
		def.Checks = append(def.Checks, checks.Check{ID: fmt.Sprintf("step-%03d", i), Product: "billing", Kind: "http", Every: time.Minute})
	}
	h := newHouse(t, def, sandbox.Config{NoRateLimit: true})
	h.adds(false)
	h.feeder.Feed(60, nil)
	h.commands(t)
	m := h.answers(t, "ana", "/status billing")
	at := sandboxtest.Menu{User: "ana", Action: format.ActionCheck + "/billing", Channel: channel, TS: m.TS}
	for query, want := range map[string]int{"": 100, "STEP-13": 10, "pay": 1, "nothing like it": 0} {
		got, err := h.c.Suggest(limit(t), at, query)
		check(t, err)
		if !got.OK || len(got.Options) != want || (len(got.OptionGroups) > 0) != (query == "") {
			t.Errorf("%q: %+v, want %d options", query, got, want)
		}
	}
	h.uses(t, "ana", m, at.Action, "step-139")
	h.sees(t, channel, "ana", "step-139: ")

	anas := sandboxtest.In(t, h.c).As("ana")
	anas.Channel(channel).Type("/status add https://pay.example.com/health for p138")
	form := anas.Modal("Propose a check").Says("Product 138")
	in := sandboxtest.Menu{User: "ana", Action: format.ActionProduct, View: form.View.ID}
	got, err := h.c.Suggest(limit(t), in, "product 139")
	check(t, err)
	if len(got.Options) != 1 || len(got.Problems) > 0 {
		t.Errorf("in the form %+v, want one product", got)
	}
	a, err := h.c.Submit(limit(t), "ana", form.View.ID, map[string]string{"product": "p139", "id": "pay", "every": "20s", "options": "x"})
	check(t, err)
	if !a.Acked || !strings.Contains(fmt.Sprintf("%+v", a), "is taken") {
		t.Errorf("the product chosen is not the form's: %+v", a)
	}
}

package bot_test

import (
	"fmt"
	"testing"

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
	h.sees(t, channel, "ben", "Product 000", "Product 139 (no check)", "Data Lake 0/60")
}

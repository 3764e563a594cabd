//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/longtest"
)

// productsLike is what an app with 140 products offers in a menu.
func productsLike(query string) string {
	type text struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	type option struct {
		Text  text   `json:"text"`
		Value string `json:"value"`
	}
	options := []option{}
	for i := range 140 {
		if name := fmt.Sprintf("Product %03d", i); strings.Contains(name, query) && len(options) < 100 {
			options = append(options, option{text{"plain_text", name}, fmt.Sprintf("p%03d", i)})
		}
	}
	data, _ := json.Marshal(map[string]any{"options": options}) // of strings only
	return string(data)
}

// A menu of more products than Slack takes is searched on the page, by mouse
// and by keys; an overflow menu offers the rest.
func TestSearchInAMenuOnThePage(t *testing.T) {
	longtest.Only(t, "work of a browser")
	t.Parallel()
	program := needChromium(t)
	a, _ := startApp(t.Context(), t)
	a.calls("chat.postMessage", map[string]any{"channel": "C0INCIDENTDEMO", "text": "Which?", "blocks": decoded(t, `[{"type":"section","text":{"type":"mrkdwn","text":"Which?"}},
		{"type":"actions","elements":[{"type":"external_select","action_id":"find","min_query_length":0,"placeholder":{"type":"plain_text","text":"Product…"}},
		{"type":"overflow","action_id":"rest","options":[{"text":{"type":"plain_text","text":"More often"},"value":"more"},{"text":{"type":"plain_text","text":"Less often"},"value":"less"}]}]}]`)})
	b := openBrowser(t, program, a.w.URL())
	m := b.finds("Which?", "Product…")
	b.press(m, "More actions")
	b.press(".menu", "Less often")
	b.finds("Chosen: less")
	b.press(m, "Product…")
	b.sees(".menu", "Product 000", "Product 099")
	b.writes(".menu-search", "13")
	b.await("only what was searched for", func() bool {
		return call[string](b, "reads", ".menu [role=menu]") == strings.Join([]string{
			"Product 013", "Product 113", "Product 130", "Product 131", "Product 132", "Product 133", "Product 134", "Product 135", "Product 136", "Product 137", "Product 138", "Product 139",
		}, " ")
	})
	b.pictures("search")
	b.press(".menu", "Product 139")
	b.finds("Chosen: p139")
	b.sees(m, "Product 139")
	b.press(m, "Product 139")
	b.writes(".menu-search", "Product 07")
	b.await("the product that was searched for alone", func() bool { return strings.HasPrefix(call[string](b, "reads", ".menu [role=menu]"), "Product 070") })
	b.enter()
	b.finds("Chosen: p070")
	b.press(m, "Product 070")
	b.writes(".menu-search", "nothing")
	b.sees(".menu", "No results")
	if said := b.complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}

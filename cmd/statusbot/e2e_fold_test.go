//go:build linux

package main

import (
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/sandbox"
)

// A long section is folded on the page, as in Slack, unless it says expand;
// what a person has opened stays open when the message is edited.
func TestLongSectionsFoldOnThePage(t *testing.T) {
	longtest.Only(t, "work of a browser")
	t.Parallel()
	program := needChromium(t)
	app := &smallApp{t: t, w: runWorkspace(t, sandbox.Config{NoRateLimit: true})}
	blocks := func(last string, expand bool) []map[string]any {
		text := map[string]any{"type": "mrkdwn", "text": "*Head*\none\ntwo\nthree\nfour\n" + last}
		return []map[string]any{{"type": "section", "text": text, "expand": expand}}
	}
	post := func(last string, expand bool) map[string]any {
		return app.calls("chat.postMessage", map[string]any{"channel": "C0INCIDENTDEMO", "text": last, "blocks": blocks(last, expand)})
	}
	folded := post("the end of what is folded", false)
	post("the end of what is whole", true)

	b := openBrowser(t, program, app.w.URL())
	b.finds("Head", "the end of what is whole")
	m := b.finds("Head", "four…", "See more")
	if words := call[string](b, "reads", m); strings.Contains(words, "the end") {
		t.Errorf("folded, the message reads %q", words)
	}
	b.press(m, "See more")
	b.sees(m, "the end of what is folded", "See less")
	app.calls("chat.update", map[string]any{"channel": "C0INCIDENTDEMO", "ts": folded["ts"], "text": "x", "blocks": blocks("another end", false)})
	b.sees(m, "another end", "See less")
	b.press(m, "See less")
	b.sees(m, "four…", "See more")
	if said := b.complaints(); len(said) > 0 {
		t.Errorf("the browser complains: %q", said)
	}
}

package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAutoStart(t *testing.T) {
	const rest = "products: [{id: billing}, {id: lake}]\n"
	cfg, err := Load(write(t, "company: Acme\n"+rest+"updates:\n  channel: ops\n  auto_start:\n    - {channel: \"#payments\", products: [billing], owner: U0ANA0001}\n    - {channel: C0ALL}\n"), environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := []AutoStart{{Channel: "payments", Products: []string{"billing"}, Owner: "U0ANA0001"}, {Channel: "C0ALL"}}
	if diff := cmp.Diff(want, cfg.Updates.AutoStart); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for text, says := range map[string]string{
		"{products: [billing]}":                       "item 1 has no channel",
		"{channel: x, products: [biling]}":            `there is no product "biling"`,
		"{channel: x, owner: \"@ana\"}":               `the owner "@ana" is no Slack id`,
		"{channel: ops}":                              `the channel "ops" is named twice`,
		"{channel: x, productz: [billing]}":           "unknown key",
		"{channel: x}, {channel: y}, {channel: x}":    `the channel "x" is named twice`,
		"{channel: x, products: {billing: degraded}}": "must be a list",
	} {
		_, err := Load(write(t, "company: Acme\n"+rest+"updates: {channel: ops, auto_start: ["+text+"]}\n"), environment(nil))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
}

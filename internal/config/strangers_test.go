package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	tcpkind "github.com/statusbot/statusbot/internal/checks/kind/tcp"
)

func TestVariablesOutsideOfOptions(t *testing.T) {
	path := write(t, `
products: [{id: p, owner: "team ${TEAM}", runbook: "https://wiki.example.com/${PAGE:-start}"}]
checks: [{id: c, product: p, kind: tcp, tcp: {address: "a.example:1", send: "${PW}|${NONE:-x}|${EMPTY:-y}"}}]
`)
	cfg := mustLoad(t, path, map[string]string{"TEAM": "Payments", "PW": "hunter22\n", "EMPTY": ""})
	p, c := cfg.Products[0], cfg.Checks[0]
	if p.Owner != "team Payments" || c.Owner != "team Payments" || c.Runbook != "https://wiki.example.com/start" {
		t.Errorf("got %+v and %+v", p, c)
	}
	if got := c.Options.(*tcpkind.Options).Send; got != "hunter22|x|y" {
		t.Errorf("sent is %q", got)
	}
	if _, err := Load(path, environment(map[string]string{"PW": "x"})); err == nil || !strings.Contains(err.Error(), "TEAM is not set") {
		t.Errorf("got %v", err)
	}
}

func TestFilesThatAreCommentedOut(t *testing.T) {
	path := write(t, "include: off.yaml\nproducts: [{id: p}]\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "off.yaml"), []byte("# checks:\n#   - id: later\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustLoad(t, path, nil)
}

func TestTheLineOfABadByte(t *testing.T) {
	for _, text := range []string{"company: Acme\ntimezone: UTC\n# caf\xe9\n", "company: Acme\ntimezone: UTC\n# \x01\n"} {
		_, err := Load(write(t, text), environment(nil))
		if err == nil || !strings.Contains(err.Error(), ".yaml:3: ") {
			t.Errorf("got %v, want line 3", err)
		}
	}
}

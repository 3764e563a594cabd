package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
	nested := write(t, "products: [{id: p}]\nchecks: [{id: c, product: p, kind: tcp, tcp: {address: \"${HOST:-${OTHER:-a.example}}:1\"}}]\n")
	if _, err := Load(nested, environment(map[string]string{"HOST": "b.example"})); err == nil || !strings.Contains(err.Error(), "the default of HOST holds another ${") {
		t.Errorf("got %v", err)
	}
	if _, err := Load(path, environment(map[string]string{"PW": "x"})); err == nil || !strings.Contains(err.Error(), "TEAM is not set") {
		t.Errorf("got %v", err)
	}
}

// TestVariablesInSettings: in the file only; a message shows the name, not the value.
func TestVariablesInSettings(t *testing.T) {
	path := write(t, "company: \"${COMPANY} & Co\"\nupdates: {every: \"${EVERY:-2m}\"}\njournal: {url: \"nats://${PW}@nats:4222\"}\nproducts: [{id: p}]\n")
	cfg := mustLoad(t, path, map[string]string{"COMPANY": "Acme", "PW": "hunter2-hunter2", "STATUSBOT_DATA_DIR": "./${COMPANY}"})
	if cfg.Company != "Acme & Co" || cfg.Updates.Every != 2*time.Minute || cfg.Journal.URL != "nats://hunter2-hunter2@nats:4222" || cfg.DataDir != "./${COMPANY}" {
		t.Errorf("got %q, %v, %q, %q", cfg.Company, cfg.Updates.Every, cfg.Journal.URL, cfg.DataDir)
	}
	_, err := Load(path, environment(map[string]string{"PW": "x"}))
	if err == nil || !strings.Contains(err.Error(), "yaml:1: company: the environment variable COMPANY is not set") {
		t.Errorf("got %v", err)
	}
	_, err = Load(write(t, "timezone: ${PW}\nproducts: [{id: p}]\n"), environment(map[string]string{"PW": "hunter2-hunter2"}))
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), `"${PW}" is not a time zone`) {
		t.Errorf("got %v", err)
	}
}

// TestKeysOfOnesOwn: what begins with x- or _ at the top of a file is a place for
// anchors, and is not looked at.
func TestKeysOfOnesOwn(t *testing.T) {
	path := write(t, `
x-web: &web {kind: tcp, every: 10s, timeout: 3s}
_more: {whatever: [1, {}], "${NOT_SET}": "${NOT_SET}"}
include: team.yaml
products: [{id: p}]
checks: [{<<: *web, id: a, product: p, tcp: {address: "a.example:1"}}]
`)
	team := "x-slow: &slow {every: 1m, timeout: 30s}\nchecks: [{<<: *slow, id: b, product: p, kind: tcp, tcp: {address: \"b.example:1\"}}]\n"
	if err := os.WriteFile(filepath.Join(filepath.Dir(path), "team.yaml"), []byte(team), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := mustLoad(t, path, nil)
	if a, b := cfg.Checks[0], cfg.Checks[1]; a.Every != 10*time.Second || b.Every != time.Minute {
		t.Errorf("got %v and %v", a.Every, b.Every)
	}
	for _, wrong := range []string{"x-defaults: {}\nproducts: [{id: p, x-own: 1}]\n", "xdefaults: {}\nproducts: [{id: p}]\n"} {
		if _, err := Load(write(t, wrong), environment(nil)); err == nil {
			t.Errorf("taken: %s", wrong)
		}
	}
}

// TestWhatIsMergedIn: a "<<" brings all that its mappings have, also what these merge
// in themselves, and what has no keys is refused at its place.
func TestWhatIsMergedIn(t *testing.T) {
	const rest = "products: [{id: p}]\nchecks: [{<<: *d, id: a, product: p, kind: tcp, tcp: {address: \"a.example:1\"}}]\n"
	cfg := mustLoad(t, write(t, `
x-a: &a {every: 10s, timeout: 4s, tags: [a]}
x-b: &b {<<: *a, timeout: 3s}
x-c: &c {tags: [c], must_fail: true}
x-d: &d {<<: [*b, *c, *b]}
`+rest), nil)
	if c := cfg.Checks[0]; c.Every != 10*time.Second || c.Timeout != 3*time.Second || !c.MustFail || strings.Join(c.Tags, " ") != "a" {
		t.Errorf("every %s, timeout %s, must_fail %v, tags %v", c.Every, c.Timeout, c.MustFail, c.Tags)
	}
	for d, want := range map[string]string{
		"[every, 10s]":          `yaml:3: checks[0].<<: takes the keys of a mapping, and this is text`,
		"10s":                   `<<: takes the keys of a mapping, and this is text`,
		"{<<: [[{every: 9s}]]}": `<<: takes the keys of a mapping, and this is a list`,
		"":                      `<<: takes the keys of a mapping, and this is empty`,
	} {
		if _, err := Load(write(t, "x-d: &d "+d+"\n"+rest), environment(nil)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", d, err, want)
		}
	}
}

// TestChecksThatAreSwitchedOff are judged, and neither run nor missed by a plan.
func TestChecksThatAreSwitchedOff(t *testing.T) {
	text := `
products: [{id: p}]
checks:
  - {id: a, product: p, kind: tcp, enabled: false, tcp: {address: "a.example:1"}}
  - {id: b, product: p, kind: tcp, enabled: true, every: 20m, must_fail: true, tags: [edge, eu], tcp: {address: "b.example:1"}}
maintenance: [{checks: [a, b], weekly: Sat 22:00, for: 2h, why: patches}]
`
	cfg := mustLoad(t, write(t, text), nil)
	if len(cfg.Checks) != 1 || cfg.Checks[0].ID != "b" || !cfg.Checks[0].MustFail || strings.Join(cfg.Checks[0].Tags, " ") != "edge eu" || len(cfg.Maintenance[0].Checks) != 1 {
		t.Errorf("got %+v and %+v", cfg.Checks, cfg.Maintenance)
	}
	if len(cfg.Warnings) != 1 || !strings.Contains(cfg.Warnings[0].String(), "yaml:5: checks[1].every: 20m is longer") {
		t.Errorf("got %v", cfg.Warnings)
	}
	for change, want := range map[string]string{
		"enabled: false, tcp: {address: \"a.example:1\"}>enabled: false, tcp: {address: a}": "checks[0].tcp.address",
		"tags: [edge, eu]>tags: [Edge]":                        `checks[1].tags: "Edge" is not a tag`,
		"kind: tcp, enabled: true>kind: tcp, enabled: perhaps": "checks[1].enabled",
	} {
		old, new, _ := strings.Cut(change, ">")
		if _, err := Load(write(t, strings.Replace(text, old, new, 1)), environment(nil)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", new, err)
		}
	}
	_, err := Load(write(t, "web: {listen: \"127.0.0.1:1\"}\nproducts: [{id: p}]\nchecks: [{id: h, product: p, kind: heartbeat, must_fail: true, every: 1h, heartbeat: {token: 0123456789abcdef0}}]\n"), environment(nil))
	if err == nil || !strings.Contains(err.Error(), "must_fail: does not go with kind heartbeat") {
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

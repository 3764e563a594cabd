package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	execkind "github.com/statusbot/statusbot/internal/checks/kind/exec"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	tcpkind "github.com/statusbot/statusbot/internal/checks/kind/tcp"
	"github.com/statusbot/statusbot/internal/checks/kinds"
)

var update = flag.Bool("update", false, "rewrite the .want files from what Load says now")

// environment makes a lookup of a map.
func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := vars[name]
		return v, ok
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustLoad(t *testing.T, path string, vars map[string]string) *Config {
	t.Helper()
	cfg, err := Load(path, environment(vars))
	if err != nil {
		t.Fatalf("Load(%s):\n%v", path, err)
	}
	return cfg
}

// TestBad reads testdata/bad/*.yaml: each must be refused with exactly the
// lines of its .want, which tell a person what to do.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	env := environment(map[string]string{"HUNTER_URL": "hunter2://hunter2", "HUNTER_METHOD": "hun\"ter2\x01", "MANY": "hunter2"})
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			cfg, err := Load(file, env)
			var problems Problems
			if cfg != nil || !errors.As(err, &problems) {
				t.Fatalf("got %+v, %v; want Problems", cfg, err)
			}
			got := err.Error() + "\n"
			if strings.Contains(got, "hunter2") || strings.Contains(got, "ter2") {
				t.Errorf("a message shows a secret:\n%s", got)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".want"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFull(t *testing.T) {
	cfg := mustLoad(t, "testdata/good/full.yaml", map[string]string{"HOST": "Pay.Example.com", "TOKEN": "hunter2", "REDIRECTS": "3"})

	zone := cfg.Timezone.String()
	if zone != "America/New_York" {
		t.Errorf("Timezone = %s", zone)
	}
	wantSlack := Slack{
		Mode: ModeSocket, Listen: "[::1]:0", APIURL: "https://slack.example.com/api/", Command: "/acme-status",
		BotToken: NewSecret("xoxb-hunter2"), AppToken: NewSecret("xapp-hunter2"),
	}
	if diff := cmp.Diff(wantSlack, cfg.Slack); diff != "" {
		t.Errorf("Slack (-want +got)\n%s", diff)
	}
	wantUpdates := Updates{Every: time.Second, Channel: "war-room", Mode: UpdatesPost, PostAfter: time.Hour, Pictures: PicturesNative, Window: 5 * time.Minute}
	if diff := cmp.Diff(wantUpdates, cfg.Updates); diff != "" {
		t.Errorf("Updates (-want +got)\n%s", diff)
	}
	if want := (Detection{FalseAlarms: 0.5}); cfg.Detection != want {
		t.Errorf("Detection = %+v, want %+v", cfg.Detection, want)
	}
	wantComponents := []Component{
		{ID: "edge-lb", Name: "Edge", Source: checks.Source{File: "full.yaml", Line: 14}},
		{ID: "auth", Name: "auth", DependsOn: []string{"edge-lb"}, Source: checks.Source{File: "full.yaml", Line: 15}},
	}
	if diff := cmp.Diff(wantComponents, cfg.Components); diff != "" {
		t.Errorf("Components (-want +got)\n%s", diff)
	}
	wantProducts := []Product{
		{ID: "billing", Name: "Billing", Owner: "payments", Says: Says{Degraded: "Slow.", Outage: "Down."}, Runbook: "https://wiki.example.com/b", Source: checks.Source{File: "full.yaml", Line: 17}},
		{ID: "2024", Name: "2024", Source: checks.Source{File: "full.yaml", Line: 18}},
	}
	if diff := cmp.Diff(wantProducts, cfg.Products); diff != "" {
		t.Errorf("Products (-want +got)\n%s", diff)
	}

	folder, err := filepath.Abs("testdata/good/teams")
	if err != nil {
		t.Fatal(err)
	}
	no := false
	request := func(url string) *httpkind.Options {
		o := defaultHTTP(t)
		o.URL = url
		o.Headers = map[string]string{"Authorization": "Bearer hunter2", "X-Trace.ID": "a$b", "x-lower": "7"}
		o.Body = `{"Key.With.Dots": "Ünïcode"}`
		o.Status = []any{200, "3xx"}
		o.Contains = []string{"All systems"}
		o.JSON = []httpkind.JSONAssertion{
			{Path: "$.Status['A.B']", Equals: map[string]any{"Mixed.Case": []any{1, true, nil, "Text"}}},
			{Path: "$.x", Exists: &no},
		}
		o.Redirects = 3
		o.DegradedOver = 800 * time.Millisecond
		o.Dir = filepath.Dir(folder)
		return o
	}
	ledger := &tcpkind.Options{Address: "127.0.0.1:5432"}
	ledger.Dir = folder
	want := []checks.Check{
		{ID: "pay", Product: "billing", Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second, Uses: []string{"auth", "edge-lb"}, Region: "eu", Owner: "payments", Runbook: "https://wiki.example.com/b",
			Source: checks.Source{File: "full.yaml", Line: 20}, Options: request("https://Pay.Example.com/pay"), Trace: true, Secrets: []string{"Pay.Example.com", "hunter2"}},
		{ID: "pay2", Product: "billing", Kind: "http", Every: 10 * time.Second, Timeout: 3 * time.Second, Uses: []string{"auth", "edge-lb"}, Region: "eu", Owner: "payments", Runbook: "https://wiki.example.com/b",
			Source: checks.Source{File: "full.yaml", Line: 39}, Options: request("http://127.0.0.1/"), Trace: true, Secrets: []string{"hunter2"}},
		{ID: "batch", Product: "2024", Kind: "exec", Measures: "auth", Every: 30 * time.Second, Timeout: 10 * time.Second,
			Source: checks.Source{File: "teams/a.yaml", Line: 2}, Options: &execkind.Options{
				Argv: []string{"./check.sh", "-w", "10"}, Env: map[string]string{"Path.Mixed": "Pay.Example.com", "DEBUG": "true"}, Dir: folder, Format: execkind.FormatAuto}, Secrets: []string{"Pay.Example.com"}},
		{ID: "ledger", Product: "billing", Kind: "tcp", Every: 5 * time.Second, Timeout: 5 * time.Second, Owner: "payments", Runbook: "https://wiki.example.com/b",
			Source: checks.Source{File: "teams/a.yaml", Line: 3}, Options: ledger},
	}
	if diff := cmp.Diff(want, cfg.Checks); diff != "" {
		t.Errorf("Checks (-want +got)\n%s", diff)
	}
	if len(cfg.Warnings) > 0 {
		t.Errorf("Warnings = %v", cfg.Warnings)
	}
}

// defaultHTTP returns the options of kind http as the kind itself begins them.
func defaultHTTP(t *testing.T) *httpkind.Options {
	t.Helper()
	kind, ok := kinds.Lookup("http")
	if !ok {
		t.Fatal("there is no kind http")
	}
	return kind.Options().(*httpkind.Options)
}

func TestDefaults(t *testing.T) {
	cfg := mustLoad(t, write(t, "company: Acme\n"), nil)
	want := &Config{
		Company: "Acme", Timezone: time.UTC, DataDir: "./data",
		Slack:      Slack{Mode: ModeSandbox, Listen: "127.0.0.1:8085", Command: "/statusbot"},
		Updates:    Updates{Every: 5 * time.Minute, Channel: "incident-demo", Mode: UpdatesEdit, PostAfter: 30 * time.Minute, Pictures: PicturesNative, Window: 10 * time.Minute},
		Detection:  Detection{FalseAlarms: 1},
		Probes:     Probes{Trace: true},
		Journal:    Journal{Replicas: 1, ResultsAge: 24 * time.Hour},
		Limits:     Limits{BurstPerHost: 10, BurstEvery: time.Second},
		Watchdog:   Watchdog{Every: time.Minute},
		Access:     Access{Read: Who{Everyone: true}, Write: Who{Members: true}, Respond: Who{Members: true}, Guests: GuestsSummary},
		Components: []Component{}, Products: []Product{}, Checks: []checks.Check{},
		Warnings: cfg.Warnings, Files: cfg.Files,
	}
	same := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
	if diff := cmp.Diff(want, cfg, same); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// In socket mode nothing is announced unless a channel is named, and an empty
// name in sandbox mode says nothing either.
func TestChannelDefault(t *testing.T) {
	tokens := map[string]string{"STATUSBOT_SLACK_BOT_TOKEN": "xoxb-1", "STATUSBOT_SLACK_APP_TOKEN": "xapp-1"}
	for text, want := range map[string]string{
		"slack: {mode: socket}\n":  "",
		"slack: {mode: sandbox}\n": "incident-demo",
		"updates: {channel: \"\"}": "",
		"updates: {channel: C012}": "C012",
	} {
		if got := mustLoad(t, write(t, text), tokens).Updates.Channel; got != want {
			t.Errorf("%q: channel = %q, want %q", text, got, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	path := write(t, `slack:
  command: status
  listen: 0.0.0.0:8085
products:
  - id: billing
  - id: search
checks:
  - {id: slow, product: search, kind: tcp, every: 1h, tcp: {address: "127.0.0.1:1"}}
include: nothing.d/*.yaml
`)
	var got []string
	for _, w := range mustLoad(t, path, nil).Warnings {
		got = append(got, strings.TrimPrefix(w.String(), path))
	}
	want := []string{
		`:2: slack.command: Slack keeps /status for itself and refuses a manifest that registers it; write "/statusbot"`,
		`:3: slack.listen: the sandbox asks nobody for a password, and this address can be reached from other machines; write "127.0.0.1:8085" unless that is meant`,
		`:5: products[0]: the product "billing" has no check, so nothing is known about it; add a check with product: billing`,
		`:8: checks[0].every: 1h is longer than updates.window, which is 10m, so most updates have no figure of this check; write at most "10m", or a longer window`,
		`:9: include: no file matches "nothing.d/*.yaml"; check the pattern, or remove it`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestMissingFile(t *testing.T) {
	for path, want := range map[string]string{
		"testdata/none.yaml":              "testdata/none.yaml: there is no such file; check the path and the working directory",
		"testdata":                        "testdata: is a folder, not a file; name a file",
		"testdata/bad/empty.yaml/c.yaml":  "testdata/bad/empty.yaml/c.yaml: is not in a folder: part of the path is a file; check the path",
		"testdata/bad/\x00impossible.yml": "testdata/bad/\x00impossible.yml: cannot be read: invalid argument",
	} {
		if _, err := Load(path, nil); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// TestExample loads the example that the repository shows to newcomers. It
// must be complete, and its scripts must be there.
func TestExample(t *testing.T) {
	cfg := mustLoad(t, "../../config.example.yaml", nil)
	if len(cfg.Warnings) > 0 {
		t.Errorf("Warnings = %v", cfg.Warnings)
	}
	if cfg.Slack.Mode != ModeSandbox || len(cfg.Products) < 3 || len(cfg.Components) < 3 {
		t.Errorf("mode %s, %d products, %d components", cfg.Slack.Mode, len(cfg.Products), len(cfg.Components))
	}
	for _, c := range cfg.Checks {
		kind, _ := kinds.Lookup(c.Kind)
		probe, err := kind.Build(c)
		if err != nil {
			t.Fatal(err)
		}
		if c.Kind != "exec" {
			continue
		}
		if r := probe(t.Context()); r.Evidence == nil || !strings.Contains(r.Evidence.Output, "% free of /") {
			t.Errorf("%s: %s %s: %+v", c.ID, r.Outcome, r.Summary, r.Evidence)
		}
	}
}

// TestExampleWithAllThatItLeavesOut: who takes the comment signs away from a part of the
// example, or from each of them, has one that is right, but for the files that it names.
func TestExampleWithAllThatItLeavesOut(t *testing.T) {
	text, err := os.ReadFile("../../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	parts := 0
	key, within := regexp.MustCompile(`^# [a-z_]+:( \{|$)`), regexp.MustCompile(`^# {3}`)
	lines := strings.Split(string(text), "\n")
	for i := 0; i < len(lines); i++ {
		if !key.MatchString(lines[i]) {
			continue
		}
		parts++
		for lines[i] = lines[i][2:]; within.MatchString(lines[i+1]); i++ {
			lines[i+1] = lines[i+1][2:]
		}
	}
	if parts < 8 {
		t.Fatalf("%d parts were found", parts)
	}
	path := write(t, strings.ReplaceAll(strings.Join(lines, "\n"), "include: checks.d/*.yaml", ""))
	_, err = Load(path, nil)
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if !strings.Contains(line, "_file: ") || !strings.Contains(line, "cannot be read") && !strings.Contains(line, "no such file") {
			t.Error(line)
		}
	}
}

// TestWatchdog: the address is a secret, given as one or by the environment.
func TestWatchdog(t *testing.T) {
	const minimal = "products: [{id: shop, name: Shop}]\nchecks: [{id: c, product: shop, kind: tcp, tcp: {address: \"127.0.0.1:1\"}}]\n"
	const address = "https://hc.example/ping/0b7c2c1e"
	for name, cfg := range map[string]*Config{
		"file":        mustLoad(t, write(t, minimal+"watchdog: {url: \""+address+"\", every: 30s}\n"), nil),
		"environment": mustLoad(t, write(t, minimal), map[string]string{"STATUSBOT_WATCHDOG_URL": address, "STATUSBOT_WATCHDOG_EVERY": "30s"}),
	} {
		if cfg.Watchdog.URL.Reveal() != address || cfg.Watchdog.Every != 30*time.Second {
			t.Errorf("%s: %s every %s", name, cfg.Watchdog.URL.Reveal(), cfg.Watchdog.Every)
		}
	}
}

package adopt

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/config"
)

var update = flag.Bool("update", false, "write the golden files")

// golden are the files of testdata, by the tool that they are of.
var golden = []struct{ tool, files string }{
	{"gatus", "gatus.yaml"},
	{"gatus", "gatus-more.yaml"},
	{"uptime-kuma", "uptime-kuma.json"},
	{"uptime-kuma", "uptime-kuma-table.json"},
	{"uptime-kuma", "uptime-kuma-more.json"},
	{"uptimerobot", "uptimerobot.csv"},
	{"uptimerobot", "uptimerobot-more.csv"},
	{"upptime", "upptime.yml"},
	{"upptime", "upptime-more.yml"},
	{"blackbox", "blackbox.yml prometheus.yml targets.json"},
	{"blackbox", "blackbox-more.yml prometheus-more.yml targets-more.yml"},
	{"nagios", "objects.cache resource.cfg"},
	{"nagios", "objects-more.cache resource.cfg"},
	{"terraform", "terraform.json"},
	{"terraform", "terraform-more.json"},
}

func need(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func sourcesOf(t *testing.T, names string) (sources []Source) {
	t.Helper()
	for name := range strings.SplitSeq(names, " ") {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		need(t, err)
		sources = append(sources, Source{Name: filepath.Join("testdata", name), Text: text})
	}
	return sources
}

// judge is the reader of configurations.
func judge(t *testing.T) Judge {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "statusbot.yaml")
	need(t, os.WriteFile(filepath.Join(dir, "body.txt"), []byte("{}"), 0o600)) // that a source names
	return func(text []byte, env func(string) (string, bool)) (found []Problem, err error) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return nil, err
		}
		_, err = config.Load(file, env)
		problems, _ := errors.AsType[config.Problems](err)
		for _, p := range problems {
			found = append(found, Problem{Path: p.Path, Message: p.Message})
		}
		return found, nil
	}
}

// TestPlans: what is written of each tool, and the report. All of it is accepted by the
// reader of configurations, and no secret of the source is in it.
func TestPlans(t *testing.T) {
	for _, g := range golden {
		t.Run(g.files, func(t *testing.T) {
			t.Parallel()
			p, err := From(g.tool, sourcesOf(t, g.files))
			need(t, err)
			before := len(p.Checks)
			need(t, p.Settle(judge(t)))
			if len(p.Checks) != before {
				t.Errorf("the reader of configurations refuses some of it: %v", p.Not)
			}
			text, err := p.YAML("Made of " + g.files + ".")
			need(t, err)
			var report strings.Builder
			p.Tell(&report)
			got := report.String() + "\n" + string(text)
			for _, secret := range []string{"gehe1m", "hooks.slack.com/services"} {
				if strings.Contains(got, secret) {
					t.Errorf("%s is written", secret)
				}
			}
			file := filepath.Join("testdata", strings.ReplaceAll(g.files, " ", "+")+".golden")
			if *update {
				need(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			need(t, err)
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got; -update writes it):\n%s", file, diff)
			}
		})
	}
}

// TestRefusedAsAWhole: what is of the tool, but not what is read, and what to name in its place.
func TestRefusedAsAWhole(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ tool, text, want string }{
		{"nagios", "define host {\n\tuse generic-host\n\thost_name a\n\tcheck_command x\n\t}\n", "it has templates, as people write them; name objects.cache"},
		{"nagios", "define service {\n\tname generic-service\n\tregister 0\n\t}\n", "it has templates, as people write them; name objects.cache"},
		{"uptime-kuma", "SQLite format 3\x00\x10\x00", "it is the database itself; print its table first: sqlite3 -json it 'SELECT * FROM monitor'"},
		{"uptimerobot", "a,b\n1,2\n", "it has no column Friendly Name"},
		{"terraform", "{}", "it: there is nothing to carry, no checks of Pingdom"},
		{"terraform", `{"format_version": "1.2", "planned_values": {"root_module": {"resources": [{"type": "pingdom_check", "values": {"host": "a"}}]}}}`, "it is a plan, of which not all values are known; once it is applied, print the state"},
		{"upptime", "sites:\nowner: x\n", "it: there is nothing to carry, no sites"},
		{"gatus", `{"data": "ENC[AES256_GCM,data:x]", "sops": {"version": "3.12.2"}}`, "it is encrypted by sops; decrypt it first"},
		{"gatus", "endpoints: []\nsops:\n  mac: x\n", "it is encrypted by sops"},
	} {
		if _, err := From(tt.tool, []Source{{Name: "it", Text: []byte(tt.text)}}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.tool, err, tt.want)
		}
	}
}

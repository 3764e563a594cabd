package metrics

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
	"github.com/statusbot/statusbot/internal/longtest"
)

const pages = "../../docs/prometheus/"

// panelQueries are the queries of the dashboard, by the title of their panel.
func panelQueries(t *testing.T) (queries [][2]string) {
	t.Helper()
	data, err := os.ReadFile(pages + "dashboard.json")
	probetest.OK(t, err)
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	probetest.OK(t, json.Unmarshal(data, &dashboard))
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			expr := strings.NewReplacer("$__rate_interval", "30s", "$product", ".*", "$job", ".*").Replace(target.Expr)
			queries = append(queries, [2]string{p.Title, expr})
		}
	}
	return queries
}

type ruleFile struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []struct {
			Alert  string `yaml:"alert,omitempty"`
			Record string `yaml:"record,omitempty"`
			Expr   string `yaml:"expr"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

func alerts(t *testing.T) (queries [][2]string) {
	t.Helper()
	data, err := os.ReadFile(pages + "alerts.yml")
	probetest.OK(t, err)
	var f ruleFile
	probetest.OK(t, yaml.Unmarshal(data, &f))
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			queries = append(queries, [2]string{r.Alert, r.Expr})
		}
	}
	return queries
}

// TestQueriesAreRead: promtool reads the alerts, and the dashboard's queries as rules.
func TestQueriesAreRead(t *testing.T) {
	promtool := probetest.NeedProgram(t, "prometheus", "/usr/bin/promtool")
	var rules strings.Builder
	rules.WriteString("groups: [{name: panels, rules: [")
	for i, q := range panelQueries(t) {
		fmt.Fprintf(&rules, "{record: panel_%d, expr: %q},\n", i, q[1])
	}
	rules.WriteString("]}]\n")
	file := filepath.Join(t.TempDir(), "panels.yml")
	probetest.OK(t, os.WriteFile(file, []byte(rules.String()), 0o600))
	if out, err := exec.Command(promtool, "check", "rules", pages+"alerts.yml", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestPagesScrapeConfigurations: promtool reads what docs/metrics.md shows.
func TestPagesScrapeConfigurations(t *testing.T) {
	promtool := probetest.NeedProgram(t, "prometheus", "/usr/bin/promtool")
	page, err := os.ReadFile("../../docs/metrics.md")
	probetest.OK(t, err)
	dir := t.TempDir()
	args := []string{"check", "config"}
	for i, block := range strings.Split(string(page), "```yml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		args = append(args, filepath.Join(dir, fmt.Sprint(i)))
		probetest.OK(t, os.WriteFile(args[len(args)-1], []byte(text), 0o600))
	}
	rules, err := os.ReadFile(pages + "alerts.yml")
	probetest.OK(t, err)
	probetest.OK(t, os.WriteFile(filepath.Join(dir, "alerts.yml"), rules, 0o600))
	probetest.OK(t, os.WriteFile(filepath.Join(dir, "metrics.token"), []byte("x"), 0o600))
	if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil || len(args) != 5 {
		t.Errorf("%d blocks: %v\n%s", len(args)-2, err, out)
	}
}

// TestQueriesSpeakOfWhatIsTold: each name of a query is one that the exposition has.
func TestQueriesSpeakOfWhatIsTold(t *testing.T) {
	_, _, h := filled(t, 60)
	_, text := ask(t, h, "/metrics")
	for _, q := range append(panelQueries(t), alerts(t)...) {
		for _, word := range strings.FieldsFunc(q[1], func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
			if strings.HasPrefix(word, "statusbot_") && !strings.Contains(text, "\n"+word) {
				t.Errorf("%s: nothing is called %s", q[0], word)
			}
		}
	}
}

// TestQueriesFindSomething: a real Prometheus scrapes, and each query of the dashboard finds
// something there. Alerts find what is hurt, and nothing else. It takes the five seconds after
// which Prometheus looks for targets.
func TestQueriesFindSomething(t *testing.T) {
	longtest.Only(t, "a real Prometheus waits 5 s before the first time")
	t.Parallel()
	at := scraped(t)
	for _, q := range panelQueries(t) {
		until(t, "panel "+q[0]+": "+q[1], func() bool { return len(query(t, at, q[1])) > 0 })
	}
	for _, q := range alerts(t) {
		hurt := q[0] == "ProductDegraded" || q[0] == "ProductNotMeasured"
		until(t, "alert "+q[0], func() bool { return len(query(t, at, q[1])) > 0 == hurt })
	}
	for expr, want := range map[string]int{
		`histogram_quantile(0.5, rate(statusbot_probe_duration_seconds{check="pay"}[30s])) > 0.0046 < 0.0055`: 1, // native: it cannot be told from text
		`probe_success{job="blackbox",instance="https://pay.example.com/health"} == 0`:                        1,
		`probe_success{job="blackbox"} == 0`:                                                                  1,
		`probe_success{job="blackbox-probe",instance="https://pay.example.com/health"} == 0`:                  1,
		`probe_success{instance="https://mail.example.com"}`:                                                  0, // unknown
		`avg_over_time(probe_duration_seconds{job="blackbox"}[1m])`:                                           3,
		`probe_http_duration_seconds{phase="processing",job="blackbox"}`:                                      2,
		`up{job="statusbot"} == 1`:                                                                            1,
	} {
		until(t, fmt.Sprintf("%s: %d series", expr, want), func() bool { return len(query(t, at, expr)) == want })
	}
}

// scraped starts a Prometheus that scrapes the company, and returns its address.
func scraped(t *testing.T) (at string) {
	t.Helper()
	program := probetest.NeedProgram(t, "prometheus", "/usr/bin/prometheus")
	_, tally, h := filled(t, 600)
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tally.Note([]checks.Result{{Check: "pay", Outcome: checks.Pass, Duration: 5 * time.Millisecond}, {Check: "pay", Outcome: checks.Fail, Reason: checks.ReasonTimeout, Duration: 5 * time.Millisecond}})
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(target.Close)
	dir := probetest.HumbleDir(t)
	conf := filepath.Join(dir, "prometheus.yml")
	probetest.OK(t, os.WriteFile(conf, fmt.Appendf(nil, scrapeConfig, strings.TrimPrefix(target.URL, "http://")), 0o644))
	port := probetest.FreePort(t)
	probetest.StartDatabase(t, dir, syscall.SIGTERM, program, "--config.file="+conf, "--storage.tsdb.path="+filepath.Join(dir, "data"),
		"--web.listen-address=127.0.0.1:"+port, "--log.level=error", "--enable-feature=native-histograms")
	return "http://127.0.0.1:" + port
}

// scrapeConfig is that of docs/metrics.md, in a hurry.
const scrapeConfig = `
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: statusbot
    static_configs: [{targets: ['%[1]s']}]
  - job_name: blackbox
    metrics_path: /metrics/blackbox
    honor_labels: true
    static_configs: [{targets: ['%[1]s']}]
  - job_name: blackbox-probe
    metrics_path: /probe
    params: {module: [http_2xx]}
    static_configs: [{targets: ['https://pay.example.com/health', 'https://mail.example.com']}]
    relabel_configs:
      - {source_labels: [__address__], target_label: __param_target}
      - {source_labels: [__param_target], target_label: instance}
      - {target_label: __address__, replacement: '%[1]s'}
`

// query asks Prometheus and returns the series that it finds.
func query(t *testing.T, at, expr string) []map[string]string {
	t.Helper()
	resp, err := http.Get(at + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return nil // it starts
	}
	defer resp.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct{ Metric map[string]string }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Status != "success" {
		if resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %v %s", expr, err, answer.Error)
		}
		return nil
	}
	var found []map[string]string
	for _, r := range answer.Data.Result {
		found = append(found, r.Metric)
	}
	return found
}

// until waits for what comes with one of the next scrapes.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(3 * time.Minute)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come: %s", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/web"
)

const backupToken = "0123456789abcdef-token"

var webAddress = regexp.MustCompile(`"address": "(http://[^"]+)"`)

// webURL waits until the program listens, and returns where.
func (c *child) webURL(ctx context.Context) string {
	c.t.Helper()
	m := webAddress.FindStringSubmatch(c.awaitLine(ctx, `"address": "http://`))
	if m == nil {
		c.t.Fatal("no address in the log")
	}
	return m[1]
}

// readyURL waits until the program takes what jobs report, and returns where.
func (c *child) readyURL(ctx context.Context) string {
	c.t.Helper()
	url := c.webURL(ctx)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
		if err != nil {
			c.t.Fatal(err)
		}
		if resp, err := http.DefaultClient.Do(r); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return url
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			c.t.Fatal("it is not ready")
		}
	}
}

// curl reports as a job's script does, and returns what curl printed.
func curl(ctx context.Context, t *testing.T, args ...string) string {
	t.Helper()
	program := longtest.Command(t, "curl", "curl")
	out, err := exec.CommandContext(ctx, program, append([]string{"-sS", "-m", "10"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("curl: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// healthOf reads /healthz.
func healthOf(t testing.TB, url string) (int, web.Health) {
	t.Helper()
	resp, err := http.Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var h web.Health
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&h); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, h
}

// Jobs report with curl; what they reported outlives kill -9 at once, and a
// report that does not come is a failure.
func TestHeartbeats(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	slack, env := workspace(t)
	folder := t.TempDir()
	file, token := filepath.Join(folder, "statusbot.yaml"), filepath.Join(folder, "token")
	for path, text := range map[string]string{token: backupToken + "\n", file: `
web: {listen: "127.0.0.1:0", metrics: true}
products: [{id: storage, name: Storage}, {id: mail, name: Mail}]
checks:
  - {id: jobs/backup, product: storage, kind: heartbeat, every: 744h, heartbeat: {token_file: token}}
  - {id: jobs/tick, product: mail, kind: heartbeat, every: 1s, heartbeat: {token_file: token, grace: 1s}}
`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data := t.TempDir()
	start := func() (*child, string) {
		bot := startStatusbot(t, env, "run", "--config", file, "--data-dir", data)
		return bot, bot.readyURL(ctx) + "/api/v1/push/jobs/backup"
	}
	bearer := "Authorization: Bearer " + backupToken

	bot, push := start()
	if got := curl(ctx, t, "-H", bearer, "-d", "", push); got != `{"accepted":1,"duplicates":0}` {
		t.Fatalf("a report without a body: %s", got)
	}
	until(ctx, t, slack, "/status storage jobs/backup", contains("0 of 1 failed"))
	metrics := strings.TrimSuffix(push, "/api/v1/push/jobs/backup") + "/metrics"
	for !strings.Contains(curl(ctx, t, metrics), `statusbot_probe_results_total{check="jobs/backup",outcome="pass",product="storage",reason="",vantage=""} 1`) {
		time.Sleep(10 * time.Millisecond) // the board is told first
	}
	for round := range 3 {
		got := curl(ctx, t, "-H", bearer, "-d", fmt.Sprintf(`{"outcome":"fail","summary":"disk %d is full","id":"run-%d"}`, round, round), push)
		bot.kill() // as soon as the answer is there
		if got != `{"accepted":1,"duplicates":0}` {
			t.Fatalf("a failure: %s", got)
		}
		bot, push = start()
		until(ctx, t, slack, "/status storage jobs/backup", func(s string) bool {
			// Once they are trouble they are counted from its onset on.
			return strings.Contains(s, fmt.Sprintf(": %d of %d failed", round+1, round+2)) || strings.Contains(s, fmt.Sprintf(": %d of %d failed", round+1, round+1))
		})
		// The job did not get the answer and asks again.
		if got := curl(ctx, t, "--user", "job:"+backupToken, "-d", fmt.Sprintf(`{"outcome":"fail","id":"run-%d"}`, round), push); got != `{"accepted":0,"duplicates":1}` {
			t.Errorf("the same failure again: %s", got)
		}
	}
	if got := curl(ctx, t, "-w", " %{http_code}", "-d", "", push); !strings.HasSuffix(got, " 401") {
		t.Errorf("without a token: %s", got)
	}

	until(ctx, t, slack, "/status mail jobs/tick", func(s string) bool { return strings.Contains(s, "failed (100 %)") })
	web := strings.TrimSuffix(push, "/api/v1/push/jobs/backup")
	status, h := healthOf(t, web)
	for tick := time.NewTicker(50 * time.Millisecond); h.Slack.Sockets == 0 && ctx.Err() == nil; status, h = healthOf(t, web) {
		<-tick.C // health looks at the sockets once a second
	}
	if status != http.StatusOK || !h.OK || !h.Leader || h.Slack.Sockets == 0 || !h.Journal.OK || h.Results.Applied < 4 || h.Results.AgeS == nil {
		t.Errorf("health: %d %+v", status, h)
	}
	if got := ask(ctx, t, slack, "incident-demo", "/status mail now"); !strings.Contains(got, "no check that could be probed") {
		t.Errorf("/status mail now: %q", got)
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if strings.Contains(bot.out.String(), backupToken) {
		t.Error("the token is in the log")
	}
	out, _, code := runHere("check", "--config", file, "storage")
	if code != 3 || !strings.Contains(out, "running statusbot") {
		t.Errorf("statusbot check: exit code %d, %s", code, out)
	}
}

// runHere runs a command in this process.
func runHere(args ...string) (out, words string, code int) {
	var o, e strings.Builder
	code = run(context.Background(), args, world{out: &o, err: &e, env: os.LookupEnv})
	return o.String(), e.String(), code
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
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

// curl reports as a job's script does, and returns what curl printed.
func curl(ctx context.Context, t *testing.T, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("curl")
	if err != nil {
		if os.Getenv("STATUSBOT_TEST_EXTRAS") == "1" {
			t.Fatal("curl is not installed: the test needs Debian's package curl")
		}
		t.Skip("curl is not installed: the test needs Debian's package curl")
	}
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
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	slack, env := workspace(t)
	folder := t.TempDir()
	file, token := filepath.Join(folder, "statusbot.yaml"), filepath.Join(folder, "token")
	for path, text := range map[string]string{token: backupToken + "\n", file: `
web: {listen: "127.0.0.1:0"}
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
		return bot, bot.webURL(ctx) + "/api/v1/push/jobs/backup"
	}
	bearer := "Authorization: Bearer " + backupToken

	bot, push := start()
	if got := curl(ctx, t, "-H", bearer, "-d", "", push); got != `{"accepted":1,"duplicates":0}` {
		t.Fatalf("a report without a body: %s", got)
	}
	until(ctx, t, slack, "/status storage jobs/backup", contains("0 of 1 failed"))
	for round := range 3 {
		got := curl(ctx, t, "-H", bearer, "-d", fmt.Sprintf(`{"outcome":"fail","summary":"disk %d is full","id":"run-%d"}`, round, round), push)
		bot.kill() // as soon as the answer is there
		if got != `{"accepted":1,"duplicates":0}` {
			t.Fatalf("a failure: %s", got)
		}
		bot, push = start()
		until(ctx, t, slack, "/status storage jobs/backup", contains(fmt.Sprintf("%d of %d failed", round+1, round+2)))
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

// A deaf bot says so in its health, and goes on taking reports.
func TestHealthOfABlindBot(t *testing.T) {
	now := time.Now()
	h := &house{started: now.Add(-time.Hour), log: zap.NewNop(), board: status.NewBoard(status.Definition{})}
	h.cfg.Store(&config.Config{Checks: []checks.Check{{ID: "a", Kind: "http", Every: 10 * time.Second}}})
	h.heard.Store(now.Add(-2 * deafAfter).UnixNano())
	h.newest.Store(now.Add(-time.Minute).UnixNano())
	var err error
	if h.journal, err = journal.Open(t.Context(), journal.Config{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	if h.runner, err = checks.NewRunner(nil, nil, checks.RunnerConfig{}); err != nil {
		t.Fatal(err)
	}
	want := []string{"no socket to Slack has been open for 120 s, so commands are lost", "no result came for 60 s"}
	if got := h.health(); !cmp.Equal(want, got.Blind) || !got.Journal.OK {
		t.Errorf("blind: %q, want %q (journal %+v)", got.Blind, want, got.Journal)
	}
	if err := h.journal.Close(); err != nil {
		t.Fatal(err)
	}
	h.sockets.Store(2)
	h.newest.Store(time.Now().UnixNano())
	if got := h.health(); !cmp.Equal([]string{"the journal does not answer"}, got.Blind) {
		t.Errorf("without a journal: blind: %q", got.Blind)
	}
	if limit, any := silenceLimit([]checks.Check{{Kind: "http", Every: time.Minute}, {Kind: "heartbeat", Every: time.Second}}); !any || limit != 3*time.Minute {
		t.Errorf("silence is allowed for %v (%v), want three intervals of the probed check", limit, any)
	}
	if _, any := silenceLimit([]checks.Check{{Kind: "heartbeat", Every: time.Second}}); any {
		t.Error("a bot that only waits for reports may be silent")
	}
}

// runHere runs a command in this process.
func runHere(args ...string) (out, words string, code int) {
	var o, e strings.Builder
	code = run(context.Background(), args, world{out: &o, err: &e, env: os.LookupEnv})
	return o.String(), e.String(), code
}

// BenchmarkPush is 10,000 jobs that report over HTTP, with an embedded journal
// that syncs before they are answered.
func BenchmarkPush(b *testing.B) {
	const jobs, clients = 10_000, 200
	j, err := journal.Open(b.Context(), journal.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	beats := checks.NewHeartbeats(nil)
	var list []checks.Check
	for i := range jobs {
		list = append(list, checks.Check{ID: fmt.Sprintf("job/%d", i), Product: "p", Kind: "heartbeat", Every: time.Hour, Timeout: time.Second,
			Options: &checks.HeartbeatOptions{Token: backupToken}})
	}
	if err := beats.Define(list, time.Now()); err != nil {
		b.Fatal(err)
	}
	inbox := &intake{beats: beats, store: func(data []byte) error { return j.AppendResultsDurably(context.Background(), data) }}
	server, err := web.Listen(web.Config{Listen: "127.0.0.1:0", Inbox: inbox})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = server.Run(ctx) })
	work := make(chan int, clients)
	var workers sync.WaitGroup
	b.ResetTimer()
	for range clients {
		workers.Go(func() {
			// A bare connection: the client shares the cores with what is measured.
			conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL(), "http://"))
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			answers := bufio.NewReader(conn)
			for i := range work {
				_, err := fmt.Fprintf(conn, "POST /api/v1/push/job/%d HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n", i%jobs, backupToken)
				var resp *http.Response
				if err == nil {
					resp, err = http.ReadResponse(answers, nil)
				}
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
				}
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Errorf("%v %v", err, resp)
				}
			}
		})
	}
	for i := range b.N {
		work <- i
	}
	close(work)
	workers.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pushes/s")
	stop()
	group.Wait()
}

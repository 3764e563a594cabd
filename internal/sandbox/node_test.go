package sandbox_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// nodeModulesEnv names a folder in which npm has installed
// @slack/web-api, @slack/socket-mode and @slack/bolt.
const nodeModulesEnv = "STATUSBOT_TEST_NODE_MODULES"

// node runs a script of testdata/node with Slack's own packages until the test
// ends, and returns the values that it prints, one a line.
func node(t *testing.T, script string, args ...string) func(into any) {
	t.Helper()
	dir := os.Getenv(nodeModulesEnv)
	if dir == "" {
		longtest.Lacks(t, "%s names no folder: the test needs Node's @slack/web-api, @slack/socket-mode and @slack/bolt", nodeModulesEnv)
	}
	program := longtest.Command(t, "node", "nodejs")
	cmd := exec.Command(program, append([]string{filepath.Join("testdata", "node", script)}, args...)...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(dir, "node_modules"))
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // it was killed
		if t.Failed() {
			t.Logf("node said:\n%s", stderr.String())
		}
	})
	lines := bufio.NewScanner(out)
	return func(into any) {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("node ended early: %v", lines.Err())
		}
		if err := json.Unmarshal(lines.Bytes(), into); err != nil {
			t.Fatalf("node said %s: %v", lines.Text(), err)
		}
	}
}

// TestSlacksNodeClients runs @slack/web-api and @slack/socket-mode as they are.
func TestSlacksNodeClients(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{NoRateLimit: true})
	said := node(t, "socket.cjs", w.APIURL(), w.BotToken(), w.AppToken())
	var called struct {
		User, Text, Key, File, Refused string
		Scopes                         int
		People                         []string
	}
	said(&called)
	if called.User != sandbox.BotUserID || called.Scopes != len(sandbox.AllScopes) || called.Text != "changed" || called.Key != "k" || !strings.HasPrefix(called.File, "F") ||
		called.Refused != "channel_not_found" || len(called.People) != 6 {
		t.Errorf("node's calls: %+v", called)
	}
	said(&struct{}{}) // connected
	check(t, c.WaitConnections(limit(t), 1))
	ana := sandboxtest.In(t, c).As("ana")
	ana.Channel("incident-demo").Type("/status billing").Ephemeral("from node: billing")
	ana.Channel("general").Type("/status modal")
	modal := ana.Modal("Mark an action").Fill("What was tried?", "nothing").Refused("What was tried?", "say more")
	modal.Fill("What was tried?", "restarted lb-3").Submit()
	ana.Channel("general").Sees("marked restarted lb-3")
	ana.Channel("general").Type("@statusbot are you there?").Says("heard")
}

// TestSlacksBoltOverHTTP runs @slack/bolt as it is: it verifies our signatures.
func TestSlacksBoltOverHTTP(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{NoRateLimit: true})
	var at struct{ Port int }
	node(t, "bolt.cjs", w.APIURL(), w.BotToken(), w.SigningSecret())(&at)
	ctx := limit(t)
	check(t, c.UseHTTP(ctx, sandboxtest.HTTPMode{URL: fmt.Sprintf("http://127.0.0.1:%d/slack/events", at.Port)}))
	ben := sandboxtest.In(t, c).As("ben")
	ben.Channel("general").Type("/status billing").Ephemeral("bolt says billing")
	_, _, err := api(w).PostMessageContext(ctx, general, slack.MsgOptionText("choose", false), slack.MsgOptionBlocks(controls()...))
	check(t, err)
	seen := ben.Channel("general").Sees("choose")
	seen.Click("More often")
	seen.Says("more often")
	ben.Channel("general").Type("@statusbot hello").Says("heard")
	ben.Home().Says("at home")
}

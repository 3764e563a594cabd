//go:build !race

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/kinds/planted"
	"github.com/statusbot/statusbot/internal/config"
)

// It is not for the race detector, under which a hundred checks a few seconds
// apart are more than two processors carry; it looks for no race.

// TestPlantedSecretsLeaveNowhere runs the bot with a secret in each option of
// each kind that takes one, with servers that repeat it, asks for all that can
// be asked for, and looks for the secrets in all that was posted, answered,
// logged, printed and stored.
func TestPlantedSecretsLeaveNowhere(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	list, env := plant(t)
	slack, slackEnv := workspace(t)
	file, data := filepath.Join(t.TempDir(), "planted.yaml"), t.TempDir()
	said := map[string]string{} // :: surface -> all that it said
	spans, told := spanCollector(t)
	var b strings.Builder
	b.WriteString("company: Acme\nproducts: [{id: p, name: Planted}]\nupdates: {every: 3s}\nprobes: {spans: {endpoint: \"" + spans + "\"}}\nweb: {listen: \"127.0.0.1:0\", metrics: true}\npage: {enabled: true}\nchecks:\n")
	for _, c := range list {
		b.WriteString(c.yaml)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	bot := startStatusbot(t, append(slackEnv, env...), "run", "--config", file, "--data-dir", data)
	web := bot.webURL(ctx)
	until(ctx, t, slack, "/status", contains("Planted"))
	said["answers"] = ask(ctx, t, slack, "incident-demo", "/status start Orders fail")
	for _, c := range list {
		if c.Kind == "heartbeat" {
			said["web"] += pushPlanted(t, web, c)
		}
	}
	for !allProbed(ctx, t, list, data) {
		<-time.After(time.Second) // no more often than it helps
	}
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("Planted")); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"/status p", "/status sources", "/status sources p", "/status report", "/status since 1h", "/status help all"} {
		said["answers"] += ask(ctx, t, slack, "incident-demo", text) + "\n"
	}
	for i := 0; i < len(list); i += 7 {
		said["answers"] += ask(ctx, t, slack, "incident-demo", "/status p "+list[i].ID) + "\n"
	}
	for surface, paths := range map[string][]string{
		"web":     {"/healthz", "/livez", "/readyz"},
		"page":    {"/", "/products/p", "/incidents/inc-1", "/incidents/inc-1/report", "/feed.atom", "/feed.rss", "/api/v2/summary.json", "/badges/p.svg"},
		"metrics": {"/metrics", "/metrics/blackbox"},
		"api": {"/api/v1/board", "/api/v1/products/p", "/api/v1/checks?limit=500", "/api/v1/checks/" + list[0].ID, "/api/v1/incidents", "/api/v1/incidents/1", "/api/v1/incidents/1/events",
			"/api/v1/incidents/1/timeline", "/api/v1/incidents/1/report", "/api/v1/export"},
	} {
		for _, path := range paths {
			said[surface] += get(t, web+path)
		}
	}
	for _, args := range [][]string{{"status"}, {"status", "p"}, {"status", "p", "--json"}, {"incidents"}, {"timeline", "1"}} {
		out, _ := commandOf(t, exitOK, append(args, "--data-dir", data)...)
		said["terminal"] += out
	}
	said["model"] = modelAsks(ctx, t, map[string]string{"board": "", "product": "p", "check": list[0].ID, "timeline": "1", "report": "1"}, "--data-dir", data)
	if strings.Contains(said["model"], "name its data directory") || !strings.Contains(said["model"], "<outside-") {
		t.Errorf("a language model's program is told: %.500s", said["model"])
	}
	ask(ctx, t, slack, "incident-demo", "/status stop")
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("ended by")); err != nil {
		t.Fatal(err)
	}
	for surface, args := range map[string][]string{
		"report": {"report", "1", "--config", file, "--data-dir", data},
		"check":  {"check", "--json", "--config", file},
	} {
		c := startStatusbot(t, env, args...)
		<-c.done
		if said[surface] = c.out.String(); surface != "check" && c.cmd.ProcessState.ExitCode() != exitOK {
			t.Errorf("%s: exit code %d", surface, c.cmd.ProcessState.ExitCode())
		}
	}
	said["export"], _ = commandOf(t, exitOK, "export", "--data-dir", data)
	log, err := slack.Log(ctx, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range log {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		said["Slack"] += string(line) + "\n"
	}
	if code := bot.terminate(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	said["log"], said["spans"] = bot.out.String(), told()
	said["files"] = contentOf(t, data)
	for surface, text := range said {
		if len(text) < 100 {
			t.Errorf("%s says next to nothing: %q", surface, text)
		}
		read := planted.Read(text)
		for _, c := range list {
			if where := read.Shows(c.Secret); where != "" {
				t.Errorf("%s: the secret of %s (%s) is there: %q", surface, c.ID, c.Option, where)
			}
		}
	}
	t.Logf("%d secrets; %d surfaces", len(list), len(said))
}

// pushPlanted pushes to a heartbeat in each way, with its secret wherever a script may
// write something, and returns what was answered.
func pushPlanted(t *testing.T, web string, c plantedCheck) string {
	t.Helper()
	token, said := c.Secret, url.QueryEscape(c.Secret)
	if !strings.HasPrefix(c.Option, "token") {
		token = planted.HeartbeatToken
	}
	quoted, err := json.Marshal("exit code 3 of curl -H 'Authorization: " + c.Secret + "' http://me:" + c.Secret + "@127.0.0.1/")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	post := func(path, body string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, web+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%d %s %s\n", resp.StatusCode, resp.Header, answer)
	}
	post("/api/v1/push/"+c.ID, fmt.Sprintf(`{"outcome": "fail", "id": %s, "summary": %[1]s, "reason": %[1]s, "evidence": %[1]s, "metrics": {%[1]s: 1}}`, quoted))
	post("/api/v1/push/"+c.ID, fmt.Sprintf(`{"outcome": %s}`, quoted)) // refused, in words
	if strings.HasPrefix(c.Option, "token") {                          // the others share theirs, and nobody is found by it
		post("/api/push/"+token+"?status=down&msg="+said, "")
		post("/ping/"+token+"/start?rid="+said, "")
		post("/ping/"+token+"/fail", "the last line says "+c.Secret)
		post("/api/v1/endpoints/"+c.ID+"/external?success=false&error="+said, "")
	}
	return b.String()
}

// allProbed tells whether a result of each check is kept.
func allProbed(ctx context.Context, t *testing.T, list []plantedCheck, data string) bool {
	t.Helper()
	if ctx.Err() != nil {
		t.Fatal("results of some checks never came")
	}
	kept, _ := commandOf(t, exitOK, "export", "--data-dir", data)
	return !slices.ContainsFunc(list, func(c plantedCheck) bool { return !strings.Contains(kept, `"`+c.ID+`"`) })
}

type plantedCheck struct {
	planted.Check
	yaml string
}

// plant returns one check for each option that takes a secret, each with a
// server of its own, and the environment that holds the secrets.
func plant(t *testing.T) (list []plantedCheck, env []string) {
	t.Helper()
	at := filepath.Join(t.TempDir(), "one.yaml")
	for _, kind := range kinds.Names() {
		if kind == "browser" {
			continue // one for each option takes minutes
		}
		taken := map[string]bool{}
		for _, c := range planted.Checks(t, kind) {
			if taken[c.Option] {
				continue
			}
			parrot := planted.Listen(t, kind)
			parrot.Say(c.Secret)
			yaml := c.YAML(t, parrot.Address, "6s")
			if err := os.WriteFile(at, []byte("products: [{id: p}]\nchecks:\n"+yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := config.Load(at, func(name string) (string, bool) { return c.Secret, name == c.Variable }); err != nil {
				continue
			}
			taken[c.Option] = true
			list = append(list, plantedCheck{c, yaml})
			if c.Variable != "" {
				env = append(env, c.Variable+"="+c.Secret)
			}
		}
	}
	return list, env
}

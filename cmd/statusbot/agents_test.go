//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/port"
)

// TestCommandsOfVantages: what the page says, on two machines that are one: a check is
// measured from here and from there. An agent that dies is missed; one that is taken
// out ends.
func TestCommandsOfVantages(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "vantages.md"))
	need(t, err)
	target, err := net.Listen("tcp", "127.0.0.1:0")
	need(t, err)
	defer target.Close()
	gate, err := port.Hold()
	need(t, err)
	defer gate.Close()
	at := gate.Address()
	r := newReader(t)
	text := strings.NewReplacer(`"0.0.0.0:4223"`, fmt.Sprintf("%q", at), "kind: http, every: 10s", "kind: tcp, every: 1s",
		`http: {url: "https://shop.example.com/health"}`, fmt.Sprintf("tcp: {address: %q}", target.Addr())).Replace(examples(string(page), "yaml")[0].text)
	r.write("statusbot.yaml", "data_dir: "+filepath.Join(r.folder, "data")+"\n"+text)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	bot := startStatusbot(t, r.env, "run", "--config", filepath.Join(r.folder, "statusbot.yaml"))
	bot.awaitLine(ctx, "agents come in")

	lines := commandLines(t, filepath.Join("docs", "vantages.md"))
	if len(lines) != 4 {
		t.Fatalf("the page has %d command lines, and 4 have a test: %q", len(lines), lines)
	}
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], "status.example.com:4223", at)
	}
	for _, line := range lines[:2] {
		if out, code := r.types(line); code != exitOK {
			t.Fatalf("%s: exit code %d\n%s", line, code, out)
		}
	}
	if out, code := r.types(strings.Replace(lines[1], "--data-dir agent", "--data-dir another", 1)); code != exitFailed || !strings.Contains(out, "the token was used") {
		t.Errorf("the token a second time: exit code %d\n%s", code, out)
	}
	words := strings.Fields(strings.Replace(lines[2], "--data-dir agent", "--data-dir "+filepath.Join(r.folder, "agent"), 1))
	there := startStatusbot(t, r.env, words[1:]...)
	there.awaitLine(ctx, "has other checks")

	data := filepath.Join(r.folder, "data")
	for seen := map[string]bool{}; !seen["here"] || !seen["eu"]; time.Sleep(20 * time.Millisecond) {
		var out bytes.Buffer
		_, err := house.ResultsBeside(ctx, data, time.Time{}, &out)
		need(t, err)
		list, err := checks.DecodeResults(out.Bytes())
		need(t, err)
		for _, one := range list {
			if one.Check != "front" || one.Outcome != checks.Pass || one.Product != "shop" {
				t.Fatalf("got %+v", one)
			}
			seen[one.Vantage] = true
		}
	}
	s := awaitAgents(ctx, t, data, func(s house.AgentsState) bool {
		return len(s.Agents) == 1 && s.Agents[0].Alive && s.Agents[0].Checks == 1 && len(s.Silent) == 2
	})
	if s.Silent["us"] != 1 || s.Silent["office"] != 1 {
		t.Errorf("silent: %v", s.Silent)
	}
	// Of a machine that stands still for seconds an agent may be missed for a moment.
	says := func(line string, code int, all ...string) {
		t.Helper()
		for {
			out, got := r.types(line)
			missing := slices.DeleteFunc(slices.Clone(all), func(part string) bool { return strings.Contains(out, part) })
			if got == code && len(missing) == 0 {
				return
			}
			if ctx.Err() != nil {
				t.Fatalf("%s: exit code %d, without %q\n%s", line, got, missing, out)
			}
		}
	}
	says(lines[3], exitFailed, "No agent of the vantage office is there: 1 check of it not measured.\n", "there, ", ", 1 check")
	says("statusbot doctor --config statusbot.yaml", exitOK, "ok       agents: 1 of 1 that are enrolled are there\n",
		"warning  vantage us: no agent of the vantage us is there: 1 check is not measured from there; ")
	if longtest.Of(false, true) {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", there.cmd.Process.Pid))
		need(t, err)
		_, rest, _ := strings.Cut(string(status), "RssAnon:")
		var own int // KiB
		if _, err := fmt.Sscan(rest, &own); err != nil || own > 40<<10 {
			t.Errorf("an agent has %d KiB of its own: %v", own, err)
		}
		need(t, there.cmd.Process.Signal(syscall.SIGKILL))
		awaitAgents(ctx, t, data, func(s house.AgentsState) bool { return s.Silent["eu"] == 1 && !s.Agents[0].Alive })
		there = startStatusbot(t, r.env, words[1:]...)
		awaitAgents(ctx, t, data, func(s house.AgentsState) bool { return s.Silent["eu"] == 0 && s.Agents[0].Alive })
	}
	if out, code := r.types("statusbot agent remove --config statusbot.yaml " + s.Agents[0].ID); code != exitOK {
		t.Errorf("exit code %d\n%s", code, out)
	}
	there.awaitLine(ctx, "no longer knows this agent")
	if out, code := r.types("statusbot agent remove --config statusbot.yaml " + s.Agents[0].ID); code != exitFailed || !strings.Contains(out, "there is no agent") {
		t.Errorf("a second time: exit code %d\n%s", code, out)
	}
	bot.terminate()
}

// awaitAgents waits until the agents are in some way.
func awaitAgents(ctx context.Context, t *testing.T, data string, are func(house.AgentsState) bool) house.AgentsState {
	t.Helper()
	for {
		s, err := house.AgentsBeside(ctx, data)
		if err != nil {
			t.Fatalf("%v, with %+v", err, s)
		}
		if are(s) {
			return s
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestAgentUsage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		says string
		code int
		args []string
	}{
		{"--vantage is missing", exitUsage, nil},
		{"holds no credentials", exitFailed, []string{"--vantage", "eu", "--data-dir", t.TempDir()}},
		{"--server and --token are needed", exitUsage, []string{"enroll"}},
		{"this is no token", exitFailed, []string{"enroll", "--server", "127.0.0.1:1", "--token", "x", "--data-dir", t.TempDir()}},
		{"--vantage is missing, or no name", exitUsage, []string{"token", "--vantage", "A b"}},
		{"no statusbot that runs answers", exitFailed, []string{"token", "--vantage", "eu", "--data-dir", t.TempDir()}},
		{"give remove an id", exitUsage, []string{"remove"}},
		{"no statusbot that runs answers", exitFailed, []string{"remove", "1", "--data-dir", t.TempDir()}},
		{"there is nothing called", exitUsage, []string{"dance"}},
	} {
		if _, says := commandOf(t, tt.code, append([]string{"agent"}, tt.args...)...); !strings.Contains(says, tt.says) {
			t.Errorf("%q: says %q, want %q", tt.args, says, tt.says)
		}
	}
}

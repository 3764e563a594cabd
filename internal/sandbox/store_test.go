package sandbox_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// once runs a workspace for the time of do.
func once(t *testing.T, cfg sandbox.Config, do func(*sandbox.Workspace, sandboxtest.Client)) {
	t.Helper()
	w, err := sandbox.New(cfg)
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	do(w, sandboxtest.Client{Base: w.URL()})
	cancel()
	check(t, <-done)
}

func TestRestartKeepsMessages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := sandbox.Config{Dir: dir}
	var kept, gone string
	var before sandboxtest.Message
	once(t, cfg, func(w *sandbox.Workspace, c sandboxtest.Client) {
		ctx, cl := limit(t), api(w)
		var err error
		_, kept, err = cl.PostMessageContext(ctx, incident, slack.MsgOptionText("first", false), slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType: "e", EventPayload: map[string]any{"key": "k"},
		}))
		check(t, err)
		_, gone, err = cl.PostMessageContext(ctx, incident, slack.MsgOptionText("regretted", false))
		check(t, err)
		_, _, err = cl.DeleteMessageContext(ctx, incident, gone)
		check(t, err)
		_, _, _, err = cl.UpdateMessageContext(ctx, incident, kept, slack.MsgOptionText("edited", false))
		check(t, err)
		_, err = cl.PostEphemeralContext(ctx, incident, "U0ANA0001", slack.MsgOptionText("passing", false))
		check(t, err)
		before, err = c.WaitMessage(ctx, incident, "ana", is(kept))
		check(t, err)
		check(t, c.Channel(ctx, "later", nil))
	})
	// The death of the process in the middle of a line.
	path := filepath.Join(dir, "workspace.jsonl")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	check(t, err)
	_, err = io.WriteString(f, `{"in":"C0INCIDENTDEMO","message":{"ts":"99`)
	check(t, err)
	check(t, f.Close())

	for range 2 { // the second start reads what the first rewrote
		once(t, cfg, func(w *sandbox.Workspace, c sandboxtest.Client) {
			ctx := limit(t)
			list, err := c.Messages(ctx, "incident-demo", "ana")
			check(t, err)
			if len(list) != 2 || list[0].TS != kept || list[0].Text != "edited" || len(list[0].EditedAt) != 1 || !list[0].At.Equal(before.At) || !list[1].Deleted {
				t.Errorf("messages after a restart: %+v", list)
			}
			h, err := api(w).GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: incident, IncludeAllMetadata: true})
			check(t, err)
			if len(h.Messages) != 1 || h.Messages[0].Metadata.EventPayload["key"] != "k" {
				t.Errorf("history %+v", h.Messages)
			}
			if _, err := c.Messages(ctx, "later", "ana"); err != nil {
				t.Errorf("the channel made later: %v", err)
			}
		})
	}
	data, err := os.ReadFile(path)
	check(t, err)
	if strings.Contains(string(data), `"ts":"99`) || !strings.HasSuffix(string(data), "\n") {
		t.Error("the torn line was not cut")
	}
}

// TestTheFileIsForItsOwnerAlone: whatever the folder around it lets others do.
func TestTheFileIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "sandbox")
	once(t, sandbox.Config{Dir: dir}, func(*sandbox.Workspace, sandboxtest.Client) {})
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "workspace.jsonl"): 0o600} {
		is, err := os.Stat(path)
		check(t, err)
		if got := is.Mode().Perm(); got != want && runtime.GOOS != "windows" {
			t.Errorf("%s: %o, want %o", path, got, want)
		}
	}
}

// TestTheFileDoesNotGrow: what was replaced does not stay in it.
func TestTheFileDoesNotGrow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := sandbox.Config{Dir: dir, NoRateLimit: true}
	const edits = 1200
	var ts string
	once(t, cfg, func(w *sandbox.Workspace, c sandboxtest.Client) {
		ctx, cl := t.Context(), api(w)
		var err error
		_, ts, err = cl.PostMessageContext(ctx, incident, slack.MsgOptionText("first", false))
		check(t, err)
		_, err = cl.PostEphemeralContext(ctx, incident, "U0ANA0001", slack.MsgOptionText("passing", false))
		check(t, err)
		for n := range edits {
			_, _, _, err = cl.UpdateMessageContext(ctx, incident, ts, slack.MsgOptionText(fmt.Sprintf("edit %d", n+1), false))
			check(t, err)
		}
	})
	data, err := os.ReadFile(filepath.Join(dir, "workspace.jsonl"))
	check(t, err)
	if lines := strings.Count(string(data), "\n"); lines > edits/2 || strings.Contains(string(data), "passing") {
		t.Errorf("%d lines after %d edits of one message", lines, edits)
	}
	once(t, cfg, func(w *sandbox.Workspace, c sandboxtest.Client) {
		list, err := c.Messages(t.Context(), incident, "ana")
		check(t, err)
		if len(list) != 1 || list[0].TS != ts || list[0].Text != fmt.Sprintf("edit %d", edits) {
			t.Errorf("messages after a restart: %+v", list)
		}
	})
}

func TestDamagedFileIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "workspace.jsonl")
	check(t, os.WriteFile(path, []byte("{}\nnot json\n{}\n"), 0o644))
	_, err := sandbox.New(sandbox.Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error %v, want one that names the file and the line", err)
	}
}

func TestNewNamesTheAddress(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer ln.Close()
	_, err = sandbox.New(sandbox.Config{Listen: ln.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), ln.Addr().String()) {
		t.Errorf("error %v, want one that names %s", err, ln.Addr())
	}
	w, err := sandbox.New(sandbox.Config{})
	check(t, err)
	check(t, w.Close())
	check(t, w.Close())
	if _, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(w.URL(), "http://"), "/")); err == nil {
		t.Error("the listener is open after Close without Run")
	}
}

// TestRunEnds with a socket, a stream and a command open.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	once(t, sandbox.Config{}, func(w *sandbox.Workspace, c sandboxtest.Client) {
		dial(t, w)
		check(t, c.WaitConnections(limit(t), 1))
		resp, err := http.Get(w.URL() + "sandbox/events")
		check(t, err)
		t.Cleanup(func() { resp.Body.Close() })
		go c.Command(t.Context(), "general", "ana", "/status") // nobody acknowledges it
		_, err = c.WaitLog(limit(t), 0, "socket.envelope", func(sandboxtest.LogEntry) bool { return true })
		check(t, err)
	})
}

func TestPageAndMounts(t *testing.T) {
	t.Parallel()
	w, _ := start(t, sandbox.Config{Mount: map[string]http.Handler{"/demo/": http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		io.WriteString(rw, "the demo")
	})}})
	ctx := limit(t)
	resp, err := http.Get(w.URL())
	check(t, err)
	defer resp.Body.Close()
	if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';") || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		t.Errorf("page: status %d, headers %v", resp.StatusCode, resp.Header)
	}
	if got := string(send(t, ctx, "GET", w.URL()+"demo/x", "", nil)); got != "the demo" {
		t.Errorf("mount: %q", got)
	}
	if got := string(send(t, ctx, "GET", w.URL()+"sandbox/workspace", "", nil)); !strings.Contains(got, `"mounts":["/demo/"]`) {
		t.Errorf("workspace: %s", got)
	}
	if _, status := request(t, ctx, "GET", w.URL()+"static/..%2froutes.go", "", nil); status != 404 {
		t.Errorf("a path out of the page: status %d", status)
	}
}

func TestEventStream(t *testing.T) {
	t.Parallel()
	w, c := start(t, sandbox.Config{})
	ctx := limit(t)
	r, err := http.NewRequestWithContext(ctx, "GET", w.URL()+"sandbox/events", nil)
	check(t, err)
	resp, err := http.DefaultClient.Do(r)
	check(t, err)
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func(want ...string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == want[0] {
				want = want[1:]
			}
			if len(want) == 0 {
				return
			}
		}
		t.Fatalf("the stream ended before %q", want)
	}
	next(": connected")
	answer, err := c.Command(ctx, "general", "ana", "hello")
	check(t, err)
	next("event: change", `data: {"channel":"C0GENERAL0","ts":"`+answer.TS+`","kind":"posted"}`)
	check(t, c.Faults(ctx, sandbox.Fault{Mode: "slow"}))
	next("event: workspace")
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// doctored loads a configuration for a workspace and returns what doctor finds,
// one finding a line, as it is printed.
func doctored(t *testing.T, env []string, settings string, skew time.Duration) string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(file, []byte("products: [{id: shop}]\nchecks: [{id: a, product: shop, kind: tcp, tcp: {address: \"127.0.0.1:1\"}}]\n"+settings), 0o600); err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"STATUSBOT_DATA_DIR": filepath.Join(dir, "data")}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		vars[name] = value
	}
	cfg, err := config.Load(file, func(name string) (string, bool) { v, ok := vars[name]; return v, ok })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out bytes.Buffer
	for _, f := range examine(ctx, file, cfg, false, func() time.Time { return time.Now().Add(skew) }) {
		if f.Grade == bot.Good && f.Cure != "" || (f.Grade == bot.Bad && f.Cure == "") {
			t.Errorf("%+v: a problem has a cure, and nothing else needs one", f)
		}
		if err := printFinding(world{out: &out}, f, false); err != nil {
			t.Fatal(err)
		}
	}
	for _, secret := range vars {
		if strings.HasPrefix(secret, "xox") && strings.Contains(out.String(), secret) {
			t.Errorf("a token is told:\n%s", out.String())
		}
	}
	return out.String()
}

const incidentDemo = "updates: {channel: incident-demo}\n"

// measuredSkew is how far doctor finds the clock to be off: less or more by the seconds that Slack's answer took.
var measuredSkew = regexp.MustCompile(`\b(?:6m5\ds|7m\d+s|\d\ds)( ahead of| behind) Slack's`)

// wholeSkew has doctor say the skew that a test set.
func wholeSkew(says string) string {
	return measuredSkew.ReplaceAllStringFunc(says, func(found string) string {
		set := "20s"
		if strings.Contains(found, "ahead") {
			set = "7m0s"
		}
		return set + measuredSkew.FindStringSubmatch(found)[1] + " Slack's"
	})
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	with := func(env []string, more ...string) []string { return append(append([]string{}, env...), more...) }
	for _, tt := range []struct {
		name     string
		cfg      sandbox.Config
		change   func(context.Context, sandboxtest.Client) error
		env      func(*sandbox.Workspace) []string // socketEnv if nil
		settings string
		skew     time.Duration
		want     []string // lines, or parts of lines
		problems int
	}{
		{name: "all is well", settings: incidentDemo + `access: {respond: ["@oncall", S0LEADS001, U0ANA0001]}`, want: []string{
			"ok       bot token: signed in to sandbox as @statusbot\n", "ok       clock: as Slack's\n", "ok       scopes: all 11 that are needed\n",
			"ok       channel: #incident-demo is there and the bot is in it\n", "ok       access: 1 by id and 2 user groups are named, all are there\n",
			"ok       socket: one opened and said hello\n", "ok       data directory: ", "ok       journal: "}},
		{name: "a wrong bot token", env: func(w *sandbox.Workspace) []string { return with(socketEnv(w), "STATUSBOT_SLACK_BOT_TOKEN=xoxb-wrong") }, problems: 1, want: []string{
			"problem  bot token: Slack refuses it (invalid_auth); take the Bot User OAuth Token", "skipped  scopes: ", "skipped  channel: ", "ok       socket: ", "ok       clock: "}},
		{name: "a wrong app token", env: func(w *sandbox.Workspace) []string { return with(socketEnv(w), "STATUSBOT_SLACK_APP_TOKEN=xapp-wrong") }, settings: incidentDemo, problems: 1, want: []string{
			"problem  app token: Slack refuses it (invalid_auth); make one with the scope connections:write"}},
		{name: "scopes are missing", cfg: sandbox.Config{Scopes: []string{"commands", "chat:write", "channels:read", "channels:history"}}, settings: incidentDemo + `access: {respond: "@oncall"}`, want: []string{
			"warning  scopes: mentions is off. Mentions of the bot are not answered", "add the scope app_mentions:read under",
			"warning  scopes: private-channels is off.", "the scopes groups:read and groups:history under", "warning  scopes: guests is off.", "warning  scopes: groups is off."}},
		{name: "it may not even post", cfg: sandbox.Config{Scopes: []string{"commands", "channels:read"}}, problems: 1, want: []string{
			"problem  scopes: updates is off. Nothing can be posted; add the scope chat:write"}},
		{name: "the bot was kicked", settings: incidentDemo, problems: 1,
			change: func(ctx context.Context, c sandboxtest.Client) error {
				return c.Channel(ctx, "incident-demo", map[string]bool{"bot_member": false})
			},
			want: []string{"problem  channel: the bot is not in #incident-demo, so it cannot post there; type /invite @statusbot in #incident-demo\n"}},
		{name: "the channel is archived", settings: incidentDemo, problems: 1,
			change: func(ctx context.Context, c sandboxtest.Client) error {
				return c.Channel(ctx, "incident-demo", map[string]bool{"archived": true})
			},
			want: []string{"problem  channel: #incident-demo is archived; unarchive it"}},
		{name: "there is no such channel", settings: "updates: {channel: nowhere}\n", problems: 1, want: []string{
			"problem  channel: there is no #nowhere that the bot can see; create it; if it is private, type /invite @statusbot there\n"}},
		{name: "no channel", want: []string{"warning  channel: updates.channel is not set"}},
		{name: "nobody has that name", settings: incidentDemo + `access: {respond: ["@nightshift", U0NOBODY, S0NONE]}`, problems: 3, want: []string{
			"problem  access: there is no user group @nightshift; correct access", "problem  access: there is no person with the id U0NOBODY; ", "problem  access: there is no user group S0NONE; "}},
		{name: "the clock is ahead", settings: incidentDemo, skew: 7 * time.Minute, problems: 1, want: []string{
			"problem  clock: this machine's clock is 7m0s ahead of Slack's; set it, and keep it by NTP"}},
		{name: "the clock is behind", settings: incidentDemo, skew: -20 * time.Second, want: []string{
			"warning  clock: this machine's clock is 20s behind Slack's; keep it by NTP\n"}},
		{name: "Slack is not there", env: func(w *sandbox.Workspace) []string {
			return with(socketEnv(w), "STATUSBOT_SLACK_API_URL=http://"+freeAddress(t)+"/api/")
		}, problems: 2, want: []string{
			"problem  bot token: Slack does not answer: dial tcp", "skipped  clock: ", "problem  app token: Slack does not answer: dial tcp"}},
		{name: "a reserved name", settings: "slack: {command: status}\n", want: []string{"warning  configuration: ", "Slack keeps /status for itself"}},
		{name: "http, before the bot runs", settings: incidentDemo, env: func(w *sandbox.Workspace) []string { return httpEnv(w, freeAddress(t)) }, want: []string{
			"ok       requests: 127.0.0.1:", "is free; nothing answers there until `statusbot run`\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := runWorkspace(t, tt.cfg)
			if tt.change != nil {
				if err := tt.change(t.Context(), sandboxtest.Client{Base: w.URL()}); err != nil {
					t.Fatal(err)
				}
			}
			env := socketEnv(w)
			if tt.env != nil {
				env = tt.env(w)
			}
			got := wholeSkew(doctored(t, env, tt.settings, tt.skew))
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("lacks %q:\n%s", want, got)
				}
			}
			if n := strings.Count(got, "problem  "); n != tt.problems {
				t.Errorf("%d problems, want %d:\n%s", n, tt.problems, got)
			}
		})
	}
}

// TestDoctorBesideARunningBot: the journal is held, and what listens for
// requests is asked.
func TestDoctorBesideARunningBot(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w := runWorkspace(t, sandbox.Config{})
	listen, data := freeAddress(t), t.TempDir()
	page := freeAddress(t)
	env := append(httpEnv(w, listen), "STATUSBOT_DATA_DIR="+data, "STATUSBOT_WEB_LISTEN="+page)
	file := newShop(t).company(t, "")
	c := startStatusbot(t, env, "run", "--config", file)
	c.awaitLine(ctx, "waiting for Slack's requests")
	out, code := output(t, env, "doctor", "--config", file, "--json")
	found := map[string]bot.Finding{}
	for line := range strings.Lines(out) {
		var f bot.Finding
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		found[f.About] = f
	}
	if f := found["requests"]; f.Grade != bot.Good || f.Says != "a bot answers on "+listen+" and has the same signing secret" {
		t.Errorf("requests: %+v", f)
	}
	if f := found["web"]; f.Grade != bot.Good || f.Says != "a running statusbot answers at "+page {
		t.Errorf("web: %+v", f)
	}
	if f := found["journal"]; f.Grade != bot.Good || f.Says != "a running statusbot holds it" {
		t.Errorf("journal: %+v", f)
	}
	if code != exitOK {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	env = append(env, "STATUSBOT_SLACK_SIGNING_SECRET=another")
	if out, code = output(t, env, "doctor", "--config", file); code != exitFailed || !strings.Contains(out, "runs with another signing secret") {
		t.Errorf("another secret: exit code %d\n%s", code, out)
	}
	if code := c.terminate(); code != exitOK {
		t.Errorf("run ended with %d", code)
	}
	// Afterwards the journal is opened; nothing listens.
	if out, _ = output(t, append(httpEnv(w, listen), "STATUSBOT_DATA_DIR="+data), "doctor", "--config", file); !strings.Contains(out, "journal: it opens and answers") || !strings.Contains(out, "is free") {
		t.Errorf("after the end:\n%s", out)
	}
}

// output runs the program to its end and returns standard output and the exit
// code.
func output(t *testing.T, env []string, args ...string) (string, int) {
	t.Helper()
	vars := map[string]string{}
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		vars[name] = value
	}
	var out, words bytes.Buffer
	code := run(t.Context(), args, world{out: &out, err: &words, env: func(name string) (string, bool) { v, ok := vars[name]; return v, ok }})
	if code == exitUsage || code == exitConfig {
		t.Fatalf("%v: %s", args, words.String())
	}
	return out.String(), code
}

// TestDoctorBesideASandbox: a running bot's own sandbox is no problem at its address;
// something else that listens there is.
func TestDoctorBesideASandbox(t *testing.T) {
	t.Parallel()
	at := func(base string) string { return strings.Trim(strings.TrimPrefix(base, "http://"), "/") }
	sandboxed := runWorkspace(t, sandbox.Config{})
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	for _, tt := range []struct {
		name, listen, want string
		problems           int
	}{
		{"a sandbox runs", at(sandboxed.URL()), "ok       sandbox: a running sandbox answers at 127.0.0.1:", 0},
		{"something else runs", at(other.URL), "problem  sandbox: 127.0.0.1:", 1},
		{"nothing runs", freeAddress(t), "is free; nothing answers there until `statusbot run`\n", 0},
	} {
		got := doctored(t, nil, "slack: {mode: sandbox, listen: \""+tt.listen+"\"}\n", 0)
		if n := strings.Count(got, "problem  "); n != tt.problems || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %d problems, want %d and %q:\n%s", tt.name, n, tt.problems, tt.want, got)
		}
	}
}

// TestDoctorSaysWhatHelps: the same refusal has another cure by Slack's word for it, and
// by who it is that answers.
func TestDoctorSaysWhatHelps(t *testing.T) {
	t.Parallel()
	const signedIn = `{"ok":true,"team":"acme","user":"statusbot","bot_id":"B1"}`
	refused := func(code string) string { return `{"ok":false,"error":"` + code + `"}` }
	for _, tt := range []struct {
		name, said, opened string // of auth.test and of apps.connections.open
		status             int
		want               string
	}{
		{"taken back", refused("token_revoked"), refused("invalid_auth"), 200, "bot token: Slack refuses it (token_revoked); install the app again, since this one was taken back; then take the Bot User OAuth Token"},
		{"not from here", refused("accesslimited"), refused("invalid_auth"), 200, "(accesslimited); add this machine's address under"},
		{"not let in", refused("team_access_not_granted"), refused("invalid_auth"), 200, "(team_access_not_granted); ask who administers the workspace"},
		{"wrong", refused("invalid_auth"), refused("invalid_auth"), 200, "(invalid_auth); take the Bot User OAuth Token"},
		{"a proxy wants a login", "<html>", "<html>", 407, "HTTP 407 with a page for people, of a proxy or of Slack itself; write the proxy's user and password into HTTPS_PROXY"},
		{"Slack is ill", "", "", 503, "HTTP 503 with nothing in it; try again in a minute; https://slack-status.com says whether"},
		{"no WebSocket", signedIn, `{"ok":true,"url":"ws://HERE/link?ticket=hunter2hunter2"}`, 200, "problem  socket: it cannot be opened: HTTP 418 came in place of a WebSocket; see that proxies"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				said := map[string]string{"/api/auth.test": tt.said, "/api/apps.connections.open": strings.ReplaceAll(tt.opened, "HERE", r.Host)}
				text, asked := said[r.URL.Path]
				if !asked {
					w.WriteHeader(http.StatusTeapot)
					return
				}
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(text)) // who hung up asks no more
			}))
			t.Cleanup(server.Close)
			got := doctored(t, []string{"STATUSBOT_SLACK_MODE=socket", "STATUSBOT_SLACK_API_URL=" + server.URL + "/api/",
				"STATUSBOT_SLACK_BOT_TOKEN=xoxb-1", "STATUSBOT_SLACK_APP_TOKEN=xapp-1"}, "", 0)
			if !strings.Contains(got, tt.want) || strings.Contains(got, "hunter2") {
				t.Errorf("lacks %q, or tells the ticket:\n%s", tt.want, got)
			}
		})
	}
}

// TestDoctorLooksAtThePagesAddress: run ends where something else listens there.
func TestDoctorLooksAtThePagesAddress(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"ok":true}`)) // who hung up asks no more
	}))
	t.Cleanup(other.Close)
	taken := strings.TrimPrefix(other.URL, "http://")
	free := freeAddress(t)
	for listen, want := range map[string]string{
		taken: "problem  web: " + taken + " cannot be listened on: ",
		free:  "ok       web: " + free + " is free; nothing answers there until `statusbot run`\n",
	} {
		got := doctored(t, nil, "slack: {mode: sandbox, listen: \""+freeAddress(t)+"\"}\nweb: {listen: \""+listen+"\"}\n", 0)
		if !strings.Contains(got, want) || strings.HasPrefix(want, "problem") != strings.Contains(got, "; choose another address with web.listen\n") {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
}

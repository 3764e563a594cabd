package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Every setting has a variable, which goes before the file and is converted.
func TestEnvironmentOverrides(t *testing.T) {
	path := write(t, `company: File
timezone: UTC
slack: {mode: sandbox, bot_token: xoxb-file, app_token_file: no-such-file}
updates: {every: 5m}
`)
	cfg := mustLoad(t, path, map[string]string{
		"STATUSBOT_COMPANY":            "Environment",
		"STATUSBOT_TIMEZONE":           "Asia/Kolkata",
		"STATUSBOT_DATA_DIR":           "/srv",
		"STATUSBOT_SLACK_MODE":         "socket",
		"STATUSBOT_SLACK_LISTEN":       "127.0.0.1:1",
		"STATUSBOT_SLACK_API_URL":      "http://127.0.0.1:9/api/",
		"STATUSBOT_SLACK_COMMAND":      "st",
		"STATUSBOT_SLACK_BOT_TOKEN":    "xoxb-env",
		"STATUSBOT_SLACK_APP_TOKEN":    "xapp-env",
		"STATUSBOT_UPDATES_EVERY":      "90s",
		"STATUSBOT_UPDATES_CHANNEL":    "ops",
		"STATUSBOT_UPDATES_MODE":       "post",
		"STATUSBOT_UPDATES_POST_AFTER": "1h",
		"STATUSBOT_UPDATES_WINDOW":     "", // empty is not set
	})
	cfg.Warnings = nil
	if got := cfg.Company + " " + cfg.Timezone.String() + " " + cfg.DataDir; got != "Environment Asia/Kolkata /srv" {
		t.Errorf("got %s", got)
	}
	wantSlack := Slack{Mode: "socket", Listen: "127.0.0.1:1", APIURL: "http://127.0.0.1:9/api/", Command: "/st", BotToken: NewSecret("xoxb-env"), AppToken: NewSecret("xapp-env")}
	if diff := cmp.Diff(wantSlack, cfg.Slack); diff != "" {
		t.Errorf("Slack (-want +got)\n%s", diff)
	}
	wantUpdates := Updates{Every: 90 * time.Second, Channel: "ops", Mode: "post", PostAfter: time.Hour, Pictures: "native", Window: 10 * time.Minute}
	if diff := cmp.Diff(wantUpdates, cfg.Updates); diff != "" {
		t.Errorf("Updates (-want +got)\n%s", diff)
	}
}

func TestEnvironmentErrorsNameTheVariable(t *testing.T) {
	path := write(t, "company: Acme\nslack: {mode: socket}\n")
	_, err := Load(path, environment(map[string]string{
		"STATUSBOT_UPDATES_EVERY":        "10",
		"STATUSBOT_UPDATES_WINDOW":       "48h",
		"STATUSBOT_UPDATES_MODE":         "edti",
		"STATUSBOT_TIMEZONE":             "Mars",
		"STATUSBOT_SLACK_BOT_TOKEN":      "xapp-hunter2",
		"STATUSBOT_SLACK_APP_TOKEN":      "xapp-hunter2",
		"STATUSBOT_SLACK_APP_TOKEN_FILE": "also",
	}))
	if err == nil {
		t.Fatal("no error")
	}
	want := `environment: STATUSBOT_SLACK_APP_TOKEN_FILE: is given together with app_token; keep one of them
environment: STATUSBOT_SLACK_BOT_TOKEN: is a token of another sort: it begins with xapp-; this one begins with xoxb-
environment: STATUSBOT_TIMEZONE: "Mars" is not a time zone; write a name of the IANA list such as "America/New_York" or "UTC"
environment: STATUSBOT_UPDATES_EVERY: "10" is not a duration; write "10s"
environment: STATUSBOT_UPDATES_MODE: "edti" is not one of edit, post, thread; did you mean "edit"?
environment: STATUSBOT_UPDATES_WINDOW: 48h is more than 24h; write at most "24h"`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A file that the environment names is found from the working directory, one
// that the configuration names from the configuration's folder.
func TestTokenFiles(t *testing.T) {
	path := write(t, "slack: {mode: socket, bot_token_file: bot, app_token_file: none}\n")
	folder := filepath.Dir(path)
	for name, text := range map[string]string{"bot": "xoxb-1\n", "app": "  xapp-2\r\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := mustLoad(t, path, map[string]string{"STATUSBOT_SLACK_APP_TOKEN_FILE": filepath.Join(folder, "app")})
	if bot, app := cfg.Slack.BotToken.Reveal(), cfg.Slack.AppToken.Reveal(); bot != "xoxb-1" || app != "xapp-2" {
		t.Errorf("tokens %q, %q", bot, app)
	}
	_, err := Load(path, nil)
	if err == nil || !strings.Contains(err.Error(), "slack.app_token_file: "+filepath.Join(folder, "none")+": there is no such file") {
		t.Errorf("got %v", err)
	}
}

// What is given in place of a token is told by how it begins, before Slack is asked:
// Slack takes a person's as well, and the bot would post as that person.
func TestTokensOfAnotherSort(t *testing.T) {
	path := write(t, "company: Acme\nslack: {mode: socket}\n")
	for _, tt := range []struct{ variable, token, want string }{
		{"BOT_TOKEN", "xoxp-hunter2", "is a token of another sort: it begins with xoxp-; this one begins with xoxb-"},
		{"BOT_TOKEN", "xoxe.xoxp-hunter2", "is a token of another sort: it begins with xoxe.xoxp-; this one begins with xoxb-"},
		{"BOT_TOKEN", "xoxe-hunter2", "is a token of another sort: it begins with xoxe-; this one begins with xoxb-"},
		{"BOT_TOKEN", `"xoxb-hunter2"`, "has a quotation mark or a blank in it, as none has; write it without, as Slack shows it"},
		{"BOT_TOKEN", "Bearer xoxb-hunter2", "has a quotation mark or a blank in it, as none has; write it without, as Slack shows it"},
		{"APP_TOKEN", "xoxp-hunter2", "is a token of another sort: it begins with xoxp-; this one begins with xapp-"},
		{"APP_TOKEN", "xapp-1-A1-2-hunter2", ""},
		{"BOT_TOKEN", "xoxb-hunter2", ""},
		{"BOT_TOKEN", "own-hunter2", ""}, // of a server that is not Slack's
	} {
		env := map[string]string{"STATUSBOT_SLACK_BOT_TOKEN": "xoxb-1", "STATUSBOT_SLACK_APP_TOKEN": "xapp-1"}
		env["STATUSBOT_SLACK_"+tt.variable] = tt.token
		got, want := "", ""
		if _, err := Load(path, environment(env)); err != nil {
			got = err.Error()
		}
		if tt.want != "" {
			want = "environment: STATUSBOT_SLACK_" + tt.variable + ": " + tt.want
		}
		if got != want {
			t.Errorf("%s=%s: %q, want %q", tt.variable, tt.token, got, want)
		}
	}
	cfg := mustLoad(t, path, map[string]string{"STATUSBOT_SLACK_BOT_TOKEN": "xoxe.xoxb-1", "STATUSBOT_SLACK_APP_TOKEN": "xapp-1"})
	if n := len(cfg.Warnings); n == 0 || !strings.Contains(cfg.Warnings[n-1].String(), "ends after twelve hours") {
		t.Errorf("warnings %v", cfg.Warnings)
	}
}

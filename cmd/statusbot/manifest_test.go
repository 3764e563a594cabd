package main

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// slackManifest is the form that Slack takes, as far as the bot uses it: keys
// and limits of slackapi/manifest-schema 2.0.0. It is written apart from what
// the program prints with.
type slackManifest struct {
	Metadata struct {
		Major int `yaml:"major_version"`
	} `yaml:"_metadata"`
	Display struct {
		Name            string `yaml:"name"`
		Description     string `yaml:"description"`
		LongDescription string `yaml:"long_description"`
		Background      string `yaml:"background_color"`
	} `yaml:"display_information"`
	Features struct {
		AppHome struct {
			Home     *bool `yaml:"home_tab_enabled"`
			Messages *bool `yaml:"messages_tab_enabled"`
			ReadOnly *bool `yaml:"messages_tab_read_only_enabled"`
		} `yaml:"app_home"`
		BotUser struct {
			Name   string `yaml:"display_name"`
			Online *bool  `yaml:"always_online"`
		} `yaml:"bot_user"`
		Shortcuts []struct {
			Name        string `yaml:"name"`
			Type        string `yaml:"type"`
			CallbackID  string `yaml:"callback_id"`
			Description string `yaml:"description"`
		} `yaml:"shortcuts"`
		Commands []struct {
			Command     string `yaml:"command"`
			URL         string `yaml:"url"`
			Description string `yaml:"description"`
			UsageHint   string `yaml:"usage_hint"`
			Escape      *bool  `yaml:"should_escape"`
		} `yaml:"slash_commands"`
	} `yaml:"features"`
	OAuth struct {
		Scopes struct {
			Bot []string `yaml:"bot"`
		} `yaml:"scopes"`
	} `yaml:"oauth_config"`
	Settings struct {
		Events struct {
			URL string   `yaml:"request_url"`
			Bot []string `yaml:"bot_events"`
		} `yaml:"event_subscriptions"`
		Interactivity struct {
			Enabled *bool  `yaml:"is_enabled"`
			URL     string `yaml:"request_url"`
			Options string `yaml:"message_menu_options_url"`
		} `yaml:"interactivity"`
		OrgDeploy     *bool `yaml:"org_deploy_enabled"`
		SocketMode    *bool `yaml:"socket_mode_enabled"`
		TokenRotation *bool `yaml:"token_rotation_enabled"`
	} `yaml:"settings"`
}

// printedManifest runs the program and reads what it prints; keys that Slack
// does not know are an error.
func printedManifest(t *testing.T, args ...string) slackManifest {
	t.Helper()
	out, code := output(t, nil, args...)
	if code != exitOK {
		t.Fatalf("%v: exit code %d", args, code)
	}
	var m slackManifest
	dec := yaml.NewDecoder(bytes.NewReader([]byte(out)))
	dec.KnownFields(true)
	if err := dec.Decode(&m); err != nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	return m
}

// scopesOfEvents is what a subscription asks for besides itself.
var scopesOfEvents = map[string]string{"app_mention": "app_mentions:read", "message.im": "im:history", "app_home_opened": "", "reaction_added": "reactions:read"} // :: bot event -> scope

func TestManifestHasTheFormThatSlackTakes(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"manifest"}, {"manifest", "--http", "https://statusbot.example.com/slackbot/"}, {"manifest", "--with", "groups"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			m := printedManifest(t, args...)
			overHTTP := slices.Contains(args, "--http")
			length := func(what, text string, least, most int) {
				if n := utf8.RuneCountInString(text); n < least || n > most {
					t.Errorf("%s has %d characters, Slack takes %d to %d", what, n, least, most)
				}
			}
			length("name", m.Display.Name, 1, 35)
			length("description", m.Display.Description, 1, 140)
			length("long_description", m.Display.LongDescription, 175, 4000)
			length("display_name", m.Features.BotUser.Name, 1, 80)
			if !regexp.MustCompile(`^#[0-9a-f]{6}$`).MatchString(m.Display.Background) || m.Metadata.Major != 2 {
				t.Errorf("colour %q, version %d", m.Display.Background, m.Metadata.Major)
			}
			for name, b := range map[string]*bool{"socket_mode_enabled": m.Settings.SocketMode, "is_enabled": m.Settings.Interactivity.Enabled,
				"org_deploy_enabled": m.Settings.OrgDeploy, "token_rotation_enabled": m.Settings.TokenRotation, "always_online": m.Features.BotUser.Online} {
				if b == nil {
					t.Errorf("%s is missing", name)
				}
			}
			if *m.Settings.SocketMode == overHTTP || !*m.Settings.Interactivity.Enabled {
				t.Errorf("sockets %v, buttons %v", *m.Settings.SocketMode, *m.Settings.Interactivity.Enabled)
			}
			if len(m.Features.Commands) != 1 {
				t.Fatalf("%d commands", len(m.Features.Commands))
			}
			for _, s := range m.Features.Shortcuts {
				length("name of a shortcut", s.Name, 1, 24)
				length("description of a shortcut", s.Description, 1, 150)
				if s.Type != "message" || s.CallbackID == "" {
					t.Errorf("shortcut %+v", s)
				}
			}
			c := m.Features.Commands[0]
			length("command", c.Command, 2, 32)
			length("description of the command", c.Description, 1, 2000)
			length("usage_hint", c.UsageHint, 1, 1000)
			for what, address := range map[string]string{"commands": c.URL, "events": m.Settings.Events.URL, "interactions": m.Settings.Interactivity.URL, "options": m.Settings.Interactivity.Options} {
				u, err := url.Parse(address)
				switch {
				case !overHTTP && address != "":
					t.Errorf("%s go to %q in Socket Mode", what, address)
				case overHTTP && (err != nil || u.Scheme != "https" || u.Path != "/slackbot/slack/"+what):
					t.Errorf("%s go to %q", what, address)
				}
			}
			scope := regexp.MustCompile(`^[a-z_]+(:[a-z_.]+)*$`)
			for i, s := range m.OAuth.Scopes.Bot {
				if !scope.MatchString(s) || slices.Contains(m.OAuth.Scopes.Bot[:i], s) {
					t.Errorf("scope %q", s)
				}
			}
			for _, e := range m.Settings.Events.Bot {
				if s, known := scopesOfEvents[e]; !known || s != "" && !slices.Contains(m.OAuth.Scopes.Bot, s) {
					t.Errorf("event %s without its scope", e)
				}
			}
			if n := len(m.OAuth.Scopes.Bot); n > 255 || len(m.Settings.Events.Bot) > 100 {
				t.Errorf("%d scopes", n)
			}
		})
	}
}

// What a page says of scopes is what the manifest asks for.
func TestManifestAndPageAgreeOnScopes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "slack.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range printedManifest(t, "manifest", "--with", "groups", "--with", "reactions").OAuth.Scopes.Bot {
		if !strings.Contains(string(text), "`"+s+"`") {
			t.Errorf("docs/slack.md does not tell of %s", s)
		}
	}
}

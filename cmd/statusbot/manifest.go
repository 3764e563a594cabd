package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/house"
)

func manifestCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "manifest [--config FILE] [--http URL] [--with FEATURE]...",
		Short: "print the Slack app's manifest",
		Long: `Paste it at api.slack.com/apps > Create New App > From a manifest. It asks for as few
scopes as the bot needs, and says what each is for. With --config the command's name is
slack.command, /statusbot without, and the scopes are those that access needs. Slack
keeps /status for itself; the bot answers any name that it is sent.

With --http the app sends requests to that address instead of waiting for sockets: what
is at URL must lead to slack.listen.

--with asks for the scopes of a feature that the configuration does not:
` + extraFeatures() + `
Exit codes: 0 printed, 1 failed, 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot manifest > manifest.yaml
  statusbot manifest --config config.yaml --http https://statusbot.example.com`,
		Args: noArgs("; the file goes with --config"),
	}
	fs := c.Flags()
	file := fs.StringP("config", "c", "", "the configuration's main file; slack.command and access are read")
	at := fs.String("http", "", "https address that leads to slack.listen; empty: Socket Mode")
	with := fs.StringSlice("with", nil, "a feature that needs more scopes")
	completeFlag(c, "with", extraFeatureNames()...)
	completeFiles(c, "config", "yaml", "yml")
	c.RunE = func(_ *cobra.Command, _ []string) error {
		base, err := requestBase(*at)
		if err != nil {
			return err
		}
		for _, name := range *with {
			if !slices.ContainsFunc(bot.Features, func(f bot.Feature) bool { return f.Name == name }) {
				return usageError(fmt.Sprintf("there is no feature %q; with more scopes there are:\n%s", name, strings.TrimRight(extraFeatures(), "\n")))
			}
		}
		cfg := &config.Config{Access: config.Access{Guests: config.GuestsSummary}, Slack: config.Slack{Command: "/statusbot"}}
		if *file != "" {
			// The manifest comes before the tokens: as if in sandbox mode, which needs none.
			cfg, err = config.Load(*file, func(name string) (string, bool) {
				if name == "STATUSBOT_SLACK_MODE" {
					return config.ModeSandbox, true
				}
				return w.env(name)
			})
			if err != nil {
				return err
			}
			warn(w, cfg)
		}
		enc := yaml.NewEncoder(w.out)
		enc.SetIndent(2)
		if err := enc.Encode(appManifest(cfg.Slack.Command, base, house.Features(cfg, *with...))); err != nil {
			return fmt.Errorf("write manifest: %w", err)
		}
		return enc.Close()
	}
	return c
}

// extraFeatures lists the features that are not in every manifest, a line
// each.
func extraFeatures() string {
	var b strings.Builder
	for _, f := range bot.Features {
		if f.Extra {
			fmt.Fprintf(&b, "  %-10s %s (%s)\n", f.Name, f.Why, strings.Join(f.Scopes, ", "))
		}
	}
	return b.String()
}

// requestBase checks the address to which Slack sends requests.
func requestBase(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", usageError(fmt.Sprintf("--http is %q; write an address as Slack reaches it, such as https://statusbot.example.com", text))
	}
	return strings.TrimRight(text, "/"), nil
}

// manifest is the part of Slack's app manifest (schema 2) that the bot needs.
type manifest struct {
	Metadata struct {
		Major int `yaml:"major_version"`
	} `yaml:"_metadata"`
	Display struct {
		Name            string `yaml:"name"`             // at most 35 characters
		Description     string `yaml:"description"`      // at most 140
		LongDescription string `yaml:"long_description"` // 175 to 4,000
		Background      string `yaml:"background_color"`
	} `yaml:"display_information"`
	Features struct {
		AppHome struct {
			Home     bool `yaml:"home_tab_enabled"`
			Messages bool `yaml:"messages_tab_enabled"`
			ReadOnly bool `yaml:"messages_tab_read_only_enabled"` // nobody may type to the bot
		} `yaml:"app_home"`
		BotUser struct {
			Name   string `yaml:"display_name"`
			Online bool   `yaml:"always_online"`
		} `yaml:"bot_user"`
		Shortcuts []shortcut     `yaml:"shortcuts"`
		Commands  []slashCommand `yaml:"slash_commands"`
	} `yaml:"features"`
	OAuth struct {
		Scopes struct {
			Bot *yaml.Node `yaml:"bot"` // each with what it is for
		} `yaml:"scopes"`
	} `yaml:"oauth_config"`
	Settings struct {
		Events struct {
			URL string   `yaml:"request_url,omitempty"`
			Bot []string `yaml:"bot_events"`
		} `yaml:"event_subscriptions"`
		Interactivity struct {
			Enabled bool   `yaml:"is_enabled"`
			URL     string `yaml:"request_url,omitempty"`
			Options string `yaml:"message_menu_options_url,omitempty"` // asked for the options of a menu that is typed into
		} `yaml:"interactivity"`
		OrgDeploy     bool `yaml:"org_deploy_enabled"`
		SocketMode    bool `yaml:"socket_mode_enabled"`
		TokenRotation bool `yaml:"token_rotation_enabled"`
	} `yaml:"settings"`
}

type shortcut struct {
	Name        string `yaml:"name"` // at most 24 characters
	Type        string `yaml:"type"` // message or global
	CallbackID  string `yaml:"callback_id"`
	Description string `yaml:"description"` // at most 150
}

type slashCommand struct {
	Command     string `yaml:"command"`
	URL         string `yaml:"url,omitempty"`
	Description string `yaml:"description"`
	UsageHint   string `yaml:"usage_hint"`
	Escape      bool   `yaml:"should_escape"`
}

// appManifest asks for no more than these features use. base is the address to
// which requests are sent; empty for Socket Mode.
func appManifest(command, base string, features []bot.Feature) manifest {
	var m manifest
	m.Metadata.Major = 2
	m.Display.Name = "statusbot"
	m.Display.Description = "Client-facing impact, product by product, in incident channels"
	m.Display.LongDescription = "Statusbot runs your own checks, says which share of them fails for which product and since when, " +
		"posts an impact update every few minutes into the incident channel, and shows for every figure where it comes from. " +
		"It is made for outages in which nothing is quite down and everything fails a little."
	m.Display.Background = "#1f3a5f"
	m.Features.BotUser.Name = "statusbot"
	m.Features.BotUser.Online = true
	m.Features.Commands = []slashCommand{{Command: command, Description: "Impact on clients now, and updates in this channel",
		UsageHint: "[product] | start | stop | every 5m | help", Escape: true}}
	m.Features.Shortcuts = []shortcut{{Name: "Mark as an action tried", Type: "message", CallbackID: bot.ShortcutMark,
		Description: "Write down that this was done; whether it helped is told when the figures allow"}}
	m.Features.AppHome.Home = true
	m.Features.AppHome.Messages = true
	m.OAuth.Scopes.Bot = &yaml.Node{Kind: yaml.SequenceNode}
	for _, f := range features {
		for _, scope := range f.Scopes {
			m.OAuth.Scopes.Bot.Content = append(m.OAuth.Scopes.Bot.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: scope, LineComment: f.Why})
		}
		m.Settings.Events.Bot = append(m.Settings.Events.Bot, f.Events...)
	}
	m.Settings.Interactivity.Enabled = true
	m.Settings.SocketMode = base == ""
	if base != "" {
		m.Features.Commands[0].URL = base + bot.PathCommands
		m.Settings.Interactivity.URL = base + bot.PathInteractions
		m.Settings.Interactivity.Options = base + bot.PathOptions
		m.Settings.Events.URL = base + bot.PathEvents
	}
	return m
}

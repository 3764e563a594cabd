package main

import (
	"context"
	"fmt"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/config"
)

var manifestCommand = command{
	name: "manifest", usage: "[--config FILE]",
	summary: "print the Slack app's manifest",
	help: `Paste it at api.slack.com/apps > Create New App > From a manifest. The command's name
comes from slack.command of the configuration, /statusbot without one. Slack keeps
/status for itself; the bot answers any name that it is sent.

Example:
  statusbot manifest > manifest.yaml`,
	flags: func(fs *pflag.FlagSet) func(context.Context, []string, world) error {
		file := fs.StringP("config", "c", "", "the configuration's main file; only slack.command is read")
		return func(_ context.Context, args []string, w world) error {
			if len(args) > 0 {
				return usageError(fmt.Sprintf("unexpected argument %q", args[0]))
			}
			name := "/statusbot"
			if *file != "" {
				// The manifest comes before the tokens: as if in sandbox mode, which needs none.
				cfg, err := config.Load(*file, func(name string) (string, bool) {
					if name == "STATUSBOT_SLACK_MODE" {
						return config.ModeSandbox, true
					}
					return w.env(name)
				})
				if err != nil {
					return err
				}
				warn(w, cfg)
				name = cfg.Slack.Command
			}
			enc := yaml.NewEncoder(w.out)
			enc.SetIndent(2)
			if err := enc.Encode(appManifest(name)); err != nil {
				return fmt.Errorf("write manifest: %w", err)
			}
			return enc.Close()
		}
	},
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
		BotUser struct {
			Name   string `yaml:"display_name"`
			Online bool   `yaml:"always_online"`
		} `yaml:"bot_user"`
		Commands []slashCommand `yaml:"slash_commands"`
	} `yaml:"features"`
	OAuth struct {
		Scopes struct {
			Bot []string `yaml:"bot"`
		} `yaml:"scopes"`
	} `yaml:"oauth_config"`
	Settings struct {
		Events struct {
			Bot []string `yaml:"bot_events"`
		} `yaml:"event_subscriptions"`
		Interactivity struct {
			Enabled bool `yaml:"is_enabled"`
		} `yaml:"interactivity"`
		OrgDeploy     bool `yaml:"org_deploy_enabled"`
		SocketMode    bool `yaml:"socket_mode_enabled"`
		TokenRotation bool `yaml:"token_rotation_enabled"`
	} `yaml:"settings"`
}

type slashCommand struct {
	Command     string `yaml:"command"`
	Description string `yaml:"description"`
	UsageHint   string `yaml:"usage_hint"`
	Escape      bool   `yaml:"should_escape"`
}

// appManifest asks for no more than the bot uses: each scope with its reason.
func appManifest(command string) manifest {
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
	m.OAuth.Scopes.Bot = []string{
		"app_mentions:read", // answers in threads, where slash commands do not work
		"channels:history",  // finds its own message again after an unsure post
		"channels:read",     // finds the channel for detected incidents by name
		"chat:write",        // updates and answers
		"commands",
		"files:write",    // the report as files, and pictures where charts are not taken
		"groups:history", // the same two in private channels it is invited to
		"groups:read",
		"users:read", // names of people in the report
	}
	m.Settings.Events.Bot = []string{"app_mention"}
	m.Settings.Interactivity.Enabled = true
	m.Settings.SocketMode = true
	return m
}

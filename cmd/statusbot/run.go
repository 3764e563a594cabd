package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/sandbox"
)

func runCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "run --config FILE [--data-dir DIR]",
		Short: "run the bot: checks, journal, Slack",
		Long: `With slack.mode: sandbox it starts a local Slack workspace as well and prints its
page's address. With slack.mode: socket it needs two tokens of a Slack app, in
STATUSBOT_SLACK_BOT_TOKEN and STATUSBOT_SLACK_APP_TOKEN or in files that the
configuration names; with slack.mode: http the signing secret takes the place of
the second. "statusbot manifest" prints the app. It ends on SIGINT or
SIGTERM, within 5 s, and goes on where it was when it is started again with the same data
directory. When the configuration's files change, or at SIGHUP, it reads them anew;
while they are bad the old configuration stays.

Exit codes: 0 ended by a signal, 1 failed or something was lost at the end, 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot run --config config.example.yaml`,
		Args:    noArgs("; the file goes with --config"),
	}
	fs := c.Flags()
	file := configFlag(c)
	dir := fs.String("data-dir", "", "where everything is kept that survives a restart; overrides data_dir")
	logger := logFlags(c, "info")
	completeFolder(c, "data-dir")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx := c.Context()
		log, err := logger(w.err)
		if err != nil {
			return err
		}
		limit := memoryLimit(w.env)
		load := func() (*config.Config, error) {
			cfg, err := config.Load(*file, w.env)
			if err != nil {
				return nil, err
			}
			limit(cfg)
			if *dir != "" {
				cfg.DataDir = *dir
			}
			return cfg, nil
		}
		limit(nil)
		cfg, err := load()
		if err != nil {
			return err
		}
		warn(w, cfg)
		for _, line := range format.Indistinct(house.Definition(cfg)) {
			log.Info(line)
		}
		return start(ctx, cfg, load, extras{}, log, w)
	}
	return c
}

// configHere is the configuration that is meant where none is named: config.yaml, or what
// init wrote.
func configHere() (file string, there bool) {
	for _, name := range []string{"config.yaml", mainFile} {
		if _, err := os.Stat(name); err == nil {
			return name, true
		}
	}
	return "config.yaml", false
}

// configFlag declares --config.
func configFlag(c *cobra.Command) *string {
	name, _ := configHere()
	file := c.Flags().StringP("config", "c", name, "the configuration's main file; by default config.yaml, or statusbot.yaml where only that is there")
	c.Flags().Lookup("config").DefValue = "" // help is the same in every folder
	completeFiles(c, "config", "yaml", "yml")
	return file
}

// warn prints what is odd in a configuration that works.
func warn(w world, cfg *config.Config) {
	for _, p := range cfg.Warnings {
		fmt.Fprintln(w.err, "warning: "+p.String())
	}
}

// extras are what a command puts beside the house, or into it.
type extras struct {
	mount  map[string]http.Handler                           // handlers on the workspace's server
	beside func(ctx context.Context, workspace string) error // runs while the house does
	shows  bool                                              // it is to be looked at: a busy machine may take longer than Slack allows
	play   house.Playback                                    // results in the place of checks; nil: it probes
}

// start runs the house, with a workspace of its own in sandbox mode. Load
// reads the configuration anew.
func start(ctx context.Context, cfg *config.Config, load func() (*config.Config, error), with extras, log *zap.Logger, w world) error {
	in := house.Config{Load: load, Play: with.play, Log: log, Shown: func(address string) { fmt.Fprintf(w.out, "Page: %s\n", address) }}
	if cfg.Slack.Mode != config.ModeSandbox {
		return house.Run(ctx, cfg, in)
	}
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return house.DiskError(cfg, fmt.Errorf("make the data directory: %w", err))
	}
	var within time.Duration
	if with.shows {
		const patience = 10
		ctx, within = bot.Patiently(ctx, patience), patience*3*time.Second
	}
	space, err := sandbox.New(sandbox.Config{Listen: cfg.Slack.Listen, AckWithin: within, TriggerLife: within, Dir: filepath.Join(cfg.DataDir, "sandbox"),
		Team: cfg.Company, Channels: sandboxChannels(cfg), Commands: sandboxCommands(cfg), Mount: with.mount, Log: log.Named("sandbox")})
	if err != nil {
		return house.DiskError(cfg, house.InUse(err, cfg.Slack.Listen))
	}
	fmt.Fprintf(w.out, "Slack workspace (local): %s\n", space.URL())
	in.Slack = bot.Config{APIURL: space.APIURL(), BotToken: space.BotToken(), AppToken: space.AppToken()}
	group, ctx := errgroup.WithContext(ctx)
	// The workspace outlives the bot, so that its last messages arrive.
	outlive, done := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { return space.Run(outlive) })
	group.Go(func() error {
		defer done()
		return house.Run(ctx, cfg, in)
	})
	if with.beside != nil {
		group.Go(func() error { return with.beside(ctx, space.URL()) })
	}
	return group.Wait()
}

// sandboxChannels are the local workspace's channels: those everybody expects
// and those that the configuration names.
func sandboxChannels(cfg *config.Config) []string {
	list := []string{"general", "incident-demo"}
	named := []string{cfg.Updates.Channel}
	for _, a := range cfg.Updates.AutoStart {
		named = append(named, a.Channel)
	}
	for _, c := range named {
		if c != "" && !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

func sandboxCommands(cfg *config.Config) []string {
	list := []string{"/status", "/statusbot"}
	if c := cfg.Slack.Command; c != list[0] && c != list[1] {
		list = append(list, c)
	}
	return list
}

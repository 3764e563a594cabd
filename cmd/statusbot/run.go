package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/status"
)

var runCommand = command{
	name: "run", usage: "--config FILE [--data-dir DIR]",
	summary: "run the bot: checks, journal, Slack",
	help: `With slack.mode: sandbox it starts a local Slack workspace as well and prints its
page's address. With slack.mode: socket it needs two tokens of a Slack app, in
STATUSBOT_SLACK_BOT_TOKEN and STATUSBOT_SLACK_APP_TOKEN or in files that the
configuration names; "statusbot manifest" prints the app. It ends on SIGINT or
SIGTERM, and goes on where it was when it is started again with the same data
directory. When the configuration's files change, or at SIGHUP, it reads them anew;
while they are bad the old configuration stays.

Exit codes: 0 ended by a signal, 1 failed, 64 wrong call, 78 bad configuration.

Example:
  statusbot run --config config.example.yaml`,
	flags: func(fs *pflag.FlagSet) func(context.Context, []string, world) error {
		file := configFlag(fs)
		dir := fs.String("data-dir", "", "where everything is kept that survives a restart; overrides data_dir")
		logger := logFlags(fs, "info")
		return func(ctx context.Context, args []string, w world) error {
			if len(args) > 0 {
				return usageError(fmt.Sprintf("unexpected argument %q", args[0]))
			}
			log, err := logger(w.err)
			if err != nil {
				return err
			}
			load := func() (*config.Config, error) {
				cfg, err := config.Load(*file, w.env)
				if err == nil && *dir != "" {
					cfg.DataDir = *dir
				}
				return cfg, err
			}
			pace(w, startPercent)
			cfg, err := load()
			if err != nil {
				return err
			}
			warn(w, cfg)
			for _, line := range format.Indistinct(definition(cfg)) {
				log.Info(line)
			}
			return start(ctx, cfg, load, company{}, log, w)
		}
	},
}

// configFlag declares --config.
func configFlag(fs *pflag.FlagSet) *string {
	return fs.StringP("config", "c", "config.yaml", "the configuration's main file")
}

// warn prints what is odd in a configuration that works.
func warn(w world, cfg *config.Config) {
	for _, p := range cfg.Warnings {
		fmt.Fprintln(w.err, "warning: "+p.String())
	}
}

// company is what the demo puts beside the house.
type company struct {
	mount  map[string]http.Handler                           // handlers on the workspace's server
	beside func(ctx context.Context, workspace string) error // runs while the house does
	play   *playback                                         // results in the place of checks; nil: it probes
}

// gcPercent trades CPU for memory: at 10,000 checks every 10 s with a day of history
// 62 MiB are in use, so that 13 instead of Go's 100 saves 54 MiB. A collection takes 30 ms
// of a core, of which half is idle. Where more garbage is made, as by TLS, paceOf raises it.
const gcPercent = 13

// startPercent is in its place while the configuration is read, which makes much more
// garbage: 105 MiB at most for 10,000 checks, where 100 makes it 124 for a quarter less CPU.
const startPercent = 40

// pace sets by what part memory may grow until it is collected, unless the operator did;
// then it returns false.
func pace(w world, percent int) bool {
	if _, set := w.env("GOGC"); set {
		return false
	}
	debug.SetGCPercent(percent)
	return true
}

// start runs the house, with a workspace of its own in sandbox mode. Load
// reads the configuration anew.
func start(ctx context.Context, cfg *config.Config, load func() (*config.Config, error), with company, log *zap.Logger, w world) error {
	paced := pace(w, gcPercent)
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	h := &house{paced: paced, load: load, changed: make(chan struct{}, 1), dataDir: cfg.DataDir, log: log, slack: bot.Config{
		APIURL: cfg.Slack.APIURL, BotToken: cfg.Slack.BotToken.Reveal(), AppToken: cfg.Slack.AppToken.Reveal()}}
	h.cfg.Store(cfg)
	if h.board = status.NewBoard(definition(cfg)); with.play != nil {
		h.play, h.board = with.play, with.play.board
	}
	if cfg.Slack.Mode != config.ModeSandbox {
		return h.run(ctx)
	}
	space, err := sandbox.New(sandbox.Config{Listen: cfg.Slack.Listen, Dir: filepath.Join(cfg.DataDir, "sandbox"),
		Team: cfg.Company, Channels: sandboxChannels(cfg), Commands: sandboxCommands(cfg), Mount: with.mount, Log: log.Named("sandbox")})
	if err != nil {
		return inUse(err, cfg.Slack.Listen)
	}
	fmt.Fprintf(w.out, "Slack workspace (local): %s\n", space.URL())
	h.slack = bot.Config{APIURL: space.APIURL(), BotToken: space.BotToken(), AppToken: space.AppToken()}
	group, ctx := errgroup.WithContext(ctx)
	// The workspace outlives the bot, so that its last messages arrive.
	outlive, done := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error { return space.Run(outlive) })
	group.Go(func() error {
		defer done()
		return h.run(ctx)
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

// inUse says what to do when the workspace's address is taken.
func inUse(err error, addr string) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is used by another program; choose another address with --listen (demo, sandbox) or slack.listen (run)", addr)
	}
	return err
}

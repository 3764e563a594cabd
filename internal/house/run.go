// Package house is one running statusbot: it opens the journal, follows it from
// the past into the present, answers people, and, while it holds the lease,
// schedules checks, decides and posts.
//
// What others use is opened first and closed by defer; what runs is in one
// group, whose first error ends all. What survives a restart is in the journal
// and nowhere else. The configuration may be replaced while the house runs;
// what cannot be applied leaves everything as it was.
package house

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/status"
)

// Config is what a house is told besides its configuration file.
type Config struct {
	Load  func() (*config.Config, error) // reads the configuration anew; nil: it does not change
	Slack bot.Config                     // where Slack is; zero: where the configuration says
	Play  Playback                       // recorded results in the place of checks; nil: it probes
	Shown func(address string)           // called with where the page is, once it listens; nil: nobody is told
	Log   *zap.Logger
}

// Playback is recorded results, which a house plays in the place of probing, and
// the clock that they were recorded by.
type Playback interface {
	Board() *status.Board // that the results come to
	From() time.Time      // the instant at which what is played begins
	Now() time.Time
	// Read stores the results before From, and starts the clock when the board has them.
	Read(ctx context.Context, store func(context.Context, []byte) error) error
	// Play stores each result when it is due, until ctx ends.
	Play(ctx context.Context, store func(context.Context, []byte) error) error
}

// Run runs the house until ctx ends or a part of it fails.
func Run(ctx context.Context, cfg *config.Config, with Config) error {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return DiskError(cfg, fmt.Errorf("make the data directory: %w", err))
	}
	h := &house{cfg: settings{read: with.Load, changed: make(chan struct{}, 1)}, dataDir: cfg.DataDir, log: with.Log, slack: with.Slack, site: site{shown: with.Shown}}
	if h.slack == (bot.Config{}) {
		h.slack = bot.Config{APIURL: cfg.Slack.APIURL, BotToken: cfg.Slack.BotToken.Reveal(), AppToken: cfg.Slack.AppToken.Reveal()}
	}
	h.cfg.Store(cfg)
	if h.play = with.Play; h.play != nil {
		h.board = h.play.Board()
	} else {
		h.board = status.NewBoard(Definition(cfg))
	}
	return h.run(ctx)
}

// DiskError is err, led by what is wrong with the data directory's disk and what
// to do, if that is what it says.
func DiskError(cfg *config.Config, err error) error { return journal.DiskError(cfg.DataDir, err) }

// InUse says what to do when the address of Slack's side is taken.
func InUse(err error, addr string) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is used by another program, or by a statusbot that runs already; choose another address with --listen (demo, sandbox) or slack.listen (run)", addr)
	}
	return err
}

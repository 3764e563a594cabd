package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/demo"
)

func demoCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "demo [--listen ADDR]",
		Short: "show it all at work: a local Slack in the browser, a small company that breaks",
		Long: `It needs no Slack account. Open the page that it prints and watch #incident-demo for two
minutes: everything as usual, an intermittent fault in a shared load balancer, updates,
worse, a drill-down, an action without effect and one that helps, each with its verdict,
quiet, and the recovery with its proof. Then type /status yourself, and break something with the
controls on the page.

Exit codes: 0 ended by a signal or after its time, 1 failed, 64 wrong call.`,
		Example: `  statusbot demo --break-after 20s --heal-after 45s`,
		Args:    noArgs(""),
	}
	fs := c.Flags()
	listen := fs.String("listen", "127.0.0.1:8085", "address of the page")
	dir := fs.String("data-dir", "", "where everything is kept; empty: a temporary folder that is removed at the end")
	exitAfter := fs.Duration("exit-after", 0, "end after this time; 0: at the signal")
	breakAfter := fs.Duration("break-after", 10*time.Second, "when edge-lb begins to fail 5 % of requests; 0: never")
	healAfter := fs.Duration("heal-after", 55*time.Second, "how long after that it is restarted; 0: never")
	seed := fs.Uint64("seed", 1, "of the draws that decide which requests fail")
	logger := logFlags(c, "error")
	completeFolder(c, "data-dir")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx := c.Context()
		if err := checkListen(*listen); err != nil {
			return err
		}
		log, err := logger(w.err)
		if err != nil {
			return err
		}
		if *exitAfter > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, *exitAfter)
			defer cancel()
		}
		if *dir == "" {
			if *dir, err = os.MkdirTemp("", "statusbot-demo-"); err != nil {
				return fmt.Errorf("make a temporary folder: %w", err)
			}
			defer os.RemoveAll(*dir)
		}
		return runDemo(ctx, demoPlan{listen: *listen, dir: *dir, breakAfter: *breakAfter, healAfter: *healAfter, seed: *seed}, log, w)
	}
	return c
}

// demoPlan is what the flags of demo say.
type demoPlan struct {
	listen, dir           string
	breakAfter, healAfter time.Duration
	seed                  uint64
}

// demoSettings makes the demo quick: a cadence of seconds and a short window,
// so that two minutes show what else takes an hour.
const demoSettings = `
slack:
  mode: sandbox
  listen: %q
updates:
  every: 15s
  window: 30s
  channel: incident-demo
web:
  listen: 127.0.0.1:0
page:
  enabled: true
`

func runDemo(ctx context.Context, plan demoPlan, log *zap.Logger, w world) (err error) {
	fmt.Fprintln(w.err, "Starting a small company of eight products, a local Slack and statusbot; the first update comes in about 20 s.")
	firm, err := demo.Start(ctx, demo.Config{Dir: filepath.Join(plan.dir, "company"), Seed: plan.seed, Log: log.Named("company")})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, firm.Close()) }()
	file := filepath.Join(plan.dir, "statusbot.yaml")
	if err := os.WriteFile(file, append(firm.ConfigYAML(), fmt.Appendf(nil, demoSettings, plan.listen)...), 0o600); err != nil {
		return fmt.Errorf("write the demo's configuration: %w", err)
	}
	// The environment is left out: the demo is the same everywhere.
	load := func() (*config.Config, error) {
		cfg, err := config.Load(file, nil)
		if err == nil {
			cfg.DataDir = filepath.Join(plan.dir, "data")
		}
		return cfg, err
	}
	cfg, err := load()
	if err != nil {
		return err
	}
	fmt.Fprintf(w.err, "Its data: %[1]s. From a second terminal: statusbot status --watch --data-dir %[1]s\n", cfg.DataDir)
	story := &story{plan: plan, firm: firm, w: w, log: log}
	return start(ctx, cfg, load, extras{shows: true, mount: map[string]http.Handler{"/demo/": firm.Handler()}, beside: story.tell}, log, w)
}

// checkListen refuses what is no address before anything is started.
func checkListen(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return usageError(fmt.Sprintf("--listen is %q; write host:port, for example 127.0.0.1:8085", addr))
	}
	return nil
}

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/sandbox"
)

func sandboxCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "sandbox [--listen ADDR] [--request-url URL]",
		Short: "run the local Slack workspace alone, for any Slack client",
		Long: `It prints the page's address, the API URL and the two tokens. Point any Slack client
library at them; docs/sandbox.md describes the control API for scripts and tests.

Exit codes: 0 ended by a signal, 1 failed, 64 wrong call.`,
		Example: `  statusbot sandbox --listen 127.0.0.1:8085
  # in another terminal:
  STATUSBOT_SLACK_MODE=socket STATUSBOT_SLACK_API_URL=http://127.0.0.1:8085/api/ \
  STATUSBOT_SLACK_BOT_TOKEN=xoxb-sandbox STATUSBOT_SLACK_APP_TOKEN=xapp-sandbox \
  STATUSBOT_UPDATES_CHANNEL=incident-demo statusbot run --config config.example.yaml`,
		Args: noArgs(""),
	}
	fs := c.Flags()
	listen := fs.String("listen", "127.0.0.1:8085", "address of the page and the API")
	dir := fs.String("data-dir", "", "where messages are kept; empty: in memory only")
	requests := fs.String("request-url", "", "deliver by signed HTTP requests to this URL; empty: over Socket Mode")
	logger := logFlags(c, "warn")
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
		space, err := sandbox.New(sandbox.Config{Listen: *listen, Dir: *dir, Log: log, HTTP: sandbox.HTTPMode{URL: *requests}})
		if err != nil {
			return house.InUse(err, *listen)
		}
		fmt.Fprintf(w.out, "Slack workspace (local): %s\nAPI URL:   %s\nBot token: %s\nApp token: %s\n",
			space.URL(), space.APIURL(), space.BotToken(), space.AppToken())
		if *requests != "" {
			fmt.Fprintf(w.out, "Requests:  %s\nSigning secret: %s\n", *requests, space.SigningSecret())
		}
		return space.Run(ctx)
	}
	return c
}

package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/mcp"
)

func mcpCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "mcp [--config FILE] [--data-dir DIR] | --url URL [--token-file FILE]",
		Short: "let a language model's program read what the statusbot that runs here knows",
		Long: `It speaks the Model Context Protocol on standard input and output, and is started by such a program. Its
tools read, and change nothing. It asks the statusbot that runs on the data directory, as the same
user, or one elsewhere by the address of its page.

Exit codes: 0 its reader went away, 1 failed, 64 wrong call, 78 bad configuration.`,
		Example: `  statusbot mcp --data-dir /var/lib/statusbot
  statusbot mcp --url https://status.example.com --token-file /etc/statusbot/page-token`,
	}
	fs := c.Flags()
	file := fs.StringP("config", "c", "", "the configuration's main file, for its data_dir")
	dir := fs.String("data-dir", "", "the data directory; overrides data_dir, ./data without a configuration")
	site := fs.String("url", "", "address of a statusbot's page, in place of a data directory")
	tokenFile := fs.String("token-file", "", "file that holds that page's token (page.token_file there)")
	completeFolder(c, "data-dir")
	completeFiles(c, "config", "yaml", "yml")
	completeFiles(c, "token-file")
	c.RunE = func(c *cobra.Command, args []string) error {
		switch {
		case len(args) > 0:
			return usageError("unexpected argument \"" + args[0] + "\"")
		case *site != "" && (*dir != "" || *file != ""):
			return usageError("--url stands in the place of --data-dir and --config; give one of them")
		case *tokenFile != "" && *site == "":
			return usageError("--token-file needs --url; a data directory needs no token")
		}
		ask, err := asksOf(w, *file, *dir, *site, *tokenFile)
		if err != nil {
			return err
		}
		in := w.in
		if in == nil {
			in = strings.NewReader("")
		}
		return mcp.Serve(c.Context(), ask, io.NopCloser(in), noClose{w.out})
	}
	return c
}

// asksOf is how the one is asked that flags name.
func asksOf(w world, file, dir, site, tokenFile string) (mcp.Ask, error) {
	if site == "" {
		at, err := dirBeside(w, file, dir)
		if err != nil {
			return nil, err
		}
		ask := house.AskBeside(at)
		return func(ctx context.Context, path string) (int, []byte, error) {
			status, body, err := ask(ctx, path)
			return status, body, notRunning(err, at)
		}, nil
	}
	u, err := url.Parse(site)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, usageError("--url is no address of a page; write it as people type it: https://status.example.com")
	}
	var token string
	if tokenFile != "" {
		data, err := os.ReadFile(tokenFile)
		if err != nil {
			return nil, err
		}
		token = strings.TrimSpace(string(data))
	}
	// No redirect is followed: the token is for that address alone.
	client := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return errors.New("it leads elsewhere; give --url as the page's own address")
	}}
	return mcp.Over(client, site, token), nil
}

// noClose is an output that others go on with.
type noClose struct{ io.Writer }

func (noClose) Close() error { return nil }

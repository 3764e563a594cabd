package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/statusbot/statusbot/internal/config"
)

// Exit codes. Those of `check` are in check.go; 64 and 78 are sysexits(3)'s.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 64
	exitConfig = 78
)

// world is what a command touches outside of its own flags. Data goes to out,
// words to err.
type world struct {
	out, err io.Writer
	env      func(string) (string, bool)
}

func main() {
	// The second signal ends the process at once: stop is called at the first.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], world{out: os.Stdout, err: os.Stderr, env: os.LookupEnv}))
}

// command is one subcommand.
type command struct {
	name    string
	summary string // one line for the overview
	usage   string // what follows the name
	help    string // what --help says below the summary, ends with an example
	// flags declares the flags and returns the func that runs the command.
	flags func(*pflag.FlagSet) func(ctx context.Context, args []string, w world) error
}

// commands is every subcommand, in the order of the overview.
var commands = []command{runCommand, demoCommand, sandboxCommand, checkCommand, validateCommand, manifestCommand, doctorCommand, replayCommand, exportCommand}

// usageError is a wrong call: one sentence, exit code 64.
type usageError string

func (e usageError) Error() string { return string(e) }

// exitError ends the process with a code and no words: they are said already.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, w world) int {
	if len(args) == 0 {
		overview(w.err)
		return exitUsage
	}
	switch args[0] {
	case "help", "--help", "-h":
		overview(w.out)
		return exitOK
	case "version", "--version":
		fmt.Fprintln(w.out, "statusbot "+version())
		return exitOK
	}
	for _, c := range commands {
		if c.name == args[0] {
			return c.run(ctx, args[1:], w)
		}
	}
	fmt.Fprintf(w.err, "statusbot: there is no command %q%s\n", args[0], nearestCommand(args[0]))
	fmt.Fprintln(w.err, "See `statusbot help`.")
	return exitUsage
}

func (c command) run(ctx context.Context, args []string, w world) int {
	fs := pflag.NewFlagSet(c.name, pflag.ContinueOnError)
	fs.SortFlags = false
	fs.SetOutput(io.Discard)
	act := c.flags(fs)
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			c.print(w.out, fs)
			return exitOK
		}
		fmt.Fprintf(w.err, "statusbot %s: %v\nSee `statusbot %s --help`.\n", c.name, err, c.name)
		return exitUsage
	}
	err := act(ctx, fs.Args(), w)
	code, silent := errors.AsType[exitError](err)
	usage, wrongCall := errors.AsType[usageError](err)
	problems, badConfig := errors.AsType[config.Problems](err)
	switch {
	case err == nil:
		return exitOK
	case silent:
		return int(code)
	case wrongCall:
		fmt.Fprintf(w.err, "statusbot %s: %s\nSee `statusbot %s --help`.\n", c.name, usage, c.name)
		return exitUsage
	case badConfig:
		fmt.Fprintln(w.err, problems.Error())
		fmt.Fprintf(w.err, "statusbot %s: %s in the configuration; nothing was started.\n%s", c.name, count(len(problems), "problem"), tokensHint(problems))
		return exitConfig
	default:
		fmt.Fprintf(w.err, "statusbot %s: %v\n", c.name, err)
		return exitFailed
	}
}

func (c command) print(out io.Writer, fs *pflag.FlagSet) {
	fmt.Fprintf(out, "%s\n\nUsage:\n  statusbot %s\n", c.summary, strings.TrimSpace(c.name+" "+c.usage))
	if fs.HasFlags() {
		fmt.Fprintf(out, "\nFlags:\n%s", fs.FlagUsages())
	}
	fmt.Fprintf(out, "\n%s\n", strings.TrimSpace(c.help))
}

func overview(out io.Writer) {
	fmt.Fprint(out, "statusbot reports the impact of an outage on clients, product by product, into Slack.\n\nUsage:\n  statusbot COMMAND [flags]\n\nCommands:\n")
	for _, c := range commands {
		fmt.Fprintf(out, "  %-10s %s\n", c.name, c.summary)
	}
	fmt.Fprintf(out, "  %-10s %s\n", "version", "print the version")
	fmt.Fprint(out, "\n`statusbot COMMAND --help` says more. To see it at work: statusbot demo\n")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// tokensHint says how to get the tokens of a Slack app, if one is missing.
func tokensHint(problems config.Problems) string {
	for _, p := range problems {
		if slices.Contains([]string{"slack.bot_token", "slack.app_token", "slack.signing_secret"}, p.Path) {
			return `
To get the tokens: create an app at api.slack.com/apps from what "statusbot manifest" prints, and install it.
  bot token (xoxb-...): OAuth & Permissions > Bot User OAuth Token
  app token (xapp-...): Basic Information > App-Level Tokens, with the scope connections:write
  signing secret:       Basic Information > App Credentials (for slack.mode: http, which needs no app token)
"statusbot demo" needs neither: it brings a Slack of its own.
`
		}
	}
	return ""
}

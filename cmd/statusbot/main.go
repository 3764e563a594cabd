package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

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
	in       io.Reader // nil: nobody is there
	out, err io.Writer
	env      func(string) (string, bool)
}

func main() {
	// The second signal ends the process at once: stop is called at the first.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	log.SetOutput(io.Discard) // what libraries say by themselves, where no log is kept
	os.Exit(run(ctx, os.Args[1:], world{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.LookupEnv}))
}

// commands makes every subcommand, in the order of the overview.
func commands(w world) []*cobra.Command {
	return []*cobra.Command{
		runCommand(w), demoCommand(w), initCommand(w), adoptCommand(w), shadowCommand(w), sandboxCommand(w), checkCommand(w), validateCommand(w), schemaCommand(w), manifestCommand(w),
		doctorCommand(w), reportCommand(w), replayCommand(w), statusCommand(w), incidentsCommand(w), timelineCommand(w), markCommand(w), mcpCommand(w), clusterCommand(w), agentCommand(w), availabilityCommand(w), exportCommand(w), backupCommand(w), restoreCommand(w), versionCommand(w), completionCommand(w), manCommand(w),
	}
}

// usageError is a wrong call: one sentence, exit code 64.
type usageError string

func (e usageError) Error() string { return string(e) }

// exitError ends the process with a code and no words: they are said already.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, w world) int {
	root := rootCommand(w)
	root.SetArgs(args)
	c, err := root.ExecuteContextC(ctx)
	code, silent := errors.AsType[exitError](err)
	usage, wrongCall := errors.AsType[usageError](err)
	problems, badConfig := errors.AsType[config.Problems](err)
	switch {
	case err == nil:
		return exitOK
	case silent:
		return int(code)
	case wrongCall && (c == root || c.Name() == "help"):
		fmt.Fprintf(w.err, "statusbot: %s\nSee `statusbot help`.\n", usage)
		return exitUsage
	case wrongCall:
		fmt.Fprintf(w.err, "%s: %s\nSee `%s --help`.\n", c.CommandPath(), usage, c.CommandPath())
		return exitUsage
	case badConfig:
		fmt.Fprintln(w.err, problems.Error())
		fmt.Fprintf(w.err, "%s: %s in the configuration; nothing was started.\n%s", c.CommandPath(), count(len(problems), "problem"), beginHint(problems)+tokensHint(problems))
		return exitConfig
	default:
		fmt.Fprintf(w.err, "%s: %v\n%s", c.CommandPath(), err, rightsHint(err))
		return exitFailed
	}
}

// The overview has an order. It is said once, since it is said to all of cobra, and
// more than one command line can run in a process.
func init() { cobra.EnableCommandSorting = false }

// rootCommand is the program's command line. What is wrong with a call comes back
// as an error, and cobra itself prints nothing but the help that was asked for.
func rootCommand(w world) *cobra.Command {
	root := &cobra.Command{
		Use:   "statusbot",
		Short: "statusbot reports the impact of an outage on clients, product by product, into Slack.",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return noCommand(args[0])
			}
			return nil
		},
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("version") {
				fmt.Fprintln(w.out, "statusbot "+version())
				return nil
			}
			overview(c, w.err)
			if file, there := configHere(); there {
				fmt.Fprintf(w.err, "Next, with the %s that is here: statusbot check, then statusbot run\n", file)
			} else {
				fmt.Fprintln(w.err, "Next, since no configuration is here: "+toBegin)
			}
			return exitError(exitUsage)
		},
		SilenceErrors: true, SilenceUsage: true,
	}
	root.Flags().Bool("version", false, "print the version")
	root.SetOut(w.out)
	root.SetErr(w.err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError(err.Error()) })
	root.SetHelpFunc(func(c *cobra.Command, _ []string) {
		if c == root {
			overview(c, w.out)
			return
		}
		help(c, w.out)
	})
	for _, c := range commands(w) {
		c.DisableFlagsInUseLine = true
		c.Flags().SortFlags = false
		c.InitDefaultHelpFlag()
		c.Flags().Lookup("help").Hidden = true // each overview says so
		if c.ValidArgsFunction == nil && len(c.ValidArgs) == 0 {
			c.ValidArgsFunction = cobra.NoFileCompletions
		}
		root.AddCommand(c)
	}
	root.SetHelpCommand(helpCommand(root))
	return root
}

// helpCommand prints the overview, or the help of the command that is named.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "say more of a command", Hidden: true,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, c := range root.Commands() {
				if !c.Hidden {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return root.Help()
			}
			for _, c := range root.Commands() {
				if c.Name() == args[0] {
					return c.Help()
				}
			}
			return noCommand(args[0])
		},
	}
}

// noArgs refuses arguments, with what is to be said besides.
func noArgs(besides string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError(fmt.Sprintf("unexpected argument %q%s", args[0], besides))
		}
		return nil
	}
}

// noCommand says that there is no such command, and which was meant.
func noCommand(said string) error {
	return usageError(fmt.Sprintf("there is no command %q%s", said, nearestCommand(said)))
}

// help is what a command's --help says.
func help(c *cobra.Command, out io.Writer) {
	fmt.Fprintf(out, "%s\n\nUsage:\n  %s\n", c.Short, c.UseLine())
	if c.HasAvailableLocalFlags() {
		fmt.Fprintf(out, "\nFlags:\n%s", c.LocalFlags().FlagUsages())
	}
	if c.Long != "" {
		fmt.Fprintf(out, "\n%s\n", strings.TrimSpace(c.Long))
	}
	if c.Example != "" {
		fmt.Fprintf(out, "\nExample:\n%s\n", c.Example)
	}
}

func overview(root *cobra.Command, out io.Writer) {
	fmt.Fprintf(out, "%s\n\nUsage:\n  statusbot COMMAND [flags]\n\nCommands:\n", root.Short)
	for _, c := range root.Commands() {
		if !c.Hidden {
			fmt.Fprintf(out, "  %-12s %s\n", c.Name(), c.Short)
		}
	}
	fmt.Fprint(out, "\n`statusbot COMMAND --help` says more. To see it at work: statusbot demo\n")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// toBegin is the next step of who has no configuration.
const toBegin = "statusbot init https://pay.example.com/health, with what your clients use, writes a first one"

// beginHint says how to come by a configuration, if there is none.
func beginHint(problems config.Problems) string {
	if len(problems) == 1 && problems[0].Path == "" && strings.HasPrefix(problems[0].Message, "there is no such file") {
		return toBegin + ", " + mainFile + ", which is found here as well; statusbot demo needs none.\n"
	}
	return ""
}

// rightsHint says what to do about a file or folder that this user may not write or read, if
// the error does not.
func rightsHint(err error) string {
	_, ofPath := errors.AsType[*fs.PathError](err)
	said := strings.Contains(err.Error(), "; ") // what is wrong; the cure
	if !ofPath || said || !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS) {
		return ""
	}
	return "Run it as a user who may, or name another place.\n"
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

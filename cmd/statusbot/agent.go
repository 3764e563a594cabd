package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/agent"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/publish"
)

// agentFlags are those of all that `statusbot agent` does.
type agentFlags struct {
	vantage, dir, token, config, scripts *string
	servers                              *[]string
}

func agentCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "agent [enroll | token | remove ID] [flags]",
		Short: "probe from another network, for the bot that leads",
		Long: `An agent runs where clients are, connects out to the bot's agents.listen over TLS, and probes the
checks that name its vantage. It needs no configuration: what it is to probe it is told.

Beside the bot, as its user:
  statusbot agent token --vantage NAME    print a token, good once and for an hour
  statusbot agent remove ID               let an agent in no more; "statusbot status --agents" has the ids
On the agent's machine:
  statusbot agent enroll --server HOST:PORT --token TOKEN --data-dir DIR
  statusbot agent --vantage NAME --data-dir DIR

Of several members of a cluster, name each by a --server of its own. An agent runs no script but
those of --scripts: the path of one on each line, and behind it, if it is to be that content
alone, sha256:HEX. It ends on SIGINT or SIGTERM.

Exit codes: 0 ended by a signal or done, 1 failed, 64 wrong call, 78 bad configuration.`,
		Example:   `  statusbot agent --vantage eu --data-dir /var/lib/statusbot-agent`,
		ValidArgs: []string{"enroll", "token", "remove"},
	}
	fs := c.Flags()
	f := agentFlags{
		vantage: fs.String("vantage", "", "the place that it probes from"),
		dir:     fs.String("data-dir", "", "the agent's directory: what it comes in with, and results that wait; of the bot, for token and remove"),
		servers: fs.StringArray("server", nil, "host:port where the bot lets agents in (enroll)"),
		token:   fs.String("token", "", "what statusbot agent token printed (enroll)"),
		scripts: fs.String("scripts", "", "file that lists the scripts that it may run"),
		config:  fs.StringP("config", "c", "", "the bot's configuration, for its data_dir (token, remove)"),
	}
	logger := logFlags(c, "info")
	completeFolder(c, "data-dir")
	completeFiles(c, "config", "yaml", "yml")
	c.RunE = func(c *cobra.Command, args []string) error {
		what, rest := "", args
		if len(args) > 0 {
			what, rest = args[0], args[1:]
		}
		if n := map[string]int{"remove": 1}[what]; len(rest) != n {
			return usageError("give remove an id, and nothing else an argument")
		}
		switch what {
		case "":
			return f.run(c, w, logger)
		case "enroll":
			return f.enroll(c, w)
		case "token":
			return f.newToken(c, w)
		case "remove":
			return f.remove(c, w, rest[0])
		}
		return usageError(fmt.Sprintf("there is nothing called %q; it is enroll, token or remove", what))
	}
	return c
}

// run runs an agent.
func (f agentFlags) run(c *cobra.Command, w world, logger func(io.Writer) (*zap.Logger, error)) error {
	if *f.vantage == "" {
		return usageError("--vantage is missing")
	}
	dir := cmp.Or(*f.dir, agentDir)
	log, err := logger(w.err)
	if err != nil {
		return err
	}
	cfg := agent.Config{Dir: dir, Version: version(), Log: log}
	if cfg.Credentials, err = agent.ReadCredentials(dir); err != nil {
		return err
	}
	if at := cfg.Credentials.Vantage; at != *f.vantage {
		return fmt.Errorf("the credentials in %s are of the vantage %s, not %s", dir, at, *f.vantage)
	}
	if *f.scripts != "" {
		if cfg.Scripts, err = agent.ReadScripts(*f.scripts); err != nil {
			return err
		}
	}
	a, err := agent.New(cfg)
	if err != nil {
		return err
	}
	return a.Run(c.Context())
}

// agentDir is where an agent keeps what it has, unless it is told otherwise.
const agentDir = "./agent-data"

func (f agentFlags) enroll(c *cobra.Command, w world) error {
	if len(*f.servers) == 0 || *f.token == "" {
		return usageError("--server and --token are needed")
	}
	dir := cmp.Or(*f.dir, agentDir)
	got, err := agent.Enroll(c.Context(), dir, *f.token, *f.servers)
	if err != nil {
		return err
	}
	if *f.vantage != "" && *f.vantage != got.Vantage {
		fmt.Fprintf(w.err, "The token was for the vantage %s.\n", got.Vantage)
	}
	fmt.Fprintf(w.out, "Enrolled as %s of the vantage %s. Start it with:\n  statusbot agent --vantage %s --data-dir %s\n", got.ID, got.Vantage, got.Vantage, dir)
	return nil
}

// beside is the data directory of the bot that runs here.
func (f agentFlags) beside(w world) (string, error) { return dirBeside(w, *f.config, *f.dir) }

func (f agentFlags) newToken(c *cobra.Command, w world) error {
	if !agent.VantageName.MatchString(*f.vantage) {
		return usageError("--vantage is missing, or no name: up to 32 of a-z, 0-9, - and _")
	}
	at, err := f.beside(w)
	if err != nil {
		return err
	}
	token, err := house.TokenBeside(c.Context(), at, *f.vantage)
	if err != nil {
		return notRunning(err, at)
	}
	fmt.Fprintln(w.out, token)
	fmt.Fprintf(w.err, "Good once, for one hour. Whoever has it may probe for the vantage %s, and sees the secrets of its checks.\n", *f.vantage)
	return nil
}

func (f agentFlags) remove(c *cobra.Command, w world, id string) error {
	at, err := f.beside(w)
	if err != nil {
		return err
	}
	err = house.RemoveBeside(c.Context(), at, id)
	if errors.Is(err, publish.ErrNotFound) {
		return fmt.Errorf("there is no agent %s; `statusbot status --agents` has the ids", id)
	}
	if err != nil {
		return notRunning(err, at)
	}
	fmt.Fprintf(w.err, "%s comes in no more. Change the secrets of its checks, if somebody else may have its machine.\n", id)
	return nil
}

func notRunning(err error, at string) error {
	if errors.Is(err, house.ErrNoDoor) {
		return fmt.Errorf("no statusbot that runs answers at %s; start one by statusbot run, or name its data directory by --data-dir", at)
	}
	return err
}

// agentsText is how the agents are, for the terminal: what is wrong comes first.
func agentsText(s house.AgentsState, now time.Time) string {
	var b strings.Builder
	for _, t := range agentsTroubles(s) {
		b.WriteString(t + "\n")
	}
	if len(s.Agents) == 0 {
		b.WriteString("No agent is enrolled; `statusbot agent token --vantage NAME` lets one in.\n")
	}
	for _, a := range s.Agents {
		fmt.Fprintf(&b, "%-12s %-12s %s  %s\n", a.Vantage, a.ID, a.Name, agentText(a, s.Open, now))
	}
	return b.String()
}

func agentText(a agent.State, open bool, now time.Time) string {
	switch {
	case !open:
		return "the statusbot that leads knows how it is"
	case a.Seen.IsZero():
		return "not there"
	case !a.Alive:
		return "silent for " + now.Sub(a.Seen).Round(time.Second).String()
	}
	says := []string{"there, " + a.Version, count(a.Checks, "check")}
	if a.Refused > 0 {
		says = append(says, fmt.Sprintf("%d of them refused", a.Refused))
	}
	if a.Kept > 0 {
		says = append(says, count(a.Kept, "result")+" waiting")
	}
	if a.Dropped > 0 {
		says = append(says, count(int(a.Dropped), "result")+" lost for want of room") //nolint:gosec // nobody loses so many
	}
	if a.Off != 0 {
		says = append(says, "its clock is "+a.Off.Round(time.Second).String()+" behind")
	}
	return strings.Join(says, ", ")
}

// agentsTroubles are what is not as it should be, a sentence each.
func agentsTroubles(s house.AgentsState) (list []string) {
	if s.Listen == "" {
		list = append(list, "Agents cannot come in: agents.listen is not set.")
	}
	if s.Shut != "" {
		list = append(list, strings.ToUpper(s.Shut[:1])+s.Shut[1:]+".")
	}
	for _, v := range slices.Sorted(maps.Keys(s.Silent)) {
		list = append(list, fmt.Sprintf("No agent of the vantage %s is there: %s of it not measured.", v, count(s.Silent[v], "check")))
	}
	return list
}

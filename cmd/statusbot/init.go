package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/adopt"
	"github.com/statusbot/statusbot/internal/config"
)

func initCommand(w world) *cobra.Command {
	c := &cobra.Command{
		Use:   "init [[NAME=]URL...] [--from TOOL FILE...]",
		Short: "write a first configuration, of URLs or of another tool's",
		Long: `Without --from: what clients use, as URLs or host:port, as arguments or a line each on standard
input, where "Billing https://pay.example.com/health" names the product. It writes statusbot.yaml.

With --from: checks.d/TOOL.yaml of the files of another tool, statusbot.yaml beside it unless it is
there, and on standard output a report: what was carried, what differently and why, what not. No
secret is written: the report names the variables to set in its place. See docs/import.md.

TOOL is one of ` + strings.Join(adopt.Tools(), ", ") + `.

Exit codes: 0 written, 1 not, 64 wrong call.`,
		Example: `  statusbot init Billing=https://pay.example.com/health db.example.com:5432
  statusbot init --from gatus config.yaml`,
	}
	in := initializing{w: w}
	c.Flags().StringVar(&in.from, "from", "", "take the `TOOL`'s configuration over")
	c.Flags().StringVar(&in.dir, "dir", ".", "write into `DIR`")
	c.Flags().StringVar(&in.company, "company", "", "`NAME` that reports carry")
	c.Flags().BoolVar(&in.force, "force", false, "with --from: write checks.d/TOOL.yaml anew")
	c.RunE = func(_ *cobra.Command, args []string) error {
		if in.from == "" {
			return in.list(args)
		}
		if !slices.Contains(adopt.Tools(), in.from) {
			return usageError(fmt.Sprintf("%q is not known; write --from with one of %s", in.from, strings.Join(adopt.Tools(), ", ")))
		}
		if len(args) == 0 {
			return usageError("name the files of " + in.from)
		}
		return in.take(args)
	}
	return c
}

// initializing is one call of init.
type initializing struct {
	w                  world
	from, dir, company string
	force              bool
}

const (
	mainFile     = "statusbot.yaml"
	checksFolder = "checks.d"
)

// list writes a configuration of what clients use.
func (in *initializing) list(args []string) error {
	file := filepath.Join(in.dir, mainFile)
	if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("%s is there already; write into another folder with --dir", file)
	}
	lines := make([]string, 0, len(args))
	for _, arg := range args {
		name, target, named := strings.Cut(arg, "=")
		if named && !strings.Contains(name, "/") {
			arg = name + " " + target
		}
		lines = append(lines, arg)
	}
	if len(args) == 0 {
		var err error
		if lines, err = in.ask(); err != nil {
			return err
		}
	}
	plan, err := adopt.List(lines)
	if err != nil {
		return err
	}
	if err := in.settle(plan); err != nil {
		return err
	}
	for _, l := range plan.Not {
		return fmt.Errorf("%s: %s", l.What, l.Why)
	}
	checks, err := plan.YAML("What clients use, and how it is looked at. docs/checks.md has all kinds; `statusbot check` tries them.")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(in.dir, 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	if err := write(file, in.main("")+"\n"+string(checks)); err != nil {
		return err
	}
	fmt.Fprintf(in.w.out, "%s: %s, %s.\n", file, count(len(plan.Checks), "check"), count(len(plan.Products), "product"))
	in.variables(plan)
	return in.next(plan, file)
}

// ask reads what is not in the arguments: from who sits there, or a list.
func (in *initializing) ask() (lines []string, err error) {
	if in.w.in == nil {
		return nil, usageError("name what clients use, such as https://pay.example.com/health")
	}
	r := bufio.NewScanner(in.w.in)
	asked := isTerminal(in.w.in)
	if asked && in.company == "" {
		fmt.Fprint(in.w.err, "Name of the company (empty for none): ")
		if r.Scan() {
			in.company = strings.TrimSpace(r.Text())
		}
	}
	if asked {
		fmt.Fprint(in.w.err, "What do clients use? A URL or host:port a line, behind a name if you like:\nBilling https://pay.example.com/health\nAn empty line ends the list.\n")
	}
	for r.Scan() {
		if asked && strings.TrimSpace(r.Text()) == "" {
			break
		}
		lines = append(lines, r.Text())
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("read the list: %w", err)
	}
	return lines, nil
}

// isTerminal reports whether somebody may sit at the other end.
func isTerminal(end any) bool {
	f, ok := end.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// take takes over another tool's configuration.
func (in *initializing) take(files []string) error {
	sources, err := read(files)
	if err != nil {
		return err
	}
	plan, err := adopt.From(in.from, sources)
	if err != nil {
		return err
	}
	if err := in.settle(plan); err != nil {
		return err
	}
	if len(plan.Checks) == 0 {
		plan.Tell(in.w.out)
		return errors.New("nothing was written, since nothing could be carried; the report says why")
	}
	text, err := plan.YAML(fmt.Sprintf("Made by `statusbot init --from %s`. Change it as you like: it is not read back.\nProducts are the groups that were there: what clients use and one team owns suits better, see docs/checks.md.", in.from))
	if err != nil {
		return err
	}
	return in.lay(plan, in.from, text, plan.Tell)
}

// lay writes checks.d/NAME.yaml, and a main file that includes it unless one is
// there; tell says in between what is in it.
func (in *initializing) lay(plan *adopt.Plan, name string, text []byte, tell func(io.Writer)) error {
	folder := filepath.Join(in.dir, checksFolder)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the folder of checks: %w", err)
	}
	file := filepath.Join(folder, name+".yaml")
	if _, err := os.Stat(file); err == nil && !in.force {
		return fmt.Errorf("%s is there already; --force writes it anew", file)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return fmt.Errorf("write the checks: %w", err)
	}
	tell(in.w.out)
	fmt.Fprintf(in.w.err, "%s: %s, %s.\n", file, count(len(plan.Checks), "check"), count(len(plan.Products), "product"))
	whole := filepath.Join(in.dir, mainFile)
	switch err := write(whole, in.main("include: checks.d/*.yaml\n")); {
	case err == nil:
		fmt.Fprintf(in.w.err, "%s includes it.\n", whole)
	case errors.Is(err, fs.ErrExist):
		fmt.Fprintln(in.w.err, inclusion(whole, file))
	default:
		return err
	}
	return in.next(plan, whole)
}

// inclusion says whether a main file that was there includes a file, and how it would.
func inclusion(main, file string) string {
	text, err := os.ReadFile(main)
	var says struct {
		Include yaml.Node `yaml:"include"`
	}
	if err != nil || yaml.Unmarshal(text, &says) != nil {
		return main + " cannot be read: see that it says include: checks.d/*.yaml"
	}
	patterns := []string{says.Include.Value}
	for _, one := range says.Include.Content {
		patterns = append(patterns, one.Value)
	}
	for _, pattern := range patterns {
		if is, _ := filepath.Match(filepath.Join(filepath.Dir(main), pattern), file); is { // a pattern that is none matches nothing
			return main + " includes it already."
		}
	}
	if !says.Include.IsZero() {
		return main + " includes other files alone: add checks.d/*.yaml to its include."
	}
	return fmt.Sprintf("%s does not include it yet. This does: echo 'include: checks.d/*.yaml' >> %s", main, pathInShell(main))
}

// settle shows the plan's checks to the reader of configurations.
func (in *initializing) settle(plan *adopt.Plan) error {
	dir, err := os.MkdirTemp("", "statusbot-init-")
	if err != nil {
		return fmt.Errorf("try the checks: %w", err)
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, mainFile)
	return plan.Settle(func(text []byte, env func(string) (string, bool)) (found []adopt.Problem, err error) {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return nil, fmt.Errorf("try the checks: %w", err)
		}
		_, err = config.Load(file, env)
		problems, _ := errors.AsType[config.Problems](err)
		for _, p := range problems {
			found = append(found, adopt.Problem{Path: p.Path, Message: p.Message})
		}
		return found, nil
	})
}

// read reads files, and of folders the YAML and JSON in them and below.
func read(files []string) (sources []adopt.Source, err error) {
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("read what is to be taken over: %w", err)
		}
		found := []string{name}
		if info.IsDir() {
			if found, err = within(name); err != nil {
				return nil, err
			}
		}
		for _, file := range found {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read what is to be taken over: %w", err)
			}
			sources = append(sources, adopt.Source{Name: file, Text: text})
		}
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("no YAML or JSON is in %s", strings.Join(files, ", "))
	}
	return sources, nil
}

// within lists the YAML and JSON of a folder and those below it, by name. Hidden folders are
// passed over: one that Kubernetes mounts holds its files a second time in such.
func within(folder string) (found []string, err error) {
	root := folder + string(filepath.Separator) // so that a link is followed
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("read what is to be taken over: %w", err)
		case d.IsDir() && path != root && strings.HasPrefix(d.Name(), "."):
			return filepath.SkipDir
		case d.IsDir():
		case slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)):
			found = append(found, path)
		}
		return nil
	})
	return found, err
}

// main is a main file without lists.
func (in *initializing) main(include string) string {
	company := "# company: Example Company\n"
	if in.company != "" {
		company = fmt.Sprintf("company: %q\n", in.company)
	}
	return "# statusbot's configuration; docs/configuration.md has every key.\n\n" + company + `
slack:
  mode: sandbox # a Slack of our own, to try it; "socket" is Slack itself, see docs/slack.md
updates:
  every: 5m
  channel: incident-demo # where an incident that statusbot itself detected is announced
# The same in a browser, see docs/page.md:
# web: {listen: "127.0.0.1:8080"}
# page: {enabled: true}
` + include
}

// write writes a file that must not be there.
func write(file, text string) error { return writeAs(file, text, 0o644) }

func writeAs(file, text string, mode fs.FileMode) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}

// variables names what is to be set.
func (in *initializing) variables(plan *adopt.Plan) {
	for _, v := range plan.Variables {
		fmt.Fprintf(in.w.err, "To be set in the environment: %s, %s\n", v.Name, v.For)
	}
}

// next says what to do with it; what is to be set in the environment has a file to be
// filled in.
func (in *initializing) next(plan *adopt.Plan, file string) error {
	set := ""
	if len(plan.Variables) > 0 {
		values := filepath.Join(filepath.Dir(file), "statusbot.env")
		var b strings.Builder
		b.WriteString("# What the configuration takes from the environment. Take the # away and write each value between the quotes.\n# systemd reads this file as it is (EnvironmentFile=), a shell by: set -a; . ./statusbot.env; set +a\n")
		for _, v := range plan.Variables {
			fmt.Fprintf(&b, "\n# %s\n#%s=''\n", v.For, v.Name)
		}
		switch err := writeAs(values, b.String(), 0o600); {
		case err == nil:
			fmt.Fprintf(in.w.err, "Fill in %s, which has a line for each of %s.\n", values, count(len(plan.Variables), "variable"))
			set = "set -a; . " + pathInShell(values) + "; set +a; "
		case !errors.Is(err, fs.ErrExist):
			return err
		}
	}
	fmt.Fprintf(in.w.err, "Next: %sstatusbot check --config %s    then: statusbot run --config %[2]s\n", set, file)
	return nil
}

// pathInShell is a path as "." of a shell finds it, which looks for a bare name elsewhere.
func pathInShell(path string) string {
	if !strings.ContainsRune(path, filepath.Separator) {
		return "./" + path
	}
	return path
}

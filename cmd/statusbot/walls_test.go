package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// module is what every package of the house begins with.
const module = "github.com/statusbot/statusbot/"

// floors are the packages from the ground up. An import goes to a floor below,
// and packages on one floor do not know each other. The linter's rules
// (depguard) say more, each with its reason, but look at import lines alone.
var floors = [][]string{
	{"internal/lazy", "internal/longtest"},
	{"internal/checks", "internal/incident", "internal/spelling", "internal/serve", "internal/port", "internal/wall", "internal/adopt", "internal/journal", "internal/journal/journaltest", "internal/sandbox/blockkit", "internal/format/reader"},
	{"internal/checks/redact", "internal/checks/names", "internal/impact", "internal/shadow", "internal/sandbox", "internal/demo"},
	{"internal/checks/probe", "internal/impact/cause", "internal/format/text", "internal/sandbox/sandboxtest"},
	{"internal/checks/probe/probetest", "internal/checks/claim", "internal/checks/runner", "internal/status", "internal/format/picture", "internal/format/elsewhere"},
	{"internal/checks/kind/*", "internal/format/picture/lines", "internal/format/report"},
	{"internal/checks/kind/journey", "internal/checks/kind/prometheus", "internal/checks/heartbeat", "internal/format"},
	{"internal/checks/kinds", "internal/publish", "internal/web", "internal/web/api", "internal/web/page", "internal/web/hooks"},
	{"internal/agent", "internal/bot", "internal/ways", "internal/metrics", "internal/spans", "internal/mcp", "internal/config", "internal/publish/publishtest", "internal/checks/kinds/planted"},
	{"internal/bot/bottest", "internal/house", "internal/replay/replaytest", "internal/replay/scenario"},
	{"internal/replay"},
	{"cmd/statusbot"},
}

// links are what a package may be linked with, of what is not ours and not
// plain: an answer must not depend on the machine where the floor is pure.
var links = []struct {
	floors []string
	refuse func(dep string) bool
	why    string
}{
	{
		[]string{
			"internal/checks", "internal/checks/redact", "internal/impact", "internal/impact/cause", "internal/incident", "internal/status",
			"internal/publish", "internal/format", "internal/format/text", "internal/format/report", "internal/format/picture", "internal/format/elsewhere", "internal/format/reader", "internal/spelling", "internal/lazy",
		},
		func(dep string) bool {
			return foreign(dep) && !strings.HasPrefix(dep, "go.uber.org/zap") && dep != "go.uber.org/multierr" && !isTables(dep)
		},
		"a pure floor links nothing foreign but the log that is handed in",
	},
	{
		[]string{"internal/checks", "internal/checks/redact", "internal/impact", "internal/impact/cause", "internal/incident", "internal/status", "internal/format", "internal/format/text", "internal/format/report", "internal/format/picture", "internal/format/elsewhere"},
		func(dep string) bool {
			return foreign(dep) && !isTables(dep) || slices.Contains([]string{"net", "net/http", "os/exec", "os/signal", "log"}, dep)
		},
		"a pure floor does not talk to the world, so that a replay gives the same answer as the day itself",
	},
	{
		[]string{"internal/bot", "internal/ways", "internal/web", "internal/web/api", "internal/web/page", "internal/web/hooks", "internal/metrics", "internal/spans", "internal/mcp", "internal/checks/runner", "internal/checks/heartbeat"},
		func(dep string) bool {
			return strings.HasPrefix(dep, "github.com/nats-io/") || strings.HasPrefix(dep, "github.com/chromedp/") || strings.HasPrefix(dep, "github.com/jackc/") || strings.HasPrefix(dep, "cel.dev/")
		},
		"who runs, tells or shows what is observed links no protocol and no journal",
	},
	{
		[]string{"internal/journal", "internal/demo", "internal/sandbox", "internal/config", "internal/ways"},
		func(dep string) bool { return strings.HasPrefix(dep, "github.com/slack-go/") },
		"how Slack is spoken to is internal/bot's one secret",
	},
}

// isTables reports whether a package is nothing but tables of Unicode's, as Go's own unicode is.
func isTables(dep string) bool { return dep == "golang.org/x/text/unicode/bidi" }

// foreign reports whether a package is another module's.
func foreign(dep string) bool {
	first, _, _ := strings.Cut(dep, "/")
	return strings.Contains(first, ".") && !strings.HasPrefix(dep, module)
}

// listed is a package as go list tells it.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Deps       []string
}

// listPackages lists all packages of the module and what they link.
func listPackages(t *testing.T) map[string]listed {
	t.Helper()
	all, err := listOnce()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return all
}

// listOnce :: import path -> package. The go command takes a second for it.
var listOnce = sync.OnceValues(func() (map[string]listed, error) {
	out, err := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports,Deps", module+"...").Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil, fmt.Errorf("%w: %s", err, failed.Stderr)
	}
	all := map[string]listed{}
	for dec := json.NewDecoder(bytes.NewReader(out)); err == nil; {
		var p listed
		if err = dec.Decode(&p); err == nil {
			all[p.ImportPath] = p
		}
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return all, nil
})

// floorOf returns a package's floor, from 0; what is named in full counts
// before what is named by its folder.
func floorOf(name string) (int, bool) {
	for _, exact := range []bool{true, false} {
		for i, floor := range floors {
			for _, f := range floor {
				folder, many := strings.CutSuffix(f, "*")
				if exact && f == name || !exact && many && strings.HasPrefix(name, folder) {
					return i, true
				}
			}
		}
	}
	return 0, false
}

func TestArrowsPointDown(t *testing.T) {
	t.Parallel()
	arrows := 0
	for path, p := range listPackages(t) {
		name, ours := strings.CutPrefix(path, module)
		if !ours {
			continue
		}
		at, ok := floorOf(name)
		if !ok {
			t.Errorf("%s stands on no floor; say where it belongs", name)
			continue
		}
		for _, imported := range p.Imports {
			to, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			arrows++
			if below, _ := floorOf(to); below >= at {
				t.Errorf("%s (floor %d) imports %s (floor %d)", name, at, to, below)
			}
		}
	}
	if arrows < 100 {
		t.Errorf("only %d arrows were looked at", arrows)
	}
}

// TestArrowsAreInTheRecord: the table of docs/adr/0004-layers.md has every package, and every
// arrow between two of them but those to lazy, which all may import. What only tests import has no row.
func TestArrowsAreInTheRecord(t *testing.T) {
	record, err := os.ReadFile("../../docs/adr/0004-layers.md")
	need(t, err)
	may := map[string][]string{} // :: package -> the ends of the packages' names that it may import
	for line := range strings.Lines(string(record)) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 {
			continue
		}
		for i, name := range strings.Split(cells[2], "`") {
			if i%2 == 1 {
				may[name] = strings.Split(strings.TrimSpace(cells[4]), ", ")
			}
		}
	}
	for path, p := range listPackages(t) {
		name, ours := strings.CutPrefix(path, module)
		if !ours || strings.HasSuffix(name, "test") || slices.Contains([]string{"internal/checks/kinds/planted", "internal/replay/scenario", "internal/sandbox/blockkit"}, name) {
			continue
		}
		row, ok := may[name]
		if !ok && strings.HasPrefix(name, "internal/checks/kind/") {
			row, ok = may["internal/checks/kind/NAME"]
		}
		if !ok {
			t.Errorf("%s has no row", name)
		}
		for _, imported := range p.Imports {
			to, ours := strings.CutPrefix(imported, module)
			if ours && to != "internal/lazy" && !strings.HasPrefix(to, name+"/") && !slices.ContainsFunc(row, func(may string) bool { return allows(may, to) }) {
				t.Errorf("%s imports %s, which its row does not say", name, to)
			}
		}
	}
}

// allows reports whether what a row says of imports, as a rule the end of a package's name, has a package in it.
func allows(may, to string) bool {
	return strings.HasPrefix(may, "everything") || strings.HasSuffix(may, "and below") || strings.HasSuffix(to, "/"+may) ||
		may == "kind/NAME" && strings.HasPrefix(to, "internal/checks/kind/")
}

func TestWhatFloorsLink(t *testing.T) {
	t.Parallel()
	all := listPackages(t)
	for _, rule := range links {
		for _, name := range rule.floors {
			p, ok := all[module+name]
			if !ok {
				t.Errorf("%s is not there", name)
			}
			for _, dep := range p.Deps {
				if rule.refuse(dep) {
					t.Errorf("%s links %s: %s", name, dep, rule.why)
				}
			}
		}
	}
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/config"
)

// example is a fenced block of YAML in a page.
type example struct {
	line int // of its first line, from 1
	text string
}

// yamlExamples returns the blocks of a page that are fenced as ```yaml.
func yamlExamples(page string) []example {
	var found []example
	inside, at := false, 0
	var block strings.Builder
	for i, line := range strings.Split(page, "\n") {
		fence := strings.TrimSpace(line)
		switch {
		case !inside && fence == "```yaml":
			inside, at = true, i+2
			block.Reset()
		case inside && fence == "```":
			inside = false
			found = append(found, example{line: at, text: block.String()})
		case inside:
			block.WriteString(line + "\n")
		}
	}
	return found
}

// whole says whether an example is a configuration that should work as it
// stands, and not a part of one.
func (e example) whole() bool {
	key := func(name string) bool { return strings.HasPrefix(e.text, name) || strings.Contains(e.text, "\n"+name) }
	return key("products:") && key("checks:")
}

// A reader copies what a page shows. Every whole configuration in the pages
// must be accepted, without a warning: it is loaded as `validate` would.
func TestExamplesInThePagesAreValid(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"README.md", filepath.Join("docs", "*.md"), filepath.Join("docs", "kinds", "*.md")} {
		found, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	tried := map[string]int{} // :: page -> whole examples in it
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(page)
		for _, e := range yamlExamples(string(text)) {
			if !e.whole() {
				continue
			}
			tried[name]++
			t.Run(fmt.Sprintf("%s:%d", name, e.line), func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "statusbot.yaml")
				if err := os.WriteFile(file, []byte(e.text), 0o600); err != nil {
					t.Fatal(err)
				}
				cfg, err := config.Load(file, exampleEnvironment)
				if err != nil {
					t.Fatalf("%v\n\n%s", err, e.text)
				}
				for _, w := range cfg.Warnings {
					t.Errorf("warning: %s", w.String())
				}
			})
		}
	}
	// Without these the test would pass when the fences are written otherwise.
	for _, name := range []string{"README.md", "checks.md"} {
		if tried[name] == 0 {
			t.Errorf("%s has no whole example of a configuration", name)
		}
	}
}

// exampleEnvironment has what the examples take from ${NAME}, and the tokens
// that socket mode needs.
func exampleEnvironment(name string) (string, bool) {
	value, ok := map[string]string{
		"STATUSBOT_SLACK_BOT_TOKEN": "xoxb-example",
		"STATUSBOT_SLACK_APP_TOKEN": "xapp-example",
		"PAY_PROBE_TOKEN":           "example",
		"PAY_PROBE_PASSWORD":        "example",
		"BACKUP_TOKEN":              "example-of-a-token",
	}[name]
	return value, ok
}

// The overview of the commands in the README has a row for each, and no more.
func TestReadmeNamesEveryCommand(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{} // :: command named in a row of the table
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "| `statusbot "); ok {
			rows[strings.FieldsFunc(rest, func(r rune) bool { return r == ' ' || r == '`' })[0]] = true
		}
	}
	for _, c := range commands {
		if !rows[c.name] {
			t.Errorf("README.md has no row for `statusbot %s`", c.name)
		}
		delete(rows, c.name)
	}
	delete(rows, "version") // not in commands: it takes no flags
	for name := range rows {
		t.Errorf("README.md has a row for `statusbot %s`, which does not exist", name)
	}
}

// A link in a page to another file of the project must lead somewhere.
func TestLinksBetweenPagesLeadSomewhere(t *testing.T) {
	root := filepath.Join("..", "..")
	var pages []string
	for _, pattern := range []string{"*.md", filepath.Join("docs", "*.md"), filepath.Join("docs", "kinds", "*.md"), filepath.Join("docs", "adr", "*.md")} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	links := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(string(text), "](")[1:] {
			to, _, ok := strings.Cut(part, ")")
			to, _, _ = strings.Cut(to, "#")
			if !ok || to == "" || strings.Contains(to, "://") || strings.ContainsAny(to, " \n`") {
				continue
			}
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), to)); err != nil {
				t.Errorf("%s links to %s, which is not there", filepath.Base(page), to)
			}
		}
	}
	if links < 10 {
		t.Errorf("%d links found in %d pages; the search for them is broken", links, len(pages))
	}
}

// The examples that the commands' own help prints name things that exist.
func TestExampleOfCheckNamesAProductOfTheExample(t *testing.T) {
	_, example, _ := strings.Cut(checkCommand.help, "Example:\n")
	words := strings.Fields(example)
	file, name := words[3], words[4]
	cfg, err := config.Load(filepath.Join("..", "..", file), exampleEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := choose(cfg, []string{name}); err != nil {
		t.Errorf("help says %q, but %v", strings.TrimSpace(example), err)
	}
}

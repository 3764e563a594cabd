package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/config"
)

var update = flag.Bool("update", false, "write the generated parts of the pages and the golden files anew")

// Where the table of kinds stands in docs/checks.md.
const (
	tableBegins = "<!-- The table is made by go test ./cmd/statusbot -run TestTableOfKinds -update -->\n"
	tableEnds   = "<!-- end of the table -->\n"
)

// The table of kinds is that of the registry, so that it cannot promise more
// or less than there is.
func TestTableOfKinds(t *testing.T) {
	page := filepath.Join("..", "..", "docs", "checks.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), tableBegins)
	old, after, ok2 := strings.Cut(rest, tableEnds)
	if !ok || !ok2 {
		t.Fatalf("%s lacks the comments around the table of kinds", page)
	}
	want := tableOfKinds()
	if old == want {
		return
	}
	if !*update {
		t.Fatalf("the table of kinds is not the registry's; go test ./cmd/statusbot -run TestTableOfKinds -update writes it anew. Want:\n%s", want)
	}
	if err := os.WriteFile(page, []byte(before+tableBegins+want+tableEnds+after), 0o600); err != nil {
		t.Fatal(err)
	}
}

func tableOfKinds() string {
	var b strings.Builder
	b.WriteString("\n| kind | a pass proves | options | example | tested against |\n|---|---|---|---|---|\n")
	for _, name := range kinds.Names() {
		k, _ := kinds.Lookup(name)
		var options []string
		for _, o := range optionNames(reflect.TypeOf(k.Options())) {
			options = append(options, "`"+o+"`")
		}
		fmt.Fprintf(&b, "| [`%s`](kinds/%s.md) | %s | %s | `%s: %s` | %s |\n",
			name, name, k.Summary, strings.Join(options, ", "), name, strings.ReplaceAll(k.Example, "|", `\|`), k.Proven)
	}
	b.WriteString("\n")
	return b.String()
}

// optionNames returns the keys of an options struct, in its order.
func optionNames(t reflect.Type) []string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var names []string
	for field := range t.Fields() {
		tag := field.Tag.Get("mapstructure")
		if tag == ",squash" {
			names = append(names, optionNames(field.Type)...)
		} else if name, _, _ := strings.Cut(tag, ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// Every kind says what it is tested against, has an example that works, and a
// page that names each option.
func TestKindsAreDocumented(t *testing.T) {
	for _, name := range kinds.Names() {
		t.Run(name, func(t *testing.T) {
			k, _ := kinds.Lookup(name)
			if k.Summary == "" || k.Proven == "" {
				t.Errorf("kind %s does not say what a pass proves, or what it is tested against", name)
			}
			file := filepath.Join(t.TempDir(), "statusbot.yaml")
			whole := fmt.Sprintf(`products: [{id: pay}]
checks: [{id: pay/%[1]s, product: pay, kind: %[1]s, every: 30s, timeout: 5s, %[1]s: %[2]s}]
`, name, k.Example)
			if err := os.WriteFile(file, []byte(whole), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := config.Load(file, exampleEnvironment); err != nil {
				t.Errorf("the example does not load: %v\n%s", err, whole)
			}
			page, err := os.ReadFile(filepath.Join("..", "..", "docs", "kinds", name+".md"))
			if err != nil {
				t.Fatal(err)
			}
			for _, option := range optionNames(reflect.TypeOf(k.Options())) {
				if !strings.Contains(string(page), "`"+option+"`") {
					t.Errorf("docs/kinds/%s.md does not name the option %s", name, option)
				}
			}
		})
	}
}

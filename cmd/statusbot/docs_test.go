package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/config"
)

// example is a fenced block of YAML in a page.
type example struct {
	line int // of its first line, from 1
	text string
}

// examples returns the blocks of a page that are fenced as of a language,
// without the indentation that they have in a list.
func examples(page, language string) []example {
	var found []example
	inside, at, indent := false, 0, ""
	var block strings.Builder
	for i, line := range strings.Split(page, "\n") {
		fence := strings.TrimSpace(line)
		switch {
		case !inside && fence == "```"+language:
			inside, at = true, i+2
			indent, _, _ = strings.Cut(line, "`")
			block.Reset()
		case inside && fence == "```":
			inside = false
			found = append(found, example{line: at, text: block.String()})
		case inside:
			block.WriteString(strings.TrimPrefix(line, indent) + "\n")
		}
	}
	return found
}

// pagesOf returns the pages that show configurations.
func pagesOf(t *testing.T) []string {
	t.Helper()
	var pages []string
	for _, pattern := range []string{"README.md", filepath.Join("docs", "*.md"), filepath.Join("docs", "kinds", "*.md")} {
		found, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	return pages
}

// whole says whether an example is a configuration that should work as it
// stands, and not a part of one.
func (e example) whole() bool {
	key := func(name string) bool { return strings.HasPrefix(e.text, name) || strings.Contains(e.text, "\n"+name) }
	return key("products:") && key("checks:")
}

// mustLoad fails unless a configuration is accepted without a warning.
func mustLoad(t *testing.T, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "statusbot.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(file, exampleEnvironment)
	if err != nil {
		t.Fatalf("%v\n\n%s", err, text)
	}
	for _, w := range cfg.Warnings {
		t.Errorf("warning: %s", w.String())
	}
}

// A reader copies what a page shows. Every whole configuration in the pages
// must be accepted, without a warning: it is loaded as `validate` would.
func TestExamplesInThePagesAreValid(t *testing.T) {
	tried := map[string]int{} // :: page -> whole examples in it
	for _, page := range pagesOf(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(page)
		for _, e := range examples(string(text), "yaml") {
			if !e.whole() {
				continue
			}
			tried[name]++
			t.Run(fmt.Sprintf("%s:%d", name, e.line), func(t *testing.T) {
				mustLoad(t, e.text)
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

// A part of a configuration is accepted where it belongs: settings beside a
// product and its check, options in the part of the page's kind, which are
// those of http on pages of no kind.
func TestPartsInThePagesAreValid(t *testing.T) {
	secrets := t.TempDir()
	for _, name := range []string{"statusbot-bot-token", "statusbot-app-token", "statusbot-signing-secret"} {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte("x-example\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	descriptor := filepath.Join(secrets, "orders.binpb")
	if err := os.WriteFile(descriptor, ordersDescriptor(t), 0o600); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, page := range pagesOf(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(page)
		for _, e := range examples(string(text), "yaml") {
			if e.whole() {
				continue
			}
			tried++
			t.Run(fmt.Sprintf("%s:%d", name, e.line), func(t *testing.T) {
				whole, err := e.completed(strings.TrimSuffix(name, ".md"))
				if err != nil {
					t.Fatal(err)
				}
				mustLoad(t, strings.NewReplacer("/run/secrets", secrets, "orders.binpb", descriptor).Replace(whole))
			})
		}
	}
	if tried == 0 {
		t.Error("no part of a configuration was found; the search for them is broken")
	}
}

// ordersDescriptor is the interface that the page about grpc calls, as protoc
// writes it.
func ordersDescriptor(t *testing.T) []byte {
	t.Helper()
	message := func(name, field string) *descriptorpb.DescriptorProto {
		return &descriptorpb.DescriptorProto{Name: new(name), Field: []*descriptorpb.FieldDescriptorProto{{
			Name: new(field), Number: new(int32(1)), Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
		}}}
	}
	b, err := proto.Marshal(&descriptorpb.FileDescriptorSet{File: []*descriptorpb.FileDescriptorProto{{
		Name: new("shop/v1/orders.proto"), Package: new("shop.v1"), Syntax: new("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{message("GetRequest", "id"), message("Order", "state")},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: new("Orders"), Method: []*descriptorpb.MethodDescriptorProto{
			{Name: new("Get"), InputType: new(".shop.v1.GetRequest"), OutputType: new(".shop.v1.Order")},
		}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// completed makes a whole configuration of a part of one.
func (e example) completed(page string) (string, error) {
	const rest = "products: [{id: pay}]\nchecks: [{id: pay/it, product: pay, kind: KIND, every: 30s, timeout: 5s, KIND: OPTIONS}]\n"
	var part map[string]any
	if err := yaml.Unmarshal([]byte(e.text), &part); err != nil {
		return "", err
	}
	kind := page
	if _, ok := kinds.Lookup(kind); !ok {
		kind = "http"
	}
	k, _ := kinds.Lookup(kind)
	var options map[string]any
	if err := yaml.Unmarshal([]byte(k.Example), &options); err != nil {
		return "", err
	}
	settings := ""
	named := optionNames(reflect.TypeOf(k.Options()))
	for key, value := range part {
		if !slices.Contains(named, key) {
			settings = e.text
			break
		}
		options[key] = value
	}
	written, err := json.Marshal(options) // which is YAML
	return settings + strings.NewReplacer("KIND", kind, "OPTIONS", string(written)).Replace(rest), err
}

// exampleEnvironment has what the examples take from ${NAME}, and the tokens
// that socket mode needs.
func exampleEnvironment(name string) (string, bool) {
	for _, of := range []string{"GITHUB_HOOK_", "GITLAB_HOOK_", "ARGOCD_HOOK_", "ALERTMANAGER_HOOK_", "GRAFANA_HOOK_", "ANSIBLE_MARKS_"} {
		if strings.HasPrefix(name, of) {
			return "0123456789abcdef-" + name, true // each its own
		}
	}
	value, ok := map[string]string{
		"STATUSBOT_SLACK_BOT_TOKEN": "xoxb-example",
		"STATUSBOT_SLACK_APP_TOKEN": "xapp-example",
		"PAY_PROBE_TOKEN":           "example",
		"PAY_PROBE_PASSWORD":        "example",
		"BACKUP_TOKEN":              "example-of-a-token",
		"SMTP_PASSWORD":             "example",
		"GRAFANA_TOKEN":             "example",
		"PAGERDUTY_KEY":             "0123456789abcdef0123456789abcdef",
		"TEAMS_URL":                 "https://example.logic.azure.com/workflows/example",
		"PARTNER_SLACK_URL":         "https://hooks.slack.com/services/example",
		"PAGE_TOKEN":                "0123456789abcdef0123456789abcdef",
		"STATUS_HOOK_URL":           "https://status.example.com/hook",
		"STATUS_HOOK_SECRET":        "whsec_ZXhhbXBsZSBvZiBhIGtleSBvZiAzMiBieXRlcyA=",
		"STATUS_HOOK_SECRET_BEFORE": "whsec_dGhlIGtleSBvZiAzMiBieXRlcyBiZWZvcmUgaXQuIC4=",
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
	for _, c := range commands(world{}) {
		if c.Hidden {
			continue
		}
		if !rows[c.Name()] {
			t.Errorf("README.md has no row for `statusbot %s`", c.Name())
		}
		delete(rows, c.Name())
	}
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
	example := checkCommand(world{}).Example
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

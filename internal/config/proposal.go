package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/redact"
	"github.com/statusbot/statusbot/internal/lazy"
)

// Fields of a checks.Proposal, as its problems name them.
const (
	FieldID      = "id"
	FieldProduct = "product"
	FieldKind    = "kind"
	FieldEvery   = "every"
	FieldTimeout = "timeout"
	FieldOptions = "options"
)

// proposedFrom is the file of a proposed check's Source: there is none.
const proposedFrom = "Slack"

// leastProposed is the shortest interval of a proposed check: it was written
// in a hurry and reviewed in a message.
const leastProposed = 5 * time.Second

var fileOption = lazy.Compile(`(?i)(^|_)(file|dir|path_to)$`)

// Proposable returns the kinds that can be proposed, sorted: those that only
// talk over the network, and whose example needs neither a secret nor a file.
func Proposable() []string {
	var names []string
	for _, name := range kinds.Names() {
		if proposable(name) && len(options(checks.Proposal{ID: "example", Product: "example", Kind: name, Options: exampleOf(name)})) == 0 {
			names = append(names, name)
		}
	}
	return names
}

func proposable(name string) bool {
	kind, ok := kinds.Lookup(name)
	return ok && kind.Cost == probe.NetworkCost && !kind.Passive && kind.Example != ""
}

func exampleOf(name string) string {
	kind, _ := kinds.Lookup(name)
	return kind.Example
}

// options returns what is wrong with a proposal in a company of one product.
func options(p checks.Proposal) Problems {
	_, problems := (&Config{Products: []Product{{ID: p.Product}}}).propose(p)
	return problems
}

// Propose reads a proposed check as Load would read it from a file, and
// stricter: it is one that runs no script, reads no file, no variable of the
// environment and holds no secret. Of a problem, Path is the field, or below
// FieldOptions the key; Line counts from the first line of the options.
// Without problems the check is complete and valid beside those of cfg.
func (cfg *Config) Propose(p checks.Proposal) (checks.Check, Problems) {
	if names := Proposable(); p.Kind != "" && !slices.Contains(names, p.Kind) {
		message := "there is no kind " + fmt.Sprintf("%q", clip(p.Kind))
		if _, ok := kinds.Lookup(p.Kind); ok {
			message = fmt.Sprintf("checks of kind %s are written in a configuration file only", p.Kind)
		}
		return checks.Check{}, Problems{{Path: FieldKind, Message: message, Instead: "choose one of " + strings.Join(names, ", ")}}
	}
	return cfg.propose(p)
}

func (cfg *Config) propose(p checks.Proposal) (checks.Check, Problems) {
	node, problems := written(p)
	if len(problems) > 0 {
		return checks.Check{}, problems
	}
	doc := &document{root: node}
	l := &loading{env: func(string) (string, bool) { return "", false }, kinds: kindTable{lookup: kinds.Lookup, names: kinds.Names}, traces: cfg.Probes.Trace}
	l.componentsByID = map[string]*item{}
	for _, one := range cfg.Products {
		l.products = append(l.products, declared[rawProduct]{raw: rawProduct{ID: one.ID, Owner: one.Owner, Runbook: one.Runbook}, doc: doc, item: placeOf(one.Source, "a product")})
	}
	seen := map[string]*item{}
	for _, c := range cfg.Checks {
		seen[c.ID] = placeOf(c.Source, "a check")
	}
	l.checks = list[rawCheck](l, doc, "checks", l.kinds.names())
	for _, word := range reservedIDs {
		if p.ID == word {
			l.problems = append(l.problems, Problem{Path: "checks[0].id", Message: fmt.Sprintf("%q is a word of the slash command", word), Instead: "write another id"})
		}
	}
	var c checks.Check
	for _, d := range l.checks {
		c = l.check(d, l.rawProducts(), seen, true)
		c.Source = checks.Source{File: proposedFrom}
	}
	if c.Every > 0 && c.Every < leastProposed {
		l.problems = append(l.problems, Problem{Path: "checks[0].every", Message: fmt.Sprintf("%s is less than %s", c.Every, leastProposed), Instead: `write for example "30s"`})
	}
	if len(l.problems) == 0 && redact.Holds(c.Options) {
		l.problems = append(l.problems, Problem{Path: "checks[0]." + p.Kind, Message: "hold a secret", Instead: "write this check in the team's configuration file, with the secret as ${NAME}: what is proposed is shown to everybody who is asked"})
	}
	if len(l.problems) > 0 {
		return checks.Check{}, fieldsOf(l.problems, p.Kind)
	}
	return c, nil
}

// placeOf is something declared elsewhere, for "is taken".
func placeOf(s checks.Source, what string) *item {
	return &item{doc: &document{shown: cmp.Or(s.File, "?")}, node: &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: s.Line}, path: what}
}

// written is a file that holds the one check.
func written(p checks.Proposal) (*yaml.Node, Problems) {
	own := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if strings.TrimSpace(p.Options) != "" {
		doc, problem := parseDocument("", "", []byte(p.Options))
		if problem != nil {
			problem.Path, problem.Instead = FieldOptions, "write the keys of the kind, one a line: key: value"
			return nil, Problems{*problem}
		}
		own = doc.root
		budget := maxDepth * 100
		if problem := notForProposals(own, FieldOptions, &budget); problem != nil {
			return nil, Problems{*problem}
		}
	}
	check := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	put := func(key string, value *yaml.Node) {
		check.Content = append(check.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
	}
	for _, f := range []struct{ key, value string }{{"id", p.ID}, {"product", p.Product}, {"kind", p.Kind}, {"every", p.Every}, {"timeout", p.Timeout}} {
		if value := strings.TrimSpace(f.value); value != "" {
			put(f.key, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value})
		}
	}
	if p.Kind != "" {
		put(p.Kind, own)
	}
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{
		{Kind: yaml.ScalarNode, Tag: "!!str", Value: "checks"},
		{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{check}},
	}}, nil
}

// notForProposals finds what only a file may hold: paths, variables, and what
// is written elsewhere in the text, which an export would lose its sense of.
func notForProposals(n *yaml.Node, path string, budget *int) *Problem {
	if *budget--; *budget < 0 {
		return &Problem{Path: FieldOptions, Message: "are too many", Instead: "write this check in a configuration file"}
	}
	no := func(at *yaml.Node, path, message, instead string) *Problem {
		return &Problem{Line: at.Line, Column: at.Column, Path: path, Message: message, Instead: instead}
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return no(n, path, "refers to another place", "write the values out")
	}
	if n.Kind == yaml.ScalarNode && strings.Contains(strings.ReplaceAll(n.Value, "$$", ""), "${") {
		return no(n, path, "asks for a variable of the environment", "write this check in the team's configuration file, where ${NAME} holds the secret")
	}
	for i, child := range n.Content {
		below := path
		if n.Kind == yaml.MappingNode {
			key := n.Content[i-i%2]
			below = join(path, shownKey(key.Value))
			if i%2 == 0 && fileOption.MatchString(key.Value) {
				return no(key, below, "names a file", "leave it out, or write this check in a configuration file")
			}
		}
		if problem := notForProposals(child, below, budget); problem != nil {
			return problem
		}
	}
	return nil
}

// fieldsOf turns paths of the made file into fields of the proposal.
func fieldsOf(all Problems, kind string) Problems {
	for i := range all {
		key := strings.TrimPrefix(strings.TrimPrefix(all[i].Path, "checks[0]"), ".")
		switch first, rest, _ := strings.Cut(key, "."); first {
		case FieldID, FieldProduct, FieldKind, FieldEvery, FieldTimeout:
			all[i].Path = first
		case kind:
			all[i].Path = join(FieldOptions, rest)
			if rest == "" {
				all[i].Path = FieldOptions
			}
		default:
			all[i].Path = FieldOptions
		}
	}
	return all.sorted()
}

// YAML writes accepted proposals as a file that the configuration can include.
func YAML(list []checks.Proposal) (string, error) {
	own := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, p := range list {
		node, problems := written(p)
		if len(problems) > 0 {
			return "", problems
		}
		one := node.Content[1].Content[0]
		own.Content = append(own.Content, one)
	}
	top := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{{Kind: yaml.ScalarNode, Tag: "!!str", Value: "checks"}, own}}
	var b strings.Builder
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(top); err != nil {
		return "", fmt.Errorf("write checks: %w", err)
	}
	return b.String(), enc.Close()
}

// FieldAndSentence says a problem of a proposal in a sentence, for the field
// that it is shown at.
func FieldAndSentence(p Problem) (field, sentence string) {
	field, key, _ := strings.Cut(p.Path, ".")
	if key != "" {
		sentence = key + " "
	}
	sentence += p.Message
	if field == FieldOptions && p.Line > 0 {
		sentence = fmt.Sprintf("line %d: ", p.Line) + sentence
	}
	if p.Instead != "" {
		sentence += "; " + p.Instead
	}
	if !strings.HasSuffix(sentence, "?") {
		sentence += "."
	}
	if key == "" || p.Line > 0 { // not the key itself
		sentence = strings.ToUpper(sentence[:1]) + sentence[1:]
	}
	return field, sentence
}

package adopt

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file is a configuration file as it is written, in the order of people's reading.
type file struct {
	Products []fileProduct `yaml:"products,omitempty"`
	Checks   []yaml.Node   `yaml:"checks,omitempty"`
}

type fileProduct struct {
	ID    string `yaml:"id"`
	Name  string `yaml:"name,omitempty"`
	Owner string `yaml:"owner,omitempty"`
}

// YAML is the plan's products and checks as a file that a configuration includes. Head is
// a comment that stands above, without its signs.
func (p *Plan) YAML(head string) ([]byte, error) {
	f := file{}
	for _, product := range p.Products {
		f.Products = append(f.Products, fileProduct(product))
	}
	for i := range p.Checks {
		node, err := p.Checks[i].node()
		if err != nil {
			return nil, fmt.Errorf("write check %s: %w", p.Checks[i].ID, err)
		}
		f.Checks = append(f.Checks, *node)
	}
	var b strings.Builder
	for line := range strings.SplitSeq(strings.TrimSpace(head), "\n") {
		fmt.Fprintf(&b, "# %s\n", line)
	}
	b.WriteByte('\n')
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("write checks: %w", err)
	}
	return []byte(b.String()), nil
}

// node is the check as it stands in a list.
func (c *Check) node() (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key string, value any) error {
		var v yaml.Node
		if err := v.Encode(value); err != nil {
			return err
		}
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, &v)
		return nil
	}
	type entry struct {
		key   string
		value any
		there bool
	}
	for _, e := range []entry{
		{"id", c.ID, true}, {"product", c.Product, true}, {"kind", c.Kind, true}, {"every", span(c.Every), c.Every > 0}, {"timeout", span(c.Timeout), c.Timeout > 0},
		{"enabled", false, c.Disabled}, {"must_fail", true, c.MustFail}, {"runbook", literal(c.Runbook), c.Runbook != ""}, {"tags", c.Tags, len(c.Tags) > 0}, {c.Kind, c.Options, true},
	} {
		if !e.there {
			continue
		}
		if err := add(e.key, e.value); err != nil {
			return nil, err
		}
	}
	tidy(n.Content[len(n.Content)-1])
	if len(c.Tags) > 0 {
		n.Content[len(n.Content)-3].Style = yaml.FlowStyle
	}
	return n, nil
}

// firstKeys say what is asked, and stand first among the options.
var firstKeys = []string{"url", "address", "host", "name", "argv", "method"}

// tidy puts options in an order for people, and short lists on one line.
func tidy(options *yaml.Node) {
	type pair struct{ key, value *yaml.Node }
	var pairs []pair
	for i := 0; i+1 < len(options.Content); i += 2 {
		pairs = append(pairs, pair{options.Content[i], options.Content[i+1]})
	}
	rank := func(p pair) int {
		if i := slices.Index(firstKeys, p.key.Value); i >= 0 {
			return i
		}
		return len(firstKeys)
	}
	slices.SortStableFunc(pairs, func(x, y pair) int { return rank(x) - rank(y) })
	options.Content = options.Content[:0]
	for _, p := range pairs {
		length := 0
		for _, item := range p.value.Content {
			length += len(item.Value) + 2
		}
		if p.value.Kind == yaml.SequenceNode && length < 90 && !slices.ContainsFunc(p.value.Content, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode }) {
			p.value.Style = yaml.FlowStyle
		}
		options.Content = append(options.Content, p.key, p.value)
	}
}

// oneReason is how many of one reason are told together.
const oneReason = 3

// Tell writes the report: three lists, and what to set. A reason that several have stands once, with
// their names below it: of a thousand checks nobody reads it a thousand times.
func (p *Plan) Tell(out io.Writer) {
	list := func(title string, lines []Line) {
		fmt.Fprintf(out, "%s: %d\n", title, len(lines))
		names := map[string][]string{} // :: why -> those of it
		for _, l := range lines {
			names[l.Why] = append(names[l.Why], oneLine(l.What))
		}
		for _, l := range lines {
			switch of := names[l.Why]; {
			case l.Why == "":
				fmt.Fprintf(out, "  %s\n", oneLine(l.What))
			case 0 < len(of) && len(of) < oneReason:
				fmt.Fprintf(out, "  %s: %s\n", oneLine(l.What), oneLine(l.Why))
			case len(of) > 0:
				fmt.Fprintf(out, "  %d alike: %s\n%s", len(of), oneLine(l.Why), filled(of))
				names[l.Why] = nil
			}
		}
	}
	list("Carried", p.Carried)
	list("Carried differently", p.Differently)
	list("Not carried", p.Not)
	if len(p.Variables) == 0 {
		return
	}
	fmt.Fprintf(out, "To be set in the environment before statusbot starts: %d\n", len(p.Variables))
	for _, v := range p.Variables {
		as := ""
		if v.Own {
			as = ", as the source names it"
		}
		fmt.Fprintf(out, "  %s: %s%s\n", v.Name, oneLine(v.For), as)
	}
}

// filled writes names one after the other, in lines of some 100 columns.
func filled(names []string) string {
	const indent, most = "    ", 100
	var b strings.Builder
	for line := indent; len(names) > 0; {
		name := names[0]
		if names = names[1:]; len(names) > 0 {
			name += ", "
		}
		if len(line) > len(indent) && len(line)+len(name) > most {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		if line += name; len(names) == 0 {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Package adopt makes checks of what other tools are told: of their
// configuration, or of what they export. One file reads one tool.
//
// What comes out is a Plan: products and checks as a configuration file holds
// them, and a report of three lists: what was carried, what was carried
// differently and why, and what was not carried and why. Nothing of the source
// is in none of them. Settle shows the checks to the reader of configurations, so that what is
// written is accepted, and what is refused is reported with the reason.
//
// Secrets of the source are not written: in their place stands ${NAME}, and the
// plan lists what to set. No message repeats one.
package adopt

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/lazy"
)

// Plan is what is made of a source.
type Plan struct {
	Products  []Product
	Checks    []Check
	Variables []Variable // of the environment, to be set before statusbot starts

	Carried, Differently, Not []Line

	names map[string]bool // :: variable -> it is taken, by a secret of the source
	whole map[string]bool // :: variable -> it holds an address with its scheme
	ids   map[string]bool // :: id of a check -> it is taken
}

// Product is what checks are grouped by.
type Product struct{ ID, Name, Owner string }

// Check is one check, as a configuration has it.
type Check struct {
	ID, Product, Kind string
	Every, Timeout    time.Duration // 0: the default
	Tags              []string
	MustFail          bool
	Runbook           string // address of what to do; empty: there is none
	Disabled          bool
	Options           map[string]any // of the kind's own part

	// There is what the tool itself names it where it says what it thinks of it.
	There string

	name string // in the source, for the report
}

// Line is one line of the report.
type Line struct {
	What string // in the source's own words
	Why  string // empty: as it was
}

// Variable is one that ${NAME} speaks of.
type Variable struct {
	Name string
	For  string // "header Authorization of shop/api"
	Own  bool   // the source speaks of it by that name already
}

// Source is a file of another tool.
type Source struct {
	Name string // as it was given, for messages
	Text []byte
}

// Tools are the tools that are understood, by the name that --from has.
func Tools() []string {
	names := make([]string, 0, len(tools))
	for _, t := range tools {
		names = append(names, t.name)
	}
	return names
}

// tool is one that is understood.
type tool struct {
	name string
	read func(p *Plan, sources []Source) error
	want string // what would be carried, for who named a file that has none
}

var tools = []tool{
	{"gatus", readGatus, "endpoints"},
	{"uptime-kuma", readKuma, "monitors"},
	{"uptimerobot", readUptimeRobot, "monitors"},
	{"upptime", readUpptime, "sites"},
	{"blackbox", readBlackbox, "scrape_configs whose metrics_path ends in /probe"},
	{"nagios", readNagios, "hosts and services that are looked at"},
	{"terraform", readTerraform, "checks of Pingdom, StatusCake, Better Stack, Checkly or UptimeRobot; of a state, terraform show -json prints them"},
}

// sealed is in files that sops has encrypted.
var sealed = lazy.Compile(`(?m)\bENC\[AES256_GCM,|^"?sops"?:`)

// From makes a plan of the sources of a tool. An error is that a source is not
// of that tool at all; what is odd in it is in the plan.
func From(name string, sources []Source) (*Plan, error) {
	i := slices.IndexFunc(tools, func(t tool) bool { return t.name == name })
	if i < 0 {
		return nil, fmt.Errorf("%q is not known; write one of %s", name, strings.Join(Tools(), ", "))
	}
	p := &Plan{names: map[string]bool{}, whole: map[string]bool{}, ids: map[string]bool{}}
	if err := tools[i].read(p, sources); err != nil {
		return nil, err
	}
	p.readOn()
	if len(p.Checks) == 0 && len(p.Not) == 0 {
		for _, s := range sources {
			if sealed.MatchString(string(s.Text)) {
				return nil, fmt.Errorf("%s is encrypted by sops; decrypt it first: sops decrypt %[1]s > FILE", s.Name)
			}
		}
		var names []string
		for _, s := range sources {
			names = append(names, s.Name)
		}
		return nil, fmt.Errorf("%s: there is nothing to carry, no %s", strings.Join(names, ", "), tools[i].want)
	}
	return p, nil
}

// readOn has as much be read of bodies as can be, where something is asked of them: other tools read all.
func (p *Plan) readOn() {
	asked := false
	for i := range p.Checks {
		if c := &p.Checks[i]; c.looksIntoBodies() {
			c.Options["read_kib"] = 1024
			asked = true
		}
	}
	if asked {
		p.differ("texts and fields of bodies", "looked for in the first 1,024 KiB (read_kib), by an expression on body in the first 64; of a longer answer what stands behind is not seen, and claims on its JSON are unknown")
	}
}

// looksIntoBodies reports whether something is asked of the body of a web server's answer.
func (c *Check) looksIntoBodies() bool {
	if c.Kind != "http" {
		return false
	}
	claims := []string{}
	for _, key := range []string{"expect", "fail_if", "degraded_if"} {
		switch more := c.Options[key].(type) {
		case string:
			claims = append(claims, more)
		case []string:
			claims = append(claims, more...)
		}
	}
	return c.Options["contains"] != nil || c.Options["not_contains"] != nil || c.Options["json"] != nil ||
		slices.ContainsFunc(claims, func(claim string) bool { return strings.Contains(claim, "body") || strings.Contains(claim, "json") })
}

// add takes a check, with what is different of it.
func (p *Plan) add(c Check, differs ...string) {
	differs = append(differs, c.fit()...)
	c.There = cmp.Or(c.There, c.name)
	p.Checks = append(p.Checks, c)
	differs = slices.DeleteFunc(differs, func(s string) bool { return s == "" })
	if c.Disabled {
		differs = append(differs, "it is switched off there, and here: enabled: false")
	}
	if len(differs) > 0 {
		p.Differently = append(p.Differently, Line{c.name, strings.Join(differs, "; ")})
		return
	}
	p.Carried = append(p.Carried, Line{What: c.name})
}

func (p *Plan) refuse(what, why string) { p.Not = append(p.Not, Line{what, why}) }

// differ notes once what is different of the whole.
func (p *Plan) differ(what, why string) {
	if l := (Line{what, why}); !slices.Contains(p.Differently, l) {
		p.Differently = append(p.Differently, l)
	}
}

// thresholds is why nothing of that name is written.
const thresholds = "not written: statusbot judges the share of tries that fail, with an interval, against what is usual of the check, so that one failure alarms nobody and none has to be hidden"

// Bounds of a configuration.
const (
	leastEvery = 100 * time.Millisecond
	mostEvery  = 24 * time.Hour
	mostWait   = 10 * time.Second // the default of timeout
)

// fit brings times into what a configuration takes, and says what it changed.
func (c *Check) fit() (differs []string) {
	most := mostEvery
	if c.Kind == "heartbeat" {
		most = 31 * 24 * time.Hour
	}
	if c.Every != 0 && c.Every < leastEvery || c.Every > most {
		was := c.Every
		c.Every = min(max(c.Every, leastEvery), most)
		differs = append(differs, fmt.Sprintf("every %s, it was %s", span(c.Every), span(was)))
	}
	if every := cmp.Or(c.Every, 30*time.Second); c.Timeout > every {
		differs = append(differs, fmt.Sprintf("its time-out is %s, the interval, it was %s", span(every), span(c.Timeout)))
		c.Timeout = every
	}
	if c.Timeout == min(cmp.Or(c.Every, 30*time.Second), mostWait) {
		c.Timeout = 0 // as it is anyway
	}
	return differs
}

// span writes a duration as a configuration has it.
func span(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(s, "0s")
	if s == "" || !strings.HasSuffix(s, "m") && !strings.HasSuffix(s, "h") {
		s = d.String()
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// product returns the id of the product of a name, which it declares.
func (p *Plan) product(name, owner string) string {
	name = strings.TrimSpace(name)
	id := slug(name, "")
	for i := range p.Products {
		if id != "" && p.Products[i].ID == id || id == "" && p.Products[i].Name == name {
			p.Products[i].Owner = cmp.Or(p.Products[i].Owner, owner)
			return p.Products[i].ID
		}
	}
	if id == "" { // in letters that ids do not have
		id = fmt.Sprintf("product-%d", len(p.Products)+1)
	}
	p.Products = append(p.Products, Product{ID: id, Name: cmp.Or(name, id), Owner: owner})
	return id
}

// begin makes a check with an id of its own: of its product and its name, or its kind where
// the product has that name.
func (p *Plan) begin(product, name, kind string) Check {
	part := slug(name, kind)
	if part == product {
		part = kind
	}
	id := slug(product+"/"+part, "check")
	for n, base := 2, id; p.ids[id]; n++ {
		id = fmt.Sprintf("%s-%d", base[:min(len(base), idMax-4)], n)
	}
	p.ids[id] = true
	return Check{ID: id, Product: product, Kind: kind, Options: map[string]any{}, name: cmp.Or(strings.TrimSpace(name), id)}
}

// tag adds a word by which `statusbot check` finds the check: of a label, or a tag with a value.
func (c *Check) tag(name, value string) {
	if word := strings.NewReplacer("/", "-", ".", "-").Replace(slug(strings.Trim(name+"-"+value, "-"), "")); word != "" && !slices.Contains(c.Tags, word) {
		c.Tags = append(c.Tags, word)
	}
}

// contentType says what the body is, JSON if it is not said, unless a header does so already.
func (c *Check) contentType(is string) {
	is = cmp.Or(is, "application/json")
	headers, _ := c.Options["headers"].(map[string]any)
	for name := range headers {
		if strings.EqualFold(name, "Content-Type") {
			return
		}
	}
	if headers == nil {
		headers = map[string]any{}
	}
	headers["Content-Type"] = is
	c.Options["headers"] = headers
}

const idMax = 64

var notOfAnID = lazy.Compile(`[^a-z0-9._/]+`)

// slug makes an id of a name.
func slug(name, otherwise string) string {
	id := notOfAnID.ReplaceAllString(strings.ToLower(plainLetters.Replace(name)), "-")
	id = strings.NewReplacer("-/", "/", "/-", "/").Replace(id)
	id = strings.Trim(id[:min(len(id), idMax)], "-_./")
	return cmp.Or(id, otherwise)
}

var plainLetters = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "Ä", "ae", "Ö", "oe", "Ü", "ue", "é", "e", "è", "e", "ê", "e", "á", "a", "à", "a", "ñ", "n", "ç", "c", "ø", "o", "å", "a")

// literal writes text so that it is read as it stands: ${ would be a variable.
func literal(s string) string { return strings.ReplaceAll(s, "$", "$$") }

// own notes a variable that the source speaks of.
func (p *Plan) own(name, whose string) {
	for _, v := range p.Variables {
		if v.Name == name {
			return
		}
	}
	p.names[name] = true
	p.Variables = append(p.Variables, Variable{Name: name, For: whose, Own: true})
}

// text is a value of the source as the configuration has it. As it stands, unless the
// source itself puts variables in.
type text func(c *Check, s string) string

// plain is of sources that know no variables.
func plain(_ *Check, s string) string { return literal(s) }

var aVariable = lazy.Compile(`\$(\$|\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))`)

// expanded is of sources that put variables in for $NAME and ${NAME}, and a dollar for $$.
func (p *Plan) expanded(c *Check, s string) string {
	var b strings.Builder
	at := 0
	for _, m := range aVariable.FindAllStringSubmatchIndex(s, -1) {
		b.WriteString(literal(s[at:m[0]]))
		at = m[1]
		switch {
		case m[4] >= 0:
			p.variable(&b, c, s[m[4]:m[5]])
		case m[6] >= 0:
			p.variable(&b, c, s[m[6]:m[7]])
		default:
			b.WriteString("$$")
		}
	}
	b.WriteString(literal(s[at:]))
	return b.String()
}

func (p *Plan) variable(b *strings.Builder, c *Check, name string) {
	p.own(name, c.ID)
	b.WriteString("${" + name + "}")
}

// hostOf is what an address is called by who gave it no name.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Hostname()
	}
	return address
}

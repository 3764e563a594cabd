package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"go.yaml.in/yaml/v3"
)

type rawComponent struct {
	ID        string   `mapstructure:"id"`
	Name      string   `mapstructure:"name"`
	DependsOn []string `mapstructure:"depends_on"`
}

type rawProduct struct {
	ID      string        `mapstructure:"id"`
	Name    string        `mapstructure:"name"`
	Owner   string        `mapstructure:"owner"`
	Says    Says          `mapstructure:"says"`
	Runbook string        `mapstructure:"runbook"`
	Burst   time.Duration `mapstructure:"burst"`
	Public  bool          `mapstructure:"public"`
}

// item is one entry of a list: its node and its path, "checks[3]".
type item struct {
	doc  *document
	node *yaml.Node // a mapping
	path string
}

// at returns where a key of the item stands, the item itself when it is not
// written.
func (it *item) at(key string) *yaml.Node {
	if place := locate(it.node, key); place != nil {
		return place
	}
	return it.node
}

// wrote says whether the item has the key at all, with or without a value.
func (it *item) wrote(key string) bool {
	place, _ := entry(it.node, key)
	return place != nil
}

// keys returns what the item is written with, in its order.
func (it *item) keys() []string {
	var keys []string
	for _, p := range pairs(it.node, func(*yaml.Node, string, string) {}) {
		keys = append(keys, p.key.Value)
	}
	return keys
}

func (it *item) source() checks.Source {
	return checks.Source{File: it.doc.source, Line: it.node.Line}
}

// note notes a problem at a key of an item.
func (l *loading) note(it *item, key, message, instead string) {
	l.problems = append(l.problems, it.doc.problem(it.at(key), join(it.path, key), message, instead))
}

// lists reads components, products, checks, who is on call, ways, hooks and maintenance of one file.
func (l *loading) lists(doc *document) {
	l.components = joined(l.components, list[rawComponent](l, doc, "components", nil))
	l.products = joined(l.products, list[rawProduct](l, doc, "products", nil))
	l.checks = joined(l.checks, list[rawCheck](l, doc, "checks", l.kinds.names()))
	l.onCall = joined(l.onCall, list[rawOnCall](l, doc, "on_call", []string{"exec"}))
	l.ways = joined(l.ways, list[rawWay](l, doc, "ways", []string{"exec"}))
	l.hooks = joined(l.hooks, list[rawSystem](l, doc, "hooks", nil))
	l.planned = joined(l.planned, list[rawMaintenance](l, doc, "maintenance", nil))
}

// joined is append, but copies nothing to an empty list: a hundred thousand checks are
// 40 MB here.
func joined[T any](list, more []T) []T {
	if len(list) == 0 {
		return more
	}
	return append(list, more...)
}

// list reads the items below one key; the extra keys of an item are left to
// the caller.
func list[T any](l *loading, doc *document, key string, extra []string) []declared[T] {
	at, node := entry(doc.root, key)
	if at == nil || isNull(node) {
		return nil
	}
	r := l.reader(doc)
	r.expand = &expander{env: l.env, seen: map[string]string{}} // for people to read: what is secret stands in a check's own part
	if node.Kind != yaml.SequenceNode {
		r.note(at, key, "must be a list, but is "+describe(node), `begin each item with "- id: NAME"`)
		return nil
	}
	items := make([]declared[T], 0, len(node.Content))
	for i, n := range node.Content {
		n = resolve(n)
		it := &item{doc: doc, node: n, path: fmt.Sprintf("%s[%d]", key, i)}
		if isNull(n) {
			r.note(n, it.path, "is empty", "write an id, or remove the dash")
			continue
		}
		v, ok := r.section(n, n, reflect.TypeFor[T](), it.path, extra)
		if !ok {
			continue
		}
		d := declared[T]{doc: doc, item: it}
		if err := fill(v.(map[string]any), &d.raw); err != nil {
			r.note(n, it.path, "cannot be decoded", "") // unreachable: every value has its field's type
			continue
		}
		items = append(items, d)
	}
	return items
}

const maxID = 64 // characters, so that an id fits a column and a button

// id checks an item's id against the form and against the earlier ones, which
// it then joins.
func (l *loading) id(it *item, id string, earlier map[string]*item) {
	if id == "" {
		if !it.wrote("id") {
			l.note(it, "id", "is missing", "write id: NAME")
		} else if isEmptyText(it, "id") {
			l.note(it, "id", "is empty", "write id: NAME")
		}
		return
	}
	if !validID(id) {
		l.note(it, "id", fmt.Sprintf("%q is not an id", clip(id)), fmt.Sprintf(`write up to %d of a-z, 0-9, "-", "_", ".", "/", the first a letter or a digit%s`, maxID, suggestID(id)))
		return
	}
	if first := earlier[id]; first != nil {
		l.note(it, "id", fmt.Sprintf("%q is taken: %s at %s:%d has it", id, first.path, first.doc.shown, first.at("id").Line), "write another id")
		return
	}
	earlier[id] = it
}

func validID(id string) bool {
	if id == "" || len(id) > maxID || strings.ContainsAny(id[:1], "-_./") {
		return false
	}
	return !strings.ContainsFunc(id, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.ContainsRune("-_./", c)
	})
}

// suggestID makes an id of what was written, when that is possible.
func suggestID(text string) string {
	id := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(text)), " ", "-")
	if !validID(id) {
		return ""
	}
	return fmt.Sprintf(": %q", id)
}

// references checks a list of ids, each of which must be known and written once.
func (l *loading) references(it *item, key string, ids []string, what string, known map[string]*item) {
	_, list := entry(it.node, key)
	for i, id := range ids {
		path := key
		if list != nil && list.Kind == yaml.SequenceNode {
			path = fmt.Sprintf("%s[%d]", key, i)
		}
		switch {
		case slices.Contains(ids[:i], id):
			l.note(it, path, fmt.Sprintf("%q is listed twice", clip(id)), "remove one")
		case known[id] == nil:
			l.note(it, path, fmt.Sprintf("no %s %q is declared", what, clip(id)), declareInstead(id, what, known))
		}
	}
}

func declareInstead(id, what string, known map[string]*item) string {
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	if best := nearest(id, names); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return fmt.Sprintf("declare it under %ss", what)
}

// allComponents checks the components of all files together.
func (l *loading) allComponents() []Component {
	known := l.componentIDs()
	all := make([]Component, 0, len(l.components))
	for _, d := range l.components {
		l.references(d.item, "depends_on", d.raw.DependsOn, "component", known)
		all = append(all, Component{
			ID: d.raw.ID, Name: nameOr(d.raw.Name, d.raw.ID), DependsOn: d.raw.DependsOn, Source: d.item.source(),
		})
	}
	l.cycles()
	return all
}

// componentIDs returns the components by id and notes bad ids on its first call.
func (l *loading) componentIDs() map[string]*item {
	if l.componentsByID == nil {
		l.componentsByID = map[string]*item{}
		for _, d := range l.components {
			l.id(d.item, d.raw.ID, l.componentsByID)
		}
	}
	return l.componentsByID
}

// cycles notes each cycle of depends_on once, at its first component.
func (l *loading) cycles() {
	const (
		untouched = iota
		onPath
		done
	)
	state := map[string]int{} // :: component -> how far the walk is
	edges := map[string][]string{}
	for _, d := range l.components {
		edges[d.raw.ID] = d.raw.DependsOn
	}
	var path []string
	var walk func(id string)
	walk = func(id string) {
		state[id] = onPath
		path = append(path, id)
		for _, next := range edges[id] {
			switch state[next] {
			case onPath:
				cycle := append(slices.Clone(path[slices.Index(path, next):]), next)
				l.note(l.componentsByID[next], "depends_on", "a component depends on itself: "+strings.Join(cycle, " -> "), "remove one of these")
			case untouched:
				if l.componentsByID[next] != nil {
					walk(next)
				}
			}
		}
		path = path[:len(path)-1]
		state[id] = done
	}
	for _, d := range l.components {
		if state[d.raw.ID] == untouched && l.componentsByID[d.raw.ID] != nil {
			walk(d.raw.ID)
		}
	}
}

// reservedIDs are words that mean something else after the slash command.
var reservedIDs = []string{"ack", "add", "cause", "correct", "every", "export", "help", "less", "link", "maintenance", "mark", "more", "mute", "note",
	"now", "oncall", "pause", "remove", "report", "resume", "severity", "share", "since", "sources", "start", "stop", "timeline", "unlink", "unmark", "unmute", "unwatch", "watch"}

// allProducts checks the products of all files together.
func (l *loading) allProducts(limits Limits) []Product {
	known := l.productIDs()
	all := make([]Product, 0, len(known))
	for _, d := range l.products {
		raw := d.raw
		if slices.Contains(reservedIDs, raw.ID) {
			l.note(d.item, "id", fmt.Sprintf("%q is a word of the slash command", raw.ID), fmt.Sprintf("write another id, such as %q", raw.ID+"-product"))
		}
		l.runbook(d.item, raw.Runbook)
		if raw.Burst != 0 && raw.Burst < limits.BurstEvery {
			l.note(d.item, "burst", fmt.Sprintf("%s is less than limits.burst_every, which is %s", shortDuration(raw.Burst), shortDuration(limits.BurstEvery)),
				fmt.Sprintf("write at least %q, or leave it out", shortDuration(limits.BurstEvery)))
		}
		all = append(all, Product{
			ID: raw.ID, Name: nameOr(raw.Name, raw.ID), Owner: raw.Owner, Says: raw.Says, Runbook: raw.Runbook, Burst: raw.Burst, Public: raw.Public, Source: d.item.source(),
		})
	}
	return all
}

func (l *loading) runbook(it *item, address string) {
	if address != "" && !isWebURL(address) {
		l.note(it, "runbook", "is not an http or https address", `write it whole: "https://wiki.example.com/page"`)
	}
}

// productIDs returns the products by id and notes bad ids on its first call.
func (l *loading) productIDs() map[string]*item {
	if l.productsByID == nil {
		l.productsByID = map[string]*item{}
		for _, d := range l.products {
			l.id(d.item, d.raw.ID, l.productsByID)
		}
	}
	return l.productsByID
}

func nameOr(name, id string) string {
	if name == "" {
		return id
	}
	return name
}

package config

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

const (
	defaultEvery   = 30 * time.Second // 20 tries in the default window of 10 minutes, and one request in 30 s hurts nobody
	defaultTimeout = 10 * time.Second // at most: a client has given up by then
	leastEvery     = 100 * time.Millisecond
	mostEvery      = 24 * time.Hour
	mostExpected   = 31 * 24 * time.Hour // of what reports by itself: a job of each month
)

type rawCheck struct {
	ID       string         `mapstructure:"id"`
	Product  string         `mapstructure:"product"`
	Kind     string         `mapstructure:"kind"`
	Every    *time.Duration `mapstructure:"every"`
	Timeout  *time.Duration `mapstructure:"timeout"`
	Uses     []string       `mapstructure:"uses"`
	Measures string         `mapstructure:"measures"`
	Region   string         `mapstructure:"region"`
	Runbook  string         `mapstructure:"runbook"`
	Control  bool           `mapstructure:"control"`
	Enabled  *bool          `mapstructure:"enabled"`
	MustFail bool           `mapstructure:"must_fail"`
	Tags     []string       `mapstructure:"tags"`
	Vantages []string       `mapstructure:"vantages"`
	Trace    *bool          `mapstructure:"trace"`
}

// allChecks checks the checks of all files together and completes them.
func (l *loading) allChecks() []checks.Check {
	products := l.rawProducts()
	seen := map[string]*item{}
	all := make([]checks.Check, 0, len(l.checks))
	enabled := l.checks[:0] // in its place: of a hundred thousand a second list would be 40 MB
	for _, d := range l.checks {
		c := l.check(d, products, seen, false) // what is switched off is to be right, too
		if d.raw.Enabled != nil && !*d.raw.Enabled {
			l.disabled = append(l.disabled, d)
			continue
		}
		all, enabled = append(all, c), append(enabled, d)
	}
	l.checks = enabled
	return all
}

// check checks one check and completes it. What is read strictly did not come
// from a file.
func (l *loading) check(d declared[rawCheck], products map[string]rawProduct, seen map[string]*item, strict bool) checks.Check {
	before := len(l.problems)
	l.id(d.item, d.raw.ID, seen)
	if d.raw.Control {
		l.ofNothing(d)
	} else {
		l.productOf(d)
	}
	l.references(d.item, "uses", d.raw.Uses, "component", l.componentIDs())
	if d.raw.Measures != "" {
		l.references(d.item, "measures", []string{d.raw.Measures}, "component", l.componentIDs())
	}
	c := checks.Check{
		ID: d.raw.ID, Product: d.raw.Product, Kind: d.raw.Kind, Uses: d.raw.Uses, Measures: d.raw.Measures, Region: l.region(d), Strict: strict, Control: d.raw.Control,
		MustFail: d.raw.MustFail, Tags: l.tags(d), Vantages: l.vantages(d), Owner: products[d.raw.Product].Owner, Runbook: cmp.Or(d.raw.Runbook, products[d.raw.Product].Runbook), Source: d.item.source(),
	}
	l.runbook(d.item, d.raw.Runbook)
	c.Every, c.Timeout = l.times(d)
	l.options(d, &c, before)
	c.Trace = l.trace(d)
	return c
}

// trace reports whether a check's requests carry the id of a trace.
func (l *loading) trace(d declared[rawCheck]) bool {
	kind, ok := l.kinds.lookup(d.raw.Kind)
	if ok && !kind.Traced && d.raw.Trace != nil && *d.raw.Trace {
		l.note(d.item, "trace", "does not go with kind "+d.raw.Kind+", whose requests carry no trace", "remove it")
	}
	if d.raw.Trace != nil {
		return ok && kind.Traced && *d.raw.Trace
	}
	return ok && kind.Traced && l.traces
}

// rawProducts returns the products by id, the first of each.
func (l *loading) rawProducts() map[string]rawProduct {
	products := map[string]rawProduct{}
	for _, d := range l.products {
		if _, ok := products[d.raw.ID]; !ok {
			products[d.raw.ID] = d.raw
		}
	}
	return products
}

// region returns the part of the product that a check asks. It stands in
// messages, and in keys of what is stored, so it is an id's kind of text.
func (l *loading) region(d declared[rawCheck]) string {
	if d.raw.Region != "" && !validID(d.raw.Region) {
		l.note(d.item, "region", fmt.Sprintf("%q is not the name of a region", clip(d.raw.Region)), fmt.Sprintf(`write up to %d of a-z, 0-9, "-", "_", ".", "/", the first a letter or a digit`, maxID))
	}
	return d.raw.Region
}

// tags returns the words by which people choose a check. They are typed where ids
// are, so they look like those.
func (l *loading) tags(d declared[rawCheck]) []string {
	for _, tag := range d.raw.Tags {
		if !validID(tag) {
			l.note(d.item, "tags", fmt.Sprintf("%q is not a tag", clip(tag)), fmt.Sprintf(`write up to %d of a-z, 0-9, "-", "_", ".", "/", the first a letter or a digit`, maxID))
			return nil
		}
	}
	return d.raw.Tags
}

func (l *loading) productOf(d declared[rawCheck]) {
	known := l.productIDs()
	switch id := d.raw.Product; {
	case id == "":
		if !d.item.wrote("product") {
			l.note(d.item, "product", "is missing", "write product: ID, the id of a product")
		} else if isEmptyText(d.item, "product") {
			l.note(d.item, "product", "is empty", "write the id of a product")
		}
	case known[id] == nil:
		l.note(d.item, "product", fmt.Sprintf("no product %q is declared", clip(id)), declareInstead(id, "product", known))
	}
}

// ofNothing notes what a control check may not say: it counts in no product, no
// cause and no figure.
func (l *loading) ofNothing(d declared[rawCheck]) {
	for _, key := range []string{"product", "uses", "measures", "region"} {
		if d.item.wrote(key) {
			l.note(d.item, key, "does not go with control: true, which counts in no product and for no cause", "remove "+key+", or control: true")
		}
	}
}

// isEmptyText says whether a key holds "", which is no wrong type and so has
// not been noted yet.
func isEmptyText(it *item, key string) bool {
	_, v := entry(it.node, key)
	return v != nil && v.Value == "" && len(v.Content) == 0 && !isNull(v)
}

// times returns interval and time-out with their defaults.
func (l *loading) times(d declared[rawCheck]) (every, timeout time.Duration) {
	every = defaultEvery
	most := mostEvery
	if kind, ok := l.kinds.lookup(d.raw.Kind); ok && kind.Passive {
		most = mostExpected
	}
	if d.raw.Every != nil {
		every = *d.raw.Every
		switch {
		case every < leastEvery:
			l.note(d.item, "every", fmt.Sprintf("%s is less than %s", every, leastEvery), `write for example "10s"`)
			return 0, 0
		case every > most:
			l.note(d.item, "every", fmt.Sprintf("%s is more than %s", shortDuration(every), shortDuration(most)), `write for example "10s"`)
			return 0, 0
		}
	}
	timeout = min(every, defaultTimeout)
	if d.raw.Timeout == nil {
		return every, timeout
	}
	timeout = *d.raw.Timeout
	switch {
	case timeout <= 0:
		l.note(d.item, "timeout", "must be more than 0", `write for example "3s"`)
	case timeout > every && d.raw.Every == nil && d.item.wrote("every"): // every is wrong and noted already
	case timeout > every && d.raw.Every == nil:
		l.note(d.item, "timeout", fmt.Sprintf("%s is longer than the interval, which is %s unless every is given", shortDuration(timeout), shortDuration(every)),
			fmt.Sprintf("write at most %q, or every: %s", shortDuration(every), shortDuration(timeout)))
	case timeout > every:
		l.note(d.item, "timeout", fmt.Sprintf("%s is longer than every, which is %s", shortDuration(timeout), shortDuration(every)),
			fmt.Sprintf("write at most %q", shortDuration(every)))
	}
	return every, timeout
}

// options finds the check's kind, decodes the kind's own part and lets the
// kind judge it, unless other problems of this check would only be repeated.
func (l *loading) options(d declared[rawCheck], c *checks.Check, before int) {
	it := d.item
	kind, ok := l.kindOf(d)
	if !ok {
		return
	}
	for _, other := range it.keys() {
		if _, isKind := l.kinds.lookup(other); isKind && other != kind.Name {
			l.note(it, other, fmt.Sprintf("is the part of another kind; this check's kind is %s", kind.Name), fmt.Sprintf("remove it, or write kind: %s", other))
		}
	}
	at, node := entry(it.node, kind.Name)
	options := kind.Options()
	if at == nil || isNull(node) {
		instead := fmt.Sprintf("write %s: {KEY: VALUE}", kind.Name)
		if names := l.optionNames(kind.Name); len(names) > 0 {
			instead += " with keys of: " + strings.Join(names, ", ")
		}
		l.note(it, kind.Name, "the kind's own part is missing", instead)
		return
	}
	r := l.reader(it.doc)
	r.expand = &expander{env: l.env, seen: map[string]string{}}
	v, ok := r.section(at, node, reflect.TypeOf(options).Elem(), join(it.path, kind.Name), nil)
	if !ok {
		return
	}
	if err := homeDir(v.(map[string]any), options, it.doc.shown); err != nil {
		l.note(it, join(kind.Name, "dir"), "cannot be made absolute: the working directory is gone", "start statusbot from a folder that exists")
		return
	}
	if err := fill(v.(map[string]any), options); err != nil {
		l.note(it, kind.Name, r.expand.hide("does not fit: "+firstLine(err)), "")
		return
	}
	c.Options, c.Secrets = options, r.expand.values()
	if len(l.problems) > before {
		return
	}
	if c.Passive = kind.Passive; c.Passive && c.MustFail {
		l.note(it, "must_fail", "does not go with kind "+kind.Name+", which is not probed", "remove it")
		return
	}
	if l.elsewhere(it, kind, c); len(l.problems) > before {
		return
	}
	if _, err := kind.Compile(*c); err != nil {
		l.blame(it, kind.Name, err, r.expand)
	}
}

// homeDir makes the option "dir" of a kind that has one absolute. A script is
// found from the folder of the file that names it, wherever statusbot was
// started; the kind itself knows only the file's name.
func homeDir(v map[string]any, options any, file string) error {
	if _, ok := shapeOf(reflect.TypeOf(options).Elem()).fields["dir"]; !ok {
		return nil
	}
	dir, _ := v["dir"].(string)
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(filepath.Dir(file), dir)
	}
	dir, err := filepath.Abs(dir)
	v["dir"] = dir
	return err
}

// kindOf returns the check's kind; what is wrong with it is noted.
func (l *loading) kindOf(d declared[rawCheck]) (probe.Kind, bool) {
	names := l.kinds.names()
	if d.raw.Kind != "" {
		kind, ok := l.kinds.lookup(d.raw.Kind)
		if !ok {
			l.note(d.item, "kind", fmt.Sprintf("there is no kind %q", clip(d.raw.Kind)), didYouMean(d.raw.Kind, names))
		}
		return kind, ok
	}
	instead := "write kind: with one of " + strings.Join(names, ", ")
	for _, name := range names {
		if d.item.wrote(name) {
			instead = "write kind: " + name
			break
		}
	}
	if !d.item.wrote("kind") {
		l.note(d.item, "kind", "is missing", instead)
	} else if isEmptyText(d.item, "kind") {
		l.note(d.item, "kind", "is empty", instead)
	}
	return probe.Kind{}, false
}

// optionNames lists the keys of a kind's own part, in the order of its struct.
func (l *loading) optionNames(kind string) []string {
	k, ok := l.kinds.lookup(kind)
	if !ok {
		return nil
	}
	return shapeOf(reflect.TypeOf(k.Options()).Elem()).names
}

// blame turns the errors of a kind's Build into problems, each at its option.
func (l *loading) blame(it *item, kind string, err error, e *expander) {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range many.Unwrap() {
			l.blame(it, kind, one, e)
		}
		return
	}
	var option *probe.OptionError
	if !errors.As(err, &option) {
		l.note(it, kind, e.hide(firstLine(err)), "")
		return
	}
	key := join(kind, option.Key)
	if looksLikeToken(key) {
		key = kind
	}
	l.note(it, key, e.hide(option.Problem), e.hide(option.Instead))
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

// warnOfUnwatched names what is declared and not observed, and checks that a
// window may miss.
func (l *loading) warnOfUnwatched(cfg *Config) {
	watched := map[string]bool{} // :: product
	for i, c := range cfg.Checks {
		watched[c.Product] = true
		// What reports by itself is judged by its own deadline, however rare.
		if kind, _ := l.kinds.lookup(c.Kind); c.Every > cfg.Updates.Window && !kind.Passive && !c.Control {
			d := l.checks[i]
			l.warnings = append(l.warnings, d.doc.problem(d.item.at("every"), join(d.item.path, "every"),
				fmt.Sprintf("%s is longer than updates.window, which is %s, so most updates have no figure of this check", shortDuration(c.Every), shortDuration(cfg.Updates.Window)),
				fmt.Sprintf("write at most %q, or a longer window", shortDuration(cfg.Updates.Window))))
		}
	}
	for _, d := range l.products {
		if d.raw.ID != "" && !watched[d.raw.ID] {
			l.warnings = append(l.warnings, d.doc.problem(d.item.at("id"), d.item.path,
				fmt.Sprintf("the product %q has no check, so nothing is known about it", d.raw.ID), "add a check with product: "+d.raw.ID))
		}
	}
}

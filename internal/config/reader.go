package config

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/statusbot/statusbot/internal/lazy"
)

const (
	maxDepth = 100       // levels of nesting; deeper is a reference that contains itself
	maxNodes = 2_000_000 // values read, references followed: 10,000 checks of 200 values each
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// reader turns nodes into plain values of the shape that a Go type asks for
// (maps, lists, text, numbers), ready for mapstructure, and notes everything
// that does not fit, at its line. Keys keep their case and their dots.
type reader struct {
	doc      *document
	problems *Problems
	spent    *int      // values read so far, against maxNodes
	expand   *expander // for ${NAME}; nil: text is taken as it stands
	depth    int
}

func (r *reader) note(at *yaml.Node, path, message, instead string) {
	*r.problems = append(*r.problems, r.doc.problem(at, path, message, instead))
}

// value reads node n, which belongs to the place at, as a value of type t. It
// is false when nothing was written or what was written is wrong; the wrong
// is noted.
func (r *reader) value(at, n *yaml.Node, t reflect.Type, path string) (any, bool) {
	n = resolve(n)
	*r.spent++
	if r.depth >= maxDepth || *r.spent > maxNodes {
		if *r.spent <= maxNodes+1 {
			const most = 60 // characters of a path that still say where
			if len(path) > most {
				path = path[:most] + "…"
			}
			r.note(at, path, "is nested too deeply or refers to itself", "write the values out")
		}
		*r.spent = max(*r.spent, maxNodes+1)
		return nil, false
	}
	r.depth++
	defer func() { r.depth-- }()

	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t != durationType && !reflect.PointerTo(t).Implements(textType) {
		switch t.Kind() {
		case reflect.Struct:
			return r.section(at, n, t, path, nil)
		case reflect.Map:
			return r.names(at, n, t.Elem(), path)
		case reflect.Slice, reflect.Array:
			return r.list(at, n, t.Elem(), path)
		case reflect.Interface:
			return r.free(at, n, path)
		}
	}
	if n.Kind != yaml.ScalarNode {
		r.note(at, path, "must be "+wanted(t)+", but is "+describe(n), "")
		return nil, false
	}
	if isNull(n) {
		r.note(at, path, "is empty", "write a value or remove the key")
		return nil, false
	}
	text, changed, ok := r.text(at, n, path)
	if !ok {
		return nil, false
	}
	if reflect.PointerTo(t).Implements(textType) {
		if err := reflect.New(t).Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil {
			r.note(at, path, r.shownValue(n, path)+" does not fit", "")
			return nil, false
		}
		return text, true
	}
	v, message, instead := scalar(text, n.ShortTag() == "!!str" && !changed, t)
	if message == "" {
		return v, true
	}
	r.note(at, path, strings.ReplaceAll(message, shownHere, r.shownValue(n, path)), instead)
	return nil, false
}

// text returns a scalar's text with its ${NAME} expanded; changed says
// whether there was any.
func (r *reader) text(at, n *yaml.Node, path string) (text string, changed, ok bool) {
	if r.expand == nil || !strings.Contains(n.Value, "$") {
		return n.Value, false, true
	}
	text, message, instead := r.expand.text(n.Value)
	if message != "" {
		r.note(at, path, message, instead)
		return "", false, false
	}
	return text, text != n.Value, true
}

// shownHere stands in a message for the value as written; what may be a secret is not repeated.
const shownHere = "\x00"

func (r *reader) shownValue(n *yaml.Node, path string) string {
	const most = 40 // characters that still read as part of a sentence
	if looksSecret(path) || looksLikeToken(n.Value) || len(n.Value) > most {
		return "this value"
	}
	return strconv.Quote(n.Value)
}

// section reads a mapping with the keys of struct type t. The extra keys are
// known too but left to the caller.
func (r *reader) section(at, n *yaml.Node, t reflect.Type, path string, extra []string) (any, bool) {
	if isNull(n) {
		return nil, false
	}
	known := shapeOf(t)
	names := func() []string { return slices.Sorted(slices.Values(slices.Concat(extra, known.names))) }
	if n.Kind != yaml.MappingNode {
		r.note(at, path, "must be keys with values, but is "+describe(n), knownHere+strings.Join(names(), ", "))
		return nil, false
	}
	m := make(map[string]any, len(n.Content)/2)
	for _, p := range r.pairs(n, path) {
		name := p.key.Value
		field, ok := known.fields[name]
		if !ok {
			if !slices.Contains(extra, name) && !(path == "" && ownKey(name)) {
				r.note(p.key, join(path, shownKey(name)), "unknown key", didYouMean(name, names()))
			}
			continue
		}
		v, ok := r.value(p.key, p.value, field.Type, join(path, name))
		if ok && v == "" && field.Tag.Get("empty") == "refused" { // what is sought and is empty would be in every answer
			r.note(p.key, join(path, name), "is empty, and so would be in every answer", "write a text, or leave it out")
			continue
		}
		if ok {
			m[name] = v
		}
	}
	return m, true
}

// ownKey reports whether a key at the top of a file is the user's own, a place
// for what others refer to by an anchor: "x-defaults", as in Compose files, or
// "_defaults".
func ownKey(name string) bool { return strings.HasPrefix(name, "x-") || strings.HasPrefix(name, "_") }

// names reads a mapping whose keys are names of the user's own.
func (r *reader) names(at, n *yaml.Node, elem reflect.Type, path string) (any, bool) {
	if isNull(n) {
		return nil, false
	}
	if n.Kind != yaml.MappingNode {
		r.note(at, path, "must be names with values, but is "+describe(n), "write {name: value}")
		return nil, false
	}
	m := map[string]any{}
	for _, p := range r.pairs(n, path) {
		if v, ok := r.value(p.key, p.value, elem, join(path, shownKey(p.key.Value))); ok {
			m[p.key.Value] = v
		}
	}
	return m, true
}

// list reads a list; a single value is taken as a list of one, except that
// text with blanks where a command's words are wanted is two words in one.
func (r *reader) list(at, n *yaml.Node, elem reflect.Type, path string) (any, bool) {
	if isNull(n) {
		return nil, false
	}
	if n.Kind == yaml.MappingNode || (n.Kind == yaml.ScalarNode && strings.HasSuffix(path, ".argv")) {
		instead := "begin each item with \"- \""
		if n.Kind == yaml.ScalarNode {
			instead = `write [./script, --option, value]: each word is an item, no shell reads them`
		}
		r.note(at, path, "must be a list, but is "+describe(n), instead)
		return nil, false
	}
	if n.Kind == yaml.ScalarNode {
		v, ok := r.value(at, n, elem, path)
		return []any{v}, ok
	}
	items := make([]any, 0, len(n.Content))
	for i, item := range n.Content {
		if v, ok := r.value(item, item, elem, fmt.Sprintf("%s[%d]", path, i)); ok {
			items = append(items, v)
		}
	}
	return items, true
}

// free reads whatever stands there.
func (r *reader) free(at, n *yaml.Node, path string) (any, bool) {
	anything := reflect.TypeFor[any]()
	switch n.Kind {
	case yaml.MappingNode:
		return r.names(at, n, anything, path)
	case yaml.SequenceNode:
		return r.list(at, n, anything, path)
	}
	switch n.ShortTag() {
	case "!!null":
		return nil, true
	case "!!bool", "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err == nil {
			return v, true
		}
	}
	text, _, ok := r.text(at, n, path)
	return text, ok
}

func (r *reader) pairs(n *yaml.Node, path string) []pair {
	return pairs(n, func(key *yaml.Node, message, instead string) {
		r.note(key, join(path, shownKey(key.Value)), message, instead)
	})
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

var (
	secretWords = lazy.Compile(`(?i)token|passw|secret|authori[sz]ation|headers|cookie|credential|api_?key|private|\benv\b|\bbody\b`)
	tokenShape  = lazy.Compile(`(?i)xox[a-z]-|xapp-|bearer |basic `)
)

// looksSecret says whether a value below such a key may be a secret.
func looksSecret(path string) bool { return secretWords.MatchString(path) }

// looksLikeToken says whether the text itself may be one.
func looksLikeToken(text string) bool { return tokenShape.MatchString(text) }

// shownKey returns a key as a message may repeat it.
func shownKey(key string) string {
	const most = 40 // characters; longer is no key that anybody meant
	if key == "" || looksLikeToken(key) || len(key) > most || strings.ContainsFunc(key, func(c rune) bool { return c < ' ' }) {
		return "(key)"
	}
	if strings.ContainsFunc(key, unseen) {
		return strings.Trim(strconv.Quote(key), `"`)
	}
	return key
}

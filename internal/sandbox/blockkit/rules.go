package blockkit

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// rule checks one value.
type rule func(v *validator, pointer string, val any)

// object says which fields an object has. Any other field is refused.
type object struct {
	fields   map[string]rule
	required []string
	check    func(v *validator, pointer string, m map[string]any) // what one field alone cannot show
}

// maxDepth bounds nesting; Slack's own is far less.
const maxDepth = 12

func (v *validator) object(pointer string, m map[string]any, o object) {
	if v.depth++; v.depth > maxDepth {
		v.add(pointer, "nested too deeply")
		v.depth--
		return
	}
	defer func() { v.depth-- }()
	for _, name := range o.required {
		if m[name] == nil {
			v.add(pointer, "missing required field: %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		r, ok := o.fields[name]
		switch {
		case !ok:
			v.add(pointer, "invalid additional property: %s", name)
		case r != nil && m[name] != nil:
			r(v, pointer+"/"+escape(name), m[name])
		}
	}
	if o.check != nil {
		o.check(v, pointer, m)
	}
}

// escape writes a name as a part of a JSON pointer.
func escape(s string) string { return pointerEscapes.Replace(s) }

var pointerEscapes = strings.NewReplacer("~", "~0", "/", "~1")

func obj(o object) rule {
	return func(v *validator, pointer string, val any) {
		if m, ok := val.(map[string]any); ok {
			v.object(pointer, m, o)
		} else {
			v.add(pointer, "must be an object")
		}
	}
}

// str is a string of low to high characters.
func str(low, high int) rule {
	return func(v *validator, pointer string, val any) {
		s, ok := val.(string)
		if !ok {
			v.add(pointer, "must be a string")
			return
		}
		v.length(pointer, s, low, high)
	}
}

func (v *validator) length(pointer, s string, low, high int) {
	n := utf8.RuneCountInString(s)
	if n > high {
		v.add(pointer, "must be less than %d characters", high+1)
	}
	if n < low {
		v.add(pointer, "must be more than %d characters", low-1)
	}
}

// link is an absolute http, https or mailto-like URL of at most 3,000 characters.
func link(v *validator, pointer string, val any) {
	str(1, 3000)(v, pointer, val)
	if s, ok := val.(string); ok {
		if u, err := url.Parse(s); err != nil || u.Scheme == "" {
			v.add(pointer, "must be a valid URL")
		}
	}
}

func boolean(v *validator, pointer string, val any) {
	if _, ok := val.(bool); !ok {
		v.add(pointer, "must be a boolean")
	}
}

func number(v *validator, pointer string, val any) {
	if _, ok := val.(json.Number); !ok {
		v.add(pointer, "must be a number")
	}
}

func integer(low, high int64) rule {
	return func(v *validator, pointer string, val any) {
		n, ok := val.(json.Number)
		i, err := n.Int64()
		if !ok || err != nil {
			v.add(pointer, "must be an integer")
		} else if i < low || i > high {
			v.add(pointer, "must be from %d to %d", low, high)
		}
	}
}

func oneOf(words ...string) rule {
	return func(v *validator, pointer string, val any) {
		if s, ok := val.(string); !ok || !slices.Contains(words, s) {
			v.add(pointer, "must be one of: %s", strings.Join(words, ", "))
		}
	}
}

// list is an array of low to high items, each under one rule.
func list(low, high int, each rule) rule {
	return func(v *validator, pointer string, val any) {
		items, ok := val.([]any)
		if !ok {
			v.add(pointer, "must be an array")
			return
		}
		if len(items) > high {
			v.add(pointer, "no more than %d items allowed", high)
		}
		if len(items) < low {
			v.add(pointer, "must have at least %d items", low)
		}
		for i, item := range items {
			each(v, fmt.Sprintf("%s/%d", pointer, i), item)
		}
	}
}

// text is a text object of one of the kinds ("plain_text", "mrkdwn").
func text(high int, kinds ...string) rule {
	return func(v *validator, pointer string, val any) {
		m, kind, ok := v.typed(pointer, val)
		if !ok {
			return
		}
		if !slices.Contains(kinds, kind) {
			v.add(pointer+"/type", "must be one of: %s", strings.Join(kinds, ", "))
			return
		}
		o := object{required: []string{"text"}, fields: map[string]rule{"type": nil, "text": str(1, high)}}
		if kind == "plain_text" {
			o.fields["emoji"] = boolean
		} else {
			o.fields["verbatim"] = boolean
		}
		s, _ := m["text"].(string)
		v.total += utf8.RuneCountInString(s)
		v.object(pointer, m, o)
	}
}

func plain(high int) rule { return text(high, "plain_text") }
func words(high int) rule { return text(high, "plain_text", "mrkdwn") }

// actionID is unique in its block.
func actionID(v *validator, pointer string, val any) {
	str(0, 255)(v, pointer, val)
	if id, _ := val.(string); id != "" {
		if v.actions[id] {
			v.add(pointer, "`action_id` %s already exists", id)
		}
		if v.actions != nil {
			v.actions[id] = true
		}
	}
}

// anElement is an element of one of the types.
func anElement(kinds ...string) rule {
	return func(v *validator, pointer string, val any) {
		m, kind, ok := v.typed(pointer, val)
		if !ok {
			return
		}
		spec, known := tables.elements()[kind]
		if !known || !slices.Contains(kinds, kind) {
			v.add(pointer+"/type", "unsupported type: %s", kind)
			return
		}
		v.object(pointer, m, spec)
	}
}

// exactlyOne says that just one of the fields must be there.
func exactlyOne(names ...string) func(*validator, string, map[string]any) {
	return func(v *validator, pointer string, m map[string]any) {
		n := 0
		for _, name := range names {
			if m[name] != nil {
				n++
			}
		}
		if n != 1 {
			v.add(pointer, "must have exactly one of: %s", strings.Join(names, ", "))
		}
	}
}

func atLeastOne(names ...string) func(*validator, string, map[string]any) {
	return func(v *validator, pointer string, m map[string]any) {
		for _, name := range names {
			if m[name] != nil {
				return
			}
		}
		v.add(pointer, "must have at least one of: %s", strings.Join(names, ", "))
	}
}

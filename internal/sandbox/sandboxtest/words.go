package sandboxtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Words is what a message says: its text, and every text in its blocks. A space at
// which no line breaks is one, as it is to who reads it.
func Words(m Message) string {
	return strings.TrimSpace(strings.ReplaceAll(m.Text+"\n"+wordsOf(m.Blocks)+"\n"+wordsOf(m.Attachments), "\u00a0", " "))
}

// wordsOf joins the texts of blocks, in their order.
func wordsOf(v any) string {
	if raw, ok := v.(json.RawMessage); ok {
		var decoded any
		if json.Unmarshal(raw, &decoded) != nil {
			return ""
		}
		v = decoded
	}
	var out []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []map[string]any:
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, key := range []string{"title", "caption", "text", "alt_text", "label", "name"} {
				if s, ok := v[key].(string); ok {
					out = append(out, s)
				}
			}
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(v[key])
			}
		}
	}
	walk(v)
	return strings.Join(out, "\n")
}

// control is something to use in blocks.
type control struct {
	action, block string
	attrs         map[string]any
}

// find looks a control up by what it says: its label, text, placeholder,
// accessibility label, or else by its action_id or block_id.
func find(blocks []map[string]any, label string) (control, error) {
	var found []control
	var known []string
	var walk func(v any, block, name string)
	walk = func(v any, block, name string) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e, block, name)
			}
		case map[string]any:
			if id, ok := v["block_id"].(string); ok {
				block = id
				name = textOf(v["label"])
			}
			if action, ok := v["action_id"].(string); ok {
				names := []string{name, textOf(v["text"]), textOf(v["placeholder"]), textOf(v["accessibility_label"]), action, block}
				if slices.Contains(names, label) && label != "" {
					found = append(found, control{action, block, v})
				}
				known = append(known, fmt.Sprintf("%q", strings.Join(slices.DeleteFunc(names[:5], func(s string) bool { return s == "" }), " / ")))
				return
			}
			for _, key := range []string{"elements", "element", "accessory", "actions", "child_blocks", "rows", "items", "block"} {
				walk(v[key], block, name)
			}
		}
	}
	for _, b := range blocks {
		walk(b, "", "")
	}
	switch len(found) {
	case 0:
		return control{}, fmt.Errorf("nothing is called %q; there is %s", label, strings.Join(known, ", "))
	case 1:
		return found[0], nil
	}
	return control{}, fmt.Errorf("%d things are called %q: use the action_id", len(found), label)
}

func textOf(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	m, _ := v.(map[string]any)
	s, _ := m["text"].(string)
	return s
}

// value is what is sent for an option's text, several with commas; all else is
// sent as it is.
func (c control) value(option string) (string, error) {
	kind, _ := c.attrs["type"].(string)
	switch kind {
	case "static_select", "radio_buttons", "overflow":
		return c.option(option)
	case "multi_static_select", "checkboxes":
		if v, err := c.option(option); err == nil { // a text with a comma of its own
			all, err := json.Marshal([]string{v})
			return string(all), err
		}
		values := []string{}
		for text := range strings.SplitSeq(option, ",") {
			v, err := c.option(strings.TrimSpace(text))
			if err != nil {
				return "", err
			}
			values = append(values, v)
		}
		all, err := json.Marshal(values)
		return string(all), err
	}
	return option, nil
}

func (c control) option(text string) (string, error) {
	var known []string
	var all []any
	list, _ := c.attrs["options"].([]any)
	all = append(all, list...)
	groups, _ := c.attrs["option_groups"].([]any)
	for _, g := range groups {
		if g, ok := g.(map[string]any); ok {
			list, _ := g["options"].([]any)
			all = append(all, list...)
		}
	}
	for _, o := range all {
		if o, ok := o.(map[string]any); ok {
			value, _ := o["value"].(string)
			if textOf(o["text"]) == text || value == text {
				return value, nil
			}
			known = append(known, textOf(o["text"]))
		}
	}
	return "", fmt.Errorf("there is no option %q among %q", text, known)
}

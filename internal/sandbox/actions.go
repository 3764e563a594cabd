package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"
)

// act is one use of an element: what the person chose.
type act struct {
	TS      string  `json:"ts"`
	View    string  `json:"view_id"` // instead of ts: of a modal or the home
	Action  string  `json:"action_id"`
	Block   string  `json:"block_id"`
	Value   *string `json:"value"`
	Channel string  `json:"channel"`
	User    string  `json:"user"`
	// Values are what the other elements of the view hold.
	Values map[string]string `json:"values"`
}

// element is an interactive element found in a message or a view.
type element struct {
	block           string
	attrs           map[string]any
	input, optional bool
}

// action does what Slack does when a person uses an element of a message.
func (w *Workspace) action(ctx context.Context, base string, ch channel, u User, a act) (Answer, error) {
	m, el, err := w.messageElement(ch, u, a)
	if err != nil {
		return Answer{}, err
	}
	chosen, values, err := w.use(el, a)
	if err != nil {
		return Answer{}, err
	}
	payload := w.interaction("block_actions", u)
	maps.Copy(payload, w.within(ch, m))
	maps.Copy(payload, answer{
		"state": answer{"values": values}, "trigger_id": w.newTrigger(u.ID),
		"response_url": w.newHook(base, hook{channel: ch.ID, user: u.ID, original: m.TS, thread: m.ThreadTS}),
		"actions":      []answer{chosen},
	})
	d := w.deliver(ctx, envelope{kind: "interactive", payload: payload})
	out := Answer{OK: true, Acked: d.Acked, AckMS: d.AckMS, Error: d.Err}
	if d.Err != "" {
		t, err := w.tell(ch, u, failureLine("The action "+a.Action, d.Err))
		out.TS = t.TS
		return out, err
	}
	return out, nil
}

// viewAction is action for an element of the modal on top, or of the home.
func (w *Workspace) viewAction(ctx context.Context, u User, a act) (Answer, error) {
	v, el, err := w.viewElement(u, a)
	if err != nil {
		return Answer{}, err
	}
	chosen, _, err := w.use(el, a)
	if err != nil {
		return Answer{}, err
	}
	values := w.resolved(v, a.Values)
	if a.Value != nil && stateKey[stringOf(el.attrs["type"])] != "" {
		if values == nil {
			values = map[string]string{}
		}
		values[el.block+"."+a.Action] = w.resolve(el, *a.Value)
	}
	payload := w.interaction("block_actions", u)
	maps.Copy(payload, answer{
		"container": answer{"type": "view", "view_id": v.ID}, "view": v.form(v.values(values)), "trigger_id": w.newTrigger(u.ID), "actions": []answer{chosen},
	})
	d := w.deliver(ctx, envelope{kind: "interactive", payload: payload})
	out := Answer{OK: true, Acked: d.Acked, AckMS: d.AckMS, Error: d.Err, View: w.topID(u)}
	if d.Err != "" {
		out.Told = troubled
	}
	return out, nil
}

// use is what a person's choice is in the list of actions, and in the state.
func (w *Workspace) use(el element, a act) (chosen, values answer, err error) {
	if a.Value != nil {
		resolved := w.resolve(el, *a.Value)
		a.Value = &resolved
	}
	chosen, state, err := choose(el, a.Value)
	if err != nil {
		return nil, nil, err
	}
	chosen["block_id"], chosen["action_id"], chosen["type"] = el.block, a.Action, el.attrs["type"]
	chosen["action_ts"] = formatTS(time.Now().UnixMicro())
	values = answer{}
	if state != nil {
		values[el.block] = answer{a.Action: state}
	}
	return chosen, values, nil
}

// messageBlocks are the blocks of a message and of its attachments.
func messageBlocks(m Message) []map[string]any {
	var out []map[string]any
	if json.Unmarshal(m.Blocks, &out) != nil {
		out = nil
	}
	var atts []struct{ Blocks []map[string]any }
	if json.Unmarshal(m.Attachments, &atts) == nil {
		for _, at := range atts {
			out = append(out, at.Blocks...)
		}
	}
	return out
}

// findElement looks an element up by action_id, and block_id if given.
func findElement(blocks []map[string]any, a act) (element, error) {
	var found []element
	for _, b := range blocks {
		id := stringOf(b["block_id"])
		if a.Block == "" || a.Block == id {
			found = append(found, collect(b, id, a.Action)...)
		}
	}
	switch len(found) {
	case 0:
		return element{}, fmt.Errorf("no element with action_id %q in %s", a.Action, cmp.Or(a.TS, a.View))
	case 1:
		return found[0], nil
	}
	return element{}, fmt.Errorf("%d elements have action_id %q: name the block_id too", len(found), a.Action)
}

func collect(v any, block, action string) []element {
	var out []element
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			out = append(out, collect(e, block, action)...)
		}
	case map[string]any:
		if v["action_id"] == action {
			return []element{{block: block, attrs: v}}
		}
		if id, _ := v["block_id"].(string); id != "" {
			block = id
		}
		for _, key := range []string{"elements", "element", "accessory", "actions", "child_blocks", "rows", "items", "block"} {
			out = append(out, collect(v[key], block, action)...)
		}
	}
	return out
}

// choose makes the action's fields, and the element's entry in state.values
// (nil for those that hold no state).
func choose(el element, value *string) (chosen, state answer, err error) {
	kind, _ := el.attrs["type"].(string)
	given := ""
	if value != nil {
		given = *value
	}
	switch kind {
	case "button":
		stored, _ := el.attrs["value"].(string)
		if value != nil && given != stored {
			return nil, nil, fmt.Errorf("the button's value is %q, not %q", stored, given)
		}
		chosen = answer{"text": el.attrs["text"]}
		if stored != "" {
			chosen["value"] = stored
		}
		return chosen, nil, nil
	case "static_select", "radio_buttons", "overflow", "external_select":
		opt, err := option(el, given)
		if err != nil {
			return nil, nil, err
		}
		chosen = answer{"selected_option": opt}
		if kind == "overflow" {
			return chosen, nil, nil
		}
	case "multi_static_select", "checkboxes", "multi_external_select":
		opts := []any{}
		for _, v := range listOf(given) {
			opt, err := option(el, v)
			if err != nil {
				return nil, nil, err
			}
			opts = append(opts, opt)
		}
		chosen = answer{"selected_options": opts}
	default:
		key := stateKey[kind]
		if key == "" {
			return nil, nil, fmt.Errorf("the sandbox cannot use an element of type %q", kind)
		}
		if value == nil {
			return nil, nil, fmt.Errorf("an element of type %q needs a value", kind)
		}
		if chosen, err = plainChoice(kind, key, given); err != nil {
			return nil, nil, err
		}
	}
	state = answer{"type": kind}
	maps.Copy(state, chosen)
	return chosen, state, nil
}

// stateKey is where each kind of element keeps what was chosen.
var stateKey = map[string]string{
	"static_select": "selected_option", "radio_buttons": "selected_option", "multi_static_select": "selected_options", "checkboxes": "selected_options",
	"external_select": "selected_option", "multi_external_select": "selected_options",
	"users_select": "selected_user", "channels_select": "selected_channel", "conversations_select": "selected_conversation",
	"multi_users_select": "selected_users", "multi_channels_select": "selected_channels", "multi_conversations_select": "selected_conversations",
	"datepicker": "selected_date", "timepicker": "selected_time", "datetimepicker": "selected_date_time",
	"plain_text_input": "value", "email_text_input": "value", "url_text_input": "value", "number_input": "value",
}

// plainChoice is a choice that is not one of the element's own options.
func plainChoice(kind, key, given string) (answer, error) {
	switch kind {
	case "datepicker":
		if _, err := time.Parse(time.DateOnly, given); err != nil {
			return nil, fmt.Errorf("%q is no date such as 2026-11-26", given)
		}
	case "timepicker":
		if _, err := time.Parse("15:04", given); err != nil {
			return nil, fmt.Errorf("%q is no time such as 09:30", given)
		}
	case "datetimepicker":
		n, err := strconv.ParseInt(given, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no time in seconds since 1970", given)
		}
		return answer{key: n}, nil
	}
	if strings.HasPrefix(kind, "multi_") {
		return answer{key: listOf(given)}, nil
	}
	return answer{key: given}, nil
}

// listOf reads several values: with commas between them, or as a JSON array
// where a value itself has one.
func listOf(given string) []string {
	list := []string{}
	if strings.HasPrefix(given, "[") && json.Unmarshal([]byte(given), &list) == nil {
		return list
	}
	return append(list, strings.FieldsFunc(given, func(r rune) bool { return r == ',' })...)
}

// option finds an option of an element by its value.
func option(el element, value string) (any, error) {
	var all []any
	all, _ = el.attrs["options"].([]any)
	groups, _ := el.attrs["option_groups"].([]any)
	for _, g := range groups {
		if g, ok := g.(map[string]any); ok {
			more, _ := g["options"].([]any)
			all = append(all, more...)
		}
	}
	for _, o := range all {
		if o, ok := o.(map[string]any); ok && o["value"] == value {
			return o, nil
		}
	}
	return nil, fmt.Errorf("the element has no option with the value %q", value)
}

package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
)

// act is one use of an element: what the person chose.
type act struct {
	TS      string  `json:"ts"`
	Action  string  `json:"action_id"`
	Block   string  `json:"block_id"`
	Value   *string `json:"value"`
	Channel string  `json:"channel"`
	User    string  `json:"user"`
}

// element is an interactive element found in a message.
type element struct {
	block string
	attrs map[string]any
}

// action does what Slack does when a person uses an element of a message.
func (w *Workspace) action(ctx context.Context, base string, ch channel, u User, a act) (Answer, error) {
	m, err := w.state.message(ch.ID, a.TS, u.ID)
	if err != nil {
		return Answer{}, fmt.Errorf("%s sees no message %q in %s: %w", u.Name, a.TS, ch.Name, err)
	}
	if m.BotID == "" {
		return Answer{}, errors.New("that message is not the app's: nothing in it can be used")
	}
	el, err := findElement(m, a)
	if err != nil {
		return Answer{}, err
	}
	chosen, state, err := choose(el, a.Value)
	if err != nil {
		return Answer{}, err
	}
	chosen["block_id"], chosen["action_id"], chosen["type"] = el.block, a.Action, el.attrs["type"]
	chosen["action_ts"] = formatTS(time.Now().UnixMicro())
	container := answer{"type": "message", "message_ts": m.TS, "channel_id": ch.ID, "is_ephemeral": m.Ephemeral}
	if m.ThreadTS != "" {
		container["thread_ts"] = m.ThreadTS
	}
	values := answer{}
	if state != nil {
		values[el.block] = answer{a.Action: state}
	}
	shown := m.slackForm(true, 0)
	if m.Ephemeral {
		shown["is_ephemeral"] = true
	}
	d := w.deliver(ctx, envelope{kind: "interactive", payload: answer{
		"type": "block_actions", "token": "sandbox", "api_app_id": AppID, "enterprise": nil, "is_enterprise_install": false,
		"user": answer{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": TeamID}, "team": answer{"id": TeamID, "domain": w.cfg.Team},
		"channel": answer{"id": ch.ID, "name": w.nameFor(ch)}, "container": container, "message": shown, "state": answer{"values": values},
		"trigger_id":   w.state.newTrigger(u.ID),
		"response_url": w.newHook(base, hook{channel: ch.ID, user: u.ID, original: m.TS, thread: m.ThreadTS}),
		"actions":      []answer{chosen},
	}})
	out := Answer{OK: true, Acked: d.Acked, AckMS: d.AckMS, Error: d.Err}
	if d.Err != "" {
		t, err := w.tell(ch, u, failureLine("The action "+a.Action, d.Err))
		out.TS = t.TS
		return out, err
	}
	return out, nil
}

// findElement looks an element up by action_id, and block_id if given, in the
// message's blocks and in those of its attachments.
func findElement(m Message, a act) (element, error) {
	var lists [][]map[string]any
	var blocks []map[string]any
	if json.Unmarshal(m.Blocks, &blocks) == nil {
		lists = append(lists, blocks)
	}
	var atts []struct{ Blocks []map[string]any }
	if json.Unmarshal(m.Attachments, &atts) == nil {
		for _, at := range atts {
			lists = append(lists, at.Blocks)
		}
	}
	var found []element
	for _, list := range lists {
		for _, b := range list {
			id, _ := b["block_id"].(string)
			if a.Block == "" || a.Block == id {
				found = append(found, collect(b, id, a.Action)...)
			}
		}
	}
	switch len(found) {
	case 0:
		return element{}, fmt.Errorf("no element with action_id %q in message %s", a.Action, a.TS)
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
			return []element{{block, v}}
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
	case "static_select", "radio_buttons", "overflow":
		opt, err := option(el, given)
		if err != nil {
			return nil, nil, err
		}
		chosen = answer{"selected_option": opt}
		if kind == "overflow" {
			return chosen, nil, nil
		}
	case "multi_static_select", "checkboxes":
		opts := []any{}
		for _, v := range strings.FieldsFunc(given, func(r rune) bool { return r == ',' }) {
			opt, err := option(el, v)
			if err != nil {
				return nil, nil, err
			}
			opts = append(opts, opt)
		}
		chosen = answer{"selected_options": opts}
	default:
		key, ok := map[string]string{
			"users_select": "selected_user", "channels_select": "selected_channel", "conversations_select": "selected_conversation",
			"datepicker": "selected_date", "timepicker": "selected_time", "plain_text_input": "value",
		}[kind]
		if !ok {
			return nil, nil, fmt.Errorf("the sandbox cannot use an element of type %q", kind)
		}
		if value == nil {
			return nil, nil, fmt.Errorf("an element of type %q needs a value", kind)
		}
		chosen = answer{key: given}
	}
	state = answer{"type": kind}
	maps.Copy(state, chosen)
	return chosen, state, nil
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

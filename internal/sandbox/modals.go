package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What a person does with modals and the home tab.

// troubled is what Slack's modal says when the app's answer cannot be used.
const troubled = "We had some trouble connecting. Try again?"

// stateful lists the elements of a view that hold what a person chose.
func (v *view) stateful() []element {
	var out []element
	for _, b := range blocksOf(v.Shown) {
		id := stringOf(b["block_id"])
		all, _ := b["elements"].([]any)
		for _, e := range append(slices.Clone(all), b["accessory"], b["element"]) {
			if e, ok := e.(map[string]any); ok && stateKey[stringOf(e["type"])] != "" {
				out = append(out, element{block: id, attrs: v.offers.into(v.User, v.ID, e), input: b["type"] == "input", optional: b["optional"] == true})
			}
		}
	}
	return out
}

// values are the view's state: what is given (by block_id, action_id, or both
// with a dot between), else what the elements begin with.
func (v *view) values(given map[string]string) answer {
	out := answer{}
	for _, el := range v.stateful() {
		state := el.initial()
		if value, ok := el.given(given); ok && value != "" {
			if _, chosen, err := choose(el, &value); err == nil {
				state = chosen
			}
		} else if ok {
			state = el.empty()
		}
		block, _ := out[el.block].(answer)
		if block == nil {
			block = answer{}
			out[el.block] = block
		}
		block[stringOf(el.attrs["action_id"])] = state
	}
	return out
}

// resolved turns names of people and channels in what is given into ids.
func (w *Workspace) resolved(v view, given map[string]string) map[string]string {
	out := maps.Clone(given)
	for _, el := range v.stateful() {
		value, ok := el.given(given)
		if resolved := w.resolve(el, value); ok && resolved != value {
			out[el.block+"."+stringOf(el.attrs["action_id"])] = resolved
		}
	}
	return out
}

func (w *Workspace) resolve(el element, value string) string {
	kind := strings.TrimPrefix(stringOf(el.attrs["type"]), "multi_")
	if value == "" || !slices.Contains([]string{"users_select", "channels_select", "conversations_select"}, kind) {
		return value
	}
	list := listOf(value)
	for i, name := range list {
		if u, err := w.state.user(name); err == nil && kind == "users_select" {
			list[i] = u.ID
		} else if ch, err := w.state.channel(name); err == nil && kind != "users_select" {
			list[i] = ch.ID
		}
	}
	return strings.Join(list, ",")
}

func (e element) given(values map[string]string) (string, bool) {
	id := stringOf(e.attrs["action_id"])
	for _, key := range []string{e.block + "." + id, e.block, id} {
		if v, ok := values[key]; ok {
			return v, true
		}
	}
	return "", false
}

// empty is the state of an element in which nothing is chosen.
func (e element) empty() answer {
	kind := stringOf(e.attrs["type"])
	key := stateKey[kind]
	var none any
	if strings.HasSuffix(key, "s") {
		none = []any{}
	}
	return answer{"type": kind, key: none}
}

// initial is the state of an element that nobody has touched.
func (e element) initial() answer {
	out := e.empty()
	key := stateKey[stringOf(e.attrs["type"])]
	name := strings.Replace(key, "selected_", "initial_", 1)
	if key == "value" || key == "rich_text_value" {
		name = "initial_value"
	}
	if v := e.attrs[name]; v != nil {
		out[key] = v
	}
	return out
}

// wrong is what Slack's own form says of a value before the app is asked; ""
// if nothing.
func (e element) wrong(value string, ok bool) string {
	kind := stringOf(e.attrs["type"])
	if !ok {
		at := e.initial()[stateKey[kind]]
		list, isList := at.([]any)
		if e.input && !e.optional && (at == nil || at == "" || (isList && len(list) == 0)) {
			return "Please complete this required field."
		}
		return ""
	}
	if value == "" || value == "[]" {
		if e.input && !e.optional {
			return "Please complete this required field."
		}
		return ""
	}
	bound := func(key string) (int, bool) {
		n, ok := e.attrs[key].(float64)
		return int(n), ok
	}
	switch kind {
	case "plain_text_input":
		n := utf8.RuneCountInString(value)
		if least, ok := bound("min_length"); ok && n < least {
			return fmt.Sprintf("This must be at least %d characters.", least)
		}
		if most, ok := bound("max_length"); ok && n > most {
			return fmt.Sprintf("This must be at most %d characters.", most)
		}
		return ""
	case "number_input":
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || (e.attrs["is_decimal_allowed"] != true && n != float64(int64(n))) {
			return "Please enter a valid number."
		}
		for key, bad := range map[string]func(float64) bool{"min_value": func(m float64) bool { return n < m }, "max_value": func(m float64) bool { return n > m }} {
			if m, err := strconv.ParseFloat(stringOf(e.attrs[key]), 64); err == nil && bad(m) {
				return "Please enter a number within the limits."
			}
		}
		return ""
	}
	if _, _, err := choose(e, &value); err != nil {
		return err.Error()
	}
	if most, ok := bound("max_selected_items"); ok && len(listOf(value)) > most {
		return fmt.Sprintf("Please choose at most %d.", most)
	}
	return ""
}

// topModal is the modal on top, if it is the one that is named; "" is any.
func (w *Workspace) topModal(u User, id string) (view, error) {
	w.state.mu.Lock()
	defer w.state.mu.Unlock()
	stack := w.state.modals[u.ID]
	if len(stack) == 0 {
		return view{}, fmt.Errorf("%w: %s has no modal open", errNoView, u.Name)
	}
	v := w.state.views[stack[len(stack)-1]]
	if id != "" && id != v.ID {
		return view{}, fmt.Errorf("%w: the modal on top is %s, not %s", errNoView, v.ID, id)
	}
	return *v, nil
}

// interaction is what all interactions have.
func (w *Workspace) interaction(kind string, u User) answer {
	return answer{
		"type": kind, "token": "sandbox", "api_app_id": AppID, "enterprise": nil, "is_enterprise_install": false,
		"user": answer{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": u.team()}, "team": answer{"id": TeamID, "domain": w.cfg.Team},
	}
}

// submit does what Slack does when a person presses a modal's submit button.
func (w *Workspace) submit(ctx context.Context, base string, u User, id string, values map[string]string) (Answer, error) {
	v, err := w.topModal(u, id)
	if err != nil {
		return Answer{}, err
	}
	if v.Shown["submit"] == nil {
		return Answer{}, errors.New("this modal has no submit button")
	}
	values = w.resolved(v, values)
	out := Answer{OK: true, Errors: map[string]string{}}
	urls := []answer{}
	for _, el := range v.stateful() {
		value, ok := el.given(values)
		if problem := el.wrong(value, ok); problem != "" {
			out.Errors[el.block] = problem
		}
		if el.attrs["response_url_enabled"] == true && value != "" {
			if ch, err := w.state.channel(value); err == nil {
				urls = append(urls, answer{"block_id": el.block, "action_id": el.attrs["action_id"], "channel_id": ch.ID, "response_url": w.newHook(base, hook{channel: ch.ID, user: u.ID})})
			}
		}
	}
	if len(out.Errors) > 0 {
		return out, nil
	}
	payload := w.interaction("view_submission", u)
	maps.Copy(payload, answer{"view": v.form(v.values(values)), "trigger_id": w.newTrigger(u.ID), "response_urls": urls})
	d := w.deliver(ctx, envelope{kind: "interactive", payload: payload})
	out.Acked, out.AckMS, out.Error = d.Acked, d.AckMS, d.Err
	if d.Err == "" {
		err = w.answered(&out, u, v, d.Payload)
		if e, ok := errors.AsType[*apiError](err); ok {
			w.calls.add(LogEntry{Method: "socket.ack_refused", Args: map[string]any{"view": v.ID}, Answer: mustJSON(errorReply(err).body)})
			out.Error, out.Problems, err = e.code, e.messages, nil
		}
	}
	if out.Error != "" {
		out.Told = troubled
	}
	out.View = w.topID(u)
	return out, err
}

func (w *Workspace) topID(u User) string {
	v, err := w.topModal(u, "")
	if err != nil {
		return ""
	}
	return v.ID
}

// answered does what the app's answer to a submission says.
func (w *Workspace) answered(out *Answer, u User, v view, payload json.RawMessage) error {
	var in struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if text := strings.TrimSpace(string(payload)); text != "" && text != `""` && json.Unmarshal(payload, &in) != nil {
		return fail("invalid_payload", "[ERROR] the answer to a view_submission must be a JSON object")
	}
	var shown map[string]any
	if in.Action == "update" || in.Action == "push" {
		var err error
		if shown, err = w.readView(string(in.View), "modal"); err != nil {
			return err
		}
	}
	s := w.state
	switch in.Action {
	case "errors":
		inputs := map[string]bool{}
		for _, el := range v.stateful() {
			inputs[el.block] = el.input
		}
		for id := range in.Errors {
			if !inputs[id] {
				return fail("invalid_errors", fmt.Sprintf("[ERROR] errors name the block_id of input blocks, and %q is none", id))
			}
		}
		if len(in.Errors) == 0 {
			return fail("invalid_errors", "[ERROR] response_action errors needs errors")
		}
		out.Errors = in.Errors
	case "update":
		_, err := s.updateView(v.ID, "", shown)
		return err
	case "push":
		_, err := s.openModal(u.ID, shown, true)
		return err
	case "clear":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.dropLocked(u.ID, len(s.modals[u.ID]))
	case "":
		s.mu.Lock()
		defer s.mu.Unlock()
		if stack := s.modals[u.ID]; len(stack) > 0 && stack[len(stack)-1] == v.ID { // the app may have closed it
			s.dropLocked(u.ID, 1)
		}
	default:
		return fail("invalid_response_action", fmt.Sprintf("[ERROR] response_action is errors, update, push or clear, not %q", in.Action))
	}
	return nil
}

// closeModal does what Slack does when a person closes the modal on top, or
// with all every one.
func (w *Workspace) closeModal(ctx context.Context, u User, id string, all bool) (Answer, error) {
	v, err := w.topModal(u, id)
	if err != nil {
		return Answer{}, err
	}
	all = all || v.Shown["clear_on_close"] == true
	w.state.mu.Lock()
	n := 1
	if all {
		n = len(w.state.modals[u.ID])
	}
	gone := w.state.dropLocked(u.ID, n)
	w.state.mu.Unlock()
	out := Answer{OK: true, View: w.topID(u)}
	for _, v := range gone {
		if v.Shown["notify_on_close"] != true {
			continue
		}
		payload := w.interaction("view_closed", u)
		maps.Copy(payload, answer{"view": v.form(v.values(nil)), "is_cleared": all})
		d := w.deliver(ctx, envelope{kind: "interactive", payload: payload})
		out.Acked, out.AckMS, out.Error = d.Acked, d.AckMS, d.Err
	}
	return out, nil
}

// openHome tells the app that a person looks at its home.
func (w *Workspace) openHome(ctx context.Context, u User, tab string) (Answer, error) {
	if tab != "home" && tab != "messages" {
		return Answer{}, errors.New("tab must be home or messages")
	}
	ch, _, err := w.state.openIM(u.ID)
	if err != nil {
		return Answer{}, err
	}
	event := answer{"type": "app_home_opened", "user": u.ID, "channel": ch.ID, "tab": tab}
	w.state.mu.Lock()
	if v := w.state.views[w.state.homes[u.ID]]; v != nil && tab == "home" {
		event["view"] = v.form(v.values(nil))
	}
	w.state.mu.Unlock()
	d := w.notify(ctx, "app_home_opened", ch, event)
	return Answer{OK: true, Acked: d.Acked, AckMS: d.AckMS, Error: d.Err}, nil
}

// viewInput is what a person does with a modal or the home, for the control
// API.
type viewInput struct {
	User   string            `json:"user"`
	View   string            `json:"view_id"`
	Values map[string]string `json:"values"`
	All    bool              `json:"all"`
	Tab    string            `json:"tab"`
}

// onView makes a handler of one thing that a person does with views.
func (w *Workspace) onView(do func(*http.Request, User, viewInput) (Answer, error)) http.HandlerFunc {
	return acts(func(r *http.Request, in viewInput) (any, error) {
		u, err := w.state.user(cmp.Or(in.User, w.cfg.Users[0].ID))
		if err != nil {
			return nil, err
		}
		return do(r, u, in)
	})
}

// controlViews shows the modals that are open, lowest first, and the home.
func (w *Workspace) controlViews(rw http.ResponseWriter, r *http.Request) {
	u, err := w.state.user(cmp.Or(r.URL.Query().Get("user"), w.cfg.Users[0].ID))
	if err != nil {
		controlFail(rw, err)
		return
	}
	w.state.mu.Lock()
	modals := []view{}
	for _, id := range w.state.modals[u.ID] {
		modals = append(modals, *w.state.views[id])
	}
	var home *view
	if v := w.state.views[w.state.homes[u.ID]]; v != nil {
		copied := *v
		home = &copied
	}
	w.state.mu.Unlock()
	controlOK(rw, answer{"ok": true, "modals": modals, "home": home})
}

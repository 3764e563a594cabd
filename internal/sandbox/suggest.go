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
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/sandbox/blockkit"
)

// Menus whose options the app gives while a person types: external_select and
// multi_external_select, by a block_suggestion.

// minQuery is how many characters Slack waits for where an element does not
// say. https://docs.slack.dev/reference/block-kit/block-elements/select-menu-element
const minQuery = 3

// errOptions is the sandbox's own word for an answer that is no list of
// options; Slack's menu then stays empty.
const errOptions = "invalid_options"

// asking is a person typing into a menu.
type asking struct {
	act
	Query string `json:"query"`
}

// Suggestion is what an app offers for what was typed. Options are those of
// all groups too.
type Suggestion struct {
	OK           bool     `json:"ok"`
	Acked        bool     `json:"acked"`
	AckMS        float64  `json:"ack_ms"`
	Error        string   `json:"error"` // as of Answer
	Problems     []string `json:"problems,omitempty"`
	Options      []any    `json:"options"`
	OptionGroups []any    `json:"option_groups,omitempty"`
}

func external(kind string) bool { return strings.HasSuffix(kind, "external_select") }

// controlSuggest is POST /sandbox/suggest.
func (w *Workspace) controlSuggest(r *http.Request, in asking) (any, error) {
	payload, el, u, err := w.asked(in.act)
	if err != nil {
		return nil, err
	}
	if kind := stringOf(el.attrs["type"]); !external(kind) {
		return nil, fmt.Errorf("an element of type %q has its options in it", kind)
	}
	least := minQuery
	if n, ok := el.attrs["min_query_length"].(float64); ok {
		least = int(n)
	}
	if utf8.RuneCountInString(in.Query) < least {
		return nil, fmt.Errorf("the menu asks the app from %d characters on", least)
	}
	maps.Copy(payload, answer{"block_id": el.block, "action_id": in.Action, "value": in.Query})
	return w.suggest(r.Context(), payload, el, u, cmp.Or(in.View, in.TS)), nil
}

// asked finds the element that is asked about, and begins the payload.
func (w *Workspace) asked(in act) (answer, element, User, error) {
	if in.View != "" {
		u, err := w.state.user(cmp.Or(in.User, w.cfg.Users[0].ID))
		if err != nil {
			return nil, element{}, u, err
		}
		v, el, err := w.viewElement(u, in)
		payload := w.interaction("block_suggestion", u)
		maps.Copy(payload, answer{"container": answer{"type": "view", "view_id": v.ID}, "view": v.form(v.values(nil))})
		return payload, el, u, err
	}
	ch, u, err := w.place(in.Channel, in.User)
	if err != nil {
		return nil, element{}, u, err
	}
	m, el, err := w.messageElement(ch, u, in)
	if err != nil {
		return nil, element{}, u, err
	}
	payload := w.interaction("block_suggestion", u)
	maps.Copy(payload, w.within(ch, m))
	return payload, el, u, nil
}

// suggest asks the app, and remembers what it offers: a person can choose
// nothing else.
func (w *Workspace) suggest(ctx context.Context, payload answer, el element, u User, place string) Suggestion {
	d := w.deliver(ctx, envelope{kind: "interactive", payload: payload, options: true})
	out := Suggestion{OK: true, Acked: d.Acked, AckMS: d.AckMS, Error: d.Err, Options: []any{}}
	if d.Err != "" || len(d.Payload) == 0 {
		return out
	}
	for _, p := range blockkit.ValidateOptions(d.Payload) {
		out.Error, out.Problems = errOptions, append(out.Problems, p.String())
	}
	if out.Error != "" {
		return out
	}
	var got struct {
		Options []any            `json:"options"`
		Groups  []map[string]any `json:"option_groups"`
	}
	if err := json.Unmarshal(d.Payload, &got); err != nil { // unreachable: it is valid
		out.Error = errOptions
		return out
	}
	out.Options = append(out.Options, got.Options...)
	for _, g := range got.Groups {
		out.OptionGroups = append(out.OptionGroups, g)
		more, _ := g["options"].([]any)
		out.Options = append(out.Options, more...)
	}
	w.state.offers.add(offerKey(u.ID, place, stringOf(el.attrs["action_id"])), out.Options)
	return out
}

// maxOffers bounds what is remembered: menus, and options of each.
const maxOffers = 1000

// offers are the options that apps offered: what was offered once, in a menu
// that is still there, can be chosen. The zero value is ready.
type offers struct {
	mu    sync.Mutex
	by    map[string][]any // :: person, message or view, action_id -> options
	order []string         // keys, oldest first
}

func offerKey(user, place, action string) string {
	return strings.Join([]string{user, place, action}, "|")
}

func (o *offers) add(key string, options []any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.by == nil {
		o.by = map[string][]any{}
	}
	if _, known := o.by[key]; !known {
		o.order = append(o.order, key)
	}
	// The newest first: of two with one value it is the one that was seen.
	o.by[key] = slices.Concat(options, o.by[key])
	if n := len(o.by[key]); n > maxOffers {
		o.by[key] = o.by[key][:maxOffers]
	}
	if len(o.order) > maxOffers {
		delete(o.by, o.order[0])
		o.order = o.order[1:]
	}
}

// into puts what was offered to a person into an external menu, as if the
// options were its own; other elements stay as they are.
func (o *offers) into(user, place string, attrs map[string]any) map[string]any {
	if o == nil || !external(stringOf(attrs["type"])) {
		return attrs
	}
	o.mu.Lock()
	offered := slices.Clone(o.by[offerKey(user, place, stringOf(attrs["action_id"]))])
	o.mu.Unlock()
	if first, ok := attrs["initial_option"].(map[string]any); ok {
		offered = append(offered, first)
	}
	firsts, _ := attrs["initial_options"].([]any)
	attrs = maps.Clone(attrs)
	attrs["options"] = append(offered, firsts...)
	return attrs
}

// viewElement finds an element of a view that the person has open.
func (w *Workspace) viewElement(u User, a act) (view, element, error) {
	w.state.mu.Lock()
	found := w.state.views[a.View]
	if found == nil || found.User != u.ID {
		w.state.mu.Unlock()
		return view{}, element{}, fmt.Errorf("%w: %s has no view %q open", errNoView, u.Name, a.View)
	}
	v := *found
	w.state.mu.Unlock()
	el, err := findElement(blocksOf(v.Shown), a)
	el.attrs = w.state.offers.into(u.ID, v.ID, el.attrs)
	return v, el, err
}

// messageElement finds an element of a message that the person sees.
func (w *Workspace) messageElement(ch channel, u User, a act) (Message, element, error) {
	m, err := w.state.message(ch.ID, a.TS, u.ID)
	if err != nil {
		return m, element{}, fmt.Errorf("%s sees no message %q in %s: %w", u.Name, a.TS, ch.Name, err)
	}
	if m.BotID == "" {
		return m, element{}, errors.New("that message is not the app's: nothing in it can be used")
	}
	el, err := findElement(messageBlocks(m), a)
	el.attrs = w.state.offers.into(u.ID, m.TS, el.attrs)
	return m, el, err
}

// within says of an interaction in which message it was.
func (w *Workspace) within(ch channel, m Message) answer {
	container := answer{"type": "message", "message_ts": m.TS, "channel_id": ch.ID, "is_ephemeral": m.Ephemeral}
	if m.ThreadTS != "" {
		container["thread_ts"] = m.ThreadTS
	}
	shown := m.slackForm(true, thread{})
	if m.Ephemeral {
		shown["is_ephemeral"] = true
	}
	return answer{"channel": answer{"id": ch.ID, "name": w.nameFor(ch)}, "container": container, "message": shown}
}

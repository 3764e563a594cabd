package sandbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// Shortcut is an entry of the app's in the menu of every message.
type Shortcut struct {
	Name       string `json:"name"`
	CallbackID string `json:"callback_id"`
}

// defaultShortcuts are those unless others are configured.
var defaultShortcuts = []Shortcut{{Name: "Mark as an action tried", CallbackID: "mark"}}

type shortcutInput struct {
	Channel    string `json:"channel"`
	User       string `json:"user"`
	TS         string `json:"ts"`
	CallbackID string `json:"callback_id"`
}

// controlShortcut is POST /sandbox/shortcut: a person chooses a shortcut of the
// app's in a message's menu.
func (w *Workspace) controlShortcut(r *http.Request, in shortcutInput) (any, error) {
	ch, u, err := w.place(in.Channel, in.User)
	if err != nil {
		return nil, err
	}
	return w.shortcut(r.Context(), base(r), ch, u, in)
}

// shortcut does what Slack does then: the app gets a message_action. Of an
// ephemeral message there is none.
func (w *Workspace) shortcut(ctx context.Context, base string, ch channel, u User, in shortcutInput) (Answer, error) {
	if !slices.ContainsFunc(w.cfg.Shortcuts, func(s Shortcut) bool { return s.CallbackID == in.CallbackID }) {
		return Answer{}, fmt.Errorf("the app has no shortcut %q", in.CallbackID)
	}
	m, err := w.state.message(ch.ID, in.TS, u.ID)
	if err != nil {
		return Answer{}, fmt.Errorf("%s sees no message %q in %s: %w", u.Name, in.TS, ch.Name, err)
	}
	if m.Ephemeral {
		return Answer{}, errors.New("an ephemeral message has no shortcuts")
	}
	payload := w.interaction("message_action", u)
	maps.Copy(payload, answer{
		"callback_id": in.CallbackID, "channel": answer{"id": ch.ID, "name": w.nameFor(ch)}, "message": m.slackForm(false, thread{}), "message_ts": m.TS,
		"trigger_id":   w.newTrigger(u.ID),
		"response_url": w.newHook(base, hook{channel: ch.ID, user: u.ID}),
	})
	d := w.deliver(ctx, envelope{kind: "interactive", payload: payload})
	out := Answer{OK: true, Acked: d.Acked, AckMS: d.AckMS, Error: d.Err, View: w.topID(u)}
	if d.Err != "" {
		t, err := w.tell(ch, u, failureLine("The shortcut "+in.CallbackID, d.Err))
		out.TS = t.TS
		return out, err
	}
	return out, nil
}

// Package sandboxtest drives a sandbox workspace over HTTP: it types as a
// person, clicks, and reads what that person sees. It works against any
// sandbox, in this process or another:
//
//	c := sandboxtest.Client{Base: w.URL()}
//	answer, err := c.Command(ctx, "incident-demo", "ana", "/status")
//	m, err := c.WaitMessage(ctx, "incident-demo", "ben", func(m sandboxtest.Message) bool {
//		return strings.Contains(m.Text, "degraded")
//	})
//
// Nothing sleeps blindly: waiting ends with the condition or the context.
package sandboxtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/sandbox"
)

// The control API's values.
type (
	// Message is one message as the control API shows it.
	Message = sandbox.Message
	// Answer is what came of a command or a click.
	Answer = sandbox.Answer
	// Suggestion is what an app offers in a menu while a person types.
	Suggestion = sandbox.Suggestion
	// LogEntry is one call of the Web API, or one thing that happened on a socket.
	LogEntry = sandbox.LogEntry
	// Fault makes the sandbox misbehave on purpose.
	Fault = sandbox.Fault
	// Settings are scopes, subscriptions, limits and refused blocks.
	Settings = sandbox.Settings
	// SettingsChange is a change of Settings.
	SettingsChange = sandbox.SettingsChange
	// HTTPMode says where requests are delivered instead of sockets.
	HTTPMode = sandbox.HTTPMode
)

// pollEvery is how often a wait looks again.
const pollEvery = 20 * time.Millisecond

// Client speaks to the sandbox at Base, such as http://127.0.0.1:8765/.
type Client struct {
	Base string
	// HTTP is the client to use; http.DefaultClient if nil.
	HTTP *http.Client
}

// Command types text in a channel as a person: a slash command, or a message.
// It returns when the app has acknowledged it, or has failed to.
func (c Client) Command(ctx context.Context, channel, user, text string) (Answer, error) {
	var out Answer
	err := c.post(ctx, "command", map[string]string{"channel": channel, "user": user, "text": text}, &out)
	return out, err
}

// Action uses the element with that action_id in the message ts. The value of
// a menu is that of the option; "" on a button means the button's own.
func (c Client) Action(ctx context.Context, channel, user, ts, actionID, value string) (Answer, error) {
	in := map[string]string{"channel": channel, "user": user, "ts": ts, "action_id": actionID}
	if value != "" {
		in["value"] = value
	}
	var out Answer
	err := c.post(ctx, "action", in, &out)
	return out, err
}

// Suggest types into a menu whose options the app gives.
func (c Client) Suggest(ctx context.Context, at Menu, query string) (Suggestion, error) {
	in := map[string]string{"channel": at.Channel, "user": at.User, "ts": at.TS, "view_id": at.View, "action_id": at.Action, "query": query}
	var out Suggestion
	err := c.post(ctx, "suggest", in, &out)
	return out, err
}

// Menu is a menu before a person: in the message TS of a channel, or in a
// view.
type Menu struct {
	User, Action string
	Channel, TS  string
	View         string // instead of Channel and TS
}

// Shortcut chooses the app's shortcut in the menu of the message ts.
func (c Client) Shortcut(ctx context.Context, channel, user, ts, callbackID string) (Answer, error) {
	var out Answer
	err := c.post(ctx, "shortcut", map[string]string{"channel": channel, "user": user, "ts": ts, "callback_id": callbackID}, &out)
	return out, err
}

// Messages is what a person sees in a channel, newest last.
func (c Client) Messages(ctx context.Context, channel, user string) ([]Message, error) {
	return c.messages(ctx, url.Values{"channel": {channel}, "user": {user}})
}

func (c Client) messages(ctx context.Context, q url.Values) ([]Message, error) {
	var out struct{ Messages []Message }
	err := c.get(ctx, "messages", q, &out)
	return out.Messages, err
}

// waitDepth is how many of the newest messages a wait looks at.
const waitDepth = "200"

// WaitMessage returns the newest message that a person sees and ok accepts,
// among the last 200, waiting for one until ctx ends. Its error says what the last one was.
func (c Client) WaitMessage(ctx context.Context, channel, user string, ok func(Message) bool) (Message, error) {
	var last string
	var found Message
	err := c.wait(ctx, func() (bool, error) {
		list, err := c.messages(ctx, url.Values{"channel": {channel}, "user": {user}, "limit": {waitDepth}})
		if err != nil {
			return false, err
		}
		last = "no message"
		for i := len(list) - 1; i >= 0; i-- {
			if ok(list[i]) {
				found = list[i]
				return true, nil
			}
		}
		if n := len(list); n > 0 {
			last = fmt.Sprintf("%d messages, the last %q", n, list[n-1].Text)
		}
		return false, nil
	})
	if err != nil {
		return Message{}, fmt.Errorf("wait for a message in %s as %s (seen: %s): %w", channel, user, last, err)
	}
	return found, nil
}

// WaitConnections waits until that many sockets are open.
func (c Client) WaitConnections(ctx context.Context, n int) error {
	got := 0
	err := c.wait(ctx, func() (bool, error) {
		var out struct{ Connections int }
		err := c.get(ctx, "workspace", nil, &out)
		got = out.Connections
		return got == n, err
	})
	if err != nil {
		return fmt.Errorf("wait for %d connections (there are %d): %w", n, got, err)
	}
	return nil
}

// WaitLog waits for a log entry of that method after number since.
func (c Client) WaitLog(ctx context.Context, since int64, method string, ok func(LogEntry) bool) (LogEntry, error) {
	var found LogEntry
	err := c.wait(ctx, func() (bool, error) {
		list, err := c.Log(ctx, since, method)
		for _, e := range list {
			if ok(e) {
				found = e
				return true, nil
			}
		}
		return false, err
	})
	if err != nil {
		return found, fmt.Errorf("wait for %s in the log: %w", method, err)
	}
	return found, nil
}

func (c Client) wait(ctx context.Context, done func() (bool, error)) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		ok, err := done()
		if ok || (err != nil && ctx.Err() == nil) {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Log is what happened after entry number since; method "" is everything, and
// "socket." all that happened on sockets.
func (c Client) Log(ctx context.Context, since int64, method string) ([]LogEntry, error) {
	var out struct{ Entries []LogEntry }
	err := c.get(ctx, "log", url.Values{"since": {strconv.FormatInt(since, 10)}, "method": {method}}, &out)
	return out.Entries, err
}

// Faults makes the workspace misbehave, or behave again with Mode "ok".
func (c Client) Faults(ctx context.Context, f Fault) error {
	return c.post(ctx, "faults", f, nil)
}

// UseHTTP delivers to these request URLs from now on, or over Socket Mode again
// with the zero value. The app must answer url_verification during the call.
func (c Client) UseHTTP(ctx context.Context, m HTTPMode) error {
	return c.post(ctx, "http", m, nil)
}

// Settings changes scopes, subscriptions, limits and refused blocks.
func (c Client) Settings(ctx context.Context, change SettingsChange) (Settings, error) {
	var out struct{ Settings Settings }
	err := c.post(ctx, "settings", change, &out)
	return out.Settings, err
}

// Reply types text in the thread of the message ts, and with broadcast in the
// channel too.
func (c Client) Reply(ctx context.Context, channel, user, ts, text string, broadcast bool) (Answer, error) {
	var out Answer
	err := c.post(ctx, "command", map[string]any{"channel": channel, "user": user, "text": text, "thread_ts": ts, "reply_broadcast": broadcast}, &out)
	return out, err
}

// React puts a person's emoji on the message ts, or with remove takes it away.
func (c Client) React(ctx context.Context, channel, user, ts, name string, remove bool) (Answer, error) {
	var out Answer
	err := c.post(ctx, "reaction", map[string]any{"channel": channel, "user": user, "ts": ts, "name": name, "remove": remove}, &out)
	return out, err
}

// View is a modal or a home tab.
type View struct {
	ID   string `json:"id"`
	Hash string `json:"hash"`
	// Shown is the view as the app sent it, with the ids that were missing.
	Shown struct {
		Type     string           `json:"type"`
		Title    json.RawMessage  `json:"title"`
		Callback string           `json:"callback_id"`
		Metadata string           `json:"private_metadata"`
		Blocks   []map[string]any `json:"blocks"`
	} `json:"view"`
}

// Views are a person's open modals, lowest first, and the home, nil if none
// has been published.
func (c Client) Views(ctx context.Context, user string) (modals []View, home *View, err error) {
	var out struct {
		Modals []View
		Home   *View
	}
	err = c.get(ctx, "views", url.Values{"user": {user}}, &out)
	return out.Modals, out.Home, err
}

// OpenHome opens the app's home as a person; tab is home or messages.
func (c Client) OpenHome(ctx context.Context, user, tab string) (Answer, error) {
	return c.view(ctx, "home", map[string]any{"user": user, "tab": tab})
}

// ViewAction uses an element of the view with that id. The values are what its
// other elements hold, by block_id or action_id.
func (c Client) ViewAction(ctx context.Context, user, viewID, actionID, value string, values map[string]string) (Answer, error) {
	in := map[string]any{"user": user, "view_id": viewID, "action_id": actionID, "values": values}
	if value != "" {
		in["value"] = value
	}
	return c.view(ctx, "action", in)
}

// Submit presses the submit button of the modal on top.
func (c Client) Submit(ctx context.Context, user, viewID string, values map[string]string) (Answer, error) {
	return c.view(ctx, "submit", map[string]any{"user": user, "view_id": viewID, "values": values})
}

// CloseModal closes the modal on top, or with all every one.
func (c Client) CloseModal(ctx context.Context, user, viewID string, all bool) (Answer, error) {
	return c.view(ctx, "close", map[string]any{"user": user, "view_id": viewID, "all": all})
}

func (c Client) view(ctx context.Context, path string, in map[string]any) (Answer, error) {
	var out Answer
	err := c.post(ctx, path, in, &out)
	return out, err
}

// Members lets people into a channel and puts others out of it; the bot is
// statusbot.
func (c Client) Members(ctx context.Context, channel string, invite, kick []string) error {
	return c.post(ctx, "channel", map[string]any{"name": channel, "invite": invite, "kick": kick}, nil)
}

// Channel makes a channel or changes it, by the fields of POST /sandbox/channel.
func (c Client) Channel(ctx context.Context, name string, fields map[string]bool) error {
	in := map[string]any{"name": name}
	for k, v := range fields {
		in[k] = v
	}
	return c.post(ctx, "channel", in, nil)
}

func (c Client) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url(path), bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	return c.do(r, out)
}

func (c Client) get(ctx context.Context, path string, q url.Values, out any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url(path)+"?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	return c.do(r, out)
}

func (c Client) url(path string) string {
	return strings.TrimSuffix(c.Base, "/") + "/sandbox/" + path
}

func (c Client) do(r *http.Request, out any) error {
	hc := c.HTTP
	if hc == nil {
		hc = http.DefaultClient
	}
	resp, err := hc.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var raw json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&raw); err != nil {
		return fmt.Errorf("%s %s: status %d: %w", r.Method, r.URL.Path, resp.StatusCode, err)
	}
	var status struct {
		OK    bool
		Error string
	}
	if err := json.Unmarshal(raw, &status); err != nil || !status.OK {
		return fmt.Errorf("%s %s: %w", r.Method, r.URL.Path, errors.New(status.Error))
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(raw, out)
}

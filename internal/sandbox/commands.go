package sandbox

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/lazy"
)

// Answer is what came of a command or a click, as the control API tells it.
type Answer struct {
	OK bool `json:"ok"`
	// TS is the message that came of it: the plain message, or the answer.
	TS    string  `json:"ts"`
	Acked bool    `json:"acked"`
	AckMS float64 `json:"ack_ms"`
	// Reply is the acknowledgement's content, if it had any.
	Reply *Reply `json:"answer"`
	// Error is Slack's code of a failure the person was told of, else "".
	Error string `json:"error"`
	// Problems says what was wrong with the blocks of an acknowledgement.
	Problems []string `json:"problems,omitempty"`
	// View is the modal on top after something was done with one.
	View string `json:"view,omitempty"`
	// Errors is what the modal says at its inputs. :: block_id -> sentence
	Errors map[string]string `json:"errors,omitempty"`
	// Told is what a modal says of a failure.
	Told string `json:"told,omitempty"`
}

// Reply is the content of an acknowledgement.
type Reply struct {
	Text         string          `json:"text"`
	Blocks       json.RawMessage `json:"blocks"`
	ResponseType string          `json:"response_type"`
}

// line is what a person sends, in a thread if ThreadTS is set.
type line struct {
	text, threadTS string
	broadcast      bool
}

// command does what Slack does when a person sends text in a channel.
func (w *Workspace) command(ctx context.Context, base string, ch channel, u User, l line) (Answer, error) {
	if ch.Archived {
		return Answer{}, fmt.Errorf("channel %q is archived: nobody can write in it", ch.Name)
	}
	if !ch.has(u.ID) {
		return Answer{}, fmt.Errorf("%s is not in channel %q", u.Name, ch.Name)
	}
	if !strings.HasPrefix(l.text, "/") {
		return w.say(ctx, ch, u, l)
	}
	name, rest, _ := strings.Cut(l.text, " ")
	if l.threadTS != "" {
		m, err := w.state.post(ch.ID, slackbotLine(u, fmt.Sprintf("`%s` is not supported in threads. Sorry!", name), l.threadTS))
		return Answer{OK: true, TS: m.TS, Error: "not_in_threads"}, err
	}
	if !slices.Contains(w.cfg.Commands, name) {
		m, err := w.tell(ch, u, fmt.Sprintf("`%s` is not a valid command. In Slack, messages that start with \"/\" are commands: put a space before it to send it as a message.", name))
		return Answer{OK: true, TS: m.TS, Error: "unknown_command"}, err
	}
	d := w.deliver(ctx, envelope{kind: "slash_commands", payload: map[string]string{
		"token": "sandbox", "team_id": TeamID, "team_domain": w.cfg.Team, "channel_id": ch.ID, "channel_name": w.nameFor(ch),
		"user_id": u.ID, "user_name": u.Name, "command": name, "text": strings.TrimSpace(rest), "api_app_id": AppID,
		"is_enterprise_install": "false", "response_url": w.newHook(base, hook{channel: ch.ID, user: u.ID}), "trigger_id": w.newTrigger(u.ID),
	}})
	out := Answer{OK: true, Acked: d.Acked, AckMS: d.AckMS, Error: d.Err}
	if d.Err != "" {
		m, err := w.tell(ch, u, failureLine(name, d.Err))
		out.TS = m.TS
		return out, err
	}
	return w.ackReply(out, ch, u, name, d.Payload)
}

func failureLine(name, code string) string {
	return fmt.Sprintf("%s failed with the error \"%s\"", name, code)
}

func (w *Workspace) nameFor(ch channel) string {
	if ch.IM {
		return "directmessage"
	}
	return ch.Name
}

// ackReply shows what an acknowledgement carries. One with neither text nor
// blocks nor attachments says nothing.
func (w *Workspace) ackReply(out Answer, ch channel, u User, name string, payload json.RawMessage) (Answer, error) {
	args := map[string]string{}
	if len(payload) == 0 || string(payload) == "null" || string(payload) == `""` {
		return out, nil
	}
	if err := takeJSON(args, payload); err != nil {
		var plain string
		if json.Unmarshal(payload, &plain) != nil {
			return w.ackFailed(out, ch, u, name, fail("invalid_payload"))
		}
		args["text"] = plain
	}
	if args["text"] == "" && args["blocks"] == "" && args["attachments"] == "" {
		return out, nil
	}
	m, _, err := w.readBody(args, maxText)
	if err != nil {
		return w.ackFailed(out, ch, u, name, err)
	}
	m.asBot("")
	out.Reply = &Reply{Text: m.Text, Blocks: m.Blocks, ResponseType: cmp.Or(args["response_type"], "ephemeral")}
	if out.Reply.ResponseType != "in_channel" {
		m.Ephemeral, m.To = true, u.ID
	}
	m, err = w.state.post(ch.ID, m)
	out.TS = m.TS
	return out, err
}

func (w *Workspace) ackFailed(out Answer, ch channel, u User, name string, cause error) (Answer, error) {
	reply := errorReply(cause)
	w.calls.add(LogEntry{Method: "socket.ack_refused", Args: map[string]any{"command": name}, Answer: mustJSON(reply.body)})
	out.Error = "internal_error"
	if e, ok := errors.AsType[*apiError](cause); ok {
		out.Error, out.Problems = e.code, e.messages
	}
	m, err := w.tell(ch, u, failureLine(name, out.Error))
	out.TS = m.TS
	return out, err
}

// tell shows one person a line from Slack itself.
func (w *Workspace) tell(ch channel, u User, text string) (Message, error) {
	return w.state.post(ch.ID, slackbotLine(u, text, ""))
}

func slackbotLine(u User, text, threadTS string) Message {
	return Message{User: slackbotID, Username: "Slackbot", Text: text, Ephemeral: true, To: u.ID, Error: true, ThreadTS: threadTS}
}

// composed is what Slack's composer makes special in a typed line: mentions
// that are written out, addresses, names of people, groups and channels, and
// the three characters that mean something in mrkdwn.
var composed = lazy.Compile(`<(?:[@#][A-Z][A-Z0-9]+|!(?:here|channel|everyone|subteam\^[A-Z0-9]+))(?:\|[^<>]*)?>|https?://[^\s<>|]+|(?:^|[\s(])[@#][a-z0-9._-]+|[&<>]`)

// compose turns a typed line into the text of a message.
func (w *Workspace) compose(text string) string {
	return composed.ReplaceAllStringFunc(text, func(s string) string {
		switch {
		case s == "&":
			return "&amp;"
		case s == "<":
			return "&lt;"
		case s == ">":
			return "&gt;"
		case s[0] == '<':
			return s
		case strings.HasPrefix(s, "http"):
			tail := s[len(strings.TrimRight(s, ".,;:!?)")):]
			return "<" + strings.ReplaceAll(strings.TrimSuffix(s, tail), "&", "&amp;") + ">" + tail
		}
		i := strings.IndexAny(s, "@#")
		name := strings.TrimRight(s[i+1:], ".")
		tail := s[i+1+len(name):]
		if to := w.mentioned(s[i], name); to != "" {
			return s[:i] + to + tail
		}
		return s
	})
}

func (w *Workspace) mentioned(mark byte, name string) string {
	if mark == '#' {
		if ch, err := w.state.channel(name); err == nil && !ch.IM {
			return "<#" + ch.ID + "|" + ch.Name + ">"
		}
		return ""
	}
	switch name {
	case "here", "channel", "everyone":
		return "<!" + name + ">"
	}
	if who, err := w.state.user(name); err == nil {
		return "<@" + who.ID + ">"
	}
	for _, g := range w.cfg.Groups {
		if g.Handle == name {
			return "<!subteam^" + g.ID + ">"
		}
	}
	return ""
}

// say posts a plain message, and tells the app if it follows the conversation
// or is addressed.
func (w *Workspace) say(ctx context.Context, ch channel, u User, l line) (Answer, error) {
	if strings.TrimSpace(l.text) == "" {
		return Answer{}, fmt.Errorf("text is empty: write a command or a message")
	}
	m := Message{User: u.ID, Username: u.Name, Text: w.compose(l.text)}
	if l.threadTS != "" {
		parent, err := w.state.message(ch.ID, l.threadTS, u.ID)
		if err != nil {
			return Answer{}, fmt.Errorf("%w: %q in %s", err, l.threadTS, ch.Name)
		}
		if parent.Ephemeral {
			return Answer{}, errors.New("that message is seen by one person only: it has no thread")
		}
		m.ThreadTS, m.Broadcast = cmp.Or(parent.ThreadTS, parent.TS), l.broadcast
	}
	m, err := w.state.post(ch.ID, m)
	if err != nil {
		return Answer{}, err
	}
	out := Answer{OK: true, TS: m.TS}
	if !ch.Bot {
		return out, nil
	}
	d := w.notify(ctx, ch.messageSubscription(), ch, w.messageEvent("message", ch, m))
	if slices.Contains(m.Pings.Users, BotUserID) && !ch.IM {
		d = w.notify(ctx, "app_mention", ch, w.messageEvent("app_mention", ch, m))
	}
	out.Acked, out.AckMS, out.Error = d.Acked, d.AckMS, d.Err
	return out, nil
}

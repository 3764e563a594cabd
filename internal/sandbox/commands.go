package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
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
}

// Reply is the content of an acknowledgement.
type Reply struct {
	Text         string          `json:"text"`
	Blocks       json.RawMessage `json:"blocks"`
	ResponseType string          `json:"response_type"`
}

// command does what Slack does when a person sends text in a channel.
func (w *Workspace) command(ctx context.Context, base string, ch channel, u User, text string) (Answer, error) {
	if ch.Archived {
		return Answer{}, fmt.Errorf("channel %q is archived: nobody can write in it", ch.Name)
	}
	if !strings.HasPrefix(text, "/") {
		return w.say(ctx, ch, u, text)
	}
	name, rest, _ := strings.Cut(text, " ")
	if !slices.Contains(w.cfg.Commands, name) {
		m, err := w.tell(ch, u, fmt.Sprintf("`%s` is not a valid command. In Slack, messages that start with \"/\" are commands: put a space before it to send it as a message.", name))
		return Answer{OK: true, TS: m.TS, Error: "unknown_command"}, err
	}
	d := w.deliver(ctx, envelope{kind: "slash_commands", payload: map[string]string{
		"token": "sandbox", "team_id": TeamID, "team_domain": w.cfg.Team, "channel_id": ch.ID, "channel_name": w.nameFor(ch),
		"user_id": u.ID, "user_name": u.Name, "command": name, "text": strings.TrimSpace(rest), "api_app_id": AppID,
		"is_enterprise_install": "false", "response_url": w.newHook(base, hook{channel: ch.ID, user: u.ID}), "trigger_id": w.state.newTrigger(u.ID),
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
	out.Reply = &Reply{Text: m.Text, Blocks: m.Blocks, ResponseType: or(args["response_type"], "ephemeral")}
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
	return w.state.post(ch.ID, Message{User: slackbotID, Username: "Slackbot", Text: text, Ephemeral: true, To: u.ID, Error: true})
}

var atName = regexp.MustCompile(`(^|[\s(])@([a-z0-9._-]+)`)

// say posts a plain message, and tells the app if it is addressed to it.
func (w *Workspace) say(ctx context.Context, ch channel, u User, text string) (Answer, error) {
	if strings.TrimSpace(text) == "" {
		return Answer{}, fmt.Errorf("text is empty: write a command or a message")
	}
	text = atName.ReplaceAllStringFunc(text, func(s string) string {
		before, name, _ := strings.Cut(s, "@")
		switch name {
		case "here", "channel", "everyone":
			return before + "<!" + name + ">"
		}
		tail := name[len(strings.TrimRight(name, ".")):]
		if who, err := w.state.user(strings.TrimRight(name, ".")); err == nil {
			return before + "<@" + who.ID + ">" + tail
		}
		return s
	})
	m, err := w.state.post(ch.ID, Message{User: u.ID, Username: u.Name, Text: text})
	if err != nil {
		return Answer{}, err
	}
	out := Answer{OK: true, TS: m.TS}
	kind := ""
	switch {
	case ch.IM:
		kind = "message"
	case slices.Contains(m.Pings.Users, BotUserID) && ch.Bot:
		kind = "app_mention"
	default:
		return out, nil
	}
	event := answer{"type": kind, "user": u.ID, "text": m.Text, "ts": m.TS, "event_ts": m.TS, "channel": ch.ID, "team": TeamID}
	if ch.IM {
		event["channel_type"] = "im"
	}
	sec, _ := parseTS(m.TS)
	d := w.event(ctx, answer{
		"token": "sandbox", "team_id": TeamID, "api_app_id": AppID, "type": "event_callback", "event_id": "Ev" + secret()[:10], "event_time": sec / 1e6,
		"is_ext_shared_channel": false, "event": event,
		"authorizations": []answer{{"enterprise_id": nil, "team_id": TeamID, "user_id": BotUserID, "is_bot": true, "is_enterprise_install": false}},
	})
	out.Acked, out.AckMS, out.Error = d.Acked, d.AckMS, d.Err
	return out, nil
}

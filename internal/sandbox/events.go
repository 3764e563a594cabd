package sandbox

import (
	"context"
	"time"
)

// The events that the app may subscribe to. What a person does by the control
// API is told and waited for, so that the answer can say whether the app took
// it; what follows from a call of the Web API is told in the background.

// eventCallback wraps an inner event as Slack does.
func (w *Workspace) eventCallback(ch channel, event answer) answer {
	at, _ := parseTS(stringOf(event["event_ts"]))
	if at == 0 {
		at = time.Now().UnixMicro()
		event["event_ts"] = formatTS(at)
	}
	return answer{
		"token": "sandbox", "team_id": TeamID, "api_app_id": AppID, "type": "event_callback", "event_id": "Ev" + secret()[:10], "event_time": at / 1e6,
		"event_context": "4-" + secret()[:20], "is_ext_shared_channel": !ch.IM && ch.ID != "" && w.shared(ch), "context_team_id": TeamID, "context_enterprise_id": nil, "event": event,
		"authorizations": []answer{{"enterprise_id": nil, "team_id": TeamID, "user_id": BotUserID, "is_bot": true, "is_enterprise_install": false}},
	}
}

func stringOf(v any) string {
	s, _ := v.(string)
	return s
}

// notify delivers an event if the app has subscribed to it under that name,
// and says what became of it.
func (w *Workspace) notify(ctx context.Context, name string, ch channel, event answer) delivery {
	if !w.settings.subscribed(name) {
		return delivery{}
	}
	return w.event(ctx, w.eventCallback(ch, event))
}

// announce is notify in the background.
func (w *Workspace) announce(name string, ch channel, event answer) {
	if w.life.Err() != nil || !w.settings.subscribed(name) {
		return
	}
	payload := w.eventCallback(ch, event)
	w.wg.Go(func() { w.event(w.life, payload) })
}

// messageEvent is an inner event of type message, or app_mention, about m.
func (w *Workspace) messageEvent(kind string, ch channel, m Message) answer {
	e := answer{"type": kind, "user": m.User, "text": m.Text, "ts": m.TS, "event_ts": m.TS, "channel": ch.ID, "team": TeamID, "blocks": m.Blocks}
	if len(m.Blocks) == 0 {
		e["blocks"] = []any{richTextOf(m.Text)}
	}
	if u, err := w.state.user(m.User); err == nil && u.stranger() {
		e["user_team"], e["source_team"], e["team"] = u.TeamID, u.TeamID, u.TeamID
	}
	if m.BotID != "" {
		e["bot_id"], e["app_id"] = m.BotID, AppID
	}
	if m.ThreadTS != "" {
		e["thread_ts"] = m.ThreadTS
		if parent, err := w.state.message(ch.ID, m.ThreadTS, ""); err == nil {
			e["parent_user_id"] = parent.User
		}
	}
	if kind == "message" {
		e["channel_type"] = ch.kind()
	}
	return e
}

// richTextOf is what Slack's composer makes of a plain line.
func richTextOf(text string) answer {
	return answer{"type": "rich_text", "block_id": secret()[:5], "elements": []answer{
		{"type": "rich_text_section", "elements": []answer{{"type": "text", "text": text}}},
	}}
}

// kind is the channel_type of an event.
func (c channel) kind() string {
	switch {
	case c.IM:
		return "im"
	case c.Private:
		return "group"
	}
	return "channel"
}

// messageSubscription is the name by which messages of a channel are
// subscribed to.
func (c channel) messageSubscription() string {
	return map[string]string{"im": "message.im", "group": "message.groups", "channel": "message.channels"}[c.kind()]
}

// posted tells the app of its own messages where it follows a conversation:
// in Slack a bot hears itself, and must know its own voice.
func (w *Workspace) posted(ch channel, m Message) {
	if !m.Ephemeral && ch.Bot {
		w.announce(ch.messageSubscription(), ch, w.messageEvent("message", ch, m))
	}
}

// edited and removed are the same for chat.update and chat.delete.
func (w *Workspace) edited(ch channel, m Message) {
	if ch.Bot {
		w.announce(ch.messageSubscription(), ch, answer{
			"type": "message", "subtype": "message_changed", "hidden": true, "channel": ch.ID, "channel_type": ch.kind(), "message": m.slackForm(true, thread{}),
		})
	}
}

func (w *Workspace) removed(ch channel, ts string) {
	if ch.Bot {
		w.announce(ch.messageSubscription(), ch, answer{
			"type": "message", "subtype": "message_deleted", "hidden": true, "channel": ch.ID, "channel_type": ch.kind(), "deleted_ts": ts,
		})
	}
}

// changedChannel tells the app what differs between two states of a channel.
func (w *Workspace) changedChannel(before, after channel, actor string) {
	prefix := "channel"
	letter := "C"
	if after.Private {
		prefix, letter = "group", "G"
	}
	if before.ID != "" && before.Bot && !after.Bot { // it hears this as the last thing
		w.announce(prefix+"_left", after, answer{"type": prefix + "_left", "channel": after.ID, "actor_id": actor})
	}
	if !after.Bot {
		return
	}
	if before.Archived != after.Archived {
		kind := prefix + "_archive"
		if !after.Archived {
			kind = prefix + "_unarchive"
		}
		w.announce(kind, after, answer{"type": kind, "channel": after.ID, "user": actor})
	}
	for _, u := range w.state.users {
		was, is := before.ID != "" && before.has(u.ID), after.has(u.ID)
		if was == is || (before.ID == "" && u.ID != BotUserID) {
			continue
		}
		kind := "member_joined_channel"
		if !is {
			kind = "member_left_channel"
		}
		e := answer{"type": kind, "user": u.ID, "channel": after.ID, "channel_type": letter, "team": u.team()}
		if is && actor != u.ID && actor != "" {
			e["inviter"] = actor
		}
		w.announce(kind, after, e)
	}
}

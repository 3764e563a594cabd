package sandbox

import (
	"context"
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/lazy"
)

// Reactions, pins and bookmarks: what is put on a message or a channel.

var emojiName = lazy.Compile(`^[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?$`)

// react adds or takes away one person's reaction.
func (w *Workspace) react(ch channel, u User, ts, name string, remove bool) (Message, error) {
	if !emojiName.MatchString(name) {
		return Message{}, fail("invalid_name")
	}
	return w.state.change(ch.ID, ts, "reaction", func(m *Message) error {
		if m.Ephemeral {
			return errNoMessage
		}
		i := slices.IndexFunc(m.Reactions, func(r Reaction) bool { return r.Name == name })
		has := i >= 0 && slices.Contains(m.Reactions[i].Users, u.ID)
		switch {
		case remove && !has:
			return fail("no_reaction")
		case !remove && has:
			return fail("already_reacted")
		}
		m.Reactions = slices.Clone(m.Reactions)
		if i < 0 {
			m.Reactions = append(m.Reactions, Reaction{Name: name})
			i = len(m.Reactions) - 1
		}
		r := &m.Reactions[i]
		if remove {
			r.Users = slices.DeleteFunc(slices.Clone(r.Users), func(id string) bool { return id == u.ID })
		} else {
			r.Users = append(slices.Clone(r.Users), u.ID)
		}
		r.Count = len(r.Users)
		if r.Count == 0 {
			m.Reactions = slices.Delete(m.Reactions, i, i+1)
		}
		return nil
	})
}

// reactionEvent is what the app is told of a reaction, by the name it is
// subscribed to.
func reactionEvent(ch channel, u User, m Message, name string, remove bool) (string, answer) {
	kind := "reaction_added"
	if remove {
		kind = "reaction_removed"
	}
	return kind, answer{"type": kind, "user": u.ID, "reaction": name, "item_user": m.User, "item": answer{"type": "message", "channel": ch.ID, "ts": m.TS}}
}

// reactAs is a person's reaction, of which the app is told at once.
func (w *Workspace) reactAs(ctx context.Context, ch channel, u User, ts, name string, remove bool) (delivery, error) {
	m, err := w.react(ch, u, ts, name, remove)
	if err != nil || !ch.Bot {
		return delivery{}, err
	}
	kind, event := reactionEvent(ch, u, m, name, remove)
	return w.notify(ctx, kind, ch, event), nil
}

func (c *call) react(remove bool) (answer, error) {
	ch, err := c.target(c.args["channel"], false)
	if err != nil {
		return nil, err
	}
	bot, err := c.w.state.user(BotUserID)
	if err != nil {
		return nil, err
	}
	name := strings.Trim(c.args["name"], ":")
	m, err := c.w.react(ch, bot, c.args["timestamp"], name, remove)
	if err != nil {
		return nil, messageError(err)
	}
	kind, event := reactionEvent(ch, bot, m, name, remove)
	c.w.announce(kind, ch, event)
	return nil, nil
}

func reactionsAdd(c *call) (answer, error)    { return c.react(false) }
func reactionsRemove(c *call) (answer, error) { return c.react(true) }

func reactionsGet(c *call) (answer, error) {
	ch, err := c.visible()
	if err != nil {
		return nil, err
	}
	m, err := c.w.state.message(ch.ID, c.args["timestamp"], "")
	if err != nil {
		return nil, fail("message_not_found")
	}
	form := m.slackForm(false, thread{})
	return answer{"type": "message", "channel": ch.ID, "message": form}, nil
}

// pin sets or takes away the pin of a message.
func (c *call) pin(on bool) (answer, error) {
	ch, err := c.target(c.args["channel"], false)
	if err != nil {
		return nil, err
	}
	if c.args["timestamp"] == "" {
		return nil, fail("no_item_specified")
	}
	m, err := c.w.state.change(ch.ID, c.args["timestamp"], "pin", func(m *Message) error {
		switch {
		case m.Ephemeral:
			return errNoMessage
		case on && m.Pinned:
			return fail("already_pinned")
		case !on && !m.Pinned:
			return fail("no_pin")
		}
		m.Pinned = on
		return nil
	})
	if err != nil {
		return nil, messageError(err)
	}
	kind := "pin_added"
	if !on {
		kind = "pin_removed"
	}
	c.w.announce(kind, ch, answer{"type": kind, "user": BotUserID, "channel_id": ch.ID, "item": answer{"type": "message", "channel": ch.ID, "message": m.slackForm(false, thread{})}})
	return nil, nil
}

func pinsAdd(c *call) (answer, error)    { return c.pin(true) }
func pinsRemove(c *call) (answer, error) { return c.pin(false) }

func pinsList(c *call) (answer, error) {
	ch, err := c.visible()
	if err != nil {
		return nil, err
	}
	items := []answer{}
	for _, m := range c.w.state.pinned(ch.ID) {
		items = append(items, answer{"type": "message", "channel": ch.ID, "created": m.PostedAt.Unix(), "created_by": BotUserID, "message": m.slackForm(false, thread{})})
	}
	return answer{"items": items}, nil
}

func bookmarksAdd(c *call) (answer, error) {
	ch, err := c.target(c.args["channel_id"], false)
	if err != nil {
		return nil, err
	}
	if c.args["title"] == "" || c.args["type"] != "link" || c.args["link"] == "" {
		return nil, fail("invalid_arguments", "[ERROR] title, type (link) and link are needed")
	}
	c.w.state.mu.Lock()
	defer c.w.state.mu.Unlock()
	at := c.w.state.findLocked(ch.ID)
	if len(at.marks) >= 100 { // Slack's bound for a channel
		return nil, fail("too_many_bookmarks")
	}
	mark := answer{"id": "Bk" + secret()[:9], "channel_id": ch.ID, "title": c.args["title"], "link": c.args["link"], "emoji": c.args["emoji"], "type": "link", "app_id": AppID}
	at.marks = append(at.marks, mark)
	return answer{"bookmark": mark}, nil
}

func bookmarksList(c *call) (answer, error) {
	ch, err := c.target(c.args["channel_id"], false)
	if err != nil {
		return nil, err
	}
	c.w.state.mu.Lock()
	defer c.w.state.mu.Unlock()
	return answer{"bookmarks": append([]map[string]any{}, c.w.state.findLocked(ch.ID).marks...)}, nil
}

func bookmarksRemove(c *call) (answer, error) {
	ch, err := c.target(c.args["channel_id"], false)
	if err != nil {
		return nil, err
	}
	c.w.state.mu.Lock()
	defer c.w.state.mu.Unlock()
	at := c.w.state.findLocked(ch.ID)
	i := slices.IndexFunc(at.marks, func(m map[string]any) bool { return m["id"] == c.args["bookmark_id"] })
	if i < 0 {
		return nil, fail("not_found")
	}
	at.marks = slices.Delete(slices.Clone(at.marks), i, i+1)
	return nil, nil
}

package sandbox

import (
	"regexp"
	"slices"
	"strings"
)

// Reactions, pins and bookmarks: what is put on a message or a channel.

var emojiName = regexp.MustCompile(`^[a-z0-9_+'-]{1,100}$`)

func reactionsAdd(c *call) (answer, error) {
	ch, err := c.target(c.args["channel"], false)
	if err != nil {
		return nil, err
	}
	name := strings.Trim(c.args["name"], ":")
	if !emojiName.MatchString(name) {
		return nil, fail("invalid_name")
	}
	_, err = c.w.state.change(ch.ID, c.args["timestamp"], "reaction", func(m *Message) error {
		if m.Ephemeral {
			return errNoMessage
		}
		m.Reactions = slices.Clone(m.Reactions)
		for i, r := range m.Reactions {
			if r.Name == name {
				if slices.Contains(r.Users, BotUserID) {
					return fail("already_reacted")
				}
				m.Reactions[i].Users = append(slices.Clone(r.Users), BotUserID)
				m.Reactions[i].Count++
				return nil
			}
		}
		m.Reactions = append(m.Reactions, Reaction{Name: name, Users: []string{BotUserID}, Count: 1})
		return nil
	})
	return nil, messageError(err)
}

func pinsAdd(c *call) (answer, error) {
	ch, err := c.target(c.args["channel"], false)
	if err != nil {
		return nil, err
	}
	ts := c.args["timestamp"]
	if ts == "" {
		return nil, fail("no_item_specified")
	}
	if _, err := c.w.state.message(ch.ID, ts, ""); err != nil {
		return nil, fail("message_not_found")
	}
	c.w.state.mu.Lock()
	defer c.w.state.mu.Unlock()
	at := c.w.state.findLocked(ch.ID)
	if slices.Contains(at.pins, ts) {
		return nil, fail("already_pinned")
	}
	at.pins = append(at.pins, ts)
	return nil, nil
}

func bookmarksAdd(c *call) (answer, error) {
	id := c.args["channel_id"]
	ch, err := c.target(id, false)
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

package sandbox

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// How the bot makes and changes channels.

// generalName is the channel that the bot can neither leave nor archive.
const generalName = "general"

// setChannel stores a changed channel and tells the app what is different.
func (w *Workspace) setChannel(after channel, actor string) error {
	before, _ := w.state.channel(after.ID)
	if err := w.state.putChannel(after); err != nil {
		return err
	}
	w.changedChannel(before, after, actor)
	return nil
}

// managed finds a channel that the bot may change.
func (c *call) managed() (channel, error) {
	ch, err := c.visible()
	switch {
	case err != nil:
		return ch, err
	case ch.IM:
		return ch, fail("method_not_supported_for_channel_type")
	case ch.Archived:
		return ch, fail("is_archived")
	case !ch.Bot:
		return ch, fail("not_in_channel")
	}
	return ch, nil
}

func conversationsCreate(c *call) (answer, error) {
	name := c.args["name"]
	if name == "" {
		return nil, fail("invalid_name_required")
	}
	if utf8.RuneCountInString(name) > 80 {
		return nil, fail("invalid_name_maxlength")
	}
	if _, err := c.w.state.channel(name); err == nil {
		return nil, fail("name_taken")
	}
	ch, err := c.w.newChannel(name)
	if err != nil {
		return nil, fail("invalid_name_specials")
	}
	ch.Private = c.flag("is_private")
	for _, u := range c.w.state.users { // the bot alone is in what it makes
		if !u.IsBot && !slices.Contains(ch.Out, u.ID) {
			ch.Out = append(ch.Out, u.ID)
		}
	}
	if err := c.w.setChannel(ch, BotUserID); err != nil {
		return nil, err
	}
	return answer{"channel": ch.slackForm(c.w)}, nil
}

func conversationsArchive(c *call) (answer, error) {
	ch, err := c.visible()
	switch {
	case err != nil:
		return nil, err
	case ch.Archived:
		return nil, fail("already_archived")
	case ch.Name == generalName:
		return nil, fail("cant_archive_general")
	}
	if ch, err = c.managed(); err != nil {
		return nil, err
	}
	ch.Archived = true
	return nil, c.w.setChannel(ch, BotUserID)
}

func conversationsInvite(c *call) (answer, error) {
	ch, err := c.managed()
	if err != nil {
		return nil, err
	}
	ids := strings.Split(c.args["users"], ",")
	for _, id := range ids {
		u, err := c.w.state.user(id)
		switch {
		case id == "":
			return nil, fail("no_user")
		case err != nil || u.ID != id:
			return nil, fail("user_not_found")
		case id == BotUserID:
			return nil, fail("cant_invite_self")
		case ch.has(id) && len(ids) == 1:
			return nil, fail("already_in_channel")
		case u.IsUltraRestricted:
			return nil, fail("ura_max_channels")
		}
	}
	ch.Out = slices.DeleteFunc(slices.Clone(ch.Out), func(id string) bool { return slices.Contains(ids, id) })
	if err := c.w.setChannel(ch, BotUserID); err != nil {
		return nil, err
	}
	return answer{"channel": ch.slackForm(c.w)}, nil
}

func conversationsKick(c *call) (answer, error) {
	ch, err := c.managed()
	if err != nil {
		return nil, err
	}
	u, err := c.w.state.user(c.args["user"])
	switch {
	case err != nil || u.ID != c.args["user"]:
		return nil, fail("user_not_found")
	case u.ID == BotUserID:
		return nil, fail("cant_kick_self")
	case ch.Name == generalName:
		return nil, fail("cant_kick_from_general")
	case !ch.has(u.ID):
		return nil, fail("not_in_channel")
	}
	ch.Out = append(slices.Clone(ch.Out), u.ID)
	return nil, c.w.setChannel(ch, BotUserID)
}

func conversationsLeave(c *call) (answer, error) {
	ch, err := c.visible()
	switch {
	case err != nil:
		return nil, err
	case ch.IM:
		return nil, fail("method_not_supported_for_channel_type")
	case ch.Archived:
		return nil, fail("is_archived")
	case ch.Name == generalName:
		return nil, fail("cant_leave_general")
	case !ch.Bot:
		return answer{"not_in_channel": true}, nil
	}
	ch.Bot = false
	return nil, c.w.setChannel(ch, BotUserID)
}

func conversationsSetTopic(c *call) (answer, error)   { return c.describeChannel("topic") }
func conversationsSetPurpose(c *call) (answer, error) { return c.describeChannel("purpose") }

func (c *call) describeChannel(what string) (answer, error) {
	ch, err := c.managed()
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(c.args[what]) > 250 { // Slack's bound
		return nil, fail("too_long")
	}
	if what == "topic" {
		ch.Topic = c.args[what]
	} else {
		ch.Purpose = c.args[what]
	}
	if err := c.w.setChannel(ch, BotUserID); err != nil {
		return nil, err
	}
	return answer{"channel": ch.slackForm(c.w), what: c.args[what]}, nil
}

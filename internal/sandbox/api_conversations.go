package sandbox

import (
	"cmp"
	"encoding/base64"
	"math"
	"slices"
	"strings"
)

// slackForm is a channel as conversations.info shows it.
func (c channel) slackForm(w *Workspace) answer {
	if c.IM {
		return answer{"id": c.ID, "is_im": true, "user": c.User, "created": c.Created.Unix(), "is_open": true, "is_org_shared": false}
	}
	return answer{
		"id": c.ID, "name": c.Name, "name_normalized": c.Name, "is_channel": !c.Private, "is_group": c.Private, "is_im": false, "is_mpim": false,
		"is_private": c.Private, "is_archived": c.Archived, "is_general": c.Name == generalName, "is_member": c.Bot, "created": c.Created.Unix(),
		"creator": w.state.users[0].ID, "context_team_id": TeamID, "num_members": len(w.members(c)),
		"topic": answer{"value": c.Topic, "creator": "", "last_set": 0}, "purpose": answer{"value": c.Purpose, "creator": "", "last_set": 0},
		"is_shared": w.shared(c), "is_ext_shared": w.shared(c), "is_org_shared": false, "is_pending_ext_shared": false, "shared_team_ids": w.teams(c),
	}
}

// visible finds a channel that the bot may read.
func (c *call) visible() (channel, error) {
	ch, err := c.w.state.channel(c.args["channel"])
	if err != nil || ch.ID != c.args["channel"] || (ch.Private && !ch.Bot) {
		return channel{}, fail("channel_not_found")
	}
	return ch, nil
}

func (c *call) listChannels(memberOnly bool) (answer, error) {
	limit, err := c.number("limit", 100, 1, 1000)
	if err != nil {
		return nil, err
	}
	types := strings.Split(cmp.Or(c.args["types"], "public_channel"), ",")
	for _, t := range types {
		if !slices.Contains([]string{"public_channel", "private_channel", "im", "mpim"}, strings.TrimSpace(t)) {
			return nil, fail("invalid_types")
		}
	}
	if needed := lacking(c, types); len(needed) > 0 {
		return nil, missing(needed, c.w.settings.provided())
	}
	user := BotUserID
	if id := c.args["user"]; memberOnly && id != "" {
		u, err := c.w.state.user(id)
		if err != nil || u.ID != id {
			return nil, fail("user_not_found")
		}
		user = id
	}
	var all []answer
	for _, ch := range c.w.state.list() {
		kind := "public_channel"
		if ch.IM {
			kind = "im"
		} else if ch.Private {
			kind = "private_channel"
		}
		hidden := (ch.Private && !ch.Bot) || (memberOnly && !ch.has(user))
		if slices.Contains(types, kind) && !hidden && !(ch.Archived && c.flag("exclude_archived")) {
			all = append(all, ch.slackForm(c.w))
		}
	}
	page, next, err := paged(all, c.args["cursor"], limit)
	if err != nil {
		return nil, err
	}
	return answer{"channels": page, "response_metadata": answer{"next_cursor": next}}, nil
}

// lacking are the scopes that the token would need to list these types.
func lacking(c *call, types []string) []string {
	scopes := map[string]string{"public_channel": "channels:read", "private_channel": "groups:read", "im": "im:read", "mpim": "mpim:read"}
	var out []string
	for _, t := range types {
		if s := scopes[strings.TrimSpace(t)]; !c.w.settings.has(s) {
			out = append(out, s)
		}
	}
	return out
}

// paged cuts one page out of a list; the cursor is the index in disguise.
func paged[T any](all []T, cursor string, limit int) ([]T, string, error) {
	start := 0
	if cursor != "" {
		b, err := base64.StdEncoding.DecodeString(cursor)
		if err != nil || len(b) == 0 || len(b) > 6 {
			return nil, "", fail("invalid_cursor")
		}
		for _, d := range b {
			if d < '0' || d > '9' {
				return nil, "", fail("invalid_cursor")
			}
			start = start*10 + int(d-'0')
		}
	}
	start = min(start, len(all))
	end := min(start+limit, len(all))
	next := ""
	if end < len(all) {
		next = base64.StdEncoding.EncodeToString(mustJSON(end))
	}
	if all == nil {
		all = []T{}
	}
	return all[start:end], next, nil
}

func conversationsList(c *call) (answer, error)  { return c.listChannels(false) }
func usersConversations(c *call) (answer, error) { return c.listChannels(true) }

func conversationsInfo(c *call) (answer, error) {
	ch, err := c.visible()
	if err != nil {
		return nil, err
	}
	return answer{"channel": ch.slackForm(c.w)}, nil
}

func conversationsMembers(c *call) (answer, error) {
	ch, err := c.visible()
	if err != nil {
		return nil, err
	}
	limit, err := c.number("limit", 100, 1, 1000)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(c.w.members(ch), c.args["cursor"], limit)
	if err != nil {
		return nil, err
	}
	return answer{"members": page, "response_metadata": answer{"next_cursor": next}}, nil
}

func conversationsJoin(c *call) (answer, error) {
	ch, err := c.visible()
	if err != nil {
		return nil, err
	}
	if ch.Archived {
		return nil, fail("is_archived")
	}
	if ch.IM || ch.Private {
		return nil, fail("method_not_supported_for_channel_type")
	}
	if ch.Bot {
		c.warn = append(c.warn, "already_in_channel")
	} else {
		ch.Bot = true
		if err := c.w.setChannel(ch, BotUserID); err != nil {
			return nil, err
		}
	}
	return answer{"channel": ch.slackForm(c.w)}, nil
}

func conversationsOpen(c *call) (answer, error) {
	if id := c.args["channel"]; id != "" {
		ch, err := c.visible()
		if err != nil {
			return nil, err
		}
		return answer{"channel": ch.slackForm(c.w), "no_op": true, "already_open": true}, nil
	}
	ids := strings.Split(c.args["users"], ",")
	if len(ids) != 1 {
		return nil, fail("method_not_supported_for_channel_type", "[ERROR] the sandbox opens conversations with one person only")
	}
	u, err := c.w.state.user(ids[0])
	if ids[0] == "" {
		return nil, fail("users_list_not_supplied")
	}
	if err != nil || u.ID != ids[0] || u.IsBot {
		return nil, fail("user_not_found")
	}
	ch, was, err := c.w.state.openIM(u.ID)
	if err != nil {
		return nil, err
	}
	out := answer{"channel": answer{"id": ch.ID}, "no_op": was, "already_open": was}
	if c.flag("return_im") {
		out["channel"] = ch.slackForm(c.w)
	}
	return out, nil
}

// period reads oldest, latest and limit.
func (c *call) period() (oldest, latest int64, limit int, err error) {
	oldest, latest = 0, math.MaxInt64
	for _, end := range [...]struct {
		key string
		at  *int64
	}{{"oldest", &oldest}, {"latest", &latest}} {
		if s := c.args[end.key]; s != "" {
			n, ok := parseTS(s)
			if !ok {
				return 0, 0, 0, fail("invalid_ts_" + end.key)
			}
			*end.at = n
		}
	}
	if c.args["latest"] == "0" {
		latest = math.MaxInt64
	}
	limit, err = c.number("limit", 100, 1, 999)
	return oldest, latest, limit, err
}

func conversationsHistory(c *call) (answer, error) {
	ch, err := c.visible()
	if err != nil {
		return nil, err
	}
	if !ch.Bot {
		return nil, fail("not_in_channel")
	}
	oldest, latest, limit, err := c.period()
	if err != nil {
		return nil, err
	}
	found, replies := c.w.state.span(ch.ID, oldest, latest, c.flag("inclusive"), func(m *Message) bool {
		return m.ThreadTS == "" || m.ThreadTS == m.TS || m.Broadcast
	})
	slices.Reverse(found)
	out, err := c.messages(ch, found, replies, limit)
	if out != nil {
		out["pin_count"] = len(c.w.state.pinned(ch.ID))
	}
	return out, err
}

func conversationsReplies(c *call) (answer, error) {
	ch, err := c.visible()
	if err != nil {
		return nil, err
	}
	if !ch.Bot {
		return nil, fail("not_in_channel")
	}
	root := c.args["ts"]
	if m, err := c.w.state.message(ch.ID, root, ""); err != nil {
		return nil, fail("thread_not_found")
	} else if m.ThreadTS != "" {
		root = m.ThreadTS
	}
	oldest, latest, limit, err := c.period()
	if err != nil {
		return nil, err
	}
	found, replies := c.w.state.span(ch.ID, oldest, latest, c.flag("inclusive"), func(m *Message) bool {
		return m.ThreadTS == root && m.TS != root
	})
	if parent, err := c.w.state.message(ch.ID, root, ""); err == nil {
		found = append([]Message{parent}, found...)
	}
	return c.messages(ch, found, replies, limit)
}

func (c *call) messages(ch channel, found []Message, replies map[string]thread, limit int) (answer, error) {
	page, next, err := paged(found, c.args["cursor"], limit)
	if err != nil {
		return nil, err
	}
	list := make([]map[string]any, 0, len(page))
	for i := range page {
		form := page[i].slackForm(c.flag("include_all_metadata"), replies[page[i].TS])
		if files := c.filesOf(page[i]); len(files) > 0 {
			form["files"], form["upload"] = files, true
		}
		if page[i].Pinned {
			form["pinned_to"] = []string{ch.ID}
		}
		list = append(list, form)
	}
	out := answer{"messages": list, "has_more": next != ""}
	if next != "" {
		out["response_metadata"] = answer{"next_cursor": next}
	}
	return out, nil
}

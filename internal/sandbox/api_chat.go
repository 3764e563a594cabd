package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/sandbox/blockkit"
)

const (
	maxText       = 40_000 // characters; longer is cut with message_truncated
	maxUpdateText = 4_000  // characters; chat.update refuses more
	maxMetadata   = 8 << 10
)

// target finds the channel of a call for a write by the bot.
func (c *call) target(ref string, named bool) (channel, error) {
	if ref == "" {
		return channel{}, fail("channel_not_found")
	}
	if u, err := c.w.state.user(ref); err == nil && u.ID == ref && !u.IsBot && named {
		ch, _, err := c.w.state.openIM(u.ID)
		return ch, err
	}
	ch, err := c.w.state.channel(ref)
	if err != nil || (!named && ch.ID != ref) || (ch.Private && !ch.Bot) {
		return channel{}, fail("channel_not_found")
	}
	if ch.Archived {
		return channel{}, fail("is_archived")
	}
	if !ch.Bot && !(named && c.w.settings.has(publicScope)) {
		return channel{}, fail("not_in_channel")
	}
	return ch, nil
}

// body reads and checks text, blocks, attachments and metadata.
func (c *call) body(limit int) (Message, error) {
	m, warn, err := c.w.readBody(c.args, limit)
	c.warn = append(c.warn, warn...)
	return m, err
}

func (w *Workspace) readBody(args map[string]string, limit int) (Message, []string, error) {
	var m Message
	var warn []string
	m.Text = args["text"]
	if n := utf8.RuneCountInString(m.Text); n > limit && limit < maxText {
		return m, nil, fail("msg_too_long")
	} else if n > maxText {
		m.Text = string([]rune(m.Text)[:maxText])
		warn = append(warn, "message_truncated")
	}
	raw := args["blocks"]
	if md := args["markdown_text"]; md != "" {
		if m.Text != "" || raw != "" {
			return m, nil, fail("markdown_text_conflict")
		}
		if utf8.RuneCountInString(md) > blockkit.MaxMarkdown {
			return m, nil, fail("msg_too_long")
		}
		raw = string(mustJSON([]any{map[string]any{"type": "markdown", "text": md}}))
		m.Text = md
	}
	if raw != "" {
		blocks, err := w.readBlocks(m.Text, raw)
		if err != nil {
			return m, nil, err
		}
		m.Blocks = blocks
	}
	if raw := args["attachments"]; raw != "" {
		att, err := readAttachments(raw)
		if err != nil {
			return m, nil, err
		}
		m.Attachments = att
	}
	meta, err := readMetadata(args["metadata"])
	if err != nil {
		return m, nil, err
	}
	m.Metadata = meta
	if m.Text == "" && len(m.Blocks) == 0 && len(m.Attachments) == 0 {
		return m, nil, fail("no_text")
	}
	if m.Text == "" {
		warn = append(warn, "missing_text_in_message")
	}
	return m, warn, nil
}

// readBlocks checks blocks and gives each the ids that Slack would give it.
// No blocks, as "[]", come back as nil.
func (w *Workspace) readBlocks(text, raw string) (json.RawMessage, error) {
	var list []map[string]any
	d := json.NewDecoder(strings.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&list); err != nil {
		return nil, fail("invalid_blocks_format")
	}
	if problems := blockkit.ValidateMessage(text, json.RawMessage(raw)); len(problems) > 0 {
		if len(problems) == 1 && problems[0].Message == blockkit.TooLong {
			return nil, fail("msg_blocks_too_long")
		}
		return nil, problemsError("invalid_blocks", problems)
	}
	if len(list) == 0 {
		return nil, nil
	}
	for i, b := range list {
		if kind := stringOf(b["type"]); w.settings.refuses(kind) {
			return nil, problemsError("invalid_blocks", []blockkit.Problem{{Pointer: fmt.Sprintf("/blocks/%d/type", i), Message: "unsupported type: " + kind}})
		}
		if err := w.checkFileRef(b, i); err != nil {
			return nil, err
		}
	}
	giveIDs(list)
	return mustJSON(list), nil
}

// giveIDs fills in block_id and action_id where the sender left them out.
func giveIDs(list []map[string]any) {
	for _, b := range list {
		if id, _ := b["block_id"].(string); id == "" {
			b["block_id"] = secret()[:8]
		}
		elements, _ := b["elements"].([]any)
		for _, e := range append(elements, b["accessory"], b["element"]) {
			if e, ok := e.(map[string]any); ok && blockkit.Interactive(fmt.Sprint(e["type"])) {
				if id, _ := e["action_id"].(string); id == "" {
					e["action_id"] = secret()[:8]
				}
			}
		}
	}
}

func readAttachments(raw string) (json.RawMessage, error) {
	var list []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &list); err != nil {
		return nil, fail("invalid_attachments")
	}
	if len(list) == 0 {
		return nil, nil
	}
	if len(list) > 100 {
		return nil, fail("too_many_attachments")
	}
	for i, a := range list {
		if blocks := a["blocks"]; len(blocks) > 0 && string(blocks) != "null" {
			if problems := blockkit.ValidateAt(fmt.Sprintf("/attachments/%d/blocks", i), blocks); len(problems) > 0 {
				return nil, problemsError("invalid_attachments", problems)
			}
		}
	}
	return json.RawMessage(raw), nil
}

func readMetadata(raw string) (json.RawMessage, error) {
	if raw == "" {
		return nil, nil
	}
	var meta struct {
		Type    string          `json:"event_type"`
		Payload json.RawMessage `json:"event_payload"`
	}
	if err := json.Unmarshal([]byte(raw), &meta); err != nil {
		return nil, fail("invalid_metadata_format")
	}
	empty := len(meta.Payload) == 0 || string(meta.Payload) == "null"
	if meta.Type == "" && empty {
		return nil, nil
	}
	if meta.Type == "" || empty || meta.Payload[0] != '{' {
		return nil, fail("invalid_metadata_schema")
	}
	if len(raw) > maxMetadata {
		return nil, fail("metadata_too_large")
	}
	return json.RawMessage(raw), nil
}

// asBot signs a message.
func (m *Message) asBot(username string) {
	m.User, m.BotID, m.Username = BotUserID, BotID, cmp.Or(username, "statusbot")
}

func chatPostMessage(c *call) (answer, error) {
	ch, err := c.target(c.args["channel"], true)
	if err != nil {
		return nil, err
	}
	m, err := c.body(maxText)
	if err != nil {
		return nil, err
	}
	m.asBot(c.args["username"])
	if root := c.args["thread_ts"]; root != "" {
		parent, err := c.w.state.message(ch.ID, root, "")
		if err != nil {
			return nil, fail("thread_not_found")
		}
		m.ThreadTS = cmp.Or(parent.ThreadTS, root)
		m.Broadcast = c.flag("reply_broadcast")
	}
	m, err = c.w.state.post(ch.ID, m)
	if err != nil {
		return nil, err
	}
	c.w.posted(ch, m)
	return answer{"channel": ch.ID, "ts": m.TS, "message": m.slackForm(true, thread{})}, nil
}

func chatPostEphemeral(c *call) (answer, error) {
	ch, err := c.target(c.args["channel"], false)
	if err != nil {
		return nil, err
	}
	u, err := c.w.state.user(c.args["user"])
	if err != nil || u.ID != c.args["user"] || !ch.has(u.ID) {
		return nil, fail("user_not_in_channel")
	}
	if utf8.RuneCountInString(c.args["text"]) > maxText {
		return nil, fail("msg_too_long")
	}
	m, err := c.body(maxText)
	if err != nil {
		return nil, err
	}
	m.asBot(c.args["username"])
	m.Ephemeral, m.To, m.ThreadTS, m.Metadata = true, u.ID, c.args["thread_ts"], nil
	m, err = c.w.state.post(ch.ID, m)
	if err != nil {
		return nil, err
	}
	return answer{"message_ts": m.TS}, nil
}

func chatUpdate(c *call) (answer, error) {
	ch, err := c.target(c.args["channel"], false)
	if err != nil {
		return nil, err
	}
	next, err := c.body(maxUpdateText)
	if err != nil {
		return nil, err
	}
	m, err := c.w.state.change(ch.ID, c.args["ts"], "edited", func(m *Message) error {
		if m.Ephemeral {
			return errNoMessage
		}
		if m.BotID != BotID {
			return fail("cant_update_message")
		}
		m.Text = next.Text
		m.Blocks = next.Blocks // text alone removes them
		if c.args["attachments"] != "" {
			m.Attachments = next.Attachments
		}
		if len(next.Metadata) > 0 {
			m.Metadata = next.Metadata
		}
		return nil
	})
	if err != nil {
		return nil, messageError(err)
	}
	c.w.edited(ch, m)
	return answer{"channel": ch.ID, "ts": m.TS, "text": m.Text, "message": m.slackForm(true, thread{})}, nil
}

func chatDelete(c *call) (answer, error) {
	ch, err := c.target(c.args["channel"], false)
	if err != nil {
		return nil, err
	}
	ts := c.args["ts"]
	_, err = c.w.state.change(ch.ID, ts, "deleted", func(m *Message) error {
		if m.Ephemeral {
			return errNoMessage
		}
		if m.BotID != BotID {
			return fail("cant_delete_message")
		}
		m.Deleted = true
		return nil
	})
	if err != nil {
		return nil, messageError(err)
	}
	c.w.removed(ch, ts)
	return answer{"channel": ch.ID, "ts": ts}, nil
}

func messageError(err error) error {
	if errors.Is(err, errNoMessage) {
		return fail("message_not_found")
	}
	if errors.Is(err, errNoChannel) {
		return fail("channel_not_found")
	}
	return err
}

func chatGetPermalink(c *call) (answer, error) {
	ch, err := c.w.state.channel(c.args["channel"])
	if err != nil {
		return nil, fail("channel_not_found")
	}
	ts := c.args["message_ts"]
	if _, err := c.w.state.message(ch.ID, ts, ""); err != nil {
		return nil, fail("message_not_found")
	}
	return answer{"channel": ch.ID, "permalink": base(c.r) + "/archives/" + ch.ID + "/p" + strings.ReplaceAll(ts, ".", "")}, nil
}

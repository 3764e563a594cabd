package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Message is one message as the control API shows it. Its JSON is also the
// stored form: fields may be added, none renamed or given another meaning.
type Message struct {
	TS       string `json:"ts"`
	ThreadTS string `json:"thread_ts,omitempty"`
	// Broadcast is a reply that is shown in the channel too.
	Broadcast   bool            `json:"reply_broadcast,omitempty"`
	User        string          `json:"user"`
	BotID       string          `json:"bot_id,omitempty"`
	Username    string          `json:"username"`
	Text        string          `json:"text"`
	Blocks      json.RawMessage `json:"blocks,omitempty"`
	Attachments json.RawMessage `json:"attachments,omitempty"`
	// Ephemeral messages are seen by one person (To) only.
	Ephemeral bool            `json:"ephemeral"`
	To        string          `json:"to,omitempty"`
	Metadata  json.RawMessage `json:"metadata,omitempty"`
	Pings     Pings           `json:"pings"`
	// EditedAt holds the time of each edit, oldest first, the last 1,000.
	EditedAt  []time.Time `json:"edited_at"`
	Reactions []Reaction  `json:"reactions"`
	Deleted   bool        `json:"deleted"`
	PostedAt  time.Time   `json:"posted_at"`
	// At is the time of what is shown: of the last edit, else of the post.
	At time.Time `json:"at"`
	// Error marks a line by which Slack tells one person of a failure.
	Error bool     `json:"error"`
	Files []string `json:"files,omitempty"` // ids
	// Pinned says that the bot has pinned it to the channel.
	Pinned bool `json:"pinned,omitempty"`
}

// Reaction is one emoji under a message and the ids of those who chose it.
type Reaction struct {
	Name  string   `json:"name"`
	Users []string `json:"users"`
	Count int      `json:"count"`
}

// thread is what a root message says of its replies.
type thread struct {
	count  int
	users  []string
	latest string // ts
}

func (t thread) with(m *Message) thread {
	t.count, t.latest = t.count+1, m.TS
	if !slices.Contains(t.users, m.User) {
		t.users = append(t.users, m.User)
	}
	return t
}

// maxEdits bounds EditedAt: 1,000 times of 24 bytes.
const maxEdits = 1000

// slackForm is the message as Slack's Web API and events show it.
func (m *Message) slackForm(metadata bool, replies thread) map[string]any {
	out := map[string]any{"type": "message", "ts": m.TS, "text": m.Text, "user": m.User, "team": TeamID}
	if m.BotID != "" {
		out["bot_id"] = m.BotID
		out["app_id"] = AppID
		out["bot_profile"] = map[string]any{"id": m.BotID, "app_id": AppID, "name": m.Username, "team_id": TeamID, "deleted": false}
	}
	if len(m.Blocks) > 0 {
		out["blocks"] = m.Blocks
	}
	if len(m.Attachments) > 0 {
		out["attachments"] = m.Attachments
	}
	if metadata && len(m.Metadata) > 0 {
		out["metadata"] = m.Metadata
	}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
		if m.Broadcast {
			out["subtype"] = "thread_broadcast"
		}
	}
	if n := len(replies.users); n > 0 {
		out["thread_ts"], out["reply_count"], out["reply_users"], out["reply_users_count"] = m.TS, replies.count, replies.users, n
		out["latest_reply"], out["is_locked"], out["subscribed"] = replies.latest, false, m.BotID != ""
	}
	if n := len(m.EditedAt); n > 0 {
		out["edited"] = map[string]any{"user": m.User, "ts": formatTS(m.EditedAt[n-1].UnixMicro())}
	}
	if len(m.Reactions) > 0 {
		out["reactions"] = m.Reactions
	}
	if m.Pinned {
		out["pinned_to"] = []string{}
	}
	return out
}

func formatTS(micros int64) string {
	return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6)
}

// parseTS reads "seconds" or "seconds.fraction" as microseconds.
func parseTS(s string) (int64, bool) {
	sec, frac, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(sec, 10, 64)
	if err != nil || n < 0 || n > 1<<42 || len(frac) > 6 {
		return 0, false
	}
	var f int64
	if frac != "" {
		u, err := strconv.ParseUint((frac + "000000")[:6], 10, 32)
		if err != nil {
			return 0, false
		}
		f = int64(u)
	}
	return n*1e6 + f, true
}

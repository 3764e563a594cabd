package sandbox

import (
	"encoding/json"
	"slices"

	"github.com/statusbot/statusbot/internal/lazy"
)

// Pings says whom a message would notify by a mention in it.
type Pings struct {
	Users    []string `json:"users"` // ids
	Here     bool     `json:"here"`
	Channel  bool     `json:"channel"`
	Everyone bool     `json:"everyone"`
}

var mention = lazy.Compile(`<(?:@([UW][A-Z0-9]+)|!(here|channel|everyone))(?:\|[^>]*)?>`)

// pingsOf looks where Slack parses mentions: in the text, in mrkdwn objects
// and markdown of the blocks and attachments, and in rich_text's elements. A
// message that has blocks shows those, but its text still notifies.
func pingsOf(text string, parts ...json.RawMessage) Pings {
	p := Pings{Users: []string{}}
	p.scan(text)
	for _, raw := range parts {
		var v any
		if len(raw) > 0 && json.Unmarshal(raw, &v) == nil {
			p.walk(v)
		}
	}
	return p
}

func (p *Pings) scan(s string) {
	for _, m := range mention.FindAllStringSubmatch(s, -1) {
		if m[1] != "" {
			p.user(m[1])
		} else {
			p.broadcast(m[2])
		}
	}
}

func (p *Pings) user(id string) {
	if id != "" && !slices.Contains(p.Users, id) {
		p.Users = append(p.Users, id)
	}
}

func (p *Pings) broadcast(word string) {
	switch word {
	case "here":
		p.Here = true
	case "channel":
		p.Channel = true
	case "everyone":
		p.Everyone = true
	}
}

func (p *Pings) walk(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			p.walk(e)
		}
	case map[string]any:
		text, _ := v["text"].(string)
		switch v["type"] {
		case "plain_text", "text":
			return
		case "mrkdwn", "markdown":
			p.scan(text)
			return
		case "user":
			id, _ := v["user_id"].(string)
			p.user(id)
			return
		case "broadcast":
			word, _ := v["range"].(string)
			p.broadcast(word)
			return
		case nil: // a legacy attachment
			for _, key := range []string{"text", "pretext"} {
				s, _ := v[key].(string)
				p.scan(s)
			}
		}
		for _, e := range v {
			p.walk(e)
		}
	}
}

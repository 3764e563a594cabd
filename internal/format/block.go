package format

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
)

// Limits of Slack that this package keeps (docs of Block Kit, chat.postMessage).
// Lengths are counted in UTF-16 units, the larger of the two ways to count.
const (
	maxText    = 4000 // top-level text; longer is cut by Slack from 40,000 on, and unreadable long before
	maxBlocks  = 50   // blocks of a message
	maxSection = 3000 // text of a section or of a context element
	maxOptions = 100  // options of a select
	maxOption  = 75   // text and value of an option
	maxValue   = 2000 // value of a button
	maxAction  = 255  // an action_id

	// maxTotal bounds all texts of a message together: past about 13,200 Slack
	// answers msg_blocks_too_long (measured by users of bolt-js in 2025).
	// roomy is where a list stops so that what comes after it still fits.
	maxTotal = 13_000
	roomy    = 11_000

	// maxLabel bounds an option's text. Slack takes 75, but phones cut it, and a
	// hundred of those would fill half a message.
	maxLabel = 40
)

// Actions of the buttons and selects: what a click sends.
const (
	ActionProduct = "product"    // a select; the option's value is a product id
	ActionAll     = "all"        // every product, line by line
	ActionRest    = "rest"       // overflow menu; the option's value is another action, and after a space that one's value
	ActionSources = "sources"    // where the figures come from; value "product:ID", or none for all
	ActionMore    = "more_often" // shorten the interval of the channel's updates
	ActionLess    = "less_often" // lengthen it
	ActionShare   = "share"      // show it to the channel; value "summary", "product:ID" or "check:ID"
	ActionSummary = "summary"    // back to the summary
	ActionNow     = "now"        // probe now; value "product:ID" or "check:ID"
	ActionRefresh = "refresh"    // the same again with fresh figures; value as of ActionShare
	ActionMark    = "mark"       // opens a form in which an action is marked
	ActionCheck   = "check"      // a select; the option's value is a check id. Searched: "check/PRODUCT"
	ActionAck     = "ack"        // the person looks into it; value "product:ID", or none for all that is hurt
	ActionUnack   = "unack"      // no longer; values as of ActionAck
	ActionWatch   = "watch"      // a direct message when the product changes; value "product:ID"
	ActionUnwatch = "unwatch"    // no longer; value "product:ID"

	ActionSourcesCSV  = "sources_csv"  // the sources as a file; value "summary" or "product:ID"
	ActionSourcesJSON = "sources_json" // likewise
)

// Message is what is sent to Slack. Blocks must be sent with the text: a text
// alone, in an edit, removes the blocks.
type Message struct {
	Text   string // for notifications and screen readers: the sentence of the first block, and the names
	Blocks []Block
}

// BlocksJSON returns the blocks as Block Kit JSON, "[]" when there are none.
func (m Message) BlocksJSON() json.RawMessage {
	blocks := m.Blocks
	if blocks == nil {
		blocks = []Block{}
	}
	data, err := json.Marshal(blocks)
	if err != nil {
		return json.RawMessage("[]") // unreachable unless a Block holds what JSON cannot say: it holds strings only
	}
	return data
}

// Block is one block of a message: a section when Section is set, otherwise a
// context when Context is, a table when Table is, otherwise a row of actions.
type Block struct {
	Table   *Table
	Instead []Block  // of a table, in a workspace that takes none
	Section string   // mrkdwn, at most 3,000
	Beside  *Action  // of a section: a button beside the text
	Context string   // mrkdwn in small print, at most 3,000
	Actions []Action // at most 25
}

// Action is a button, or a select when it has options.
type Action struct {
	ID      string
	Label   string // of the button, or what the select shows before a choice; plain text
	Value   string // of the button
	Options []Option
	Menu    Menu // of a select
}

// Menu says how options are chosen from.
type Menu uint8

const (
	Listed   Menu = iota // all are there, at most 100
	Searched             // statusbot gives those that match what a person types
	Overflow             // behind three dots, at most 5
)

// Option is one choice of a select.
type Option struct {
	Label string // plain text, at most 75
	Value string // at most 75
	name  string // uncut, to be searched; empty where nobody searches
}

type textObject struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Emoji    *bool  `json:"emoji,omitempty"`
	Verbatim bool   `json:"verbatim,omitempty"` // names and addresses in it do not become links
}

func mrkdwn(s string) textObject {
	return textObject{Type: "mrkdwn", Text: text.Unbroken(s), Verbatim: true}
}

func plain(s string) textObject {
	emoji := false // a product called ":fire:" shows these letters
	return textObject{Type: "plain_text", Text: s, Emoji: &emoji}
}

// MarshalJSON writes the block as Slack wants it.
func (b Block) MarshalJSON() ([]byte, error) {
	switch {
	case b.Section != "":
		// Slack folds a long section behind "See more" unless it is told not to.
		return json.Marshal(struct {
			Type   string     `json:"type"`
			Text   textObject `json:"text"`
			Expand bool       `json:"expand"`
			Beside *Action    `json:"accessory,omitempty"`
		}{"section", mrkdwn(b.Section), true, b.Beside})
	case b.Context != "":
		return json.Marshal(struct {
			Type     string       `json:"type"`
			Elements []textObject `json:"elements"`
		}{"context", []textObject{mrkdwn(b.Context)}})
	case b.Table != nil:
		return json.Marshal(b.Table)
	default:
		return json.Marshal(struct {
			Type     string   `json:"type"`
			Elements []Action `json:"elements"`
		}{"actions", b.Actions})
	}
}

// MarshalJSON writes the action as Slack wants it.
func (a Action) MarshalJSON() ([]byte, error) {
	switch {
	case a.Menu == Searched:
		return json.Marshal(struct {
			Type        string     `json:"type"`
			ID          string     `json:"action_id"`
			Placeholder textObject `json:"placeholder"`
			Least       int        `json:"min_query_length"`
		}{"external_select", a.ID, plain(a.Label), 0})
	case a.Menu == Overflow:
		return json.Marshal(struct {
			Type    string   `json:"type"`
			ID      string   `json:"action_id"`
			Options []Option `json:"options"`
		}{"overflow", a.ID, a.Options})
	case len(a.Options) == 0:
		return json.Marshal(struct {
			Type  string     `json:"type"`
			ID    string     `json:"action_id"`
			Text  textObject `json:"text"`
			Value string     `json:"value,omitempty"`
		}{"button", a.ID, plain(a.Label), a.Value})
	}
	return json.Marshal(struct {
		Type        string     `json:"type"`
		ID          string     `json:"action_id"`
		Placeholder textObject `json:"placeholder"`
		Options     []Option   `json:"options"`
	}{"static_select", a.ID, plain(a.Label), a.Options})
}

// MarshalJSON writes the option as Slack wants it.
func (o Option) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Text  textObject `json:"text"`
		Value string     `json:"value"`
	}{plain(o.Label), o.Value})
}

// sections packs lines into as few sections as hold them, none longer than
// Slack takes; a line is never longer than that by itself.
func sections(lines []string) []Block {
	var out []Block
	joined := ""
	for _, line := range lines {
		switch {
		case joined == "":
			joined = line
		case text.Units(joined)+1+text.Units(line) > maxSection:
			out = append(out, Block{Section: joined})
			joined = line
		default:
			joined += "\n" + line
		}
	}
	if joined != "" {
		out = append(out, Block{Section: joined})
	}
	return out
}

// size counts the text of blocks as Slack does: every text object.
func size(blocks []Block) int {
	n := 0
	for _, b := range blocks {
		n += text.Units(b.Section) + text.Units(b.Context)
		if b.Table != nil {
			n += b.Table.size()
		}
		if b.Beside != nil {
			n += text.Units(b.Beside.Label)
		}
		for _, a := range b.Actions {
			n += text.Units(a.Label)
			for _, o := range a.Options {
				n += text.Units(o.Label)
			}
		}
	}
	return n
}

// cutShort leaves out the full stop behind a name that was cut at the end of a sentence.
var cutShort = strings.NewReplacer("….", "…")

// limited cuts a message to what Slack takes. It keeps the last block, where
// the actions are. The lists in this package stop before and count the rest,
// so that nothing is lost in silence; this is the bound behind them.
func limited(m Message) Message {
	m.Text = text.Cut(cutShort.Replace(strings.TrimSpace(m.Text)), maxText)
	m.Blocks = slices.Clone(m.Blocks)
	for i := range m.Blocks {
		m.Blocks[i].Section, m.Blocks[i].Context = cutShort.Replace(m.Blocks[i].Section), cutShort.Replace(m.Blocks[i].Context)
	}
	for n := len(m.Blocks); n > maxBlocks || n > 1 && size(m.Blocks) > maxTotal; n-- {
		m.Blocks = append(m.Blocks[:n-2:n-2], m.Blocks[n-1])
	}
	return m
}

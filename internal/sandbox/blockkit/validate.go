package blockkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"
)

// Limits of a whole message or view.
const (
	maxBlocks     = 50     // blocks in a message
	maxViewBlocks = 100    // blocks in a modal or home tab
	MaxMarkdown   = 12_000 // characters in all markdown blocks together
	// maxTotal is the number of characters in all texts of a message's blocks
	// past which Slack answers msg_blocks_too_long. It is not in Slack's pages;
	// users of bolt-js measured about 13,200 in 2025.
	maxTotal = 13_200
)

// TooLong is the message of the one problem for which Slack's answer is
// msg_blocks_too_long and not invalid_blocks.
const TooLong = "the blocks have more than 13200 characters in all"

// Problem is one thing that Slack would refuse.
type Problem struct {
	Pointer string // JSON pointer, such as /blocks/0/text/text
	Message string // in Slack's words where they are known
}

// String is the problem as Slack puts it into response_metadata.messages.
func (p Problem) String() string {
	return fmt.Sprintf("[ERROR] %s [json-pointer:%s]", p.Message, p.Pointer)
}

// surface is where blocks are shown; some blocks exist on some only.
type surface int

const (
	onMessage surface = iota
	onModal
	onHome
)

// ValidateMessage lists what Slack would refuse in a message's blocks. No
// blocks at all (nil, null, []) are right. The text beside them is checked for
// nothing but being valid UTF-8: Slack cuts it at 40,000 characters.
func ValidateMessage(text string, blocks json.RawMessage) []Problem {
	problems := ValidateAt("/blocks", blocks)
	if !utf8.ValidString(text) {
		problems = append(problems, Problem{"/text", "must be valid UTF-8"})
	}
	return problems
}

// ValidateAt is ValidateMessage for blocks that stand elsewhere in a message,
// such as in an attachment.
func ValidateAt(pointer string, blocks json.RawMessage) []Problem {
	v := &validator{surface: onMessage}
	list, ok := v.decode(pointer, blocks)
	if !ok {
		return v.problems
	}
	v.blocks(pointer, list, maxBlocks)
	if v.tables > 1 {
		v.add(pointer, "no more than 1 table allowed in a message")
	}
	if v.markdown > MaxMarkdown {
		v.add(pointer, "markdown blocks must be less than %d characters in all", MaxMarkdown+1)
	}
	if v.total > maxTotal && len(v.problems) == 0 {
		v.add(pointer, "%s", TooLong)
	}
	return v.problems
}

// ValidateView lists what Slack would refuse in a modal or a home tab.
func ValidateView(view json.RawMessage) []Problem {
	v := &validator{}
	val, ok := v.decode("/view", view)
	if !ok {
		return v.problems
	}
	m, ok := val.(map[string]any)
	if !ok {
		v.add("/view", "must be an object")
		return v.problems
	}
	switch m["type"] {
	case "modal":
		v.surface = onModal
		v.object("/view", m, modalView)
		if v.inputs > 0 && m["submit"] == nil {
			v.add("/view", "`submit` must be provided when there are input blocks")
		}
	case "home":
		v.surface = onHome
		v.object("/view", m, homeView)
	default:
		v.add("/view/type", "must be one of: modal, home")
	}
	return v.problems
}

// offered is what an app answers when it is asked for a menu's options.
var offered = object{
	fields: map[string]rule{"options": list(0, 100, selectOption), "option_groups": list(0, 100, optionGroup)},
	check:  exactlyOne("options", "option_groups"),
}

// ValidateOptions lists what Slack would refuse in the answer to a
// block_suggestion.
func ValidateOptions(raw json.RawMessage) []Problem {
	v := &validator{}
	if val, ok := v.decode("", raw); ok {
		obj(offered)(v, "", val)
	}
	return v.problems
}

// Interactive says whether elements of this type carry an action_id.
func Interactive(kind string) bool {
	_, ok := elements[kind].fields["action_id"]
	return ok
}

// validator walks one document. It collects, it does not stop.
type validator struct {
	surface  surface
	problems []Problem
	depth    int
	blockIDs map[string]bool
	actions  map[string]bool // action ids of the top-level block at hand
	total    int             // characters of text
	markdown int             // characters in markdown blocks
	tables   int
	inputs   int
}

// maxProblems bounds the list: what is wrong in a hundred places is wrong.
const maxProblems = 100

func (v *validator) add(pointer, format string, args ...any) {
	if len(v.problems) < maxProblems {
		v.problems = append(v.problems, Problem{pointer, fmt.Sprintf(format, args...)})
	}
}

// decode reads one JSON value; absent and null are "nothing to check".
func (v *validator) decode(pointer string, raw json.RawMessage) (any, bool) {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var val any
	if err := d.Decode(&val); err != nil {
		v.add(pointer, "must be valid JSON")
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		v.add(pointer, "must be valid JSON")
		return nil, false
	}
	return val, val != nil
}

// blocks checks a top-level list.
func (v *validator) blocks(pointer string, val any, limit int) {
	list, ok := val.([]any)
	if !ok {
		v.add(pointer, "must be an array")
		return
	}
	if len(list) > limit {
		v.add(pointer, "no more than %d items allowed", limit)
	}
	if v.blockIDs == nil {
		v.blockIDs = map[string]bool{}
	}
	for i, b := range list {
		v.actions = map[string]bool{}
		v.block(fmt.Sprintf("%s/%d", pointer, i), b, nil)
	}
}

// block checks one block, at the top or inside another; allowed nil is any
// that the surface takes.
func (v *validator) block(pointer string, val any, allowed map[string]bool) {
	m, kind, ok := v.typed(pointer, val)
	if !ok {
		return
	}
	spec, known := tables.blocks()[kind]
	switch {
	case !known || (allowed != nil && !allowed[kind]):
		v.add(pointer+"/type", "unsupported type: %s", kind)
		return
	case (v.surface == onMessage && spec.notMessage) || (v.surface != onMessage && spec.messageOnly):
		v.add(pointer+"/type", "unsupported type: %s", kind)
		return
	}
	switch kind {
	case "table":
		v.tables++
	case "input":
		v.inputs++
	case "markdown":
		s, _ := m["text"].(string)
		v.markdown += utf8.RuneCountInString(s)
	}
	if id, _ := m["block_id"].(string); id != "" {
		if v.blockIDs[id] {
			v.add(pointer+"/block_id", "`block_id` %s already exists", id)
		}
		v.blockIDs[id] = true
	}
	v.object(pointer, m, spec.object)
}

// typed checks that a value is an object with a type.
func (v *validator) typed(pointer string, val any) (map[string]any, string, bool) {
	m, ok := val.(map[string]any)
	if !ok {
		v.add(pointer, "must be an object")
		return nil, "", false
	}
	kind, ok := m["type"].(string)
	if !ok {
		v.add(pointer, "missing required field: type")
	}
	return m, kind, ok
}

// Known says whether there is a block of this type.
func Known(kind string) bool {
	_, ok := blockSpecs[kind]
	return ok
}

package bot

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/statusbot/statusbot/internal/lazy"
)

// mostParts bounds the blocks that are left out one by one where Slack points
// at them: each costs a call.
const mostParts = 4

// partRefused are Slack's words for a message of which a part is not taken. It
// is certain then that nothing was posted.
var partRefused = []string{"invalid_blocks", "invalid_blocks_format", "invalid_attachments", "msg_blocks_too_long", "msg_too_long"}

// pointer is how Slack says which block it does not take, as "[json-pointer:/blocks/2/text]".
var pointer = lazy.Compile(`json-pointer:/blocks/(\d+)`)

// basic are the kinds of block that every workspace takes, so far as is known;
// what is not among them is left out first.
var basic = []string{"actions", "context", "divider", "header", "section"}

// salvage sends what Slack takes of blocks that it has refused: without those
// that it points at, else without a kind of them, else their sections, else
// none, so that the text goes alone. It returns the kinds that were left out,
// and what the last try came to.
func salvage(blocks json.RawMessage, refused error, send func(json.RawMessage) error) (left []string, err error) {
	var list []json.RawMessage
	if json.Unmarshal(blocks, &list) != nil || len(list) == 0 {
		return nil, refused
	}
	rest, err := slices.Clone(list), refused
	for range mostParts {
		i, ok := pointed(err, len(rest))
		if !ok {
			break
		}
		left = append(left, typeOf(rest[i]))
		rest = slices.Delete(rest, i, i+1)
		if err = send(joined(rest)); !isPartRefused(err) {
			return left, err
		}
	}
	for _, kinds := range leavingOut(list) {
		kept := slices.DeleteFunc(slices.Clone(list), func(b json.RawMessage) bool { return slices.Contains(kinds, typeOf(b)) })
		if err = send(joined(kept)); !isPartRefused(err) {
			return kinds, err
		}
	}
	return typesOf(list), send(joined(nil))
}

// leavingOut are the kinds to leave out of a list, try by try: each alone, those
// that are not basic first, and then all but sections.
func leavingOut(list []json.RawMessage) [][]string {
	kinds := slices.DeleteFunc(typesOf(list), func(k string) bool { return k == "section" })
	slices.SortStableFunc(kinds, func(a, b string) int { return slices.Index(basic, a) - slices.Index(basic, b) })
	var out [][]string
	for _, k := range kinds {
		out = append(out, []string{k})
	}
	if len(kinds) > 1 {
		out = append(out, kinds)
	}
	return out
}

// pointed is the block that a refusal points at.
func pointed(err error, n int) (int, bool) {
	if err == nil {
		return 0, false
	}
	found := pointer.FindStringSubmatch(err.Error())
	if found == nil {
		return 0, false
	}
	i, err := strconv.Atoi(found[1])
	return i, err == nil && i < n
}

func isPartRefused(err error) bool {
	return errors.Is(err, ErrRefused) && slices.Contains(partRefused, refusedWith(err))
}

func typeOf(block json.RawMessage) string {
	var is struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(block, &is) // what cannot be read is of no kind
	return is.Type
}

// typesOf are the kinds in a list, each once.
func typesOf(list []json.RawMessage) []string {
	var out []string
	for _, b := range list {
		if k := typeOf(b); !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

func joined(list []json.RawMessage) json.RawMessage {
	data, err := json.Marshal(slices.Concat([]json.RawMessage{}, list))
	if err != nil {
		return json.RawMessage("[]") // unreachable: each of them was JSON
	}
	return data
}

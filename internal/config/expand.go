package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/statusbot/statusbot/internal/checks/redact"
	"github.com/statusbot/statusbot/internal/lazy"
)

// expander puts variables of the environment into the text of one check, and
// remembers their values, to take them out of messages again.
type expander struct {
	env  func(string) (string, bool)
	seen map[string]string // :: variable -> value
}

var variableName = lazy.Compile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// text replaces each ${NAME} by the variable's value, ${NAME:-TEXT} by TEXT if
// there is none or it is empty, and $$ by a dollar; any other dollar stays. A message that is not empty says what is wrong.
func (e *expander) text(s string) (expanded, message, instead string) {
	var b strings.Builder
	for s != "" {
		i := strings.IndexByte(s, '$')
		if i < 0 || i == len(s)-1 {
			b.WriteString(s)
			break
		}
		b.WriteString(s[:i])
		switch s = s[i+1:]; s[0] {
		case '$':
			b.WriteByte('$')
			s = s[1:]
		case '{':
			name, rest, closed := strings.Cut(s[1:], "}")
			if !closed {
				return "", `"${" is not closed`, "write ${NAME}, or $${ for the characters themselves"
			}
			name, instead, hasInstead := strings.Cut(name, ":-")
			if !variableName.MatchString(name) {
				return "", "what stands between ${ and } is not a variable's name", "write ${NAME}, or $${ for the characters themselves"
			}
			value, ok := e.env(name)
			if strings.Contains(instead, "${") {
				return "", "the default of " + name + " holds another ${", "write a default without one: ${" + name + ":-words}"
			}
			if hasInstead && value == "" {
				b.WriteString(instead)
				s = rest
				continue
			}
			if !ok {
				return "", fmt.Sprintf("the environment variable %s is not set", name), fmt.Sprintf("set it, or write $${%s} for the characters themselves", name)
			}
			value = strings.TrimSuffix(strings.TrimSuffix(value, "\n"), "\r") // as a shell takes what a program printed
			e.seen[name] = value
			b.WriteString(value)
			s = rest
		default:
			b.WriteByte('$')
		}
	}
	return b.String(), "", ""
}

// values returns what was put into the text, each value once and sorted, or
// nil for nothing. Values of less than 4 characters, and words and numbers of
// our own, are no secrets and would make texts unreadable.
func (e *expander) values() []string {
	var list []string
	for _, value := range e.seen {
		const least = 4 // characters
		if len(value) >= least && value != "true" && value != "false" && !slices.Contains(list, value) {
			list = append(list, value)
		}
	}
	slices.Sort(list)
	return list
}

// hide puts the variables' names back where a message repeats their values.
func (e *expander) hide(message string) string {
	names := slices.SortedFunc(maps.Keys(e.seen), func(a, b string) int { // longest value first: one may contain another
		return cmp.Or(cmp.Compare(len(e.seen[b]), len(e.seen[a])), cmp.Compare(a, b))
	})
	for _, name := range names {
		value := e.seen[name]
		const least = 3 // characters; a shorter value is no secret, and replacing it would garble words
		if len(value) < least {
			continue
		}
		quoted := strconv.Quote(value)
		message = strings.ReplaceAll(message, value, "${"+name+"}")
		message = strings.ReplaceAll(message, quoted[1:len(quoted)-1], "${"+name+"}")
	}
	return redact.For(redact.With(nil, e.values())).Known(message)
}

package claim

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"

	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/lazy"
	"github.com/statusbot/statusbot/internal/spelling"
)

var (
	unknownName   = lazy.Compile(`^undeclared reference to '([^']*)'`)
	wrongOverload = lazy.Compile(`^found no matching overload for '([^']*)' applied to '(.*)'$`)
	unreadable    = lazy.Compile(`^Syntax error: (?:token recognition error at|extraneous input|mismatched input):? '(.*?)'(?: expecting|$)`)
	wrongLiteral  = lazy.Compile(`^invalid (\w+) argument$`)
)

// celFunctions are the functions that a wrong name may have meant.
const celFunctions = "all, bool, bytes, contains, double, duration, endsWith, exists, exists_one, filter, " +
	"getHours, getMilliseconds, getMinutes, getSeconds, has, int, map, matches, size, startsWith, string, timestamp, type, uint"

// explain says what is wrong with an expression, and where.
func (v Vocabulary) explain(key string, issues *cel.Issues) *probe.OptionError {
	first := issues.Errors()[0]
	at := fmt.Sprintf("at column %d", max(first.Location.Column(), 0)+1)
	if line := first.Location.Line(); line > 1 {
		at = fmt.Sprintf("in line %d %s", line, at)
	}
	e := &probe.OptionError{Key: key}
	if m := unknownName.FindStringSubmatch(first.Message); m != nil {
		e.Problem = fmt.Sprintf("has an unknown name %s %s", probe.Quoted(m[1]), at)
		if near := nearestName(m[1], strings.Split(v.names+", "+celFunctions, ", ")); near != "" {
			e.Instead = fmt.Sprintf("did you mean %q?", near)
		} else {
			e.Instead = "known here: " + v.names
		}
	} else if m := wrongOverload.FindStringSubmatch(first.Message); m != nil {
		operator := strings.Trim(strings.TrimPrefix(m[1], "@"), "_")
		e.Problem = fmt.Sprintf("does not fit %s: %s does not go with %s", at, operator, m[2])
		switch {
		case strings.Contains(m[2], "duration"):
			e.Instead = "write durations as duration('800ms')"
		case m[2] == "(double, int)" || m[2] == "(int, double)":
			e.Instead = "write whole numbers with a point, such as 1.0"
		}
	} else if m := unreadable.FindStringSubmatch(first.Message); m != nil {
		switch what := m[1]; {
		case what == "<EOF>":
			e.Problem = "ends too soon, " + at
		case strings.HasPrefix(what, "="):
			e.Problem, e.Instead = fmt.Sprintf("cannot be read %s: a single =", at), "compare by =="
		default:
			e.Problem = fmt.Sprintf("cannot be read %s: %s", at, probe.Quoted(what))
		}
	} else if m := wrongLiteral.FindStringSubmatch(first.Message); m != nil {
		e.Problem = fmt.Sprintf("has a wrong text for %s %s", m[1], at)
		switch m[1] {
		case "duration":
			e.Instead = "write one such as duration('800ms')"
		case "matches":
			e.Instead = "regular expressions are those of Go: https://pkg.go.dev/regexp/syntax"
		}
	} else {
		message, _, _ := strings.Cut(strings.TrimPrefix(first.Message, "Syntax error: "), "\n")
		e.Problem = fmt.Sprintf("is wrong %s: %s", at, Shorten(message))
	}
	return e
}

// nearestName returns the known name that differs least, by up to one edit
// for short names and two for longer ones, or "".
func nearestName(name string, known []string) string {
	limit := 2
	if len(name) <= 4 {
		limit = 1
	}
	best := ""
	for _, k := range known {
		if d := spelling.Distance(strings.ToLower(name), strings.ToLower(k)); d <= limit {
			best, limit = k, d-1
		}
	}
	return best
}

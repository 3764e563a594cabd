package exec

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// beginsJSON reports whether an output is meant as JSON: an object, or a list of
// some, which is none of ours but is no plugin's "[OK] all well" either.
func beginsJSON(stdout string) bool {
	text := strings.TrimSpace(stdout)
	list, found := strings.CutPrefix(text, "[")
	return strings.HasPrefix(text, "{") || found && strings.HasPrefix(strings.TrimSpace(list), "{")
}

// hidesJSON reports whether an answer in JSON stands behind other lines of an output,
// such as those of a library that logs to the wrong place.
func hidesJSON(stdout string) bool {
	const most = 100 // lines that begin so; what logs more of them is no answer
	rest := stdout
	for range most {
		_, after, found := strings.Cut(rest, "\n{")
		if !found {
			return false
		}
		rest = after
		var a probe.ScriptAnswer
		if json.Unmarshal([]byte("{"+rest), &a) == nil && a.Outcome != "" {
			return true
		}
	}
	return false
}

// readJSON reads one JSON object from a script's output. An output that
// cannot be relied on is unknown, and ours to repair: malformed, cut at
// 64 KiB, without a known outcome, or "pass" from a script that then failed.
func readJSON(f finished) checks.Result {
	if f.truncated {
		return probe.Internal("the script wrote more than 64 KiB of JSON")
	}
	var a probe.ScriptAnswer
	if err := json.Unmarshal([]byte(f.stdout), &a); err != nil {
		problem := "the script's output is not the JSON object that is expected"
		if line := firstLine(f.stdout + "\n" + f.stderr); line != "" {
			problem += ": " + line
		}
		return probe.Internal(problem)
	}
	if key := probe.Twice([]byte(f.stdout), a); key != "" {
		return probe.Internal("the script's output has " + probe.Quoted(key) + " twice")
	}
	r, err := a.Result()
	if err != nil {
		return probe.Internal("the script's " + err.Error())
	}
	if a.Outcome == checks.Pass && f.code != 0 {
		return probe.Internal("the script says pass, but its exit code is " + strconv.Itoa(f.code))
	}
	if r.Summary == "" && r.Outcome != checks.Pass {
		r.Summary = "the script says " + string(r.Outcome) + " without a text"
		if line := firstLine(f.stderr); line != "" {
			r.Summary += ": " + line
		}
	}
	return r
}

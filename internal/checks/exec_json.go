package checks

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"slices"
	"time"
)

// scriptAnswer is the object that a script writes to stdout, or pushes. Unknown keys
// are ignored, so that a script may write what a later version reads.
type scriptAnswer struct {
	Outcome  Outcome `json:"outcome"`     // required
	Summary  string  `json:"summary"`     // one line
	Reason   Reason  `json:"reason"`      // one of the closed set; another, or none, is "script"
	Millis   float64 `json:"duration_ms"` // what the script measured itself, instead of its own run time
	Evidence string  `json:"evidence"`    // shown to those who doubt
	Metrics  any     `json:"metrics"`     // an object of numbers by name, kept as performance data; all else in it is ignored
}

// scriptReasons are the reasons that a script may give.
var scriptReasons = map[Reason]bool{ // :: reason -> allowed
	ReasonDNS: true, ReasonConnect: true, ReasonTLS: true, ReasonTimeout: true, ReasonReset: true,
	ReasonStatus: true, ReasonAssertion: true, ReasonLatency: true, ReasonScript: true, ReasonProtocol: true,
}

// readJSON reads one JSON object from a script's output. An output that
// cannot be relied on is unknown, and ours to repair: malformed, cut at
// 64 KiB, without a known outcome, or "pass" from a script that then failed.
func readJSON(f finished) Result {
	if f.truncated {
		return internal("the script wrote more than 64 KiB of JSON")
	}
	var a scriptAnswer
	if err := json.Unmarshal([]byte(f.stdout), &a); err != nil {
		problem := "the script's output is not the JSON object that is expected"
		if line := firstLine(f.stdout + "\n" + f.stderr); line != "" {
			problem += ": " + line
		}
		return internal(problem)
	}
	r, err := a.result()
	if err != nil {
		return internal("the script's " + err.Error())
	}
	if a.Outcome == Pass && f.code != 0 {
		return internal("the script says pass, but its exit code is " + itoa(f.code))
	}
	return r
}

// result makes a result of the answer. The error begins with the key that is
// wrong.
func (a scriptAnswer) result() (Result, error) {
	switch a.Outcome {
	case Pass, Degraded, Fail, Unknown:
	default:
		return Result{}, errors.New("outcome " + quoted(string(a.Outcome)) + " is not pass, degraded, fail or unknown")
	}
	r := Result{Outcome: a.Outcome, Reason: ReasonNone, Summary: a.Summary}
	if a.Outcome != Pass {
		r.Reason = ReasonScript
		if scriptReasons[a.Reason] {
			r.Reason = a.Reason
		}
	}
	if a.Millis > 0 && a.Millis < math.MaxInt64/float64(time.Millisecond) {
		r.Duration = time.Duration(a.Millis * float64(time.Millisecond))
	}
	if perf := perfOf(a.Metrics); a.Evidence != "" || perf != nil {
		r.Evidence = &Evidence{Output: a.Evidence, Perf: perf}
	}
	return r, nil
}

// perfOf makes performance data of an object of numbers, by name.
func perfOf(metrics any) []Perf {
	named, _ := metrics.(map[string]any)
	var list []Perf
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if v, ok := named[name].(float64); ok && okLabel(name) && len(list) < perfMax {
			list = append(list, Perf{Label: name, Value: v})
		}
	}
	return list
}

package probe

import (
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
)

// ScriptAnswer is the object that a script writes to stdout, or pushes. Unknown keys
// are ignored, so that a script may write what a later version reads.
type ScriptAnswer struct {
	Outcome  checks.Outcome `json:"outcome"`     // required
	Summary  string         `json:"summary"`     // one line
	Reason   checks.Reason  `json:"reason"`      // one of the closed set; another, or none, is "script"
	Millis   float64        `json:"duration_ms"` // what the script measured itself, instead of its own run time
	Evidence string         `json:"evidence"`    // shown to those who doubt
	Metrics  any            `json:"metrics"`     // an object of numbers by name, kept as performance data; all else in it is ignored
}

// scriptReasons are the reasons that a script may give.
var scriptReasons = map[checks.Reason]bool{ // :: reason -> allowed
	checks.ReasonDNS: true, checks.ReasonConnect: true, checks.ReasonTLS: true, checks.ReasonTimeout: true, checks.ReasonReset: true,
	checks.ReasonStatus: true, checks.ReasonAssertion: true, checks.ReasonLatency: true, checks.ReasonScript: true, checks.ReasonProtocol: true,
}

// Result makes a result of the answer. The error begins with the key that is
// wrong.
func (a ScriptAnswer) Result() (checks.Result, error) {
	switch a.Outcome {
	case checks.Pass, checks.Degraded, checks.Fail, checks.Unknown:
	default:
		return checks.Result{}, errors.New("outcome " + Quoted(string(a.Outcome)) + " is not pass, degraded, fail or unknown")
	}
	r := checks.Result{Outcome: a.Outcome, Reason: checks.ReasonNone, Summary: a.Summary}
	if a.Outcome != checks.Pass {
		r.Reason = checks.ReasonScript
		if scriptReasons[a.Reason] {
			r.Reason = a.Reason
		}
	}
	if a.Millis > 0 && a.Millis < math.MaxInt64/float64(time.Millisecond) {
		r.Duration = time.Duration(a.Millis * float64(time.Millisecond))
	}
	if perf := perfOf(a.Metrics); a.Evidence != "" || perf != nil {
		r.Evidence = &checks.Evidence{Output: a.Evidence, Perf: perf}
	}
	return r, nil
}

// perfOf makes performance data of an object of numbers, by name.
func perfOf(metrics any) []checks.Perf {
	named, _ := metrics.(map[string]any)
	var list []checks.Perf
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if v, ok := named[name].(float64); ok && GoodLabel(name) && len(list) < PerfMax {
			list = append(list, checks.Perf{Label: name, Value: v})
		}
	}
	return list
}

package exec

import (
	"strconv"
	"strings"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// nagiosOutcomes are the exit codes of the plugin convention
// (https://www.monitoring-plugins.org/doc/guidelines.html#AEN78).
var nagiosOutcomes = [...]checks.Outcome{0: checks.Pass, 1: checks.Degraded, 2: checks.Fail, 3: checks.Unknown}

// readNagios reads the output of a plugin: the exit code is the outcome, the
// first line up to "|" the summary, what follows "|" performance data, both
// there and after the first "|" of the longer text below.
//
// An exit code above 3 is outside the convention: a shell that did not find a
// command (127), a crash. It says nothing about the product, so it is
// unknown, and ours to repair.
func readNagios(f finished) checks.Result {
	if broke := traceback(f); broke != "" {
		return probe.Internal("the script itself broke: " + broke)
	}
	text, perf := splitNagios(f.stdout)
	if text == "" && (f.code == 1 || f.code == 2) {
		if broke := brokeOff(f.stderr); broke != "" {
			return probe.Internal("the script itself broke: " + broke)
		}
	}
	r := checks.Result{Summary: text}
	switch {
	case f.code >= 0 && f.code < len(nagiosOutcomes):
		r.Outcome = nagiosOutcomes[f.code]
		if r.Outcome != checks.Pass {
			r.Reason = checks.ReasonScript
		}
		if r.Summary == "" {
			r.Summary = "exit code " + strconv.Itoa(f.code) + " without a text"
			if line := firstLine(f.stderr); line != "" {
				r.Summary += ": " + line
			}
		}
	default:
		r = probe.Internal("exit code " + strconv.Itoa(f.code) + " is not of the plugin convention (0 to 3)")
		if line := firstLine(f.stdout + "\n" + f.stderr); line != "" {
			r.Summary += ": " + line
		}
	}
	if len(perf) > 0 {
		r.Evidence = &checks.Evidence{Perf: perf}
	}
	return r
}

// traceback returns the last line of what Python says of an error that a script
// did not catch. Its exit code is then 1, which is not degraded.
func traceback(f finished) string {
	const begins = "Traceback (most recent call last):"
	_, rest, found := strings.Cut(f.stderr, begins)
	if f.code != 1 || !found {
		return ""
	}
	last := ""
	for line := range strings.Lines(rest) {
		if line = strings.TrimRight(line, "\r\n"); line != "" && line[0] != ' ' { // what is called stands indented
			last = line
		}
	}
	return last
}

// splitNagios takes a plugin's output apart.
func splitNagios(out string) (summary string, perf []checks.Perf) {
	out = strings.TrimLeft(out, " \t\r\n")
	first, rest, _ := strings.Cut(out, "\n")
	summary, data, _ := strings.Cut(first, "|")
	// Below the first line there is text up to a "|", then only data.
	if _, more, ok := strings.Cut(rest, "|"); ok {
		data += "\n" + more
	}
	return strings.TrimSpace(summary), probe.ParsePerf(data)
}

// firstLine returns the first line of s that is not blank.
func firstLine(s string) string {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}

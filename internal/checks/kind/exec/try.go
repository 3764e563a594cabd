package exec

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Trial is what a script was seen to do, for who decides whether it is to be a check.
type Trial struct {
	Result   checks.Result // of the first run
	Ran      bool          // false if it could not be started; Result.Summary says why
	Warnings []string      // what makes it less of a check than it could be, a sentence each
}

// Try runs a check's script twice, one after the other, each within the check's
// time-out; once if it cannot be started or does not end. The error is that the
// check itself is wrong, or ctx's end.
func Try(ctx context.Context, c checks.Check) (Trial, error) {
	var runs []finished
	var program string
	kind := Kind
	kind.Build = func(c checks.Check) (probe.Probe, error) {
		p, err := newProber(c)
		if err != nil {
			return nil, err
		}
		program = p.program
		return func(ctx context.Context) checks.Result {
			r, out := p.try(ctx)
			runs = append(runs, out)
			return r
		}, nil
	}
	compiled, err := probe.Compile(&kind, &c)
	if err != nil {
		return Trial{}, err
	}
	var results []checks.Result
	for range 2 {
		r, ok := compiled.Run(ctx)
		if !ok {
			return Trial{}, fmt.Errorf("try %s: %w", program, ctx.Err())
		}
		results = append(results, r)
		if r.Reason == checks.ReasonTimeout || !runs[0].started {
			break
		}
	}
	t := Trial{Result: results[0], Ran: runs[0].started}
	if t.Ran {
		w := warner{timeout: c.Timeout, clean: func(s string) string {
			r := checks.Result{Summary: s}
			compiled.Clean(&r)
			return r.Summary
		}}
		w.ofFile(program)
		w.ofRun(runs[0], results[0])
		if len(results) > 1 {
			w.ofTwo(results[0], results[1])
		}
		t.Warnings = w.said
	}
	return t, nil
}

// warner gathers sentences about one script.
type warner struct {
	timeout time.Duration
	clean   func(string) string // makes a text one line without secrets
	said    []string
}

func (w *warner) say(format string, args ...any) {
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

func (w *warner) ofFile(program string) {
	if info, err := os.Stat(program); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o002 != 0 {
		w.say("everybody on this machine may change it, and it would run with statusbot's rights: chmod o-w %s", program)
	}
	if crlf(program) {
		w.say("its lines end as Windows writes them, which interpreters take for a part of the line: sed -i 's/\\r$//' %s", program)
	}
}

// summaryMax is how many characters of a summary people see.
const summaryMax = 200

func (w *warner) ofRun(f finished, r checks.Result) {
	text := strings.TrimSpace(f.stdout)
	asJSON := strings.HasPrefix(text, "{")
	switch {
	case r.Reason == checks.ReasonTimeout:
		w.say("it was not over after %s: give it more with --timeout, or make it do less", probe.Span(w.timeout))
		return
	case f.signal != "":
		return // the summary says so
	case !asJSON && (f.code < 0 || f.code >= len(nagiosOutcomes)):
		w.say("while it ends so the check is unknown: 0 is OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN")
	case !asJSON && f.code == 1 && r.Outcome == checks.Degraded && !strings.Contains(strings.ToUpper(text), "WARN"):
		w.say("exit code 1 is a WARNING, which is told as degraded: exit 2 says that it fails")
	}
	if f.truncated && !asJSON {
		w.say("it writes more than %d KiB: the rest is not read", probe.ReadMax>>10)
	}
	first, data, _ := strings.Cut(firstLine(text), "|")
	if n := len([]rune(first)); n > summaryMax && !asJSON {
		w.say("its first line has %d characters, and people see %d: say it shortly there, and the rest below", n, summaryMax)
	}
	if strings.TrimSpace(data) != "" && !asJSON && (r.Evidence == nil || len(r.Evidence.Perf) == 0) {
		w.say("what follows | is no performance data, 'label'=value[unit]: nothing of it is kept")
	}
	line := w.clean(firstLine(f.stderr))
	switch {
	case r.Reason == checks.ReasonInternal: // the summary says what it wrote
	case text == "":
		w.say("it writes nothing to standard output: people see its exit code and no reason")
	case line != "":
		w.say("it writes to standard error, which people do not see: %q", line)
	}
	if f.held {
		w.say("it leaves a process behind that holds its output: that is killed %d ms after the script's end", outputGrace.Milliseconds())
	}
	if r.Duration > w.timeout/2 {
		w.say("it took %s of its time-out of %s: on a bad day it will not come to its end", probe.Span(r.Duration), probe.Span(w.timeout))
	}
}

func (w *warner) ofTwo(first, second checks.Result) {
	if first.Outcome != second.Outcome {
		w.say("two runs one after the other differ: %s, then %s (%s)", first.Outcome, second.Outcome, second.Summary)
		return
	}
	if x, y := labels(first), labels(second); !slices.Equal(x, y) {
		w.say("its performance data have other labels in a second run (%s; %s): figures over time need the same ones", strings.Join(x, " "), strings.Join(y, " "))
	}
}

func labels(r checks.Result) (list []string) {
	if r.Evidence != nil {
		for _, p := range r.Evidence.Perf {
			list = append(list, p.Label)
		}
	}
	slices.Sort(list)
	return list
}

// crlf reports whether a script's first line ends as Windows writes it.
func crlf(program string) bool {
	f, err := os.Open(program)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 256)
	n, _ := f.Read(head) // of what cannot be read nothing is said
	line, _, found := strings.Cut(string(head[:n]), "\n")
	return found && strings.HasPrefix(line, "#!") && strings.HasSuffix(line, "\r")
}

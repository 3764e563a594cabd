package exec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

func TestAByteOrderMarkHidesNoFailure(t *testing.T) {
	r := probetest.Probing(t, &Kind, &Options{Argv: []string{"printf", `\357\273\277{"outcome":"fail","summary":"no stock"}`}}, time.Minute)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonScript, "no stock")
}

func TestColoursOfAScript(t *testing.T) {
	dir, _ := probetest.WriteScript(t, "printf '\\033[31mCRITICAL: \\033[1mdown\\033(B\\033[m | a=1\\nmore \\033[0mof it\\n'; exit 2")
	r := probetest.Probing(t, &Kind, &Options{Argv: []string{"./check.sh"}, Dir: dir}, time.Minute)
	if r.Summary != "CRITICAL: down" || r.Evidence == nil || strings.Contains(r.Evidence.Output, "[") {
		t.Errorf("got %q, %+v", r.Summary, r.Evidence)
	}
}

func TestATracebackIsNoDegradation(t *testing.T) {
	script := `printf 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    x["stock"]\nKeyError: '"'stock'"'\n' >&2; exit 1`
	r := probetest.Probing(t, &Kind, &Options{Argv: []string{"sh", "-c", script}}, time.Minute)
	probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "the script itself broke: KeyError: 'stock'")
	r = probetest.Probing(t, &Kind, &Options{Argv: []string{"sh", "-c", "echo WARNING slow; echo a note >&2; exit 1"}}, time.Minute)
	probetest.WantResult(t, r, checks.Degraded, checks.ReasonScript, "WARNING slow")
}

// TestScriptsThatBreakAreNoOutcome: what an interpreter says of a script that it cannot
// go on with is none of the product's, though the exit code is that of a warning or of a
// failure. Where the script says something itself, that counts.
func TestScriptsThatBreakAreNoOutcome(t *testing.T) {
	for _, tt := range []struct {
		script string
		want   checks.Outcome
		says   string
	}{
		{"set -u; echo $NO_SUCH_VARIABLE", checks.Unknown, "NO_SUCH_VARIABLE"},
		{"if true; then echo 'OK'", checks.Unknown, "yntax error"},
		{`printf 'check.rb:3:in '"'foo'"': undefined method (NoMethodError)\n' >&2; exit 1`, checks.Unknown, "NoMethodError"},
		{`printf 'node:internal/modules/cjs/loader:1\n  throw err;\n\nError: Cannot find module x\n    at Module\n\nNode.js v20\n' >&2; exit 1`, checks.Unknown, "the script itself broke: Error: Cannot find module x"},
		{`printf 'Exception in thread "main" java.lang.NullPointerException\n\tat Main.main(Main.java:3)\n' >&2; exit 1`, checks.Unknown, "NullPointerException"},
		{`printf 'panic: index out of range\n\ngoroutine 1 [running]:\n' >&2; exit 2`, checks.Unknown, "the script itself broke: panic: index out of range"},
		{`printf 'Can\047t locate Foo.pm in @INC at x line 1.\nBEGIN failed--compilation aborted at x line 1.\n' >&2; exit 2`, checks.Unknown, "the script itself broke: Can't locate Foo.pm"},
		{`printf 'panic: index out of range\n\ngoroutine 1 [running]:\n' >&2; echo CRITICAL helper broke; exit 2`, checks.Fail, "CRITICAL helper broke"},
		{`echo '{"outcome":"fail","metrics":{"a":1,"a":2},"summary":"x","OUTCOME":"pass"}'`, checks.Unknown, `the script's output has "OUTCOME" twice`},
		{`echo '{"outcome":"fail","summary":"once","note":1,"note":2}'`, checks.Fail, "once"},
		{`echo 'Error: cannot reach the queue' >&2; exit 2`, checks.Fail, "exit code 2 without a text: Error: cannot reach the queue"},
	} {
		r := probetest.Probing(t, &Kind, &Options{Argv: []string{"sh", "-c", tt.script}}, time.Minute)
		if r.Outcome != tt.want || !strings.Contains(r.Summary, tt.says) {
			t.Errorf("%s: got %s %q, want %s %q", tt.script, r.Outcome, r.Summary, tt.want, tt.says)
		}
	}
}

// TestAListIsNoAnswer: a failure in it is not hidden behind the exit code; a plugin's
// brackets are no list.
func TestAListIsNoAnswer(t *testing.T) {
	for script, want := range map[string]checks.Outcome{
		`echo '[{"outcome":"fail"}]'`:                checks.Unknown,
		`printf '[\n {"outcome":"fail"}\n]'`:         checks.Unknown,
		`printf '\377\376\0\0{\0\0\0"\0\0\0o\0\0\0'`: checks.Unknown, // in UTF-32, and cut
		`echo '[OK] {all} well'`:                     checks.Pass,
	} {
		r := probetest.Probing(t, &Kind, &Options{Argv: []string{"sh", "-c", script}}, time.Minute)
		if r.Outcome != want {
			t.Errorf("%s: got %s %q, want %s", script, r.Outcome, r.Summary, want)
		}
	}
}

// TestAnswersInUTF16HideNoFailure: so PowerShell writes to a pipe.
func TestAnswersInUTF16HideNoFailure(t *testing.T) {
	for _, script := range []string{
		`printf '\377\376{\000"\000o\000u\000t\000c\000o\000m\000e\000"\000:\000"\000f\000a\000i\000l\000"\000}\000'`,
		`printf '\376\377\000{\000"\000o\000u\000t\000c\000o\000m\000e\000"\000:\000"\000f\000a\000i\000l\000"\000}'`,
	} {
		r := probetest.Probing(t, &Kind, &Options{Argv: []string{"sh", "-c", script}}, time.Minute)
		probetest.WantResult(t, r, checks.Fail, checks.ReasonScript, "")
	}
}

// TestOutputThatWasNotReadYet: on a busy machine a script may have ended long before
// anybody read what it wrote. None of that is lost: it may say that all fails.
func TestOutputThatWasNotReadYet(t *testing.T) {
	for _, held := range []bool{false, true} {
		to := &headWriter{max: probe.ReadMax}
		o, err := readOutput(to)
		probetest.OK(t, err)
		want := strings.Repeat("0123456789", 1000)
		_, err = o.given.WriteString(want)
		probetest.OK(t, err)
		if !held {
			o.given.Close()
		}
		close(o.done) // its reader never came to it
		o.stop()
		if string(to.head) != want || o.ended == held {
			t.Errorf("held: %v: %d of %d bytes, ended: %v", held, len(to.head), len(want), o.ended)
		}
		o.given.Close()
	}
}

// TestWhyScriptsDoNotRun: the words name what is to be mended.
func TestWhyScriptsDoNotRun(t *testing.T) {
	dir := t.TempDir()
	env := filepath.Join(dir, "env.sh")
	probetest.OK(t, os.WriteFile(env, []byte("#!/usr/bin/env sh\r\necho OK\r\n"), 0o700))
	for want, o := range map[string]Options{
		"cannot run in " + dir + "/gone, which does not exist": {Argv: []string{"/bin/echo"}, Dir: dir + "/gone"},
		dir + " is a folder; name the program in it":           {Argv: []string{dir}},
		"is not started by env: its lines end as Windows":      {Argv: []string{env}},
	} {
		probetest.WantResult(t, probetest.Probing(t, &Kind, &o, time.Minute), checks.Unknown, checks.ReasonInternal, want)
	}
}

// TestLinesBeforeAnAnswerHideNoFailure: those of a library that logs to standard output.
func TestLinesBeforeAnAnswerHideNoFailure(t *testing.T) {
	answer := `{"outcome":"fail","summary":"no stock"}`
	r := probetest.Probing(t, &Kind, &Options{Argv: []string{"printf", "starting\n{}\n" + answer}}, time.Minute)
	probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "writes something before its JSON, which so is not read: send that to standard error: starting")
	for _, plain := range []string{`OK - all well\n{"a": 1}`, `OK - all well\nlast: ` + answer, `OK\n{\n{`} {
		probetest.WantResult(t, probetest.Probing(t, &Kind, &Options{Argv: []string{"printf", plain}}, time.Minute), checks.Pass, checks.ReasonNone, "OK")
	}
}

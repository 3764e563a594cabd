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

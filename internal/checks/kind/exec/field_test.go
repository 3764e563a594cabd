package exec

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
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

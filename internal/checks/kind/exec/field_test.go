package exec

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

func TestAByteOrderMarkHidesNoFailure(t *testing.T) {
	r := probetest.Probing(t, &Kind, &Options{Argv: []string{"printf", `\357\273\277{"outcome":"fail","summary":"no stock"}`}}, time.Minute)
	probetest.WantResult(t, r, checks.Fail, checks.ReasonScript, "no stock")
}

func TestATracebackIsNoDegradation(t *testing.T) {
	script := `printf 'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n    x["stock"]\nKeyError: '"'stock'"'\n' >&2; exit 1`
	r := probetest.Probing(t, &Kind, &Options{Argv: []string{"sh", "-c", script}}, time.Minute)
	probetest.WantResult(t, r, checks.Unknown, checks.ReasonInternal, "the script itself broke: KeyError: 'stock'")
	r = probetest.Probing(t, &Kind, &Options{Argv: []string{"sh", "-c", "echo WARNING slow; echo a note >&2; exit 1"}}, time.Minute)
	probetest.WantResult(t, r, checks.Degraded, checks.ReasonScript, "WARNING slow")
}

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

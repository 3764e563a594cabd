package exec

import (
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/claim"
	"github.com/statusbot/statusbot/internal/checks/probe/probetest"
)

func TestExecExpressions(t *testing.T) {
	for _, tt := range []struct {
		name, script       string
		expect, degradedIf string
		outcome            checks.Outcome
		reason             checks.Reason
		summary            string
	}{
		{"hold", "echo 'OK|age=120s free=12%'", "code == 0 && perf.age < 900 && perf['free'] > 10.0 && output.startsWith('OK') && latency < duration('9s')", "", checks.Pass, "", "OK"},
		{"fails", "echo 'OK|age=1200s'", "perf.age < 900", "", checks.Fail, checks.ReasonAssertion, "perf.age < 900 is false: perf.age is 1200"},
		{"degraded", "echo 'OK|age=600s'", "perf.age < 900", "perf.age > 300", checks.Degraded, checks.ReasonAssertion, "perf.age is 600"},
		{"warning fails", "echo 'WARNING|age=600s'; exit 1", "code == 0", "", checks.Fail, checks.ReasonAssertion, "code == 0 is false: code is 1"},
		{"warning stays", "echo 'WARNING|age=600s'; exit 1", "", "code == 1", checks.Degraded, checks.ReasonScript, "WARNING"},
		{"critical stays", "echo 'CRITICAL'; exit 2", "code == 0", "", checks.Fail, checks.ReasonScript, "CRITICAL"},
		{"no label", "echo OK", "perf.age < 900", "", checks.Fail, checks.ReasonAssertion, "perf.age: no such key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, path := probetest.WriteScript(t, "#!/bin/sh\n"+tt.script+"\n")
			o := &Options{Argv: []string{path}, Options: claim.Options{Expect: probetest.Said(tt.expect), DegradedIf: probetest.Said(tt.degradedIf)}}
			r := probetest.Probing(t, &Kind, o, 10*time.Second)
			probetest.WantResult(t, r, tt.outcome, tt.reason, tt.summary)
			if r.Outcome != checks.Pass && (r.Evidence == nil || r.Evidence.Script != path) {
				t.Errorf("evidence %+v, want the script %s", r.Evidence, path)
			}
		})
	}
}

package ntp

import (
	"testing"

	"github.com/statusbot/statusbot/internal/checks"
)

func TestAServerRightAfterItsStart(t *testing.T) {
	for _, tt := range []struct {
		said   ntpTime
		reason checks.Reason
		want   string
	}{
		{ntpTime{leap: 3, code: " INIT"}, checks.ReasonAssertion, "the server says that it is not synchronised"},
		{ntpTime{code: " INIT"}, checks.ReasonAssertion, "the server says that it is not synchronised"},
		{ntpTime{code: " STEP"}, checks.ReasonAssertion, "the server says that it is not synchronised"},
		{ntpTime{leap: 3, code: " DENY"}, checks.ReasonStatus, "the server refuses to tell the time: DENY"},
		{ntpTime{leap: 3, code: " RATE"}, checks.ReasonStatus, "the server refuses to tell the time: RATE"},
	} {
		r := (&prober{stratum: 15}).judge(tt.said)
		if r.Outcome != checks.Fail || r.Reason != tt.reason || r.Summary != tt.want {
			t.Errorf("%+v: got %s %q", tt.said, r.Reason, r.Summary)
		}
	}
}

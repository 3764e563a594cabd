package bot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
)

// TestOnCall: who is on call is a name on the product and in the list, and in a
// clause why it is not known. It mentions nobody.
func TestOnCall(t *testing.T) {
	t.Parallel()
	l := newLife(t, publishtest.Acme(), nil)
	an := l.As("ana").Channel(channel)
	l.pass(time.Minute, nil)
	an.Type("/status oncall").Ephemeral("Who is on call is not configured.", "`/status PRODUCT`")
	an.Type("/status billing").Ephemeral("Owner: payments · as of")
	l.shifts.Store("payments", format.OnCall{Who: "Kim <!channel> <@U0ANA0001>"})
	an.Type("/status billing").Ephemeral("Owner: payments (on call: Kim &lt;!channel&gt; &lt;@U0ANA0001&gt;) · as of")
	for _, said := range []string{"/status oncall", "/status who is on call?", "/status on-call", "/status who's oncall now", "/status On Call"} {
		an.Type(said).Ephemeral("On call, as of ", "*payments* (Billing): Kim &lt;!channel&gt;", "1 more owner: not configured.")
	}
	for _, said := range []string{"/status oncall billing", "/status who is on call for billing", "/status oncall for Billing?"} {
		an.Type(said).Ephemeral("Billing is as usual", "(on call: Kim")
	}
	l.shifts.Store("payments", format.OnCall{Who: "Kim", AsOf: l.now().Add(-time.Hour), Failed: "exit code 2: rota <down>"})
	an.Type("/status billing").Ephemeral("(on call: Kim as of ", ", not known since: exit code 2: rota &lt;down&gt;)")
	l.shifts.Store("payments", format.OnCall{Failed: strings.Repeat("x", 4000)})
	an.Type("/status billing").Ephemeral("(on call: not known: xxx", "…) · as of")
	l.shifts.Store("payments", format.OnCall{})
	an.Type("/status billing").Ephemeral("(on call: not known yet)")
}

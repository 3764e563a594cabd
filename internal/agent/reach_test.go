package agent

import (
	"crypto/ed25519"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// TestAFrozenServerHoldsNoneUp: where one of the servers takes a connection and says nothing, an agent has tried all of them within the time
// that one alone may take.
func TestAFrozenServerHoldsNoneUp(t *testing.T) {
	t.Parallel()
	for _, servers := range [][]string{nil, {"a:1"}, {"a:1", "b:1", "c:1"}} {
		c := Credentials{ID: "one", Servers: servers, Seed: make([]byte, ed25519.SeedSize)}
		is := nats.GetDefaultOptions()
		for _, o := range c.login() {
			need(t, o(&is))
		}
		if all := is.Timeout * time.Duration(max(1, len(servers))); all > answerWithin || answerWithin-all > time.Microsecond {
			t.Errorf("%d servers: each may take %v, all of them %v; want %v", len(servers), is.Timeout, all, answerWithin)
		}
	}
}

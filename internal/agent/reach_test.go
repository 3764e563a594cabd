package agent

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/port"
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

// TestAnAgentThatStaysOutsideSaysWhy, once: that it was removed, and that nobody is there. It would run for days and probe nothing.
func TestAnAgentThatStaysOutsideSaysWhy(t *testing.T) {
	t.Parallel()
	o := openDesk(t, nil)
	dir, removed := o.enroll("eu")
	found, err := o.Remove(t.Context(), removed.ID)
	need(t, err)
	if !found {
		t.Fatal("it is not in the book")
	}
	held, err := port.Hold()
	need(t, err)
	nobody := removed
	nobody.Servers = []string{held.Address()}
	defer held.Close() //nolint:errcheck // nobody listens there as long as it is held
	for want, c := range map[string]Credentials{"if it was removed, enroll it anew": removed, "connection refused": nobody} {
		core, log := observer.New(zap.WarnLevel)
		a := run(t, Config{Dir: dir, Credentials: c, Log: zap.New(core)})
		until(t, want, func() bool { return log.FilterMessage("not let in, will try again").Len() > 0 })
		need(t, a.stop())
		said := log.FilterMessage("not let in, will try again").All()
		if why, _ := said[0].ContextMap()["error"].(string); len(said) != 1 || !strings.Contains(why, want) {
			t.Errorf("it says %v, want %q once", said, want)
		}
	}
}

// Tries that fail for the same are one reason, though each is made from another port: a list of them would grow for as long as nobody answers.
func TestTriesFromOtherPortsAreOneReason(t *testing.T) {
	t.Parallel()
	one, other := errors.New("read tcp 10.0.0.7:40022->10.0.0.9:4223: i/o timeout"), errors.New("read tcp 10.0.0.7:51288->10.0.0.9:4223: i/o timeout")
	if reasonOf(one) != reasonOf(other) {
		t.Errorf("%q and %q", reasonOf(one), reasonOf(other))
	}
	if refused := errors.New("dial tcp 10.0.0.9:4223: connect: connection refused"); reasonOf(refused) == reasonOf(one) {
		t.Errorf("%q is that of a time-out", reasonOf(refused))
	}
}

package bot_test

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	tcpkind "github.com/statusbot/statusbot/internal/checks/kind/tcp"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/runner"
	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/port"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/status"
)

// peer is an address that takes connections, or if closed refuses them.
func peer(t *testing.T, closed bool) string {
	t.Helper()
	if closed {
		held, err := port.Hold()
		check(t, err)
		t.Cleanup(func() { check(t, held.Close()) })
		return held.Address()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// A person asks for fresh probes, by words, in a thread and by button: a real
// runner makes them, while its schedule rests.
func TestProbeNow(t *testing.T) {
	t.Parallel()
	def := status.Definition{Company: "Acme", Products: []status.Product{{ID: "billing", Name: "Billing"}, {ID: "lake", Name: "Data Lake"}}}
	for id, closed := range map[string]bool{"pay": false, "ledger": true} {
		def.Checks = append(def.Checks, checks.Check{ID: id, Product: "billing", Kind: "tcp", Every: time.Hour, Timeout: 5 * time.Second,
			Options: &tcpkind.Options{Address: peer(t, closed)}})
	}
	slices.SortFunc(def.Checks, func(a, b checks.Check) int { return len(a.ID) - len(b.ID) })
	h := newHouse(t, def, sandbox.Config{NoRateLimit: true})
	runner, err := runner.New(kinds.Compile, def.Checks, func([]checks.Result) {}, runner.Config{Paused: true})
	check(t, err)
	goes(t, "runner", runner.Run)
	h.probe = runner.Now
	h.commands(t)

	says(t, h.types(t, "ana", "/status billing now"), "Probing the 2 checks of Billing now", "within 5 s")
	m := h.sees(t, channel, "ana", "Billing, probed just now: 1 of 2 checks passed.", "ledger", "connection refused", "Passed: pay")
	if !m.Ephemeral {
		t.Error("everybody sees it")
	}
	says(t, h.types(t, "ana", "/status billing pay now"), "Probing pay of Billing now")
	h.sees(t, channel, "ana", "probed just now: 1 of 1 check passed")
	says(t, h.types(t, "ana", "/status now"), "Say which product", "`/status PRODUCT now`")
	says(t, h.types(t, "ana", "/status data lake now"), "Data Lake has no check")
	says(t, h.types(t, "ana", "/status biling now"), "`biling`", "`/status billing`")
	if others, err := h.c.Messages(limit(t), channel, "ben"); err != nil || len(others) != 0 {
		t.Errorf("ben sees %d messages, %v", len(others), err)
	}

	// The button replaces what it stands under.
	d := h.answers(t, "ben", "/status billing ledger")
	h.uses(t, "ben", d, format.ActionNow, "")
	h.sees(t, channel, "ben", "probed just now: 0 of 1 check passed", "connection refused")
	if all, err := h.c.Messages(limit(t), channel, "ben"); err != nil || len(all) != 1 {
		t.Errorf("ben sees %d messages, %v; want the one that was replaced", len(all), err)
	}
	if n := runner.Stats().Extra; n != 4 {
		t.Errorf("%d probes, want 4", n)
	}
}

// Probes that do not end keep nobody who only asks how things are.
func TestProbesThatHang(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(10, publishtest.Tenth("pay"))
	h.probe = func(context.Context, []string) <-chan checks.Result { return make(chan checks.Result) }
	h.commands(t)
	for range 20 {
		says(t, h.types(t, "ana", "/status billing now"), "Probing the 2 checks of Billing")
	}
	says(t, h.types(t, "ana", "/status billing"), "Billing")
}

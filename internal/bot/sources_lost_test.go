package bot_test

import (
	"testing"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// TestSourcesSayThatAddedChecksAreMissing: as long as their list cannot be read.
func TestSourcesSayThatAddedChecksAreMissing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(10, nil)
	commands := h.plain()
	commands.AddedLost = func() bool { return true }
	d := bot.NewDispatcher(zap.NewNop(), commands.Answer)
	goes(t, "dispatcher", d.Run)
	h.transport(t, d.Accept)
	an := sandboxtest.In(t, h.c).As("ana").Channel(channel)
	an.Type("/status sources").Ephemeral("The checks that were added in Slack do not run: their list cannot be read.", "These figures come from 3 checks")
}

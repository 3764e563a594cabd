package bot_test

import (
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// TestSourcesSayThatAddedChecksAreMissing: as long as their list cannot be read, in a
// channel and at home.
func TestSourcesSayThatAddedChecksAreMissing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	h.feeder.Feed(10, nil)
	commands := h.plain()
	commands.Itself.AddedLost = func() bool { return true }
	commands.Home = &bot.Home{Board: h.feeder.Board, API: h.api, Outbox: h.outbox, Itself: commands.Itself, Log: zap.NewNop(), Now: time.Now}
	d := bot.NewDispatcher(zap.NewNop(), commands.Answer)
	goes(t, "dispatcher", d.Run)
	h.transport(t, d.Accept)
	says := []string{"The checks that were added in Slack do not run: their list cannot be read.", "These figures come from 3 checks"}
	as := sandboxtest.In(t, h.c).As("ana")
	as.Channel(channel).Type("/status sources").Ephemeral(says...)
	as.Home().Click("Figures").Says(says...)
}

package bot_test

import (
	"testing"

	"github.com/statusbot/statusbot/internal/bot/bottest"
)

func TestOutboxInMemoryKeepsTheContract(t *testing.T) {
	bottest.TestOutbox(t, bottest.NewOutbox())
}

package house

import (
	"testing"

	"github.com/statusbot/statusbot/internal/bot/bottest"
	"github.com/statusbot/statusbot/internal/journal"
)

// TestOutboxOfTheJournalKeepsTheContract: what the bot's own tests rely on in
// their outbox in memory, the journal does.
func TestOutboxOfTheJournalKeepsTheContract(t *testing.T) {
	j, err := journal.Open(t.Context(), journal.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Errorf("close journal: %v", err)
		}
	})
	bottest.TestOutbox(t, outbox{j})
}

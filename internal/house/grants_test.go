package house

import (
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/journal"
)

// TestGrantsAreOnAShelf: what Slack allowed is stored again and again in one place,
// and a process without it, or with what it cannot read, goes on.
func TestGrantsAreOnAShelf(t *testing.T) {
	t.Parallel()
	j, err := journal.Open(t.Context(), journal.Config{Dir: t.TempDir(), Log: zap.NewNop()})
	check(t, err)
	defer j.Close()
	h := &house{journal: j, log: zap.NewNop()}
	people := func() *bot.People { return &bot.People{Log: zap.NewNop(), Now: time.Now} }
	h.recallGrants(t.Context(), people()) // nothing is there
	stored := []byte(`[{"kind":"users.info","user":"U1","at":"` + time.Now().Add(-10*time.Minute).UTC().Format(time.RFC3339) + `"}]`)
	_, err = j.Keep(t.Context(), grantsShelf, grantsKey, stored, 0)
	check(t, err)
	for range 3 { // each start takes it up, and stores it in place of what was there
		p := people()
		h.recallGrants(t.Context(), p)
		_, err := h.storeGrants(t.Context(), p)
		check(t, err)
		kept, err := j.Kept(t.Context(), grantsShelf, grantsKey)
		check(t, err)
		if string(kept.Body) != string(stored) {
			t.Errorf("the shelf has %s, want %s", kept.Body, stored)
		}
	}
	kept, err := j.Kept(t.Context(), grantsShelf, grantsKey)
	check(t, err)
	_, err = j.Keep(t.Context(), grantsShelf, grantsKey, []byte("{"), kept.Rev)
	check(t, err)
	h.recallGrants(t.Context(), people())
}

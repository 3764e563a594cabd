package house

import (
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/config"
	"github.com/statusbot/statusbot/internal/journal"
)

// TestAddedChecksThatCannotBeReadEndNoStart: it goes on without them, says so in
// health, and writes nothing over what is there.
func TestAddedChecksThatCannotBeReadEndNoStart(t *testing.T) {
	t.Parallel()
	j, err := journal.Open(t.Context(), journal.Config{Dir: t.TempDir(), Log: zap.NewNop()})
	check(t, err)
	defer j.Close()
	rev, err := j.Keep(t.Context(), addedShelf, addedKey, []byte(`{"accepted": 7}`), 0)
	check(t, err)
	h := &house{journal: j, log: zap.NewNop()}
	h.cfg.Store(&config.Config{})
	check(t, h.readAdded(t.Context()))
	if why := h.added.unread.Load(); why == nil || !strings.Contains(*why, "added in Slack do not run") {
		t.Errorf("it is not said: %v", why)
	}
	check(t, h.followAdded(t.Context()))
	if err := h.changeAdded(t.Context(), nil); err == nil {
		t.Error("a change is written over what cannot be read")
	}
	_, err = j.Keep(t.Context(), addedShelf, addedKey, []byte(`{}`), rev)
	check(t, err)
	h.added.rev = 0
	if err := h.followAdded(t.Context()); err == nil && h.added.unread.Load() != nil {
		t.Error("it is said though they can be read again")
	}
}

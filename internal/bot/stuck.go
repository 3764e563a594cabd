package bot

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
)

// stuck remembers which incidents' starters were told that their updates
// cannot be delivered; the zero value is useful.
type stuck struct {
	mu   sync.Mutex
	told map[string]bool // :: incident and Slack's word
}

// TellStuck tells who began an incident that Slack refuses its updates, and the
// cure: once for each reason, over restarts too, since the message's key is
// the reason. Nobody began what was detected; there the log says it.
func (u *Updater) TellStuck(ctx context.Context, _, key, code string) {
	id, isUpdate := strings.CutPrefix(key, "updates/")
	switch code {
	case "is_archived", "not_in_channel", "channel_not_found", "restricted_action", "restricted_action_read_only_channel":
	default:
		return // nothing that the person could mend
	}
	inc := u.incident(id)
	if !isUpdate || inc.OpenedBy == "" {
		return
	}
	key = "stuck/" + id + "/" + code
	u.stuck.mu.Lock()
	defer u.stuck.mu.Unlock()
	if u.stuck.told[key] {
		return
	}
	if err := u.put(ctx, inc.OpenedBy, key, newBody(1, 1, time.Time{}, u.Now(), format.Stuck(inc.Number, inc.Title, inc.Channel, code))); err != nil {
		u.Log.Warn("the starter is not told that updates are stuck", zap.String("incident", id), zap.Error(err))
		return
	}
	if u.stuck.told == nil {
		u.stuck.told = map[string]bool{}
	}
	u.stuck.told[key] = true
}

package bot

import (
	"context"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
)

// stuck remembers who was told of incidents' updates that cannot be
// delivered; the zero value is useful.
type stuck struct {
	mu   sync.Mutex
	told map[string]bool // :: incident, Slack's word and who
}

// TellStuck tells who began an incident that Slack refuses its updates, and the
// cure: once for each reason, over restarts too, since the message's key is
// the reason. Nobody began what was detected; there those are told whom
// Fallback names, and without any the log alone says it.
func (u *Updater) TellStuck(ctx context.Context, _, key, code string) {
	id, isUpdate := strings.CutPrefix(key, "updates/")
	switch code {
	case "is_archived", "not_in_channel", "channel_not_found", "restricted_action", "restricted_action_read_only_channel":
	default:
		return // nothing that the person could mend
	}
	inc := u.incident(id)
	if !isUpdate || inc.ID == "" {
		return
	}
	u.stuck.mu.Lock()
	defer u.stuck.mu.Unlock()
	key = "stuck/" + id + "/" + code
	if u.stuck.told[key] {
		return
	}
	whom := []string{inc.OpenedBy}
	if inc.OpenedBy == "" {
		whom = nil
		if u.Fallback != nil {
			whom = u.Fallback(ctx, inc.Channel)
		}
		if len(whom) == 0 {
			u.Log.Warn("updates are stuck and nobody can be told: name an owner in updates.auto_start, or people in access.respond", zap.String("incident", id))
			return
		}
	}
	m := format.Stuck(inc.Number, inc.Title, inc.Channel, code, inc.OpenedBy == "")
	for _, who := range whom {
		if u.stuck.told[key+" "+who] {
			continue
		}
		if err := u.put(ctx, who, key, newBody(1, 1, time.Time{}, u.Now(), m)); err != nil {
			u.Log.Warn("updates are stuck and that is not told", zap.String("incident", id), zap.String("to", who), zap.Error(err))
			return // at the next try
		}
		u.stuck.tell(key + " " + who)
	}
	u.stuck.tell(key)
}

func (s *stuck) tell(key string) {
	if s.told == nil {
		s.told = map[string]bool{}
	}
	s.told[key] = true
}

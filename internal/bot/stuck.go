package bot

import (
	"context"
	"maps"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish"
	"github.com/statusbot/statusbot/internal/status"
)

// Stuck tells people that updates of an incident cannot be delivered.
type Stuck struct {
	Board  *status.Board
	Outbox publish.Outbox
	// Fallback names who is told that the updates of an incident which nobody
	// began do not reach their channel: Slack ids of people, or a channel; nil:
	// nobody.
	Fallback func(ctx context.Context, channel string) []string
	Log      *zap.Logger
	Now      func() time.Time // the wall clock

	mu   sync.Mutex
	told map[string]string // :: key of the message and who -> incident; as long as anything of that may be told
}

// Tell tells who began an incident that Slack refuses its updates, and the
// cure: once for each reason, over restarts too, since the message's key is
// the reason. Nobody began what was detected; there those are told whom
// Fallback names, and without any the log alone says it.
func (s *Stuck) Tell(ctx context.Context, _, key, code string) {
	switch code {
	case "is_archived", "not_in_channel", "channel_not_found", "restricted_action", "restricted_action_read_only_channel":
	default:
		return // nothing that the person could mend
	}
	id := publish.IncidentOf(key)
	inc, ok := s.Board.Log().Find(id)
	if id == "" || !ok || !inc.Tellable(s.Now()) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key = "stuck/" + id + "/" + code
	if s.told[key] != "" {
		return
	}
	whom := []string{inc.OpenedBy}
	if inc.OpenedBy == "" {
		whom = nil
		if s.Fallback != nil {
			whom = s.Fallback(ctx, inc.Channel)
		}
		if len(whom) == 0 {
			s.Log.Warn("updates are stuck and nobody can be told: name an owner in updates.auto_start, or people in access.respond", zap.String("incident", id))
			return
		}
	}
	m := format.Stuck(inc.Number, inc.Title, inc.Channel, code, inc.OpenedBy == "")
	for _, who := range whom {
		if s.told[key+" "+who] != "" {
			continue
		}
		t := publish.Telling{Dest: who, Key: key, N: 1, Post: 1, At: s.Now(), Message: m}
		if err := t.Put(ctx, s.Outbox); err != nil {
			s.Log.Warn("updates are stuck and that is not told", zap.String("incident", id), zap.String("to", who), zap.Error(err))
			return // at the next try
		}
		s.tell(key+" "+who, id)
	}
	s.tell(key, id)
}

// tell notes that something was told of an incident, and forgets it of those of
// which nothing is told any more.
func (s *Stuck) tell(key, id string) {
	if s.told == nil {
		s.told = map[string]string{}
	}
	log, now := s.Board.Log(), s.Now()
	maps.DeleteFunc(s.told, func(_, id string) bool {
		inc, ok := log.Find(id)
		return !ok || !inc.Tellable(now)
	})
	s.told[key] = id
}

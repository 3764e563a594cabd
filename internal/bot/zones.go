package bot

import (
	"context"
	"sync"
	"time"
)

// zones remembers people's time zones; the zero value is useful.
type zones struct {
	mu    sync.Mutex
	known map[string]zoned // guarded by mu; :: Slack user id -> zone
}

type zoned struct {
	zone *time.Location
	at   time.Time
}

// zoneFor is how long a person's zone counts: people travel.
const zoneFor = 6 * time.Hour

// zoneOf is the zone of a person; nil where Slack does not say.
func (z *zones) zoneOf(ctx context.Context, api *API, now time.Time, user string) *time.Location {
	z.mu.Lock()
	known, ok := z.known[user]
	z.mu.Unlock()
	if ok && now.Sub(known.at) < zoneFor {
		return known.zone
	}
	ctx, cancel := bounded(ctx, lookupBound)
	defer cancel()
	u, err := api.web.GetUserInfoContext(ctx, user)
	if err != nil || u.TZ == "" {
		return nil
	}
	zone, err := time.LoadLocation(u.TZ)
	if err != nil {
		return nil
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.known == nil || len(z.known) >= mostKept {
		z.known = map[string]zoned{}
	}
	z.known[user] = zoned{zone, now}
	return zone
}

// zoneOf is the zone of a person, or the company's where Slack does not say.
func (c *Commands) zoneOf(ctx context.Context, now time.Time, user string) *time.Location {
	if zone := c.zones.zoneOf(ctx, c.API, now, user); zone != nil {
		return zone
	}
	return c.Board.Definition().Timezone
}

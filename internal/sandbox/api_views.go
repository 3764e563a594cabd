package sandbox

import (
	"encoding/json"
	"maps"
	"time"

	"github.com/statusbot/statusbot/internal/sandbox/blockkit"
)

// view is a modal or a home tab, as last sent.
type view struct {
	ID    string         `json:"id"`
	Hash  string         `json:"hash"`
	User  string         `json:"user"`
	Shown map[string]any `json:"view"`
}

// maxViews bounds the views kept; past it the store is emptied but for homes.
const maxViews = 1000

// trigger is the right to open one view, for 3 s after somebody acted.
type trigger struct {
	user    string
	expires time.Time
	used    bool
}

// triggerLife is how long a trigger_id may be used.
// https://docs.slack.dev/interactivity/handling-user-interaction
const triggerLife = 3 * time.Second

func (s *state) newTrigger(user string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if len(s.triggers)%256 == 0 { // not each time: there may be thousands
		maps.DeleteFunc(s.triggers, func(_ string, t *trigger) bool { return now.Sub(t.expires) > time.Minute })
	}
	id := "1." + secret()
	s.triggers[id] = &trigger{user: user, expires: now.Add(triggerLife)}
	return id
}

func (s *state) useTrigger(id string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.triggers[id]
	switch {
	case t == nil:
		return "", fail("invalid_trigger_id")
	case t.used:
		return "", fail("exchanged_trigger_id")
	case time.Now().After(t.expires):
		return "", fail("expired_trigger_id")
	}
	t.used = true
	return t.user, nil
}

func (c *call) readView(kinds ...string) (map[string]any, error) {
	raw := c.args["view"]
	if raw == "" {
		return nil, fail("invalid_arguments", "[ERROR] missing required field: view")
	}
	if problems := blockkit.ValidateView(json.RawMessage(raw)); len(problems) > 0 {
		return nil, problemsError("invalid_arguments", problems)
	}
	var shown map[string]any
	if err := json.Unmarshal([]byte(raw), &shown); err != nil {
		return nil, fail("invalid_arguments", "[ERROR] view is not an object")
	}
	for _, k := range kinds {
		if shown["type"] == k {
			return shown, nil
		}
	}
	return nil, fail("invalid_arguments", "[ERROR] this method takes a view of type "+kinds[0]+" [json-pointer:/view/type]")
}

func (s *state) putView(v *view) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.views) >= maxViews {
		homes := map[string]bool{}
		for _, id := range s.homes {
			homes[id] = true
		}
		maps.DeleteFunc(s.views, func(id string, _ *view) bool { return !homes[id] })
	}
	v.Hash = formatTS(time.Now().UnixMicro()) + "." + secret()[:8]
	if v.ID == "" {
		v.ID = "V" + secret()[:10]
	}
	s.views[v.ID] = v
	s.feed.workspace()
	out := maps.Clone(v.Shown)
	out["id"], out["hash"], out["team_id"], out["app_id"], out["bot_id"] = v.ID, v.Hash, TeamID, AppID, BotID
	out["root_view_id"], out["previous_view_id"] = v.ID, nil
	out["state"] = answer{"values": answer{}}
	return answer{"view": out}
}

func viewsOpen(c *call) (answer, error) {
	shown, err := c.readView("modal")
	if err != nil {
		return nil, err
	}
	user, err := c.w.state.useTrigger(c.args["trigger_id"])
	if err != nil {
		return nil, err
	}
	return c.w.state.putView(&view{User: user, Shown: shown}), nil
}

func viewsUpdate(c *call) (answer, error) {
	shown, err := c.readView("modal", "home")
	if err != nil {
		return nil, err
	}
	c.w.state.mu.Lock()
	old := c.w.state.views[c.args["view_id"]]
	c.w.state.mu.Unlock()
	if old == nil {
		return nil, fail("not_found")
	}
	if h := c.args["hash"]; h != "" && h != old.Hash {
		return nil, fail("hash_conflict")
	}
	return c.w.state.putView(&view{ID: old.ID, User: old.User, Shown: shown}), nil
}

func viewsPublish(c *call) (answer, error) {
	u, err := c.w.state.user(c.args["user_id"])
	if err != nil || u.ID != c.args["user_id"] {
		return nil, fail("user_not_found")
	}
	shown, err := c.readView("home")
	if err != nil {
		return nil, err
	}
	c.w.state.mu.Lock()
	id := c.w.state.homes[u.ID]
	old := c.w.state.views[id]
	c.w.state.mu.Unlock()
	if h := c.args["hash"]; h != "" && (old == nil || h != old.Hash) {
		return nil, fail("hash_conflict")
	}
	v := &view{ID: id, User: u.ID, Shown: shown}
	out := c.w.state.putView(v)
	c.w.state.mu.Lock()
	c.w.state.homes[u.ID] = v.ID
	c.w.state.mu.Unlock()
	return out, nil
}

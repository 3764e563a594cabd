package sandbox

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/sandbox/blockkit"
)

// view is a modal or a home tab, as last sent.
type view struct {
	ID   string `json:"id"`
	Hash string `json:"hash"`
	User string `json:"user"`
	// Root is the lowest modal of the stack that it is in, Previous the one
	// that it covers.
	Root     string         `json:"root_view_id"`
	Previous string         `json:"previous_view_id,omitempty"`
	Shown    map[string]any `json:"view"`
	offers   *offers
}

// maxStack is how many modals may cover each other.
// https://docs.slack.dev/surfaces/modals
const maxStack = 3

// trigger is the right to open one view, for 3 s after somebody acted.
type trigger struct {
	user    string
	expires time.Time
	used    bool
}

// triggerLife is how long a trigger_id may be used.
// https://docs.slack.dev/interactivity/handling-user-interaction
const triggerLife = 3 * time.Second

func (w *Workspace) newTrigger(user string) string {
	s := w.state
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if len(s.triggers)%256 == 0 { // not each time: there may be thousands
		maps.DeleteFunc(s.triggers, func(_ string, t *trigger) bool { return now.Sub(t.expires) > time.Minute })
	}
	id := "1." + secret()
	s.triggers[id] = &trigger{user: user, expires: now.Add(w.cfg.TriggerLife)}
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
	if c.args["view"] == "" {
		return nil, fail("invalid_arguments", "[ERROR] missing required field: view")
	}
	return c.w.readView(c.args["view"], kinds...)
}

// readView checks a view, and gives its blocks and elements the ids that
// Slack would give them.
func (w *Workspace) readView(raw string, kinds ...string) (map[string]any, error) {
	if problems := blockkit.ValidateView(json.RawMessage(raw)); len(problems) > 0 {
		return nil, problemsError("invalid_arguments", problems)
	}
	var shown map[string]any
	if err := json.Unmarshal([]byte(raw), &shown); err != nil {
		return nil, fail("invalid_arguments", "[ERROR] view is not an object")
	}
	if !slices.Contains(kinds, stringOf(shown["type"])) {
		return nil, fail("invalid_arguments", "[ERROR] this method takes a view of type "+kinds[0]+" [json-pointer:/view/type]")
	}
	giveIDs(blocksOf(shown))
	return shown, nil
}

// blocksOf are the blocks of a view, to read or to change in place.
func blocksOf(shown map[string]any) []map[string]any {
	list, _ := shown["blocks"].([]any)
	out := make([]map[string]any, 0, len(list))
	for _, b := range list {
		if b, ok := b.(map[string]any); ok {
			out = append(out, b)
		}
	}
	return out
}

// form is the view as the Web API and interactions show it, with what the
// person has filled in.
func (v *view) form(values answer) answer {
	out := answer{
		"id": v.ID, "hash": v.Hash, "team_id": TeamID, "app_id": AppID, "app_installed_team_id": TeamID, "bot_id": BotID, "root_view_id": v.Root, "previous_view_id": nil,
		"title": nil, "close": nil, "submit": nil, "external_id": "", "private_metadata": "", "callback_id": "", "clear_on_close": false, "notify_on_close": false,
		"state": answer{"values": values},
	}
	maps.Copy(out, v.Shown)
	if v.Previous != "" {
		out["previous_view_id"] = v.Previous
	}
	return out
}

// reply is a view as the answer of views.open and its like.
func (v *view) reply() answer { return answer{"view": v.form(v.values(nil))} }

// putViewLocked stores a view under a new hash.
func (s *state) putViewLocked(v *view) {
	v.Hash = formatTS(time.Now().UnixMicro()) + "." + secret()[:8]
	if v.ID == "" {
		v.ID = "V" + secret()[:10]
	}
	if v.Root == "" {
		v.Root = v.ID
	}
	v.offers = &s.offers
	s.views[v.ID] = v
	s.feed.views()
}

func (s *state) externalLocked(id, except string) *view {
	for _, v := range s.views {
		if id != "" && v.Shown["external_id"] == id && v.ID != except {
			return v
		}
	}
	return nil
}

// openModal shows a modal in place of those there are, or on top of them.
func (s *state) openModal(user string, shown map[string]any, push bool) (view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.externalLocked(stringOf(shown["external_id"]), "") != nil {
		return view{}, fail("duplicate_external_id")
	}
	v := &view{User: user, Shown: shown}
	stack := s.modals[user]
	if push {
		switch {
		case len(stack) == 0:
			return view{}, fail("not_found", "[ERROR] there is no open modal to push on")
		case len(stack) >= maxStack:
			return view{}, fail("push_limit_reached")
		}
		v.Root, v.Previous = stack[0], stack[len(stack)-1]
	} else {
		s.dropLocked(user, len(stack))
	}
	s.putViewLocked(v)
	s.modals[user] = append(s.modals[user], v.ID)
	return *v, nil
}

// dropLocked takes away a person's topmost n modals.
func (s *state) dropLocked(user string, n int) []view {
	stack := s.modals[user]
	var gone []view
	for _, id := range slices.Backward(stack[len(stack)-n:]) {
		gone = append(gone, *s.views[id])
		delete(s.views, id)
	}
	s.modals[user] = stack[:len(stack)-n]
	if n > 0 {
		s.feed.views()
	}
	return gone
}

// updateView replaces what a view shows; hash "" is any.
func (s *state) updateView(id, hash string, shown map[string]any) (view, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.views[id]
	switch {
	case old == nil:
		return view{}, fail("not_found")
	case hash != "" && hash != old.Hash:
		return view{}, fail("hash_conflict")
	case s.externalLocked(stringOf(shown["external_id"]), id) != nil:
		return view{}, fail("duplicate_external_id")
	case stringOf(shown["type"]) != stringOf(old.Shown["type"]):
		return view{}, fail("invalid_arguments", "[ERROR] a view cannot change its type [json-pointer:/view/type]")
	}
	v := *old
	v.Shown = shown
	s.putViewLocked(&v)
	return v, nil
}

func (c *call) openView(push bool) (answer, error) {
	shown, err := c.readView("modal")
	if err != nil {
		return nil, err
	}
	user, err := c.w.state.useTrigger(cmp.Or(c.args["trigger_id"], c.args["interactivity_pointer"]))
	if err != nil {
		return nil, err
	}
	v, err := c.w.state.openModal(user, shown, push)
	if err != nil {
		return nil, err
	}
	return v.reply(), nil
}

func viewsOpen(c *call) (answer, error) { return c.openView(false) }
func viewsPush(c *call) (answer, error) { return c.openView(true) }

func viewsUpdate(c *call) (answer, error) {
	shown, err := c.readView("modal", "home")
	if err != nil {
		return nil, err
	}
	id := c.args["view_id"]
	if id == "" {
		c.w.state.mu.Lock()
		if v := c.w.state.externalLocked(c.args["external_id"], ""); v != nil {
			id = v.ID
		}
		c.w.state.mu.Unlock()
	}
	v, err := c.w.state.updateView(id, c.args["hash"], shown)
	if err != nil {
		return nil, err
	}
	return v.reply(), nil
}

func viewsPublish(c *call) (answer, error) {
	u, err := c.w.state.user(c.args["user_id"])
	if err != nil || u.ID != c.args["user_id"] || u.IsBot {
		return nil, fail("user_not_found")
	}
	shown, err := c.readView("home")
	if err != nil {
		return nil, err
	}
	s := c.w.state
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.homes[u.ID]
	old := s.views[id]
	if h := c.args["hash"]; h != "" && (old == nil || h != old.Hash) {
		return nil, fail("hash_conflict")
	}
	if s.externalLocked(stringOf(shown["external_id"]), id) != nil {
		return nil, fail("duplicate_external_id")
	}
	v := &view{ID: id, User: u.ID, Shown: shown}
	s.putViewLocked(v)
	s.homes[u.ID] = v.ID
	return v.reply(), nil
}

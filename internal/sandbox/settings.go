package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/statusbot/statusbot/internal/sandbox/blockkit"
)

// Settings are what an administrator or the app's owner would set in Slack.
type Settings struct {
	// Scopes are those of the bot token.
	Scopes []string `json:"scopes"`
	// Events are the bot events that the app has subscribed to.
	Events []string `json:"events"`
	// RateLimits says whether Slack's limits are in force.
	RateLimits bool `json:"rate_limits"`
	// RefusedBlocks are kinds of block that the workspace does not take, such
	// as data_visualization where it has not been rolled out.
	RefusedBlocks []string `json:"refused_blocks"`
}

// AllScopes are the scopes of a bot token unless others are configured.
// chat:write.public is known too, and lets the bot post where it is no member.
var AllScopes = []string{
	"app_mentions:read", "bookmarks:read", "bookmarks:write", "channels:history", "channels:join", "channels:manage", "channels:read", "chat:write", "chat:write.customize",
	"commands", "files:read", "files:write", "groups:history", "groups:read", "groups:write", "im:history", "im:read", "im:write", "mpim:history", "mpim:read",
	"pins:read", "pins:write", "reactions:read", "reactions:write", "team:read", "usergroups:read", "users:read",
}

const publicScope = "chat:write.public"

// eventScopes :: bot event that the sandbox sends -> scope that it asks for,
// "" for none.
var eventScopes = map[string]string{
	"app_home_opened": "", "app_mention": "app_mentions:read", "channel_archive": "channels:read", "channel_unarchive": "channels:read", "channel_left": "channels:read",
	"group_archive": "groups:read", "group_unarchive": "groups:read", "group_left": "groups:read",
	"member_joined_channel": "channels:read", "member_left_channel": "channels:read", "message.channels": "channels:history",
	"message.groups": "groups:history", "message.im": "im:history", "pin_added": "pins:read", "pin_removed": "pins:read", "reaction_added": "reactions:read", "reaction_removed": "reactions:read",
}

// defaultEvents are the subscriptions unless others are configured. Messages
// in channels are not among them.
var defaultEvents = []string{
	"app_home_opened", "app_mention", "channel_archive", "channel_left", "channel_unarchive", "group_archive", "group_left", "group_unarchive",
	"member_joined_channel", "member_left_channel", "message.im", "reaction_added", "reaction_removed",
}

// settingsBox holds the settings in force.
type settingsBox struct {
	mu  sync.Mutex
	now Settings
}

func (b *settingsBox) get() Settings {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.now
	s.Scopes, s.Events, s.RefusedBlocks = slices.Clone(s.Scopes), slices.Clone(s.Events), slices.Clone(s.RefusedBlocks)
	return s
}

func (b *settingsBox) has(scope string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.now.Scopes, scope)
}

// provided is the scopes as the header and the errors name them.
func (b *settingsBox) provided() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.now.Scopes, ",")
}

func (b *settingsBox) rateLimits() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now.RateLimits
}

func (b *settingsBox) refuses(kind string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Contains(b.now.RefusedBlocks, kind)
}

// subscribed says whether the app gets this event: it asked for it, and may.
func (b *settingsBox) subscribed(event string) bool {
	scope := eventScopes[event]
	return (scope == "" || b.has(scope)) && slices.Contains(b.get().Events, event)
}

// SettingsChange is a change of Settings: what is nil stays as it is.
type SettingsChange struct {
	Scopes *[]string `json:"scopes,omitempty"`
	// Without takes scopes away from those there are.
	Without       []string  `json:"without,omitempty"`
	Events        *[]string `json:"events,omitempty"`
	RateLimits    *bool     `json:"rate_limits,omitempty"`
	RefusedBlocks *[]string `json:"refused_blocks,omitempty"`
}

// Change changes the settings while the workspace runs; the error names what
// is not known, and then nothing is changed.
func (w *Workspace) Change(in SettingsChange) (Settings, error) {
	w.settings.mu.Lock()
	s := w.settings.now
	w.settings.mu.Unlock()
	if in.Scopes != nil {
		s.Scopes = slices.Clone(*in.Scopes)
	}
	s.Scopes = slices.DeleteFunc(slices.Clone(s.Scopes), func(scope string) bool { return slices.Contains(in.Without, scope) })
	if in.Events != nil {
		s.Events = slices.Clone(*in.Events)
	}
	if in.RateLimits != nil {
		s.RateLimits = *in.RateLimits
	}
	if in.RefusedBlocks != nil {
		s.RefusedBlocks = slices.Clone(*in.RefusedBlocks)
	}
	if err := s.check(append(slices.Clone(s.Scopes), in.Without...)); err != nil {
		return Settings{}, err
	}
	w.settings.mu.Lock()
	w.settings.now = s
	w.settings.mu.Unlock()
	w.feed.workspace()
	return w.settings.get(), nil
}

func (s Settings) check(scopes []string) error {
	for _, scope := range scopes {
		if scope != publicScope && !slices.Contains(AllScopes, scope) {
			return fmt.Errorf("scope %q is not known: there are %s, %s", scope, strings.Join(AllScopes, ", "), publicScope)
		}
	}
	for _, event := range s.Events {
		if _, ok := eventScopes[event]; !ok {
			return fmt.Errorf("the sandbox sends no event %q", event)
		}
	}
	for _, kind := range s.RefusedBlocks {
		if !blockkit.Known(kind) {
			return fmt.Errorf("there is no block of type %q", kind)
		}
	}
	return nil
}

func (w *Workspace) controlSettings(_ *http.Request, in SettingsChange) (any, error) {
	s, err := w.Change(in)
	return answer{"ok": true, "settings": s}, err
}

func (w *Workspace) controlSettingsNow(rw http.ResponseWriter, _ *http.Request) {
	controlOK(rw, answer{"ok": true, "settings": w.settings.get(), "all_scopes": append(slices.Clone(AllScopes), publicScope), "default_events": defaultEvents})
}

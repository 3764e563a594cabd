package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/bot"
	"github.com/statusbot/statusbot/internal/publish/publishtest"
	"github.com/statusbot/statusbot/internal/sandbox"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

func TestFeaturesOfAPolicy(t *testing.T) {
	names := func(list []bot.Feature) string {
		var out []string
		for _, f := range list {
			out = append(out, f.Name)
		}
		return strings.Join(out, " ")
	}
	open := byDefault()
	open.Guests = bot.GuestsEverything
	byGroup := byDefault()
	byGroup.Respond.Groups = []string{"@oncall"}
	const least = "commands updates mentions direct-messages home channels private-channels lost-answers"
	for _, tt := range []struct {
		policy bot.Policy
		named  []string
		want   string
	}{
		{open, nil, least + " files"},
		{byDefault(), nil, least + " guests files"},
		{byGroup, nil, least + " guests files groups"},
		{open, []string{"groups"}, least + " files groups"},
	} {
		if got := names(bot.FeaturesOf(tt.policy, tt.named...)); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	all := bot.FeaturesOf(byGroup)
	if got := names(bot.MissingFeatures(all, []string{"commands", "chat:write", "app_mentions:read", "im:history", "channels:read", "channels:history", "groups:read", "users:read"})); got != "private-channels files groups" {
		t.Errorf("missing: %s", got)
	}
	for _, f := range bot.Features {
		if f.Why == "" || !strings.HasSuffix(f.Without, ".") || len(f.Scopes)+len(f.Events) == 0 {
			t.Errorf("%s does not say what it is for, or what is so without it", f.Name)
		}
	}
}

// TestAMissingScopeTurnsAFeatureOff: sign-in learns the scopes. Without the
// history a post whose answer was lost is made again, instead of never.
func TestAMissingScopeTurnsAFeatureOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t, publishtest.Acme(), sandbox.Config{NoRateLimit: true})
	ctx := limit(t)
	if scopes, known := h.api.Scopes(); !known || !slices.Contains(scopes, "channels:history") || !h.api.May("lost-answers") {
		t.Fatalf("scopes %v, %v", scopes, known)
	}
	_, err := h.c.Settings(ctx, sandboxtest.SettingsChange{Without: []string{"channels:history", "users:read"}})
	check(t, err)
	check(t, h.api.Check(ctx))
	if h.api.May("lost-answers") || h.api.May("guests") || !h.api.May("channels") {
		t.Error("what is off is not known after sign-in")
	}
	h.puts(t, put{n: 1})
	check(t, h.c.Faults(ctx, sandboxtest.Fault{Mode: "lost_answer", Methods: []string{"chat.postMessage"}, Count: 1}))
	h.poster(t, func(p *bot.Poster) { p.SetUnansweredWait(10 * time.Millisecond) })
	until(t, "it is posted again", func() bool { return len(h.calls(t, "chat.postMessage")) == 2 && len(h.posts(t, channel)) == 2 })
	if n := len(h.calls(t, "conversations.history")); n != 1 {
		t.Errorf("it looked %d times, want once", n)
	}
}

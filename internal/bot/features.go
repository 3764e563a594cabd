package bot

import (
	"net/http"
	"slices"
	"strings"
)

// Feature is something that the bot can do only if its app may: what it needs
// of Slack, and what becomes of it without. The manifest asks for the scopes
// and events of the features that are wanted; a feature whose scopes are
// missing is off, which sign-in says in the log and `doctor` on the terminal.
type Feature struct {
	Name    string
	Scopes  []string // of the bot token; all of them; none: an event is enough
	Events  []string // bot events that the app subscribes to
	Why     string   // completes "the scope is there ..."
	Without string   // what is so without it: a sentence
	Needed  bool     // the bot is of no use without it
	Extra   bool     // not wanted unless asked for
}

// Features are all of them, those that are needed first.
var Features = []Feature{
	{Name: "commands", Scopes: []string{"commands"}, Needed: true,
		Why: "for the slash command", Without: "The slash command does not exist."},
	{Name: "updates", Scopes: []string{"chat:write"}, Needed: true,
		Why: "for updates and answers", Without: "Nothing can be posted."},
	{Name: "mentions", Scopes: []string{"app_mentions:read"}, Events: []string{"app_mention"},
		Why:     "to be asked in threads, where slash commands do not work",
		Without: "Mentions of the bot are not answered, so it cannot be asked in threads."},
	{Name: "direct-messages", Scopes: []string{"im:history"}, Events: []string{"message.im"},
		Why:     "to be asked in a direct message",
		Without: "What people type to the bot in a direct message is not answered; the slash command works there."},
	{Name: "home", Events: []string{"app_home_opened"},
		Why:     "to show the board on the app's Home tab",
		Without: "The app's Home tab stays empty."},
	{Name: "channels", Scopes: []string{"channels:read"},
		Why:     "to find updates.channel by its name, and to see who is in a channel before something is changed there",
		Without: "updates.channel is not found by its name, and channel_members may change nothing in public channels."},
	{Name: "private-channels", Scopes: []string{"groups:read", "groups:history"},
		Why:     "for the same in private channels that the bot is invited to",
		Without: "Private channels are not found by name, channel_members may change nothing there, and a post there whose answer was lost may come twice."},
	{Name: "lost-answers", Scopes: []string{"channels:history"},
		Why:     "to find its own message again when an answer of Slack's was lost, instead of posting it twice",
		Without: "A post whose answer was lost may come twice."},
	{Name: "guests", Scopes: []string{"users:read"},
		Why:     "to tell guests and people of other workspaces apart (access.guests)",
		Without: "Nobody may change anything but those whom access names, as anybody might be a guest; access.guests: everything asks nobody who they are."},
	{Name: "files", Scopes: []string{"files:write"},
		Why:     "to share the report and the sources as files, and pictures where the workspace takes no charts",
		Without: "The report and the sources are answered in short instead of as files, and there are no pictures where the workspace takes no charts."},
	{Name: "pins", Scopes: []string{"pins:write"}, Extra: true,
		Why:     "to keep the first message of an incident's thread pinned to the channel while it is open (updates.mode: thread)",
		Without: "Nothing is pinned; updates come all the same."},
	{Name: "reactions", Scopes: []string{"reactions:read"}, Events: []string{"reaction_added"}, Extra: true,
		Why:     "to have updates more or less often by an emoji on them",
		Without: "An emoji on an update changes nothing; the buttons and the command do."},
	{Name: "groups", Scopes: []string{"usergroups:read"}, Extra: true,
		Why:     "to see who is in the user groups that access and on_call name",
		Without: "User groups that access names may do nothing, and who is on call in one is not told."},
}

// MissingFeatures returns those of the wanted features that a token with these
// scopes is not enough for.
func MissingFeatures(wanted []Feature, scopes []string) []Feature {
	var out []Feature
	for _, f := range wanted {
		if len(f.Lacks(scopes)) > 0 {
			out = append(out, f)
		}
	}
	return out
}

// Lacks returns the feature's scopes that are not among those.
func (f Feature) Lacks(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(f.Scopes), func(s string) bool { return slices.Contains(scopes, s) })
}

// FeaturesOf returns the features that a policy wants, and those that are
// named besides.
func FeaturesOf(p Policy, named ...string) []Feature {
	groups := len(p.Read.Groups)+len(p.Write.Groups)+len(p.Respond.Groups) > 0
	var out []Feature
	for _, f := range Features {
		wanted := !f.Extra
		switch f.Name {
		case "guests":
			wanted = p.Guests != GuestsEverything
		case "groups":
			wanted = groups
		}
		if wanted || slices.Contains(named, f.Name) {
			out = append(out, f)
		}
	}
	return out
}

// Scopes returns what Slack says the bot token may do, as of the last sign-in;
// false if it has not said.
func (a *API) Scopes() ([]string, bool) {
	s := a.scopes.Load()
	if s == nil {
		return nil, false
	}
	return *s, true
}

// May says whether the bot may use a feature: false once Slack has said that a
// scope of it is missing.
func (a *API) May(feature string) bool {
	scopes, known := a.Scopes()
	for _, f := range Features {
		if f.Name == feature {
			return !known || len(f.Lacks(scopes)) == 0
		}
	}
	return false // unreachable unless a name is misspelt
}

// scopesOf reads the header in which Slack lists a token's scopes; nil if it
// is not there.
func scopesOf(head http.Header) []string {
	var out []string
	for s := range strings.SplitSeq(head.Get("X-OAuth-Scopes"), ",") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

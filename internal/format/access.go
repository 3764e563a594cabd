package format

import (
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/lazy"
)

// Can is who may do something in Slack.
type Can struct {
	Everyone bool     // of the workspace
	Members  bool     // of a channel
	Channel  string   // id of that channel; empty: the one where it was asked
	Groups   []string // user groups: ids, or handles with their "@"
	Users    []string // ids
}

var groupID = lazy.Compile(`^S[A-Z0-9]{2,31}$`)

// people lists them in words, "nobody" for none.
func (c Can) people() string {
	var list []string
	if c.Everyone {
		list = append(list, "people of this workspace")
	}
	if c.Members {
		where := "this channel"
		if text.UserID.MatchString(c.Channel) {
			where = "<#" + c.Channel + ">"
		}
		list = append(list, "members of "+where)
	}
	for _, g := range c.Groups {
		if groupID.MatchString(g) {
			list = append(list, "<!subteam^"+g+">") // nobody is notified: only the person who asked sees it
		} else {
			list = append(list, text.Escape(g, 80))
		}
	}
	for _, u := range c.Users {
		list = append(list, text.Mention(u))
	}
	switch n := len(list); n {
	case 0:
		return "nobody"
	case 1:
		return list[0]
	default:
		const most = 8
		if n > most {
			list = append(list[:most], text.Count(n-most)+" more")
		}
		return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
	}
}

// NotAllowed answers a person who may not do something: who can. does is what,
// and completes "Only @oncall can ...".
func NotAllowed(does string, can Can) Message {
	next := "Ask one of them."
	if can.Members && can.Channel == "" {
		next = "Join the channel, or ask one of them."
	}
	return say("Only "+can.people()+" can "+does+".", next)
}

// NotForGuests answers a guest of the workspace, or somebody of another one.
func NotForGuests(does string, can Can, summaryToo bool) Message {
	rest := ""
	if summaryToo {
		rest = "Where updates come, guests can ask for the summary's line."
	}
	return say("Guests and people of other workspaces cannot "+does+" here.", text.Capital(can.people())+" can: ask one of them.", rest)
}

// NotKnown answers when Slack did not tell what the decision needs; what is
// that, as in "whether you are in this channel".
func NotKnown(what, does string, can Can) Message {
	return say("Slack did not say "+what+", so nothing was changed.", "Try again in a minute. "+text.Capital(can.people())+" can "+does+".")
}

// NoScope answers when the app may not ask Slack what the decision needs.
func NoScope(what, scope, does string, can Can) Message {
	return say("statusbot may not ask Slack "+what+", so nothing was changed.",
		"Its operator gives its app the scope "+text.Code(scope, 40)+". "+text.Capital(can.people())+" can "+does+".")
}

// NotInChannel answers when the bot cannot see who is in the channel.
func NotInChannel(does string) Message {
	return say("statusbot is not in this channel and cannot see who is, so nothing was changed.", "Type "+text.Code("/invite @statusbot", 40)+" here, then "+does+" again.")
}

// Line is the one sentence of a summary, for those who may see no more.
func Line(m Message) Message { return say(m.Text) }

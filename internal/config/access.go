package config

import (
	"fmt"
	"strings"

	"github.com/statusbot/statusbot/internal/lazy"
)

// Access says who may do what in Slack.
type Access struct {
	Read    Who    // ask how things are
	Write   Who    // change a channel's updates and its incident
	Respond Who    // change what everybody is told: mute, add a check, approve one
	Guests  string // what guests and people of other workspaces may do unless they are named: one of Guests...
}

// Who is some of the people of a workspace.
type Who struct {
	Everyone bool     // of the workspace
	Members  bool     // of the channel in question
	Users    []string // ids, U... or W...
	Groups   []string // user groups: ids, S..., or handles with their "@"
}

// What guests may do.
const (
	GuestsNothing    = "nothing"
	GuestsSummary    = "summary" // the summary's line, in a channel with updates
	GuestsRead       = "read"    // whatever access.read lets them
	GuestsEverything = "everything"
)

type rawAccess struct {
	Read    []string `mapstructure:"read"`
	Write   []string `mapstructure:"write"`
	Respond []string `mapstructure:"respond"`
	Guests  string   `mapstructure:"guests"`
}

const (
	accessEveryone = "everyone"
	accessMembers  = "channel_members"
)

var (
	slackUserID  = lazy.Compile(`^[UW][A-Z0-9]{2,30}$`)
	slackGroupID = lazy.Compile(`^S[A-Z0-9]{2,30}$`)
	groupHandle  = lazy.Compile(`^@[a-z0-9._-]{1,80}$`)
)

func (s *settings) access() Access {
	raw := s.raw.Access
	return Access{
		Read:    s.who("access.read", raw.Read),
		Write:   s.who("access.write", raw.Write),
		Respond: s.who("access.respond", raw.Respond),
		Guests:  s.oneOf("access.guests", raw.Guests, GuestsSummary, GuestsNothing, GuestsRead, GuestsEverything),
	}
}

func (s *settings) who(key string, list []string) Who {
	var out Who
	for _, one := range list {
		switch one = strings.TrimSpace(one); {
		case one == accessEveryone:
			out.Everyone = true
		case one == accessMembers:
			out.Members = true
		case slackUserID.MatchString(one):
			out.Users = append(out.Users, one)
		case slackGroupID.MatchString(one), groupHandle.MatchString(one):
			out.Groups = append(out.Groups, one)
		default:
			instead := `write everyone, channel_members, the id of a person (U...), or a user group ("@oncall", or its id S...)`
			if best := nearest(one, []string{accessEveryone, accessMembers}); best != "" {
				instead = fmt.Sprintf("did you mean %q?", best)
			} else if groupHandle.MatchString("@"+one) && !looksLikeToken(one) {
				instead = fmt.Sprintf(`a user group is written "@%s", with the quotes`, one)
			}
			s.note(key, fmt.Sprintf("%q names nobody", clip(one)), instead)
		}
	}
	if len(list) == 0 {
		s.note(key, "is empty, so nobody could", "write everyone, channel_members, people or user groups, or remove the key")
	}
	return out
}

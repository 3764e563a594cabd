package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// User is one person, or the bot.
type User struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	RealName string `json:"real_name"`
	TZ       string `json:"tz"` // IANA name
	IsBot    bool   `json:"is_bot"`
	IsAdmin  bool   `json:"is_admin,omitempty"`
	// IsRestricted is a guest; IsUltraRestricted one of a single channel, who
	// has both marks, as in Slack.
	IsRestricted      bool `json:"is_restricted,omitempty"`
	IsUltraRestricted bool `json:"is_ultra_restricted,omitempty"`
	// TeamID is set for somebody of another workspace, who is met in shared
	// channels (Slack Connect).
	TeamID string `json:"team_id,omitempty"`
	// Channels are the names of the channels that the person is in; every one
	// if empty. Later channels they are invited to.
	Channels []string `json:"-"`
}

// stranger says that the person is of another workspace.
func (u User) stranger() bool { return u.TeamID != "" && u.TeamID != TeamID }

func (u User) team() string { return cmp.Or(u.TeamID, TeamID) }

// Group is a user group, mentioned as @handle.
type Group struct {
	ID     string   `json:"id"`
	Handle string   `json:"handle"`
	Name   string   `json:"name"`
	Users  []string `json:"users"` // ids
}

// defaultUsers are the people of an unconfigured workspace: an admin and a
// member in New York, a member in Kolkata (so that times in two zones are
// seen), a guest, a guest of one channel, and somebody of another workspace.
func defaultUsers() []User {
	return []User{
		{ID: "U0ANA0001", Name: "ana", RealName: "Ana Ruiz", TZ: "America/New_York", IsAdmin: true},
		{ID: "U0BEN0001", Name: "ben", RealName: "Ben Okoro", TZ: "America/New_York"},
		{ID: "U0CHA0001", Name: "chandra", RealName: "Chandra Rao", TZ: "Asia/Kolkata"},
		{ID: "U0GAB0001", Name: "gabi", RealName: "Gabi Lind", TZ: "Europe/Berlin", IsRestricted: true},
		{ID: "U0HUG0001", Name: "hugo", RealName: "Hugo Tan", TZ: "Asia/Singapore", IsRestricted: true, IsUltraRestricted: true, Channels: []string{"incident-demo"}},
		{ID: "U0XEN0001", Name: "xenia", RealName: "Xenia Moreau", TZ: "Europe/Paris", TeamID: "T0PARTNER", Channels: []string{"general"}},
	}
}

// defaultGroups are the user groups of an unconfigured workspace.
func defaultGroups() []Group {
	return []Group{
		{ID: "S0ONCALL01", Handle: "oncall", Name: "On call", Users: []string{"U0BEN0001", "U0CHA0001"}},
		{ID: "S0LEADS001", Handle: "leads", Name: "Engineering leaders", Users: []string{"U0ANA0001"}},
	}
}

func checkPeople(users []User, groups []Group) error {
	seen := map[string]bool{BotUserID: true, slackbotID: true, "statusbot": true, "slackbot": true}
	for _, u := range users {
		if len(u.ID) < 2 || u.Name == "" {
			return fmt.Errorf("user %q: both id and name are needed", u.ID+u.Name)
		}
		if seen[u.ID] || seen[u.Name] {
			return fmt.Errorf("user %q: id or name is taken", u.Name)
		}
		seen[u.ID], seen[u.Name] = true, true
		if _, err := time.LoadLocation(u.TZ); err != nil {
			return fmt.Errorf("user %q: %w", u.Name, err)
		}
	}
	for _, g := range groups {
		if g.ID == "" || g.Handle == "" || seen[g.ID] || seen[g.Handle] {
			return fmt.Errorf("group %q: id and handle are needed, and must not be taken", g.ID+g.Handle)
		}
		seen[g.ID], seen[g.Handle] = true, true
		for _, id := range g.Users {
			if !slices.ContainsFunc(users, func(u User) bool { return u.ID == id }) {
				return fmt.Errorf("group %q: no user has the id %q", g.Handle, id)
			}
		}
	}
	return nil
}

// outsiders are the ids of those whom a new channel of that name leaves out.
func (w *Workspace) outsiders(name string) []string {
	var out []string
	for _, u := range w.cfg.Users {
		if len(u.Channels) > 0 && !slices.Contains(u.Channels, name) {
			out = append(out, u.ID)
		}
	}
	return out
}

// has says whether a person, or the bot, is in the channel.
func (c channel) has(id string) bool {
	switch {
	case id == BotUserID:
		return c.Bot
	case c.IM:
		return c.User == id
	}
	return !slices.Contains(c.Out, id)
}

// members are the ids of those in a channel.
func (w *Workspace) members(c channel) []string {
	ids := []string{}
	for _, u := range w.state.users {
		if c.has(u.ID) {
			ids = append(ids, u.ID)
		}
	}
	return ids
}

// teams are the workspaces whose people are in the channel.
func (w *Workspace) teams(c channel) []string {
	ids := []string{TeamID}
	for _, u := range w.state.users {
		if c.has(u.ID) && !slices.Contains(ids, u.team()) {
			ids = append(ids, u.team())
		}
	}
	return ids
}

// shared says that somebody of another workspace is in the channel.
func (w *Workspace) shared(c channel) bool {
	return slices.ContainsFunc(w.state.users, func(u User) bool { return u.stranger() && c.has(u.ID) })
}

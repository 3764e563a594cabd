package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slack-go/slack"

	"github.com/statusbot/statusbot/internal/lazy"
)

// channelPage is how many channels are asked for at once: the most that Slack
// gives, so that a workspace of 5,000 takes six calls of the twenty a minute.
const channelPage = 1000

// channelID is what Slack's ids of channels look like; names have no capitals.
var channelID = lazy.Compile(`^[CG][A-Z0-9]{7,}$`)

// Channel returns the id of a channel by name or id. It rests as long as Slack
// wants it to and goes on where it was, until ctx ends.
func (a *API) Channel(ctx context.Context, name string) (string, error) {
	name = strings.TrimPrefix(name, "#")
	if channelID.MatchString(name) {
		return a.channelByID(ctx, name)
	}
	kinds := []string{"public_channel", "private_channel"}
	if scopes, known := a.Scopes(); known && !slices.Contains(scopes, "groups:read") {
		kinds = kinds[:1]
	}
	id, err := a.channelByName(ctx, name, kinds)
	if codeOf(err) == "missing_scope" && len(kinds) > 1 { // private channels are off, the others are not
		id, err = a.channelByName(ctx, name, kinds[:1])
	}
	if err == nil || errors.Is(err, ErrRefused) {
		return id, err
	}
	return "", fmt.Errorf("list channels: %w", classify(err))
}

// channelByID asks for one channel, at once. Without the scope to read it the
// id is believed: whether the bot may post there shows when it does.
func (a *API) channelByID(ctx context.Context, id string) (string, error) {
	var found string
	err := a.patiently(ctx, func() error {
		c, err := a.web.GetConversationInfoContext(ctx, &slack.GetConversationInfoInput{ChannelID: id})
		if err == nil {
			found = c.ID
		}
		return err
	})
	switch codeOf(err) {
	case "missing_scope":
		return id, nil
	case "channel_not_found":
		return "", noChannel(id)
	}
	if err != nil {
		return "", fmt.Errorf("look for the channel: %w", classify(err))
	}
	return found, nil
}

func (a *API) channelByName(ctx context.Context, name string, kinds []string) (id string, err error) {
	err = a.eachWorkspace(ctx, func(team string) (bool, error) {
		var err error
		id, err = a.channelIn(ctx, team, name, kinds)
		return id != "", err
	})
	if err == nil && id == "" {
		return "", noChannel(name) // no workspace lets the app in
	}
	return id, err
}

// channelIn looks through the channels of a workspace; of the only one where team is
// empty.
func (a *API) channelIn(ctx context.Context, team, name string, kinds []string) (string, error) {
	p := &slack.GetConversationsParameters{ExcludeArchived: true, Limit: channelPage, Types: kinds, TeamID: team}
	for {
		var list []slack.Channel
		var next string
		err := a.patiently(ctx, func() (err error) {
			list, next, err = a.web.GetConversationsContext(ctx, p)
			return err
		})
		if err != nil {
			return "", err
		}
		for _, c := range list {
			if c.Name == name || c.ID == name {
				return c.ID, nil
			}
		}
		if next == "" || next == p.Cursor {
			return "", noChannel(name)
		}
		p.Cursor = next
	}
}

func noChannel(name string) error {
	return fmt.Errorf("%w: no channel %q that the bot can see; invite it there", ErrRefused, name)
}

// patiently makes a call, and makes it again when Slack has it wait, until ctx
// ends.
func (a *API) patiently(ctx context.Context, call func() error) error {
	rest := a.rest
	if rest == nil {
		rest = wait
	}
	for {
		err := call()
		l, limits := errors.AsType[*limited](classify(err))
		if !limits || !rest(ctx, l.after) {
			return err
		}
	}
}

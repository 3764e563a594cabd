package bot

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
	"go.uber.org/zap"
)

// How long what Slack said of a person counts. A no is asked again sooner: who
// has just joined a channel, or goes on call, is not to wait. While Slack does
// not answer, what it said within the hour goes on to count.
const (
	yesFor   = 5 * time.Minute
	noFor    = 15 * time.Second
	staleFor = time.Hour
	quietly  = 5 * time.Second // without a question of that kind after one that Slack did not answer
	mostKept = 4096            // facts, about 150 bytes each
)

// mostMembers bounds the search for one person in a channel: ten pages.
const (
	mostMembers = 10
	memberPage  = 1000 // the most that conversations.members gives
)

// People answers what Slack knows of people, with a small memory.
type People struct {
	API *API
	Log *zap.Logger
	Now func() time.Time

	mu     sync.Mutex
	known  map[question]told
	quiet  map[string]silence // :: kind of question -> when it may be asked again
	told   uint64             // answers of Slack's
	warned map[string]bool    // :: what was said in the log once
}

// question is one that is answered with yes or no.
type question struct {
	kind  string // users.info, conversations.members, usergroups.users.list
	place string // channel or group
	user  string
}

type told struct {
	yes bool
	at  time.Time
}

type silence struct {
	until time.Time
	why   error
}

// own says whether a person is a full member of our workspace. team is the
// workspace that the envelope names, if any.
func (p *People) own(ctx context.Context, user, team string) (fact, error) {
	if ours := p.API.team.Load(); ours != nil && ours.Enterprise == "" && team != "" && team != ours.ID {
		return no, nil // said by Slack itself, with the act
	}
	return p.ask(ctx, question{kind: "users.info", user: user}, func(ctx context.Context) (bool, error) { return p.API.ownMember(ctx, user) })
}

// inChannel says whether a person is in a channel. Everybody is in the direct
// conversation in which they speak, but it stands for no channel where others
// are concerned.
func (p *People) inChannel(ctx context.Context, channel, user string, others bool) (fact, error) {
	if strings.HasPrefix(channel, "D") {
		if others {
			return no, nil
		}
		return yes, nil
	}
	return p.ask(ctx, question{kind: "conversations.members", place: channel, user: user}, func(ctx context.Context) (bool, error) {
		return p.API.inChannel(ctx, channel, user)
	})
}

// inGroups says whether a person is in one of some user groups.
func (p *People) inGroups(ctx context.Context, groups []string, user string) (fact, error) {
	all, why := no, error(nil)
	for _, g := range groups {
		f, err := p.ask(ctx, question{kind: "usergroups.users.list", place: g, user: user}, func(ctx context.Context) (bool, error) {
			return p.API.inGroup(ctx, g, user)
		})
		switch f {
		case yes:
			return yes, nil
		case unsure:
			all, why = unsure, err
		}
	}
	return all, why
}

// ask answers from memory, or asks Slack. The error says why it is unsure.
func (p *People) ask(ctx context.Context, q question, slackSays func(context.Context) (bool, error)) (fact, error) {
	now := p.Now()
	p.mu.Lock()
	last, known := p.known[q]
	hush := p.quiet[q.kind]
	p.mu.Unlock()
	fresh := noFor
	if last.yes {
		fresh = yesFor
	}
	if age := now.Sub(last.at); known && age < fresh {
		return factOf(last.yes), nil
	}
	err := hush.why
	if !now.Before(hush.until) {
		var is bool
		if is, err = slackSays(ctx); err == nil {
			p.keep(q, told{is, now})
			return factOf(is), nil
		}
		p.failed(q, err, now)
	}
	if known && now.Sub(last.at) < staleFor {
		return factOf(last.yes), nil
	}
	return unsure, err
}

func factOf(b bool) fact {
	if b {
		return yes
	}
	return no
}

func (p *People) keep(q question, t told) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[question]told{}
	}
	if _, there := p.known[q]; !there && len(p.known) >= mostKept {
		for k, old := range p.known {
			if t.at.Sub(old.at) > yesFor {
				delete(p.known, k)
			}
		}
		for k := range p.known { // any: it is asked again
			if len(p.known) < mostKept {
				break
			}
			delete(p.known, k)
		}
	}
	p.known[q], p.told = t, p.told+1
	delete(p.quiet, q.kind)
}

// failed says in the log why Slack does not tell, and spares it when the same
// is true of everybody.
func (p *People) failed(q question, err error, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := codeOf(err)
	key := q.kind + code
	if p.warned == nil {
		p.warned, p.quiet = map[string]bool{}, map[string]silence{}
	}
	if !p.warned[key] {
		p.warned[key] = code == "missing_scope" // said once; what comes and goes is said each time
		p.Log.Warn("Slack does not say who may act", zap.String("method", q.kind), zap.String("place", q.place), zap.Error(classify(err)))
	}
	wait := time.Duration(0)
	if l, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		wait = l.RetryAfter
	} else if code == "missing_scope" || errors.Is(classify(err), ErrUnsure) {
		wait = quietly
	}
	if wait > 0 {
		p.quiet[q.kind] = silence{now.Add(wait), err}
	}
}

// codeOf returns Slack's word for what is wrong, or nothing.
func codeOf(err error) string {
	e, _ := errors.AsType[slack.SlackErrorResponse](err)
	return e.Err
}

// scopeOf names the scope that is missing: Slack tells it, or it follows from
// the question.
func scopeOf(err error, f facts) string {
	if e, ok := errors.AsType[slack.SlackErrorResponse](err); ok && e.Needed != "" {
		first, _, _ := strings.Cut(e.Needed, ",") // any of them would do
		return first
	}
	switch {
	case f.channel == unsure:
		return "channels:read"
	case f.group == unsure:
		return "usergroups:read"
	}
	return "users:read"
}

// team is the workspace of the bot.
type team struct {
	ID         string
	Enterprise string // organisation of several workspaces; empty if it is in none
}

// ownMember asks who somebody is.
func (a *API) ownMember(ctx context.Context, user string) (bool, error) {
	u, err := a.web.GetUserInfoContext(ctx, user)
	switch codeOf(err) {
	case "user_not_found", "user_not_visible":
		return false, nil // of another workspace, and not shown to us
	}
	if err != nil {
		return false, err
	}
	if u.Deleted || u.IsRestricted || u.IsUltraRestricted || u.IsStranger {
		return false, nil
	}
	ours := a.team.Load()
	if ours == nil { // Slack has come back, and signing in still waits for its next try
		if err := a.Check(ctx); err != nil {
			return false, err
		}
		ours = a.team.Load()
	}
	sameOrganisation := ours.Enterprise != "" && u.Enterprise.EnterpriseID == ours.Enterprise
	return u.TeamID == ours.ID || sameOrganisation, nil
}

// inChannel looks for a person among a channel's members.
func (a *API) inChannel(ctx context.Context, channel, user string) (bool, error) {
	p := &slack.GetUsersInConversationParameters{ChannelID: channel, Limit: memberPage}
	for range mostMembers {
		ids, next, err := a.web.GetUsersInConversationContext(ctx, p)
		if err != nil {
			return false, err
		}
		if slices.Contains(ids, user) {
			return true, nil
		}
		if next == "" {
			return false, nil
		}
		p.Cursor = next
	}
	return false, errors.New("the channel has more members than are looked through")
}

// inGroup looks for a person in a user group, by its id or "@handle".
func (a *API) inGroup(ctx context.Context, group, user string) (bool, error) {
	ids, err := a.groupMembers(ctx, group)
	return slices.Contains(ids, user), err
}

// Named returns people whom a policy names, themselves or by user group, at
// most mostAsked of them. Groups that cannot be looked into count for nobody.
func (a *API) Named(ctx context.Context, who Who) []string {
	ctx, cancel := bounded(ctx, lookupBound)
	defer cancel()
	people := slices.Clone(who.Users)
	for _, g := range who.Groups {
		if ids, err := a.groupMembers(ctx, g); err == nil {
			people = append(people, ids...)
		}
	}
	slices.Sort(people)
	people = slices.Compact(people)
	return people[:min(len(people), mostAsked)]
}

// groupMembers are those of a user group, by its id or handle.
func (a *API) groupMembers(ctx context.Context, group string) (members []string, err error) {
	err = a.eachWorkspace(ctx, func(team string) (bool, error) {
		var err error
		members, err = a.groupMembersIn(ctx, team, group)
		return err == nil, err
	})
	if err == nil && members == nil {
		err = errNoGroup // no workspace lets the app in
	}
	return members, err
}

// groupMembersIn does so in a workspace; in the only one where team is empty.
func (a *API) groupMembersIn(ctx context.Context, team, group string) ([]string, error) {
	id := group
	if handle, ok := strings.CutPrefix(group, "@"); ok {
		list, err := a.web.GetUserGroupsContext(ctx, slack.GetUserGroupsOptionTeamID(team))
		if err != nil {
			return nil, err
		}
		id = ""
		for _, g := range list {
			if g.Handle == handle {
				id = g.ID
			}
		}
		if id == "" {
			return nil, errNoGroup
		}
	}
	ids, err := a.web.GetUserGroupMembersContext(ctx, id, slack.GetUserGroupMembersOptionTeamID(team))
	if err == nil && ids == nil {
		ids = []string{}
	}
	return ids, err
}

// userGroups are those of all workspaces.
func (a *API) userGroups(ctx context.Context) (all []slack.UserGroup, err error) {
	err = a.eachWorkspace(ctx, func(team string) (bool, error) {
		list, err := a.web.GetUserGroupsContext(ctx, slack.GetUserGroupsOptionTeamID(team))
		all = append(all, list...)
		return false, err
	})
	return all, err
}

// mostOfGroup bounds the people of a user group that are named; more are counted.
const mostOfGroup = 3

// GroupNames returns what the members of a user group are called, for people to
// read; why says in a clause why that is not known.
func (a *API) GroupNames(ctx context.Context, group string) (names []string, why string) {
	ids, err := a.groupMembers(ctx, group)
	switch {
	case errors.Is(err, errNoGroup), codeOf(err) == "no_such_subteam", codeOf(err) == "subteam_not_found":
		return nil, "there is no such user group"
	case codeOf(err) == "missing_scope":
		return nil, "the Slack app lacks the scope usergroups:read"
	case err != nil:
		return nil, "Slack does not say"
	}
	for _, id := range ids[:min(len(ids), mostOfGroup)] {
		u, err := a.web.GetUserInfoContext(ctx, id)
		switch {
		case codeOf(err) == "missing_scope":
			return nil, "the Slack app lacks the scope users:read"
		case err != nil:
			return nil, "Slack does not say"
		}
		names = append(names, cmp.Or(u.Profile.DisplayName, u.RealName, u.Name))
	}
	if more := len(ids) - len(names); more > 0 {
		names = append(names, strconv.Itoa(more)+" more")
	}
	return names, ""
}

var errNoGroup = errors.New("there is no user group of that handle")

package bot

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/slack-go/slack"
)

// An app that is installed for a whole organisation has one token for many
// workspaces, and some methods then want to know which one is meant
// (https://api.slack.com/enterprise/apps/changes-apis): of ours conversations.list,
// usergroups.list and usergroups.users.list. Ids of people and channels are the
// organisation's; events and clicks name their workspace, and need no more.

// workspacesFor is how long the list of workspaces counts.
const workspacesFor = 10 * time.Minute

// mostWorkspaces bounds it: ten pages.
const (
	workspacePage  = 100
	mostWorkspaces = 10 * workspacePage
)

// workspaces are those of an organisation that let the app in.
type workspaces struct {
	mu   sync.Mutex
	must bool      // Slack has asked which one is meant; guarded by mu, as all below
	ids  []string  // as Slack told them last
	at   time.Time // when that was
}

// organisation reports whether the token is one of a whole organisation: what it
// belongs to is no workspace.
func (t *team) organisation() bool {
	return t != nil && t.Enterprise != "" && (t.ID == "" || t.ID == t.Enterprise || strings.HasPrefix(t.ID, "E"))
}

// eachWorkspace asks a question of each workspace until it is answered: once, of
// none, with the token of a single one. One that does not let the app in is passed
// over. The error is that of the last one that gave one.
func (a *API) eachWorkspace(ctx context.Context, ask func(team string) (answered bool, err error)) error {
	ids := []string{""}
	if a.manyWorkspaces() {
		var err error
		if ids, err = a.listWorkspaces(ctx); err != nil {
			return err
		}
	}
	var last error
	for _, id := range ids {
		answered, err := ask(id)
		switch code := codeOf(err); {
		case answered:
			return nil
		case id == "" && (code == "missing_argument" || code == "team_not_found" || code == "invalid_team_id"):
			a.places.mu.Lock()
			a.places.must = true
			a.places.mu.Unlock()
			return a.eachWorkspace(ctx, ask)
		case code == "team_access_not_granted" || code == "invalid_team_id" || code == "team_not_found" || code == "access_denied":
			continue
		case err != nil:
			last = err
		}
	}
	return last
}

func (a *API) manyWorkspaces() bool {
	a.places.mu.Lock()
	defer a.places.mu.Unlock()
	return a.places.must || a.team.Load().organisation()
}

// listWorkspaces are the workspaces that let the app in.
func (a *API) listWorkspaces(ctx context.Context) ([]string, error) {
	a.places.mu.Lock()
	ids, at := a.places.ids, a.places.at
	a.places.mu.Unlock()
	if len(ids) > 0 && time.Since(at) < workspacesFor {
		return ids, nil
	}
	var found []string
	p := slack.ListTeamsParameters{Limit: workspacePage}
	for len(found) < mostWorkspaces {
		var list []slack.Team
		var next string
		err := a.patiently(ctx, func() (err error) {
			list, next, err = a.web.ListTeamsContext(ctx, p)
			return err
		})
		if err != nil && len(ids) > 0 {
			return ids, nil // those that were there a moment ago
		}
		if err != nil {
			return nil, err
		}
		for _, t := range list {
			found = append(found, t.ID)
		}
		if next == "" || next == p.Cursor {
			break
		}
		p.Cursor = next
	}
	a.places.mu.Lock()
	defer a.places.mu.Unlock()
	a.places.ids, a.places.at = found, time.Now()
	return found, nil
}

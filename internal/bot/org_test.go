package bot

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack/slackevents"
	"go.uber.org/zap"
)

// organisation is a Slack with three workspaces and an app that is installed for all
// of them: what needs to know which one is meant refuses to guess, and one workspace
// does not let the app in.
type organisation struct {
	mu     sync.Mutex
	asked  []string // method and team_id
	single string   // id that auth.test gives for the workspace
}

func (o *organisation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method, team := r.URL.Path[1:], r.FormValue("team_id")
	o.mu.Lock()
	o.asked = append(o.asked, strings.TrimSpace(method+" "+team+" "+r.FormValue("cursor")))
	o.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	say := func(body string) { fmt.Fprint(w, body) }
	switch needs := method == "conversations.list" || strings.HasPrefix(method, "usergroups."); {
	case method == "auth.test":
		say(`{"ok":true,"url":"https://acme.enterprise.slack.com/","team":"Acme","user":"statusbot","team_id":"` + o.single + `","enterprise_id":"E0ACME001","user_id":"U0BOT0001","bot_id":"B1","is_enterprise_install":true}`)
	case method == "auth.teams.list" && r.FormValue("cursor") == "":
		say(`{"ok":true,"teams":[{"id":"T1","name":"One"},{"id":"T2","name":"Two"}],"response_metadata":{"next_cursor":"more"}}`)
	case method == "auth.teams.list":
		say(`{"ok":true,"teams":[{"id":"T3","name":"Three"}],"response_metadata":{"next_cursor":""}}`)
	case needs && team == "":
		say(`{"ok":false,"error":"missing_argument","response_metadata":{"messages":["[ERROR] missing required field: team_id"]}}`)
	case needs && team == "T1":
		say(`{"ok":false,"error":"team_access_not_granted"}`)
	case method == "conversations.list" && team == "T3":
		say(`{"ok":true,"channels":[{"id":"C0THREE01","name":"incidents"}]}`)
	case method == "conversations.list":
		say(`{"ok":true,"channels":[{"id":"C0TWO0001","name":"general"}]}`)
	case method == "usergroups.list" && team == "T3":
		say(`{"ok":true,"usergroups":[{"id":"S0ONCALL1","handle":"oncall"}]}`)
	case method == "usergroups.list":
		say(`{"ok":true,"usergroups":[]}`)
	case method == "usergroups.users.list" && team == "T3":
		say(`{"ok":true,"users":["U0ANA0001"]}`)
	case method == "usergroups.users.list":
		say(`{"ok":false,"error":"no_such_subteam"}`)
	case method == "users.info" && r.FormValue("user") == "U0ANA0001":
		say(`{"ok":true,"user":{"id":"U0ANA0001","team_id":"T3","real_name":"Ana","enterprise_user":{"id":"U0ANA0001","enterprise_id":"E0ACME001","enterprise_name":"Acme","teams":["T3"]}}}`)
	case method == "users.info":
		say(`{"ok":true,"user":{"id":"U0EVE0001","team_id":"T9","real_name":"Eve","enterprise_user":{"id":"U0EVE0001","enterprise_id":"E0OTHER01"}}}`)
	default:
		say(`{"ok":false,"error":"unknown_method"}`)
	}
}

// TestOrganisation: an app of a whole organisation finds channels, user groups and
// people of each workspace, names the workspace where Slack wants to know it, and
// passes over one that does not let it in.
func TestOrganisation(t *testing.T) {
	for _, single := range []string{"", "E0ACME001", "T1"} { // what auth.test says of its own workspace
		o := &organisation{single: single}
		srv := httptest.NewServer(o)
		a := NewAPI(Config{APIURL: srv.URL + "/", BotToken: "xoxb-x"})
		if err := a.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		if id, err := a.Channel(t.Context(), "#incidents"); err != nil || id != "C0THREE01" {
			t.Errorf("%q: the channel is %q, %v", single, id, err)
		}
		if id, err := a.Channel(t.Context(), "none"); err == nil || !strings.Contains(err.Error(), `no channel "none"`) {
			t.Errorf("%q: a channel that is none: %q, %v", single, id, err)
		}
		if c, err := a.look(t.Context(), "incidents"); err != nil || c == nil || c.ID != "C0THREE01" {
			t.Errorf("%q: doctor finds %+v, %v", single, c, err)
		}
		for _, group := range []string{"@oncall", "S0ONCALL1"} {
			if in, err := a.inGroup(t.Context(), group, "U0ANA0001"); err != nil || !in {
				t.Errorf("%q: Ana is not in %s: %v", single, group, err)
			}
			if in, err := a.inGroup(t.Context(), group, "U0EVE0001"); err != nil || in {
				t.Errorf("%q: Eve is in %s: %v", single, group, err)
			}
		}
		if names, why := a.GroupNames(t.Context(), "@oncall"); why != "" || len(names) != 1 || names[0] != "Ana" {
			t.Errorf("%q: on call are %v, %s", single, names, why)
		}
		if _, why := a.GroupNames(t.Context(), "@none"); why != "there is no such user group" {
			t.Errorf("%q: a group that is none: %s", single, why)
		}
		for _, team := range []string{"T3", ""} { // of an event without its workspace Slack is asked
			p := &People{API: a, Log: zap.NewNop(), Now: time.Now}
			for user, want := range map[string]fact{"U0ANA0001": yes, "U0EVE0001": no} {
				if got, err := p.own(t.Context(), user, team); got != want || err != nil {
					t.Errorf("%q: %s of %q is one of us: %v, %v", single, user, team, got, err)
				}
			}
		}
		lists := 0
		for _, one := range o.asked {
			if strings.HasPrefix(one, "auth.teams.list") {
				lists++
			}
		}
		if lists != 2 { // its two pages, once
			t.Errorf("%q: the workspaces were listed %d times: %v", single, lists, o.asked)
		}
		srv.Close()
	}
}

// TestEventsWithoutAWorkspace are read: in an organisation, and of channels that are
// shared, Slack leaves team_id out or null.
func TestEventsWithoutAWorkspace(t *testing.T) {
	for _, team := range []string{"", `"team_id":null,`, `"team_id":"",`} {
		for _, inner := range []string{
			`{"type":"app_mention","user":"U0ANA0001","text":"<@U0BOT0001> billing","ts":"1.000001","channel":"C0THREE01","event_ts":"1.000001"}`,
			`{"type":"message","channel_type":"im","user":"U0ANA0001","text":"billing","ts":"1.000001","channel":"D0ANA0001","event_ts":"1.000001"}`,
			`{"type":"reaction_added","user":"U0ANA0001","reaction":"fast_forward","item":{"type":"message","channel":"C0THREE01","ts":"1.000001"},"event_ts":"1.000002"}`,
			`{"type":"app_home_opened","user":"U0ANA0001","channel":"D0ANA0001","tab":"home","event_ts":"1.000001"}`,
		} {
			outer := `{` + team + `"api_app_id":"A1","type":"event_callback","event_id":"Ev1","event_time":1,"event":` + inner + `}`
			parsed, err := slackevents.ParseEvent([]byte(outer), slackevents.OptionNoVerifyToken())
			if err != nil {
				t.Errorf("%s: %v", outer, err)
				continue
			}
			if e, ok := envelopeOfEvent(parsed.InnerEvent.Data, nil); !ok || e.User != "U0ANA0001" || e.Team != "" || e.Key == "" {
				t.Errorf("%s: %v %+v", outer, ok, e)
			}
		}
	}
}

// TestWhoActsBeforeTheSignInIsTriedAgain: Slack answers again, and the sign-in that failed while it did not has a minute to
// wait. Who acts meanwhile is no stranger.
func TestWhoActsBeforeTheSignInIsTriedAgain(t *testing.T) {
	t.Parallel()
	down := true
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case down:
			w.WriteHeader(http.StatusServiceUnavailable)
		case strings.HasSuffix(r.URL.Path, "auth.test"):
			fmt.Fprint(w, `{"ok":true,"team_id":"T1","bot_id":"B1","user_id":"U0BOT0001"}`)
		default:
			fmt.Fprint(w, `{"ok":true,"user":{"id":"U0ANA0001","team_id":"T1","real_name":"Ana"}}`)
		}
	}))
	defer srv.Close()
	a := NewAPI(Config{APIURL: srv.URL + "/", BotToken: "xoxb-x"})
	if err := a.Check(t.Context()); err == nil {
		t.Fatal("it is signed in while Slack is away")
	}
	if _, err := a.ownMember(t.Context(), "U0ANA0001"); err == nil {
		t.Error("who somebody is is known while Slack is away")
	}
	down = false
	if own, err := a.ownMember(t.Context(), "U0ANA0001"); err != nil || !own {
		t.Errorf("Ana is one of us: %v, %v", own, err)
	}
}

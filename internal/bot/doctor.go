package bot

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
)

// Grade is how a finding is.
type Grade string

const (
	Good    Grade = "ok"
	Odd     Grade = "warning" // works, with something missing
	Bad     Grade = "problem" // does not work
	Skipped Grade = "skipped" // could not be looked at, for a problem that is told before
)

// Finding is one thing that was looked at.
type Finding struct {
	About string `json:"about"`          // what was looked at: "bot token"
	Grade Grade  `json:"grade"`          //
	Says  string `json:"says"`           // a sentence, or part of one without a full stop
	Cure  string `json:"cure,omitempty"` // what to do; empty if nothing is to be done
}

// Bounds of the clock. Date has a resolution of a second and travels with the
// answer, so what is below a few seconds says nothing.
const (
	oddSkew = 5 * time.Second
	badSkew = time.Minute // of the five minutes that a signature may be off
)

// examineWithin bounds one question.
const examineWithin = 10 * time.Second

// Examination is what there is to look at in Slack.
type Examination struct {
	Config  Config
	Sockets bool   // the bot is reached by Socket Mode
	Policy  Policy // for the people it names
	Wanted  []Feature
	Channel string // name or id of the channel of detected incidents; empty: none
	Now     func() time.Time
}

// Run looks at everything, in the order in which it depends on each other, and
// changes nothing. For a moment it holds a socket of its own.
func (x Examination) Run(ctx context.Context) []Finding {
	clock := &dated{now: x.Now}
	api := &API{web: newClient(x.Config, clock)}
	bounded, cancel := context.WithTimeout(ctx, examineWithin)
	who, err := api.web.AuthTestContext(bounded)
	cancel()
	var out []Finding
	add := func(f ...Finding) { out = append(out, f...) }
	signedIn := err == nil
	switch {
	case signedIn:
		api.team.Store(&team{who.TeamID, who.EnterpriseID})
		add(Finding{"bot token", Good, fmt.Sprintf("signed in to %s as @%s", who.Team, who.User), ""})
	case errors.Is(classify(err), ErrRefused):
		add(Finding{"bot token", Bad, fmt.Sprintf("Slack refuses it (%s)", reason(err)),
			curedBy(reason(err))})
	default:
		says, cure := x.unanswered(err)
		add(Finding{"bot token", Bad, says, cure})
	}
	add(clock.finding())
	if signedIn {
		scopes := scopesOf(who.Header)
		add(x.scopes(scopes)...)
		add(x.channel(ctx, api)...)
		add(x.people(ctx, api)...)
	} else {
		for _, about := range []string{"scopes", "channel", "access"} {
			add(Finding{about, Skipped, "not looked at without a sign-in", ""})
		}
	}
	if x.Sockets {
		bot := ""
		if signedIn {
			bot = who.BotID
		}
		add(x.socket(ctx, api, bot))
	}
	return out
}

// curedBy is what to do about Slack's word for refusing the bot token
// (docs.slack.dev/reference/methods/auth.test).
func curedBy(code string) string {
	const set = "take the Bot User OAuth Token, xoxb-..., under OAuth & Permissions, and set STATUSBOT_SLACK_BOT_TOKEN"
	switch code {
	case "token_revoked", "token_expired", "account_inactive":
		return "install the app again, since this one was taken back; then " + set
	case "accesslimited":
		return "add this machine's address under OAuth & Permissions > Restrict API Token Usage"
	case "access_denied", "ekm_access_denied", "enterprise_is_restricted", "no_permission", "team_access_not_granted":
		return "ask who administers the workspace to let the app in"
	}
	return set
}

// unanswered words a call of whose question nothing is known, and what to do.
func (x Examination) unanswered(err error) (says, cure string) {
	again := "try again in a minute"
	if l, ok := errors.AsType[*limited](classify(err)); ok {
		return l.Error(), again
	}
	if code := codeOf(err); code != "" {
		return "Slack answers " + code, again
	}
	cure = "see that " + host(x.Config) + " can be reached from here, directly or through HTTPS_PROXY"
	if s, ok := errors.AsType[*stranger](err); ok {
		switch {
		case s.status == http.StatusProxyAuthRequired:
			cure = "write the proxy's user and password into HTTPS_PROXY: http://USER:PASSWORD@HOST:PORT"
		case s.status >= http.StatusInternalServerError:
			cure = again + "; https://slack-status.com says whether Slack is ill"
		}
		return "it is not Slack's API that answers: " + s.Error(), cure
	}
	return "Slack does not answer: " + reason(err), cure
}

// reason is Slack's own word, or the error.
func reason(err error) string {
	if code := codeOf(err); code != "" {
		return code
	}
	return strings.TrimPrefix(classify(err).Error(), ErrUnsure.Error()+": ")
}

func host(c Config) string {
	if c.APIURL == "" {
		return "https://slack.com/api/"
	}
	return c.APIURL
}

// scopes holds what the token may do against what the features need.
func (x Examination) scopes(has []string) []Finding {
	if has == nil {
		return []Finding{{"scopes", Odd, "Slack does not say what the token may do", ""}}
	}
	var out []Finding
	for _, f := range MissingFeatures(x.Wanted, has) {
		grade := Odd
		if f.Needed {
			grade = Bad
		}
		lacks := f.Lacks(has)
		word := "scope"
		if len(lacks) > 1 {
			word = "scopes"
		}
		out = append(out, Finding{"scopes", grade, fmt.Sprintf("%s is off. %s", f.Name, strings.TrimSuffix(f.Without, ".")),
			fmt.Sprintf("add the %s %s under OAuth & Permissions > Scopes, and install the app again", word, strings.Join(lacks, " and "))})
	}
	if out == nil {
		n := 0
		for _, f := range x.Wanted {
			n += len(f.Scopes)
		}
		out = append(out, Finding{"scopes", Good, fmt.Sprintf("all %d that are needed", n), ""})
	}
	return out
}

// channel looks for the channel of detected incidents.
func (x Examination) channel(ctx context.Context, api *API) []Finding {
	name := strings.TrimPrefix(x.Channel, "#")
	if name == "" {
		return []Finding{{"channel", Odd, "updates.channel is not set, so incidents that statusbot detects are announced nowhere", "set updates.channel, or leave it if people begin every incident"}}
	}
	ctx, cancel := context.WithTimeout(ctx, 3*examineWithin) // there may be many pages
	defer cancel()
	c, err := api.look(ctx, name)
	switch {
	case codeOf(err) == "missing_scope":
		return []Finding{{"channel", Odd, "#" + name + " cannot be looked for without the scope channels:read", ""}}
	case err != nil:
		return []Finding{{"channel", Bad, fmt.Sprintf("#%s cannot be looked for: %v", name, reason(err)), "try again in a minute"}}
	case c == nil:
		return []Finding{{"channel", Bad, "there is no #" + name + " that the bot can see", "create it; if it is private, type /invite @statusbot there"}}
	case c.IsArchived:
		return []Finding{{"channel", Bad, "#" + c.Name + " is archived", "unarchive it, or set updates.channel to another"}}
	case !c.IsMember:
		return []Finding{{"channel", Bad, "the bot is not in #" + c.Name + ", so it cannot post there", "type /invite @statusbot in #" + c.Name}}
	}
	return []Finding{{"channel", Good, "#" + c.Name + " is there and the bot is in it", ""}}
}

// look finds a channel by name or id, archived ones too; nil if there is none.
func (a *API) look(ctx context.Context, name string) (found *slack.Channel, err error) {
	err = a.eachWorkspace(ctx, func(team string) (bool, error) {
		var err error
		found, err = a.lookIn(ctx, team, name)
		return found != nil, err
	})
	return found, err
}

// lookIn does so in a workspace; in the only one where team is empty.
func (a *API) lookIn(ctx context.Context, team, name string) (*slack.Channel, error) {
	p := &slack.GetConversationsParameters{Limit: 200, Types: []string{"public_channel", "private_channel"}, TeamID: team}
	if !a.May("private-channels") {
		p.Types = p.Types[:1]
	}
	for {
		list, next, err := a.web.GetConversationsContext(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			if c.Name == name || c.ID == name {
				return &c, nil
			}
		}
		if next == "" {
			return nil, nil //nolint:nilnil // that there is none is an answer
		}
		p.Cursor = next
	}
}

// people looks whether those whom the policy names are there.
func (x Examination) people(ctx context.Context, api *API) []Finding {
	ctx, cancel := context.WithTimeout(ctx, examineWithin)
	defer cancel()
	var out []Finding
	users, groups := map[string]bool{}, map[string]bool{}
	for _, who := range []Who{x.Policy.Read, x.Policy.Write, x.Policy.Respond} {
		for _, u := range who.Users {
			users[u] = true
		}
		for _, g := range who.Groups {
			groups[g] = true
		}
	}
	for u := range users {
		if info, err := api.web.GetUserInfoContext(ctx, u); codeOf(err) == "user_not_found" || (err == nil && info.Deleted) {
			out = append(out, Finding{"access", Bad, "there is no person with the id " + u, "correct access; an id stands in Slack under the person's profile > Copy member ID"})
		} else if err != nil && codeOf(err) != "missing_scope" { // which is told under scopes
			out = append(out, Finding{"access", Odd, fmt.Sprintf("%s cannot be looked up: %v", u, reason(err)), "try again in a minute"})
		}
	}
	if len(groups) > 0 {
		list, err := api.userGroups(ctx)
		switch {
		case codeOf(err) == "missing_scope":
		case err != nil:
			out = append(out, Finding{"access", Odd, fmt.Sprintf("user groups cannot be looked up: %v", reason(err)), "try again in a minute"})
		default:
			for g := range groups {
				found := false
				for _, one := range list {
					found = found || one.ID == g || "@"+one.Handle == g
				}
				if !found {
					out = append(out, Finding{"access", Bad, "there is no user group " + g, "correct access, or make the group in Slack"})
				}
			}
		}
	}
	if out == nil {
		out = []Finding{{"access", Good, fmt.Sprintf("%d by id and %d user groups are named, all are there", len(users), len(groups)), ""}}
		if len(users)+len(groups) == 0 {
			out[0].Says = "nobody is named in person or by group"
		}
	}
	slices.SortFunc(out, func(a, b Finding) int { return strings.Compare(a.Says, b.Says) })
	return out
}

// socket opens one, waits for Slack's hello and closes it. It holds it for as
// short a time as can be: what Slack sends meanwhile is lost.
func (x Examination) socket(ctx context.Context, api *API, botID string) Finding {
	ctx, cancel := context.WithTimeout(ctx, examineWithin)
	defer cancel()
	f := Finding{About: "app token", Grade: Bad}
	_, address, err := api.web.StartSocketModeContext(ctx)
	switch {
	case err != nil && errors.Is(classify(err), ErrRefused):
		f.Says = fmt.Sprintf("Slack refuses it (%s)", reason(err))
		f.Cure = "make one with the scope connections:write under Basic Information > App-Level Tokens, and set STATUSBOT_SLACK_APP_TOKEN"
		return f
	case err != nil:
		f.Says, f.Cure = x.unanswered(err)
		return f
	}
	f.About = "socket"
	f.Cure = "see that proxies and firewalls let WebSockets through to *.slack.com on port 443"
	conn, resp, err := (&websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: examineWithin}).DialContext(ctx, address, nil)
	if resp != nil && resp.Body != nil {
		defer resp.Body.Close()
	}
	if err != nil {
		if f.Says = "it cannot be opened: " + reason(err); errors.Is(err, websocket.ErrBadHandshake) && resp != nil {
			f.Says = fmt.Sprintf("it cannot be opened: HTTP %d came in place of a WebSocket", resp.StatusCode)
		}
		return f
	}
	defer conn.Close()
	_ = conn.SetReadDeadline(time.Now().Add(examineWithin)) // it fails only on a closed connection
	var hello struct {
		Type        string `json:"type"`
		Connections int    `json:"num_connections"`
		Info        struct {
			App string `json:"app_id"`
		} `json:"connection_info"`
	}
	if err := conn.ReadJSON(&hello); err != nil || hello.Type != "hello" {
		f.Says = "it opens, but Slack says no hello"
		return f
	}
	conn.Close()
	if b, err := api.web.GetBotInfoContext(ctx, slack.GetBotInfoParameters{Bot: botID}); botID != "" && err == nil && b.AppID != "" && hello.Info.App != "" && b.AppID != hello.Info.App {
		return Finding{"app token", Bad, fmt.Sprintf("it is of the app %s, the bot token of %s", hello.Info.App, b.AppID), "take both tokens from the same app"}
	}
	f.Grade, f.Cure = Good, ""
	if f.Says = "one opened and said hello"; hello.Connections > 1 {
		f.Says += fmt.Sprintf("; %d are open in all", hello.Connections)
	}
	return f
}

// dated reads the clock of whoever answers.
type dated struct {
	now func() time.Time

	mu   sync.Mutex
	seen bool
	skew time.Duration // our clock less theirs
}

func (d *dated) RoundTrip(r *http.Request) (*http.Response, error) {
	before := d.now()
	resp, err := toSlack.RoundTrip(r)
	if err != nil {
		return resp, err
	}
	after := d.now()
	if at, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		// Date names the second in which it was written: half of it on average.
		d.seen, d.skew = true, before.Add(after.Sub(before)/2).Sub(at.Add(time.Second/2))
	}
	return resp, nil
}

func (d *dated) finding() Finding {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := Finding{About: "clock", Grade: Good}
	if !d.seen {
		return Finding{"clock", Skipped, "there was no answer to compare with", ""}
	}
	off := d.skew.Abs().Round(time.Second)
	way := "ahead of"
	if d.skew < 0 {
		way = "behind"
	}
	f.Says = fmt.Sprintf("this machine's clock is %s %s Slack's", off, way)
	switch {
	case off >= badSkew:
		f.Grade, f.Cure = Bad, "set it, and keep it by NTP: signatures of HTTP mode are refused from 5 min on, and every time in an update is wrong"
	case off >= oddSkew:
		f.Grade, f.Cure = Odd, "keep it by NTP"
	default:
		f.Says = "as Slack's"
	}
	return f
}

// ExamineRequests looks whether a bot answers on the address to which Slack's
// requests come: it sends a challenge, signed with the secret. false says that
// nobody listens there.
func ExamineRequests(ctx context.Context, address, secret string, ownCertificate bool, now time.Time) (Finding, bool) {
	ctx, cancel := context.WithTimeout(ctx, examineWithin)
	defer cancel()
	f := Finding{About: "requests", Grade: Bad}
	scheme := "http"
	if ownCertificate {
		scheme = "https"
	}
	body := []byte(`{"type":"url_verification","challenge":"statusbot-doctor-` + strconv.FormatInt(now.UnixNano(), 36) + `"}`)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, scheme+"://"+address+PathEvents, bytes.NewReader(body))
	if err != nil {
		f.Says, f.Cure = err.Error(), "correct slack.listen"
		return f, true
	}
	stamp := strconv.FormatInt(now.Unix(), 10)
	signature := sign(secret, stamp, body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(signature[:]))
	// The name in the certificate is the one that Slack uses, not this address.
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return f, false
	}
	if err != nil {
		f.Says, f.Cure = address+" does not answer: "+reason(err), "see what listens there; `statusbot run` says `waiting for Slack's requests`"
		return f, true
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16)) // cut off: not the challenge either
	var sent struct {
		Challenge string `json:"challenge"`
	}
	if json.Unmarshal(body, &sent) == nil && resp.StatusCode == http.StatusOK && string(said) == sent.Challenge {
		f.Grade, f.Says = Good, "a bot answers on "+address+" and has the same signing secret"
		return f, true
	}
	f.Says = fmt.Sprintf("what listens on %s does not answer a signed challenge (status %d)", address, resp.StatusCode)
	f.Cure = "if it is statusbot, it runs with another signing secret: start it again; else choose another address with slack.listen"
	return f, true
}

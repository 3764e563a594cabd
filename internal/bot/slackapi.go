package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/publish"
)

// callTimeout bounds one call of the Web API. A slow Slack answers within
// seconds; after this a call counts as failed, and a post as ambiguous.
const callTimeout = 15 * time.Second

// metadataType marks our messages, so that one can be found again after an
// ambiguous failure.
const metadataType = "statusbot_post"

// API is Slack's Web API as the bot uses it.
type API struct {
	web    *slack.Client
	botID  atomic.Pointer[string] // set by Check; nil before
	userID atomic.Pointer[string] // by which people mention us; nil before the sign-in
	team   atomic.Pointer[team]   // likewise
	places workspaces

	scopes atomic.Pointer[[]string] // of the token; nil until Slack has said them
	tables tables                   // whether the workspace takes them

	refused chan struct{} // level trigger: Slack does not take the token

	rest func(context.Context, time.Duration) bool // tests set it; nil: wait
}

// Config says how to reach Slack, or any server that speaks its API.
type Config struct {
	APIURL   string // base of the Web API, ends with "/"; empty means Slack's own
	BotToken string // xoxb-...
	AppToken string // xapp-..., for Socket Mode
}

// NewAPI returns a client; nothing is sent yet.
func NewAPI(c Config) *API {
	a := &API{refused: make(chan struct{}, 1)}
	a.web = newClient(c, watched{toSlack, func() { trigger(a.refused) }})
	return a
}

// newClient returns a client; each of its calls has an end.
func newClient(c Config, via http.RoundTripper) *slack.Client {
	return clientOver(c, via, callTimeout)
}

// newPaced returns a client for sockets, whose pauses count for no call.
func newPaced(c Config, pace *pacer) *slack.Client {
	return clientOver(c, pace, 0)
}

// clientOver returns a client whose calls end within a time; 0: they need none.
func clientOver(c Config, via http.RoundTripper, within time.Duration) *slack.Client {
	web := &http.Client{Timeout: within, Transport: answers{via, cmp.Or(c.APIURL, slack.APIURL)}, CheckRedirect: followNone}
	// No automatic retries: a retried post could be doubled, and the Poster
	// knows better when to try again.
	opts := []slack.Option{
		slack.OptionHTTPClient(web),
		slack.OptionAppLevelToken(c.AppToken),
	}
	if c.APIURL != "" {
		opts = append(opts, slack.OptionAPIURL(c.APIURL))
	}
	return slack.New(c.BotToken, opts...)
}

// Check asks Slack who we are. ErrRefused means that Slack does not take the
// token.
func (a *API) Check(ctx context.Context) error {
	r, err := a.web.AuthTestContext(ctx)
	if err != nil {
		return fmt.Errorf("sign in to Slack: %w", classify(err))
	}
	a.botID.Store(&r.BotID)
	a.userID.Store(&r.UserID)
	a.team.Store(&team{r.TeamID, r.EnterpriseID})
	if scopes := scopesOf(r.Header); scopes != nil {
		a.scopes.Store(&scopes)
	}
	return nil
}

// place is where a new message goes.
type place struct {
	channel string // or a person
	thread  string // ts of the message whose thread it goes into; empty: none
	loud    bool   // a reply that the channel shows, too
}

// post puts a new message into a channel, into a thread of it if one is named,
// or into the conversation with a person. Its key travels as metadata. It
// returns where the message is.
func (a *API) post(ctx context.Context, to place, key string, b publish.Body) (in, ts string, err error) {
	opts := append(content(b), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(), withKey(key))
	if to.thread != "" {
		opts = append(opts, slack.MsgOptionTS(to.thread))
	}
	if to.loud {
		opts = append(opts, slack.MsgOptionBroadcast())
	}
	in, ts, err = a.web.PostMessageContext(ctx, to.channel, opts...)
	return in, ts, classify(err)
}

// edit changes a message in place.
func (a *API) edit(ctx context.Context, channel, ts, key string, b publish.Body) error {
	_, _, _, err := a.web.UpdateMessageContext(ctx, channel, ts, append(content(b), withKey(key))...)
	return classify(err)
}

// find looks for our message with that key in the channel since a time; empty
// when it is not there, or when the bot may not look.
func (a *API) find(ctx context.Context, channel, thread, key string, since time.Time) (string, error) {
	if strings.HasPrefix(channel, "U") || strings.HasPrefix(channel, "W") {
		return "", nil // the conversation with a person has no name before the first message is there
	}
	if thread != "" {
		return a.findReply(ctx, channel, thread, key, since)
	}
	p := &slack.GetConversationHistoryParameters{
		ChannelID: channel, Oldest: fmt.Sprintf("%d.000000", since.Unix()), Limit: 200, IncludeAllMetadata: true,
	}
	mine := a.botID.Load()
	for {
		h, err := a.web.GetConversationHistoryContext(ctx, p)
		if codeOf(err) == "missing_scope" {
			return "", nil // the feature lost-answers is off: an update that comes twice is better than none
		}
		if err != nil {
			return "", classify(err)
		}
		if ts := withKeyAmong(h.Messages, key, mine); ts != "" || !h.HasMore || h.ResponseMetaData.NextCursor == "" {
			return ts, nil
		}
		p.Cursor = h.ResponseMetaData.NextCursor
	}
}

// findReply is find in a thread.
func (a *API) findReply(ctx context.Context, channel, thread, key string, since time.Time) (string, error) {
	p := &slack.GetConversationRepliesParameters{
		ChannelID: channel, Timestamp: thread, Oldest: fmt.Sprintf("%d.000000", since.Unix()), Limit: 200, IncludeAllMetadata: true,
	}
	for {
		list, more, next, err := a.web.GetConversationRepliesContext(ctx, p)
		if c := codeOf(err); c == "missing_scope" || c == "thread_not_found" {
			return "", nil
		}
		if err != nil {
			return "", classify(err)
		}
		if ts := withKeyAmong(list, key, a.botID.Load()); ts != "" || !more || next == "" {
			return ts, nil
		}
		p.Cursor = next
	}
}

// withKeyAmong returns the ts of our message with that key.
func withKeyAmong(list []slack.Message, key string, mine *string) string {
	for _, m := range list {
		if m.Metadata.EventType == metadataType && m.Metadata.EventPayload["key"] == key &&
			(mine == nil || m.BotID == "" || m.BotID == *mine) {
			return m.Timestamp
		}
	}
	return ""
}

// whisper shows a message to one person in a channel.
func (a *API) whisper(ctx context.Context, channel, user, thread string, m format.Message) error {
	return a.tables.with(m, func(text string, blocks json.RawMessage) error {
		opts := content(publish.Body{Text: text, Blocks: blocks})
		if thread != "" {
			opts = append(opts, slack.MsgOptionTS(thread))
		}
		_, err := a.web.PostEphemeralContext(ctx, channel, user, opts...)
		return classify(err)
	})
}

// tell sends a message to one person in the direct conversation.
func (a *API) tell(ctx context.Context, user string, m format.Message) error {
	return a.say(ctx, user, "", m)
}

// say sends a message that nobody edits later: to a channel or a person, in a
// thread if that is given.
func (a *API) say(ctx context.Context, where, thread string, m format.Message) error {
	_, err := a.said(ctx, where, thread, m)
	return err
}

// said is say, and returns the conversation that the message is in.
func (a *API) said(ctx context.Context, where, thread string, m format.Message) (in string, err error) {
	err = a.tables.with(m, func(text string, blocks json.RawMessage) error {
		opts := append(content(publish.Body{Text: text, Blocks: blocks}), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl())
		if thread != "" {
			opts = append(opts, slack.MsgOptionTS(thread))
		}
		var err error
		in, _, err = a.web.PostMessageContext(ctx, where, opts...)
		return classify(err)
	})
	return in, err
}

// respond answers through an envelope's response_url, replacing the message
// that was acted on or adding one that only the person sees.
func (a *API) respond(ctx context.Context, url string, replace bool, m format.Message) error {
	how := slack.MsgOptionResponseURL(url, slack.ResponseTypeEphemeral)
	if replace {
		how = slack.MsgOptionReplaceOriginal(url)
	}
	return a.tables.with(m, func(text string, blocks json.RawMessage) error {
		_, _, err := a.web.PostMessageContext(ctx, "", append(content(publish.Body{Text: text, Blocks: blocks}), how)...)
		return classify(err)
	})
}

func content(b publish.Body) []slack.MsgOption {
	return []slack.MsgOption{slack.MsgOptionText(b.Text, false), slack.MsgOptionBlocks(rawBlocks(b.Blocks)...)}
}

func withKey(key string) slack.MsgOption {
	return slack.MsgOptionMetadata(slack.SlackMetadata{EventType: metadataType, EventPayload: map[string]any{"key": key}})
}

// rawBlock passes a block that is JSON already through slack-go.
type rawBlock json.RawMessage

func (r rawBlock) BlockType() slack.MessageBlockType { return "" }
func (r rawBlock) ID() string                        { return "" }
func (r rawBlock) MarshalJSON() ([]byte, error)      { return r, nil }

func rawBlocks(list json.RawMessage) []slack.Block {
	var each []json.RawMessage
	if err := json.Unmarshal(list, &each); err != nil {
		return nil // unreachable unless the outbox holds foreign bytes; the text is sent alone
	}
	out := make([]slack.Block, len(each))
	for i, b := range each {
		out[i] = rawBlock(b)
	}
	return out
}

// What can go wrong with a call, for the decision what to do next.
var (
	// ErrRefused: Slack understood and said no; the same call fails again.
	ErrRefused = errors.New("Slack refused") //nolint:staticcheck // a name begins with a capital
	// errGone: the message to edit is not there or cannot be edited any more.
	errGone = errors.New("the message is gone")
	// ErrUnsure: the call may or may not have had its effect. So it is when somebody else than Slack answered.
	ErrUnsure = errors.New("no answer from Slack")
)

// refusal is ErrRefused with Slack's word for it.
type refusal struct{ code, details string }

func (r *refusal) Error() string        { return ErrRefused.Error() + ": " + r.details }
func (r *refusal) Is(target error) bool { return target == ErrRefused }

// refusedWith returns the word with which Slack refused, or nothing.
func refusedWith(err error) string {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r.code
	}
	return ""
}

// limited says that Slack wants us to wait.
type limited struct{ after time.Duration }

func (l *limited) Error() string { return fmt.Sprintf("Slack limits the rate, wait %s", l.after) }

// classify turns slack-go's errors into ours; nil stays nil. The cause is kept
// for the operator. slack-go puts no token into its errors.
func classify(err error) error {
	if err == nil {
		return nil
	}
	if rl, ok := errors.AsType[*slack.RateLimitedError](err); ok {
		return &limited{after: min(max(rl.RetryAfter, leastRest), longestRest)}
	}
	if e, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		switch e.Err {
		case "message_not_found", "cant_update_message", "edit_window_closed":
			return fmt.Errorf("%w: %s", errGone, e.Err)
		case "ratelimited", "rate_limited":
			return &limited{after: 30 * time.Second} // with a status of 200: no Retry-After came with it
		case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org":
			return fmt.Errorf("%w: %s", ErrUnsure, e.Err)
		}
		details := e.Err
		if len(e.ResponseMetadata.Messages) > 0 {
			details += " " + strings.Join(e.ResponseMetadata.Messages, " ")
		}
		return &refusal{code: e.Err, details: details}
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // without the address: a response_url is a secret
	}
	return fmt.Errorf("%w: %w", ErrUnsure, plainly(err))
}

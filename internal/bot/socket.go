package bot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"
	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
)

// connections is how many sockets are held open: Slack replaces a connection
// every few hours and does not repeat a command that falls into the gap, so a
// second one is there to take it (Slack allows ten an app).
const connections = 2

// pingInterval is how long a socket may be silent before it counts as deaf;
// it is noticed then, or through a proxy after one to two intervals, in under 60 s.
const pingInterval = 25 * time.Second

// helloWithin is how long Slack has to say hello on a socket that has opened. It
// does so at once: one without is of somebody on the way, who may keep it open for
// ever and answer our pings.
const helloWithin = 15 * time.Second

// Socket is the Socket Mode transport.
type Socket struct {
	Config  Config
	Deliver func(ctx context.Context, e Envelope) // never blocks: Dispatcher.Accept
	OnOpen  func()                                // told of each connection that opens; must not block; may be nil
	Log     *zap.Logger

	live      atomic.Int32
	pingEvery time.Duration // tests set it; 0 means pingInterval
	hello     time.Duration // tests set it; 0 means helloWithin
	together  bool          // tests set it; no connection is opened later than the first

	refused      atomic.Pointer[string] // what Slack's refusal says; nil while there is none
	refusedAgain time.Duration          // tests set it; 0 means refusedPause
	mu           sync.Mutex
	said         time.Time       // guarded by mu; when a refusal was logged last
	unread       map[string]bool // :: why an envelope was not understood -> it was logged
}

// refusedPause is how long a refusal by Slack is left alone: it ends when somebody
// has followed the cure, and an app token may be made valid again.
const refusedPause = time.Minute

// Refused is the sentence of Slack's refusal to open a socket, with the cure; empty
// while there is none.
func (s *Socket) Refused() string {
	if r := s.refused.Load(); r != nil {
		return *r
	}
	return ""
}

// refuse notes a refusal and logs it, once a pause for all connections, and waits
// for the pause; false when ctx ended before.
func (s *Socket) refuse(ctx context.Context, err error) bool {
	text, pause := err.Error(), cmp.Or(s.refusedAgain, refusedPause)
	s.refused.Store(&text)
	s.mu.Lock()
	again := time.Since(s.said) >= pause
	if again {
		s.said = time.Now()
	}
	s.mu.Unlock()
	if again {
		s.Log.Error("no socket to Slack, so commands are lost; will try again", zap.Duration("in", pause), zap.Error(err))
	}
	return wait(ctx, pause)
}

// Live returns the number of open connections.
func (s *Socket) Live() int { return int(s.live.Load()) }

// Run holds the connections open until ctx ends, and then returns nil. What Slack
// refuses it says, by Refused and in the log, and tries again.
func (s *Socket) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for i := range connections {
		wg.Go(func() {
			after := i
			if s.together {
				after = 0
			}
			pace := &pacer{base: toSlack, apart: staggered(after), waiting: func(pause time.Duration) {
				s.Log.Info("a socket did not last, waiting before the next", zap.Duration("for", pause))
			}}
			for ctx.Err() == nil {
				if err := s.hold(ctx, pace); err != nil && !s.refuse(ctx, err) {
					return
				}
			}
		})
	}
	wg.Wait()
	return nil
}

// staggered is how long the opening of a connection is put off, each time: two
// that come up, or back, at once would be replaced at once by Slack as well.
// The first is not.
func staggered(i int) func() time.Duration {
	return func() time.Duration {
		if i == 0 {
			return 0
		}
		return time.Duration(i)*500*time.Millisecond + rand.N(time.Second)
	}
}

// longestBackoff is where our patience with slack-go's back-off ends: it grows
// to five minutes, and commands are lost for as long after Slack is back.
const longestBackoff = 10 * time.Second

// held is one client of Socket Mode, and what became of it.
type held struct {
	socket *Socket
	client *socketmode.Client
	up     bool  // it counts among the live
	failed error // what Slack refuses
}

// hold keeps one connection open. It returns nil when the client should be
// made anew, or ctx has ended, and an error when Slack refuses one: a sentence
// with the next step.
func (s *Socket) hold(outer context.Context, pace *pacer) error {
	ctx, cancel := context.WithCancel(outer)
	defer cancel()
	dial, pings := dialer(cmp.Or(s.pingEvery, pingInterval), http.ProxyFromEnvironment)
	h := &held{socket: s, client: socketmode.New(newPaced(s.Config, pace), socketmode.OptionPingInterval(pings), socketmode.OptionDialer(dial))}
	var wg sync.WaitGroup
	wg.Go(func() {
		defer cancel()
		h.listen(ctx)
	})
	err := h.client.RunContext(ctx)
	byItself := ctx.Err() == nil
	cancel()
	wg.Wait()
	if h.failed != nil {
		return h.failed
	}
	if api, ok := errors.AsType[slack.SlackErrorResponse](err); ok && hopeless(api.Err) {
		return explain(api.Err)
	}
	if byItself {
		s.Log.Warn("socket ended, will open another", zap.Error(classify(err)))
		if _, ok := errors.AsType[*stranger](err); ok { // of somebody on the way
			wait(outer, longestBackoff)
		}
	}
	return nil
}

// listen takes the client's events until ctx ends, or the client is to be
// given up.
func (h *held) listen(ctx context.Context) {
	defer h.down("")
	hello := time.NewTimer(0)
	<-hello.C
	defer hello.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hello.C:
			h.socket.Log.Warn("a socket has opened, but Slack says no hello; will open another")
			return
		case ev := <-h.client.Events:
			switch ev.Type {
			case socketmode.EventTypeConnected:
				hello.Reset(cmp.Or(h.socket.hello, helloWithin))
			case socketmode.EventTypeHello:
				hello.Stop()
				h.opened()
			case socketmode.EventTypeConnecting:
				hello.Stop()
				h.down("socket lost, connecting again")
			case socketmode.EventTypeConnectionError:
				var again bool
				if again, h.failed = h.socket.connectionError(ev); !again {
					return
				}
			default:
				h.socket.take(ctx, h.client, ev)
			}
		}
	}
}

func (h *held) opened() {
	if h.up {
		return
	}
	h.up = true
	h.socket.refused.Store(nil)
	h.socket.Log.Info("socket connected", zap.Int32("open", h.socket.live.Add(1)))
	if h.socket.OnOpen != nil {
		h.socket.OnOpen()
	}
}

// down counts the connection out, if it counted; why is logged, unless empty.
func (h *held) down(why string) {
	if !h.up {
		return
	}
	h.up = false
	open := h.socket.live.Add(-1)
	if why != "" {
		h.socket.Log.Info(why, zap.Int32("open", open))
	}
}

// connectionError says whether this client should go on trying; with an error
// no client should: slack-go itself stops only for some of these codes.
func (s *Socket) connectionError(ev socketmode.Event) (again bool, err error) {
	e, ok := ev.Data.(*slack.ConnectionErrorEvent)
	if !ok {
		return true, nil
	}
	if api, ok := errors.AsType[slack.SlackErrorResponse](e.ErrorObj); ok && hopeless(api.Err) {
		return false, explain(api.Err)
	}
	s.Log.Warn("cannot connect to Slack, will try again", zap.Int("attempt", e.Attempt), zap.Duration("in", e.Backoff), zap.Error(classify(e.ErrorObj)))
	_, limited := errors.AsType[*slack.RateLimitedError](e.ErrorObj)
	return e.Backoff < longestBackoff || limited, nil
}

func hopeless(code string) bool {
	switch code {
	case "invalid_auth", "account_inactive", "not_authed", "token_revoked", "missing_scope", "not_allowed_token_type":
		return true
	}
	return false
}

func explain(code string) error {
	return fmt.Errorf("%w the app token (%s); make one with the scope connections:write under Basic Information > App-Level Tokens and set STATUSBOT_SLACK_APP_TOKEN", ErrRefused, code)
}

// take turns an event of slack-go into an envelope.
func (s *Socket) take(ctx context.Context, client *socketmode.Client, ev socketmode.Event) {
	if ev.Type == socketmode.EventTypeErrorBadMessage {
		s.ackUnread(ctx, client, ev)
		return
	}
	if ev.Request == nil || ev.Request.EnvelopeID == "" {
		return
	}
	id := ev.Request.EnvelopeID
	reply := func(ctx context.Context, payload any) error { return client.AckCtx(ctx, id, payload) }
	if e, ok := envelope(ev, reply); ok {
		s.Deliver(ctx, e)
		return
	}
	if err := reply(ctx, nil); err != nil {
		s.Log.Warn("envelope not acked", zap.Error(err))
	}
}

// ackUnread acks an envelope that slack-go could not read, so that Slack does
// not send it again and again.
func (s *Socket) ackUnread(ctx context.Context, client *socketmode.Client, ev socketmode.Event) {
	bad, ok := ev.Data.(*socketmode.ErrorBadMessage)
	if !ok {
		return
	}
	var head struct {
		EnvelopeID string `json:"envelope_id"`
	}
	if json.Unmarshal(bad.Message, &head) == nil && head.EnvelopeID != "" {
		ctx, cancel := bounded(ctx, ackBound)
		defer cancel()
		if err := client.AckCtx(ctx, head.EnvelopeID, nil); err != nil {
			s.Log.Warn("envelope not acked", zap.Error(err))
		}
	}
	if s.firstOf(bad.Cause.Error()) {
		s.Log.Warn("envelope not understood; more of the kind are acked and not logged", zap.Error(bad.Cause))
	}
}

// mostKinds bounds the kinds of envelope of which it is remembered that they
// were logged.
const mostKinds = 64

// firstOf reports whether something was not said before.
func (s *Socket) firstOf(what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unread[what] || len(s.unread) >= mostKinds {
		return false
	}
	if s.unread == nil {
		s.unread = map[string]bool{}
	}
	s.unread[what] = true
	return true
}

// envelope reads the events that the bot answers. reply acks with a payload,
// or with nil.
func envelope(ev socketmode.Event, reply func(context.Context, any) error) (Envelope, bool) {
	ack := func(ctx context.Context, m *format.Message) error {
		if m == nil {
			return reply(ctx, nil)
		}
		return reply(ctx, ackPayload(*m))
	}
	empty := func(ctx context.Context, _ *format.Message) error { return reply(ctx, nil) }
	switch data := ev.Data.(type) {
	case slack.SlashCommand:
		return Envelope{Key: data.TriggerID, Kind: slashCommand, User: data.UserID, Name: data.UserName, Channel: data.ChannelID,
			Command: data.Command, Text: data.Text, responseURL: data.ResponseURL, trigger: data.TriggerID, ack: ack}, true
	case slack.InteractionCallback:
		if data.Type == slack.InteractionTypeViewSubmission {
			if data.View.CallbackID != format.FormMark && data.View.CallbackID != format.ProposalForm {
				return Envelope{}, false // a form that is not ours
			}
			correct := func(ctx context.Context, wrong map[string]string) error {
				return reply(ctx, slack.NewErrorsViewSubmissionResponse(wrong))
			}
			return Envelope{Key: data.View.ID + data.View.Hash + data.TriggerID, Kind: formSubmitted, User: data.User.ID, Name: data.User.Name, Team: data.User.TeamID,
				View: viewOf(data.View), trigger: data.TriggerID, ack: empty, correct: correct}, true
		}
		if data.Type == slack.InteractionTypeMessageAction && data.CallbackID == ShortcutMark {
			return Envelope{Key: data.TriggerID, Kind: blockAction, User: data.User.ID, Name: data.User.Name, Team: data.User.TeamID, Channel: data.Channel.ID,
				Action: format.ActionMark, Text: data.Message.Text, Thread: data.Message.ThreadTimestamp, said: data.Message.Timestamp, trigger: data.TriggerID, responseURL: data.ResponseURL, ack: empty}, true
		}
		if data.Type == slack.InteractionTypeBlockSuggestion {
			return menuTypedIn(data, reply), true
		}
		if data.Type != slack.InteractionTypeBlockActions || len(data.ActionCallback.BlockActions) == 0 {
			return Envelope{}, false
		}
		a := data.ActionCallback.BlockActions[0]
		action, _, _ := strings.Cut(a.ActionID, "/") // of several buttons of a kind each has a number
		value := a.Value
		if a.SelectedOption.Value != "" {
			value = a.SelectedOption.Value
		}
		if action == format.ActionRest { // the option says what is to be done
			action, value, _ = strings.Cut(value, " ")
		}
		return Envelope{Key: data.TriggerID, Kind: blockAction, User: data.User.ID, Name: data.User.Name, Team: data.User.TeamID, Channel: data.Channel.ID,
			Action: action, Value: value, Ephemeral: data.Container.IsEphemeral,
			View: viewOf(data.View), trigger: data.TriggerID, responseURL: data.ResponseURL, ack: empty}, true
	case slackevents.EventsAPIEvent:
		return envelopeOfEvent(data.InnerEvent.Data, empty)
	}
	return Envelope{}, false
}

// menuTypedIn reads what a person types into a menu whose options we give. Each
// character is a question of its own, so none is a repetition.
func menuTypedIn(data slack.InteractionCallback, reply func(context.Context, any) error) Envelope {
	suggest := func(ctx context.Context, list format.Suggested) error {
		return reply(ctx, list)
	}
	action, about, _ := strings.Cut(data.ActionID, "/")
	return Envelope{Kind: menuTyped, User: data.User.ID, Name: data.User.Name, Team: data.User.TeamID, Channel: data.Channel.ID,
		Action: action, Value: about, Text: data.Value, View: viewOf(data.View),
		suggest: suggest, ack: func(ctx context.Context, _ *format.Message) error { return suggest(ctx, format.Suggested{}) }}
}

// envelopeOfEvent reads an event of the Events API.
func envelopeOfEvent(event any, ack func(context.Context, *format.Message) error) (Envelope, bool) {
	switch m := event.(type) {
	case *slackevents.AppMentionEvent:
		return Envelope{Key: m.Channel + m.TimeStamp, Kind: mention, User: m.User, Team: m.UserTeam, Channel: m.Channel, Thread: m.ThreadTimeStamp,
			Command: "@statusbot", Text: m.Text, said: m.TimeStamp, ack: ack}, m.BotID == ""
	case *slackevents.MessageEvent:
		// Its own words, edits and deletions come here too, by subtype or bot_id.
		typed := m.IsIM() && m.BotID == "" && m.SubType == "" && m.User != "" && m.TimeStamp != ""
		return Envelope{Key: m.Channel + m.TimeStamp, Kind: directMessage, User: m.User, Team: m.UserTeam, Channel: m.Channel, Thread: m.ThreadTimeStamp,
			Text: m.Text, said: m.TimeStamp, ack: ack}, typed
	case *slackevents.ReactionAddedEvent:
		return Envelope{Key: "reaction" + m.Item.Channel + m.Item.Timestamp + m.User + m.Reaction + m.EventTimestamp, Kind: reacted, User: m.User,
			Channel: m.Item.Channel, Action: reactions[m.Reaction], said: m.Item.Timestamp, ack: ack}, reactions[m.Reaction] != "" && m.Item.Type == "message"
	case *slackevents.AppHomeOpenedEvent:
		e := Envelope{Key: "home" + m.User + m.EventTimeStamp, Kind: homeOpened, User: m.User, ack: ack}
		if m.View != nil {
			e.View = viewOf(*m.View)
		}
		e.View.Home = true
		return e, m.Tab == "home"
	}
	return Envelope{}, false
}

// viewOf reads a form or the home.
func viewOf(v slack.View) viewed {
	out := viewed{ID: v.ID, Hash: v.Hash, Form: v.CallbackID, Metadata: v.PrivateMetadata, Home: v.Type == slack.VTHomeTab}
	if v.State == nil {
		return out
	}
	out.Values = map[string]string{}
	for block, actions := range v.State.Values {
		for _, a := range actions {
			out.Values[block] = cmp.Or(a.SelectedOption.Value, a.Value)
		}
	}
	return out
}

// ackPayload is the answer to a slash command in its ack.
func ackPayload(m format.Message) any {
	return struct {
		ResponseType string          `json:"response_type"`
		Text         string          `json:"text"`
		Blocks       json.RawMessage `json:"blocks"`
	}{slack.ResponseTypeEphemeral, m.Text, m.BlocksJSON()}
}

// wait sleeps unless ctx ends first, and says which.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

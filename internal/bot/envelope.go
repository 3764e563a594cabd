package bot

import (
	"cmp"
	"context"

	"github.com/statusbot/statusbot/internal/format"
)

// Envelope is one thing that a person did in Slack, whatever transport it
// came by.
type Envelope struct {
	Key     string // the same for every delivery of the same act, for deduplication
	Kind    envelopeKind
	User    string // Slack user id
	Name    string // what they are called; empty if the transport does not say
	Team    string // id of the workspace that the person is of; empty if the transport does not say
	Channel string // Slack channel id
	Thread  string // ts of the thread it was said in; mentions only

	Command string // name the person called, "/status"; "@statusbot" for a mention; empty for a button or menu
	Text    string // what follows it
	said    string // ts of the message that says it, of a mention; or that was reacted to

	Action    string // action_id of a button or menu
	Value     string // value of the button or of the chosen option; of a menu that is typed into what it is about
	Ephemeral bool   // the message acted on is only visible to the person

	View viewed // of a form or the home that was acted in

	// ack answers Slack; with a message where the transport can carry one.
	// It may be called once, from any goroutine.
	ack func(ctx context.Context, m *format.Message) error
	// correct acks a form that is to stay open: what is wrong, by input. It
	// takes the place of ack.
	correct func(ctx context.Context, wrong map[string]string) error
	// suggest acks with the options of a menu that is typed into. It takes the
	// place of ack.
	suggest func(ctx context.Context, list format.Suggested) error
	// trigger opens a form, within 3 s and once.
	trigger string
	// responseURL takes up to five answers within 30 minutes
	// (docs.slack.dev/interactivity/handling-user-interaction).
	responseURL string
	// drop tells the transport that nobody will ack; nil if it need not know.
	drop func()
	// later runs an errand that takes longer than an answer may, once the
	// answer was given; false when there are too many.
	later func(errand func(ctx context.Context)) bool
}

// within is the message in whose thread an envelope belongs: that of the
// thread where it was said, or the message that it was said with; empty where
// there is none.
func (e Envelope) within() string {
	if e.Kind == mention || e.Kind == blockAction && e.Action == format.ActionMark || e.Kind == formSubmitted {
		return cmp.Or(e.Thread, e.said)
	}
	return ""
}

type envelopeKind uint8

const (
	slashCommand envelopeKind = iota
	blockAction
	mention
	directMessage // typed to the bot in a direct conversation
	formSubmitted // a form was filled in and sent
	reacted       // an emoji was put on a message; Action is what it means on an update
	homeOpened    // somebody looks at the app's home
	menuTyped     // somebody types into a menu whose options we give; Text is what
)

// viewed is what Slack says of a form or of the home.
type viewed struct {
	ID, Hash string
	Form     string            // callback_id
	Metadata string            // private_metadata, as we gave it
	Values   map[string]string // :: block_id -> text or value of the chosen option
	Home     bool
}

package bot

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format"
)

// act is how much an act changes, and for whom.
type act uint8

const (
	asks     act = iota // shows the summary
	reads               // shows what is known already
	probes              // makes statusbot look, changes nothing
	writes              // changes the channel's updates or its incident, or posts into it
	responds            // changes what everybody is told: mutes, checks, approvals
)

// deed is what a command or a button does, for the decision who may.
type deed struct {
	act  act
	does string // completes "Only members of this channel can ..."
}

// deeds has every command. A word that is missing here counts as the greatest
// act, and a test fails: whoever adds a command says here what it does.
var deeds = map[string]deed{ // :: verb of a request -> what it does
	"":        {asks, "ask how things are"},
	"product": {reads, "ask how a product is"},
	"help":    {reads, "ask for help"},
	"sources": {reads, "ask where the figures come from"},
	verbNow:   {probes, "have checks probed now"},

	"start":    {writes, "begin updates in a channel"},
	"stop":     {writes, "end a channel's updates"},
	"every":    {writes, "change how often updates come"},
	"more":     {writes, "change how often updates come"},
	"less":     {writes, "change how often updates come"},
	"pause":    {writes, "pause a channel's updates"},
	"resume":   {writes, "go on with a channel's updates"},
	"mark":     {writes, "mark an action"},
	"unmark":   {writes, "withdraw a mark"},
	"correct":  {writes, "correct a mark"},
	"note":     {writes, "write a note"},
	"link":     {writes, "add a link"},
	"unlink":   {writes, "take a link away"},
	"severity": {writes, "set the severity"},
	"ack":      {writes, "acknowledge that somebody looks into it"},
	"unack":    {writes, "withdraw an acknowledgement"},

	"since":    {reads, "ask what changed"},
	"timeline": {reads, "read the timeline"},
	"cause":    {reads, "ask for the likely cause"},
	"report":   {reads, "read the report"},
	"export":   {reads, "export checks"},

	"oncall":      {reads, "ask who is on call"},
	"maintenance": {reads, "ask what is in maintenance"},

	"watch":   {reads, "watch a product"}, // changes nothing but one's own messages
	"unwatch": {reads, "end a watch"},

	"mute":    {responds, "mute"},
	"unmute":  {responds, "end a mute"},
	"add":     {responds, "add a check"},
	"remove":  {responds, "remove an added check"},
	"approve": {responds, "approve a check"},
}

// buttons has every button and menu.
var buttons = map[string]deed{ // :: action_id -> what it does
	format.ActionProduct: deeds["product"],
	format.ActionSummary: deeds[""],
	format.ActionAll:     deeds["product"],
	format.ActionRest:    deeds["product"], // its options are other buttons
	format.ActionRefresh: deeds["product"], // it may show a product
	format.ActionChoose:  deeds["product"],
	format.ActionCheck:   deeds["product"],
	format.ActionAck:     deeds["ack"],
	format.ActionUnack:   deeds["unack"],
	format.ActionWatch:   deeds["watch"],
	format.ActionUnwatch: deeds["unwatch"],
	format.ActionSources: deeds["sources"],

	format.ActionSourcesCSV:  deeds["sources"],
	format.ActionSourcesJSON: deeds["sources"],

	format.ActionNow:   deeds[verbNow],
	format.ActionMore:  deeds["more"],
	format.ActionLess:  deeds["less"],
	format.ActionMark:  deeds["mark"],
	format.ActionShare: {writes, "share an answer with a channel"},

	format.ActionAdd:     deeds["add"],
	format.ActionKind:    deeds["add"],
	format.ActionPropose: deeds["add"],
	format.ActionAccept:  deeds["approve"],
	format.ActionDecline: deeds["approve"],
}

// deed says what an envelope asks for.
func (e Envelope) deed() deed {
	table, key := deeds, ""
	switch e.Kind {
	case blockAction, reacted:
		table, key = buttons, e.Action
	case formSubmitted:
		key = "add"
		if e.View.Form == format.FormMark {
			key = "mark"
		}
	case homeOpened, menuTyped:
		key = "product" // it shows more than the summary's line
	default:
		key = parse(e.Text).verb
	}
	if d, ok := table[key]; ok {
		return d
	}
	return deed{responds, "do that"} // unreachable unless a table has a gap
}

// Who is some of the people who use Slack.
type Who struct {
	Everyone bool // of the workspace
	Members  bool // of the channel in question: where a channel's own updates are concerned that channel, else Access.Home
	Users    []string
	Groups   []string // user groups: ids, or handles with their "@"
}

// GuestAccess is what guests and people of other workspaces may do unless they
// are named in person or by group.
type GuestAccess uint8

const (
	GuestsSummary    GuestAccess = iota // the summary's line, in a channel with updates
	GuestsNothing                       // nothing at all
	GuestsRead                          // what Policy.Read says
	GuestsEverything                    // what anybody may; then nobody is asked who is a guest
)

// Policy says who may do what.
type Policy struct {
	Read, Write, Respond Who
	Guests               GuestAccess
}

func (p Policy) who(a act) Who {
	switch a {
	case asks, reads, probes:
		return p.Read
	case writes:
		return p.Write
	}
	return p.Respond
}

// fact is what is known of a person; the zero value is not asked yet.
type fact uint8

const (
	unasked fact = iota
	yes
	no
	unsure // Slack did not say
)

// facts is what a decision knows of the person who acts.
type facts struct {
	user    string
	own     fact // a full member of our workspace, neither guest nor of another
	channel fact // is in the channel in question
	group   fact // is in one of the groups that may do this
}

// verdict is a decision, or the one fact that it needs next.
type verdict uint8

const (
	allowed      verdict = iota
	lineOnly             // the summary's line, where updates come
	notAllowed           // others are
	notForGuests         //
	notKnown             // Slack did not say what the decision needs
	askOwn               // find out and decide again
	askChannel
	askGroup
)

// may decides. It asks for no more than it needs: reading by everyone in a
// workspace that treats guests like anybody takes no question at all. What
// Slack does not say counts for reading and against changing anything.
func (p Policy) may(a act, f facts) verdict {
	who := p.who(a)
	if slices.Contains(who.Users, f.user) {
		return allowed // whoever is named is meant, guest or not
	}
	doubt := false
	if p.Guests != GuestsEverything {
		switch f.own {
		case unasked:
			return askOwn
		case unsure:
			doubt = true
		case no:
			if len(who.Groups) > 0 && f.group == unasked {
				return askGroup
			}
			switch {
			case len(who.Groups) > 0 && f.group == yes:
				return allowed
			case p.Guests == GuestsSummary && a == asks:
				return lineOnly
			case p.Guests != GuestsRead || a > reads:
				return notForGuests
			}
		}
	}
	if doubt && a >= writes {
		return notKnown
	}
	if who.Everyone {
		return allowed
	}
	if who.Members {
		switch f.channel {
		case unasked:
			return askChannel
		case yes:
			return allowed
		case unsure:
			doubt = true
		}
	}
	if len(who.Groups) > 0 {
		switch f.group {
		case unasked:
			return askGroup
		case yes:
			return allowed
		case unsure:
			doubt = true
		}
	}
	switch {
	case doubt && a >= writes:
		return notKnown
	case doubt:
		return allowed
	}
	return notAllowed
}

// lookupBound is what the questions to Slack behind one decision may take, of
// the time that the answer has.
const lookupBound = time.Second

// Access decides who may do what, from a policy and what Slack says of the
// person.
type Access struct {
	Policy func() Policy // as of now: a reload changes it
	Home   func() string // id of the channel whose members respond; empty: the channel where it is asked
	People *People
	Log    *zap.Logger
}

// refuse returns what to answer instead if the person may not do this; false
// if they may. line makes the summary that guests see a line of, nil when no
// updates come to the channel.
func (a *Access) refuse(ctx context.Context, e Envelope, line func() *format.Message) (format.Message, bool) {
	if a == nil {
		return format.Message{}, false
	}
	ctx, cancel := bounded(ctx, lookupBound)
	defer cancel()
	d, p := e.deed(), a.Policy()
	who := p.who(d.act)
	place, can := e.Channel, format.Can{Everyone: who.Everyone, Members: who.Members, Groups: who.Groups, Users: who.Users}
	if d.act == responds && a.Home != nil {
		if home := a.Home(); home != "" && home != e.Channel {
			place, can.Channel = home, home
		}
	}
	f := facts{user: e.User}
	var why error // of the last question that was not answered
	for {
		var err error
		v := p.may(d.act, f)
		switch v {
		case askOwn:
			f.own, err = a.People.own(ctx, e.User, e.Team)
		case askChannel:
			f.channel, err = a.People.inChannel(ctx, place, e.User, d.act == responds)
		case askGroup:
			f.group, err = a.People.inGroups(ctx, who.Groups, e.User)
		case allowed:
			return format.Message{}, false
		default:
			a.Log.Info("refused", zap.String("user", e.User), zap.String("channel", e.Channel), zap.String("to", d.does), zap.NamedError("unknown", why))
			return a.sentence(v, d, can, f, why, line), true
		}
		why = cmp.Or(err, why)
	}
}

// sentence words a refusal.
func (a *Access) sentence(v verdict, d deed, can format.Can, f facts, why error, line func() *format.Message) format.Message {
	switch v {
	case lineOnly:
		if m := line(); m != nil {
			return format.Line(*m)
		}
		return format.NotForGuests(d.does, can, true)
	case notForGuests:
		return format.NotForGuests(d.does, can, a.Policy().Guests == GuestsSummary)
	case notAllowed:
		return format.NotAllowed(d.does, can)
	}
	what := "who you are"
	switch {
	case f.channel == unsure:
		what = "who is in the channel"
	case f.group == unsure:
		what = "who is in " + strings.Join(can.Groups, " and ")
	}
	switch c := codeOf(why); c {
	case "missing_scope":
		return format.NoScope(what, scopeOf(why, f), d.does, can)
	case "channel_not_found", "not_in_channel":
		if can.Channel == "" {
			return format.NotInChannel(d.does)
		}
	}
	return format.NotKnown(what, d.does, can)
}

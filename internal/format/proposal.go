package format

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/status"
)

// Buttons around proposed checks; the value is the proposal's key.
const (
	ActionAdd     = "add_check"        // open the form
	ActionKind    = "proposal_kind"    // in the form: another kind was chosen
	ActionPropose = "proposal_propose" // ask the approvers
	ActionAccept  = "proposal_accept"
	ActionDecline = "proposal_decline"
)

// SaidToAdd stands before what was typed, in the value of ActionAdd where no
// proposal is known.
const SaidToAdd = "said:"

// ProposalForm is the callback_id of the form.
const ProposalForm = "proposal"

const (
	maxPlaceholder = 150  // Slack's
	maxHint        = 2000 // Slack's
	maxTyped       = 3000 // Slack's, of one input
)

// Form is a modal of inputs.
type Form struct {
	ID       string // callback_id
	Title    string // at most 24
	Submit   string // at most 24
	Metadata string // private_metadata
	Inputs   []Input
}

// Input is one input of a Form, a select when it has options.
type Input struct {
	ID          string // block_id
	Action      string // action_id; "value" unless a choice is told at once
	Label       string
	Hint        string
	Placeholder string
	Initial     string // text, or the value of an option
	Options     []Option
	Searched    bool // for a product: statusbot gives the options that match what a person types
	Multiline   bool
	Optional    bool
}

// MarshalJSON writes the input as Slack wants it.
func (in Input) MarshalJSON() ([]byte, error) {
	el := in.element()
	if in.Placeholder != "" {
		el["placeholder"] = plain(text.Plain(in.Placeholder, maxPlaceholder, "…"))
	}
	if in.Action != "" {
		el["action_id"] = in.Action
	}
	b := map[string]any{"type": "input", "block_id": in.ID, "label": plain(in.Label), "element": el, "optional": in.Optional, "dispatch_action": in.Action != ""}
	if in.Hint != "" {
		b["hint"] = plain(text.Plain(in.Hint, maxHint, "…"))
	}
	return json.Marshal(b)
}

func (in Input) element() map[string]any {
	if len(in.Options) == 0 {
		el := map[string]any{"type": "plain_text_input", "action_id": "value", "multiline": in.Multiline, "max_length": maxTyped}
		if in.Initial != "" {
			el["initial_value"] = in.Initial
		}
		return el
	}
	el := map[string]any{"type": "static_select", "action_id": "value", "options": in.Options}
	if in.Searched {
		el = map[string]any{"type": "external_select", "action_id": ActionProduct, "min_query_length": 0}
	}
	for _, o := range in.Options {
		if o.Value == in.Initial {
			el["initial_option"] = o
		}
	}
	return el
}

// Fill puts what was typed before into the inputs, by their ids.
func (f Form) Fill(typed map[string]string) {
	for i, in := range f.Inputs {
		if v, ok := typed[in.ID]; ok {
			f.Inputs[i].Initial = v
		}
	}
}

// InputsJSON returns the blocks of the form.
func (f Form) InputsJSON() json.RawMessage {
	data, err := json.Marshal(f.Inputs)
	if err != nil {
		return json.RawMessage("[]") // unreachable: an Input holds strings only
	}
	return data
}

// CheckKind is a kind of check as a form shows it.
type CheckKind struct {
	Name    string
	Summary string // what a pass proves, one sentence
	Example string // its options in YAML, on one line
}

// ProposeCheck is the form for a check: kinds are those that can be proposed,
// chosen the one whose example is shown, product the id that is chosen already
// or empty. The ids of the inputs are the fields of a proposal.
func ProposeCheck(products []status.Product, kinds []CheckKind, chosen, product, metadata string) Form {
	which := Input{ID: "product", Label: "Product", Placeholder: "Choose a product", Initial: product, Hint: "Whose clients feel it when the check fails."}
	for _, p := range products {
		if p.ID != "" && text.Units(p.ID) <= maxOption {
			which.Options = append(which.Options, optionOf(p.Name, p.ID))
		}
	}
	which.Searched = len(which.Options) > maxOptions
	kind := Input{ID: "kind", Action: ActionKind, Label: "Kind", Placeholder: "Choose a kind", Initial: chosen}
	options := Input{ID: "options", Label: "What it does, as YAML", Multiline: true, Optional: true}
	for _, k := range kinds[:min(len(kinds), maxOptions)] {
		kind.Options = append(kind.Options, Option{Label: text.Plain(k.Name, maxOption, "?"), Value: k.Name})
		if k.Name == chosen {
			kind.Hint = k.Summary + " What needs a password, runs a program or waits for reports (postgres, exec, heartbeat and others) is written in the team's own file, " +
				"with secrets as ${NAME}; “export” shows what such a file looks like."
			options.Placeholder, options.Hint = k.Example, "For example: "+k.Example+". Secrets and files belong into the configuration file."
		}
	}
	return Form{ID: ProposalForm, Title: "Propose a check", Submit: "Try it", Metadata: metadata, Inputs: []Input{
		which,
		{ID: "id", Label: "Id", Placeholder: "card-payment", Hint: "How the check is called from now on: a-z, 0-9, “-”."},
		kind,
		{ID: "every", Label: "How often", Initial: "30s", Hint: "At least 5s."},
		{ID: "timeout", Label: "Time-out of one try", Placeholder: "10s", Optional: true},
		options,
	}}
}

// ProposalFacts is a proposed check as messages tell it.
type ProposalFacts struct {
	Key                 string // of its buttons
	Check               checks.Check
	Product             string        // name
	Options             string        // as typed
	Seen                checks.Result // of the dry run
	By                  string        // Slack ids
	Decided             string        // who accepted or declined it; empty while nobody did
	ByName, DecidedName string        // what the two are called; empty where that is not known
	At                  time.Time     // when it was proposed
}

// OpenForm answers who asked for the form where Slack opens none.
// said is what the person typed; the form is filled in from it.
func OpenForm(said string) Message {
	value := ""
	if said != "" && text.Units(said) < maxValue-len(SaidToAdd) {
		value = SaidToAdd + said
	}
	m := say("A check is proposed in a form.", "It is tried once before anybody else sees it.")
	m.Blocks = append(m.Blocks, Block{Actions: []Action{{ID: ActionAdd, Label: "Propose a check", Value: value}}})
	return m
}

// SecretInAddress answers an address with a password or a token in it.
func SecretInAddress(command string) Message {
	return say("That address has a password or a token in it, and everybody who is asked would see it. Nothing was proposed.",
		"Give the address without it: "+typed(command, "add https://...")+". What needs a secret is written in the team's own file, as ${NAME}.",
		"If it was typed where others read it, change it.")
}

// NoAddress answers an address that cannot be proposed as it is: probed says that
// its scheme can be, so that the port is missing.
func NoAddress(command, scheme, host string, probed bool) Message {
	if probed {
		return say("Say the port as well: " + typed(command, "add "+scheme+"://"+host+":1234") + ".")
	}
	return say("An address of "+text.Code(scheme+"://", 40)+" cannot be proposed here.", "Such as: "+typed(command, "add https://shop.example.com/health")+" · "+
		typed(command, "add db.example.com:5432")+" · "+typed(command, "add")+" alone has all kinds.")
}

// OneAddress answers two addresses at once.
func OneAddress(command string, addresses []string) Message {
	return say("One check is proposed at a time, for one address. Nothing was proposed.", "The first of them: "+typed(command, "add "+addresses[0]))
}

// DryRun tells the proposer what one try of the check saw.
func DryRun(p ProposalFacts, tz *time.Location, now time.Time) Message {
	sentence := "Dry run of " + text.Name(p.Check.ID) + " for " + text.Name(p.Product) + ": " + p.outcome() + "."
	blocks := append(sections([]string{"*" + sentence + "*", p.seen(tz, now)}), p.definition()...)
	if p.Seen.Outcome == checks.Unknown {
		blocks = append(blocks, Block{Context: "It is not proposed to anybody: a check that cannot observe says nothing. Change it and try again."},
			Block{Actions: []Action{{ID: ActionAdd, Label: "Try again", Value: p.Key}}})
	} else {
		blocks = append(blocks, Block{Context: "Nothing runs yet. Only you see this; somebody else has to accept the check."},
			Block{Actions: []Action{{ID: ActionPropose, Label: "Propose to the approvers", Value: p.Key}, {ID: ActionAdd, Label: "Change it", Value: p.Key}}})
	}
	return limited(Message{Text: sentence, Blocks: blocks})
}

// ForApproval asks the approvers, and afterwards says what became of it.
func ForApproval(p ProposalFacts, accepted bool, tz *time.Location, now time.Time) Message {
	what := "the check " + text.Name(p.Check.ID) + " for " + text.Name(p.Product)
	sentence := text.EscapeOr(p.ByName, 40, "Somebody") + " proposes " + what + "."
	switch {
	case p.Decided != "" && accepted:
		sentence = text.EscapeOr(p.DecidedName, 40, "Somebody") + " accepted " + what + ", proposed by " + called(p.ByName) + ". It runs now."
	case p.Decided != "":
		sentence = text.EscapeOr(p.DecidedName, 40, "Somebody") + " declined " + what + ", proposed by " + called(p.ByName) + "."
	}
	blocks := append(sections([]string{"*" + sentence + "*", "Dry run: " + p.outcome() + ". " + p.seen(tz, now)}), p.definition()...)
	if p.Decided == "" {
		blocks = append(blocks, Block{Context: "Once accepted it runs from here, against public addresses only, until somebody removes it."},
			Block{Actions: []Action{{ID: ActionAccept, Label: "Accept", Value: p.Key}, {ID: ActionDecline, Label: "Decline", Value: p.Key}}})
	}
	return limited(Message{Text: sentence, Blocks: blocks})
}

func (p ProposalFacts) outcome() string {
	s := outcomeWord(p.Seen.Outcome)
	if p.Seen.Outcome != checks.Unknown && p.Seen.Duration > 0 {
		s += " in " + text.Latency(p.Seen.Duration)
	}
	return s
}

// seen is what the dry run saw, with its evidence.
func (p ProposalFacts) seen(tz *time.Location, now time.Time) string {
	v := view{clock: clockOf(now, tz)}
	return v.failure(p.Seen) + phases(p.Seen.Phases) + output(p.Seen)
}

// definition is what would run.
func (p ProposalFacts) definition() []Block {
	c := p.Check
	line := text.Code(c.ID, 80) + " " + text.EscapeOr(c.Kind, 40, "of no kind") + " " + paced(c.Every) + ", time-out " + length(c.Timeout)
	blocks := []Block{{Context: line}}
	for _, text := range fenced(p.Options, 1) {
		blocks = append(blocks, Block{Section: text})
	}
	return blocks
}

// fenced shows text as it stands in code blocks, as many as it takes and at
// most so many.
func fenced(s string, most int) []string {
	const room = maxSection - 20 // without the fences and the mark of a cut
	var out []string
	var body strings.Builder
	flush := func(mark string) {
		if body.Len() > 0 {
			out = append(out, "```\n"+body.String()+mark+"```")
			body.Reset()
		}
	}
	for line := range strings.Lines(s) {
		trimmed := strings.TrimLeft(line, " ")
		indent := line[:min(len(line)-len(trimmed), 60)]
		line = indent + text.Entities(strings.ReplaceAll(text.OneLine(trimmed, 1000), "`", "'"), 1000) + "\n"
		if text.Units(body.String())+text.Units(line) > room {
			if len(out)+1 == most {
				flush("…\n")
				return out
			}
			flush("")
		}
		body.WriteString(line)
	}
	flush("")
	return out
}

// ProposedTo tells the proposer that the approvers are asked; where are ids of
// channels or people.
func ProposedTo(where []string, can Can) Message {
	var places []string
	for _, w := range where {
		if strings.HasPrefix(w, "U") || strings.HasPrefix(w, "W") {
			places = append(places, text.Mention(w))
		} else if text.UserID.MatchString(w) {
			places = append(places, "<#"+w+">")
		}
	}
	return say("The check is proposed in "+strings.Join(places, ", ")+".", text.Capital(can.people())+" can accept it: somebody else than you.")
}

// NoApprovers answers when there is nowhere to ask them.
func NoApprovers() Message {
	return say("There is no channel to ask for approval in.", "Propose it in a channel, or have the operator set "+text.Code("updates.channel", 40)+".")
}

// ProposalGone answers a button of a proposal that is no longer there.
func ProposalGone() Message {
	return say("This proposal is no longer there: it was decided, or a day old.", "Propose it again.")
}

// OwnProposal answers who accepts what they proposed.
func OwnProposal() Message {
	return say("Somebody else has to accept a check that you proposed.", "Ask another of those who can.")
}

// NoLongerFits answers when a proposal was good and is not any more; why is
// the sentence of the configuration.
func NoLongerFits(id, why string) Message {
	return say("The check "+text.Name(id)+" does not fit any more: "+text.Escape(why, 500)+".", "Nothing was changed.")
}

// Decision tells who decided that it is done.
func Decision(id string, accepted bool, command string) Message {
	if !accepted {
		return say("The check " + text.Name(id) + " is declined.")
	}
	return say("The check "+text.Name(id)+" runs now.", "End it with "+typed(command, "remove "+id)+"; "+typed(command, "export")+" prints it for your file.")
}

// TooManyAdded answers when no more checks can be added.
func TooManyAdded(most int) Message {
	return say("There are "+text.Plural(most, "added check")+" or proposals already, as many as can be kept.", "Move some into the configuration file and remove them here.")
}

// Removed tells that an added check no longer runs.
func Removed(id string) Message {
	return say("The check " + text.Name(id) + " no longer runs. What it saw stays in the figures of its time.")
}

// NotAdded answers who removes a check that nobody added in Slack.
func NotAdded(said, file string, added []string) Message {
	sentence := "No check " + text.Code(said, 80) + " was added here."
	switch {
	case said == "":
		sentence = "Say which check."
	case file != "":
		sentence = "The check " + text.Code(said, 80) + " is in " + text.Code(file, 200) + ", and is removed there."
	}
	next := "No check was added here yet."
	if len(added) > 0 {
		var ids []string
		for _, id := range added[:min(len(added), 20)] {
			ids = append(ids, text.Code(id, 80))
		}
		next = "Added here: " + strings.Join(ids, ", ")
	}
	return say(sentence, next)
}

// Export shows the added checks as a file; yaml is empty when there are none.
func Export(yaml string, n int, command string) Message {
	if n == 0 {
		return say("No check was added here, so there is nothing to export.", "Propose one with "+typed(command, "add")+".")
	}
	sentence := text.Plural(n, "added check") + ", as a file for the configuration."
	const most = 3 // code blocks: with more the message would be too long
	blocks := sections([]string{"*" + sentence + "*", "Put it beside the others, remove the checks here, and each goes on under its id."})
	for _, text := range fenced(yaml, most) {
		blocks = append(blocks, Block{Section: text})
	}
	if len(fenced(yaml, most+1)) > most {
		blocks = append(blocks, Block{Context: "The rest does not fit a message: move these first, remove them here, and export again."})
	}
	return limited(Message{Text: sentence, Blocks: blocks})
}

// addedBy says who added a check that is in no file.
func (c clock) addedBy(a checks.Added) string {
	s := "added by " + called(a.ByName) + " " + a.At.In(c.Zone()).Format("2006-01-02")
	if a.AcceptedBy != "" {
		s += ", accepted by " + called(a.AcceptedByName)
	}
	return s
}

package format

import (
	"strconv"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// Typed returns what somebody typed as one line of visible characters, in
// full.
func Typed(s string) string { return text.OneLine(s, len(s)) }

// ActionChoose is a button that shows one of several things that were meant;
// value "product:ID" or "check:ID". Of several in a row each has a number
// behind a slash, since Slack wants them to differ.
const ActionChoose = "choose"

// Choice is one thing that may have been meant: a product, or a check of one.
type Choice struct {
	Product status.Product
	Check   checks.Check // without an id when the product is meant
}

func (c Choice) label() string {
	if c.Check.ID == "" {
		return c.Product.Name
	}
	return c.Product.Name + ": " + c.Check.ID
}

func (c Choice) value() string {
	if c.Check.ID == "" {
		return valueProduct + c.Product.ID
	}
	return valueCheck + c.Check.ID
}

// mostChoices is how many buttons are offered: a phone shows as many at once.
const mostChoices = 8

// Choose offers what was meant, as buttons.
func Choose(command, said string, choices []Choice) Message {
	sentence := text.Code(said, 80) + " can be one of " + text.Count(len(choices)) + "."
	var buttons []Action
	var names []string
	for n, c := range choices[:min(len(choices), mostChoices)] {
		names = append(names, text.Name(c.label()))
		if text.Units(c.value()) <= maxValue {
			buttons = append(buttons, Action{ID: ActionChoose + "/" + strconv.Itoa(n), Label: text.Plain(c.label(), maxLabel, "(no name)"), Value: c.value()})
		}
	}
	more := ""
	if len(choices) > mostChoices {
		more = " and " + text.Count(len(choices)-mostChoices) + " more: type more of the name"
	}
	list := strings.Join(names, ", ") + more + "."
	blocks := sections([]string{sentence, list})
	if len(buttons) > 0 {
		blocks = append(blocks, Block{Actions: buttons})
	}
	return limited(Message{Text: sentence + " " + list, Blocks: blocks})
}

// mostNamed is how many products one line names.
const mostNamed = 8

// someProducts is "Billing, Search and 12 more"; empty without products.
func someProducts(products []status.Product) string {
	var names []string
	for _, p := range products[:min(len(products), mostNamed)] {
		names = append(names, text.Name(p.Name))
	}
	s := strings.Join(names, ", ")
	if more := len(products) - len(names); more > 0 {
		s += " and " + text.Count(more) + " more"
	}
	return s
}

// NotUnderstood answers words that name no command, product or check. nearest
// is what the person may have meant, from Nearest, or empty.
func NotUnderstood(command, said, nearest string, products []status.Product) Message {
	sentence := "I don't know that."
	if strings.TrimSpace(said) != "" {
		sentence = "I don't know " + text.Code(said, 80) + "."
	}
	if nearest != "" {
		sentence += " Did you mean " + typed(command, nearest) + "?"
	}
	return say(sentence, andHelp(command, products))
}

// andHelp names the products, and where there is help.
func andHelp(command string, products []status.Product) string {
	if names := someProducts(products); names != "" {
		return "A product: " + names + " · " + typed(command, "help")
	}
	return "No product is configured. · " + typed(command, "help")
}

// Greeting answers who says hello.
func Greeting(command string, products []status.Product) Message {
	return say("Ask me how a product is: " + someProducts(products) + " · all of them: " + typed(command, "") + " · " + typed(command, "help"))
}

// List answers who asks what there is to ask for.
func List(command string, products []status.Product) Message {
	var names []string
	for _, p := range products {
		name := text.Name(p.Name)
		if !strings.EqualFold(p.Name, p.ID) {
			name += " (" + text.Code(p.ID, 40) + ")"
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return say("No product is configured.", typed(command, "help"))
	}
	return say(text.Plural(len(names), "product")+": "+text.Cut(strings.Join(names, ", "), roomy/4)+".", "How one is: "+typed(command, "PRODUCT")+" · how all are: "+typed(command, ""))
}

// Version answers who asks which statusbot this is.
func Version(version, command string) Message {
	return say("statusbot "+text.Code(version, 80)+".", "How all products are: "+typed(command, "")+" · "+typed(command, "help"))
}

// PageAt answers who asks for the page; its address is empty where it is not known.
func PageAt(address, command string) Message {
	if address == "" {
		return say("No address of a page is configured; `page` in the configuration has one.", "How all products are: "+typed(command, "")+" · what is on one: "+typed(command, "PRODUCT"))
	}
	return say("The page: "+text.Link(address, address)+".", "How all products are: "+typed(command, ""))
}

// wholeChannel is what the commands that take nothing do.
var wholeChannel = map[string]string{
	"stop": "ends the updates of this whole channel", "pause": "lets the updates of this whole channel rest",
	"resume": "lets this channel's updates go on", "more": "makes this channel's updates come more often",
	"less": "makes this channel's updates come less often", "severity": "says how severe this channel's incident is",
}

// AskBack answers a command that changes something and was followed by words
// that it does not take: nothing was done. product is the id of the one that
// they name, or empty.
func AskBack(command, verb, ignored, product string) Message {
	next := "Nothing was changed. If you mean that: " + typed(command, verb)
	if product != "" && (verb == "stop" || verb == "pause") {
		next += " · to leave that product out of them: " + typed(command, "mute "+product+" for 2h REASON")
	}
	name, _, _ := strings.Cut(verb, " ")
	return say(typed(command, verb)+" "+wholeChannel[name]+"; I do not know what "+text.Code(ignored, 80)+" is to mean with it.", next)
}

// AskMute answers who names what is to be in maintenance, and how long, to the command that
// only lists it: nothing was done.
func AskMute(command, ignored, what, span string) Message {
	return say(typed(command, "maintenance")+" lists what is in maintenance; "+text.Code(ignored, 80)+" was not read.",
		"Nothing was changed. To begin one: "+typed(command, "mute "+text.Cut(what+" for "+span, 80)))
}

// AskEvery answers an interval that was followed by words that it does not take:
// nothing was done.
func AskEvery(command string, every time.Duration, ignored string) Message {
	return say(typed(command, "every")+" sets how often updates come to this whole channel; I do not know what "+text.Code(ignored, 80)+" is to mean with it.",
		"Nothing was changed. If you mean that: "+typed(command, "every "+strings.ReplaceAll(incident.Every(every), " ", "")))
}

// Ignored says in an answer what of the question was not read.
func Ignored(m Message, verb, ignored string) Message {
	said := text.Code(verb, 40) + " takes nothing more: " + text.Code(ignored, 80) + " was not read."
	m.Blocks = append([]Block{{Context: said}}, m.Blocks...)
	m.Text = strings.TrimSpace(m.Text + " " + said)
	return limited(m)
}

// Gone answers a button of a product or check that the configuration no longer has.
func Gone(kind, id, command string) Message {
	return say("The "+kind+" "+text.Code(id, 80)+" is no longer in the configuration, so nothing is known of it now.", "All products: "+typed(command, ""))
}

// NoCheck answers a name that no check of a product has. known are the ids of
// its checks.
func NoCheck(command string, product status.Product, said, nearest string, known []string) Message {
	sentence := text.Name(product.Name) + " has no check " + text.Code(said, 80)
	switch {
	case len(known) == 0:
		sentence += "; it has none at all"
	default:
		var shown []string
		for _, k := range known[:min(len(known), mostNamed)] {
			shown = append(shown, text.Code(k, 60))
		}
		sentence += "; it has " + strings.Join(shown, ", ")
		if more := len(known) - len(shown); more > 0 {
			sentence += " and " + text.Count(more) + " more"
		}
	}
	next := ""
	if nearest != "" {
		next = "Did you mean " + typed(command, product.ID+" "+nearest) + "?"
	}
	return say(sentence+".", next, "All of it: "+typed(command, product.ID))
}

package format

import (
	"cmp"
	"strings"
)

// Help is what most people need, by need; the rest is behind HelpAll. command
// is the name that the person used.
func Help(command string, hasIncident bool) Message {
	cmd := func(rest, does string) string { return typed(command, rest) + " " + does }
	lines := []string{
		"*What is it like?* " + typed(command, "") + " all products, " + typed(command, "PRODUCT") + " one of them; part of its name will do.",
		"*Look closer:* " + typed(command, "PRODUCT CHECK") + ", " + typed(command, "PRODUCT now") + " (probes it), " + typed(command, "cause") + ".",
		"*What did I miss?* " + typed(command, "since 01:30") + ", " + typed(command, "timeline") + ", " + typed(command, "report") + ".",
	}
	if hasIncident {
		lines = append(lines,
			"*Say what you did:* "+typed(command, "mark restarted lb-3")+" and I measure whether it helped; "+typed(command, "note TEXT")+", "+typed(command, "ack PRODUCT")+".",
			"*How often:* "+typed(command, "every 5m")+", "+typed(command, "more")+", "+typed(command, "less")+", "+typed(command, "pause")+", "+typed(command, "stop")+".")
	} else {
		lines = append(lines, "*Begin updates here:* "+typed(command, "start TITLE")+".")
	}
	lines = append(lines,
		"*Be told:* "+typed(command, "watch PRODUCT")+" sends you a direct message when it changes.",
		"*Own checks:* "+typed(command, "add https://...")+"; "+typed(command, "sources")+" says where figures come from.",
		cmd("help all", "has the rest. Answers are seen by you alone until you share them. In a thread, mention the bot instead."))
	return limited(Message{Text: "What clients feel, product by product. " + typed(command, "") + " says how all products are; " + typed(command, "help all") + " has every command.", Blocks: sections(lines)})
}

// helpLine is a command and what it does; "{...}" in what it does is a command,
// too.
type helpLine struct{ command, does string }

// everyCommand is the whole help, by need.
var everyCommand = []helpLine{
	{"", "how all products are now"},
	{"PRODUCT", "one product: its checks, the last failures, where the figures come from; a word of its name, or the beginning, is enough"},
	{"PRODUCT CHECK", "one check, with its last results that did not pass"},
	{"PRODUCT now", "probe its checks now; the answer follows"},
	{"list", "the names of all products"},
	{"cause", "what most likely lies behind the trouble, with the counts that speak for it"},
	{"sources", "where the figures come from, and which product has no check; also `sources PRODUCT`, and as a file with raw results: `sources csv`, `sources json`"},
	{"report", "the report of this channel's incident, as files in its thread; {report 7} for another"},
	{"since 01:30", "what changed, what was tried and whether it helped; also `2h`, `an hour ago`, `last night`, `yesterday 18:00`, `my last message`"},
	{"timeline", "all that happened in this channel's incident"},
	{"start TITLE", "begin updates in this channel; the title may be left out, `for PRODUCT, PRODUCT` behind it names what it is about"},
	{"mark TEXT", "an action was tried; whether it helped is told when the figures allow; {mark 13:50 TEXT} if it was not now, {correct TEXT} and {unmark} change your last"},
	{"note TEXT", "write something down for everybody"},
	{"ack PRODUCT", "you look into it, and updates say so; {ack} into all that is hurt; `unack` takes it back"},
	{"link https://... call", "a link that every update shows, to the call or the ticket; `unlink` takes it away"},
	{"severity SEV2", "a label that every update shows; {severity none} takes it back"},
	{"every 5m", "how often updates come to this channel, from 1 min to 1 h; also `more`, `less`"},
	{"pause", "let updates rest until `resume`"},
	{"stop", "end the updates in this channel"},
	{"watch PRODUCT", "a direct message when it changes; `watch` lists yours, `unwatch` ends it"},
	{"mute PRODUCT for 2h REASON", "maintenance of a product or a check, until `unmute` or its end; also `from Sat 22:00 for 2h`, `every Sat 22:00 for 2h`; `maintenance` lists what is planned"},
	{"oncall", "who is on call, owner by owner, where that is configured"},
	{"add https://shop.example.com", "propose a check: it is tried at once, and runs when somebody else accepts it; `add` alone asks for everything"},
	{"remove CHECK", "end a check that was added here"},
	{"export", "the added checks as a file for the configuration"},
	{"help", "the short list"},
}

// helpUnder has the verbs that stand in another one's line.
var helpUnder = map[string]string{"correct": "mark", "unmark": "mark", "unack": "ack", "unlink": "link", "more": "every", "less": "every", "resume": "pause", "unwatch": "watch", "unmute": "mute", "maintenance": "mute"}

// line writes it by the name that the person used.
func (h helpLine) line(command string) string {
	var b strings.Builder
	b.WriteString(typed(command, h.command) + " ")
	for rest := h.does; ; {
		before, after, ok := strings.Cut(rest, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		inner, after, _ := strings.Cut(after, "}")
		b.WriteString(typed(command, inner))
		rest = after
	}
}

// HelpOf says how one command is typed; false when there is none of that name.
func HelpOf(command, verb string) (Message, bool) {
	verb = cmp.Or(helpUnder[verb], verb)
	for _, h := range everyCommand {
		if first, _, _ := strings.Cut(h.command, " "); first == verb && verb != "" && verb != "help" {
			return say(h.line(command)+".", "Every command: "+typed(command, "help all")), true
		}
	}
	return Message{}, false
}

// HelpAll lists every command by the name that the person used.
func HelpAll(command string) Message {
	lines := []string{"*What clients feel, product by product.*"}
	for _, h := range everyCommand {
		lines = append(lines, h.line(command))
	}
	lines = append(lines, "Answers are seen by you alone until you share them. In a thread, mention the bot instead.")
	return limited(Message{Text: "What clients feel, product by product. The commands of " + typed(command, "") + ".", Blocks: sections(lines)})
}

package format

import (
	"cmp"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
)

// say is a message of one sentence, with what to do next on a line of its own.
func say(sentence string, next ...string) Message {
	lines := append([]string{sentence}, text.NonEmpty(next...)...)
	return limited(Message{Text: strings.Join(lines, " "), Blocks: sections(lines)})
}

// Help lists the commands by the name that the person used.
func Help(command string, hasIncident bool) Message {
	cmd := func(rest, does string) string { return typed(command, rest) + " " + does }
	lines := []string{
		"*What clients feel, product by product.*",
		cmd("", "how all products are now"),
		cmd("PRODUCT", "one product: its checks, the last failures, where the figures come from"),
		cmd("PRODUCT CHECK", "one check, with its last results that did not pass"),
		cmd("PRODUCT now", "probe its checks now; the answer follows"),
		cmd("cause", "what most likely lies behind the trouble, with the counts that speak for it"),
		cmd("sources", "where the figures come from, and which product has no check; also `sources PRODUCT`, and as a file with raw results: `sources csv`, `sources json`"),
		cmd("report", "the report of this channel's incident, as files in its thread; "+typed(command, "report 7")+" for another"),
		cmd("add", "propose a check: it is tried at once, and runs when somebody else accepts it"),
		cmd("remove CHECK", "end a check that was added here"),
		cmd("export", "the added checks as a file for the configuration"),
	}
	if hasIncident {
		lines = append(lines,
			cmd("mark TEXT", "an action was tried; whether it helped is told when the figures allow"),
			cmd("note TEXT", "write something down for everybody"),
			cmd("ack PRODUCT", "you look into it"),
			cmd("every 5m", "how often updates come to this channel, from 1 min to 1 h; also `more`, `less`"),
			cmd("pause", "let updates rest until `resume`"),
			cmd("stop", "end the updates in this channel"))
	} else {
		lines = append(lines,
			cmd("start TITLE", "begin updates in this channel; the title may be left out, `for PRODUCT, PRODUCT` behind it names what it is about"))
	}
	lines = append(lines,
		cmd("since 01:30", "what changed, what was tried and whether it helped; also `2h`, `yesterday 18:00`, `my last message`"),
		cmd("timeline", "all that happened in this channel's incident"),
		cmd("watch PRODUCT", "a direct message when it changes; `watch` lists yours, `unwatch` ends it"),
		cmd("mute PRODUCT for 2h REASON", "maintenance of a product or a check, until `unmute` or its end"))
	lines = append(lines, cmd("help", "this list"), "Answers are seen by you alone until you share them. In a thread, mention the bot instead.")
	return limited(Message{Text: "What clients feel, product by product. The commands of " + typed(command, "") + ".", Blocks: sections(lines)})
}

// Refused answers a wish that is not legal now: why, and the next step. Code
// spans in it are commands, and get the name by which the person called.
func Refused(r *incident.Refusal, command string) Message {
	return say(cmp.Or(withCommand(r.Sentence, command), "This cannot be done now."), withCommand(r.Next, command))
}

// withCommand writes "`every`" as "`/status every`".
func withCommand(s, command string) string {
	var b strings.Builder
	for i, part := range strings.Split(s, "`") {
		if i%2 == 1 && part != "" {
			b.WriteString(typed(command, part))
			continue
		}
		lead, trail := "", ""
		if strings.HasPrefix(part, " ") {
			lead = " "
		}
		if strings.HasSuffix(part, " ") && strings.TrimSpace(part) != "" {
			trail = " "
		}
		b.WriteString(lead + text.Escape(part, 500) + trail)
	}
	return strings.TrimSpace(b.String())
}

// NotUnderstood answers words that name no command, product or check. nearest
// is what the person may have meant, from Nearest, or empty.
func NotUnderstood(command, said, nearest string) Message {
	sentence := text.Code(said, 80) + " is neither a command nor a product nor a check."
	if strings.TrimSpace(said) == "" {
		sentence = "That is neither a command nor a product nor a check."
	}
	next := ""
	if nearest != "" {
		next = "Did you mean " + typed(command, nearest) + "?"
	}
	return say(sentence, next, "All products: "+typed(command, "")+" · all commands: "+typed(command, "help"))
}

// NoProduct answers a name that no product has. known are the names that
// exist, nearest the one that may have been meant, or empty.
func NoProduct(command, said, nearest string, known []string) Message {
	return missing(text.Code(said, 80)+" is no product.", command, nearest, "Products", known)
}

// NoCheck answers a name that no check of a product has. known are the ids of
// its checks.
func NoCheck(command, product, said, nearest string, known []string) Message {
	if nearest != "" {
		nearest = product + " " + nearest
	}
	return missing(text.Name(product)+" has no check "+text.Code(said, 80)+".", command, nearest, "Its checks", known)
}

func missing(sentence, command, nearest, what string, known []string) Message {
	const most = 20
	next := ""
	if nearest != "" {
		next = "Did you mean " + typed(command, nearest) + "?"
	}
	list := "There are none yet."
	if len(known) > 0 {
		var shown []string
		for _, k := range known[:min(len(known), most)] {
			shown = append(shown, text.Code(k, 60))
		}
		list = what + ": " + strings.Join(shown, ", ")
		if more := len(known) - len(shown); more > 0 {
			list += " and " + text.Count(more) + " more"
		}
	}
	return say(sentence, next, list)
}

// Started tells the person who asked that updates begin.
func Started(every time.Duration, command string) Message {
	return say("Updates now come to this channel every "+incident.Every(every)+", the first one at once.",
		"Change the interval with "+typed(command, "every 10m")+", end them with "+typed(command, "stop")+".")
}

// Stopped tells the person who asked that updates end.
func Stopped(command string) Message {
	return say("Updates end; a last one follows.", "Begin them again with "+typed(command, "start")+".")
}

// CadenceSet tells the person who asked what the interval is now.
func CadenceSet(every time.Duration, command string) Message {
	sentence := "Updates come to this channel every " + incident.Every(every) + "."
	switch {
	case every <= incident.MinEvery:
		sentence = "Updates come to this channel every " + incident.Every(every) + ", as often as can be."
	case every >= incident.MaxEvery:
		sentence = "Updates come to this channel every " + incident.Every(every) + ", as rarely as can be."
	}
	return say(sentence, "Worsening is told at once all the same. Change it with "+typed(command, "every 5m")+".")
}

// SharedAck tells the person who asked that the answer goes to the channel.
func SharedAck() Message {
	return say("The answer is shared with the channel.")
}

// Busy answers when more is asked than can be answered in time.
func Busy() Message {
	return say("Too much is asked at this moment, so this was not answered.", "Nothing was changed. Try again in a few seconds.")
}

// Failed answers when something of ours failed; the cause is in the log.
func Failed() Message {
	return say("This did not work: statusbot could not write it down.", "Nothing was changed. Try again; if it fails again, its operator finds the cause in the log.")
}

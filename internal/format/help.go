package format

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

// HelpAll lists every command by the name that the person used.
func HelpAll(command string) Message {
	cmd := func(rest, does string) string { return typed(command, rest) + " " + does }
	lines := []string{
		"*What clients feel, product by product.*",
		cmd("", "how all products are now"),
		cmd("PRODUCT", "one product: its checks, the last failures, where the figures come from; a word of its name, or the beginning, is enough"),
		cmd("PRODUCT CHECK", "one check, with its last results that did not pass"),
		cmd("PRODUCT now", "probe its checks now; the answer follows"),
		cmd("list", "the names of all products"),
		cmd("cause", "what most likely lies behind the trouble, with the counts that speak for it"),
		cmd("sources", "where the figures come from, and which product has no check; also `sources PRODUCT`, and as a file with raw results: `sources csv`, `sources json`"),
		cmd("report", "the report of this channel's incident, as files in its thread; "+typed(command, "report 7")+" for another"),
		cmd("since 01:30", "what changed, what was tried and whether it helped; also `2h`, `an hour ago`, `last night`, `yesterday 18:00`, `my last message`"),
		cmd("timeline", "all that happened in this channel's incident"),
		cmd("start TITLE", "begin updates in this channel; the title may be left out, `for PRODUCT, PRODUCT` behind it names what it is about"),
		cmd("mark TEXT", "an action was tried; whether it helped is told when the figures allow"),
		cmd("note TEXT", "write something down for everybody"),
		cmd("ack PRODUCT", "you look into it, and updates say so; "+typed(command, "ack")+" into all that is hurt; `unack` takes it back"),
		cmd("every 5m", "how often updates come to this channel, from 1 min to 1 h; also `more`, `less`"),
		cmd("pause", "let updates rest until `resume`"),
		cmd("stop", "end the updates in this channel"),
		cmd("watch PRODUCT", "a direct message when it changes; `watch` lists yours, `unwatch` ends it"),
		cmd("mute PRODUCT for 2h REASON", "maintenance of a product or a check, until `unmute` or its end; `maintenance` lists what is planned"),
		cmd("add https://shop.example.com", "propose a check: it is tried at once, and runs when somebody else accepts it; `add` alone asks for everything"),
		cmd("remove CHECK", "end a check that was added here"),
		cmd("export", "the added checks as a file for the configuration"),
		cmd("help", "the short list"),
		"Answers are seen by you alone until you share them. In a thread, mention the bot instead.",
	}
	return limited(Message{Text: "What clients feel, product by product. The commands of " + typed(command, "") + ".", Blocks: sections(lines)})
}

package bot

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/checks/redact"
	"github.com/statusbot/statusbot/internal/format"
)

// request is what a person asked for in words.
type request struct {
	verb  string        // one of verbs, or verbNow; "" for the summary, "product" for everything else
	words []string      // what follows the verb, or all words of "product"
	rest  string        // words as typed, white space folded
	every time.Duration // of "every"; 0 when it could not be read
	// surplus stands behind an interval and was not read.
	surplus string // of "severity" as well: "sev1 billing is down"
	other   string // the word that was typed for the verb, where it is another
}

// verbs are the words that are commands; no product may have such an id.
var verbs = []string{"help", "start", "stop", "every", "sources", "cause", "report", "more", "less", "pause", "resume", "mark", "unmark", "correct", "note", "link", "unlink", "severity", "ack", "unack",
	"since", "timeline", "watch", "unwatch", "mute", "unmute", "maintenance", "oncall", "add", "remove", "export"}

// verbNow stands last: "billing now".
const verbNow = "now"

// edges are what people put around a word: punctuation, and the signs by which
// Slack formats it.
const edges = "/.,:;!?*_~`()[]"

// leads stand before what is meant, and mean nothing: "status billing", "hey
// statusbot stop".
var leads = []string{"status", "statusbot", "hey", "hi", "hello", "please", "pls", "set", "updates", "update"}

// askingHelp are words, alone, that ask for help wherever commands are typed.
var askingHelp = []string{"?", "??", "-h", "--help", "-help", "h", "man", "usage", "hilfe", "aide", "ayuda", "aiuto", "ajuda", "hjälp", "hjelp", "commands", "menu", "what can you do", "what do you do", "how does this work", "how does it work",
	"sos", "are you a bot", "who are you", "what are you", "what is this", "how do i use you", "how to use this", "how do i use this"}

// howTo stand before the command that somebody asks how to type.
var howTo = []string{"how do i ", "how can i ", "how do you ", "how to ", "how do we "}

// quotes are typed around a name, and put around it by phones.
var quotes = strings.NewReplacer("“", " ", "”", " ", "„", " ", "‘", " ", "’", " ", `"`, " ", "'", " ")

// parse reads the text of a command. It takes what phones make of it: odd
// white space, capitals, smart quotes, and what is said before a command: its
// own name, a greeting, somebody's "@name".
func parse(text string) request {
	r := parseWords(strings.Fields(format.Typed(quotes.Replace(text))))
	if slices.Contains(inOwnWords, r.verb) {
		as := format.Typed(text)
		if r.verb != "link" { // whose address is refused if it has a secret
			as = redact.Text(as) // while what stands in quotes still does
		}
		if as := parseWords(quotedAround(strings.Fields(as))); as.verb == r.verb {
			return as
		}
	}
	return r
}

// inOwnWords are the commands behind which people write for others to read.
var inOwnWords = []string{"start", "mark", "correct", "note", "link", "severity", "mute", "ack"}

// quotedAround leaves out the quotes around words; one within, as in "today's", is part
// of what was written.
func quotedAround(words []string) (out []string) {
	for _, w := range words {
		if w = strings.Trim(w, "“”„‘’\"'"); w != "" {
			out = append(out, w)
		}
	}
	return out
}

func parseWords(all []string) request {
	words := all
	for len(words) > 0 && isLead(words[0]) {
		words = words[1:]
	}
	switch {
	case asksHelp(all), asksHelp(words):
		return request{verb: "help"}
	case len(all) == 0, len(words) == 0 && strings.EqualFold(bare(all[len(all)-1]), "status"), asksNow(all, words):
		return request{}
	case len(words) == 0:
		return ofWords("product", unaddressed(all))
	}
	if verb, ok := howToType(words); ok {
		return ofWords("help", []string{verb})
	}
	if verb, rest, ok := paraphrased(words); ok {
		return ofWords(verb, rest)
	}
	if verb := strings.ToLower(bare(words[0])); slices.Contains(verbs, verb) {
		rest := words[1:]
		switch {
		case verb == "more" && len(rest) > 1 && slices.Contains([]string{"about", "on"}, strings.ToLower(bare(rest[0]))):
			return ofWords("product", rest[1:])
		case verb == "since" && len(rest) == 1 && strings.EqualFold(bare(rest[0]), "when"):
			return request{} // which every answer says
		case verb == "since" && len(rest) > 1 && strings.EqualFold(bare(rest[0]), "when"): // "since when is billing broken"
			return ofWords("product", rest[1:])
		case slices.Contains([]string{"report", "ack", "unack", "severity"}, verb):
			rest = trimmed(rest, courtesies)
		}
		return ofWords(verb, rest)
	}
	if short := trimmed(words, courtesies); len(short) > 0 && strings.EqualFold(bare(short[len(short)-1]), verbNow) {
		if asksHowNow(short) {
			return ofWords("product", trimmed(short, []string{"now", "right"}))
		}
		return ofWords(verbNow, short[:len(short)-1])
	}
	if verb, rest, ok := askedFor(words); ok {
		return ofWords(verb, rest)
	}
	if r, ok := byOtherName(words); ok {
		return r
	}
	return ofWords("product", unaddressed(all))
}

// asksNow reports whether "now" belongs to "status": "status now?". It names
// nothing to probe.
func asksNow(all, words []string) bool {
	return len(words) == 1 && len(all) > 1 && strings.EqualFold(bare(words[0]), verbNow) && slices.Contains([]string{"status", "update", "updates"}, strings.ToLower(bare(all[len(all)-2])))
}

// courtesies stand behind what is meant, and mean nothing.
var courtesies = []string{"please", "pls", "thanks", "thx", "thank", "you", "bitte", "danke", "merci", "gracias"}

// trimmed leaves out words at the end.
func trimmed(words, out []string) []string {
	for len(words) > 0 {
		if b := strings.ToLower(bare(words[len(words)-1])); b != "" && !slices.Contains(out, b) {
			break
		}
		words = words[:len(words)-1]
	}
	return words
}

// shown are the commands that are asked for by their name as of a thing: "show
// me the timeline please". They read alone.
var shown = []string{"timeline", "report", "cause", "sources", "maintenance", "oncall"}

// asking are words around the name of a thing that is asked for.
var asking = append([]string{"show", "me", "us", "give", "get", "see", "what", "whats", "s", "is", "the", "a", "can", "could", "i", "we", "have", "want", "need", "send", "current", "likely", "root", "probable", "where", "full", "whole", "list"}, courtesies...)

// news are words before "since" that ask what is new and name no product.
var news = append([]string{"changed", "happened", "happens", "new", "did", "miss", "missed", "anything", "something", "has", "changes", "news", "going", "on", "different", "tell", "catch", "up", "everything", "all",
	"was", "hat", "sich", "ist", "gibt", "es", "neues", "passiert", "quoi", "de", "neuf", "qué", "que", "ha"}, asking...)

// askedFor reads what is asked as one asks a person: "show me the report", "what
// changed since 13:50", "what did I miss?".
func askedFor(words []string) (verb string, rest []string, ok bool) {
	if short := without(words, asking); len(short) == 1 {
		w := strings.ToLower(bare(short[0]))
		if w = cmp.Or(otherNames[w], w); slices.Contains(shown, w) {
			return w, nil, true
		}
	}
	for i, w := range words {
		if slices.Contains(sinceWords, strings.ToLower(bare(w))) && i > 0 && i < len(words)-1 {
			when := trimmed(words[i+1:], append([]string{"geändert", "passiert", "changé", "cambiado"}, courtesies...))
			if len(without(words[:i], news)) == 0 && (strings.EqualFold(bare(w), "since") || isTime(when)) {
				return "since", when, true
			}
		}
	}
	switch said := strings.TrimRight(strings.ToLower(strings.Join(trimmed(words, courtesies), " ")), "?!. "); {
	case slices.Contains(missed, said):
		return "since", strings.Fields(myLastMessage), true
	case slices.Contains(tried, said):
		return "timeline", nil, true
	case slices.Contains(whence, said):
		return "sources", nil, true
	}
	return "", nil, false
}

// otherNames are words that people type for a command that they know from
// elsewhere.
var otherNames = map[string]string{"acknowledge": "ack", "acknowledged": "ack", "unacknowledge": "unack", "subscribe": "watch", "follow": "watch", "unsubscribe": "unwatch", "unfollow": "unwatch",
	"csv": "sources", "json": "sources", "download": "sources", "history": "timeline", "events": "timeline", "log": "timeline", "figures": "sources", "withdraw": "unmark", "retract": "unmark", "amend": "correct", "silence": "mute", "snooze": "mute", "maint": "maintenance", "unsilence": "unmute", "fewer": "less", "seit": "since", "depuis": "since", "desde": "since", "marks": "timeline", "notes": "timeline", "actions": "timeline", "sev": "severity", "sev1": "severity", "sev2": "severity", "sev3": "severity", "sev4": "severity", "sev5": "severity"}

// byOtherName reads a command by another name for it. Where a product is called
// so it is meant (readWords).
func byOtherName(words []string) (request, bool) {
	first := strings.ReplaceAll(strings.ToLower(bare(words[0])), "-", "")
	verb := otherNames[first]
	if verb == "" {
		return request{}, false
	}
	rest := trimmed(words[1:], courtesies)
	switch level := strings.TrimPrefix(first, "sev"); {
	case verb == "severity" && level != "":
		rest = append([]string{level}, rest...)
	case verb == "watch" && len(rest) > 1 && strings.EqualFold(rest[0], "to"), verb == "unwatch" && len(rest) > 1 && strings.EqualFold(rest[0], "from"):
		rest = rest[1:]
	}
	r := ofWords(verb, rest)
	r.other = first
	if verb == "severity" && len(rest) > 1 && strings.HasPrefix(first, "sev") && shortSeverity.MatchString(rest[0]) {
		r.surplus = strings.Join(rest[1:], " ")
	}
	return r, true
}

// sinceWords stand before a time from which on something is asked.
var sinceWords = []string{"since", "at", "after", "around", "seit", "depuis", "desde"}

// tried is how people ask what was tried, which the timeline has.
var tried = []string{"what was tried", "what have we tried", "what did we try", "what was done", "what has been tried", "what has been done", "what have we done", "what did we do", "tried", "who did what", "did it help", "did that help", "did anything help", "has it helped"}

// whence is how people ask where figures come from.
var whence = []string{"where did you get that", "where did you get that data", "where does that come from", "where do the figures come from", "where do the numbers come from", "where does this come from", "from where do you measure",
	"where do you measure from", "how do you measure", "how do you know", "how do you know that", "raw data", "the raw data", "send me the data", "give me the data"}

// missed is how people ask what was so while they were away.
var missed = []string{"what did i miss", "what have i missed", "what i missed", "did i miss anything", "did i miss something", "catch me up", "what changed", "what has changed", "what s new", "whats new", "what is new", "anything new", "quoi de neuf", "was gibt es neues", "was gibts neues", "was gibt s neues", "qué hay de nuevo", "que hay de nuevo"}

func asksHelp(words []string) bool {
	said := strings.ToLower(strings.Join(words, " "))
	return slices.Contains(askingHelp, said) || (len(words) > 1 || len(said) > leastLetters) && slices.Contains(askingHelp, strings.TrimRight(said, "?!. "))
}

// howToType returns the command that somebody asks how to type: "how do I stop
// updates?".
func howToType(words []string) (verb string, ok bool) {
	said := strings.ToLower(strings.Join(words, " "))
	for _, how := range howTo {
		if rest, is := strings.CutPrefix(said, how); is {
			first, _, _ := strings.Cut(rest, " ")
			return bare(first), slices.Contains(verbs, bare(first))
		}
	}
	return "", false
}

// unaddressed leaves out who is addressed, and by which command; what else
// leads may be a part of a name.
func unaddressed(all []string) []string {
	words := all
	for len(words) > 0 && isLead(words[0]) && !slices.Contains(leads, strings.ToLower(bare(words[0]))) {
		words = words[1:]
	}
	if len(words) == 0 {
		return all
	}
	return words
}

func ofWords(verb string, words []string) request {
	r := request{verb: verb, words: words, rest: strings.Join(words, " ")}
	if verb == "every" {
		r.every, r.surplus = parseEvery(without(words, polite))
	}
	return r
}

// bare is a word without what people put around it.
func bare(word string) string { return strings.Trim(word, edges) }

// isLead reports whether a word means nothing at the beginning.
func isLead(word string) bool {
	b := strings.ToLower(bare(word))
	return b == "" || strings.HasPrefix(word, "@") || slices.Contains(leads, b)
}

// polite words add nothing to a command.
var polite = []string{"please", "pls", "thanks", "thx", "thank", "you", "bitte", "danke", "merci", "gracias", "updates", "update", "often", "the", "all", "in", "this", "channel", "here",
	"sending", "posting"}

// takesNothing are the commands that nothing can follow.
var takesNothing = []string{"cause", "stop", "more", "less", "pause", "resume", "timeline", "export", "maintenance"}

// ignored is what was typed behind a command that takes nothing, or behind an
// interval.
func (r request) ignored() string {
	if r.verb == "every" || r.verb == "severity" {
		return r.surplus
	}
	if !slices.Contains(takesNothing, r.verb) {
		return ""
	}
	return strings.Join(without(r.words, polite), " ")
}

// without leaves out words, whatever stands around them.
func without(words, out []string) []string {
	var kept []string
	for _, w := range words {
		if b := strings.ToLower(bare(w)); b != "" && !slices.Contains(out, b) {
			kept = append(kept, w)
		}
	}
	return kept
}

// parseEvery reads an interval as people type it: "5m", "5 min", "90s", "5",
// "an hour", "half an hour", "five minutes", and what follows it. A bare number
// means minutes. 0 means that it makes no sense.
func parseEvery(words []string) (every time.Duration, surplus string) {
	var plain []string
	for _, w := range words {
		plain = append(plain, strings.ToLower(strings.TrimRight(w, ".,;!?")))
	}
	for n := range plain {
		if n == 0 && numbers[plain[0]] != "" {
			plain[0] = numbers[plain[0]]
		}
	}
	if len(plain) > 0 && unitOf(plain[0]) > 0 && len(plain[0]) > 2 { // "every hour"
		plain, words = append([]string{"1"}, plain...), append([]string{""}, words...)
	}
	figures := inFigures(plain)
	d, rest := parseSpan(figures)
	if _, ok := digits(strings.Join(figures[:min(len(figures), 1)], ""), 4); d == 0 && ok {
		d, _ = parseSpan([]string{figures[0] + "m"})
		rest = figures[1:]
	}
	if d == 0 {
		return 0, ""
	}
	return d, strings.Join(words[len(words)-len(rest):], " ")
}

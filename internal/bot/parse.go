package bot

import (
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
)

// request is what a person asked for in words.
type request struct {
	verb  string        // one of verbs, or verbNow; "" for the summary, "product" for everything else
	words []string      // what follows the verb, or all words of "product"
	rest  string        // words as typed, white space folded
	every time.Duration // of "every"; 0 when it could not be read
	// surplus stands behind an interval and was not read.
	surplus string
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
var askingHelp = []string{"?", "??", "-h", "--help", "-help", "h", "man", "usage", "commands", "menu", "what can you do", "what do you do", "how does this work", "how does it work",
	"who are you", "what are you", "what is this", "how do i use you", "how to use this", "how do i use this"}

// howTo stand before the command that somebody asks how to type.
var howTo = []string{"how do i ", "how can i ", "how do you ", "how to ", "how do we "}

// quotes are typed around a name, and put around it by phones.
var quotes = strings.NewReplacer("“", " ", "”", " ", "„", " ", "‘", " ", "’", " ", `"`, " ", "'", " ")

// parse reads the text of a command. It takes what phones make of it: odd
// white space, capitals, smart quotes, and what is said before a command: its
// own name, a greeting, somebody's "@name".
func parse(text string) request {
	all := strings.Fields(format.Typed(quotes.Replace(text)))
	words := all
	for len(words) > 0 && isLead(words[0]) {
		words = words[1:]
	}
	switch {
	case asksHelp(all), asksHelp(words):
		return request{verb: "help"}
	case len(all) == 0, len(words) == 0 && strings.EqualFold(bare(all[len(all)-1]), "status"):
		return request{}
	case len(words) == 0:
		return ofWords("product", unaddressed(all))
	}
	if verb, ok := howToType(words); ok {
		return ofWords("help", []string{verb})
	}
	if verb := strings.ToLower(bare(words[0])); slices.Contains(verbs, verb) {
		return ofWords(verb, words[1:])
	}
	if last := len(words) - 1; strings.EqualFold(bare(words[last]), verbNow) {
		return ofWords(verbNow, words[:last])
	}
	return ofWords("product", unaddressed(all))
}

func asksHelp(words []string) bool {
	said := strings.ToLower(strings.Join(words, " "))
	return slices.Contains(askingHelp, said) || len(words) > 1 && slices.Contains(askingHelp, strings.TrimRight(said, "?!. "))
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
	command := strings.HasPrefix(word, "/") && !slices.Contains(verbs, b) // of whatever name
	return b == "" || strings.HasPrefix(word, "@") || command || slices.Contains(leads, b)
}

// polite words add nothing to a command.
var polite = []string{"please", "pls", "thanks", "thx", "thank", "you", "updates", "update", "often", "the", "all", "in", "this", "channel", "here",
	"sending", "posting"}

// takesNothing are the commands that nothing can follow.
var takesNothing = []string{"cause", "stop", "more", "less", "pause", "resume", "timeline", "export", "maintenance"}

// ignored is what was typed behind a command that takes nothing, or behind an
// interval.
func (r request) ignored() string {
	if r.verb == "every" {
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

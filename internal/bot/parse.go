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
}

// verbs are the words that are commands; no product may have such an id.
var verbs = []string{"help", "start", "stop", "every", "sources", "cause", "report", "more", "less", "pause", "resume", "mark", "unmark", "correct", "note", "ack", "unack",
	"since", "timeline", "watch", "unwatch", "mute", "unmute", "maintenance", "add", "remove", "export"}

// verbNow stands last: "billing now".
const verbNow = "now"

// edges are what people put around a word: punctuation, and the signs by which
// Slack formats it.
const edges = "/.,:;!?*_~`()[]"

// leads stand before what is meant, and mean nothing: "status billing", "hey
// statusbot stop".
var leads = []string{"status", "statusbot", "hey", "hi", "hello", "please", "pls"}

// askingHelp are words, alone, that ask for help wherever commands are typed.
var askingHelp = []string{"?", "??", "-h", "--help", "-help", "h", "man", "usage", "commands"}

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
	if verb := strings.ToLower(bare(words[0])); slices.Contains(verbs, verb) {
		return ofWords(verb, words[1:])
	}
	if last := len(words) - 1; strings.EqualFold(bare(words[last]), verbNow) {
		return ofWords(verbNow, words[:last])
	}
	return ofWords("product", unaddressed(all))
}

func asksHelp(words []string) bool {
	return len(words) == 1 && slices.Contains(askingHelp, strings.ToLower(words[0]))
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
		r.every = parseEvery(strings.Join(without(words, polite), " "))
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
var polite = []string{"please", "pls", "thanks", "thx", "updates", "update", "often"}

// takesNothing are the commands that nothing can follow.
var takesNothing = []string{"help", "cause", "stop", "more", "less", "pause", "resume", "timeline", "export"}

// ignored is what was typed behind a command that takes nothing.
func (r request) ignored() string {
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
// "1 hour". A bare number means minutes. 0 means that it makes no sense.
func parseEvery(s string) time.Duration {
	s = strings.ToLower(strings.ReplaceAll(s, " ", ""))
	digits := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if digits < 0 {
		digits = len(s)
	}
	if digits == 0 || digits > 4 {
		return 0
	}
	n := 0
	for _, r := range s[:digits] {
		n = n*10 + int(r-'0')
	}
	switch strings.TrimSuffix(s[digits:], ".") {
	case "", "m", "min", "mins", "minute", "minutes":
		return time.Duration(n) * time.Minute
	case "s", "sec", "secs", "second", "seconds":
		return time.Duration(n) * time.Second
	case "h", "hour", "hours", "hr", "hrs":
		return time.Duration(n) * time.Hour
	}
	return 0
}

package bot

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/spelling"
)

// intentions are what people type for a command that changes something: it is
// named to them, never done by such words.
var intentions = map[string][]string{
	"stop":   {"resolve", "resolve incident", "resolve it", "close", "close it", "close incident", "end", "end it", "end incident", "finish", "stand down", "turn off", "turn it off", "turn off alerts", "turn off updates", "leave", "leave channel", "go away"},
	"start":  {"open", "open incident", "new incident", "create incident", "declare", "declare incident", "report incident"},
	"more":   {"speed up", "quicker", "more frequent updates"},
	"less":   {"slow down", "quiet", "be quiet", "shut up", "too many updates", "too many messages", "too often", "too much", "why so many messages", "why so many updates", "so many messages", "slower", "calm down"},
	"unmark": {"undo", "undo that", "undo it", "that was wrong", "that mark was wrong", "wrong mark", "my mistake"},
	"report": {"postmortem", "post mortem", "pdf", "rca", "write up"},
}

// actions are how people begin to say what they did.
var actions = strings.Fields("restarted rebooted bounced rolled deployed redeployed reverted scaled drained switched disabled enabled upgraded downgraded patched " +
	"replaced killed flushed cleared moved increased decreased raised lowered failover fixed recycled recreated reloaded")

// shortPriority is "p1" or "priority 1", which names a severity.
var shortPriority = regexp.MustCompile(`^(?:p|prio|priority) ?([0-5])$`)

// saidSevere is how people set a severity in a sentence: "make it sev1", "downgrade to sev 2".
var saidSevere = regexp.MustCompile(`(?i)^(?:make|set|call|raise|lower|upgrade|downgrade|bump|drop|it is|this is|is)\b(?: (?:it|this|the|incident|severity|to|now|a))* ((?:sev|severity|p|prio|priority)[ -]?[0-5])$`)

// namesCommand reports whether words are nothing but a wish for a command.
func namesCommand(words []string) bool {
	return intended(strings.Join(words, " ")) != ""
}

// intended is the command that words which are none ask for; empty when they ask
// for none that is known.
func intended(said string) string {
	words := trimmed(strings.Fields(quotes.Replace(said)), courtesies)
	if what := acted(words); what != "" {
		return "mark " + what
	}
	if m := saidSevere.FindStringSubmatch(strings.Join(words, " ")); m != nil {
		return "severity " + m[1]
	}
	plain := strings.Join(leftOf(wordsOf(strings.Join(words, " ")), []string{"please", "pls", "the", "an", "a", "this"}), " ")
	for verb, list := range intentions {
		if slices.Contains(list, plain) {
			return verb
		}
	}
	if words := unwished(words); len(words) > 1 {
		done, rest := orders[strings.ToLower(bare(words[0]))], strings.Join(words[1:], " ")
		if done != "" && (slices.Contains([]string{"it", "that", "them"}, rest) || ofThing(rest)) {
			return "mark " + done + " " + rest
		}
	}
	if m := shortPriority.FindStringSubmatch(plain); m != nil {
		return "severity " + m[1]
	}
	return ""
}

// ofThing reports whether words name something that could be restarted: they have a word
// that says more than how something is.
func ofThing(words string) bool {
	return len(leftOf(leftOf(leftOf(wordsOf(words), fillers), states), everything)) > 0
}

// doneAt returns a mark of what stands behind a time: "13:50 lb-3 neu gestartet";
// empty where nothing does.
func doneAt(said string) string {
	words := strings.Fields(said)
	when, what := splitWhen(words, time.Now())
	if when == "" || what == "" || !strings.HasPrefix(strings.Join(words, " "), when) {
		return ""
	}
	return "mark " + strings.Join(words, " ")
}

// acted returns what somebody says to have done, with its time: "restarted
// lb-3", of "we just restarted lb-3" as well; empty when nothing was.
func acted(words []string) string {
	for len(words) > 0 && slices.Contains([]string{"i", "we", "ive", "weve", "ve", "just", "have", "has", "fyi", "ok", "now", "and"}, strings.ToLower(bare(words[0]))) {
		words = words[1:]
	}
	_, what := splitWhen(words, time.Now())
	first := strings.Fields(what)
	if what == "" {
		first = words
	}
	if len(first) < 2 {
		return ""
	}
	verb := strings.ToLower(bare(first[0]))
	if !slices.Contains(actions, verb) && (verb != "failed" || !strings.EqualFold(bare(first[1]), "over")) {
		return ""
	}
	return strings.Join(words, " ")
}

// withoutSlips leaves out what was to be "status" and is mistyped.
func withoutSlips(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool {
		b := strings.ToLower(bare(w))
		return len(b) >= leastSlip && b != "status" && spelling.Distance(b, "status") == 1
	})
}

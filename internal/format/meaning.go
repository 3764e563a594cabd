package format

import (
	"strings"
)

// meanings are what the words of updates say, in a sentence each; docs/concepts.md has all.
var meanings = map[string]string{
	"degraded":     "more tries fail, or are slower, than is usual for the product; many still work. The share says how many fail.",
	"down":         "since it began nearly every try failed, 19 of 20 or more.",
	"as usual":     "no more fails, and nothing is slower, than the product's own past has it.",
	"usual":        "what the checks saw of themselves while nothing was wrong: how often they fail, how slow they are.",
	"not measured": "no result came lately, so nothing is known: neither good nor bad.",
	"quiet":        "hardly a try fails where many were expected to. Wrong once in 100, and not yet a proof; that follows.",
	"recovered":    "each product is shown to fail less than a limit, with 99 % confidence.",
	"worse":        "the sum over the hurt products rose by more than chance.",
	"better":       "the sum over the hurt products fell by more than chance.",
	"flapping":     "it fails, rests and fails again, time after time.",
	"likely cause": "the part by which who fails and who does not is explained best, with the counts. No proof.",
	"share":        "failures of all tries in the last minutes; while a trouble is younger, since it began.",
	"try":          "one check, made once.",
	"interval":     "where the true share is, 95 times of 100: few tries, wide interval.",
	"since":        "when it began, estimated backwards from the results: before it was noticed.",
	"helped":       "after the action fewer tries failed than before it, by more than chance and by more than it moves by itself.",
	"mark":         "an action that somebody tried, kept on the timeline and judged by before and after.",
	"mute":         "what is muted is measured and shown, and makes no news.",
	"maintenance":  "planned work: what fails in it counts as no impact.",
	"incident":     "a trouble that people start or statusbot detects, with a number and a timeline.",
}

// meant are other words for the same.
var meant = map[string]string{"outage": "down", "ok": "as usual", "normal": "as usual", "baseline": "usual", "unknown": "not measured", "unmeasured": "not measured",
	"flaps": "flapping", "flap": "flapping", "cause": "likely cause", "tries": "try", "probe": "try", "probes": "try", "onset": "since", "muted": "mute", "marks": "mark", "proven": "recovered",
	"rate": "share", "percent": "share", "confidence interval": "interval", "verdict": "helped"}

// Means reports what a word of the updates is called where its meaning stands; false
// where there is no such word.
func Means(word string) (string, bool) {
	if other := meant[word]; other != "" {
		word = other
	}
	_, ok := meanings[word]
	return word, ok
}

// Meaning answers who asks what a word means, one that Means knows.
func Meaning(word, command string) Message {
	return say("*"+strings.ToUpper(word[:1])+word[1:]+"*: "+meanings[word], "How all products are: "+typed(command, "")+" · "+typed(command, "help"))
}

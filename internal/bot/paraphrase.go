package bot

import (
	"slices"
	"strings"
	"time"
)

// paraphrased reads a wish that is said in other words than a command's, as people do: "undo
// my last mark", "last 30 minutes", "hourly", "I'm on it". What of it may be the name of
// a product is left to that.
func paraphrased(words []string) (verb string, rest []string, ok bool) {
	low := make([]string, len(words))
	for i, w := range words {
		low[i] = strings.ToLower(strings.Trim(w, ".,:;!?()"))
	}
	for _, read := range []func(low, words []string) (string, []string, bool){undone, lately, than, paced, mine, linked, whenItIsBack} {
		if verb, rest, ok := read(low, words); ok {
			return verb, rest, true
		}
	}
	return "", nil, false
}

// undone reads "undo mute billing", "delete mark 2" and "edit mark 2 to rolled back".
func undone(low, words []string) (string, []string, bool) {
	at := 1
	for at < len(low) && slices.Contains([]string{"my", "the", "last"}, low[at]) {
		at++
	}
	if at >= len(low) {
		return "", nil, false
	}
	what, rest := low[at], words[at+1:]
	switch low[0] {
	case "undo", "cancel", "revert":
		if slices.Contains(verbs, "un"+what) {
			return "un" + what, rest, true
		}
	case "delete", "remove", "drop":
		if what == "mark" {
			return "unmark", rest, true
		}
	case "edit", "change", "fix":
		if what == "mark" {
			return "correct", rest, true
		}
	}
	return "", nil, false
}

// lately reads "last 30 minutes", "the past 2h" and "in the last hour".
func lately(low, words []string) (string, []string, bool) {
	at := 0
	for at < len(low) && slices.Contains([]string{"in", "for", "over", "the"}, low[at]) {
		at++
	}
	if at+1 >= len(low) || low[at] != "last" && low[at] != "past" {
		return "", nil, false
	}
	_, ok := parseWhen(strings.Join(low[at:], " "), time.Now(), time.UTC)
	return "since", words[at:], ok
}

// than reads a comparison with a time: "worse than an hour ago?", "is it better than at 13:50".
func than(low, words []string) (string, []string, bool) {
	at := slices.Index(low, "than")
	if at < 1 || at+1 == len(low) || len(leftOf(leftOf(wordsOf(strings.Join(low[:at], " ")), fillers), states)) > 0 || !isTime(words[at+1:]) {
		return "", nil, false
	}
	return "since", words[at+1:], true
}

// paced reads "each 5 min", "hourly" and "faster".
func paced(low, words []string) (string, []string, bool) {
	switch {
	case (low[0] == "each" || low[0] == "interval") && len(words) > 1:
		every, _ := parseEvery(words[1:])
		return "every", words[1:], every > 0
	case len(low) > 1:
		return "", nil, false
	case low[0] == "hourly":
		return "every", []string{"1h"}, true
	case low[0] == "faster":
		return "more", nil, true
	}
	return "", nil, false
}

// mine reads what people say who look into something: "I'm on it", "looking into billing",
// "I'll take it".
func mine(low, words []string) (string, []string, bool) {
	at := 0
	for at < len(low) && slices.Contains([]string{"i", "m", "am", "im", "we", "re", "are", "ll", "ill", "will", "ve", "have", "can"}, low[at]) {
		at++
	}
	said := low[at:]
	n := 0
	switch {
	case len(said) > 1 && slices.Contains([]string{"looking", "look"}, said[0]) && slices.Contains([]string{"into", "at"}, said[1]) && (at > 0 || said[1] == "into"):
		n = 2
	case len(said) > 1 && said[0] == "on" && (at > 0 || said[1] == "it"):
		n = 1
	case len(said) == 2 && at > 0 && slices.Contains([]string{"take", "taking", "got"}, said[0]) && slices.Contains([]string{"it", "this", "that"}, said[1]):
		return "ack", nil, true
	default:
		return "", nil, false
	}
	rest := words[at+n:]
	if len(rest) == 1 && slices.Contains([]string{"it", "this", "that"}, low[at+n]) {
		rest = nil
	}
	return "ack", rest, len(rest) > 0 || len(said) > n
}

// whenItIsBack reads "tell me when billing is back" and "let me know if search fails"
// as the wish to watch it.
func whenItIsBack(low, words []string) (string, []string, bool) {
	if slices.Contains([]string{"notify me", "dm me", "watch me", "alert me", "subscribe me"}, strings.Join(without(low, polite), " ")) {
		return "watch", nil, true
	}
	at := slices.IndexFunc(low, func(w string) bool { return slices.Contains([]string{"when", "once", "if"}, w) })
	if at == 1 && low[0] == "lmk" {
		at, low, words = at+2, append([]string{"let", "me", "know"}, low[1:]...), append([]string{"let", "me", "know"}, words[1:]...)
	}
	if at < 2 || at+1 >= len(low) || at > 4 {
		return "", nil, false
	}
	asked := strings.Join(without(low[:at], append([]string{"as", "soon", "can", "could", "only", "just"}, polite...)), " ")
	if !slices.Contains([]string{"tell me", "notify me", "ping me", "dm me", "message me", "msg me", "alert me", "wake me", "wake me up", "page me", "call me", "let me know"}, asked) {
		return "", nil, false
	}
	rest := without(words[at+1:], strings.Fields("is s are has have comes gets goes works working back up down again ok okay fine fixed fails breaks recovers recovered changes better worse or it please pls over this that all everything"))
	return "watch", rest, true
}

// linked reads "bridge https://meet.example.com/x" as a link of that name.
func linked(low, words []string) (string, []string, bool) {
	if len(words) != 2 || !slices.Contains([]string{"bridge", "call", "meeting", "zoom", "ticket", "doc"}, low[0]) || !strings.Contains(words[1], "://") {
		return "", nil, false
	}
	return "link", []string{words[1], words[0]}, true
}

// asksHowNow reports whether "right now" stands at the end of words, which asks how it is
// and for no probe: "how bad is billing right now".
func asksHowNow(words []string) bool {
	n := len(words)
	return n > 2 && strings.EqualFold(bare(words[n-2]), "right")
}

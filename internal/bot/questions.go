package bot

import (
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/lazy"
	"github.com/statusbot/statusbot/internal/status"
)

// askingDone are words that begin a question for what was done; a command or a wish
// begins in none of them.
var askingDone = strings.Fields("has have did was were who when what which any anyone anybody last latest recent")

// doneThings are the words for it, beside actions and orders.
var doneThings = strings.Fields("deploy deploys deployment deployments release releases rollout rollouts rollback rollbacks restart restarts change changes")

// felt are actions that are said of figures as well: "has the error rate decreased?".
var felt = strings.Fields("cleared fixed moved increased decreased raised lowered fix repair delete rename")

// asksDone reports whether words ask what was done, which the timeline tells: "has
// anyone restarted lb-3?", "who deployed last", "what did ben do".
func asksDone(def status.Definition, words []string) bool {
	said := wordsOf(strings.Join(words, " "))
	if len(said) < 2 || !slices.Contains(askingDone, said[0]) || slices.ContainsFunc(said, func(w string) bool { return slices.Contains([]string{"can", "could", "should", "would", "will"}, w) }) {
		return false
	}
	if last := said[len(said)-1]; said[0] == "what" && slices.Contains([]string{"did", "has", "have"}, said[1]) && slices.Contains([]string{"do", "done", "try", "tried"}, last) {
		return true
	}
	return slices.ContainsFunc(said[1:], func(w string) bool {
		_, order := orders[w]
		deed := (order || slices.Contains(actions, w)) && !slices.Contains(felt, w) || slices.Contains(doneThings, w)
		return deed && !slices.ContainsFunc(bookOf(def).products, func(e entry) bool { return slices.Contains(e.words(), keyed(w)) })
	})
}

// slashedWord is a word that Slack takes for a command where it stands first.
var slashedWord = lazy.Compile(`^/[a-z][a-z0-9_-]*$`)

// othersCommand reports whether words are another app's command, which nobody but
// Slack can give to that: "/giphy fire".
func othersCommand(def status.Definition, words []string) bool {
	if len(words) < 2 || !slashedWord.MatchString(words[0]) {
		return false
	}
	what, _ := senseOf(def, ofWords("product", []string{bare(words[0])}))
	return what == sensesNothing
}

// withoutCommand leaves out the command's own name, typed once more behind it or behind
// a mention: "/status billing".
func withoutCommand(text string, names ...string) string {
	first, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	if slices.ContainsFunc(names, func(name string) bool { return name != "" && strings.EqualFold(first, name) }) {
		return rest
	}
	return text
}

// wholeSpans are what figures of the last minutes cannot answer.
var wholeSpans = strings.Fields("uptime availability sla slo slas slos")

// ofSpan reads what is asked of all products and of another time than now: "uptime this
// month", "how was it yesterday". A product is named with it in beside.
func ofSpan(words []string) (aside, bool) {
	if words = trimmed(words, courtesies); greets(words) { // "good morning"
		return aside{}, false
	}
	for n := min(mostWhen, len(words)-1); n > 0; n-- {
		when, rest := words[len(words)-n:], words[:len(words)-n]
		last := strings.ToLower(bare(when[len(when)-1]))
		if n == 1 && last != "yesterday" || // "getting 502s" tells no time
			slices.Contains([]string{"today", "now", "tonight"}, last) || !isTime(when) && !isLongAgo(when) || !aboutAll(rest) {
			continue
		}
		return aside{then: strings.TrimRight(strings.Join(without(when, []string{"since", "at", "from"}), " "), "?!.,"), whole: isTime(when), days: isLongAgo(when)}, true
	}
	days := slices.ContainsFunc(wordsOf(strings.Join(words, " ")), func(w string) bool { return slices.Contains(wholeSpans, w) })
	return aside{days: days}, days && aboutAll(words)
}

// wholeSites are what people call all products together where none is called so.
var wholeSites = strings.Fields("site sites website app apps prod production platform nothing")

// aboutSite reports whether words ask for all of what a company runs: "is prod ok?".
func aboutSite(words []string) bool {
	said := withoutEmoji(strings.Join(words, " "))
	short := leftOf(said, wholeSites)
	return len(short) < len(said) && len(leftOf(leftOf(leftOf(short, fillers), states), everything)) == 0
}

// askMeaning are words by which people ask what another word means.
var askMeaning = strings.Fields("mean means meaning define definition explain bedeutet heisst signifie significa")

// besideMeaning stands around them.
var besideMeaning = strings.Fields("what whats what's does do did is are the a an of it s to by you was hier was que qu est ce veut dire please pls exactly here word")

// asksMeaning returns the word of the updates whose meaning is asked for: "what does
// degraded mean?"; empty where none is.
func asksMeaning(words []string) string {
	said := wordsOf(strings.Join(words, " "))
	left := leftOf(said, askMeaning)
	if len(left) == len(said) {
		return ""
	}
	for _, word := range []string{strings.Join(leftOf(left, besideMeaning), " "), strings.Join(left, " ")} {
		if name, ok := format.Means(word); ok {
			return name
		}
	}
	return ""
}

// sensesOfBot are questions about the bot itself.
var sensesOfBot = map[string]sense{"version": sensesVersion, "build": sensesVersion, "release": sensesVersion,
	"dashboard": sensesPage, "page": sensesPage, "webpage": sensesPage, "statuspage": sensesPage, "ui": sensesPage, "url": sensesPage}

// asksOfBot reads what is asked about the bot: "which version?", "show me the dashboard".
func asksOfBot(words []string) sense {
	said := leftOf(wordsOf(strings.Join(words, " ")), append([]string{"which", "where", "your", "you", "bot", "have", "open", "run", "running", "web"}, fillers...))
	if len(said) != 1 {
		return sensesNothing
	}
	return sensesOfBot[said[0]]
}

// ofBot answers it.
func (c *Commands) ofBot(e Envelope, what sense) format.Message {
	if what == sensesVersion {
		return format.Version(c.Itself.Version, e.Command)
	}
	return format.PageAt(c.Itself.page(), e.Command)
}

package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/lazy"
)

// doneWhen splits what somebody says was done into when, the zero time if at
// this moment, and what. A time that says too little to compare the minutes
// before and after it, or that is none, is asked back with wrong: nothing is to
// be written down then.
func (c *Commands) doneWhen(ctx context.Context, now time.Time, e Envelope, said, verb string) (at time.Time, what string, wrong *format.Message) {
	words := withoutNow(strings.Fields(said))
	said = strings.Join(words, " ")
	when, rest := splitWhen(words, now)
	if when != "" {
		var ok bool
		if at, ok = c.instant(ctx, now, e, when); ok {
			return at, rest, nil
		}
	}
	ask := func(m format.Message) (time.Time, string, *format.Message) { return time.Time{}, "", &m }
	if _, ok := c.instant(ctx, now, e, said); ok && saysWhen(words) && verb == "mark" {
		return ask(format.MarkWhat(e.Command, said))
	}
	if vague, rest := vaguely(words, now); vague != "" {
		return ask(format.MarkWhen(e.Command, verb, vague, rest))
	}
	return time.Time{}, said, nil
}

// WhenDone splits what somebody who is not in Slack says was done as a mark is split
// there: when, the zero time if it does not say, and what.
func WhenDone(said string, now time.Time, zone *time.Location) (at time.Time, what string) {
	words := withoutNow(strings.Fields(said))
	if when, rest := splitWhen(words, now); when != "" {
		if at, ok := parseWhen(when, now, zone); ok {
			return at, rest
		}
	}
	return time.Time{}, strings.Join(words, " ")
}

// When reads a time in the past as people type it; see parseWhen.
func When(said string, now time.Time, zone *time.Location) (time.Time, bool) {
	return parseWhen(said, now, zone)
}

// withoutNow leaves "just now" out, from the beginning or the end: it is when
// nothing else is said.
func withoutNow(words []string) []string {
	is := func(w []string) bool {
		return len(w) == 2 && strings.EqualFold(w[0], "just") && strings.EqualFold(bare(w[1]), "now")
	}
	switch n := len(words); {
	case n > 2 && is(words[:2]):
		return words[2:]
	case n > 2 && is(words[n-2:]):
		return words[:n-2]
	}
	return words
}

// mostWhen bounds the words of a time: "yesterday at 6 pm utc".
const mostWhen = 6

// splitWhen finds the time at the beginning or the end of what was done: "at
// 13:50", "10 min ago", "yesterday 18:00", "(13:50)". A number alone is none: it
// may be what was restarted.
func splitWhen(words []string, now time.Time) (when, what string) {
	reads := func(part []string) bool {
		_, ok := parseWhen(strings.Join(part, " "), now, time.UTC)
		return ok && saysWhen(part)
	}
	most := min(mostWhen, len(words)-1)
	for n := most; n > 0; n-- {
		if reads(words[:n]) && !maybeVersion(words, n) {
			return strings.Join(words[:n], " "), strings.Join(words[n:], " ")
		}
	}
	for n := most; n > 0; n-- {
		if from := len(words) - n; standsApart(words, from) && reads(words[from:]) {
			return strings.Join(words[from:], " "), strings.TrimRight(strings.Join(words[:from], " "), ",;:-–— ")
		}
	}
	return "", ""
}

// bareDotted is "13.50" with nothing around it.
var bareDotted = lazy.Compile(`^\d\d\.\d\d$`)

// ofVersions are words for what is done to a version: of "22.04 rolled back" that is 22.04.
var ofVersions = strings.Fields("rolled deployed redeployed reverted upgraded downgraded patched replaced")

// maybeVersion reports whether the first n words, which read as a time, may be a version
// that something was done to: "22.04 images rolled back". A time with a dot counts where
// it is set off ("at 13.50", "13.50 Uhr", "13.50:", "13.50 -"), or where a word for what
// was done follows at once, as in "13.50 restarted lb-3".
func maybeVersion(words []string, n int) bool {
	if n != 1 || !bareDotted.MatchString(words[0]) {
		return false
	}
	verb := strings.ToLower(bare(words[1]))
	return verb != "" && verb != "failed" && (!slices.Contains(actions, verb) || slices.Contains(ofVersions, verb))
}

// standsApart reports whether the words from a place on are set off from what
// was done, so that they are when: "at 13:50", "10 min ago", ", 13:50",
// "(13:50)", "yesterday 18:00".
func standsApart(words []string, from int) bool {
	first, last := strings.ToLower(words[from]), strings.ToLower(bare(words[len(words)-1]))
	return last == "ago" || strings.HasPrefix(first, "(") || strings.HasSuffix(words[from-1], ",") || words[from-1] == "-" ||
		slices.Contains([]string{"at", "@", "today", "yesterday", "around", "about", "vor", "hace", "il"}, first) || len(words)-from > 1 && (slices.Contains(beforeTimes, first) || slices.Contains(beforeFigures, first))
}

// dotted is a time of day with a dot or an h between; with fewer digits it may be
// a version, and so may one with a dot where nothing says that it is a time (maybeVersion).
var dotted = lazy.Compile(`^\(?([01]\d|2[0-3])[.h][0-5]\d(uhr)?\)?[,;:]?$`)

// saysWhen reports whether words that read as a time were meant as one: they
// have a colon between digits, or are "13.50", "am" or "pm", "noon" or "midnight",
// or end in "ago".
func saysWhen(words []string) bool {
	last := strings.ToLower(bare(words[len(words)-1]))
	if last == "ago" || slices.Contains(agoWords, strings.ToLower(words[0])) {
		return true
	}
	for n, w := range words {
		w = strings.ToLower(w)
		h, m, colon := strings.Cut(w, ":")
		if colon && len(m) >= 2 && h != "" || dotted.MatchString(w) {
			return true
		}
		if b := bare(w); n > 0 && (b == "noon" || b == "midnight") {
			return true
		}
		if b := bare(w); b != "" && (strings.HasSuffix(b, "am") || strings.HasSuffix(b, "pm")) {
			if s := b[:len(b)-2]; s == "" && n > 0 || s != "" && s[len(s)-1] >= '0' && s[len(s)-1] <= '9' {
				return true
			}
		}
	}
	return false
}

// agoWords are the first words for "ago" of languages in which they stand in front.
var agoWords = []string{"vor", "hace", "il"}

// clockLike is what only a time of day looks like, whether it is one or not.
var clockLike = lazy.Compile(`^\(?\d{1,2}:\d{2}\)?$`)

// vague are words for a time that is not known to the minute.
var vague = [][]string{{"last", "night"}, {"this", "morning"}, {"this", "afternoon"}, {"this", "evening"}, {"yesterday", "morning"}, {"yesterday", "afternoon"},
	{"yesterday", "evening"}, {"yesterday"}, {"tomorrow"}, {"earlier", "today"}, {"tonight"}}

// vaguely finds a time at the beginning or the end of what was done that cannot
// be measured at, and what is left of it: "last night", "25:00".
func vaguely(words []string, now time.Time) (when, what string) {
	plain := make([]string, len(words))
	for i, w := range words {
		plain[i] = strings.ToLower(strings.Trim(w, ".,:;!?()"))
	}
	if len(words) > 1 && clockLike.MatchString(words[0]) {
		if _, ok := parseWhen(words[0], now, time.UTC); !ok {
			return words[0], strings.Join(words[1:], " ")
		}
	}
	if len(words) > 2 && plain[0] == "today" && clockLike.MatchString(plain[1]) { // still to come, or it had been read
		return strings.Join(words[:2], " "), strings.Join(words[2:], " ")
	}
	for n := 3; n > 1; n-- { // "half past one": which half of the day it is of is not said
		if len(words) > n && slices.Contains([]string{"half", "quarter", "halb", "viertel"}, plain[0]) && !slices.Equal(spokenClock(plain[:n], now), plain[:n]) {
			return strings.Join(words[:n], " "), strings.Join(words[n:], " ")
		}
	}
	for _, v := range vague {
		n := len(v)
		switch {
		case len(words) <= n:
		case slices.Equal(plain[:n], v) && plain[n] != "s": // "yesterday's rollout"
			return strings.Join(words[:n], " "), strings.Join(words[n:], " ")
		case slices.Equal(plain[len(plain)-n:], v):
			return strings.Join(words[len(words)-n:], " "), strings.Join(words[:len(words)-n], " ")
		}
	}
	return "", ""
}

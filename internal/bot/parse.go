package bot

import (
	"strings"
	"time"
	"unicode"
)

// request is what a person asked for in words.
type request struct {
	verb  string        // one of verbs, or verbNow; "" for the summary, "product" for everything else
	words []string      // what follows the verb, or all words of "product"
	rest  string        // words as typed, white space folded
	every time.Duration // of "every"; 0 when it could not be read
}

// verbs are the words that are commands; no product may have such an id.
var verbs = []string{"help", "start", "stop", "every", "sources", "cause", "report", "more", "less", "pause", "resume", "mark", "note", "ack",
	"since", "timeline", "watch", "unwatch", "mute", "unmute", "add", "remove", "export"}

// verbNow stands last: "billing now".
const verbNow = "now"

// parse reads the text of a command. It takes what phones make of it: odd
// white space, capitals, smart quotes, and a leading "status" or slash.
func parse(text string) request {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '“' || r == '”' || r == '„' || r == '‘' || r == '’' || r == '"' || r == '\'':
			return ' '
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, text)
	words := strings.Fields(text)
	if len(words) == 0 {
		return request{}
	}
	verb := strings.ToLower(strings.Trim(words[0], "/.,:;!?"))
	r := request{verb: "product", words: words}
	for _, v := range verbs {
		if verb == v {
			r.verb, r.words = v, words[1:]
		}
	}
	if last := len(words) - 1; r.verb == "product" && strings.EqualFold(strings.Trim(words[last], ".,!"), verbNow) {
		r.verb, r.words = verbNow, words[:last]
	}
	r.rest = strings.Join(r.words, " ")
	if r.verb == "every" {
		r.every = parseEvery(r.rest)
	}
	return r
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

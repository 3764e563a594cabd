package redis

import (
	"slices"
	"strconv"
	"strings"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// going are commands whose answers have no end (https://redis.io/docs/latest/commands/):
// what they begin goes on for as long as the connection stays.
var going = []string{"MONITOR", "PSUBSCRIBE", "PSYNC", "SSUBSCRIBE", "SUBSCRIBE", "SYNC"}

// waits says which word of a command is how long it waits, where 0 is for ever, counted
// from its end if negative :: command -> index.
var waits = map[string]int{
	"BLMOVE": -1, "BLMPOP": 1, "BLPOP": -1, "BRPOP": -1, "BRPOPLPUSH": -1, "BZMPOP": 1, "BZPOPMAX": -1, "BZPOPMIN": -1,
	"WAIT": -1, "WAITAOF": -1,
}

// readCommand refuses a command that a probe cannot be made of: it sends one, and waits
// for one answer in RESP2.
func readCommand(words []string) error {
	refused := func(problem, instead string) error {
		return &probe.OptionError{Key: "command", Problem: problem, Instead: instead}
	}
	switch {
	case len(words) == 0 || words[0] == "":
		return refused("is empty", "write a list such as [GET, key]")
	case len(words) == 1 && strings.ContainsAny(words[0], " \t"):
		return refused("is several words in one text", "write a list such as [GET, key]")
	}
	name := strings.ToUpper(words[0])
	switch {
	case slices.Contains(going, name):
		return refused("goes on without end after its answer", "write one that is done with its answer, such as [PUBSUB, NUMSUB, channel]")
	case waitsForEver(name, words):
		return refused("waits without end", "write how long it waits, less than the check's timeout")
	case name == "HELLO" && len(words) > 1 && words[1] != "2":
		return refused("asks for another form of answers than the one that is read", "leave out HELLO; user and password log in")
	case name == "CLIENT" && len(words) > 1 && strings.EqualFold(words[1], "REPLY"):
		return refused("has no answer", "write one that has, such as [PING]")
	}
	return nil
}

func waitsForEver(name string, words []string) bool {
	at, ok := waits[name]
	if name == "XREAD" || name == "XREADGROUP" {
		options := words
		if streams := slices.IndexFunc(words, func(w string) bool { return strings.EqualFold(w, "STREAMS") }); streams > 0 {
			options = words[:streams] // behind it names are the user's own
		}
		at = 1 + slices.IndexFunc(options, func(w string) bool { return strings.EqualFold(w, "BLOCK") })
		ok = at > 0
	}
	if at < 0 {
		at += len(words)
	}
	if !ok || at < 1 || at >= len(words) {
		return false // redis says what is wrong with it
	}
	seconds, err := strconv.ParseFloat(words[at], 64)
	return err == nil && seconds == 0
}

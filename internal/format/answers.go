package format

import (
	"cmp"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
)

// say is a message of one sentence, with what to do next on a line of its own.
func say(sentence string, next ...string) Message {
	lines := append([]string{sentence}, text.NonEmpty(next...)...)
	return limited(Message{Text: strings.Join(lines, " "), Blocks: sections(lines)})
}

// Refused answers a wish that is not legal now: why, and the next step. Code
// spans in it are commands, and get the name by which the person called.
// called is what people call a product or check that it is of.
func Refused(r *incident.Refusal, called func(ids string) string, command string) Message {
	var of []string
	for _, ids := range r.Of {
		of = append(of, strings.ReplaceAll(called(ids), "`", "'"))
	}
	sentence := strings.ReplaceAll(r.Sentence, incident.OfThem, text.Cut(strings.Join(of, ", "), 200))
	return say(cmp.Or(withCommand(sentence, command), "This cannot be done now."), withCommand(r.Next, command))
}

// withCommand writes "`every`" as "`/status every`".
func withCommand(s, command string) string {
	var b strings.Builder
	for i, part := range strings.Split(s, "`") {
		if i%2 == 1 && part != "" {
			b.WriteString(typed(command, part))
			continue
		}
		lead, trail := "", ""
		if strings.HasPrefix(part, " ") {
			lead = " "
		}
		if strings.HasSuffix(part, " ") && strings.TrimSpace(part) != "" {
			trail = " "
		}
		b.WriteString(lead + text.Escape(part, 500) + trail)
	}
	return strings.TrimSpace(b.String())
}

// Started tells the person who asked that updates begin.
func Started(every time.Duration, command string) Message {
	return say("Updates now come to this channel "+incident.Paced(every)+", the first one at once.",
		"Change the interval with "+typed(command, "every 10m")+", end them with "+typed(command, "stop")+".")
}

// Stopped tells the person who asked that updates end.
func Stopped(command string) Message {
	return say("Updates end; a last one follows.", "Begin them again with "+typed(command, "start")+".")
}

// CadenceSet tells the person who asked what the interval is now.
func CadenceSet(every time.Duration, command string) Message {
	return cadence("Updates come to this channel "+incident.Paced(every)+".", command)
}

// CadenceKept tells the person who asked for more or fewer updates that there
// is no further step.
func CadenceKept(every time.Duration, moreOften bool, command string) Message {
	how := "rarely"
	if moreOften {
		how = "often"
	}
	return cadence("Updates already come "+incident.Paced(every)+", as "+how+" as can be.", command)
}

func cadence(sentence, command string) Message {
	return say(sentence, "Worsening is told at once all the same. Change it with "+typed(command, "every 5m")+".")
}

// SharedAck tells the person who asked that the answer goes to the channel.
func SharedAck() Message {
	return say("The answer is shared with the channel.")
}

// Busy answers when more is asked than can be answered in time.
func Busy() Message {
	return say("Too much is asked at this moment, so this was not answered.", "Nothing was changed. Try again in a few seconds.")
}

// Failed answers when something of ours failed; the cause is in the log.
func Failed() Message {
	return say("This did not work: statusbot could not write it down.", "Nothing was changed. Try again; if it fails again, its operator finds the cause in the log.")
}

package format

import (
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// Muted tells the person who asked what is muted until when: as the event says,
// which has no beginning for what begins at once.
func Muted(what string, e incident.Event, now time.Time, tz *time.Location, command, unmute string) Message {
	c, until := clockOf(now, tz), e.Until
	if e.Begins.After(now) {
		return say(text.Escape(what, 150)+" will be in maintenance from "+c.When(e.Begins)+" "+c.untilOn(e.Begins, until)+": it raises no alarm then, and every answer and update says that it is muted.",
			"It begins and ends by itself; take it back with "+typed(command, "unmute "+unmute)+".")
	}
	return say(text.Escape(what, 150)+" is in maintenance until "+c.When(until)+": it raises no alarm, and every answer and update says that it is muted.",
		"It ends by itself; end it sooner with "+typed(command, "unmute "+unmute)+".")
}

// Unmuted tells the person who asked that it is judged again.
func Unmuted(what string) Message { return say(text.Escape(what, 150) + " is judged again.") }

// Mutes lists what is muted and then what is planned, the next first, for who asks, or
// asks to end one without saying which.
func Mutes(list []incident.Muting, s status.Snapshot, command string) Message {
	if len(list) == 0 {
		return say("Nothing is muted. No maintenance is planned.", "Announce maintenance with "+typed(command, "mute PRODUCT for 2h REASON")+".", "Or plan it: "+typed(command, "mute PRODUCT from Sat 22:00 for 2h REASON")+".")
	}
	c := clockOf(s.At, s.Timezone)
	list = slices.Clone(list)
	begins := func(m incident.Muting) time.Time { // what goes on stays as it came
		if m.From.After(c.Now) {
			return m.From
		}
		return time.Time{}
	}
	slices.SortStableFunc(list, func(a, b incident.Muting) int { return begins(a).Compare(begins(b)) })
	on := 0
	for _, m := range list {
		if !m.From.After(c.Now) {
			on++
		}
	}
	head := "Maintenance: " + text.Count(on) + " now, " + text.Count(len(list)-on) + " planned."
	lines := []string{"*" + head + "*"}
	for _, m := range list[:min(len(list), 30)] {
		line := productName(s, m.Product)
		if m.Check != "" {
			line += " " + text.Code(m.Check, 40)
		}
		when := c.muting(m)
		if m.Each != "" && m.From.After(c.Now) {
			line, when = line+" "+eachWords(m)+",", "next "+strings.TrimPrefix(when, "planned ")
		}
		lines = append(lines, line+" "+when)
	}
	if more := len(list) - 30; more > 0 {
		lines = append(lines, "And "+text.Count(more)+" more.")
	}
	end := "End one with " + typed(command, "unmute PRODUCT")
	if on < len(list) {
		end += "; take one time back with " + typed(command, "unmute PRODUCT next")
	}
	lines = append(lines, end+".")
	return limited(Message{Text: head, Blocks: sections(lines)})
}

// HowToMute answers a mute that could not be read.
func HowToMute(command string) Message {
	return say("Say what to mute, for how long and why: "+typed(command, "mute PRODUCT for 2h moving the database")+".",
		"Or plan it: "+typed(command, "mute PRODUCT from Sat 22:00 for 2h moving the database")+", "+typed(command, "mute PRODUCT every Sat 22:00 for 2h patches")+". A check can be named instead of a product; 1 min to 7 days.")
}

// MuteWhen asks who names a day alone from when on it and for how long: nothing was muted.
func MuteWhen(command, target, day string) Message {
	return say("From when on "+text.Code(day, 20)+", and for how long? Nothing was muted.",
		"For example: "+typed(command, "mute "+target+" "+day+" 22:00 for 2h moving the database")+", all of it: "+typed(command, "mute "+target+" "+day+" 00:00 for 24h moving the database")+".")
}

// MuteAgain answers who wants a maintenance that comes again at other times than days
// of the week: nothing was muted.
func MuteAgain(command string) Message {
	return say("From here maintenance is planned once, or for days of the week at a time: "+typed(command, "mute PRODUCT every Sat 22:00 for 2h patches")+". Nothing was muted.",
		"What comes each month, or more seldom, stands in the configuration: `maintenance: [{products: ID, cron: \"0 22 1 * *\", for: 2h, why: patches}]`.")
}

// eachWords are when a maintenance comes again: "every Sat 22:00".
func eachWords(m incident.Muting) string {
	words := strings.Fields(m.Each)
	for i, w := range words {
		if i > 0 && w != "day" && w != "at" {
			words[i] = days.Replace(w)
		}
	}
	return strings.Join(words, " ")
}

var days = strings.NewReplacer("mon", "Mon", "tue", "Tue", "wed", "Wed", "thu", "Thu", "fri", "Fri", "sat", "Sat", "sun", "Sun", ",", ", ", "-", " to ")

// EachFacts are what was planned for each week.
type EachFacts struct {
	Name    string // of the product or the check
	Typed   string // by which a command means it
	Next    incident.Muting
	Zone    string // whose clock counts
	Command string
}

// MutedEach tells the person who asked what is in maintenance each week from now on.
func MutedEach(f EachFacts, now time.Time, tz *time.Location) Message {
	c, next := clockOf(now, tz), f.Next
	return say(text.Escape(f.Name, 150)+" will be in maintenance "+eachWords(next)+" ("+text.Escape(f.Zone, 60)+"), next from "+c.When(next.From)+" "+c.untilOn(next.From, next.Until)+": it raises no alarm then, and every answer and update says that it is muted.",
		"Take it back with "+typed(f.Command, "unmute "+f.Typed+" weekly")+", the next time alone with "+typed(f.Command, "unmute "+f.Typed+" next")+".")
}

// UnmutedEach tells the person who asked that it comes no longer.
func UnmutedEach(what, command string) Message {
	return say("No weekly maintenance of "+text.Escape(what, 150)+" is planned from Slack any more.", "What the configuration plans goes on: "+typed(command, "maintenance")+".")
}

// MuteSkipped tells the person who asked that one time of it does not come.
func MuteSkipped(what string, m incident.Muting, now time.Time, tz *time.Location, command string) Message {
	return say("The maintenance of "+text.Escape(what, 150)+" from "+clockOf(now, tz).When(m.From)+" is taken back: it is judged then.", "What is planned: "+typed(command, "maintenance")+".")
}

// Unplanned tells the person who asked that several planned maintenances do not come.
func Unplanned(what string, n int, command string) Message {
	return say("The "+text.Plural(n, "maintenance")+" of "+text.Escape(what, 150)+" that were planned once are taken back: it is judged then.", "What is planned: "+typed(command, "maintenance")+".")
}

// UnmuteWhich answers who takes back what comes again without saying how much of it.
func UnmuteWhich(what string, next incident.Muting, now time.Time, tz *time.Location, command, unmute string) Message {
	each := "All of it stands in the configuration."
	if next.Each != "" {
		each = "All of it: " + typed(command, "unmute "+unmute+" weekly") + "."
	}
	return say(text.Escape(what, 150)+" is not muted now; maintenance comes next from "+clockOf(now, tz).When(next.From)+".", "Take that time back: "+typed(command, "unmute "+unmute+" next")+".", each)
}

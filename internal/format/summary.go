package format

import (
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// Values of ActionShare and ActionRefresh: what is to be shown again.
const (
	ValueSummary = "summary"
	valueProduct = "product:"
	valueCheck   = "check:"

	valueEvidence = "failures:" // a product's last ones
	valueAll      = "all"

	valueTimeline = "timeline"
	valueSince    = "since:" // Unix seconds follow
)

// Summary answers /status: how all products are now, and when the next update
// comes. open holds the incidents whose updates come to this channel; command
// is the name by which the person called, as "/status".
func Summary(s status.Snapshot, open []incident.Incident, command string) Message {
	var inc incident.Incident
	if len(open) > 0 {
		inc = open[0]
	}
	v := look(s, inc, inc.Proving())
	sentence := text.Capital(v.headline()) + "."
	if t := v.trend(); t != "" && len(v.hurt)+len(v.recovered) > 0 {
		sentence += " " + t
	}
	sc := v.screen("as of " + v.Token(v.Now, false))
	sc.tried = v.lastMark(inc)
	lines := append([]string{v.worst() + " *" + sentence + "*"}, sc.under(2)...)
	blocks := append(sections(lines),
		Block{Context: v.whenNext(open, command)},
		Block{Actions: append(v.productSelect(), again(ValueSummary, sourcesButton(), Action{ID: ActionAll, Label: "All products"})...)})
	return limited(Message{Text: strings.Join(text.NonEmpty(sentence, v.causeInShort(), "As of "+v.Plain(v.Now)+"."), " "), Blocks: blocks})
}

// whenNext says when the channel's next update comes.
func (v view) whenNext(open []incident.Incident, command string) string {
	if len(open) == 0 {
		return "No updates come to this channel. Begin them with " + typed(command, "start") + "."
	}
	inc := open[0]
	when := "is due now"
	if due := inc.NextDue(); due.After(v.Now) {
		when = "comes " + v.When(due)
	}
	if !inc.PausedAt.IsZero() {
		return "Updates of this channel are paused by " + called(inc.Called(inc.PausedBy)) + " since " + v.When(inc.PausedAt) + "."
	}
	line := "Updates come to this channel every " + incident.Every(inc.Every) + "; the next one " + when
	if last := inc.LastUpdate; last.N > 0 {
		line += ", the last was #" + text.Count(last.N) + " " + v.Ago(last.At)
	}
	return line + "."
}

// again are the buttons of an answer that can be shared and refreshed; none
// of these two when the value is longer than a button can hold.
func again(value string, more ...Action) []Action {
	if text.Units(value) > maxValue {
		return more
	}
	return append([]Action{
		{ID: ActionShare, Label: "Share in channel", Value: value},
		{ID: ActionRefresh, Label: "Refresh", Value: value},
	}, more...)
}

// Shared is an answer as the whole channel sees it, with who showed it. What
// only the one person used goes: it is a record of that moment, so nobody
// refreshes it under the others' eyes.
func Shared(m Message, userID string) Message {
	out := Message{Text: m.Text}
	by := Block{Context: "Shared by " + text.Mention(userID)}
	out.Blocks = without(m, ActionShare, ActionRefresh).Blocks
	if n := len(out.Blocks); n > 0 && out.Blocks[n-1].Actions != nil {
		out.Blocks = append(out.Blocks[:n-1:n-1], by, out.Blocks[n-1])
	} else {
		out.Blocks = append(out.Blocks, by)
	}
	return limited(out)
}

// typed writes what a person is to type: "`/status start`".
func typed(command, rest string) string {
	if rest != "" {
		command += " " + rest
	}
	return text.Code(command, 200)
}

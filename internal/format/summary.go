package format

import (
	"slices"
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

// SummaryFacts is what the answer to /status is made of.
type SummaryFacts struct {
	Snapshot status.Snapshot
	Open     []incident.Incident // whose updates come to this channel
	Last     incident.Incident   // the company's newest that is over; zero when there was none
	Command  string              // the name by which the person called, as "/status"
	Quiet    News                // of those that are open, by QuietNow; zero: none is
}

// Summary answers /status: how all products are now, in the lines of an update of
// this instant, and when the next update comes.
func Summary(f SummaryFacts) Message {
	var inc incident.Incident
	if len(f.Open) > 0 {
		inc = f.Open[0]
	}
	v := look(f.Snapshot, inc, inc.Proving())
	v.before = inc.ComparedAt(f.Snapshot.At, f.Snapshot.Window)
	v = v.telling(f.Quiet)
	sentence := v.standing(f.Quiet)
	if inc.Severity != "" {
		sentence = text.Escape(inc.Severity, maxLinkName) + ": " + sentence
	}
	overnight := v.overnight(inc)
	sc, quiet := v.screenOf(f.Quiet, "as of "+v.Token(v.Now, overnight))
	sc.tried = strings.Join(text.NonEmpty(v.lastMark(inc), v.lookedInto(inc)), " ")
	within := v
	within.inBlock = true
	lines := append([]string{v.worst() + " *" + sentence + "*"}, text.NonEmpty(within.quietLine(f.Quiet))...)
	switch {
	case len(v.groups) > 0:
	case v.awaits():
		lines = append(lines, v.proving()+".")
	case len(v.unclear) == 0:
		sc.rest = v.quietly(f.Last, len(f.Open), sc.rest, v.checkless())
	}
	lines = append(lines, sc.under(len(lines)+1)...)
	blocks := append(append(sections(lines), Block{Context: v.whenNext(f.Open, f.Command)}), links(inc)...)
	blocks = append(blocks,
		Block{Actions: append(v.productSelect(), again(ValueSummary, sourcesButton(), Action{ID: ActionAll, Label: "All products"})...)})
	m := limited(Message{Text: strings.Join(text.NonEmpty(sentence, quiet, v.causeInShort(), "As of "+v.UTC(v.Now, overnight)+"."), " "), Blocks: blocks})
	return v.sighted(m)
}

// quietly is the line of an answer while all is well: the last incident, where none is open,
// what is not measured, and what nobody checks; before rest, where that says more.
func (v view) quietly(last incident.Incident, open int, rest, checkless string) string {
	if len(v.Products) == 0 {
		return "One is declared under `products` in the configuration, and with it what is checked of it."
	}
	s := "No incident yet."
	switch {
	case open > 0:
		s = ""
	case last.Number != 0 && !last.OpenedAt.IsZero() && !last.Open():
		s = "Last incident: " + v.When(last.OpenedAt) + ", " + text.Span(last.EndedAt.Sub(last.OpenedAt)) + "."
	}
	if len(v.checked()) == 0 { // else rest names them all
		if len(v.unknown) > 0 {
			_, rest, _ = strings.Cut(rest, v.notMeasured()+" ")
		}
		s = strings.Join(text.NonEmpty(s, "Not measured: none.", checkless), " ")
	}
	return strings.Join(text.NonEmpty(s, rest), " ")
}

// checked are the products that are not measured although they have checks.
func (v view) checked() []status.ProductStatus {
	return slices.DeleteFunc(slices.Clone(v.unknown), func(p status.ProductStatus) bool { return p.Checks == 0 })
}

// checkless names the products that nobody checks.
func (v view) checkless() string {
	without := slices.DeleteFunc(slices.Clone(v.unknown), func(p status.ProductStatus) bool { return p.Checks > 0 })
	if len(without) == 0 {
		return ""
	}
	return "No check at all: " + names(without, nameOf) + "."
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
	line := "Updates come to this channel " + incident.Paced(inc.Every) + "; the next one " + when
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

// Shared is an answer as the whole channel sees it, with the name of who showed it. What
// only the one person used goes: it is a record of that moment, so nobody
// refreshes it under the others' eyes.
func Shared(m Message, name string) Message {
	out := Message{Text: m.Text}
	by := Block{Context: "Shared by " + called(name)}
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

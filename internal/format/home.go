package format

import (
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// homeIncidents is how many open incidents the home tells one by one.
const homeIncidents = 10

// ValueSources is where the figures come from, as ValueSummary.
const ValueSources = "sources"

// HomeFacts is what the app's home is made of.
type HomeFacts struct {
	Snapshot status.Snapshot
	Open     []OpenIncident
	Last     incident.Incident // the newest that is over; zero when there was none
	Watches  bool              // people can watch products
	Watched  []string          // ids of the products that this person watches
	Adds     bool              // checks can be proposed
	Quiet    News              // of those that are open, by QuietNow; zero: none is
}

// OpenIncident is an incident with the address of its message; empty if that
// is not known.
type OpenIncident struct {
	incident.Incident
	Link string
}

// Home is the app's home: the board, the open incidents, the products that
// nobody checks.
func Home(h HomeFacts) Message {
	v := look(h.Snapshot, incident.Incident{}, false).telling(h.Quiet)
	sentence := v.standing(h.Quiet)
	sc, quiet := v.screenOf(h.Quiet, "as of "+v.Token(v.Now, v.overnight(incident.Incident{})))
	if len(v.groups)+len(v.unclear) == 0 {
		sc.rest = v.quietly(h.Last, len(h.Open), sc.rest, "") // what nobody checks stands below
	}
	within := v
	within.inBlock = true
	lines := append([]string{v.worst() + " *" + sentence + "*"}, text.NonEmpty(within.quietLine(h.Quiet))...)
	blocks := sections(append(lines, sc.under(len(lines))...))
	blocks = append(blocks, Block{Actions: append(v.productSelect(),
		Action{ID: ActionRefresh, Label: "Refresh", Value: ValueSummary}, sourcesButton())})
	blocks = append(blocks, sections(v.openIncidents(h.Open))...)
	if h.Watches {
		blocks = append(blocks, sections(v.watched(h.Watched))...)
	}
	blocks = append(blocks, sections(v.uncovered())...)
	if h.Adds {
		blocks = append(blocks, Block{Actions: []Action{{ID: ActionAdd, Label: "Propose a check"}}})
	}
	return v.sighted(limited(Message{Text: strings.Join(text.NonEmpty(sentence, quiet), " "), Blocks: blocks}))
}

func (v view) openIncidents(open []OpenIncident) []string {
	if len(open) == 0 {
		return []string{"*No incident is open.*"}
	}
	lines := []string{"*" + text.Plural(len(open), "open incident") + "*"}
	for i, o := range open {
		if i == homeIncidents {
			return append(lines, "and "+text.Count(len(open)-i)+" more")
		}
		line := "Incident " + text.Count(o.Number)
		if t := text.Escape(o.Title, 150); t != "" {
			line += " “" + t + "”"
		}
		if text.UserID.MatchString(o.Channel) && !strings.HasPrefix(o.Channel, "D") {
			line += " in <#" + o.Channel + ">"
		}
		if !o.OpenedAt.IsZero() {
			line += ", since " + v.When(o.OpenedAt)
		}
		if o.Proving() {
			line += ", no longer failing at its rate, the recovery is being proven"
		}
		if last := o.LastUpdate; last.N > 0 {
			line += ", update #" + text.Count(last.N) + " " + v.Ago(last.At)
		}
		if o.Link != "" {
			line += " · " + text.Link(o.Link, "the update")
		}
		lines = append(lines, line)
	}
	return lines
}

func (v view) watched(ids []string) []string {
	lines := []string{"*My watches*"}
	list := slices.DeleteFunc(v.byWorst(), func(p status.ProductStatus) bool { return !slices.Contains(ids, p.ID) })
	for i, p := range list {
		if i == fullRows {
			return append(lines, "and "+text.Count(len(list)-i)+" more")
		}
		line := shape(p.Level) + " " + text.Name(p.Name) + " " + text.Level(p.Impact)
		if !asUsual(p) { // no level without its figures, or without why there are none
			line = v.inOneLine(p)
		}
		lines = append(lines, line)
	}
	if len(list) == 0 {
		lines = append(lines, "None yet.")
	}
	return lines
}

// uncovered names the products that nobody checks.
func (v view) uncovered() []string {
	var list []status.ProductStatus
	for _, p := range v.Products {
		if p.Checks == 0 {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return []string{"*" + text.Plural(len(list), "product") + " without a check*: " +
		names(list, func(p status.ProductStatus) string { return text.Name(p.Name) + " (" + owner(p.Owner) + ")" })}
}

// AtHome is an answer as the home shows it, where value is what is shown: no
// channel is there to share it with, and a probe would be answered nowhere.
func AtHome(m Message, value string) Message {
	m = without(m.Plain(), ActionShare, ActionNow, ActionRefresh, ActionMark)
	m.Blocks = append(m.Blocks, Block{Actions: []Action{{ID: ActionRefresh, Label: "Refresh", Value: value}}})
	return limited(m)
}

// Alone is an answer in a direct conversation: it is shared with nobody.
func Alone(m Message) Message { return without(m, ActionShare) }

// without drops buttons, and options of the menu behind three dots that do the
// same; that menu too, when it is empty then.
func without(m Message, ids ...string) Message {
	out := Message{Text: m.Text}
	for _, b := range m.Blocks {
		had := b.Actions != nil
		if b.Actions = actionsWithout(b.Actions, ids); !had || b.Actions != nil {
			out.Blocks = append(out.Blocks, b)
		}
	}
	return out
}

// actionsWithout is nil where nothing is left.
func actionsWithout(list []Action, ids []string) (kept []Action) {
	for _, a := range list {
		if a.Menu == Overflow {
			a.Options = slices.DeleteFunc(slices.Clone(a.Options), func(o Option) bool {
				id, _, _ := strings.Cut(o.Value, " ")
				return slices.Contains(ids, id)
			})
		}
		if !slices.Contains(ids, a.ID) && (a.Menu != Overflow || len(a.Options) > 0) {
			kept = append(kept, a)
		}
	}
	return kept
}

package format

import (
	"strings"

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
	Watches  bool     // people can watch products
	Watched  []string // ids of the products that this person watches
	Adds     bool     // checks can be proposed
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
	v := look(h.Snapshot, incident.Incident{}, false)
	sentence := capital(v.headline(": ")) + "."
	lines := append([]string{v.worst() + " *" + sentence + "*", "as of " + v.token(v.now, false)}, nonEmpty(v.figures())...)
	blocks := sections(append(lines, v.table()...))
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
	return limited(Message{Text: sentence, Blocks: blocks})
}

func (v view) openIncidents(open []OpenIncident) []string {
	if len(open) == 0 {
		return []string{"*No incident is open.*"}
	}
	lines := []string{"*" + plural(len(open), "open incident") + "*"}
	for i, o := range open {
		if i == homeIncidents {
			return append(lines, "and "+count(len(open)-i)+" more")
		}
		line := "Incident " + count(o.Number)
		if t := escape(o.Title, 150); t != "" {
			line += " “" + t + "”"
		}
		if userID.MatchString(o.Channel) && !strings.HasPrefix(o.Channel, "D") {
			line += " in <#" + o.Channel + ">"
		}
		if !o.OpenedAt.IsZero() {
			line += ", since " + v.at(o.OpenedAt)
		}
		if o.Proving() {
			line += ", no longer failing at its rate, the recovery is being proven"
		}
		if last := o.LastUpdate; last.N > 0 {
			line += ", update #" + count(last.N) + " " + v.ago(last.At)
		}
		if o.Link != "" {
			line += " · " + link(o.Link, "the update")
		}
		lines = append(lines, line)
	}
	return lines
}

func (v view) watched(ids []string) []string {
	lines := []string{"*My watches*"}
	for _, p := range v.Products {
		for _, id := range ids {
			if p.ID == id && len(lines) <= fullRows {
				lines = append(lines, shape(p.Level)+" "+name(p.Name)+" "+levelWord(p.Impact))
			}
		}
	}
	if len(lines) == 1 {
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
	return []string{"*" + plural(len(list), "product") + " without a check*: " +
		names(list, func(p status.ProductStatus) string { return name(p.Name) + " (" + owner(p.Owner) + ")" })}
}

// AtHome is an answer as the home shows it, where value is what is shown: no
// channel is there to share it with, and a probe would be answered nowhere.
func AtHome(m Message, value string) Message {
	m = without(m.Plain(), ActionShare, ActionNow, ActionRefresh)
	m.Blocks = append(m.Blocks, Block{Actions: []Action{{ID: ActionRefresh, Label: "Refresh", Value: value}}})
	return limited(m)
}

// Alone is an answer in a direct conversation: it is shared with nobody.
func Alone(m Message) Message { return without(m, ActionShare) }

// without drops buttons.
func without(m Message, ids ...string) Message {
	out := Message{Text: m.Text}
	for _, b := range m.Blocks {
		if b.Actions != nil {
			var kept []Action
			for _, a := range b.Actions {
				if !strings.Contains(" "+strings.Join(ids, " ")+" ", " "+a.ID+" ") {
					kept = append(kept, a)
				}
			}
			if b.Actions = kept; kept == nil {
				continue
			}
		}
		out.Blocks = append(out.Blocks, b)
	}
	return out
}

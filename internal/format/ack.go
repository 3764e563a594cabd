package format

import (
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// lookedInto says who looks into what is hurt, and since when: "Looked into by
// Ana since 00:05.", or where that is not said of all "Looked into: Billing by
// Ana since 00:05, 12 by Ben since 00:07.".
func (v view) lookedInto(inc incident.Incident) string {
	var order []string
	same := map[string][]status.ProductStatus{} // :: by whom -> products
	for _, p := range v.hurt {
		who := v.lookers(inc.Acks[p.ID], inc)
		if who == "" {
			continue
		}
		if len(same[who]) == 0 {
			order = append(order, who)
		}
		same[who] = append(same[who], p)
	}
	switch {
	case len(order) == 0:
		return ""
	case len(order) == 1 && len(same[order[0]]) == len(v.hurt):
		return "Looked into by " + order[0] + "."
	}
	var parts []string
	for _, who := range order {
		what := text.Count(len(same[who]))
		if len(same[who]) <= namedAtMost {
			what = listing(same[who])
		}
		parts = append(parts, what+" by "+who)
	}
	more := ""
	if n := len(parts) - namedAtMost; n > 0 {
		parts, more = parts[:namedAtMost], " and "+text.Count(n)+" more"
	}
	return "Looked into: " + strings.Join(parts, ", ") + more + "."
}

// lookedIntoOne says the same of one product.
func (v view) lookedIntoOne(product string, inc incident.Incident) string {
	if who := v.lookers(inc.Acks[product], inc); who != "" {
		return "Looked into by " + who + "."
	}
	return ""
}

// lookers names who looks into something, at most two, each with since when.
func (v view) lookers(acks []incident.Ack, inc incident.Incident) string {
	const most = 2
	var out []string
	for _, a := range acks[:min(len(acks), most)] {
		out = append(out, called(inc.Called(a.By))+" since "+v.When(a.At))
	}
	s := strings.Join(out, " and ")
	if more := len(acks) - most; more > 0 {
		s = strings.Join(out, ", ") + " and " + text.Count(more) + " more"
	}
	return s
}

// Acked tells the person who looks into products that it is known, or with done
// that it is no longer so.
func Acked(e incident.Event, s status.Snapshot, command string) Message {
	ids := e.Products
	if e.Product != "" {
		ids = []string{e.Product}
	}
	what := productNames(s, slices.Clone(ids))
	if e.Kind == incident.Unacked {
		return say("Written down: you no longer look into "+what+". The update says so in a moment.", "Look into it again: "+typed(command, "ack PRODUCT"))
	}
	return say("Written down: you look into "+what+". The update says so in a moment, until it has recovered or you take it back with "+typed(command, "unack")+".",
		"What you try: "+typed(command, "mark TEXT")+" · what you find: "+typed(command, "note TEXT"))
}

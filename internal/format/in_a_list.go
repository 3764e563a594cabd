package format

import (
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// InAList tells an incident among others: which it is and how long it lasted, and in a line
// when that was, whom it hurt and how much.
func InAList(inc incident.Incident, s status.Snapshot) IncidentPage {
	c := clockOf(s.At, s.Timezone).counting(s.Window)
	sentence := strings.TrimPrefix(timelineSentence(c, inc), "Timeline of ")
	return IncidentPage{Sentence: text.Capital(sentence), Lines: []string{c.impactIn(inc, s)}}
}

// impactIn says when an incident was, whom it hurt and how much: "Mon 19:32 to Tue 10:31:
// Billing, Search and 12 more; 4.2 % of tries failed (4,826 of 114,900).".
func (c clock) impactIn(inc incident.Incident, s status.Snapshot) string {
	began := inc.HurtSince()
	_, ended, _ := inc.Impact()
	if began.IsZero() {
		began = inc.OpenedAt
	}
	if !ended.After(began) {
		ended = inc.EndedAt
	}
	when := "Since " + c.When(began)
	if !inc.Open() {
		when = text.Capital(c.When(began)) + " to " + c.Token(ended, !c.SameDay(began, ended))
	}
	hurt := inc.Hurt()
	if len(hurt) == 0 {
		return when + ": no product was hurt."
	}
	list := slices.DeleteFunc(slices.Clone(s.Products), func(p status.ProductStatus) bool { return !slices.Contains(hurt, p.ID) })
	for _, id := range hurt { // it is watched no more
		if !slices.ContainsFunc(list, func(p status.ProductStatus) bool { return p.ID == id }) {
			list = append(list, status.ProductStatus{Product: status.Product{ID: id, Name: id}})
		}
	}
	line := when + ": " + names(list, nameOf)
	if h, slow := harmed(inc); !inc.Open() && h.Tries > 0 && h.Failures > 0 {
		of := " of tries failed ("
		if slow {
			of = " of answers were slow ("
		}
		line += "; " + shareOf(h) + of + text.Count(h.Failures) + " of " + text.Count(h.Tries) + ")"
	}
	return line + "."
}

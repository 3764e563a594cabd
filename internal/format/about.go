package format

import (
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
)

// about says what incident an update belongs to and why it comes.
func (v view) about(u UpdateFacts) string {
	inc := u.Incident
	parts := []string{u.paged()}
	opened := "detected"
	if u.OpenedBy != "" {
		opened = "started by " + called(u.Incident.Called(u.OpenedBy))
	}
	if !inc.OpenedAt.IsZero() {
		opened += " " + v.When(inc.OpenedAt)
	}
	if u.First {
		opened += v.openedFor(inc.Why)
	}
	parts = append(parts, opened)
	if !inc.ReopenedAt.IsZero() {
		line := "re-opened " + v.When(inc.ReopenedAt)
		if inc.Since(u.Incident.LastUpdate, incident.Reopened) {
			line += v.openedFor(inc.Why)
		}
		parts = append(parts, line)
	}
	if inc.AgainBy() == incident.Relapsed && !inc.Calm() && !u.Ended {
		what := "failed again "
		if v.another() {
			what = "another trouble since "
		}
		parts = append(parts, what+v.When(inc.RelapsedAt))
	}
	if len(inc.Products) > 0 {
		parts = append(parts, "about "+productNames(u.Snapshot, inc.Products))
	}
	if !u.Ended && inc.Every > 0 {
		parts = append(parts, "updates "+incident.Paced(inc.Every))
	}
	switch {
	case u.Ended && !inc.EndedAt.IsZero():
		parts = append(parts, "what was done can be marked until "+v.When(inc.EndedAt.Add(incident.MarkAfter)))
	case inc.Proving() && inc.Detected():
		parts = append(parts, "ends when the recovery is proven, or "+v.When(v.ProofEnds(inc))+" if nothing fails again")
	}
	return strings.Join(parts, " · ")
}

// openedFor says for which product an incident was opened. The counts by which it was seen
// have another span than those of the first line, and are on the timeline.
func (v view) openedFor(why string) string {
	for _, p := range v.Products {
		if strings.HasPrefix(why, p.Name+": ") {
			return " on " + text.Name(p.Name)
		}
	}
	if why = text.Escape(why, 200); why != "" {
		return ": " + why
	}
	return ""
}

// titled is an incident by its number and title.
func titled(inc incident.Incident) string {
	title := "Incident " + text.Count(inc.Number)
	if t := text.Escape(inc.Title, 150); t != "" {
		title += " “" + t + "”"
	}
	return title
}

// paged is the incident by its number and title, which lead to its page where there is
// one.
func (u UpdateFacts) paged() string {
	if u.Page == "" {
		return titled(u.Incident)
	}
	return text.Link(u.Page+"/incidents/"+u.Incident.ID, titled(u.Incident))
}

// underFirst says what a reply belongs to, and that it stays as it is.
func (v view) underFirst(u UpdateFacts) string {
	if u.Ended {
		return u.paged()
	}
	return u.paged() + " · the first message of the thread has the figures of this minute"
}

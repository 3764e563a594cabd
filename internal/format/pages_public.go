package format

import (
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// PublicBoard is the page for clients: the products that are shown to them, each in
// its owners' words. It has no figure, no cause, no check and no name of a person,
// and nothing that anybody wrote in an incident.
func PublicBoard(f BoardFacts, shown func(product string) bool) BoardPage {
	s := f.Snapshot
	s.Products = nil
	for _, p := range f.Snapshot.Products {
		if shown(p.ID) {
			s.Products = append(s.Products, p)
		}
	}
	ours := s.Blind.On()
	for i := range s.Products {
		if ours && mayBeOurs(s.Products[i], s.Blind) {
			s.Products[i].Level = impact.Unknown
		}
	}
	v := look(s, incident.Incident{}, false)
	page := BoardPage{Level: v.worstLevel(), Sentence: v.publicSentence()}
	if ours && len(s.Products) > 0 {
		page.Level, page.Lines = impact.Unknown, []string{page.Sentence}
		page.Sentence = "Our own measuring is disturbed, so not all is known now."
	}
	for _, p := range v.byWorst() {
		page.Rows = append(page.Rows, v.publicRow(p))
	}
	return page
}

// mayBeOurs reports whether what fails of a product began when we no longer saw for
// certain: clients are not told that it has trouble.
func mayBeOurs(p status.ProductStatus, b status.Blindness) bool {
	return p.Level.Hurt() && (p.Onset.IsZero() || b.Seen.IsZero() || p.Onset.After(b.Seen))
}

// publicSentence says in one sentence how the services are.
func (v view) publicSentence() string {
	n, hurt := len(v.Products), len(v.hurt)
	switch {
	case n == 0:
		return "No service is shown here."
	case hurt == 1:
		return text.Name(v.hurt[0].Name) + " has trouble."
	case hurt > 0 && hurt <= namedAtMost:
		return listing(v.hurt) + " have trouble."
	case hurt > 0:
		return text.Count(hurt) + " of " + text.Plural(n, "service") + " have trouble."
	case len(v.unclear) > 0:
		return "No trouble is certain. " + text.Plural(len(v.unclear), "service") + " " + verb(len(v.unclear), "is", "are") + " not clear yet."
	case len(v.unknown) == n:
		return "How the services are is not known now."
	case len(v.unknown) > 0:
		return "No trouble is known. " + text.Plural(len(v.unknown), "service") + " " + verb(len(v.unknown), "is", "are") + " not measured now."
	case len(v.maintenance) > 0:
		return "No trouble is known. " + text.Plural(len(v.maintenance), "service") + " " + verb(len(v.maintenance), "is", "are") + " in maintenance."
	}
	return "All services work as usual."
}

// publicRow is a product as its owners tell it to clients.
func (v view) publicRow(p status.ProductStatus) ProductRow {
	row := ProductRow{ID: p.ID, Name: text.Name(p.Name), Level: p.Level, Word: publicWord(p)}
	if p.Level == impact.Maintenance && len(p.Muted) > 0 {
		row.Note = "Until " + v.When(p.Muted[0].Until)
	}
	if p.Level == impact.OK && !asUsual(p) {
		row.Level = impact.Unknown
	}
	if p.Level.Hurt() {
		row.Note = strings.TrimSuffix(says(p), ".")
		if !p.Onset.IsZero() {
			row.Since = "since " + v.When(p.Onset)
		}
	}
	return row
}

// publicWord is a product's level in words for clients.
func publicWord(p status.ProductStatus) string {
	switch p.Level {
	case impact.OK:
		if !asUsual(p) {
			return "not clear yet"
		}
		return "as usual"
	case impact.Degraded:
		if p.Slow {
			return "slow"
		}
		return "some trouble"
	case impact.Outage:
		if !p.Dead() {
			return "mostly failing"
		}
		return "not available"
	case impact.Maintenance:
		return "in maintenance"
	}
	return "not measured"
}

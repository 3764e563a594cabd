package format

import (
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// AllProducts tells every product: what an update leaves behind its menu. What
// hurts most stands first, a product in a line; those without a failure stand
// together below, so that a phone is not filled with noughts. Its first line is the quiet
// of the incidents that are open, by QuietNow, where there is one: the channel says so.
func AllProducts(s status.Snapshot, quiet News) Message {
	v := look(s, incident.Incident{}, false).telling(quiet)
	sentence := v.standing(quiet)
	lines := []string{v.worst() + " *" + sentence + "*", "As of " + v.Token(v.Now, false)}
	well := func(p status.ProductStatus) bool {
		return p.Level == impact.OK && p.Tries > 0 && p.Bad() == 0 && p.Onset.IsZero()
	}
	all, used := v.byWorst(), 0
	list := slices.DeleteFunc(slices.Clone(all), well)
	for i, p := range list {
		line := v.inOneLine(p)
		if used += text.Units(line); used > roomy {
			lines = append(lines, "and "+text.Count(len(list)-i)+" more")
			break
		}
		lines = append(lines, line)
	}
	lines = append(lines, v.withoutFailure(slices.DeleteFunc(all, func(p status.ProductStatus) bool { return !well(p) }), roomy-used)...)
	blocks := append(sections(lines), Block{Actions: append(v.productSelect(), again(valueAll, sourcesButton())...)})
	return v.sighted(limited(Message{Text: sentence + " As of " + v.Plain(v.Now) + ".", Blocks: blocks}))
}

// withoutFailure names products together of which nothing failed, those of one
// span in a paragraph, in at most so many units of Slack's.
func (v view) withoutFailure(list []status.ProductStatus, room int) []string {
	var lines []string
	for len(list) > 0 && room > 0 {
		span := v.span(list[0].From)
		together := func(p status.ProductStatus) bool { return v.span(p.From) == span }
		same := slices.DeleteFunc(slices.Clone(list), func(p status.ProductStatus) bool { return !together(p) })
		list = slices.DeleteFunc(list, together)
		line := shape(impact.OK) + " No failure in " + span + " (" + tries(sum(same).Tries) + "): "
		for i, p := range same {
			name := text.Name(p.Name)
			if text.Units(line)+text.Units(name) > min(maxSection-50, room) {
				line = strings.TrimSuffix(line, ", ") + " and " + text.Count(len(same)-i) + " more"
				break
			}
			line += name + ", "
		}
		line = strings.TrimSuffix(line, ", ")
		lines, room = append(lines, line), room-text.Units(line)
	}
	return lines
}

// inOneLine tells a product in a line: its level, its figure and since when.
func (v view) inOneLine(p status.ProductStatus) string {
	line := shapeOf(p) + " " + text.Name(p.Name)
	switch {
	case p.Level == impact.Unknown:
		return shape(p.Level) + " " + v.unknownOf(p)
	case p.Level == impact.Maintenance:
		return shape(p.Level) + " " + v.inMaintenance(p)
	case p.Dead():
		line += " down"
	case p.Tries == 0:
		return line + " no result in " + text.Span(v.Window)
	case !p.Level.Hurt() && !asUsual(p):
		line += " not clear yet"
	}
	if p.Bad() == 0 {
		line += " 0/" + text.Count(p.Tries)
	} else {
		line += " " + short(p)
	}
	if !p.Onset.IsZero() {
		return line + " since " + v.When(p.Onset)
	}
	return line + " in " + v.span(p.From)
}

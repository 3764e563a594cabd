package format

import (
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// AllProducts tells every product in a line: what an update leaves behind its
// menu. What hurts most stands first.
func AllProducts(s status.Snapshot) Message {
	v := look(s, incident.Incident{}, false)
	sentence := text.Capital(v.headline()) + "."
	lines := []string{v.worst() + " *" + sentence + "*", "As of " + v.Token(v.Now, false)}
	list, used := v.byWorst(), 0
	for i, p := range list {
		line := v.inOneLine(p)
		if used += text.Units(line); used > roomy {
			lines = append(lines, "and "+text.Count(len(list)-i)+" more")
			break
		}
		lines = append(lines, line)
	}
	blocks := append(sections(lines), Block{Actions: append(v.productSelect(), again(valueAll, sourcesButton())...)})
	return v.sighted(limited(Message{Text: sentence + " As of " + v.Plain(v.Now) + ".", Blocks: blocks}))
}

// inOneLine tells a product in a line: its level, its figure and since when.
func (v view) inOneLine(p status.ProductStatus) string {
	line := shape(p.Level) + " " + text.Name(p.Name)
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

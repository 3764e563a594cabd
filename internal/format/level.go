package format

import (
	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/status"
)

// shape is the emoji beside a level's word. They differ in outline, not only
// in colour: stop sign, diamond, tick, question mark, wrench.
func shape(l impact.Level) string {
	switch l {
	case impact.OK:
		return ":white_check_mark:"
	case impact.Degraded:
		return ":large_orange_diamond:"
	case impact.Outage:
		return ":octagonal_sign:"
	case impact.Maintenance:
		return ":wrench:"
	default:
		return ":grey_question:"
	}
}

// shapeOf is the one beside a product. What fails and is no trouble yet has no tick.
func shapeOf(p status.ProductStatus) string {
	if p.Level == impact.OK && !asUsual(p) {
		return shape(impact.Unknown)
	}
	return shape(p.Level)
}

// slower counts the answers that were slow: by what the check itself says, or
// beside what is usual for it.
func slower(c impact.Counts) int { return c.Slow + c.Slower }

// says returns the effect on clients in business words, if configured. "Nobody can order"
// is not said of what lets two of five through.
func says(p status.ProductStatus) string {
	switch dead := p.Dead() && (p.Down == nil || p.Down.Dead()); {
	case dead && p.SaysOutage != "":
		return text.Escape(p.SaysOutage, 200)
	case p.Level.Hurt():
		return text.Escape(p.SaysDegraded, 200)
	default:
		return ""
	}
}

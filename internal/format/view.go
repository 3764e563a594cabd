package format

import (
	"slices"
	"strings"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// view is a snapshot sorted into what is said of it.
type view struct {
	clock
	status.Snapshot
	inBlock bool              // its sentences stand in a block, and not in plain text
	inc     incident.Incident // its LastUpdate is what was told; zero when there is none
	before  incident.Event    // the update that the trend compares with; N is 0 when there is none

	told        []string               // ids of products that the first line has a sum of: no other line counts them
	step        *incident.Counts       // of these, since the share changed that the first line tells; nil where it tells none
	quiet       bool                   // hardly anything of them fails since
	groups      []status.Group         // of what is hurt, worst first
	hurt        []status.ProductStatus // in the order of the groups
	recovered   []status.ProductStatus // as usual now, hurt when it was last told or not proven since
	usual       []status.ProductStatus // as usual, not among the recovered
	unclear     []status.ProductStatus // not hurt, and not as usual by its figures
	unknown     []status.ProductStatus
	maintenance []status.ProductStatus
}

// look sorts a snapshot. Products that recovered are told until that is proven,
// and once after; with all set, every one that recovered since the incident was
// opened.
func look(s status.Snapshot, inc incident.Incident, all bool) view {
	v := view{clock: clockOf(s.At, s.Timezone).counting(s.Window), Snapshot: s, inc: inc, before: inc.LastUpdate}
	var unproven []string
	if inc.Number != 0 {
		unproven = s.Unproven(inc)
	}
	for _, p := range s.Products {
		fig, _ := inc.Figure(p.ID)
		switch {
		case p.Level.Hurt():
		case p.Level == impact.Maintenance:
			v.maintenance = append(v.maintenance, p)
		case p.Level != impact.OK:
			v.unknown = append(v.unknown, p)
		case impact.Level(fig.Level).Hurt(), provenSince(p, inc), slices.Contains(unproven, p.ID), all && wasHurt(p, inc):
			v.recovered = append(v.recovered, p)
		case !asUsual(p):
			v.unclear = append(v.unclear, p)
		default:
			v.usual = append(v.usual, p)
		}
	}
	v.groups = s.Groups()
	for _, g := range v.groups {
		v.hurt = append(v.hurt, g.Products...)
	}
	return v
}

// wasHurt reports whether a product that is as usual was hurt in an incident.
func wasHurt(p status.ProductStatus, inc incident.Incident) bool {
	_, told := inc.Levels[p.ID]
	return inc.Number != 0 && p.Proof != nil && (told || p.Changed.After(inc.OpenedAt))
}

// provenSince reports whether the second step of a recovery was reached after
// the last update: that is told as well.
func provenSince(p status.ProductStatus, inc incident.Incident) bool {
	return inc.LastUpdate.N > 0 && p.Proof != nil && p.Proof.Proven.After(inc.LastUpdate.At)
}

func sum(products []status.ProductStatus) impact.Counts {
	var c impact.Counts
	for _, p := range products {
		c.Tries += p.Tries
		c.Failures += p.Failures
		c.Slow += p.Counts.Slow
		c.Slower += p.Counts.Slower
		c.Unknown += p.Counts.Unknown
	}
	return c
}

// names lists up to five products: "Billing, Search and 3 more".
func names(products []status.ProductStatus, say func(status.ProductStatus) string) string {
	const most = 5
	var out []string
	for _, p := range products[:min(len(products), most)] {
		out = append(out, say(p))
	}
	s := strings.Join(out, ", ")
	if more := len(products) - most; more > 0 {
		s += " and " + text.Count(more) + " more"
	}
	return s
}

func nameOf(p status.ProductStatus) string { return text.Name(p.Name) }

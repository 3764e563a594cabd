package format

import (
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
	inc     incident.Incident // its LastUpdate is what the trends compare with; zero when there is none

	groups      []status.Group         // of what is hurt, worst first
	hurt        []status.ProductStatus // in the order of the groups
	recovered   []status.ProductStatus // as usual now, hurt when it was last told
	usual       []status.ProductStatus // as usual, not among the recovered
	unclear     []status.ProductStatus // not hurt, and not as usual by its figures
	unknown     []status.ProductStatus
	maintenance []status.ProductStatus
}

// look sorts a snapshot. Products that recovered are told once, in the update
// after; with all set, every one that recovered since the incident was opened.
func look(s status.Snapshot, inc incident.Incident, all bool) view {
	v := view{clock: clockOf(s.At, s.Timezone), Snapshot: s, inc: inc}
	for _, p := range s.Products {
		fig, _ := inc.Figure(p.ID)
		switch {
		case p.Level.Hurt():
		case p.Level == impact.Maintenance:
			v.maintenance = append(v.maintenance, p)
		case p.Level != impact.OK:
			v.unknown = append(v.unknown, p)
		case impact.Level(fig.Level).Hurt(), provenSince(p, inc), all && wasHurt(p, inc):
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

// trend compares with an earlier update: "Worse than 10 min ago." First come the
// products that are down, then those that are hurt, by number; where these
// did not move, what failed of all that are hurt; then one product that is worse
// outweighs any that are better.
// Products that were or are unknown do not count. Empty without an update, and
// where "same" would say nothing or too much: all is well, or what was hurt
// cannot be seen.
func (v view) trend() string {
	last := v.inc.LastUpdate
	if last.N == 0 {
		return ""
	}
	var down, hurt int
	var worse, better bool
	var before, now impact.Counts
	for _, p := range v.Products {
		fig, ok := v.inc.Figure(p.ID)
		was := impact.Level(fig.Level)
		if !ok {
			was = impact.OK
		}
		if was == impact.Unknown || p.Level == impact.Unknown {
			continue
		}
		down += one(p.Level == impact.Outage) - one(was == impact.Outage)
		hurt += one(p.Level.Hurt()) - one(was.Hurt())
		if p.Level.Hurt() && was.Hurt() {
			before.Tries, before.Failures = before.Tries+fig.Tries, before.Failures+fig.Failures
			now.Tries, now.Failures = now.Tries+p.Tries, now.Failures+p.Failures
		}
		t := impact.Compare(was, countsOf(fig), p.Impact)
		worse = worse || t == impact.Worse && p.Level.Hurt()
		better = better || t == impact.Better && was.Hurt()
	}
	if t := impact.Moved(before, now); t != impact.Same {
		worse, better = t == impact.Worse, t == impact.Better
	}
	than := " than "
	var word string
	switch same := down == 0 && hurt == 0 && !worse && !better; {
	case same && (len(v.hurt) == 0 || v.lost() > 0):
		return ""
	case down != 0:
		word = map[bool]string{true: "Worse", false: "Better"}[down > 0]
	case hurt != 0:
		word = map[bool]string{true: "Worse", false: "Better"}[hurt > 0]
	case worse:
		word = "Worse"
	case better:
		word = "Better"
	default:
		word, than = "Same", " as "
	}
	return word + than + v.Ago(last.At) + "."
}

// countsOf is what an update told of a product's window.
func countsOf(f incident.Figure) impact.Counts {
	return impact.Counts{Tries: f.Tries, Failures: f.Failures}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
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

package format

import (
	"slices"
	"strings"
	"time"

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
	v := view{clock: clockOf(s.At, s.Timezone), Snapshot: s, inc: inc, before: inc.LastUpdate}
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

// trend compares with an earlier update: "Worse than 10 min ago." Where it is the
// same it says for how long: "Same as an hour ago." Empty without an update, and
// where "same" would say nothing or too much: all is well, what was hurt cannot be
// seen, or it is slow.
func (v view) trend() string {
	if v.before.N == 0 {
		return ""
	}
	switch v.movedSince(v.before) {
	case impact.Worse:
		return "Worse than " + v.Ago(v.before.At) + "."
	case impact.Better:
		return "Better than " + v.Ago(v.before.At) + "."
	}
	slow := slices.ContainsFunc(v.hurt, func(p status.ProductStatus) bool { return p.Slow }) // of which updates keep no figure
	if len(v.hurt) == 0 || v.lost() > 0 || slow {
		return ""
	}
	return "Same as " + text.Lately(v.Now.Sub(v.sameSince())) + " ago."
}

// sameSince is when the earliest update was told of those that, one after the
// other back in time, differ from now by no more than chance. One that had too
// few results to differ, or some of before the last change of the share that is
// known, is none of them.
func (v view) sameSince() time.Time {
	same := v.before.At
	step, changed := v.inc.LastStep()
	for _, e := range v.inc.ToldBefore(v.before) {
		was, now := v.hurtThen(figuresOf(e))
		if changed && e.At.Add(-v.Window).Before(step.Step.At) || 2*was.Tries < now.Tries || v.movedSince(e) != impact.Same {
			break
		}
		same = e.At
	}
	return same
}

// movedSince says how it moved since an update. First come the products that are down,
// then those that are hurt, by number; where these did not move, what failed of
// all that are hurt; then one product that is worse outweighs any that are
// better. Products that were or are unknown do not count.
func (v view) movedSince(told incident.Event) impact.Trend {
	var down, hurt int
	var worse, better bool
	then := figuresOf(told)
	for _, p := range v.Products {
		was, counts := then.of(p.ID)
		if was == impact.Unknown || p.Level == impact.Unknown {
			continue
		}
		down += one(p.Level == impact.Outage) - one(was == impact.Outage)
		hurt += one(p.Level.Hurt()) - one(was.Hurt())
		t := impact.Compare(was, counts, p.Impact)
		worse = worse || t == impact.Worse && p.Level.Hurt()
		better = better || t == impact.Better && was.Hurt()
	}
	before, now := v.hurtThen(then)
	if t := impact.Moved(before, now); t != impact.Same {
		worse, better = t == impact.Worse, t == impact.Better
	}
	switch {
	case down > 0 || down == 0 && hurt > 0:
		return impact.Worse
	case down < 0 || hurt < 0:
		return impact.Better
	case worse:
		return impact.Worse
	case better:
		return impact.Better
	}
	return impact.Same
}

// hurtThen sums up the products that are hurt and were so when an update was told:
// as it had them, and as they are.
func (v view) hurtThen(then figures) (before, now impact.Counts) {
	for _, p := range v.Products {
		if was, c := then.of(p.ID); was.Hurt() && p.Level.Hurt() {
			before.Tries, before.Failures = before.Tries+c.Tries, before.Failures+c.Failures
			now.Tries, now.Failures = now.Tries+p.Tries, now.Failures+p.Failures
		}
	}
	return before, now
}

// figures are what an update told.
type figures map[string]incident.Figure // :: product id -> its figure

func figuresOf(told incident.Event) figures {
	f := make(figures, len(told.Figures))
	for _, x := range told.Figures {
		f[x.Product] = x
	}
	return f
}

// of is a product's level and counts: as usual where it was not known.
func (f figures) of(product string) (impact.Level, impact.Counts) {
	x, ok := f[product]
	if !ok {
		return impact.OK, impact.Counts{}
	}
	return impact.Level(x.Level), countsOf(x)
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

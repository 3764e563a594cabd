package format

import (
	"cmp"
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
	inc incident.Incident // its LastUpdate is what the trends compare with; zero when there is none

	hurt        []status.ProductStatus // worst first
	recovered   []status.ProductStatus // as usual now, hurt when it was last told
	usual       []status.ProductStatus // as usual, not among the recovered
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
			v.hurt = append(v.hurt, p)
		case p.Level == impact.Maintenance:
			v.maintenance = append(v.maintenance, p)
		case p.Level != impact.OK:
			v.unknown = append(v.unknown, p)
		case impact.Level(fig.Level).Hurt(), provenSince(p, inc), all && inc.Number != 0 && p.Changed.After(inc.OpenedAt):
			v.recovered = append(v.recovered, p)
		default:
			v.usual = append(v.usual, p)
		}
	}
	v.worstFirst()
	return v
}

// provenSince reports whether the second step of a recovery was reached after
// the last update: that is told as well.
func provenSince(p status.ProductStatus, inc incident.Incident) bool {
	return inc.LastUpdate.N > 0 && p.Proof != nil && p.Proof.Proven.After(inc.LastUpdate.At)
}

// worstFirst orders hurt products: an outage before a degradation, failures
// before slowness, then those that fail more than the others do. Of the rest
// the order is that of the configuration: rows that change places by chance at
// each update are hard to read.
func (v *view) worstFirst() {
	var all impact.Counts
	for _, p := range v.hurt {
		all.Tries, all.Failures = all.Tries+p.Tries, all.Failures+bad(p.Impact)
	}
	rank := map[string]int{}
	for _, p := range v.hurt {
		if impact.Moved(all, impact.Counts{Tries: p.Tries, Failures: bad(p.Impact)}) == impact.Worse {
			rank[p.ID] = 1
		}
	}
	slices.SortStableFunc(v.hurt, func(x, y status.ProductStatus) int {
		d := cmp.Or(y.Level.Severity()-x.Level.Severity(), one(x.Slow)-one(y.Slow), rank[y.ID]-rank[x.ID])
		if d == 0 && rank[x.ID] > 0 {
			d = cmp.Compare(text.Share(bad(y.Impact), y.Tries), text.Share(bad(x.Impact), x.Tries))
		}
		return d
	})
}

// levels counts hurt products: down, degraded by failures, slow.
func (v view) levels() (down, failing, slow int) {
	for _, p := range v.hurt {
		switch {
		case p.Level == impact.Outage:
			down++
		case p.Slow:
			slow++
		default:
			failing++
		}
	}
	return down, failing, slow
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

// headline says how it is in one sentence without its full stop: "3 of 12
// products degraded, none down".
func (v view) headline(sep string) string {
	n := len(v.Products)
	down, failing, slow := v.levels()
	of := func(k int) string { return text.Count(k) + " of " + text.Plural(n, "product") }
	switch {
	case n == 0:
		return "no product is defined"
	case down+failing+slow == 0:
		return v.wellLine(sep)
	case down == 0 && failing == 0:
		return of(slow) + " slow, none down" + v.lostSight()
	case down == 0 && slow > 0:
		return of(failing+slow) + " degraded (" + text.Count(slow) + " of them slow), none down" + v.lostSight()
	case down == 0:
		return of(failing) + " degraded, none down" + v.quiet() + v.lostSight()
	}
	s := of(down) + " down"
	if failing > 0 {
		s += ", " + text.Count(failing) + " degraded"
	}
	if slow > 0 {
		s += ", " + text.Count(slow) + " slow"
	}
	return s + v.lostSight()
}

// quiet says in the headline that none of what is degraded failed lately: its
// recovery is near, and too few results show it yet.
func (v view) quiet() string {
	if c := sum(v.hurt); c.Failures > 0 || c.Tries == 0 {
		return ""
	}
	return ", no failure in " + text.Span(v.Window)
}

// wellLine is the headline when nothing is hurt. What is not measured is not
// among what is well. sep stands before the counts.
func (v view) wellLine(sep string) string {
	n := len(v.Products)
	well := slices.Concat(v.usual, v.recovered)
	c := sum(well)
	var s string
	switch {
	case len(well) == 0 && len(v.unknown) == n && n == 1:
		return "nothing is measured: the 1 product is unknown"
	case len(well) == 0 && len(v.unknown) == n:
		return "nothing is measured: all " + text.Plural(n, "product") + " unknown"
	case len(well) == 0:
		return "no product is measured now"
	case v.awaits():
		s = "no product fails at the incident's rate any more, recovery not proven yet"
	case len(well) == n && n == 1:
		s = "the 1 product is as usual"
	case len(well) == n:
		s = "all " + text.Plural(n, "product") + " as usual"
	default:
		s = text.Count(len(well)) + " of " + text.Plural(n, "product") + " as usual"
	}
	s += sep + text.Count(c.Failures) + " of " + text.Plural(c.Tries, "client check") + " failed in " + text.Span(v.Window)
	if len(v.unknown) > 0 {
		s += ", " + text.Count(len(v.unknown)) + " not measured"
		if n := v.lost(); n > 0 {
			s += " (" + text.Count(n) + " of them hurt when last seen)"
		}
	}
	if len(v.maintenance) > 0 {
		s += ", " + text.Count(len(v.maintenance)) + " in maintenance"
	}
	return s
}

// lostSight says in the headline that products which the last update called
// hurt cannot be observed now: they must not seem to have recovered.
func (v view) lostSight() string {
	n := v.lost()
	if n == 0 {
		return ""
	}
	return ", " + text.Count(n) + " no longer measured"
}

func (v view) lost() int {
	n := 0
	for _, p := range v.unknown {
		if fig, ok := v.inc.Figure(p.ID); ok && impact.Level(fig.Level).Hurt() {
			n++
		}
	}
	return n
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

package cause

import (
	"cmp"
	"math"
	"math/bits"
	"slices"

	"github.com/statusbot/statusbot/internal/impact"
)

// field is the evidence laid out for sums: who uses what, and what each
// check says for and against being hit. Sums are of whole numbers (fixed), so
// that the order of the evidence cannot change the last digit.
type field struct {
	suspects []suspectOf // components sorted, then vantages sorted
	regions  []string    // sorted
	products []string    // sorted

	checks    []checkOf
	sameCheck []int32                 // :: check -> a number for its id, where there are several vantages: from all of them it is one check
	rows      []row                   // by checkOf.row, in no order that matters
	base      sums                    // what all checks together say of a suspect that none of them uses
	parts     [len(spreadParts)]fixed // what all say for so many of them being slow by what fails elsewhere
	spread    float64                 // nats for slowness being what something that fails does to others
	besides   float64                 // nats for slowness beside something that fails: as usual, or that
}

// suspectOf is a component or a vantage with who uses it.
type suspectOf struct {
	id     string
	kind   Kind
	users  []int32  // indices of field.checks
	member []uint64 // the same as bits
	early  float64  // nats, by what the beginning of the trouble showed
}

type checkOf struct {
	id                   string
	row, region, product int32
}

// row is what checks that saw the same say; there are far fewer than checks.
type row struct {
	unused       [edgeModels * modes]int32 // units of fixed: for a suspect that the check does not use
	used         [edgeModels * modes]int32 // for one that it uses, beyond unused
	spreads      [len(spreadParts)]float64 // nats for the check being one of so many that are slow by what fails elsewhere
	times        int                       // checks that say so
	fails, slows bool                      // by the rules of evidenceKey

	failsAlone, slowAlone float64 // nats for the check being hit when nothing else is
}

// sums are over checks, per edge model and mode.
type sums [edgeModels * modes]fixed

func (s *sums) add(r *row) {
	for j, x := range &r.used {
		s[j] += fixed(x)
	}
}

func newField(list []impact.Evidence, components []string) *field {
	l := &layout{field: &field{checks: make([]checkOf, 0, len(list))},
		component: newNumbers(len(components)), region: newNumbers(0), product: newNumbers(len(list) / 8), vantage: newNumbers(0),
		rows: make(map[evidenceKey]int32, min(len(list), 512)), at: make([]int32, 0, len(list))}
	for _, c := range slices.Sorted(slices.Values(components)) {
		if l.component.of(c) == len(l.suspects) {
			l.suspects = append(l.suspects, suspectOf{id: c, kind: Component})
		}
	}
	l.take(list)
	l.weigh()
	l.sort()
	l.suspectVantages()
	l.lay(l.used)
	return l.field
}

// layout is what is known of a field while it is laid out.
type layout struct {
	*field
	component, region, product, vantage *numbers
	rows                                map[evidenceKey]int32 // :: key -> its row
	used                                [][2]int32            // suspect and check
	at                                  []int32               // :: check -> number of its vantage
}

// take gives each check its row, and notes whom it uses.
func (l *layout) take(list []impact.Evidence) {
	n := len(list)
	for _, e := range list {
		n += len(e.Uses)
	}
	l.used = make([][2]int32, 0, n)
	var before []string // what the check before uses
	var found []int32   // and which suspects that is, or none
	for _, e := range list {
		if e.Tries <= 0 {
			continue
		}
		key := keyOf(e)
		r, ok := l.rows[key]
		if !ok {
			r = int32(len(l.rows))
			l.rows[key] = r
		}
		n := int32(len(l.checks))
		l.checks = append(l.checks, checkOf{id: e.Check, row: r, region: int32(l.region.of(e.Region)), product: int32(l.product.of(e.Product))})
		l.at = append(l.at, int32(l.vantage.of(e.Vantage)))
		// Neighbours mostly use the same, in the same order: that saves a look
		// into the map.
		for j, c := range e.Uses {
			i := int32(none)
			if j < len(before) && before[j] == c {
				i = found[j]
			} else if k, ok := l.component.ids[c]; ok {
				i = int32(k)
			}
			if j < len(found) {
				found[j] = i
			} else {
				found = append(found, i)
			}
			if i != none {
				l.used = append(l.used, [2]int32{i, n})
			}
		}
		before = e.Uses
	}
}

// weigh fills in the rows, and what all checks say of a suspect that none uses.
func (l *layout) weigh() {
	f := l.field
	f.rows = make([]row, len(l.rows))
	w := newWeigher()
	for key, r := range l.rows {
		f.rows[r].fails, f.rows[r].slows = key.fails(), key.slows()
		w.weigh(key, &f.rows[r])
	}
	for _, c := range f.checks {
		f.rows[c.row].times++
	}
	for i := range f.rows {
		r := &f.rows[i]
		for j, x := range &r.unused {
			f.base[j] += fixed(x) * fixed(r.times)
		}
		for j, x := range r.spreads {
			f.parts[j] += toFixed(x) * fixed(r.times)
		}
	}
}

// sort numbers regions and products in the order of their names.
func (l *layout) sort() {
	var number []int32
	l.regions, number = l.region.sorted()
	for i := range l.checks {
		l.checks[i].region = number[l.checks[i].region]
	}
	l.products, number = l.product.sorted()
	for i := range l.checks {
		l.checks[i].product = number[l.checks[i].product]
	}
}

// suspectVantages adds them to the suspects. With one only, nothing tells its
// trouble from one that hits all.
func (l *layout) suspectVantages() {
	names, number := l.vantage.sorted()
	if len(names) < 2 {
		return
	}
	first := int32(len(l.suspects))
	for _, v := range names {
		l.suspects = append(l.suspects, suspectOf{id: VantagePrefix + v, kind: Vantage})
	}
	for n, v := range l.at {
		l.used = append(l.used, [2]int32{first + number[v], int32(n)})
	}
	ids := newNumbers(len(l.checks))
	l.sameCheck = make([]int32, len(l.checks))
	for n, c := range l.checks {
		l.sameCheck[n] = int32(ids.of(c.id))
	}
}

// lay gives each suspect its users; a check that names one twice counts once.
func (f *field) lay(used [][2]int32) {
	count := make([]int, len(f.suspects))
	for _, u := range used {
		count[u[0]]++
	}
	words := (len(f.checks) + 63) / 64
	members := make([]uint64, words*len(f.suspects))
	users := make([]int32, len(used))
	for i := range f.suspects {
		s := &f.suspects[i]
		s.member, members = members[:words], members[words:]
		s.users, users = users[:0:count[i]], users[count[i]:]
	}
	for _, u := range used {
		s := &f.suspects[u[0]]
		if !s.usedBy(u[1]) {
			s.member[u[1]/64] |= 1 << (u[1] % 64)
			s.users = append(s.users, u[1])
		}
	}
}

// classOf returns the suspects that the same checks use as i, itself included,
// in order.
func (f *field) classOf(i int) []int {
	if len(f.suspects[i].users) == 0 {
		return []int{i}
	}
	var class []int
	for j := range f.suspects {
		if slices.Equal(f.suspects[i].member, f.suspects[j].member) {
			class = append(class, j)
		}
	}
	return class
}

func (s *suspectOf) usedBy(check int32) bool { return s.member[check/64]>>(check%64)&1 == 1 }

// suspect counts what can be checked by hand.
func (f *field) suspect(i, region, with int) Suspect {
	s := &f.suspects[i]
	out := Suspect{ID: s.id, Kind: s.kind, Slow: !f.failing(i)}
	if region != none {
		out.Region = f.regions[region]
	}
	if with != none {
		out.With = f.suspects[with].id
	}
	// A check that runs from several vantages is one check, but several for a
	// vantage, which is about these.
	const seen, uses, fails, slower = 1, 2, 4, 8
	usedBy := func(check int32) bool { return s.usedBy(check) || with != none && f.suspects[with].usedBy(check) }
	what := make([]uint8, len(f.checks)) // by number of the check: where it uses the suspect, or else at all
	for n, c := range f.checks {
		no := n
		if s.kind == Component && f.sameCheck != nil {
			no = int(f.sameCheck[n])
		}
		here := usedBy(int32(n)) && (region == none || int(c.region) == region)
		if what[no]&uses == 0 && here {
			what[no] = seen | uses
		}
		if (what[no]&uses == 0 || here) && (f.rows[c.row].fails || out.Slow && f.rows[c.row].slows) {
			what[no] |= fails
		}
		if !out.Slow && f.rows[c.row].slows {
			what[no] |= slower
		}
		what[no] |= seen
	}
	for _, x := range what {
		if x&seen != 0 {
			out.count(x&uses != 0, x&fails != 0)
		}
		if x&(slower|fails) == slower {
			out.Slower++
		}
	}
	out.FailingAll = out.Failing + out.OthersFailing
	return out
}

func (s *Suspect) count(uses, failing bool) {
	n, failed := &s.Others, &s.OthersFailing
	if uses {
		n, failed = &s.Using, &s.Failing
	}
	*n++
	if failing {
		*failed++
	}
}

// hypotheses weighs every way that is considered.
func (f *field) hypotheses(metrics map[string]Moved) []hypothesis {
	if len(f.checks) == 0 || len(f.suspects) == 0 {
		return nil
	}
	single, nats := make([]suspectSums, len(f.suspects)), metricNats(metrics)
	for i := range f.suspects {
		single[i] = f.sumsOf(&f.suspects[i])
		single[i].prior = priorOf(&f.suspects[i], nats)
	}
	f.spread = f.spreads(single)
	f.besides = logSumExp([]float64{0, math.Log(spreadsToo) + f.spread})
	out := []hypothesis{{none, none, none, false, priorNothing}, f.checksAlone()}
	for e := range edgeModels {
		// Something that no check declares: some checks are hit, no matter which.
		out = append(out, hypothesis{none, none, none, true, priorUndeclaredCause + edges[e].prior + f.overModes(e, &sums{})})
	}
	for i := range f.suspects {
		x := &single[i]
		if len(f.suspects[i].users) == 0 {
			continue
		}
		early := f.suspects[i].early
		x.weight = x.prior + early + f.overEdges(&x.sums)
		out = append(out, hypothesis{i, none, none, false, x.weight})
		for r, of := range x.regions {
			if of != nil {
				out = append(out, hypothesis{i, none, r, false, x.prior + early + priorRegion + f.overEdges(of)})
			}
		}
	}
	out = append(out, f.productsAlone()...)
	return append(out, f.pairs(single)...)
}

// sumsOf adds up what the users of a suspect say.
func (f *field) sumsOf(s *suspectOf) (x suspectSums) {
	byRegion := make([]*sums, len(f.regions))
	several := -1
	for _, n := range s.users {
		c := &f.checks[n]
		if byRegion[c.region] == nil {
			byRegion[c.region] = new(sums)
			several++
		}
		byRegion[c.region].add(&f.rows[c.row])
	}
	for r, of := range byRegion {
		if of == nil {
			continue
		}
		for j, v := range of {
			x.sums[j] += v
		}
		if f.regions[r] == "" {
			byRegion[r] = nil
		}
	}
	if several > 0 && s.kind == Component {
		x.regions = byRegion
	}
	return x
}

// suspectSums is what speaks for one suspect.
type suspectSums struct {
	prior, weight float64
	sums          sums
	regions       []*sums // :: region -> of a component that is used in several, those in that one; nil where there is none
}

// checksAlone weighs that one check is broken by itself, no matter which; all
// of them together weigh as much as all suspects do, before priorCheck.
func (f *field) checksAlone() hypothesis {
	terms := make([]float64, 0, 2*len(f.rows))
	for _, r := range f.rows {
		n := math.Log(float64(r.times))
		terms = append(terms, n+r.failsAlone+f.besides, n+r.slowAlone)
	}
	slices.Sort(terms) // rows stand in the order of the evidence, which must not matter
	share := math.Log(float64(len(f.suspects)) / float64(len(f.checks)))
	return hypothesis{none, none, none, false, priorCheck + share + logSumExp(terms)}
}

// productsAlone weighs that a product is broken by itself, where no component
// stands for just that.
func (f *field) productsAlone() []hypothesis {
	var out []hypothesis
	all := make([]sums, len(f.products))
	size := make([]int, len(f.products))
	for _, c := range f.checks {
		all[c.product].add(&f.rows[c.row])
		size[c.product]++
	}
	stands := make([]bool, len(f.products))
	for _, s := range f.suspects {
		if len(s.users) == 0 {
			continue
		}
		p := f.checks[s.users[0]].product
		if len(s.users) == size[p] && !slices.ContainsFunc(s.users, func(n int32) bool { return f.checks[n].product != p }) {
			stands[p] = true
		}
	}
	for p := range f.products {
		if !stands[p] {
			out = append(out, hypothesis{none, none, none, false, priorProduct + f.overEdges(&all[p])})
		}
	}
	return out
}

// overModes averages the likelihood over the modes of one edge model.
func (f *field) overModes(e int, s *sums) float64 {
	var terms [modes]float64
	for m := range modes {
		terms[m] = lnModePrior[m] + (f.base[e*modes+m] + s[e*modes+m]).nats()
		if m < failModes {
			terms[m] += f.besides
		}
	}
	return logSumExp(terms[:])
}

func (f *field) overEdges(s *sums) float64 {
	var terms [edgeModels]float64
	for e := range edgeModels {
		terms[e] = edges[e].prior + f.overModes(e, s)
	}
	return logSumExp(terms[:])
}

// pairs weighs two causes at once: all pairs of the pairAmong suspects that
// explain most, and of the best pairLeaders with every other.
func (f *field) pairs(single []suspectSums) []hypothesis {
	var order []int
	for i := range f.suspects {
		if len(f.suspects[i].users) > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(single[b].weight, single[a].weight) })
	if len(order) == 0 {
		return nil
	}
	var out []hypothesis
	best := single[order[0]].weight
	for n, a := range order {
		for k, b := range order[:n] {
			if k >= pairLeaders && n >= pairAmong || slices.Equal(f.suspects[a].member, f.suspects[b].member) {
				continue
			}
			first, second := min(a, b), max(a, b)
			prior := min(single[a].prior+single[b].prior, metricTop) + max(f.suspects[a].early, f.suspects[b].early) + priorPair
			if nats, ok := f.pair(first, second, single, best-pairNothing-prior); ok {
				out = append(out, hypothesis{first, second, none, false, prior + nats})
			}
		}
	}
	return out
}

// pair averages the likelihood that both are at fault over their modes; false where no
// mode has so many nats: most pairs hold one that has no part in it.
func (f *field) pair(a, b int, single []suspectSums, least float64) (float64, bool) {
	const n = pairEdgeModels * modes
	var both [n]fixed
	x, y := &f.suspects[a], &f.suspects[b]
	for w, bitsOfA := range x.member {
		for word := bitsOfA & y.member[w]; word != 0; word &= word - 1 {
			for j, v := range f.rows[f.checks[w*64+bits.TrailingZeros64(word)].row].used[:n] {
				both[j] += fixed(v)
			}
		}
	}
	sa, sb := &single[a].sums, &single[b].sums
	var room [pairEdgeModels * modes * modes]float64
	terms, most := room[:0], math.Inf(-1)
	for e := range pairEdgeModels {
		for _, m := range pairsOfModes {
			j1, j2, j := e*modes+m.a, e*modes+m.b, e*modes+m.both
			// Who uses neither speaks for both modes alike.
			x := (f.base[j1]+f.base[j2])/2 + (sa[j1] - both[j1]) + (sb[j2] - both[j2]) + both[j]
			nats := edges[e].prior + m.prior + x.nats()
			if m.a < failModes && m.b < failModes {
				nats += f.besides
			}
			terms, most = append(terms, nats), max(most, nats)
		}
	}
	if most < least {
		return 0, false
	}
	return logSumExp(terms), true
}

// fixed is nats in units of 2^-20: exact under addition in any order, and wide
// enough for 10,000 checks of a billion nats each.
type fixed int64

const fixedOne = 1 << 20

func toFixed(nats float64) fixed { return fixed(math.Round(nats * fixedOne)) }

func (x fixed) nats() float64 { return float64(x) / fixedOne }

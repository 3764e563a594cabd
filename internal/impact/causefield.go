package impact

import (
	"maps"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// causeField is the evidence laid out for sums: who uses what, and what each
// check says for and against being hit. Sums are of whole numbers (fixed), so
// that the order of the evidence cannot change the last digit.
type causeField struct {
	suspects []suspectOf
	regions  []string // sorted
	products []string // sorted

	checks []checkOf
	rows   [][edgeModels * modes]fixed // what one check adds for a suspect that it uses, beyond base
	alone  []float64                   // :: row -> nats for such a check being hit when nothing else is
	base   [edgeModels * modes]fixed   // sum over all checks of what they say of a suspect that they do not use
}

// suspectOf is a component or a vantage with who uses it.
type suspectOf struct {
	id     string
	kind   SuspectKind
	users  []int32  // indices of causeField.checks
	member []uint64 // the same as bits
}

type checkOf struct {
	key             evidenceKey
	id              string
	row             int32
	region, product int32
	failing         bool
}

func newCauseField(list []Evidence, components []string) *causeField {
	f := &causeField{checks: make([]checkOf, 0, len(list))}
	vantages, regions, products := map[string]int{}, map[string]int{}, map[string]int{}
	for _, e := range list {
		if e.Tries > 0 {
			vantages[e.Vantage], regions[e.Region], products[e.Product] = 0, 0, 0
		}
	}
	f.regions, f.products = number(regions), number(products)
	byID := make(map[string]int, len(components))
	for _, c := range components {
		byID[c] = 0
	}
	for _, c := range number(byID) {
		f.suspects = append(f.suspects, suspectOf{id: c, kind: SuspectComponent})
	}
	// With one place only, nothing tells its trouble from one that hits all.
	if len(vantages) > 1 {
		delete(vantages, "")
		for _, v := range slices.Sorted(maps.Keys(vantages)) {
			vantages[v] = len(f.suspects)
			f.suspects = append(f.suspects, suspectOf{id: VantagePrefix + v, kind: SuspectVantage})
		}
	} else {
		clear(vantages)
	}

	memo := map[evidenceKey]int32{} // :: key -> its row
	var baseOf [][edgeModels * modes]fixed
	for _, e := range list {
		if e.Tries <= 0 {
			continue
		}
		key := keyOf(e)
		row, ok := memo[key]
		if !ok {
			row = int32(len(f.rows))
			memo[key] = row
			used, unused, alone := weigh(key)
			f.rows, f.alone, baseOf = append(f.rows, used), append(f.alone, alone), append(baseOf, unused)
		}
		n := int32(len(f.checks))
		f.checks = append(f.checks, checkOf{key: key, id: e.Check, row: row, failing: evident(e.Counts, e.Usual, e.UsualSlow),
			region: int32(regions[e.Region]), product: int32(products[e.Product])})
		for i, x := range baseOf[row] {
			f.base[i] += x
		}
		for _, c := range e.Uses {
			if i, ok := byID[c]; ok {
				f.uses(i, n)
			}
		}
		if i, ok := vantages[e.Vantage]; ok {
			f.uses(i, n)
		}
	}
	for i := range f.suspects {
		s := &f.suspects[i]
		s.member = make([]uint64, (len(f.checks)+63)/64)
		for _, c := range s.users {
			s.member[c/64] |= 1 << (c % 64)
		}
	}
	return f
}

// uses notes that check n uses suspect i; a check that names one twice counts once.
func (f *causeField) uses(i int, n int32) {
	u := &f.suspects[i].users
	if k := len(*u); k == 0 || (*u)[k-1] != n {
		*u = append(*u, n)
	}
}

// number gives the keys their places in sorted order and returns them.
func number(set map[string]int) []string {
	sorted := slices.Sorted(maps.Keys(set))
	for i, k := range sorted {
		set[k] = i
	}
	return sorted
}

// classOf returns the suspects that the same checks use as i, itself included,
// in order.
func (f *causeField) classOf(i int) []int {
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
func (f *causeField) suspect(i, region, with int, score float64) Suspect {
	s := &f.suspects[i]
	out := Suspect{ID: s.id, Kind: s.kind, Score: score}
	if region != none {
		out.Region = f.regions[region]
	}
	if with != none {
		out.With = f.suspects[with].id
	}
	here := func(n int) bool {
		return s.usedBy(int32(n)) && (region == none || int(f.checks[n].region) == region)
	}
	// A check that runs at several places is one check, but several for a
	// vantage, which is about the places.
	uses, fails := map[string]bool{}, map[string]bool{} // :: check -> whether it fails, or fails where it uses the suspect
	for n, c := range f.checks {
		switch {
		case s.kind == SuspectVantage:
			out.count(here(n), c.failing)
		case here(n):
			uses[c.id] = uses[c.id] || c.failing
		default:
			fails[c.id] = fails[c.id] || c.failing
		}
	}
	for id, failing := range uses {
		delete(fails, id)
		out.count(true, failing)
	}
	for _, failing := range fails {
		out.count(false, failing)
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
func (f *causeField) hypotheses(metrics map[string]float64) []hypothesis {
	if len(f.checks) == 0 || len(f.suspects) == 0 {
		return nil
	}
	out := []hypothesis{{none, none, none, priorNothing}}
	for e := range edgeModels {
		// Something that no check declares: some checks are hit, no matter which.
		out = append(out, hypothesis{none, none, none, priorUndeclaredCause + edges[e].prior + f.overModes(e, nil)})
	}

	prior := make([]float64, len(f.suspects))
	sums := make([][][edgeModels * modes]fixed, len(f.suspects)) // :: suspect -> region -> sums
	single := make([]float64, len(f.suspects))
	for i := range f.suspects {
		s := &f.suspects[i]
		prior[i] = priorOf(s, metrics)
		sums[i] = make([][edgeModels * modes]fixed, len(f.regions)+1)
		regional := 0
		for _, n := range s.users {
			c := &f.checks[n]
			to := &sums[i][c.region]
			for j, x := range &f.rows[c.row] {
				to[j] += x
			}
		}
		whole := &sums[i][len(f.regions)]
		used := map[int]bool{}
		for _, n := range s.users {
			used[int(f.checks[n].region)] = true
		}
		for r := range f.regions {
			for j, x := range &sums[i][r] {
				whole[j] += x
			}
		}
		regional = len(used)
		if len(s.users) == 0 {
			continue
		}
		weight := prior[i] + f.overEdges(whole)
		out = append(out, hypothesis{i, none, none, weight})
		single[i] = weight
		if s.kind == SuspectVantage || regional < 2 {
			continue
		}
		for r, name := range f.regions {
			if name != "" && used[r] {
				out = append(out, hypothesis{i, none, r, prior[i] + priorRegion + f.overEdges(&sums[i][r])})
			}
		}
	}
	out = append(out, f.checksAlone())
	out = append(out, f.productsAlone()...)
	return append(out, f.pairs(prior, single, sums)...)
}

// checksAlone weighs that one check is broken by itself, no matter which; all
// of them together weigh as much as all suspects do, before priorCheck.
func (f *causeField) checksAlone() hypothesis {
	times := make([]int, len(f.rows))
	for _, c := range f.checks {
		times[c.row]++
	}
	terms := make([]float64, len(f.rows))
	for row, n := range times {
		terms[row] = math.Log(float64(n)) + f.alone[row]
	}
	slices.Sort(terms) // rows stand in the order of the evidence, which must not matter
	share := math.Log(float64(len(f.suspects)) / float64(len(f.checks)))
	return hypothesis{none, none, none, priorCheck + share + logSumExp(terms)}
}

// productsAlone weighs that a product is broken by itself, where no component
// stands for just that.
func (f *causeField) productsAlone() []hypothesis {
	var out []hypothesis
	sums := make([][edgeModels * modes]fixed, len(f.products))
	size := make([]int, len(f.products))
	for _, c := range f.checks {
		for j, x := range &f.rows[c.row] {
			sums[c.product][j] += x
		}
		size[c.product]++
	}
	for p := range f.products {
		if !slices.ContainsFunc(f.suspects, func(s suspectOf) bool {
			return len(s.users) == size[p] && !slices.ContainsFunc(s.users, func(n int32) bool { return int(f.checks[n].product) != p })
		}) {
			out = append(out, hypothesis{none, none, none, priorProduct + f.overEdges(&sums[p])})
		}
	}
	return out
}

// overModes averages the likelihood over the modes of one edge model; sums
// nil stands for a suspect that no check uses.
func (f *causeField) overModes(e int, sums *[edgeModels * modes]fixed) float64 {
	var terms [modes]float64
	for m := range modes {
		x := f.base[e*modes+m]
		if sums != nil {
			x += sums[e*modes+m]
		}
		terms[m] = lnModePrior[m] + tempering*x.nats()
	}
	return logSumExp(terms[:])
}

func (f *causeField) overEdges(sums *[edgeModels * modes]fixed) float64 {
	var terms [edgeModels]float64
	for e := range edgeModels {
		terms[e] = edges[e].prior + f.overModes(e, sums)
	}
	return logSumExp(terms[:])
}

// pairs weighs two causes at once: all pairs of the pairAmong suspects that
// explain most, alone or beside the best one.
func (f *causeField) pairs(prior, single []float64, sums [][][edgeModels * modes]fixed) []hypothesis {
	var order []int
	for i := range f.suspects {
		if len(f.suspects[i].users) > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case single[a] > single[b]:
			return -1
		case single[a] < single[b]:
			return 1
		}
		return strings.Compare(f.suspects[a].id, f.suspects[b].id)
	})
	var out []hypothesis
	done := map[[2]int]bool{}
	weigh := func(a, b int) {
		key := [2]int{min(a, b), max(a, b)}
		if a == b || done[key] || slices.Equal(f.suspects[a].member, f.suspects[b].member) {
			return
		}
		done[key] = true
		out = append(out, hypothesis{key[0], key[1], none, prior[a] + prior[b] + priorPair + f.pair(key[0], key[1], sums)})
	}
	for n, a := range order[:min(len(order), pairAmong)] {
		for _, b := range order[:n] {
			weigh(a, b)
		}
	}
	for _, a := range order[:min(len(order), pairLeaders)] {
		for _, b := range order {
			weigh(a, b)
		}
	}
	return out
}

// pair averages the likelihood that both are at fault over their modes.
func (f *causeField) pair(a, b int, sums [][][edgeModels * modes]fixed) float64 {
	var both [edgeModels * modes]fixed
	x, y := &f.suspects[a], &f.suspects[b]
	for w, bitsOfA := range x.member {
		for word := bitsOfA & y.member[w]; word != 0; word &= word - 1 {
			for j, v := range &f.rows[f.checks[w*64+bits.TrailingZeros64(word)].row] {
				both[j] += v
			}
		}
	}
	sa, sb := &sums[a][len(f.regions)], &sums[b][len(f.regions)]
	var terms []float64
	for e := range pairEdgeModels {
		for m1 := range modes {
			for m2 := range modes {
				j1, j2, j := e*modes+m1, e*modes+m2, e*modes+together[m1][m2]
				// Who uses neither speaks for the milder of the two.
				x := f.base[e*modes+m1]/2 + f.base[e*modes+m2]/2 + (sa[j1] - both[j1]) + (sb[j2] - both[j2]) + both[j]
				terms = append(terms, edges[e].prior+lnModePrior[m1]+lnModePrior[m2]+tempering*x.nats())
			}
		}
	}
	return logSumExp(terms)
}

// fixed is nats in units of 2^-20: exact under addition in any order, and wide
// enough for 10,000 checks of a billion nats each.
type fixed int64

const fixedOne = 1 << 20

func toFixed(nats float64) fixed { return fixed(math.Round(nats * fixedOne)) }

func (x fixed) nats() float64 { return float64(x) / fixedOne }

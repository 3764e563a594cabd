package cause

import (
	"cmp"
	"math"
	"slices"

	"github.com/statusbot/statusbot/internal/impact"
)

// Kind says what a Suspect is.
type Kind string

const (
	Component Kind = "component"
	Vantage   Kind = "vantage" // of ours, that probes run at
)

// VantagePrefix stands before a vantage's name in Suspect.ID.
const VantagePrefix = "probe:"

// Suspect is a possible cause, with the counts by which a person can check
// it: "41 of the 43 failing checks use edge-lb-2; none of the 120 others
// fails" is Failing of FailingAll, and OthersFailing of Others. A check counts
// as failing by the rule of evidenceKey.evident. For a vantage a check counts
// once for each that it runs at.
type Suspect struct {
	ID     string // a component's id, or "probe:fra" for the vantage fra
	Kind   Kind
	Region string  // not empty: the trouble is in that region only, and so are Failing and Using
	With   string  // second cause, when two at once explain it better than any one: what uses either is counted as using it
	Score  float64 // what it is ranked by: two that act together share their common chance, so that scores add up to at most 1
	Chance float64 // that it is the cause, or one of two: what people are told (told)

	Failing       int // failing checks that use it
	Using         int // checks that use it
	FailingAll    int // failing checks
	Others        int // checks that do not use it
	OthersFailing int // of these, failing

	// Slower are checks that do not fail but answer slower, beside a cause that fails;
	// beside one that only makes slow these count as failing.
	Slower int
	Slow   bool // it is one that only makes slow: what counts as failing fails or answers slower
}

// Verdict says how far a Ranking may be trusted.
type Verdict string

const (
	Clear      Verdict = "clear"     // the first suspect is a cause with a Chance of 97 % or more
	Ambiguous  Verdict = "ambiguous" // the cause is among Ranking.Same with that chance, and the checks do not tell which
	CannotTell Verdict = "unknown"   // neither
	OurVantage Verdict = "probe"     // a vantage of ours fails, and no product is known to
)

// Ranking is who may be to blame.
type Ranking struct {
	Verdict  Verdict
	Suspects []Suspect // best first, at most 5, none with a chance under 1 %
	Same     []string  // with Ambiguous: ids that cannot be told apart, sorted
}

const (
	maxSuspects = 5
	leastScore  = 0.01
	sure        = 0.9 // chance, before told, from which on a cause is said to be clear, or a set to hold it
	sureAmong   = 3   // size of such a set, where its members differ in what uses them
)

// Rank tells which components or vantages best explain who fails and who does
// not; docs/causes.md has the formulas and says where the constants are from.
// Checks of products in which nothing fails are evidence as well and belong
// into the list. Components that are not among components are no suspects.
// Metrics tell how far the components' own metrics moved;
// they move a chance by a bounded factor (metricNats) and may be nil. It keeps
// nothing between calls and may be called from several goroutines.
//
// Of a trouble that has lasted for some time, early are the chances
// of the suspects by what the beginning showed: a fault makes others fail by and by, and what
// failed first is rather the cause. They count again by a bounded factor (earlyNats), and
// may be nil.
//
// The order of the list and of components has no influence on the answer.
func Rank(list []impact.Evidence, components []string, metrics map[string]Moved, early map[string]float64) Ranking {
	f := newField(list, components)
	f.began(early)
	all := f.hypotheses(metrics)
	if len(all) == 0 {
		return Ranking{Verdict: CannotTell}
	}
	return f.conclude(all)
}

// hypothesis is one way in which all could have come about.
type hypothesis struct {
	first, second int     // suspects in field.suspects; -1 for none
	region        int     // region of field.regions; -1 for all
	undeclared    bool    // by something that no check declares
	weight        float64 // ln of prior times likelihood, later the posterior
}

const none = -1

// conclude turns weighed hypotheses into what is told.
func (f *field) conclude(all []hypothesis) Ranking {
	weigh(all)
	n := len(f.suspects)
	score := make([]float64, n)            // pairs count half
	part := make([]float64, n)             // chance to have a part in it: pairs count whole
	regional := make([]map[int]float64, n) // :: region -> part of the single hypotheses
	partner := make([]map[int]float64, n)  // :: second suspect -> part of the pairs
	for i := range n {
		regional[i], partner[i] = map[int]float64{}, map[int]float64{}
	}
	for i := range all {
		h := &all[i]
		switch {
		case h.first == none:
		case h.second == none:
			score[h.first] += h.weight
			part[h.first] += h.weight
			regional[h.first][h.region] += h.weight
		default:
			for _, x := range [][2]int{{h.first, h.second}, {h.second, h.first}} {
				score[x[0]] += h.weight * f.before(x[0], x[1])
				part[x[0]] += h.weight
				partner[x[0]][x[1]] += h.weight
			}
		}
	}

	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	// Suspects are sorted components first, then by id.
	slices.SortStableFunc(order, func(a, b int) int {
		if math.Abs(score[a]-score[b]) > 1e-9 {
			return cmp.Compare(score[b], score[a])
		}
		return cmp.Compare(a, b)
	})
	r := Ranking{Verdict: CannotTell}
	for _, i := range order[:min(n, maxSuspects)] {
		if score[i] < leastScore {
			break
		}
		region, with := none, f.partnerOf(partner[i], part[i])
		for j, name := range f.regions {
			if name != "" && regional[i][j] > part[i]/2 {
				region = j
			}
		}
		s := f.suspect(i, region, with)
		s.Score, s.Chance = score[i], told(min(part[i], 1))
		r.Suspects = append(r.Suspects, s)
	}
	if len(r.Suspects) > 0 {
		r.Verdict, r.Same = f.verdict(all, order, part, partner)
	}
	return r
}

// tellsMore is by what the odds of what is likelier than all else are raised to be told:
// the opinions about declarations are averaged though one of them holds for all checks, so
// that chances above a half are too modest. Fitted to the even of 30 seeds of generated
// scenarios, at which odd ones, and made-up worlds, are told more rightly as well.
const tellsMore = 1.6

// told returns the chance that people are told.
func told(chance float64) float64 {
	if chance <= 0.5 { // of two that no check tells apart each has a half, which is right
		return chance
	}
	yes, no := math.Pow(chance, tellsMore), math.Pow(1-chance, tellsMore)
	return yes / (yes + no)
}

// weigh turns logarithms of likelihoods into chances.
func weigh(all []hypothesis) {
	weights := make([]float64, len(all))
	for i, h := range all {
		weights[i] = h.weight
	}
	total := logSumExp(weights)
	for i := range all {
		all[i].weight = math.Exp(all[i].weight - total)
	}
}

// partnerOf returns the second cause beside a suspect: the likeliest one, if
// it and those that no check tells apart from it are in most of what makes
// the suspect likely.
func (f *field) partnerOf(partner map[int]float64, part float64) int {
	best := none
	for j := range f.suspects {
		if partner[j] > 0 && (best == none || partner[j] > partner[best]+1e-9) {
			best = j
		}
	}
	if best == none {
		return none
	}
	sum := 0.0
	for _, j := range f.classOf(best) {
		sum += partner[j]
	}
	if sum <= part/2 {
		return none
	}
	return best
}

// verdict says how far the order may be trusted.
func (f *field) verdict(all []hypothesis, order []int, part []float64, partner []map[int]float64) (Verdict, []string) {
	// What no check tells apart is one suspect here, whatever metrics say.
	class := f.classOf(order[0])
	among := func(set []int) float64 {
		sum := 0.0
		for _, h := range all {
			if h.first != none && (slices.Contains(set, h.first) || h.second != none && slices.Contains(set, h.second)) {
				sum += h.weight
			}
		}
		return sum
	}
	names := func(set []int) []string {
		out := make([]string, 0, len(set))
		for _, i := range set {
			out = append(out, f.suspects[i].id)
		}
		slices.Sort(out)
		return out
	}
	switch {
	case len(class) > 1 && among(class) >= sure:
		return Ambiguous, names(class)
	case part[order[0]] >= sure && f.suspects[order[0]].kind == Vantage:
		return OurVantage, nil
	case part[order[0]] >= sure:
		// The first is clear; its second one may have a twin.
		if with := f.partnerOf(partner[order[0]], part[order[0]]); with != none {
			if twins := f.classOf(with); len(twins) > 1 {
				return Ambiguous, names(twins)
			}
		}
		return Clear, nil
	}
	for k := 2; k <= min(sureAmong, len(order)); k++ {
		if set := order[:k]; among(set) >= sure {
			return Ambiguous, names(set)
		}
	}
	return CannotTell, nil
}

// logSumExp returns ln of the sum of e^x, -Inf for none.
func logSumExp(xs []float64) float64 {
	if len(xs) == 0 {
		return math.Inf(-1)
	}
	top := slices.Max(xs)
	if math.IsInf(top, -1) {
		return top
	}
	sum := 0.0
	for _, x := range xs {
		if x > top-40 { // e^-40 is nothing beside 1
			sum += math.Exp(x - top)
		}
	}
	return top + math.Log(sum)
}

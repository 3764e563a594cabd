package cause

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/statusbot/statusbot/internal/impact"
)

var shopUses = map[string][]string{
	"billing": {"edge-lb", "auth", "ledger"},
	"search":  {"edge-lb", "auth", "index", "queue"},
	"mail":    {"edge-lb", "queue", "spool"},
	"chat":    {"edge-lb"},
}

var shopComponents = []string{"spool", "queue", "ledger", "index", "edge-lb", "auth"}

// shop is four products of six checks each, from two vantages in two regions;
// each check was tried sixty times, and failures says how often it failed.
func shop(failures func(product, vantage, region string) int) []impact.Evidence {
	var list []impact.Evidence
	for _, p := range []string{"billing", "search", "mail", "chat"} {
		for i := range 6 {
			v, r := []string{"fra", "iad"}[i%2], []string{"eu", "us"}[i/3]
			list = append(list, impact.Evidence{Check: fmt.Sprintf("%s/%d", p, i), Product: p, Vantage: v, Region: r, Uses: shopUses[p],
				Usual: 0.001, UsualSlow: 0.04, Counts: impact.Counts{Tries: 60, Failures: failures(p, v, r), Slow: 2}})
		}
	}
	return list
}

func among(set ...string) func(product, vantage, region string) int {
	return func(p, _, _ string) int {
		if slices.Contains(set, p) {
			return 5
		}
		return 0
	}
}

func TestRankTellsWhatAPersonCanCheck(t *testing.T) {
	for _, c := range []struct {
		name    string
		list    []impact.Evidence
		verdict Verdict
		first   Suspect // without its score
	}{
		{"a shared component", shop(among("billing", "search")), Clear,
			Suspect{ID: "auth", Kind: Component, Failing: 12, Using: 12, FailingAll: 12, Others: 12}},
		{"one that all use", shop(among("billing", "search", "mail", "chat")), Clear,
			Suspect{ID: "edge-lb", Kind: Component, Failing: 24, Using: 24, FailingAll: 24}},
		{"one product's own", shop(among("billing")), Clear,
			Suspect{ID: "ledger", Kind: Component, Failing: 6, Using: 6, FailingAll: 6, Others: 18}},
		{"one region", shop(func(p, v, r string) int {
			if r == "us" {
				return among("billing", "search")(p, v, r)
			}
			return 0
		}), Clear,
			Suspect{ID: "auth", Kind: Component, Region: "us", Failing: 6, Using: 6, FailingAll: 6, Others: 18}},
		{"two at once", shop(among("billing", "mail")), Clear,
			Suspect{ID: "ledger", Kind: Component, With: "spool", Failing: 12, Using: 12, FailingAll: 12, Others: 12}},
		{"a vantage of ours", shop(func(_, v, _ string) int { return map[string]int{"iad": 9}[v] }), OurVantage,
			Suspect{ID: "probe:iad", Kind: Vantage, Failing: 12, Using: 12, FailingAll: 12, Others: 12}},
	} {
		r := Rank(c.list, shopComponents, nil, nil)
		if len(r.Suspects) == 0 {
			t.Errorf("%s: no suspect", c.name)
			continue
		}
		got := r.Suspects[0]
		// The two of a pair share what they have in common.
		if want := map[bool]float64{false: sure, true: sure / 2}[c.first.With != ""]; got.Score < want {
			t.Errorf("%s: %s has a chance of %.3f, want %.3f", c.name, got.ID, got.Score, want)
		}
		if got.Chance < sure {
			t.Errorf("%s: %s is told with a chance of %.3f, want %.3f", c.name, got.ID, got.Chance, sure)
		}
		got.Score, got.Chance = 0, 0
		if diff := cmp.Diff(c.first, got); diff != "" || r.Verdict != c.verdict {
			t.Errorf("%s: %s, want %s; first suspect (-want +got)\n%s", c.name, r.Verdict, c.verdict, diff)
		}
	}
}

// What no check tells apart is said to be so, even where metrics put one
// first.
func TestRankAdmitsTwins(t *testing.T) {
	list := shop(among("billing", "search"))
	for i, e := range list {
		if e.Product == "billing" || e.Product == "search" {
			list[i].Uses = append([]string{"auth-2"}, e.Uses...)
		}
	}
	for _, metrics := range []map[string]Moved{nil, {"auth": {50, 0}, "auth-2": {}}} {
		r := Rank(list, append([]string{"auth-2"}, shopComponents...), metrics, nil)
		if diff := cmp.Diff([]string{"auth", "auth-2"}, r.Same); r.Verdict != Ambiguous || diff != "" {
			t.Errorf("metrics %v: %s, not told apart %v", metrics, r.Verdict, r.Same)
		}
		if metrics != nil && (r.Suspects[0].ID != "auth" || r.Suspects[0].Score < 0.85) {
			t.Errorf("the twin whose metrics moved is not first: %+v", r.Suspects)
		}
	}
}

// With a twin beside one that is clear, the set names the twins.
func TestRankAdmitsTwinsOfASecondCause(t *testing.T) {
	list := shop(among("billing", "mail"))
	for i, e := range list {
		if e.Product == "mail" {
			list[i].Uses = append([]string{"spool-2"}, e.Uses...)
		}
	}
	r := Rank(list, append([]string{"spool-2"}, shopComponents...), nil, nil)
	if diff := cmp.Diff([]string{"spool", "spool-2"}, r.Same); r.Verdict != Ambiguous || diff != "" || r.Suspects[0].ID != "ledger" {
		t.Errorf("%s, first %s, not told apart %v", r.Verdict, r.Suspects[0].ID, r.Same)
	}
}

// A balancer that nobody declared to stand in front of a service explains the
// same failures as the service. What the service says of itself decides: what
// stands in front is not on its requests' way. It decides between these two
// only, and does not hide what nobody declared behind the service.
func TestWhatIsMeasuredInsideTellsAServiceFromWhatStandsInFront(t *testing.T) {
	for _, c := range []struct {
		name      string
		inside    bool
		fails     []string // components whose checks fail
		first     string
		ahead, to float64 // how much likelier it is than what is not
		not       string
	}{
		{"the service fails by its own figures", true, []string{"lb", "web"}, "web", 2, 5, "lb"},
		{"the same seen from outside", false, []string{"lb", "web"}, "web", 0.9, 1.1, "lb"},
		{"the service is well by its own figures", true, []string{"lb"}, "lb", 20, math.Inf(1), "web"},
		{"something behind fails that it does not declare", true, []string{"lb", "web", "queue"}, "queue", 4, math.Inf(1), "web"},
	} {
		list := []impact.Evidence{{Check: "shop", Uses: []string{"lb"}}, {Check: "web-own", Uses: []string{"web"}, Inside: c.inside}}
		for i := range 12 {
			list = append(list, impact.Evidence{Check: fmt.Sprint("other-", i), Uses: []string{[]string{"db", "queue"}[i%2]}})
		}
		for i := range list {
			e := &list[i]
			e.Product, e.Usual, e.Tries = "acme", 0.001, 200
			if slices.Contains(c.fails, e.Uses[0]) {
				e.Failures = 30
			}
		}
		r := Rank(list, []string{"lb", "web", "db", "queue"}, nil, nil)
		score := map[string]float64{}
		for _, s := range r.Suspects {
			score[s.ID] = s.Score
		}
		if is := score[c.first] / score[c.not]; score[c.first] == 0 || is < c.ahead || is > c.to {
			t.Errorf("%s: %s is %.3g times as likely as %s, want %g to %g: %s, %+v", c.name, c.first, is, c.not, c.ahead, c.to, r.Verdict, r.Suspects)
		}
	}
}

// two is how far metrics moved that agree.
func two(most float64) Moved { return Moved{most, most} }

// A component's own metrics never outvote the checks.
func TestMetricsAreBounded(t *testing.T) {
	list := shop(among("billing", "search"))
	r := Rank(list, shopComponents, map[string]Moved{"auth": {}, "edge-lb": {1e9, 1e9}, "index": {1e9, 1e9}, "ledger": {1e9, 0}}, nil)
	if r.Verdict != Clear || r.Suspects[0].ID != "auth" {
		t.Errorf("%s, first %+v; want auth, which the checks name", r.Verdict, r.Suspects[0])
	}
	nan, inf := math.NaN(), math.Inf(1)
	one := func(most float64) Moved { return Moved{most, 1} }
	for _, c := range []struct {
		of, beside Moved
		want       float64
	}{
		{one(0), one(0), -0.3}, {one(3), one(0), 0}, {one(6), one(0), math.Ln2}, {two(6), two(6), math.Ln2},
		{two(1e9), one(0), 3}, {two(inf), one(0), 3}, {one(nan), one(0), 0}, {one(1e9), one(0), 2}, {one(inf), one(0), 2},
		{two(20), two(2000), -0.3},              // what the cause does to others
		{two(1000), two(2000), 3 - math.Ln2},    // half as far
		{two(2000), two(1000), 3},               // and as the one that moved most
		{one(1000), one(2000), 2 - math.Ln2},    // the same where each has one metric
		{two(20), one(2000), math.Log(20. / 3)}, // one that moved alone takes nothing from two that agree
		{one(2000), two(2000), 2}, {one(600), two(6000), 3 - math.Ln10}, {one(100), two(6000), -0.3},
		{two(20), two(inf), -0.3}, {one(20), one(nan), math.Log(20. / 3)},
	} {
		if got := metricNats(map[string]Moved{"a": c.of, "b": c.beside})["a"]; math.Abs(got-c.want) > 0.01 {
			t.Errorf("%v beside %v: %.3f nats, want %.3f", c.of, c.beside, got, c.want)
		}
	}
}

// TestMetricsThatMoveAlongHelp: where the metrics of all that is used beside the cause move
// far, and its own further, these name it better than the checks alone; before, all of them
// counted alike. Where one moves that has no part in it, no wrong cause more is called clear.
func TestMetricsThatMoveAlongHelp(t *testing.T) {
	var without, along, misleading scores
	for _, kind := range worldKinds {
		for seed := range uint64(8) {
			w := newWorld(kind, seed)
			r := rand.New(rand.NewPCG(seed, 9))
			cause, moved := map[string]Moved{}, map[string]Moved{}
			for _, c := range w.components {
				still := Moved{3 * r.Float64(), 0}
				cause[c], moved[c] = still, still
				if slices.ContainsFunc(w.list, func(e impact.Evidence) bool { return slices.Contains(e.Uses, c) && slices.Contains(e.Uses, w.truth[0]) }) {
					cause[c] = two(10 + 20*r.Float64())
				}
				if slices.Contains(w.truth, c) {
					cause[c] = two(300 * (1 + r.Float64()))
				}
			}
			for moved[""] = (Moved{}); len(moved) > len(w.components); {
				if c := w.components[r.IntN(len(w.components))]; !slices.Contains(w.truth, c) {
					delete(moved, "")
					moved[c] = Moved{1000, 0}
				}
			}
			without.add(w, Rank(w.list, w.components, nil, nil))
			along.add(w, Rank(w.list, w.components, cause, nil))
			misleading.add(w, Rank(w.list, w.components, moved, nil))
		}
	}
	t.Logf("without metrics: %v\nmove along: %v\none that has no part in it: %v", without, along, misleading)
	if missed := without.faults - without.first; along.first < without.first+missed/2 || along.clearWrong > without.clearWrong || misleading.clearWrong > without.clearWrong || misleading.first < without.first-without.faults/50 {
		t.Errorf("without metrics: %v\nmove along: %v\none that has no part in it: %v", without, along, misleading)
	}
}

// TestChancesAreThose: of the suspects that are told with a chance, so many are the cause.
// Where two are at fault together each is told with what they have in common.
func TestChancesAreThose(t *testing.T) {
	for _, kinds := range [][]string{worldKinds, {"two"}} {
		var told, right, n [3]float64
		for _, kind := range kinds {
			for seed := range uint64(90 / len(kinds)) {
				w := newWorld(kind, seed)
				for i := range w.list { // a young trouble, of which not all is clear
					e := &w.list[i]
					e.Tries, e.Failures, e.Slow = e.Tries/4, e.Failures/4, e.Slow/4
				}
				for _, s := range Rank(w.list, w.components, nil, nil).Suspects {
					i := 0
					for _, from := range []float64{0.25, 0.6} {
						if s.Chance >= from {
							i++
						}
					}
					n[i], told[i] = n[i]+1, told[i]+s.Chance
					if slices.Contains(w.truth, s.ID) {
						right[i]++
					}
				}
			}
		}
		for i := range n {
			t.Logf("%d kinds: %3.0f suspects with %2.0f %%: %2.0f %% are", len(kinds), n[i], 100*told[i]/n[i], 100*right[i]/n[i])
			if off := (right[i] - told[i]) / n[i]; off < -0.1 || off > []float64{0.2, 0.2, 0.04}[i] { // rather too modest
				t.Errorf("%v: of %.0f with %.2f %.2f are the cause", kinds, n[i], told[i]/n[i], right[i]/n[i])
			}
		}
	}
}

// Nothing is blamed for nothing, for noise, or for what only one check sees.
func TestRankBlamesNobodyWithoutEvidence(t *testing.T) {
	for name, list := range map[string][]impact.Evidence{
		"no evidence":     nil,
		"never tried":     {{Check: "a", Product: "a", Uses: []string{"auth"}}},
		"nothing fails":   shop(among()),
		"one failure":     func() []impact.Evidence { l := shop(among()); l[0].Failures = 1; return l }(),
		"one check fails": func() []impact.Evidence { l := shop(among()); l[1].Failures = 20; return l }(),
	} {
		if r := Rank(list, shopComponents, nil, nil); r.Verdict != CannotTell || r.Same != nil {
			t.Errorf("%s: %s %v %+v", name, r.Verdict, r.Same, r.Suspects)
		}
	}
}

// TestWhatBreaksOneProductIsNoSharedComponents: where a product's own service is broken and
// nobody declared it, none of what its checks share with others is called clear for it. Without
// the product itself among what may be to blame it was in a third of such worlds.
func TestWhatBreaksOneProductIsNoSharedComponents(t *testing.T) {
	clear := 0
	own := func(c string) bool { return strings.HasPrefix(c, "svc-") }
	for seed := range uint64(40) {
		w := newWorld("local", seed)
		for i := range w.list {
			w.list[i].Uses = slices.DeleteFunc(slices.Clone(w.list[i].Uses), own)
		}
		if Rank(w.list, slices.DeleteFunc(w.components, own), nil, nil).Verdict == Clear {
			clear++
		}
	}
	if clear > 4 {
		t.Errorf("in %d of 40 a component is clear", clear)
	}
}

// A check counts once however many vantages it runs from.
func TestAChecksPlacesAreOneCheck(t *testing.T) {
	var list []impact.Evidence
	for _, e := range shop(among("billing", "search")) {
		for _, v := range []string{"fra", "iad", "syd"} {
			e.Vantage = v
			list = append(list, e)
		}
	}
	got := Rank(list, shopComponents, nil, nil).Suspects[0]
	got.Score, got.Chance = 0, 0
	want := Suspect{ID: "auth", Kind: Component, Failing: 12, Using: 12, FailingAll: 12, Others: 12}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The order of the evidence, of the components and of what a check uses has
// no influence, not even on the last digit.
func TestRankKnowsNoOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for seed := range uint64(20) {
		list, components := estate(60, 12, seed)
		want := Rank(list, components, nil, nil)
		for range 10 {
			r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			r.Shuffle(len(components), func(i, j int) { components[i], components[j] = components[j], components[i] })
			for _, e := range list {
				r.Shuffle(len(e.Uses), func(i, j int) { e.Uses[i], e.Uses[j] = e.Uses[j], e.Uses[i] })
			}
			if diff := cmp.Diff(want, Rank(list, components, nil, nil)); diff != "" {
				t.Fatalf("estate %d (-first +shuffled)\n%s", seed, diff)
			}
		}
		sum := 0.0
		for _, s := range want.Suspects {
			sum += s.Score
		}
		if sum > 1+1e-9 || len(want.Suspects) > maxSuspects {
			t.Errorf("estate %d: %d suspects, chances add up to %.4f", seed, len(want.Suspects), sum)
		}
	}
}

// The more its users fail, and nobody else, the likelier a suspect.
func TestMoreFailuresOfItsUsersSpeakForASuspect(t *testing.T) {
	last := 0.0
	for n := range 13 {
		list := shop(among())
		for i := range list[:12] { // billing and search, the users of auth
			list[i].Failures = n
		}
		score := 0.0
		for _, s := range Rank(list, shopComponents, nil, nil).Suspects {
			if s.ID == "auth" {
				score = s.Score
			}
		}
		if score < last-0.005 { // rates of 2, 5, 12 % ... do not fit all shares alike
			t.Errorf("%d of 60 fail: %.4f, with one fewer %.4f", n, score, last)
		}
		last = score
	}
	if last < 0.99 {
		t.Errorf("12 of 60 fail: %.4f", last)
	}
}

// The tables are right within what they say.
func TestThroughTable(t *testing.T) {
	for e, edge := range edges {
		for x := -59.9; x < 60; x += 0.0137 {
			for _, c := range []struct {
				table *through
				p     float64
			}{{&throughDeclared[e], edge.declared}, {&throughUndeclared[e], edge.undeclared}} {
				want := logSumExp([]float64{x + math.Log(c.p), math.Log1p(-c.p)})
				if got := fixed(c.table.at(spotOf(x))).nats(); got < want-0.0002 || got > want+0.0002 {
					t.Fatalf("p %g, x %g: %g, want %g", c.p, x, got, want)
				}
			}
		}
	}
}

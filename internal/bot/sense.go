package bot

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/spelling"
	"github.com/statusbot/statusbot/internal/status"
)

// sense is what is asked by words that are no command.
type sense uint8

const (
	sensesNothing  sense = iota // it is not understood
	sensesOne                   // one product or check
	sensesSome                  // several of them, to choose from
	sensesNoCheck               // a product, and a check that it does not have
	sensesAll                   // all products together
	sensesGreeting              // nothing: hello
	sensesHelp
	sensesList // the names of the products
	sensesCause
	sensesChecks
	sensesOnCall
	sensesPart    // some products together: found.part, found.said
	sensesSuspect // whether something shared is the cause: found.part
	sensesVersion // of the bot
	sensesPage    // where the page is
	sensesWord    // what a word of the updates means: found.rest
)

// senseOf is what words that are no command ask, and what they name. A name in
// full is more than what its words would mean else.
func senseOf(def status.Definition, r request) (sense, found) {
	words := r.words
	f := find(def, words)
	if !f.sure {
		if what, g := wished(def, words); what != sensesNothing {
			return what, g
		}
		if what, g, ok := askedOf(def, words, f); ok {
			return what, g
		}
	}
	switch {
	case (f.rest != "" || f.loose) && r.verb != verbNow && besideIt(def, words, &f):
		return senseOfFound(f)
	case f.rest != "":
		if n, ok := mistyped(def, words); ok && n.product.ID == f.all[0].product.ID && r.verb != verbNow { // "data lkae"
			return sensesOne, found{all: []named{n}, loose: true}
		}
		return sensesNoCheck, f
	case len(f.all) > 0:
		return senseOfFound(f)
	}
	if aboutSite(words) {
		return sensesAll, f
	}
	if owners, products := owned(def, words); len(products) > 0 {
		return sensesPart, found{part: products, said: owners}
	}
	if components, unknown, ok := shared(def, words); ok {
		return sensesSuspect, found{part: components, rest: unknown}
	}
	if r.verb != verbNow && besideIt(def, words, &f) {
		return senseOfFound(f)
	}
	if n, ok := mistyped(def, words); ok && r.verb != verbNow { // which is done to it
		return sensesOne, found{all: []named{n}, loose: true}
	}
	switch short := withoutSlips(words); {
	case len(short) == len(words) || r.verb == verbNow:
	case len(short) == 0:
		return sensesAll, f
	default:
		r.words, r.rest = short, strings.Join(short, " ")
		return senseOf(def, r)
	}
	return sensesNothing, f
}

// senseOfFound is what is asked by words that name something.
func senseOfFound(f found) (sense, found) {
	switch {
	case len(f.all) == 1:
		return sensesOne, f
	case f.together:
		return sensesPart, found{part: f.products()}
	}
	return sensesSome, f
}

// askedOf reads a question that names no product for sure: of the bot, of a word, of
// who is on call, of all; false when words are none of them.
func askedOf(def status.Definition, words []string, f found) (sense, found, bool) {
	switch what, word := asksOfBot(words), asksMeaning(words); {
	case othersCommand(def, words):
		return sensesNothing, found{}, true
	case word != "":
		return sensesWord, found{rest: word}, true
	case what != sensesNothing && len(f.all) == 0:
		return what, f, true
	case acted(words) != "", namesCommand(words):
		return sensesNothing, f, true
	case wantsCall(words):
		return sensesOnCall, found{aside: aside{order: calls[0]}}, true
	case asksOnCall(words):
		return sensesOnCall, f, true
	case asksHelp(words):
		return sensesHelp, f, true
	case greets(words):
		return sensesGreeting, f, true
	case lists(words):
		return sensesList, f, true
	case asksWhy(words):
		return sensesCause, f, true
	case asksChecks(words):
		return sensesChecks, f, true
	case aboutAll(words):
		return sensesAll, f, true
	}
	return sensesNothing, f, false
}

// wished reads what stands beside names: who is to look as well, what is left out, and
// what cannot be done with a product.
func wished(def status.Definition, words []string) (sense, found) {
	short, cut := withoutPeople(words)
	for _, w := range [][]string{short, cut} {
		if len(w) == 0 || len(w) == len(words) {
			continue
		}
		if what, f := senseOf(def, ofWords("product", w)); what != sensesNothing && what != sensesNoCheck {
			return what, f
		}
	}
	if out, left := leftOut(def, words); len(left) > 0 {
		return sensesPart, found{part: left, out: out}
	}
	if acted(words) == "" {
		if f, ok := beside(def, words); ok {
			return sensesOne, f
		}
	}
	if a, ok := ofSpan(words); ok && len(find(def, words).all) == 0 {
		return sensesAll, found{aside: a}
	}
	if components, unknown, ok := asksSuspect(def, words); ok {
		return sensesSuspect, found{part: components, rest: unknown}
	}
	return sensesNothing, found{}
}

// leastSlip is how many letters a word must have to be taken for the one name
// that is a single slip away: enough to show it, not to do something to it.
const leastSlip = 5

// mistyped finds the one product of whose name one word, or all together, is
// typed with one letter wrong, left out, too many, or swapped with its neighbour.
func mistyped(def status.Definition, words []string) (named, bool) {
	said := strings.Join(keyedAll(leftOf(leftOf(withoutEmoji(strings.Join(words, " ")), fillers), states)), "")
	if n := utf8.RuneCountInString(said); n < leastSlip || n > 64 {
		return named{}, false
	}
	near := func(name string) bool {
		return utf8.RuneCountInString(name) >= leastSlip && spelling.Distance(said, name) == 1
	}
	var out []named
	for _, e := range bookOf(def).products {
		if slices.ContainsFunc(append([]string{strings.Join(e.id, ""), strings.Join(e.name, "")}, e.words()...), near) {
			out = append(out, e.named)
		}
	}
	if len(out) != 1 {
		return named{}, false
	}
	return out[0], true
}

// besideIt finds what stands beside a name and is one with a slip, "mail and serach"; or
// else keeps, for the answer to say, what is joined to the one name and is none: "mail
// and foo". False where there is neither.
func besideIt(def status.Definition, words []string, f *found) bool {
	said := wordsOf(strings.Join(words, " "))
	if g := find(def, withoutTypos(def, said)); g.rest == "" && !g.loose && (g.together || len(g.all) == 1 && len(f.all) == 1 && g.all[0].check.ID != "" && g.all[0].product.ID == f.all[0].product.ID) {
		g.loose, *f = true, g
		return true
	}
	if len(f.all) != 1 {
		return false
	}
	e := f.all[0].product
	left := leftOf(leftOf(said, fillers), states)
	left = slices.DeleteFunc(left, func(w string) bool {
		return slices.Contains(keyedAll(wordsOf(e.ID+" "+e.Name)), keyed(w))
	})
	if len(left) == 0 || len(left) > mostRest {
		return false
	}
	for i, w := range said {
		if slices.Contains(joiners, w) && (i > 0 && slices.Contains(left, said[i-1]) || i+1 < len(said) && slices.Contains(left, said[i+1])) {
			f.rest, f.loose, f.aside.unknown = "", true, strings.Join(left, " ")
			return true
		}
	}
	return false
}

// joiners stand between the names of what is asked for together.
var joiners = strings.Fields("and nd or und oder et ou y")

// withoutTypos writes the words that are one slip away from a single word of the
// products' names as that.
func withoutTypos(def status.Definition, said []string) []string {
	b := bookOf(def)
	var known, others []string
	for _, e := range b.products {
		known = append(known, e.words()...)
		others = append(others, keyedAll(wordsOf(e.product.Owner))...)
	}
	for _, e := range b.checks {
		others = append(others, e.own...)
	}
	out := slices.Clone(said)
	for i, w := range keyedAll(said) {
		if utf8.RuneCountInString(w) < leastSlip || len(said) > mostSaid || slices.Contains(known, w) || slices.Contains(others, w) || slices.Contains(fillers, w) || slices.Contains(states, w) {
			continue
		}
		near := slices.DeleteFunc(slices.Clone(known), func(k string) bool { return utf8.RuneCountInString(k) < leastSlip || spelling.Distance(w, k) != 1 })
		if len(near) > 0 && !slices.ContainsFunc(near, func(k string) bool { return k != near[0] }) {
			out[i] = near[0]
		}
	}
	return out
}

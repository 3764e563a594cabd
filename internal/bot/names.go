package bot

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// named is what words may name: a product, or a check of one.
type named struct {
	product status.Product
	check   checks.Check // without an id when the product is meant
}

// found is what words name: one thing, some to choose from, or nothing.
type found struct {
	all   []named
	rest  string   // behind the one product, what no check of it is called
	sure  bool     // every word was one of its name
	aside aside    // what stands beside the one
	part  []string // ids of the products, or of the components, that are meant together
	out   []string // ids of the products that are left out
	said  []string // the owners whose products they are
	// loose: it stands somewhere in a sentence of which the rest was not read;
	// enough to show it, not to do something to it
	loose bool
	// together: each of them is named, so all are meant: "billing and search"
	together bool
}

// products are the ids of the products of all that is found.
func (f found) products() (ids []string) {
	for _, n := range f.all {
		ids = append(ids, n.product.ID)
	}
	return ids
}

// one returns the one thing that is named.
func (f found) one() (named, bool) {
	if len(f.all) != 1 || f.rest != "" {
		return named{}, false
	}
	return f.all[0], true
}

// book has the words of all names, as any keyboard types them.
type book struct {
	products []entry
	checks   []entry // with the words of the check's id, and those of its product
}

// entry is one name.
type entry struct {
	named
	id, name []string // the product's
	own      []string // the check's
}

// words are those of the product's id and name.
func (e entry) words() []string { return slices.Concat(e.id, e.name) }

func bookOf(def status.Definition) book {
	b := book{products: make([]entry, 0, len(def.Products)), checks: make([]entry, 0, len(def.Checks))}
	at := make(map[string]entry, len(def.Products))
	for _, p := range def.Products {
		e := entry{named: named{product: p}, id: keyedAll(wordsOf(p.ID)), name: keyedAll(wordsOf(p.Name))}
		b.products, at[p.ID] = append(b.products, e), e
	}
	for _, ch := range def.Checks {
		e := at[ch.Product]
		e.check, e.own = ch, keyedAll(wordsOf(ch.ID))
		b.checks = append(b.checks, e)
	}
	return b
}

// mostSaid bounds the words that are looked at: nobody names a product by more.
const mostSaid = 24

// find returns what words name: a product by id or name, a check by id, both;
// else the one whose words begin with what is said.
func find(def status.Definition, words []string) found {
	raw := strings.Join(words, " ")
	if f := asWritten(def, raw); len(f.all) > 0 {
		return f
	}
	said, b := wordsOf(raw), bookOf(def)
	if f := b.surely(said); len(f.all) > 0 {
		return f
	}
	if plain := withoutEmoji(raw); len(plain) < len(said) {
		if f := b.surely(leftOf(said, fillers)); len(f.all) > 0 { // "🚀 ok?"
			return f
		}
		if said = plain; len(said) == 0 {
			return found{}
		}
		if f := b.surely(said); len(f.all) > 0 {
			return f
		}
	}
	return b.among(said)
}

// among finds what is named among words that say more than names.
func (b book) among(said []string) found {
	for _, out := range [][]string{fillers, states} {
		if len(said) == 0 || len(said) > mostSaid {
			return found{}
		}
		if f := b.beginning(keyedAll(said)); len(f.all) > 0 {
			return f
		}
		if short := leftOf(said, out); len(short) < len(said) {
			if said = short; len(said) == 0 {
				return found{}
			}
			if f := b.surely(said); len(f.all) > 0 {
				f.sure = false
				return f
			}
		}
	}
	for _, look := range []func([]string) found{b.beginning, b.several, b.runTogether} {
		if f := look(keyedAll(said)); len(f.all) > 0 {
			return f
		}
	}
	if f := b.unknownCheck(said); len(f.all) > 0 {
		return f
	}
	return b.contained(keyedAll(said))
}

// asWritten finds the product whose id or name is written just so: "C++" and "C"
// have the same words.
func asWritten(def status.Definition, raw string) (f found) {
	for _, p := range def.Products {
		if strings.EqualFold(p.ID, raw) || strings.EqualFold(p.Name, raw) {
			f.all = append(f.all, named{product: p})
		}
	}
	if len(f.all) > 1 {
		f.all = slices.DeleteFunc(f.all, func(n named) bool { return !strings.EqualFold(n.product.ID, raw) }) // ids are unique
	}
	f.sure = len(f.all) > 0
	return f
}

// surely finds what is called so in full, or has every word that is said in its
// name where no other has.
func (b book) surely(said []string) found {
	key := keyedAll(said)
	f := b.exactly(key)
	if len(f.all) == 0 && len(said) <= mostSaid {
		f.all = b.whole(key)
	}
	f.sure = len(f.all) > 0
	return f
}

// called reports whether words are the whole name or id of the product.
func (e entry) called(key []string) bool {
	return len(key) > 0 && (slices.Equal(e.id, key) || slices.Equal(e.name, key))
}

// exactly finds what is called so in full: a product, or several whose names
// have the same words; a product and its check, a check.
func (b book) exactly(key []string) (f found) {
	for _, e := range b.products {
		if e.called(key) {
			f.all = append(f.all, e.named)
		}
	}
	if len(f.all) > 0 {
		return f
	}
	for _, e := range b.checks {
		if i := len(key) - len(e.own); i >= 0 && len(e.own) > 0 && slices.Equal(e.own, key[i:]) && (i == 0 || e.called(key[:i])) {
			return found{all: []named{e.named}}
		}
	}
	return found{}
}

// whole finds the products whose names have every word that is said.
func (b book) whole(key []string) (all []named) {
	for _, e := range b.products {
		if len(key) > 0 && fits(key, e.words()) == wholeWords {
			all = append(all, e.named)
		}
	}
	return all
}

// ofCalled finds the checks of a product that is called by the first words in
// full: "search front" is of "Search", not of "Search Ads".
func (b book) ofCalled(key []string) (f found) {
	for i := len(key) - 1; i > 0; i-- {
		for _, e := range b.checks {
			if e.called(key[:i]) && fits(key[i:], e.own) != fitsNot {
				f.all = append(f.all, e.named)
			}
		}
		if len(f.all) > 0 {
			return f
		}
	}
	return f
}

// beginning finds the products whose words begin with what is said, or else
// the checks. Whole words count for more than beginnings.
func (b book) beginning(key []string) found {
	var whole, begun found
	add := func(n named, is fit) {
		switch is {
		case wholeWords:
			whole.all = append(whole.all, n)
		case beginnings:
			begun.all = append(begun.all, n)
		}
	}
	for _, e := range b.products {
		add(e.named, fits(key, e.words()))
	}
	if len(whole.all)+len(begun.all) == 0 {
		if f := b.ofCalled(key); len(f.all) > 0 {
			return f
		}
		for _, e := range b.checks {
			if fits(key[len(key)-1:], e.own) != fitsNot { // the last word is the check's
				add(e.named, fits(key, slices.Concat(e.own, e.words())))
			}
		}
	}
	if len(whole.all) > 0 {
		return whole
	}
	return begun
}

// fit is how what is said fits the words of a name.
type fit uint8

const (
	fitsNot fit = iota
	beginnings
	wholeWords
)

// leastLetters is how much of a word must be typed to stand for it.
const leastLetters = 2

// noBeginning are words that say nothing and are no beginning of a name either: "we're"
// is none of "rest".
var noBeginning = func() map[string]bool {
	all := map[string]bool{}
	for _, w := range leftOf(fillers, foreign) {
		all[keyed(w)] = true
	}
	return all
}()

func fits(said, words []string) fit {
	best := wholeWords
	for _, s := range said {
		switch {
		case slices.Contains(words, s):
		case utf8.RuneCountInString(s) >= leastLetters && !noBeginning[s] && slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, s) }):
			best = beginnings
		default:
			return fitsNot
		}
	}
	return best
}

// several finds products of which one stands behind the other: "billing fraud".
// Each word must be one of the name of a product that it is enough for.
func (b book) several(key []string) found {
	var all []named
	for from := 0; from < len(key); {
		n, words := b.longest(key[from:])
		if words == 0 {
			return found{}
		}
		if !slices.ContainsFunc(all, func(o named) bool { return o.product.ID == n.product.ID }) {
			all = append(all, n)
		}
		from += words
	}
	return found{all: all, together: len(all) > 1}
}

// longest is the product that the most words at the beginning are enough for, and how many
// they are; 0 where there is none.
func (b book) longest(key []string) (n named, words int) {
	for to := len(key); to > 0; to-- {
		if n, ok := b.exactly(key[:to]).one(); ok && n.check.ID == "" {
			return n, to
		}
		if some := b.whole(key[:to]); len(some) == 1 {
			return some[0], to
		}
	}
	return named{}, 0
}

// leastRun is how many letters a name must have to be known when it is run
// together.
const leastRun = 4

// runTogether finds what is called so if nothing stands between the words:
// "nodejs" is "Node.js", and "sitesearch" "Site Search".
func (b book) runTogether(key []string) (f found) {
	said := strings.Join(key, "")
	if utf8.RuneCountInString(said) < leastRun {
		return found{}
	}
	for _, e := range b.products {
		if runsThrough(e.name, said) || runsThrough(e.id, said) {
			f.all = append(f.all, e.named)
		}
	}
	if len(f.all) == 0 {
		for _, e := range b.checks {
			if strings.Join(e.own, "") == said {
				f.all = append(f.all, e.named)
			}
		}
	}
	return f
}

// runsThrough reports whether some words of a name in a row are what is said.
func runsThrough(name []string, said string) bool {
	for from := range name {
		left := said
		for _, w := range name[from:] {
			var begins bool
			if left, begins = strings.CutPrefix(left, w); !begins {
				break
			}
			if left == "" {
				return true
			}
		}
	}
	return false
}

// mostRest is how many words behind a product's name are taken for a check
// that there is not; more are a sentence.
const mostRest = 2

// unknownCheck finds a product that stands first, with behind it what no check of
// it is called.
func (b book) unknownCheck(said []string) found {
	key := keyedAll(said)
	for i := len(said) - 1; i > 0 && len(said)-i <= mostRest; i-- {
		var all []named
		for _, e := range b.products {
			if e.called(key[:i]) || fits(key[:i], e.words()) == wholeWords {
				all = append(all, e.named)
			}
		}
		if len(all) == 1 {
			return found{all: all, rest: strings.Join(said[i:], " ")}
		}
	}
	return found{}
}

// contained finds the products whose whole name or id stands in a sentence.
func (b book) contained(key []string) found {
	sentence := " " + strings.Join(key, " ") + " "
	f := found{loose: true}
	for _, e := range b.products {
		if slices.ContainsFunc([][]string{e.name, e.id}, func(name []string) bool {
			return len(name) > 0 && strings.Contains(sentence, " "+strings.Join(name, " ")+" ")
		}) {
			f.all = append(f.all, e.named)
		}
	}
	return f
}

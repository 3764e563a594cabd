package bot

import (
	"slices"
	"strings"
	"unicode"
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
	all  []named
	rest string // behind the one product, what no check of it is called
}

// one returns the one thing that is named.
func (f found) one() (named, bool) {
	if len(f.all) != 1 || f.rest != "" {
		return named{}, false
	}
	return f.all[0], true
}

// fillers say nothing of which product is meant: "how is search doing?".
var fillers = []string{"is", "are", "was", "the", "a", "an", "of", "for", "how", "hows", "what", "whats", "s", "about", "doing", "going", "ok", "okay",
	"fine", "well", "up", "down", "hey", "hi", "hello", "please", "pls", "thanks", "status", "statusbot", "on", "show", "me", "tell", "give", "can",
	"you", "do", "does", "it", "us", "still", "working", "today", "product", "team"}

// everything are words for all products together.
var everything = []string{"all", "products", "everything", "everyone", "things", "anything", "overall", "overview", "summary", "state", "health"}

// find returns what words name: a product by id or name, a check by id, both;
// else the one whose words begin with what is said.
func find(def status.Definition, words []string) found {
	said := wordsOf(strings.Join(words, " "))
	if f := exactly(def, said); len(f.all) > 0 {
		return f
	}
	if short := leftOf(said, fillers); len(short) < len(said) {
		if said = short; len(said) == 0 {
			return found{}
		}
		if f := exactly(def, said); len(f.all) > 0 {
			return f
		}
	}
	if len(said) == 0 || len(said) > mostSaid {
		return found{}
	}
	if f := beginning(def, said); len(f.all) > 0 {
		return f
	}
	if f := unknownCheck(def, said); len(f.all) > 0 {
		return f
	}
	return contained(def, said)
}

// mostSaid bounds the words that are looked at: nobody names a product by more.
const mostSaid = 24

// wordsOf splits a name into its words: "Identity & Access" and
// "identity-access" have the same. Joiners inside a word are left out: not
// every keyboard has them.
func wordsOf(s string) []string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.M, r)
	})
}

func leftOf(said, out []string) []string {
	return slices.DeleteFunc(slices.Clone(said), func(w string) bool { return slices.Contains(out, w) })
}

// called reports whether words are the whole name or id of a product.
func called(p status.Product, said []string) bool {
	return len(said) > 0 && (slices.Equal(wordsOf(p.ID), said) || slices.Equal(wordsOf(p.Name), said))
}

// exactly finds what is called so in full: a product, a product and its check,
// a check.
func exactly(def status.Definition, said []string) found {
	for _, p := range def.Products {
		if called(p, said) {
			return found{all: []named{{product: p}}}
		}
	}
	for i := len(said) - 1; i >= 0; i-- {
		for _, ch := range def.Checks {
			p, _ := def.FindProduct(ch.Product)
			if slices.Equal(wordsOf(ch.ID), said[i:]) && (i == 0 || called(p, said[:i])) {
				return found{all: []named{{product: p, check: ch}}}
			}
		}
	}
	return found{}
}

// beginning finds the products whose words begin with what is said, or else
// the checks. Whole words count for more than beginnings.
func beginning(def status.Definition, said []string) found {
	var whole, begun found
	add := func(n named, is fit) {
		switch is {
		case wholeWords:
			whole.all = append(whole.all, n)
		case beginnings:
			begun.all = append(begun.all, n)
		}
	}
	for _, p := range def.Products {
		add(named{product: p}, fits(said, append(wordsOf(p.ID), wordsOf(p.Name)...)))
	}
	if len(whole.all)+len(begun.all) == 0 {
		for _, ch := range def.Checks {
			p, _ := def.FindProduct(ch.Product)
			own := wordsOf(ch.ID)
			if fits(said[len(said)-1:], own) != fitsNot { // the last word is the check's
				add(named{product: p, check: ch}, fits(said, slices.Concat(own, wordsOf(p.ID), wordsOf(p.Name))))
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

func fits(said, words []string) fit {
	best := wholeWords
	for _, s := range said {
		switch {
		case slices.Contains(words, s):
		case utf8.RuneCountInString(s) >= leastLetters && slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, s) }):
			best = beginnings
		default:
			return fitsNot
		}
	}
	return best
}

// mostRest is how many words behind a product's name are taken for a check
// that there is not; more are a sentence.
const mostRest = 2

// unknownCheck finds a product that stands first, with behind it what no check of
// it is called.
func unknownCheck(def status.Definition, said []string) found {
	for i := len(said) - 1; i > 0 && len(said)-i <= mostRest; i-- {
		var all []named
		for _, p := range def.Products {
			if called(p, said[:i]) || fits(said[:i], append(wordsOf(p.ID), wordsOf(p.Name)...)) == wholeWords {
				all = append(all, named{product: p})
			}
		}
		if len(all) == 1 {
			return found{all: all, rest: strings.Join(said[i:], " ")}
		}
	}
	return found{}
}

// contained finds the products whose whole name or id stands in a sentence.
func contained(def status.Definition, said []string) found {
	sentence := " " + strings.Join(said, " ") + " "
	var f found
	for _, p := range def.Products {
		for _, name := range [][]string{wordsOf(p.Name), wordsOf(p.ID)} {
			if len(name) > 0 && strings.Contains(sentence, " "+strings.Join(name, " ")+" ") {
				f.all = append(f.all, named{product: p})
				break
			}
		}
	}
	return f
}

// aboutAll reports whether words ask for all products together.
func aboutAll(words []string) bool {
	said := wordsOf(strings.Join(words, " "))
	return len(said) > 0 && len(leftOf(leftOf(said, fillers), everything)) == 0
}

// greets reports whether words are nothing but a greeting.
func greets(words []string) bool {
	said := wordsOf(strings.Join(words, " "))
	return len(leftOf(said, []string{"hi", "hey", "hello", "there", "thanks", "thank", "you", "statusbot", "please", "pls", "ok", "okay"})) == 0
}

// lists reports whether words ask for the names of the products.
func lists(words []string) bool {
	said := leftOf(wordsOf(strings.Join(words, " ")), append([]string{"all", "products"}, fillers...))
	return len(said) == 1 && slices.Contains([]string{"list", "ls", "dir"}, said[0])
}

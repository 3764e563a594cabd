package bot

import (
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// aside is what stands beside a product's name and was not done with it: it is said
// in the answer.
type aside struct {
	then  string // a time of which the figures are not: "13:50"
	order string // what only people can do: "restart"
	verb  string // a command that was to stand in front, with what follows: "watch billing"
	whole bool   // verb is for the whole incident, and takes no product; of then it can be asked what changed since
	// unknown is what was joined to the name, and is none: "billing and foo".
	unknown string
	days    bool // days or months are asked for, which the page has
}

// beside finds the one product that is named together with an aside; false where
// there is none.
func beside(def status.Definition, words []string) (found, bool) {
	for _, read := range []func(status.Definition, []string) (found, bool){ordered, turned, ofThen} {
		if f, ok := read(def, words); ok {
			return f, true
		}
	}
	return found{}, false
}

// calls are words by which people want somebody to be called.
var calls = strings.Fields("page call wake escalate")

// ends are words by which people want an incident to be over.
var ends = strings.Fields("resolve close end reopen")

// orders are what only people can carry out, with how they say that they did it; empty
// where that is nothing to measure.
var orders = map[string]string{"restart": "restarted", "reboot": "rebooted", "bounce": "bounced", "rollback": "rolled back", "revert": "reverted", "deploy": "deployed", "redeploy": "redeployed",
	"scale": "scaled", "drain": "drained", "kill": "killed", "failover": "failed over", "disable": "disabled", "enable": "enabled", "upgrade": "upgraded", "downgrade": "downgraded",
	"patch": "patched", "flush": "flushed", "fix": "fixed", "repair": "repaired", "delete": "", "rename": ""}

// ordered reads "restart billing" and "page billing".
func ordered(def status.Definition, words []string) (found, bool) {
	if words = unwished(words); len(words) < 2 {
		return found{}, false
	}
	order := strings.ToLower(bare(words[0]))
	rest := words[1:]
	switch next := strings.ToLower(bare(rest[0])); {
	case order == "roll" && next == "back" && len(rest) > 1, order == "fail" && next == "over" && len(rest) > 1:
		order, rest = order+next, rest[1:]
	}
	if _, ok := orders[order]; !ok && !slices.Contains(calls, order) && !slices.Contains(ends, order) {
		return found{}, false
	}
	f := find(def, rest)
	n, ok := f.one()
	if !ok || n.check.ID != "" || f.loose {
		return found{}, false
	}
	f.aside.order = order
	return f, true
}

// wishes stand before what somebody wishes to be done.
var wishes = strings.Fields("can could would you we i please pls just lets let's let us s now someone somebody need to want should")

// unwished leaves out what stands before a wish.
func unwished(words []string) []string {
	for len(words) > 0 && slices.Contains(wishes, strings.ToLower(bare(words[0]))) {
		words = words[1:]
	}
	return words
}

// behind are the commands that people type behind a product, and of these those that
// are for the whole incident.
var (
	behind      = strings.Fields("watch unwatch mute unmute ack unack sources mark note timeline report help")
	wholeBehind = strings.Fields("timeline report help")
)

// turned reads "billing watch": a command behind what it is for.
func turned(def status.Definition, words []string) (found, bool) {
	for i := 1; i < len(words) && i <= mostSaid; i++ {
		verb := strings.ToLower(bare(words[i]))
		if other := otherNames[verb]; other != "" {
			verb = other
		}
		if !slices.Contains(behind, verb) {
			continue
		}
		f := find(def, words[:i])
		n, ok := f.one()
		rest := trimmed(words[i+1:], courtesies)
		if !ok || !f.sure || n.check.ID != "" {
			continue
		}
		f.aside.whole = slices.Contains(wholeBehind, verb)
		switch {
		case verb == "mark" || verb == "note":
			f.aside.verb = strings.Join(append([]string{verb}, rest...), " ")
		case f.aside.whole:
			f.aside.verb = verb
		default:
			f.aside.verb = strings.Join(append([]string{verb, n.product.ID}, rest...), " ")
		}
		return f, true
	}
	return found{}, false
}

// ofThen reads "billing at 13:50" and "how was billing yesterday".
func ofThen(def status.Definition, words []string) (found, bool) {
	words = trimmed(words, courtesies)
	for n := min(mostWhen, len(words)-1); n > 0; n-- {
		from := len(words) - n
		for _, parts := range [][2][]string{{words[from:], words[:from]}, {words[:n], words[n:]}} {
			when := parts[0]
			if !isTime(when) && !isLongAgo(when) || slices.Contains([]string{"today", "now", "tonight"}, strings.ToLower(bare(when[len(when)-1]))) {
				continue
			}
			f := find(def, parts[1])
			if named, ok := f.one(); ok && named.check.ID == "" {
				f.aside.then, f.aside.whole, f.aside.days = strings.TrimRight(strings.Join(without(when, []string{"since", "at", "from"}), " "), "?!.,"), isTime(when), isLongAgo(when)
				return f, true
			}
		}
	}
	return found{}, false
}

// isLongAgo reports whether words are a span of the calendar: "this month".
func isLongAgo(words []string) bool {
	n := len(words)
	return n == 2 && slices.Contains([]string{"this", "last"}, strings.ToLower(words[0])) && slices.Contains([]string{"week", "month", "quarter", "year"}, strings.ToLower(bare(words[1])))
}

// isTime reports whether words are nothing but a time in the past. A number alone is
// none: nobody knows of what it is.
func isTime(words []string) bool {
	if len(words) == 0 || len(words) == 1 && len(strings.Trim(bare(words[0]), "0123456789")) == 0 {
		return false
	}
	_, ok := readTime(strings.Join(words, " "), time.Now(), time.UTC)
	return ok
}

// Words that leave something out, alone or with the next.
var (
	leaving    = strings.Fields("but except excluding without besides beside not neither minus ausser außer ohne sauf hormis excepto menos salvo")
	leavingTwo = map[string]string{"apart": "from", "aside": "from", "other": "than"}
)

// leftOut reads "everything but billing" and "not billing": the products that are left.
func leftOut(def status.Definition, words []string) (out, left []string) {
	for i, w := range words {
		w = strings.ToLower(bare(w))
		from := i + 1
		if next := leavingTwo[w]; next != "" && from < len(words) && strings.ToLower(bare(words[from])) == next {
			from++
		} else if !slices.Contains(leaving, w) {
			continue
		}
		before := words[:i]
		if len(before) > 0 && len(leftOf(leftOf(leftOf(wordsOf(strings.Join(before, " ")), fillers), states), everything)) > 0 {
			return nil, nil
		}
		ids, ok := productsOf(def, strings.Join(words[from:], " "))
		if !ok {
			return nil, nil
		}
		for _, p := range def.Products {
			if slices.Contains(ids, p.ID) {
				out = append(out, p.ID)
			} else {
				left = append(left, p.ID)
			}
		}
		if len(left) == 0 {
			return nil, nil
		}
		return out, left
	}
	return nil, nil
}

// owned finds whose products are asked for: all of an owner's name, or one word of it
// that is no other's.
func owned(def status.Definition, words []string) (owners, products []string) {
	said := keyedAll(leftOf(leftOf(withoutEmoji(strings.Join(words, " ")), fillers), strings.Fields("who owns own owned owner whose by teams")))
	if len(said) == 0 {
		return nil, nil
	}
	for _, p := range def.Products {
		if p.Owner == "" || fits(said, keyedAll(wordsOf(p.Owner))) != wholeWords {
			continue
		}
		if !slices.Contains(owners, p.Owner) {
			owners = append(owners, p.Owner)
		}
		products = append(products, p.ID)
	}
	return owners, products
}

// suspects are what people ask for as a cause and nobody has to declare.
var suspects = strings.Fields("us them dns network net aws azure gcp cloud cloudflare lb balancer load database db firewall cdn isp provider upstream region regions vpn tls cert certificate slack github deploy release")

// undeclared are those that are no components.
var undeclared = strings.Fields("us them region regions deploy release cause because")

// asIfItIs are how people begin to ask whether something is the cause.
var asIfItIs = []string{" is it ", " ist es ", " ist das ", " c est ", " es el ", " es la ", " it is ", " it s ", " maybe it s "}

// asksSuspect reports whether words ask if something shared is the cause: "is it us or
// aws?", with the ids of the components among them, and what no component is called.
func asksSuspect(def status.Definition, words []string) (components []string, unknown string, ok bool) {
	said := wordsOf(strings.Join(words, " "))
	sentence := " " + strings.Join(said, " ") + " "
	for _, c := range def.Components {
		for _, name := range []string{c.ID, c.Name} {
			if own := strings.Join(wordsOf(name), " "); own != "" && strings.Contains(sentence, " "+own+" ") {
				components, sentence = append(components, c.ID), strings.ReplaceAll(sentence, " "+own+" ", " ")
				break
			}
		}
	}
	left := leftOf(leftOf(strings.Fields(sentence), fillers), append([]string{"cause", "because"}, states...))
	rest := leftOf(left, suspects)
	unknown = strings.Join(leftOf(left, undeclared), " ")
	return components, unknown, len(rest) == 0 && (len(components) > 0 || len(left) > 0 && slices.ContainsFunc(asIfItIs, func(begin string) bool { return strings.HasPrefix(sentence, begin) }) || slices.Contains(left, "region"))
}

// shared reads words that are nothing but a part of the name of something shared, "load
// balancer", or what is often shared and not declared: "is slack down".
func shared(def status.Definition, words []string) (components []string, unknown string, ok bool) {
	left := leftOf(leftOf(wordsOf(strings.Join(words, " ")), fillers), states)
	said := strings.Join(left, " ")
	if len(strings.Trim(said, "0123456789 ")) < leastLetters || len(leftOf(left, undeclared)) < len(left) {
		return nil, "", false
	}
	for _, c := range def.Components {
		if fits(keyedAll(left), keyedAll(wordsOf(c.ID+" "+c.Name))) == wholeWords {
			components = append(components, c.ID)
		}
	}
	if len(components) > 0 {
		return components, "", true
	}
	return nil, said, len(leftOf(left, suspects)) == 0
}

// withoutPeople leaves out who is called to look as well: "billing @ben".
func withoutPeople(words []string) (short []string, cut []string) {
	short = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return len(w) > 1 && strings.HasPrefix(w, "@") })
	if at := slices.IndexFunc(words, func(w string) bool { return len(w) > 1 && strings.HasPrefix(w, "@") }); at > 0 {
		cut = words[:at]
	}
	return short, cut
}

// in says in a product's answer what was not done.
func (a aside) in(m format.Message, command string, p status.Product, page string) format.Message {
	switch {
	case a.unknown != "":
		return format.NotKnownBeside(m, a.unknown, p)
	case a.days:
		if page != "" && p.ID != "" {
			page = strings.TrimSuffix(page, "/") + "/products/" + p.ID
		}
		return format.NotOfDays(m, a.then, page)
	case a.then != "":
		return format.NotOfThen(m, command, a.then, a.whole)
	case slices.Contains(calls, a.order):
		return format.NobodyCalled(m)
	case slices.Contains(ends, a.order):
		return format.NotEnded(m, command, p)
	case a.order != "":
		mark := ""
		if done := orders[a.order]; done != "" {
			mark = "mark " + done + " " + p.ID
		}
		return format.NotDone(m, command, p, mark)
	case a.verb != "":
		return format.NotInFront(m, command, a.verb, a.whole)
	}
	return m
}

// named are the products that are asked for by their names, and not as those that are
// left, or as an owner's.
func (f found) named() []string {
	if len(f.out)+len(f.said) > 0 {
		return nil
	}
	return f.part
}

// part answers for some products together.
func (c *Commands) part(now time.Time, e Envelope, f found) format.Message {
	if len(f.part) == 1 && len(f.said) > 0 {
		m, _ := c.drill(now, e, f.part[0])
		return m
	}
	s := c.Board.Snapshot(now)
	var open []incident.Incident
	if inc, ok := c.Board.Log().In(e.Channel); ok {
		open = append(open, inc)
	}
	if c.quietIn(s, open).Quiet { // told of all of them together
		return format.NotLeftOut(c.summary(now, e), s.Of(append(slices.Clone(f.out), f.named()...)), f.said)
	}
	m := format.Summary(format.SummaryFacts{Snapshot: s.Of(f.part), Open: open, Last: c.Board.Log().LastOver(), Command: e.Command})
	if len(f.named()) > 0 {
		return format.OnlyOf(m, s.Of(f.part))
	}
	return format.InPart(m, s.Of(f.part), s.Of(f.out), f.said)
}

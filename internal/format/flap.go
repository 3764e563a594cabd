package format

import (
	"slices"
	"strings"
	"time"

	"github.com/statusbot/statusbot/internal/format/text"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/status"
)

// Flapping is a product that fails and recovers again and again.
type Flapping struct {
	Product status.ProductStatus
	incident.Flap
}

// flapsNamed is how many products that flap are told one by one.
const flapsNamed = 2

// flapSentence tells what flaps, in the place of a post for each turn: "Data Lake
// flaps: down 6 times since 19:02, 40 s to 3 min each."; empty when nothing does.
func (v view) flapSentence(list []Flapping) string {
	groups := flapGroups(list)
	var said []string
	for i, g := range groups {
		if i == flapsNamed {
			n := 0
			for _, more := range groups[i:] {
				n += len(more)
			}
			said = append(said, text.Count(n)+" more "+verb(n, "product flaps.", "products flap."))
			break
		}
		said = append(said, v.flapSum(g))
	}
	return strings.Join(said, " ")
}

// flapSum tells those that flap together: "Mail, search and storage flap: failing 3
// times since 04:24, 2 min to 4 min each.". One that joined later has fewer times.
func (v view) flapSum(g []Flapping) string {
	var of []status.ProductStatus
	most, least := g[0].Flap, len(g[0].Spells)
	for _, f := range g {
		of = append(of, f.Product)
		least = min(least, len(f.Spells))
		if len(f.Spells) > len(most.Spells) {
			most = f.Flap
		}
	}
	who := text.Count(len(of)) + " of " + text.Plural(len(v.Products), "product")
	if len(of) <= namedAtMost {
		who = listing(of)
	}
	often := times(most)
	if least < len(most.Spells) {
		often = strings.Replace(often, text.Count(len(most.Spells)), text.Count(least)+" to "+text.Count(len(most.Spells)), 1)
	}
	return who + verb(len(of), " flaps: ", " flap: ") + often + " since " + v.moment(most.Spells[0].From) + lasting(most) + "."
}

// flapGroups are those that flap together, the largest group first.
func flapGroups(list []Flapping) (out [][]Flapping) {
	for _, f := range list {
		i := slices.IndexFunc(out, func(g []Flapping) bool { return together(g[0].Flap, f.Flap) })
		if i < 0 {
			out = append(out, nil)
			i = len(out) - 1
		}
		out[i] = append(out[i], f)
	}
	slices.SortStableFunc(out, func(x, y []Flapping) int { return len(y) - len(x) })
	return out
}

// together reports whether two products flap at the same times: their newest times
// began as one.
func together(x, y incident.Flap) bool {
	p, q := x.Spells[len(x.Spells)-1], y.Spells[len(y.Spells)-1]
	return x.Down == y.Down && p.From.Equal(q.From) && p.To.IsZero() == q.To.IsZero()
}

// FlapTold is a product's flapping as a sentence to be kept, without its full
// stop.
func FlapTold(f incident.Flap) string {
	if len(f.Spells) == 0 {
		return ""
	}
	return times(f) + " within " + text.Span(f.Spells[len(f.Spells)-1].From.Sub(f.Spells[0].From)) + lasting(f)
}

// times counts the spells: "down 6 times".
func times(f incident.Flap) string {
	word := "failing "
	switch {
	case f.Down && allDown(f):
		word = "down "
	case f.Down:
		word = "mostly failing "
	}
	return word + text.Count(len(f.Spells)) + " times"
}

// allDown reports whether practically all failed each time, as far as that is known.
func allDown(f incident.Flap) bool {
	return !slices.ContainsFunc(f.Spells, func(s incident.Spell) bool { return !text.Dead(s.Failed) })
}

// lasting says how long the spells that are over lasted: ", 40 s to 3 min each".
func lasting(f incident.Flap) string {
	shortest, longest := f.Lasting()
	least, most := text.Span(max(shortest, time.Second)), text.Span(longest)
	switch {
	case longest < time.Second:
		return ""
	case least == most:
		return ", " + most + " each"
	}
	return ", " + least + " to " + most + " each"
}

// steadyLine says when what flaps is told by a post again: till then each turn is
// an edit.
func steadyLine(list []Flapping) string {
	return "I post when it has been steady for " + text.Span(incident.FlapApart) + ", or " + stays(list[0].Flap) + "; each turn until then is an edit."
}

// stays says what a product does that does not recover again.
func stays(f incident.Flap) string {
	if f.Down && allDown(f) {
		return "stays down"
	}
	return "keeps failing"
}

// WatchFlap tells who watches a product that it fails and recovers again and again,
// in the place of a message for each turn.
func WatchFlap(f Flapping, s status.Snapshot, command string) Message {
	v := view{clock: clockOf(s.At, s.Timezone), Snapshot: s}
	sentence := func(v view) string {
		return text.Name(f.Product.Name) + " flaps: " + times(f.Flap) + " since " + v.moment(f.Spells[0].From) + lasting(f.Flap) + "."
	}
	next := "I write again when it has been steady for " + text.Span(incident.FlapApart) + ", or " + stays(f.Flap) + "."
	return v.toWatcher(f.Product, sentence, []string{next}, command)
}

// WatchSteady tells who watches a product that it flaps no more, and how it is.
func WatchSteady(f Flapping, s status.Snapshot, command string) Message {
	v := view{clock: clockOf(s.At, s.Timezone), Snapshot: s}
	p := f.Product
	sentence := func(v view) string { return v.watchSentence(p, "", v.moment) }
	var flapped []string
	if n := len(f.Spells); n > 0 {
		flapped = append(flapped, "It flapped: "+times(f.Flap)+" from "+v.When(f.Spells[0].From)+" to "+v.When(f.Spells[n-1].From)+".")
	}
	return v.toWatcher(p, sentence, flapped, command)
}

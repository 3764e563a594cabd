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
	var said []string
	for i, f := range list {
		if i == flapsNamed {
			n := len(list) - flapsNamed
			said = append(said, text.Count(n)+" more "+verb(n, "product flaps.", "products flap."))
			break
		}
		said = append(said, text.Name(f.Product.Name)+" flaps: "+times(f.Flap)+" since "+v.moment(f.Spells[0].From)+lasting(f.Flap)+".")
	}
	return strings.Join(said, " ")
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

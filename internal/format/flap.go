package format

import (
	"slices"
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

// flapSentence tells what flaps, in the place of a post for each turn: "Data Lake
// flaps: down 6 times since 19:02, 40 s to 3 min each."; of several in one sentence:
// "Mail, search and storage flap: failing 3 to 5 times since 04:24, 2 min to 4 min
// each.". Empty when nothing does.
func (v view) flapSentence(list []Flapping) string {
	if len(list) == 0 {
		return ""
	}
	var of []status.ProductStatus
	all, least, most := incident.Flap{Down: true}, len(list[0].Spells), 0
	for _, f := range list {
		of = append(of, f.Product)
		all.Down, all.Spells = all.Down && f.Down, append(all.Spells, f.Spells...)
		least, most = min(least, len(f.Spells)), max(most, len(f.Spells))
	}
	slices.SortStableFunc(all.Spells, func(x, y incident.Spell) int { return x.From.Compare(y.From) })
	who := text.Count(len(of)) + " of " + text.Plural(len(v.Products), "product")
	if len(of) <= namedAtMost {
		who = listing(of)
	}
	often := text.Count(most) + " times "
	if least < most {
		often = text.Count(least) + " to " + often
	}
	return who + verb(len(of), " flaps: ", " flap: ") + flapWord(all) + often + "since " + v.moment(all.Spells[0].From) + lasting(all) + "."
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
func times(f incident.Flap) string { return flapWord(f) + text.Count(len(f.Spells)) + " times" }

// flapWord says how a product is while it fails, before a space.
func flapWord(f incident.Flap) string {
	switch {
	case f.Down && allDown(f):
		return "down "
	case f.Down:
		return "mostly failing "
	}
	return "failing "
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
	v := view{clock: clockOf(s.At, s.Timezone).counting(s.Window), Snapshot: s}
	sentence := func(v view) string {
		return text.Name(f.Product.Name) + " flaps: " + times(f.Flap) + " since " + v.moment(f.Spells[0].From) + lasting(f.Flap) + "."
	}
	next := "I write again when it has been steady for " + text.Span(incident.FlapApart) + ", or " + stays(f.Flap) + "."
	return v.toWatcher(f.Product, sentence, []string{next}, command)
}

// WatchSteady tells who watches a product that it flaps no more, and how it is.
func WatchSteady(f Flapping, s status.Snapshot, command string) Message {
	v := view{clock: clockOf(s.At, s.Timezone).counting(s.Window), Snapshot: s}
	p := f.Product
	sentence := func(v view) string { return v.watchSentence(p, "", v.moment) }
	var flapped []string
	if n := len(f.Spells); n > 0 {
		flapped = append(flapped, "It flapped: "+times(f.Flap)+" from "+v.When(f.Spells[0].From)+" to "+v.When(f.Spells[n-1].From)+".")
	}
	return v.toWatcher(p, sentence, flapped, command)
}

package incident

import (
	"maps"
	"slices"
	"time"
)

// A product flaps that fails and recovers again and again: each turn is true and
// none is worth a post of its own.
const (
	// flapTimes is how often a product has to go bad, each time within FlapApart of
	// the time before, to flap.
	flapTimes = 3
	// FlapApart is also how long it is steady before it flaps no more.
	FlapApart = 30 * time.Minute
	// stuckAfter is how long a bad spell of what flaps lasts at least, and twice as
	// long as any before it, before it is one that stays.
	stuckAfter = 10 * time.Minute
)

// keepTurns bounds the changes of level that are kept of a product: some 30
// spells.
const keepTurns = 64

// Spell is a time in which a product was bad.
type Spell struct {
	From   time.Time
	To     time.Time // zero while it lasts
	Failed *Counts   // of an outage: what failed meanwhile, as far as that is known
}

// Flap is what is known of a product that goes bad again and again.
type Flap struct {
	Product string
	Down    bool    // it goes down; else it is hurt
	Spells  []Spell // each begins within FlapApart of the one before, oldest first
}

// FlapOf returns the spells of a product up to now that follow each other
// closely, of being down if there are enough of these, else of being hurt; false
// when there are too few. What is quiet between is not hurt meanwhile, though its
// recovery be not proven.
func (i Incident) FlapOf(product string) (Flap, bool) {
	return flapOf(i.turns[product], i.rests(product), product)
}

// flapOf is a product's flapping by its changes of level and its rests.
func flapOf(turns []Event, rests []Spell, product string) (Flap, bool) {
	down := Flap{Product: product, Down: true, Spells: closely(spells(turns, true))}
	hurt := Flap{Product: product, Spells: closely(cut(spells(turns, false), rests))}
	switch {
	case len(hurt.Spells) < flapTimes:
		return down, len(down.Spells) >= flapTimes
	case len(down.Spells) < flapTimes, !down.Now() && hurt.last().From.After(down.last().To): // that it went down is over
		return hurt, true
	}
	return down, true
}

// rests are the times in which hardly anything of a product failed, together with
// others, oldest first; To is zero of one that lasts.
func (i Incident) rests(product string) (out []Spell) {
	if len(i.turns[product]) == 0 {
		return nil
	}
	for _, e := range i.Steps {
		if e.Step == nil || !slices.Contains(e.Products, product) {
			continue
		}
		n := len(out)
		switch lasts := n > 0 && out[n-1].To.IsZero(); {
		case e.Kind == Quiet && !lasts:
			out = append(out, Spell{From: e.Step.At})
		case e.Kind == Rate && lasts:
			out[n-1].To = e.Step.At
		}
	}
	return out
}

// cut takes each rest out of the spell in which it began. Of a spell that was
// over before the rest was, nothing is left after it.
func cut(list, rests []Spell) (out []Spell) {
	for _, s := range list {
		for _, r := range rests {
			if r.From.Before(s.From) || !s.To.IsZero() && !r.From.Before(s.To) {
				continue
			}
			if r.From.After(s.From) {
				out = append(out, Spell{From: s.From, To: r.From, Failed: s.Failed})
			}
			s.From = r.To
			if r.To.IsZero() || !s.To.IsZero() && !r.To.Before(s.To) {
				s = Spell{}
				break
			}
		}
		if !s.From.IsZero() {
			out = append(out, s)
		}
	}
	return out
}

// spells are the times in which a product was bad, from its changes of level. One in
// which it was not measured for a while, and is bad after that, is one.
func spells(turns []Event, down bool) []Spell {
	bad := func(level string) bool { return level == "outage" || level == "degraded" && !down }
	var out []Spell
	unseen := false // the newest ended only in that it was no longer measured
	for _, e := range turns {
		n := len(out)
		switch {
		case bad(e.To) && e.From == unmeasured && unseen:
			out[n-1].To, unseen = time.Time{}, false
		case bad(e.To) && !bad(e.From):
			s := Spell{From: e.At, Failed: e.Failed}
			if !e.Onset.IsZero() && e.Onset.Before(e.At) && (n == 0 || e.Onset.After(out[n-1].To)) {
				s.From = e.Onset
			}
			out, unseen = append(out, s), false
		case e.From == unmeasured && !bad(e.To):
			unseen = false // it is well now: what comes is another
		case bad(e.From) && !bad(e.To) && n > 0 && out[n-1].To.IsZero():
			out[n-1].To, unseen = e.Over(), e.To == unmeasured
			if e.Failed != nil {
				out[n-1].Failed = e.Failed
			}
		}
	}
	return out
}

// unmeasured is the level of what is not measured.
const unmeasured = "unknown"

// closely are the newest spells that each begin soon after the one before.
func closely(list []Spell) []Spell {
	for i := len(list) - 1; i > 0; i-- {
		if list[i].From.Sub(list[i-1].From) > FlapApart {
			return list[i:]
		}
	}
	return list
}

// last is the newest spell.
func (f Flap) last() Spell { return f.Spells[len(f.Spells)-1] }

// Now reports whether it is bad now.
func (f Flap) Now() bool { return f.last().To.IsZero() }

// Lasting returns the shortest and the longest of the spells that are over.
func (f Flap) Lasting() (shortest, longest time.Duration) {
	for _, s := range f.Spells {
		if s.To.IsZero() {
			continue
		}
		d := max(s.To.Sub(s.From), 0)
		if longest == 0 || d < shortest {
			shortest = d
		}
		longest = max(longest, d)
	}
	return shortest, longest
}

// Ended reports whether it has been as it is for so long that it flaps no more:
// well for FlapApart, or bad for much longer than ever before.
func (f Flap) Ended(now time.Time) bool {
	s := f.last()
	if !s.To.IsZero() {
		return now.Sub(s.To) >= FlapApart
	}
	_, longest := f.Lasting()
	return now.Sub(s.From) >= max(stuckAfter, 2*longest)
}

// OnlyFlaps reports whether all of some products flap; false of none.
func (i Incident) OnlyFlaps(products []string) bool {
	for _, p := range products {
		if _, ok := i.Flaps[p]; !ok {
			return false
		}
	}
	return len(products) > 0
}

// MostFlap reports whether more than half of some products flap.
func (i Incident) MostFlap(products []string) bool {
	n := 0
	for _, p := range products {
		if _, ok := i.Flaps[p]; ok {
			n++
		}
	}
	return 2*n > len(products)
}

// FirstDown reports whether a product that flaps is down for the first time since it
// did: that is another thing than it was told of it.
func (i Incident) FirstDown(product string) bool {
	f, ok := i.FlapOf(product)
	if !ok || f.Down || i.Levels[product] != "outage" {
		return false
	}
	n := 0
	for _, e := range i.turns[product] {
		if e.To == "outage" && !e.At.Before(f.Spells[0].From) {
			n++
		}
	}
	return n == 1
}

// levelled is an incident after a product's change of level.
func levelled(i Incident, e Event) Incident {
	i.Levels = with(i.Levels, e.Product, e.To)
	i.Acks = stillAcked(i.Acks, i.turns[e.Product], e)
	i.turns = withTurn(i.turns, e)
	i.harm = i.harm.after(e)
	return i
}

// withTurn is the last changes of level of each product after one more.
func withTurn(turns map[string][]Event, e Event) map[string][]Event {
	list := turns[e.Product]
	return with(turns, e.Product, append(slices.Clone(list[max(0, len(list)-keepTurns+1):]), e))
}

// flapped is an incident after a product began to flap, or no longer does.
func flapped(i Incident, e Event) Incident {
	if e.Kind == Flapping {
		i.Flaps = with(i.Flaps, e.Product, e)
		return i
	}
	i.Flaps = maps.Clone(i.Flaps)
	delete(i.Flaps, e.Product)
	return i
}

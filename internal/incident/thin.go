package incident

import (
	"slices"
	"time"
)

// How much of an incident is at hand that has been open for long: the newest
// events, and of those before them what is still asked for. Whatever else there
// was is in the journal.
const (
	// keepEvents is how many of the newest events are at hand at least, and how many
	// come before the log is thinned again: nearly a day of updates every 5 min.
	keepEvents = 256
	// keepSteps bounds the changes of the share that fails: more than a day has,
	// of which the picture tells.
	keepSteps = 128
)

// thinned is an incident without the older events that nothing asks for any more,
// where its log has become long. That follows from the events alone: who reads
// them again has the same at hand.
func thinned(i Incident) Incident {
	if i.kept < max(i.thinAt, 2*keepEvents) {
		return i
	}
	stays := i.asked()
	var list []*entry // newest first
	n := 0
	for e := i.last; e != nil; e = e.before {
		n++
		if n > keepEvents && e.event.At.After(i.gone) {
			i.gone = e.event.At
		}
		if n <= keepEvents || stays(e) {
			list = append(list, e)
		}
	}
	i.last, i.kept = nil, 0
	for _, e := range slices.Backward(list) {
		i.last, i.kept = &entry{before: i.last, event: e.event}, i.kept+1
	}
	i.thinAt = i.kept + keepEvents
	return i
}

// asked returns whether an event is still asked for, however old it is; to be
// called newest first. Since asks for the newest of each kind, and for the updates
// and marks that something may be later than; LevelsAt for the newest level of each
// product; Spell for the earliest onset.
func (i Incident) asked() func(*entry) bool {
	updates := map[int]bool{i.LastPost.N: true, i.LastPost.N - 1: true}
	for _, e := range i.told {
		updates[e.N] = true
	}
	earliest := i.earliest()
	kinds, levels := map[Kind]bool{}, map[string]bool{}
	return func(en *entry) bool {
		e := en.event
		stays := !kinds[e.Kind] || en == earliest
		kinds[e.Kind] = true
		switch e.Kind {
		case Opened, Mark:
			stays = true
		case Update:
			stays = stays || updates[e.N]
		case Level:
			stays = stays || !levels[e.Product]
			levels[e.Product] = true
		}
		return stays
	}
}

// earliest is the level of the spell with the earliest onset; nil when there is
// none.
func (i Incident) earliest() *entry {
	var first *entry
	i.spell(func(en *entry) {
		if e := en.event; e.Kind == Level && (e.To == "degraded" || e.To == "outage") && !e.Onset.IsZero() && (first == nil || e.Onset.Before(first.event.Onset)) {
			first = en
		}
	})
	return first
}

// Reaches reports whether all that happened in the incident since an instant is at
// hand.
func (i Incident) Reaches(since time.Time) bool {
	return !i.Folded && (i.gone.IsZero() || since.After(i.gone))
}

// AtHandSince returns from when on all that happened in the incident is at hand,
// before which only some of it is; zero where all is.
func (i Incident) AtHandSince() time.Time { return i.gone }

// WithLog is the incident with all of its log at hand, as the journal has it. Events
// that it has not seen yet are left out. What the events have come to it knows, so
// that they are not folded again.
func (i Incident) WithLog(events []Event) Incident {
	i.last, i.kept, i.thinAt, i.gone = nil, 0, 0, time.Time{}
	for _, e := range events {
		if e.Seq <= i.LastSeq {
			i.last, i.kept = &entry{before: i.last, event: told(e)}, i.kept+1
		}
	}
	return i
}

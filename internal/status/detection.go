package status

import (
	"slices"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// detection is the room in which results become levels: it drives the trackers
// of the products, tells them of each other, and has the cause looked for when
// it may have changed. Board.mu is held around it.
type detection struct {
	products []followed                 // as declared
	of       map[string]*impact.Tracker // :: product id -> its tracker
	checks   int                        // of all products
	shared   *impact.Shared
	hint     string                 // component that last showed trouble over all products
	asked    time.Time              // when doubt was last decided, in the time of results
	followed time.Time              // the hour in which it was last told how failures follow each other
	marks    map[string][]time.Time // :: product id -> actions whose instant its results have not reached
	turns    map[string]bool        // :: product id -> its level changed since turned was last asked
	ranking  *ranking
	back     []wentBack // what is not taken in yet
	last     time.Time  // see Board.WentBack; zero is none
}

// followed is one product with its tracker.
type followed struct {
	id string
	*impact.Tracker
}

// redefine keeps the trackers of the products that stay, and tells the records
// of all checks by whom they are judged.
func (d *detection) redefine(def Definition, records map[string][]*checkRecord) {
	closure, old := def.closure(), d.of
	shared := def.newShared()
	if d.shared != nil {
		shared.Restore(d.shared.State()) // what shows of components that stay
	}
	d.shared, d.checks = shared, len(def.Checks)
	d.products, d.of = make([]followed, 0, len(def.Products)), make(map[string]*impact.Tracker, len(def.Products))
	perDay := 0.0
	for _, p := range def.Products {
		list := make([]checks.Check, 0, len(records[p.ID]))
		for _, r := range records[p.ID] {
			list = append(list, *r.def)
		}
		cfg := impact.Config{Window: def.Window, FalseAlarms: def.FalseAlarms, Normal: def.Normal, Closure: closure, Shared: d.shared}
		t := old[p.ID]
		if t == nil {
			t = impact.NewTracker(cfg, list)
		} else {
			t.Redefine(cfg, list)
		}
		d.products, d.of[p.ID] = append(d.products, followed{p.ID, t}), t
		perDay += t.PerDay()
		for i, r := range records[p.ID] {
			r.ref = impact.Ref{Tracker: t, Number: i}
		}
	}
	d.shared.Expect(perDay)
}

// take takes in one result of a check, and draws the conclusions. With judge
// false an earlier state has drawn them already.
func (d *detection) take(c *checkRecord, r *checks.Result, judge bool) {
	product, at := c.def.Product, r.Ended()
	if judge && len(d.marks) > 0 {
		d.reachMarks(product, at)
	}
	if c.ref.Tracker.ApplyTo(c.ref.Number, r, judge) {
		d.turn(product, at)
	}
	if to, from, ok := c.ref.Tracker.WentBack(); ok {
		d.back = append(d.back, wentBack{product, to, from, judge})
	}
	if c.def.Measures != "" && r.Evidence != nil {
		d.ranking.metrics.measured(c.def.Measures, r)
	}
	if c.ref.Tracker.Asks(false) {
		d.doubt(product, at)
	}
	if component, ok := d.shared.Hint(); ok {
		d.hinted(component, at)
	}
	if passed(d.followed, at, time.Hour) {
		d.follow(at)
	}
	switch {
	case d.ranking.due(at):
		d.rank(at)
		d.doubts(at)
	case d.ranking.unsettled(at):
		for _, product := range d.ranking.relight(d.products, at) {
			d.note(product)
		}
	}
}

// follow tells each product how failures follow each other in all of them, once an
// hour. While some products are behind others after a restart, they go by what they
// were told before it.
func (d *detection) follow(now time.Time) {
	d.followed = now.Truncate(time.Hour)
	if d.shared.Held() {
		return
	}
	var f impact.Follows
	for _, p := range d.products {
		f.Add(p.Tracker)
	}
	for _, p := range d.products {
		p.Follow(f)
	}
}

// rank has the cause looked for, and notes the products that are told in
// another way by it.
func (d *detection) rank(now time.Time) {
	for _, product := range d.ranking.rank(d.products, now) {
		d.note(product)
	}
}

// turn notes that a product's level changed at that instant. What hurts one
// may hurt others: they are looked at from its onset on.
func (d *detection) turn(product string, at time.Time) {
	d.note(product)
	d.rank(at)
	tr := d.of[product].Trouble()
	if !tr.On {
		d.shared.Reset()
		return
	}
	if tr.Slow {
		return
	}
	more := false
	for _, p := range d.products {
		if p.id != product && p.Suspect(tr.Onset, false) {
			d.note(p.id)
			more = true
		}
	}
	if more {
		d.rank(at)
	}
	d.doubts(at)
}

func (d *detection) note(product string) {
	if d.turns == nil {
		d.turns = map[string]bool{}
	}
	d.turns[product] = true
}

// turned returns the products whose level changed since it was last asked, in
// the order of the configuration.
func (d *detection) turned() []string {
	if len(d.turns) == 0 {
		return nil
	}
	var out []string
	for _, p := range d.products {
		if d.turns[p.id] {
			out = append(out, p.id)
		}
	}
	clear(d.turns)
	return out
}

// hinted looks at every product that uses a component from the instant on at
// which its trouble seems to have begun.
func (d *detection) hinted(component string, now time.Time) {
	list := make([]*impact.Tracker, len(d.products))
	for i, p := range d.products {
		list[i] = p.Tracker
	}
	for i, onset := range impact.Onsets(list, component, now) {
		if onset.IsZero() || !list[i].Uses(component) {
			continue
		}
		if list[i].Suspect(onset, true) {
			d.turn(d.products[i].id, now)
		}
	}
	d.hint = component
	d.doubts(now)
}

// doubts asks of every product whether what the others show decides that it is
// hurt.
func (d *detection) doubts(now time.Time) {
	for _, p := range d.products {
		if p.Asks(true) {
			d.doubt(p.id, now)
		}
	}
}

// askEvery is how much time passes, for each check, between two such questions:
// an answer takes a tenth of it.
const askEvery = 25 * time.Microsecond

// doubt decides by what the other products show whether this one is hurt, of
// which it has some evidence itself.
func (d *detection) doubt(product string, now time.Time) {
	if !passed(d.asked, now, time.Duration(d.checks)*askEvery) {
		return
	}
	d.asked = now
	t := d.of[product]
	since, ok := t.Suspected()
	if !ok {
		return
	}
	hurt, causes := d.ranking.reach(d.products, product, since, now)
	if t.Uses(d.hint) {
		odds := d.shared.Odds() / max(t.Own(), 1) // without what it shows itself
		if chance := impact.ReachUsed * odds / (1 + odds); chance > hurt {
			hurt, causes = chance, map[string]float64{d.hint: 1}
		}
	}
	if t.Believe(hurt, causes) {
		d.turn(product, now)
	}
}

// mark starts the clock of a repair in the products that were hurt, as soon as
// their results reach the instant of the action. In a replay the events come
// before the results.
func (d *detection) mark(e incident.Event) {
	if d.marks == nil {
		d.marks = map[string][]time.Time{}
	}
	for _, p := range e.Products {
		if list := d.marks[p]; d.of[p] != nil {
			d.marks[p] = append(slices.Clone(list[max(0, len(list)+1-mostMarks):]), e.At)
		}
	}
}

// mostMarks bounds the actions that a product keeps of which no result came.
const mostMarks = 100

// reachMarks tells a product's tracker of the actions up to an instant.
func (d *detection) reachMarks(product string, at time.Time) {
	list := d.marks[product]
	n := 0
	for ; n < len(list) && !list[n].After(at); n++ {
		// A restored state knows the marks before it; one from before its trouble is none of it.
		if t := d.of[product]; !list[n].Before(t.Trouble().Onset) {
			t.Mark(list[n])
		}
	}
	if n == len(list) {
		delete(d.marks, product)
	} else if n > 0 {
		d.marks[product] = slices.Clone(list[n:])
	}
}

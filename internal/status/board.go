package status

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// Definition is what the configuration says of the company.
type Definition struct {
	Company  string
	Timezone *time.Location // nil means UTC
	Window   time.Duration  // over which failures are counted; 0 means impact.DefaultWindow
	// FalseAlarms is the budget of one product in 30 days; 0 means 1.
	FalseAlarms float64
	// Normal: what ended before this instant is known to be normal; zero when nothing is.
	Normal     time.Time
	Components []Component
	Products   []Product
	Checks     []checks.Check
}

// Component is something shared that products depend on.
type Component struct {
	ID, Name  string
	DependsOn []string
}

// Product is what clients use and one team owns.
type Product struct {
	ID, Name, Owner string
	SaysDegraded    string // the effect on clients in business words; may be empty
	SaysOutage      string
	Source          checks.Source
}

// Board holds the present state of every product and incident. Its methods
// may be called from any goroutine.
type Board struct {
	mu         sync.Mutex
	def        Definition                 // guarded by mu
	trackers   map[string]*impact.Tracker // :: product id -> tracker
	checks     map[string]*checkRecord    // :: check id -> its definition and last failures
	byProduct  map[string][]*checkRecord  // :: product id -> its checks, as declared
	company    *impact.Company
	companySeq uint64    // journal sequence up to which the restored company has seen all
	hint       string    // component that last showed trouble over all products
	asked      time.Time // when doubt was last decided, in the time of results
	causes     Causes
	evidence   []impact.Evidence // room for what causes are made of; nil while nothing hurts
	scores     scores
	lights     map[string]seenIn             // :: product id -> how its trouble was last told
	hurt       bool                          // a product is in trouble
	ranked     time.Time                     // when the cause was last looked for, in the time of results
	metrics    map[string]map[string]*metric // :: component id, name -> its own metric
	book       incident.Book                 // the log of incidents, and the desk
	marks      map[string][]time.Time        // :: product id -> actions whose instant its results have not reached
	judged     map[string]uint64             // :: product id -> journal sequence up to which its restored state has judged
	lastSeq    uint64                        // journal sequence of the newest batch taken in
	applied    uint64                        // results taken in
	changed    [FailureShards]bool           // shards of failures that are not stored as they are
	turns      map[string]bool               // :: product id -> its level changed since Turned was last asked
	order      inOrder                       // of the batch that is being taken in
	read       uint64                        // of what was read ahead
}

type checkRecord struct {
	def      *checks.Check // of Definition.Checks
	ref      impact.Ref    // none when its product is not declared
	newest   checks.Result
	failures []checks.Result // newest first
}

// NewBoard returns an empty board: every product is unknown until results come.
func NewBoard(def Definition) *Board {
	if def.Window <= 0 {
		def.Window = impact.DefaultWindow
	}
	b := &Board{def: Definition{Window: def.Window}, lights: map[string]seenIn{}}
	b.Redefine(def)
	return b
}

// Redefine makes the board one of other products and checks. What is known of
// those that stay is kept. The window stays what it was.
func (b *Board) Redefine(def Definition) {
	if def.Timezone == nil {
		def.Timezone = time.UTC
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	def.Window = b.def.Window
	b.def = def
	records, trackers := b.checks, b.trackers
	b.checks = make(map[string]*checkRecord, len(def.Checks))
	b.trackers = make(map[string]*impact.Tracker, len(def.Products))
	b.byProduct = make(map[string][]*checkRecord, len(def.Products))
	of := map[string][]checks.Check{}
	for i := range def.Checks {
		c := &def.Checks[i]
		r := records[c.ID]
		if r == nil || r.def.Product != c.Product {
			r = &checkRecord{}
		}
		r.def, r.ref = c, impact.Ref{}
		b.checks[c.ID] = r
		b.byProduct[c.Product] = append(b.byProduct[c.Product], r)
		of[c.Product] = append(of[c.Product], *c)
	}
	closure := def.closure()
	b.company = def.newCompany()
	metrics := b.metrics
	b.metrics = make(map[string]map[string]*metric, len(def.Components))
	for _, c := range def.Components {
		if b.metrics[c.ID] = metrics[c.ID]; b.metrics[c.ID] == nil {
			b.metrics[c.ID] = map[string]*metric{}
		}
	}
	for _, p := range def.Products {
		t := trackers[p.ID]
		if t == nil {
			t = impact.NewTracker(impact.Config{Window: def.Window, FalseAlarms: def.FalseAlarms, Normal: def.Normal, Closure: closure, Company: b.company}, of[p.ID])
		} else {
			t.Redefine(of[p.ID], b.company)
		}
		b.trackers[p.ID] = t
		for i, r := range b.byProduct[p.ID] {
			r.ref = impact.Ref{Tracker: t, Number: i}
		}
	}
	perDay := 0.0
	for _, t := range b.trackers {
		perDay += t.PerDay()
	}
	b.company.Expect(perDay)
}

// Definition returns the products and checks that the board is of.
func (b *Board) Definition() Definition {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.def
}

// Apply takes in one batch of results, in the order of the journal; seq is
// its sequence there. Within a batch results count in the order in which they
// ended. Results of checks that are no longer defined are ignored.
func (b *Board) Apply(seq uint64, results []checks.Result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lastSeq = max(b.lastSeq, seq)
	b.company.Hold(seq <= b.companySeq)
	order := b.order.of(results)
	var records [ahead]*checkRecord
	var refs [ahead]impact.Ref
	for len(order) > 0 {
		n := min(len(order), ahead)
		for j, i := range order[:n] {
			records[j] = b.checks[results[i].Check]
		}
		for j, c := range records[:n] {
			if refs[j] = (impact.Ref{}); c != nil {
				refs[j] = c.ref
				b.read += uint64(c.newest.Duration) + uint64(c.newest.Phases.Transfer)
			}
		}
		b.read += impact.Ahead(refs[:n])
		for j, i := range order[:n] {
			if refs[j].Tracker != nil {
				b.apply(seq, records[j], &results[i])
			}
		}
		order = order[n:]
	}
}

// ahead is for how many results what they need is read before they are taken in.
const ahead = 16

// apply takes in one result of a check.
func (b *Board) apply(seq uint64, c *checkRecord, r *checks.Result) {
	b.applied++
	judge := len(b.judged) == 0 || seq > b.judged[c.def.Product]
	if judge && len(b.marks) > 0 {
		b.reachMarks(c.def.Product, r.Ended())
	}
	if c.ref.Tracker.ApplyTo(c.ref.Number, b.muted(r), judge) {
		b.turned(c.def.Product, r.Ended())
	}
	if c.def.Measures != "" && r.Evidence != nil {
		b.measured(c.def.Measures, r)
	}
	if c.ref.Tracker.Asks(false) {
		b.doubt(c.def.Product, r.Ended())
	}
	if component, ok := b.company.Hint(); ok {
		b.hinted(component, r.Ended())
	}
	if b.hurt && b.rankDue(r.Ended()) {
		b.rank(r.Ended())
		b.doubts(r.Ended())
	}
	if !r.Started.Before(c.newest.Started) {
		c.newest = *r
		c.newest.Check, c.newest.Product = c.def.ID, c.def.Product // those of r hold its batch's texts
	}
	if r.Outcome != checks.Pass {
		if c.keep(*r, b.room()) {
			b.changed[shardOf(r.Check)] = true
		}
	}
}

// Applied returns the number of results taken in.
func (b *Board) Applied() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.applied
}

// ApplyEvent takes in one event of an incident's log.
func (b *Board) ApplyEvent(e incident.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.Kind == incident.Mark && b.book.New(e) {
		b.mark(e)
	}
	b.book.Add(e)
}

// Log returns the log of incidents, for decisions. It copies nothing.
func (b *Board) Log() incident.Log {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.book.Log()
}

// FindProduct returns the product that a person means: by id, or by name
// without regard to case.
func (d Definition) FindProduct(said string) (Product, bool) {
	for _, p := range d.Products {
		if strings.EqualFold(p.ID, said) || strings.EqualFold(p.Name, said) {
			return p, true
		}
	}
	return Product{}, false
}

// closure returns the func that gives all components that one goes through
// who uses some: those, what they depend on, and so on, sorted.
func (d Definition) closure() func(uses []string) []string {
	depends := make(map[string][]string, len(d.Components))
	for _, c := range d.Components {
		depends[c.ID] = c.DependsOn
	}
	return func(uses []string) []string {
		seen := map[string]bool{}
		var walk func(ids []string)
		walk = func(ids []string) {
			for _, id := range ids {
				if !seen[id] {
					seen[id] = true
					walk(depends[id])
				}
			}
		}
		walk(uses)
		return slices.Sorted(maps.Keys(seen))
	}
}

package status

import (
	"maps"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/impact"
	"github.com/statusbot/statusbot/internal/incident"
)

// Board holds the present state of every product and incident. Its methods
// may be called from any goroutine.
//
// What it does is done in rooms: a result is judged by detection, which asks
// ranking who may be to blame; records keeps what people look at, and position
// where in the journal that is. The rooms have no locks of their own. They are
// entered with mu held, by methods of Board alone, and nothing of theirs that
// changes is handed out.
type Board struct {
	mu        sync.Mutex // guards all that follows
	def       Definition
	detection detection
	ranking   ranking
	records   records
	controls  controls
	position  position
	book      incident.Book // the log of incidents, and the desk
	pools     pools
	repeats   map[string]wentBack // :: product id -> the last time that its clock was set back
	looks     map[look]int64      // :: mark that is not judged yet -> the impact.EffectUnit, since 1970, in which it was looked at
	order     inOrder             // of the batch that is being taken in
	read      uint64              // of what was read ahead
}

// NewBoard returns an empty board: every product is unknown until results come.
func NewBoard(def Definition) *Board {
	if def.Window <= 0 {
		def.Window = impact.DefaultWindow
	}
	b := &Board{def: Definition{Window: def.Window}, repeats: map[string]wentBack{}, looks: map[look]int64{}}
	b.ranking.lights = map[string]seenIn{}
	b.detection.ranking = &b.ranking
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
	b.records.redefine(def)
	b.ranking.redefine(def)
	b.detection.redefine(def, b.records.ofProduct)
	b.controls.redefine(def)
	maps.DeleteFunc(b.repeats, func(product string, _ wentBack) bool { return b.detection.of[product] == nil })
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
	b.detection.shared.Hold(b.position.begin(seq))
	order := b.order.of(results)
	var records [ahead]*checkRecord
	var refs [ahead]impact.Ref
	for len(order) > 0 {
		n := min(len(order), ahead)
		for j, i := range order[:n] {
			records[j] = b.records.of[results[i].Check]
		}
		for j, c := range records[:n] {
			if refs[j] = (impact.Ref{}); c != nil {
				refs[j] = c.ref
				b.read += uint64(c.newest.duration) + uint64(c.newest.started)
			}
		}
		b.read += impact.Ahead(refs[:n])
		for j, i := range order[:n] {
			switch {
			case refs[j].Tracker != nil:
				b.apply(seq, records[j], &results[i])
			case records[j] == nil && b.controls.take(&results[i], b.position.judges(seq, noProduct)):
				b.position.applied++
			}
		}
		order = order[n:]
	}
}

// ahead is for how many results what they need is read before they are taken in.
const ahead = 16

// apply takes in one result of a check.
func (b *Board) apply(seq uint64, c *checkRecord, r *checks.Result) {
	b.position.applied++
	b.detection.take(c, b.muted(r), b.position.judges(seq, c.def.Product))
	if len(b.detection.back) > 0 {
		b.setBack(seq)
	}
	b.records.take(c, r)
}

// Applied returns the number of results taken in.
func (b *Board) Applied() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.position.applied
}

// Turned returns the products whose level changed since it was last asked, in
// the order of the configuration.
func (b *Board) Turned() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.detection.turned()
}

// ApplyMetric takes in one value of a component's own metric, such as its CPU
// share or its latency: it helps to tell components apart that the checks do
// not. Values of components that are not declared, values that are no numbers
// and values that are older than the newest are left out.
func (b *Board) ApplyMetric(component, name string, at time.Time, value float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if of, ok := b.ranking.metrics[component]; ok {
		of.take([]byte(name), at, value)
	}
}

// ApplyEvent takes in one event of an incident's log.
func (b *Board) ApplyEvent(e incident.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e.Kind == incident.Mark && b.book.New(e) {
		b.detection.mark(e)
	}
	b.book.Add(e)
}

// Knows reports whether an incident's event of a sequence was taken in.
func (b *Board) Knows(id string, seq uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.book.Knows(id, seq)
}

// LogCheckpoint is the log of incidents in its stored form. Up to read all
// events of the journal were taken in. The board is held for a copy of the
// heads of what ended.
func (b *Board) LogCheckpoint(read incident.Position) ([]byte, error) {
	b.mu.Lock()
	frozen := b.book.Freeze()
	b.mu.Unlock()
	return frozen.Encode(read)
}

// RestoreLog sets the log of incidents; to be called before the first
// ApplyEvent.
func (b *Board) RestoreLog(r incident.Restored) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.book = r.Book()
}

// Log returns the log of incidents, for decisions. It copies nothing.
func (b *Board) Log() incident.Log {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.book.Log()
}

package impact

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
	"unique"

	"github.com/statusbot/statusbot/internal/checks"
)

// DefaultWindow is the span over which failures and tries are counted.
const DefaultWindow = 10 * time.Minute

// staleAfter is how many intervals without a measurement make a check stale.
const staleAfter = 3

// Config says what a Tracker goes by; its zero value is useful.
type Config struct {
	Window      time.Duration // over which results are counted for display; 0 means DefaultWindow
	FalseAlarms float64       // budget of one product in 30 days; 0 means 1
	Normal      time.Time     // results before this instant are known to be normal: learnt from, and never an alarm
	Shared      *Shared       // told of each result; nil means that the product is looked at alone
	// Closure returns all components that one goes through who uses these,
	// itself included; nil means just these.
	Closure func(uses []string) []string
}

// Tracker follows one product. It is not safe for concurrent use; its owner
// locks.
//
// Results are taken in as they come. One that ended before others that were
// taken in already is put in its place as long as it is not older than a
// minute before the newest: the state is then what it would be had it come in
// time. What is older counts in the figures and the history, and is not
// judged; where all that comes is, the clock was set back, and time goes on from
// there (clock).
type Tracker struct {
	cfg     Config
	list    []*checkState // as declared
	order   []int32       // their numbers, in the order of their ids
	tapes   []*tape       // by number of the stream
	design  design
	latency histogram // of the window
	usual   histogram // of times without trouble
	minutes minutes
	units   *units // nil: a minute is no longer than a unit

	now     model
	past    [2]model         // states of more than one and of about one, up to two, lateness ago
	since   []obs            // taken in since past[0], in order
	second  int              // of them, up to past[1]
	undo    undo             // for the newest of them
	unnamed int              // streams of which it is not known where they run
	naming  int64            // since when the design lacks vantages that are known by now; 0 when it lacks none
	known   []known          // of the first tape of each check, by its place in list
	told    map[slowKey]bool // after Restore: those of the window that were slower than usual

	clock    clock     // of the results that are judged
	replayed clock     // of those before that only fill the windows
	back     clockStep // see WentBack
}

// slowKey is one result that was slower than usual.
type slowKey struct {
	at     int64
	tookUS uint32
	stream uint32
}

// lateness is how much later than others a result may come and still be put
// in its place.
const lateness = time.Minute

// checkState is one check: what each result needs of it comes first, with the
// record from its first vantage, which is the only one as a rule.
type checkState struct {
	first    tape
	asOf     int64 // end of the newest result of any outcome, unix nanoseconds; 0 while there is none
	measured int64 // end of the newest result that tells something, likewise
	slips    int64 // nanoseconds between two such results that one in twenty exceeds
	id       string
	*manner
	more   *[]*tape // instead of the first alone, unless nil: one for each vantage, in their order
	one    [1]*tape
	newest code // of the newest result
}

// manner is what many checks of a product are alike in; it does not change.
type manner struct {
	product string
	region  string
	uses    []string // closed
	every   time.Duration
	expect  int  // results that a window keeps as a rule
	inside  bool // Evidence.Inside
	passive bool
}

// tapes returns the records of a check, one for each vantage.
func (s *checkState) tapes() []*tape {
	if s.more != nil {
		return *s.more
	}
	return s.one[:]
}

// tape is the record of one check from one vantage.
type tape struct {
	check   *checkState
	vantage string
	number  int // of its stream
	window  window
	cells   cells
}

func newCheckState(id string) *checkState {
	s := &checkState{id: id}
	s.first.check, s.one[0] = s, &s.first
	return s
}

// span is over how long results of a check are counted.
func (t *Tracker) span(c *checkState) spanOf { return spanOf{t.cfg.Window, c.expect} }

// NewTracker follows a product with these checks.
func NewTracker(cfg Config, list []checks.Check) *Tracker {
	if cfg.Window <= 0 {
		cfg.Window = DefaultWindow
	}
	t := &Tracker{cfg: cfg, units: newUnits(cfg.Window)}
	t.Redefine(cfg, list)
	return t
}

// Redefine makes the tracker one of other checks of the product, and has it go
// by another Config but for its window and what is known to be normal. What is
// known of the checks that stay is kept; what was seen of those that went
// counts no longer.
func (t *Tracker) Redefine(cfg Config, list []checks.Check) {
	t.cfg.Shared, t.cfg.FalseAlarms, t.cfg.Closure = cfg.Shared, cfg.FalseAlarms, cfg.Closure
	if t.cfg.FalseAlarms <= 0 {
		t.cfg.FalseAlarms = 1
	}
	if t.cfg.Closure == nil {
		t.cfg.Closure = func(uses []string) []string { return uses }
	}
	old := make(map[string]*checkState, len(t.list)) // :: check id -> its state
	for _, s := range t.list {
		old[s.id] = s
	}
	alike := manners{}
	t.list, t.order = make([]*checkState, 0, len(list)), make([]int32, len(list))
	for _, c := range list {
		s, ok := old[c.ID]
		if !ok {
			s = newCheckState(c.ID)
		}
		s.manner = alike.of(t, &c)
		t.list = append(t.list, s)
		delete(old, c.ID)
	}
	for _, s := range old {
		for _, tp := range s.tapes() {
			tp.window.all(func(r seen) {
				if r.served() {
					t.latency.count(bucketOf(r.tookUS), -1)
				}
			})
		}
	}
	for i := range t.order {
		t.order[i] = int32(i)
	}
	slices.SortFunc(t.order, func(x, y int32) int { return cmp.Compare(t.list[x].id, t.list[y].id) })
	t.known = make([]known, len(t.list))
	t.redesign()
}

// manners are those of the checks of one product.
type manners map[mannerKey]*manner

// mannerKey is all of a check that makes its manner.
type mannerKey struct {
	product, region, measures string
	uses                      string // a NUL between them
	every                     time.Duration
	passive                   bool
}

// of returns the manner of a check, which it shares with those that are alike.
func (ms manners) of(t *Tracker, c *checks.Check) *manner {
	k := mannerKey{c.Product, c.Region, c.Measures, strings.Join(c.Uses, "\x00"), c.Every, c.Passive}
	m, ok := ms[k]
	if !ok {
		m = &manner{product: c.Product, region: c.Region, uses: t.cfg.Closure(c.Uses), every: c.Every, expect: expected(t.cfg.Window, c.Every), passive: c.Passive}
		m.inside = t.inside(*c, m.uses)
		ms[k] = m
	}
	return m
}

// check returns the state of a check by its id; nil when there is none.
func (t *Tracker) check(id string) *checkState {
	i, ok := slices.BinarySearchFunc(t.order, id, func(n int32, id string) int { return cmp.Compare(t.list[n].id, id) })
	if !ok {
		return nil
	}
	return t.list[t.order[i]]
}

// inside reports whether a check is measured at the component that it is
// about: its values are that component's own, and it goes through that and
// what that depends on and through nothing else. A check whose values are
// another component's says by its outcome what it sees from where it runs.
func (t *Tracker) inside(c checks.Check, uses []string) bool {
	if !slices.Contains(c.Uses, c.Measures) {
		return false
	}
	own := t.cfg.Closure([]string{c.Measures})
	return !slices.ContainsFunc(uses, func(id string) bool { return !slices.Contains(own, id) })
}

// tape returns the record of a check from a vantage. The first result says
// where a check runs; a further vantage is a further stream.
func (t *Tracker) tape(s *checkState, vantage string) *tape {
	if s.first.vantage == vantage {
		return &s.first
	}
	return t.otherTape(s, unique.Make(vantage).Value()) // there are few of them, and many tapes
}

func (t *Tracker) otherTape(s *checkState, vantage string) *tape {
	for _, tp := range s.tapes() {
		if tp.vantage == vantage {
			return tp
		}
	}
	if first := s.tapes()[0]; first.vantage == "" && first.window.seen.len() == 0 && first.cells.Newest == 0 {
		first.vantage = vantage
		if t.unnamed--; t.unnamed > 0 { // a new design for each of ten thousand checks would take minutes
			if t.naming == 0 {
				t.naming = max(t.now.At, 1)
			}
			return first
		}
	} else {
		all := append(slices.Clone(s.tapes()), &tape{check: s, vantage: vantage})
		slices.SortFunc(all, func(x, y *tape) int { return cmp.Compare(x.vantage, y.vantage) })
		s.more = &all
	}
	t.redesign()
	return t.otherTape(s, vantage)
}

// redesign makes the model one of the present streams, with what is known of
// those that it had.
func (t *Tracker) redesign() {
	type key struct{ check, vantage string }
	streams := map[key]streamModel{}
	for i, tp := range t.tapes {
		streams[key{tp.check.id, tp.vantage}] = t.now.Streams[i]
	}
	was := t.design
	n := 0
	for _, s := range t.list {
		n += len(s.tapes())
	}
	t.tapes, t.naming, t.unnamed = make([]*tape, 0, n), 0, 0
	d := design{normal: t.cfg.Normal.UnixNano(), streams: make([]stream, 0, n)}
	if t.cfg.Normal.IsZero() {
		d.normal = 0
	}
	for _, s := range t.list {
		for _, tp := range s.tapes() {
			tp.number = len(t.tapes)
			if tp.vantage == "" {
				t.unnamed++
			}
			t.tapes = append(t.tapes, tp)
			d.streams = append(d.streams, streamOf(s, tp.vantage))
			d.perDay += float64(24*time.Hour) / float64(max(s.every, time.Millisecond))
		}
	}
	d.scopes = scopesOf(d.streams)
	d.parts = ofComponents(d.streams, d.scopes)
	d.link(t.cfg.Shared)
	d.weighUp()
	if d.alike(&was) {
		t.design = d
		t.threshold()
		return
	}
	m := d.newModel()
	m.At, m.Trouble, m.Quiet, m.Learn, m.Returns, m.Near, m.Hours, m.Briefs = t.now.At, t.now.Trouble, t.now.Quiet, t.now.Learn, t.now.Returns, t.now.Near.forgotten(), t.now.Hours, t.now.Briefs
	for i, tp := range t.tapes {
		if s, ok := streams[key{tp.check.id, tp.vantage}]; ok {
			m.Streams[i] = s
		}
	}
	numbers := make(map[string]int, len(was.scopes))
	for j, sc := range was.scopes {
		numbers[sc.key] = j
	}
	for k, sc := range d.scopes {
		if j, ok := numbers[sc.key]; ok {
			copy(m.R[k*block:(k+1)*block], t.now.R[j*block:(j+1)*block])
		}
	}
	t.design, t.now, t.undo = d, m, undo{}
	t.threshold()
	t.now.exact(&t.design)
	t.settle()
}

// alike reports whether a model of o is one of d as well.
func (d *design) alike(o *design) bool {
	return slices.EqualFunc(d.streams, o.streams, func(x, y stream) bool { return x.of.id == y.of.id && x.vantage == y.vantage }) &&
		slices.EqualFunc(d.scopes, o.scopes, func(x, y scope) bool {
			return x.key == y.key && x.weight == y.weight && slices.Equal(x.members, y.members)
		})
}

// threshold sets the statistic from which trouble is told: what the proof
// asks for, times what the detector overshoots it by.
func (t *Tracker) threshold() {
	d := &t.design
	share := 0.0
	for i := range t.now.Streams {
		share += t.now.Streams[i].fail.share
	}
	share /= float64(max(len(t.now.Streams), 1))
	d.alarm = 30 * d.perDay / t.cfg.FalseAlarms * overshoot(share) * spare(len(d.streams))
}

// settle makes the present state the one that late results are put behind.
func (t *Tracker) settle() {
	t.past[0].copyFrom(&t.now)
	t.past[1].copyFrom(&t.now)
	t.since, t.second = t.since[:0], 0
	t.undo.forget()
}

// expected returns how many results of a check are kept as a rule, at most
// 4,096: more is made room for when it comes.
func expected(span, every time.Duration) int {
	if every <= 0 {
		return keepAtLeast
	}
	return min(max(int(max(span, KeepResults)/every), keepAtLeast), 4096)
}

// Apply takes in one result of one of the product's checks; results of other
// checks are ignored, and so is one that was taken in already. With judge
// false only the window is filled: used for results that an earlier state,
// given to Restore, has already seen. It reports whether the level changed.
func (t *Tracker) Apply(r checks.Result, judge bool) (turned bool) {
	if c := t.check(r.Check); c != nil {
		return t.apply(c, &r, judge)
	}
	return false
}

// ApplyTo is Apply for the check of that number, as declared: it spares a
// search by name.
func (t *Tracker) ApplyTo(number int, r *checks.Result, judge bool) (turned bool) {
	return t.apply(t.list[number], r, judge)
}

func (t *Tracker) apply(c *checkState, r *checks.Result, judge bool) (turned bool) {
	tp := t.tape(c, r.Vantage)
	at := r.Started.UnixNano() + int64(r.Duration)
	if t.naming > 0 && t.now.At > t.naming+int64(lateness) {
		t.redesign()
	}
	s := seen{at: micro(at), tookUS: uint32(min(max(r.Duration.Microseconds(), 0), 1<<32-1)), outcome: codeOf(r.Outcome)}
	if at > c.asOf {
		c.asOf, c.newest = at, s.outcome
	}
	if s.told() && at > c.measured {
		c.slipped(at)
		c.measured = at
	}
	s.slow = s.outcome == codeDegraded || !judge && t.told[slowKey{s.at, s.tookUS, uint32(tp.number)}]
	of, newest := t.span(c), tp.window.newest()
	counted, fresh := tp.window.add(s, of)
	t.follow(c, s, newest, !fresh, judge)
	tp.window.expire(at, of, &t.latency)
	ln := 0.0
	if s.served() {
		ln = lnSeconds(s.tookUS)
	}
	if counted && s.served() {
		t.latency.count(bucketAt(s.tookUS, ln), 1)
	}
	if fresh && !judge && s.told() {
		t.units.add(s) // which are not stored
	}
	if !fresh || !judge || !s.told() {
		return false
	}
	t.told = nil
	on, outage := t.now.Trouble.On, t.now.Trouble.Outage
	// In the window before it is judged: a trouble begins with counts that hold this result.
	o := obsOf(s.at, s.tookUS, tp.number, s.outcome, 0)
	if s.slow {
		o.setMark(markSlow)
	}
	m := t.take(o, ln)
	if on && !t.now.Trouble.On {
		t.cfg.Shared.ended(t.now.overOf, t.now.over)
	}
	s.slow = m&markSlow != 0
	tp.cells.add(s)
	t.minutes.add(s)
	t.units.add(s)
	if m&markUsual != 0 {
		t.usual.count(bucketAt(s.tookUS, ln), 1)
		t.usual.fade()
	}
	return on != t.now.Trouble.On || outage != t.now.Trouble.Outage
}

// take gives a result to the model: at the end, or in its place if it comes
// late. It reports what else counts by it.
func (t *Tracker) take(o obs, ln float64) mark {
	if o.at >= t.now.At {
		if o.at >= t.past[1].At+int64(lateness) {
			t.past[0].copyFrom(&t.past[1])
			t.since = slices.Delete(t.since, 0, t.second)
			t.past[1].copyFrom(&t.now)
			t.second = len(t.since)
			if !t.undo.late {
				t.undo = undo{}
			}
			t.undo.late = false
		}
		if n := len(t.since); n == 0 || before(t.since[n-1], o) {
			o.setMark(t.feed(o, ln))
			if t.since == nil { // as many as two minutes bring, and some more
				t.since = make([]obs, 0, min(int(t.design.perDay/700), 1<<16)+16)
			}
			t.since = append(t.since, o)
			if t.cfg.Shared != nil && t.now.last != nil {
				t.cfg.Shared.weigh(t.design.rows(o.stream()), t.now.last)
			}
			return o.mark()
		}
	}
	if o.at <= t.past[0].At {
		return 0
	}
	at, _ := slices.BinarySearchFunc(t.since, o, func(x, y obs) int {
		if before(x, y) {
			return -1
		}
		return 1
	})
	from := t.goBack(at)
	t.since = slices.Insert(t.since, at, o)
	if at < t.second {
		t.second++
	}
	for i := from; i < len(t.since); i++ {
		if i == t.second {
			t.past[1].copyFrom(&t.now)
		}
		x := &t.since[i]
		was := x.mark()
		if x.setMark(t.feed(*x, x.ln())); i != at && x.mark() != was {
			t.remark(*x, was)
		}
	}
	return t.since[at].mark()
}

// Mark says that somebody tried something at that instant: from there the
// clock of a repair runs.
func (t *Tracker) Mark(at time.Time) {
	t.now.mark(at.UnixNano())
	t.settle()
}

// Minutes returns the product's minutes that begin at or after from and
// before to, of the last 24 hours.
func (t *Tracker) Minutes(from, to time.Time) []Minute { return t.minutes.list(from, to) }

// doubt is the statistic from which more results would settle something:
// half of the way to an alarm, in nats.
func (t *Tracker) doubt() float64 { return math.Sqrt(t.design.alarm) }

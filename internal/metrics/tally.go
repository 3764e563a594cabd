package metrics

import (
	"math"
	"slices"
	"sync"
	"time"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/status"
)

// reasons are all that are told: another one, of a journal that a later version
// wrote, is "other".
var reasons = []checks.Reason{
	checks.ReasonNone, checks.ReasonDNS, checks.ReasonConnect, checks.ReasonTLS, checks.ReasonTimeout, checks.ReasonReset, checks.ReasonStatus,
	checks.ReasonAssertion, checks.ReasonLatency, checks.ReasonScript, checks.ReasonProtocol, checks.ReasonInternal,
}

const (
	otherReason  = checks.Reason("other")
	vantagesMost = 16 // told apart of one check; more are "other"
	otherVantage = "other"
)

// Tally counts results since it was made, check by check. It takes some 500
// bytes of each check. Safe for concurrent use.
type Tally struct {
	board *status.Board

	mu       sync.Mutex
	def      status.Definition      // guarded by mu, as all below; the board's when it was last looked at
	of       map[string]*checkTally // :: check id -> what is counted of it; those of def
	products map[string]*spread     // :: product id -> durations of its checks
}

// checkTally is what is counted of one check.
type checkTally struct {
	product  string
	vantages []vantageTally // in the order in which they came
}

type vantageTally struct {
	vantage   string
	counts    []count // in the order in which they came
	durations spread
}

// count is how many results had an outcome and a reason.
type count struct {
	outcome checks.Outcome
	reason  checks.Reason
	n       uint64
}

// NewTally counts the results of the checks that a board is of.
func NewTally(board *status.Board) *Tally {
	return &Tally{board: board, of: map[string]*checkTally{}, products: map[string]*spread{}}
}

// Note counts a batch. Results of checks that are not defined are left out.
func (t *Tally) Note(batch []checks.Result) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.look()
	for i := range batch {
		r := &batch[i]
		c := t.of[r.Check]
		if c == nil {
			continue
		}
		c.at(r.Vantage).take(r)
		if p := t.products[c.product]; p != nil && r.Outcome != checks.Unknown {
			p.add(r.Duration)
		}
	}
}

// look takes in what a reload changed: what is gone is forgotten.
func (t *Tally) look() {
	def := t.board.Definition()
	if same(def.Checks, t.def.Checks) && same(def.Controls, t.def.Controls) && len(def.Products) == len(t.products) {
		return
	}
	t.def = def
	of, products := make(map[string]*checkTally, len(def.Checks)), make(map[string]*spread, len(def.Products))
	for _, p := range def.Products {
		if products[p.ID] = t.products[p.ID]; products[p.ID] == nil {
			products[p.ID] = &spread{}
		}
	}
	for _, list := range [][]checks.Check{def.Checks, def.Controls} {
		for i := range list {
			c := &list[i]
			if of[c.ID] = t.of[c.ID]; of[c.ID] == nil || of[c.ID].product != c.Product {
				of[c.ID] = &checkTally{product: c.Product}
			}
		}
	}
	t.of, t.products = of, products
}

// same reports whether two lists are one: a reload makes a new one.
func same(a, b []checks.Check) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func (c *checkTally) at(vantage string) *vantageTally {
	for i := range c.vantages {
		if c.vantages[i].vantage == vantage {
			return &c.vantages[i]
		}
	}
	if len(c.vantages) >= vantagesMost && vantage != otherVantage {
		return c.at(otherVantage)
	}
	c.vantages = append(c.vantages, vantageTally{vantage: vantage})
	return &c.vantages[len(c.vantages)-1]
}

func (v *vantageTally) take(r *checks.Result) {
	reason := r.Reason
	if !slices.Contains(reasons, reason) {
		reason = otherReason
	}
	i := slices.IndexFunc(v.counts, func(c count) bool { return c.outcome == r.Outcome && c.reason == reason })
	if i < 0 {
		i = len(v.counts)
		v.counts = append(v.counts, count{outcome: r.Outcome, reason: reason})
	}
	v.counts[i].n++
	if r.Outcome != checks.Unknown {
		v.durations.add(r.Duration)
	}
}

// Durations are counted in the buckets of a native histogram of schema 3, each
// 2^(1/8) = 1.09 times as wide as the one before: from a microsecond to an hour
// these are 256, of which one check fills some 20.
const (
	schema     = 3
	perDouble  = 1 << schema
	leastTaken = time.Microsecond
)

// spread is a histogram of durations.
type spread struct {
	buckets []bucket // sorted
	n       uint64
	sum     float64 // seconds
}

// bucket counts durations over 2^((index-1)/8) s and up to 2^(index/8) s.
type bucket struct {
	index int32
	n     uint32
}

func (s *spread) add(d time.Duration) {
	seconds := max(d, leastTaken).Seconds()
	index := int32(math.Ceil(math.Log2(seconds) * perDouble))
	i, there := slices.BinarySearchFunc(s.buckets, index, func(b bucket, index int32) int { return int(b.index - index) })
	if !there {
		s.buckets = slices.Insert(s.buckets, i, bucket{index: index})
	}
	s.buckets[i].n++
	s.n++
	s.sum += seconds
}

// native returns the buckets as client_golang takes them.
func (s *spread) native() map[int]int64 { // :: index -> durations
	out := make(map[int]int64, len(s.buckets))
	for _, b := range s.buckets {
		out[int(b.index)] = int64(b.n)
	}
	return out
}

// Bounds of the classic histogram: doublings from 4 ms to 32 s, which are bounds
// of the finer buckets as well.
const firstDouble, lastDouble = -8, 5

// classic returns how many durations were at most each bound.
func (s *spread) classic() map[float64]uint64 { // :: seconds -> durations
	out := make(map[float64]uint64, lastDouble-firstDouble+1)
	i, below := 0, uint64(0)
	for double := int32(firstDouble); double <= lastDouble; double++ {
		for ; i < len(s.buckets) && s.buckets[i].index <= double*perDouble; i++ {
			below += uint64(s.buckets[i].n)
		}
		out[math.Ldexp(1, int(double))] = below
	}
	return out
}

package agent

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

const (
	helloEvery = time.Second
	// silentAfter is how long an agent may say nothing before others have its checks.
	silentAfter = 4 * time.Second
	// settleFor is how long a desk that has just opened divides nothing unless all agents are there: they find it one after the other.
	settleFor = 5 * time.Second
	// bookEvery is how often a desk that is open looks who was let in or put out meanwhile, by another process.
	bookEvery = time.Second
)

// DeskConfig is what a desk goes by.
type DeskConfig struct {
	Book  Book
	Store func(data []byte) error // keeps encoded results; it may be called from several goroutines
	Log   *zap.Logger
	Now   func() time.Time // nil: time.Now

	Silent, Settle, BookEvery time.Duration // 0: silentAfter, settleFor, bookEvery
}

// Desk hands checks out to agents and takes their results in. It knows the checks
// all the time, and lets agents in while it is open. Its methods may be called from
// any goroutine.
type Desk struct {
	cfg DeskConfig

	mu     sync.Mutex
	posted map[string]*posting // guarded by mu; :: check id -> what is handed out
	at     map[string][]string // guarded by mu; :: vantage -> ids of its checks, sorted
	newest map[stream]int64    // guarded by mu; end of the newest result, unix nanoseconds
	live   map[string]*sign    // guarded by mu; :: agent id -> its last sign of life, since the desk was opened
	shares map[string]*share   // guarded by mu; :: agent id -> its checks; nil: to be divided anew
	known  map[string]enrolled // guarded by mu; :: agent id -> as it was enrolled
	tokens []token             // guarded by mu
	taken  uint64              // guarded by mu; the edition of the book that these are from
	opened time.Time           // guarded by mu; zero: it is closed
}

// posting is a check that agents probe.
type posting struct {
	check checks.Check
	data  []byte // as it is handed out
}

// stream is what one check shows from one vantage.
type stream struct{ check, vantage string }

// sign is what an agent said of itself last.
type sign struct {
	hello
	seen time.Time
}

// share is what one agent is to probe.
type share struct {
	stamp string
	ids   []string
}

// NewDesk returns a desk that is closed and has no checks.
func NewDesk(cfg DeskConfig) *Desk {
	or := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	or(&cfg.Silent, silentAfter)
	or(&cfg.Settle, settleFor)
	or(&cfg.BookEvery, bookEvery)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Desk{cfg: cfg, posted: map[string]*posting{}, at: map[string][]string{}, newest: map[stream]int64{}, live: map[string]*sign{}, known: map[string]enrolled{}}
}

// Define has the desk hand out those of the checks that name a vantage. What is
// sealed must be as it was. With an error everything is as before. A nil desk has
// none.
func (d *Desk) Define(list []checks.Check) error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	posted, at := map[string]*posting{}, map[string][]string{}
	for i := range list {
		c := &list[i]
		if len(c.Vantages) == 0 {
			continue
		}
		p := &posting{check: *c}
		p.check.Options, p.check.Secrets = nil, nil
		if _, sealed := c.Options.(probe.Sealed); !sealed {
			var err error
			if p.data, err = encodeCheck(*c); err != nil {
				return err
			}
		} else if was := d.posted[c.ID]; was != nil {
			p.data = was.data
		} else {
			return fmt.Errorf("check %q is sealed and was never handed out", c.ID) // unreachable: a new check is not sealed
		}
		posted[c.ID] = p
		for _, v := range c.Vantages {
			if v != checks.Here {
				at[v] = append(at[v], c.ID)
			}
		}
	}
	for _, ids := range at {
		slices.Sort(ids)
	}
	maps.DeleteFunc(d.newest, func(s stream, _ int64) bool { return posted[s.check] == nil })
	d.posted, d.at, d.shares = posted, at, nil
	return nil
}

// Note takes notice of stored results, of this desk or of another one: what is older
// is not stored after them. A nil desk keeps none of it.
func (d *Desk) Note(results []checks.Result) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range results {
		r := &results[i]
		if r.Vantage == "" || d.posted[r.Check] == nil {
			continue
		}
		s := stream{r.Check, r.Vantage}
		d.newest[s] = max(d.newest[s], r.Ended().UnixNano())
	}
}

// Mark names our own place in results of checks that are probed from elsewhere, too.
// nil desk has no such checks.
func (d *Desk) Mark(own []checks.Result) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range own {
		if len(d.posted) > 0 && d.posted[own[i].Check] != nil {
			own[i].Vantage = checks.Here
		}
	}
}

// hears notes what an agent says of itself, and returns which share it is to run.
func (d *Desk) hears(id string, h hello) welcome {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.cfg.Now()
	w := welcome{Now: now}
	if _, in := d.known[id]; !in {
		w.Out = true
		return w
	}
	if d.live[id] == nil {
		d.shares = nil
	}
	d.live[id] = &sign{h, now}
	d.missed(now)
	if d.settled(now) {
		w.Stamp = d.shareOf(id).stamp
	}
	return w
}

// settled reports whether a desk that has opened knows who is there. Mu is held.
func (d *Desk) settled(now time.Time) bool {
	return now.Sub(d.opened) >= d.cfg.Settle || len(d.live) == len(d.known)
}

// missed lets go of who has said nothing for too long. Mu is held.
func (d *Desk) missed(now time.Time) {
	for id, s := range d.live {
		if _, in := d.known[id]; !in || now.Sub(s.seen) > d.cfg.Silent {
			delete(d.live, id)
			d.shares = nil
		}
	}
}

// leaves lets go of an agent that says that it ends.
func (d *Desk) leaves(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.live, id)
	d.shares = nil
}

// shareOf returns what an agent is to probe. Mu is held.
func (d *Desk) shareOf(id string) *share {
	if d.shares == nil {
		d.shares = d.divide()
	}
	if s := d.shares[id]; s != nil {
		return s
	}
	return &share{}
}

// divide gives each check of a vantage to one of its agents that live: to the one whose
// hash with the check is the highest, so that one who comes or goes moves no
// check but its own.
func (d *Desk) divide() map[string]*share {
	shares := map[string]*share{}
	of := map[string][]string{} // :: vantage -> agents that live
	for id := range d.live {
		v := d.known[id].Vantage
		of[v] = append(of[v], id)
		shares[id] = &share{}
	}
	for v, agents := range of {
		for _, check := range d.at[v] {
			best, most := "", uint64(0)
			for _, id := range agents {
				if n := weight(id, check); best == "" || n > most || n == most && id < best {
					best, most = id, n
				}
			}
			shares[best].ids = append(shares[best].ids, check)
		}
	}
	for _, s := range shares {
		sum := sha256.New()
		for _, check := range s.ids {
			sum.Write(d.posted[check].data)
		}
		s.stamp = hex.EncodeToString(sum.Sum(nil)[:12])
	}
	return shares
}

func weight(id, check string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(check + "\x00" + id)) // a hash takes everything
	n := h.Sum64()
	n ^= n >> 33 // the last bytes of the text hardly reach the highest bits
	n *= 0xff51afd7ed558ccd
	return n ^ n>>33
}

// partBytes bounds a part of a share, half of what a message takes.
const partBytes = 512 << 10

// part returns the checks of an agent's share from one on.
func (d *Desk) part(id string, from int) part {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.shareOf(id)
	p := part{Stamp: s.stamp, Checks: []json.RawMessage{}}
	for size := 0; from >= 0 && from < len(s.ids); from++ {
		data := d.posted[s.ids[from]].data
		if size += len(data); size > partBytes && len(p.Checks) > 0 {
			p.Next = from
			break
		}
		p.Checks = append(p.Checks, data)
	}
	return p
}

// State is how an agent is, as the desk sees it.
type State struct {
	ID, Name, Vantage string
	Seen              time.Time // zero: not since the desk was opened
	Alive             bool
	Version           string
	Checks            int // that it probes
	Refused           int // of them, that it does not: its own list does not have them
	Kept              int // results that wait to be sent
	Dropped           uint64
	Off               time.Duration // by how much its clock is behind
}

// States are all agents that were let in, by vantage and name.
func (d *Desk) States() []State {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.cfg.Now()
	list := make([]State, 0, len(d.known))
	for id, e := range d.known {
		s := State{ID: id, Name: e.Name, Vantage: e.Vantage}
		if l := d.live[id]; l != nil {
			s.Seen, s.Alive, s.Version = l.seen, now.Sub(l.seen) <= d.cfg.Silent, l.Version
			s.Checks, s.Refused, s.Kept, s.Dropped, s.Off = l.Checks, l.Refused, l.Kept, l.Dropped, l.Off
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b State) int {
		return slices.Compare([]string{a.Vantage, a.Name, a.ID}, []string{b.Vantage, b.Name, b.ID})
	})
	return list
}

// Silent returns the vantages that checks name and where no agent lives, with how many
// checks that are, once the desk has been open for long enough to know.
func (d *Desk) Silent() map[string]int {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.cfg.Now()
	if d.opened.IsZero() || !d.settled(now) {
		return nil
	}
	d.missed(now)
	silent := map[string]int{}
	for v, ids := range d.at {
		silent[v] = len(ids)
	}
	for id := range d.live {
		delete(silent, d.known[id].Vantage)
	}
	return silent
}

// Look is States, with those of whom a desk that is closed knows the names alone.
func (d *Desk) Look(ctx context.Context) (list []State, open bool, err error) {
	d.mu.Lock()
	open = !d.opened.IsZero()
	d.mu.Unlock()
	if !open {
		_, err = d.takeBook(ctx, false)
	}
	return d.States(), open, err
}

// takeBook takes notice of who may come in, and returns the certificate of the
// desk's own making.
func (d *Desk) takeBook(ctx context.Context, own bool) (tls.Certificate, error) {
	p, _, err := readPage(ctx, d.cfg.Book)
	if err == nil && own && p.Cert == "" {
		p, err = change(ctx, d.cfg.Book, func(p *page) error {
			if p.Cert != "" {
				return nil
			}
			return p.identify(d.cfg.Now())
		})
	}
	if err != nil {
		return tls.Certificate{}, err
	}
	d.turnTo(p)
	if !own {
		return tls.Certificate{}, nil
	}
	return p.certificate()
}

// turnTo takes notice of a page of the book, unless a later one is known: the look
// of each second may have read the page that a token or an agent was then added to.
func (d *Desk) turnTo(p page) {
	known := make(map[string]enrolled, len(p.Agents))
	for _, e := range p.Agents {
		known[e.ID] = e
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.Edition < d.taken {
		return
	}
	if len(known) < len(d.known) {
		d.shares = nil
	}
	d.known, d.tokens, d.taken = known, p.Tokens, p.Edition
}

// Package heartbeat keeps who may report for each check that reports by itself,
// when each last did, and which are late. The options of such a check are
// kind/heartbeat's.
package heartbeat

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kind/heartbeat"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// Beats knows the checks of kind heartbeat: who may report for each, when
// each last did, and which are late. It learns from results alone, pushed or
// judged, that Note gives it in the journal's order, so that every replica
// knows the same after a restart; Changed and Restore carry over what is older
// than the replayed results. Its methods may be called from any goroutine.
//
// The tries of a heartbeat are its expected reports. Each pushed result is
// one, and so is each interval that ends, with its grace, without a report: a
// fail. Between these there is nothing to count.
type Beats struct {
	mu      sync.Mutex
	beats   map[string]*beat    // :: check id -> what is known of it; guarded by mu
	changed [Shards]bool        // shards that are not stored as they are; guarded by mu
	nobody  heartbeat.TokenLock // that no token opens, compared with for a check that is not there
	log     *zap.Logger
}

// keepBeats is how many results are kept over a restart, of checks so rare
// that the journal has let them go: what a window holds at least.
const keepBeats = 5

// keepKeys is how many results are told from their repetition: two lists.
const keepKeys = 2 * pushResults

// beat is one check of kind heartbeat.
type beat struct {
	compiled *probe.Compiled
	lock     heartbeat.TokenLock
	grace    time.Duration
	limit    *rate.Limiter

	since    time.Time // when the check was first seen
	reported time.Time // end of the newest report; zero when there was none
	judged   time.Time // newest moment at which a missing report was told
	away     absence   // when reports may have been lost, of the period under way
	kept     []noted   // the newest results, oldest first
	keys     []uint64  // of pushed results that are kept, from oldest on; a ring once it is full
	oldest   int
	pending  []uint64 // of those that are being stored
}

// noted is a result with the time at which the journal took it.
type noted struct {
	at     time.Time
	result checks.Result
}

// absence is a time in which nobody could report.
type absence struct{ from, to time.Time }

// New returns one without checks.
func New(log *zap.Logger) *Beats {
	if log == nil {
		log = zap.NewNop()
	}
	return &Beats{beats: map[string]*beat{}, log: log}
}

// Define sets the checks; those of other kinds are ignored. What is known of
// checks that stay is kept. With an error everything is as before.
func (h *Beats) Define(list []checks.Check, now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	next := map[string]*beat{}
	var errs []error
	for _, c := range list {
		if c.Kind != heartbeat.Kind.Name {
			continue
		}
		old := h.beats[c.ID]
		if old != nil && probe.Same(old.compiled.Check, &c) {
			next[c.ID] = old
			continue
		}
		b, err := newBeat(c, now)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if old != nil {
			b.limit, b.since, b.reported, b.judged, b.away = old.limit, old.since, old.reported, old.judged, old.away
			b.kept, b.keys, b.oldest, b.pending = old.kept, old.keys, old.oldest, old.pending
		}
		next[c.ID] = b
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	for id := range next {
		if h.beats[id] == nil {
			h.changed[shardOf(id)] = true
		}
	}
	h.beats = next
	return nil
}

func newBeat(c checks.Check, now time.Time) (*beat, error) {
	compiled, err := probe.Compile(&heartbeat.Kind, &c)
	if err != nil {
		return nil, err
	}
	o := c.Options.(*heartbeat.Options) //nolint:errcheck // Compile has looked
	secret, err := probe.NewSecret(c, "token", o.Token, o.Dir, o.TokenFile)
	if err != nil {
		return nil, err
	}
	b := &beat{limit: newLimit(), compiled: compiled, grace: o.GraceOf(c.Every), since: now.Round(0)}
	b.lock.From = secret
	if err := b.lock.Refresh(now); err != nil {
		return nil, fmt.Errorf("check %q: the token's file %w", c.ID, err)
	}
	return b, nil
}

// Len returns the number of checks.
func (h *Beats) Len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.beats)
}

// Admit says whether a token lets its holder report for a check. It takes the
// same time for a wrong token as for a check that is not there.
func (h *Beats) Admit(check, token string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.beats[check]
	if b == nil {
		h.nobody.Opens(token)
		return false
	}
	if err := b.lock.Refresh(time.Now()); err != nil {
		h.log.Error("nobody can report: the token's file "+err.Error(), zap.String("check", check))
	}
	return b.lock.Opens(token)
}

// Holder returns the one check that a token reports for, of those of that slug
// if it is not empty; false when it is of none, or of several. It compares with
// all, whichever it is.
func (h *Beats) Holder(token, slug string) (check string, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	found := 0
	for id, b := range h.beats {
		if err := b.lock.Refresh(time.Now()); err != nil {
			h.log.Error("nobody can report: the token's file "+err.Error(), zap.String("check", id))
		}
		if b.lock.Opens(token) && isSlug(slug, id) {
			check = id
			found++
		}
	}
	if found != 1 {
		return "", false
	}
	return check, true
}

// isSlug reports whether a check may be called so in an address: by its id with
// "-" for each "/", or by what follows the last "/". No slug is any check's.
func isSlug(slug, id string) bool {
	return slug == "" || slug == strings.ReplaceAll(id, "/", "-") || slug == id[strings.LastIndexByte(id, '/')+1:]
}

// Push is what was pushed for a check, ready to be kept.
type Push struct {
	Results    []checks.Result // each once, in their order
	Duplicates int             // results left out because they came before

	beats *Beats
	check string
	keys  []uint64 // of Results
}

// Read reads what was pushed for a check that Admit let in; Done must be
// called. The error is a PushError.
func (h *Beats) Read(check string, body []byte, remote string) (*Push, error) {
	list, err := readPush(body)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	b := h.beats[check]
	if b == nil {
		return nil, &PushError{Problem: "the check is not defined any more"}
	}
	now := time.Now().Round(0)
	if wait := take(b.limit, len(list), now); wait > 0 {
		return nil, &PushError{Problem: fmt.Sprintf("too many results of this check: %d a second, %d at once", pushRate, pushBurst), Wait: wait}
	}
	c := b.compiled.Check
	p := &Push{beats: h, check: check}
	for i := range list {
		r, err := list[i].result(remote, c.Every, now)
		if err != nil {
			where := "the result "
			if len(list) > 1 {
				where = fmt.Sprintf("result %d of the list ", i+1)
			}
			return nil, &PushError{Problem: where + err.Error()}
		}
		key := pushKey(&r)
		for !list[i].repeatable() && (slices.Contains(p.keys, key) || slices.Contains(b.keys, key) || slices.Contains(b.pending, key)) {
			r.Started = r.Started.Add(time.Nanosecond) // another one of the same instant
			key = pushKey(&r)
		}
		if slices.Contains(b.pending, key) {
			return nil, &PushError{Problem: "the same result is being stored just now", Wait: time.Second}
		}
		if slices.Contains(b.keys, key) || slices.Contains(p.keys, key) {
			p.Duplicates++
			continue
		}
		r.Check, r.Product = c.ID, c.Product
		b.compiled.Clean(&r)
		p.Results, p.keys = append(p.Results, r), append(p.keys, key)
	}
	b.pending = append(b.pending, p.keys...)
	return p, nil
}

// Done tells whether the results were kept. If they were, their repetition is
// a duplicate; if not, it is welcome.
func (p *Push) Done(kept bool) {
	p.beats.mu.Lock()
	defer p.beats.mu.Unlock()
	b := p.beats.beats[p.check]
	if b == nil {
		return
	}
	b.pending = slices.DeleteFunc(b.pending, func(key uint64) bool { return slices.Contains(p.keys, key) })
	if kept {
		for _, key := range p.keys {
			b.remember(key)
		}
	}
}

// remember notes the key of a result that is kept.
func (b *beat) remember(key uint64) {
	if slices.Contains(b.keys, key) {
		return
	}
	if len(b.keys) < keepKeys {
		b.keys = append(b.keys, key)
		return
	}
	b.keys[b.oldest] = key
	b.oldest = (b.oldest + 1) % keepKeys
}

// Note takes in results that the journal took at an instant; those of other
// checks are ignored.
func (h *Beats) Note(results []checks.Result, stored time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.beats) == 0 {
		return
	}
	for i := range results {
		if b := h.beats[results[i].Check]; b != nil {
			b.note(noted{stored, results[i]})
			h.changed[shardOf(results[i].Check)] = true
		}
	}
}

func (b *beat) note(n noted) {
	r := &n.result
	if reported(r) {
		b.remember(pushKey(r))
		if ended := r.Ended(); ended.After(b.reported) {
			b.reported, b.away = ended, absence{}
		}
		r.Evidence = &checks.Evidence{Remote: r.Evidence.Remote, RequestID: r.Evidence.RequestID}
	} else {
		if !r.Started.After(b.judged) {
			return // noted when it was told
		}
		b.judged = r.Started
		if b.away.to.After(r.Started) {
			b.judged = b.away.to.Add(b.grace) // what was due meanwhile has another interval from there
		}
		b.away = absence{}
	}
	at := len(b.kept)
	for i := len(b.kept) - 1; i >= 0; i-- {
		if b.kept[i].result.Started.Equal(r.Started) && b.kept[i].result.Outcome == r.Outcome {
			return // replayed
		}
		if b.kept[i].at.After(n.at) {
			at = i
		}
	}
	b.kept = slices.Insert(b.kept, at, n)
	if len(b.kept) > keepBeats {
		b.kept = slices.Delete(b.kept, 0, 1)
	}
}

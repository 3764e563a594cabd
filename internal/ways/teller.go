package ways

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/format/elsewhere"
	"github.com/statusbot/statusbot/internal/publish"
)

// Teller tells what is in the outbox by the ways that there are. Only the leader runs
// one.
type Teller struct {
	Ways       []Way
	Outbox     Outbox
	Delivered  func(ctx context.Context, dest, key string, rev uint64) (bool, error) // whether Slack has an entry
	Trouble    func(dest, key string) Failure                                        // what the last try to bring it there came to
	Sight      func() Sight                                                          // what the control checks say
	Generation uint64                                                                // of the lease under which it tells
	Company    string
	Zone       *time.Location // of the times in messages
	Log        *zap.Logger
	Now        func() time.Time
	Health     *Health // what becomes of the ways; shared by all terms

	look  time.Duration // tests set it; 0: lookEvery
	retry time.Duration // tests set it; 0: firstRetry

	mu    sync.Mutex
	sides map[string]*side // :: destination + " " + key -> what Slack has of it; guarded by mu
	loops []*loop
}

// Failure is what the last try to bring a message to Slack came to.
type Failure struct {
	Fault elsewhere.Fault // empty: it did not fail, or nobody tried
	Says  string
	Held  bool // it waits for its turn, by our own doing
}

// Sight is what the control checks say of our own network.
type Sight struct {
	Blind  bool
	Says   string // why
	Passes int    // control checks that pass
}

// How often it is looked whether Slack has what is in the outbox; and how soon a try
// that failed is followed by the next, twice as long each time.
const (
	lookEvery   = time.Second
	firstRetry  = time.Second
	longestWait = 5 * time.Minute
	longestHold = time.Hour // that a receiver may ask for
)

// givenUp is how old an update may become that a way does not take: by then somebody has
// looked, or nobody will.
const givenUp = 24 * time.Hour

// mostKeys bounds the incidents that are held: those that were told last.
const mostKeys = 1000

// updatesOf begins the keys of the entries that ways tell.
var updatesOf = publish.UpdatesKey("")

// Run tells until ctx ends, and returns after its ways have stopped.
func (r *Teller) Run(ctx context.Context) error {
	r.sides = map[string]*side{}
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	for _, w := range r.Ways {
		l := &loop{way: w, teller: r, wake: make(chan struct{}, 1), jobs: map[string]*job{}, log: r.Log.With(zap.String("way", w.Name))}
		r.loops = append(r.loops, l)
		wg.Go(func() { l.run(ctx) })
	}
	wg.Go(func() { r.watchSlack(ctx) })
	err := r.Outbox.Watch(ctx, func(e publish.Entry) error { r.accept(e); return nil }, func() {})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// accept takes an entry of the outbox in. What Slack has of an incident that ended a day ago is of no use any more: nothing is
// read of it.
func (r *Teller) accept(e publish.Entry) {
	if !strings.HasPrefix(e.Key, updatesOf) {
		return
	}
	var b publish.Body
	if json.Unmarshal(e.Body, &b) != nil || b.About == nil {
		return // by an older version, which knew of no ways
	}
	if e.Told && b.About.Ended && r.Now().Sub(b.Rendered) > givenUp {
		return
	}
	r.mu.Lock()
	s := r.sides[keyOf(e.Dest, e.Key)]
	if s == nil {
		s = &side{dest: e.Dest, key: e.Key}
		r.sides[keyOf(e.Dest, e.Key)] = s
	}
	s.accept(e.Rev, b, e.Told)
	if len(r.sides) > mostKeys {
		r.forget()
	}
	over := r.letGo()
	r.mu.Unlock()
	for _, l := range r.loops {
		l.accept(e.Dest, e.Key, b, e.Told)
		l.letGo(over)
	}
}

// letGo drops what is known of incidents of which nothing is left to be told by anybody, and returns their names. r.mu is held.
func (r *Teller) letGo() (over []string) {
	for name, s := range r.sides {
		if s.settled && s.ended && r.Now().Sub(s.rendered) > 2*givenUp { // by then each way has given up what it could not tell
			delete(r.sides, name)
			over = append(over, name)
		}
	}
	return over
}

// forget drops what is known of the incident whose update is oldest. r.mu is held.
func (r *Teller) forget() {
	oldest := ""
	for name, s := range r.sides {
		if oldest == "" || s.rendered.Before(r.sides[oldest].rendered) {
			oldest = name
		}
	}
	delete(r.sides, oldest)
}

// sideOf is what Slack has of an incident.
func (r *Teller) sideOf(dest, key string) slackSide {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.sides[keyOf(dest, key)]; s != nil {
		return s.slackSide
	}
	return slackSide{}
}

// wakeAll has every way look again.
func (r *Teller) wakeAll() {
	for _, l := range r.loops {
		trigger(l.wake)
	}
}

// trigger sets a level trigger.
func trigger(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// loop is one way at work.
type loop struct {
	way    Way
	teller *Teller
	wake   chan struct{} // level trigger: something is to be looked at
	log    *zap.Logger

	mu   sync.Mutex
	jobs map[string]*job // :: destination + " " + key -> the newest update of it; guarded by mu
}

// job is the newest update of one incident, and what the way has told of it.
type job struct {
	dest, key string
	body      publish.Body
	short     bool // of the body there is only what publish.Body.Short leaves

	told  told // only the loop has these
	rev   uint64
	known bool      // told is what is written down
	since time.Time // when body was first tried; zero: it was not

	again   time.Time     // it is not tried before, since a try failed
	rest    time.Duration // before the try after that; 0: none failed
	refused bool          // the last try was
}

// accept takes an update in, in the place of an older one.
func (l *loop) accept(dest, key string, b publish.Body, short bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.jobs[keyOf(dest, key)]
	if j == nil {
		j = &job{dest: dest, key: key}
		l.jobs[keyOf(dest, key)] = j
	}
	j.body, j.short = b, short
	if len(l.jobs) > mostKeys { // after j has its body: without one it would be the oldest itself
		l.forget()
	}
	trigger(l.wake)
}

// letGo drops incidents.
func (l *loop) letGo(over []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range over {
		delete(l.jobs, name)
	}
}

// forget drops the incident whose update is oldest. l.mu is held.
func (l *loop) forget() {
	oldest := ""
	for name, j := range l.jobs {
		if oldest == "" || j.body.Rendered.Before(l.jobs[oldest].body.Rendered) {
			oldest = name
		}
	}
	delete(l.jobs, oldest)
}

// list is the jobs as they are, what got worse last first.
func (l *loop) list() []job {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]job, 0, len(l.jobs))
	for _, j := range l.jobs {
		list = append(list, *j)
	}
	return inOrder(list)
}

// keep puts back what the loop knows of a job.
func (l *loop) keep(j job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.jobs[keyOf(j.dest, j.key)]; now != nil {
		now.told, now.rev, now.known, now.since = j.told, j.rev, j.known, j.since
		now.again, now.rest, now.refused = j.again, j.rest, j.refused
		if now.short && !j.short && j.body.N >= now.body.N {
			now.body, now.short = j.body, false
		}
	}
}

// run tells until ctx ends.
func (l *loop) run(ctx context.Context) {
	for {
		pause, limited := l.round(ctx)
		wake := l.wake
		if limited { // whatever comes waits as long
			wake = nil
		}
		if ctx.Err() != nil || !idle(ctx, wake, pause) {
			return
		}
	}
}

// round looks at everything once and tells what is to be told. It returns when it is to
// be looked at again, 0 for when something comes, and whether the receiver wants nothing
// until then. What fails may do so for what it says: it is tried again by and by, and
// holds up no other incident.
func (l *loop) round(ctx context.Context) (pause time.Duration, limited bool) {
	for _, j := range l.list() {
		wait := j.again.Sub(l.teller.Now())
		if wait <= 0 {
			var err error
			before := j.told.At
			if wait, err = l.tell(ctx, &j); err != nil && ctx.Err() == nil {
				wait = l.failed(&j, err)
			} else if err == nil {
				j.again, j.rest, j.refused = time.Time{}, 0, false
			}
			l.keep(j)
			if _, limits := errors.AsType[*Limited](err); limits || ctx.Err() != nil {
				return wait, limits
			}
			switch {
			case err == nil && !j.told.At.Equal(before):
				l.takes()
			case err != nil && !j.refused: // what got worse meanwhile comes before the rest
				trigger(l.wake)
				return 0, false
			}
		}
		if wait > 0 && (pause == 0 || wait < pause) {
			pause = wait
		}
	}
	return pause, false
}

// failed says how long it is until a job is tried again: twice as long each time.
func (l *loop) failed(j *job, err error) time.Duration {
	first := cmp.Or(l.teller.retry, firstRetry)
	rest := max(first, j.rest)
	j.rest = min(2*rest, longestWait)
	no, refused := errors.AsType[*Refused](err)
	if j.refused = refused && no != nil; j.refused {
		rest = max(rest, min(60*first, longestWait))
	}
	if limit, ok := errors.AsType[*Limited](err); ok {
		rest = min(max(limit.After, first), longestHold)
	}
	j.again = l.teller.Now().Add(rest)
	l.log.Warn("a way does not take an update, will try again", zap.String("key", j.key), zap.Duration("in", rest), zap.Error(err))
	return rest
}

// takes has what failed tried again at once, since the receiver takes something. What it refused it would refuse again.
func (l *loop) takes() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, j := range l.jobs {
		if !j.again.IsZero() && !j.refused {
			j.again = time.Time{}
			trigger(l.wake)
		}
	}
}

// idle waits for wake, at most for a pause if there is one, and reports whether ctx goes
// on.
func idle(ctx context.Context, wake <-chan struct{}, pause time.Duration) bool {
	var after <-chan time.Time
	if pause > 0 {
		after = time.After(pause)
	}
	select {
	case <-wake:
	case <-after:
	case <-ctx.Done():
		return false
	}
	return true
}

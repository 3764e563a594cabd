package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

const (
	// closeWithin bounds Close: at most half for the followers to return, the rest for the server to write out and stop.
	closeWithin = 5 * time.Second
	// openWithin bounds Open when its context has no deadline. Measured: 90 ms with 75 MB of results.
	openWithin = time.Minute

	// maxBody is the largest body on any server: NATS' default payload limit of 1 MiB, less room for headers.
	maxBody     = 1<<20 - headerRoom
	headerRoom  = 4 << 10
	dirMode     = 0o700
	clientName  = "statusbot journal"
	remoteRetry = 500 * time.Millisecond // between two attempts to reach the cluster again
)

// Journal is an open journal. Make one with Open.
type Journal struct {
	cfg      Config
	node     string
	instance string    // of this Open: tells this process' lease from one that another process with the same node id holds
	lock     *os.File  // nil without a directory
	server   *embedded // alone
	member   *embedded // of a cluster
	nc       *nats.Conn
	js       jetstream.JetStream
	streams  map[string]jetstream.Stream // :: stream name -> handle; written in Open only, see keepHandle

	ctx       context.Context // ends when Close begins
	cancel    context.CancelFunc
	closeOnce sync.Once
	closeErr  error

	inlets map[string]*inlet // :: stream name -> its inlet; nil without a server inside; written in Open only
	afloat afloat
	trying chan error // of keepHealing: a try of the disk that has not ended
	asked  asked      // of writers that wait
	broken chan error // see Broken; capacity 1

	second *second        // copy of the events; nil with a cluster; written in Open only
	damage Damage         // written in Open only
	twin   *twin          // copy of the buckets; nil with a cluster; written in Open only
	lostOf map[string]int // :: bucket's stream -> damaged records that no copy has; written in Open only

	durable     sync.Mutex   // held while a batch and its second copy are stored
	writes      writes       // of this member, likewise
	sums        *copySums    // of this member's events; nil without a cluster of our own; written in Open only
	checkpoints sync.Mutex   // held while the file of one is written
	untrimmed   atomic.Int64 // bytes of results appended since trim last looked

	mu        sync.Mutex
	steps     func(string) // guarded by mu; see Config.Step; nil once Open has returned
	closed    bool
	running   sync.WaitGroup       // calls of Follow, Watch and Lead
	leases    map[string]seenLease // :: lease name -> as a running Lead saw it last
	campaigns map[string]bool      // :: lease name -> a Lead is running
	agreed    uint64               // sequence of the newest event of any member when Agree compared last
	doubts    []Doubt              // what it said
	clockOff  time.Duration        // by how much this member's clock is ahead of that of most, as far as is known; 0: it is right
}

// Open opens the journal: it locks the data directory, starts the embedded server or connects to the cluster, and makes
// the streams that are missing or differ from the configuration. ctx bounds the opening only; without a deadline it
// takes at most a minute.
//
// ErrLocked when another process holds the directory; ErrUnavailable when nobody is at the URL, or the cluster answered
// nothing in that time or is not complete; another error when the configuration is wrong, the directory not writable, or
// the cluster does not take us.
func Open(ctx context.Context, cfg Config) (_ *Journal, err error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	if _, bounded := ctx.Deadline(); !bounded && cfg.Cluster == nil { // who waits for other members must not start anew for them
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, openWithin)
		defer cancel()
	}
	j := unopened(cfg)
	defer func() {
		j.mu.Lock()
		j.steps = nil
		j.mu.Unlock()
		if err != nil {
			err = fmt.Errorf("open journal: %w", DiskError(cfg.Dir, err))
			j.Close()
		}
	}()
	if err := j.moveIn(); err != nil {
		return nil, err
	}
	if err := j.rightDir(); err != nil {
		return nil, err
	}
	if err := j.mendFiles(); err != nil {
		return nil, err
	}
	if err := j.join(ctx); err != nil {
		return nil, err
	}
	j.step("makes the streams of the journal")
	if err := j.makeStreams(ctx); err != nil {
		return nil, err
	}
	if j.server != nil {
		j.step("compares the journal with its copies")
		if err := j.compareCopies(ctx); err != nil {
			return nil, err
		}
	}
	if err := j.makeDurable(ctx); err != nil {
		return nil, err
	}
	if j.server != nil {
		if err := j.makeInlets(ctx); err != nil {
			return nil, err
		}
		go j.keepHealing()
	}
	if j.member != nil {
		go j.keepWriting()
	}
	return j, nil
}

// unopened is a journal of which nothing is open yet.
func unopened(cfg Config) *Journal {
	j := &Journal{cfg: cfg, steps: cfg.Step, node: cfg.Node, instance: randomID(), streams: map[string]jetstream.Stream{}, leases: map[string]seenLease{}, campaigns: map[string]bool{}, lostOf: map[string]int{}}
	j.afloat.wake, j.broken = make(chan struct{}, 1), make(chan error, 1)
	j.untrimmed.Store(cfg.ResultsBytes) // the first batch finds what is too much since the bound was lowered
	j.ctx, j.cancel = context.WithCancel(context.Background())
	return j
}

// mendFiles mends what is damaged of the files of one that is alone, before the server reads them.
func (j *Journal) mendFiles() error {
	if !j.cfg.alone() {
		return nil
	}
	j.step("looks for damaged files of the journal")
	if err := j.mendStreams(); err != nil {
		return err
	}
	j.step("reads " + secondFile)
	return j.readSecondCopy()
}

// step tells who opens the journal what is done next.
func (j *Journal) step(what string) {
	j.cfg.Log.Debug("opening", zap.String("step", what))
	j.says(what)
}

// says tells who opens the journal what is going on.
func (j *Journal) says(what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.steps != nil {
		j.steps(what)
	}
}

// join connects, and in a cluster of our own finds the others and what is there already.
func (j *Journal) join(ctx context.Context) error {
	j.step("connects to NATS")
	if err := j.connect(ctx); err != nil || j.member == nil {
		return err
	}
	j.step("looks what the cluster has")
	if err := j.found(ctx); err != nil {
		return fmt.Errorf("begin the journal of the cluster: %w", err)
	}
	j.step("reads this member's own copy of the events")
	if err := j.answerAgree(); err != nil {
		return fmt.Errorf("answer the other members: %w", err)
	}
	return nil
}

// compareCopies gives the streams and their second copies what the other has alone.
func (j *Journal) compareCopies(ctx context.Context) error {
	if err := j.compareEvents(ctx); err != nil {
		return err
	}
	if err := j.openTwin(); err != nil {
		return err
	}
	if err := j.compareTwin(ctx); err != nil {
		return err
	}
	for _, lost := range j.lostOf {
		j.damage.Others += lost
	}
	return nil
}

// moveIn makes the folder this process's own, and says who it is.
func (j *Journal) moveIn() (err error) {
	if j.cfg.Dir != "" {
		if err := os.MkdirAll(j.cfg.Dir, dirMode); err != nil {
			return err
		}
		if j.lock, err = lockDir(j.cfg.Dir); err != nil {
			return err
		}
		if err := mayUse(j.cfg.Dir); err != nil {
			return err
		}
		if err := j.clearPlaces(); err != nil {
			return fmt.Errorf("set aside what is no file of ours: %w", err)
		}
	}
	switch {
	case j.node != "":
	case j.cfg.Cluster != nil:
		j.node = j.cfg.Cluster.Self
	case j.cfg.Dir == "":
		j.node = randomID()
	default:
		j.node, err = nodeID(j.cfg.Dir, j.cfg.Log)
	}
	return err
}

// Close is CloseWithin 5 s.
func (j *Journal) Close() error { return j.CloseWithin(closeWithin) }

// CloseWithin ends all followers, watchers and leaders (their calls return ErrClosed; a leader's lease is released), writes
// everything out, stops the embedded server and unlocks the directory, within that time. It fails when that was not
// enough, because a function given to Follow, Watch or Lead did not return or the disk did not answer, so none of them
// may call it; and with [ErrLost] when something was in memory only. Further calls do nothing and return the same.
func (j *Journal) CloseWithin(within time.Duration) error {
	j.closeOnce.Do(func() {
		if err := j.close(within); err != nil {
			j.closeErr = fmt.Errorf("close journal: %w", err)
		}
	})
	return j.closeErr
}

func (j *Journal) close(within time.Duration) error {
	last := time.Now().Add(within)
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.cancel()

	var errs []error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		j.running.Wait()
	}()
	t := time.NewTimer(within / 2)
	defer t.Stop()
	select {
	case <-ended:
	case <-t.C:
		errs = append(errs, errors.New("a follower or leader did not return in time"))
	}
	if n := j.unkeptMessages() - j.savedBy(last); n > 0 {
		j.cfg.Log.Error("what was in memory only is lost", zap.Int("messages", n))
		errs = append(errs, fmt.Errorf("%w: %d messages", ErrLost, n))
	}
	if j.nc != nil {
		j.nc.Close()
	}
	if j.server != nil {
		errs = append(errs, j.server.stop(time.Until(last)))
	}
	if j.member != nil {
		errs = append(errs, j.member.stop(time.Until(last)))
	}
	if j.second != nil {
		errs = append(errs, closeBy(last, j.second.close))
	}
	if j.twin != nil {
		errs = append(errs, closeBy(last, j.twin.close))
	}
	if j.lock != nil {
		errs = append(errs, unlock(j.lock), j.lock.Close())
	}
	return errors.Join(errs...)
}

// savedBy is saveEvents that a disk that hangs does not hold up.
func (j *Journal) savedBy(last time.Time) int {
	saved := make(chan int, 1)
	go func() { saved <- j.saveEvents() }()
	t := time.NewTimer(time.Until(last) / 2)
	defer t.Stop()
	select {
	case n := <-saved:
		return n
	case <-t.C:
		return 0
	}
}

// Node returns this member's id.
func (j *Journal) Node() string { return j.node }

// MaxBody returns the largest body, in bytes, that an append or a put takes: 1 MiB less 4 KiB for headers, or less when
// the cluster allows less.
func (j *Journal) MaxBody() int {
	return min(maxBody, int(j.nc.MaxPayload())-headerRoom)
}

// begin counts a long call in. The context it returns ends with ctx and with the journal; end must be called.
func (j *Journal) begin(ctx context.Context) (_ context.Context, end func(), _ error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil, nil, ErrClosed
	}
	j.running.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(j.ctx, func() { cancel(ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
		j.running.Done()
	}, nil
}

// publish stores body under subject in stream and returns its sequence. With last, only when that is the sequence of
// the subject's newest message (0: there is none).
func (j *Journal) publish(ctx context.Context, doing, stream, subject string, body []byte, last *uint64) (uint64, error) {
	if j.ctx.Err() != nil {
		return 0, fmt.Errorf("%s: %w", doing, ErrClosed)
	}
	return j.store(ctx, doing, stream, message{subject: subject, data: body}, last)
}

// store is publish for those whose end Close waits for.
func (j *Journal) store(ctx context.Context, doing, stream string, m message, last *uint64) (uint64, error) {
	if limit := j.MaxBody(); len(m.data) > limit {
		return 0, fmt.Errorf("%s: %w: %d bytes, at most %d fit", doing, ErrTooLarge, len(m.data), limit)
	}
	if j.inlets != nil {
		return j.write(ctx, doing, stream, m, last)
	}
	begun := time.Now()
	seq, err := j.send(ctx, stream, m, last)
	if j.member != nil && !errors.Is(ctx.Err(), context.Canceled) {
		j.writes.note(stream, begun, time.Now(), err)
	}
	return seq, j.translate(doing, err)
}

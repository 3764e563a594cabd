package journal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/zap"
)

const (
	// resultsSync is how often the embedded server syncs what is written in the background, which is results only.
	resultsSync = 10 * time.Second

	// embeddedMemory bounds JetStream's memory storage. Only followers' positions live there, a few kilobytes each.
	embeddedMemory = 32 << 20
	// embeddedSpare is what the store may hold besides results: events, outbox and receipts. A bound against a runaway
	// writer, not a reservation: 16 GiB is 30 million events of 500 bytes.
	embeddedSpare = 16 << 30
)

// embedded is a NATS server inside this process, with a goroutine of its own that ends before stop returns. It may be
// started anew: nats-server takes nothing any more into a stream after one write of it has failed.
type embedded struct {
	dir    string
	store  atomic.Int64 // bytes that it may store
	log    *zap.Logger
	member *server.Options // of a member of a cluster; nil: it is alone

	strangers strangers         // who does not belong to the cluster
	says      func(what string) // told what the server does; nil: nobody is

	mu     sync.Mutex
	server *server.Server // guarded by mu
	ended  chan struct{}  // guarded by mu; of server
	down   chan struct{}  // guarded by mu; closed when server is down; nil while nobody stops it
	fault  *fault         // guarded by mu; of server
}

var _ nats.InProcessConnProvider = (*embedded)(nil)

// startEmbedded starts a server on dir/nats that listens nowhere, and waits until it has read its files.
func startEmbedded(ctx context.Context, dir string, storeBytes int64, log *zap.Logger, says func(what string)) (*embedded, error) {
	e := &embedded{dir: dir, log: log, says: says}
	e.store.Store(storeBytes)
	if err := e.start(ctx); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *embedded) start(ctx context.Context) error {
	opts := &server.Options{
		ServerName:             "statusbot",
		DontListen:             true,
		NoSigs:                 true,
		NoLog:                  true, // the logger is set below
		JetStream:              true,
		DisableJetStreamBanner: true,
		StoreDir:               filepath.Join(e.dir, aloneDir),
		JetStreamMaxMemory:     embeddedMemory,
		JetStreamMaxStore:      e.store.Load(),
		SyncAlways:             true,
		SyncInterval:           resultsSync,
	}
	if e.member != nil {
		opts = e.member.Clone()
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return fmt.Errorf("start embedded NATS server: %w", err)
	}
	l := &serverLog{log: e.log.Named("nats").WithOptions(zap.WithCaller(false)).Sugar(), fault: &fault{found: make(chan struct{})}, strangers: &e.strangers, says: e.says}
	if e.says != nil {
		e.says("starts the server inside")
	}
	s.SetLoggerV2(l, false, false, false)
	ended := make(chan struct{})
	e.mu.Lock()
	e.server, e.ended, e.down, e.fault = s, ended, nil, l.fault
	e.mu.Unlock()
	go func() {
		defer close(ended)
		s.Start()
	}()
	// A server that does not listen returns from Start when it is ready, or when it gave up.
	if e.member != nil {
		_ = awaitListening(ctx, s, ended, func() bool { return l.fatal.Load() != nil }) // what is wrong is found below
	} else {
		select {
		case <-ended:
		case <-ctx.Done():
		}
	}
	l.started.Store(true)
	if ctx.Err() != nil {
		return errors.Join(fmt.Errorf("start embedded NATS server: %w", ctx.Err()), e.stop(closeWithin))
	}
	if cause, failed := l.fatal.Load().(string); failed || !s.JetStreamEnabled() {
		err := errors.New("start embedded NATS server: " + cause)
		if why := takesFiles(opts.StoreDir); why != nil { // it says only that it may not write
			err = fmt.Errorf("%w: %w", err, why)
		}
		return errors.Join(err, e.stop(closeWithin))
	}
	return nil
}

// failed returns what the server, as it is now, could not write.
func (e *embedded) failed() *fault {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.fault
}

// fault is the first write that a server could not do. It answers neither that one nor those that follow; it only logs.
type fault struct {
	once  sync.Once
	found chan struct{} // closed then
	text  string        // read once found is closed
}

// Error is what the server logged.
func (f *fault) Error() string { return f.text }

// happened reports whether there was one.
func (f *fault) happened() bool {
	select {
	case <-f.found:
		return true
	default:
		return false
	}
}

// faultWithin is how long a write may still be answered after another one has failed.
const faultWithin = 100 * time.Millisecond

func (f *fault) note(text string) {
	f.once.Do(func() {
		f.text = text
		close(f.found)
	})
}

// now is the server as it is now.
func (e *embedded) now() *server.Server {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.server
}

// InProcessConn is nats.InProcessConnProvider's: a connection to the server as it is now.
func (e *embedded) InProcessConn() (net.Conn, error) {
	return e.now().InProcessConn()
}

// restart stops the server and starts it anew. What it holds open is let go of before: when that takes longer than
// wait, nothing is started.
func (e *embedded) restart(ctx context.Context, wait time.Duration) error {
	if err := e.stop(wait); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil { // whoever closes has stopped it for good
		return err
	}
	return e.start(ctx)
}

// stop writes everything out and stops the server; it fails when that takes longer than wait. A further call waits for
// the same end.
func (e *embedded) stop(wait time.Duration) error {
	e.mu.Lock()
	if e.down == nil {
		e.down = make(chan struct{})
		go func(s *server.Server, ended, down chan struct{}) {
			defer close(down)
			s.Shutdown()
			s.WaitForShutdown()
			<-ended
		}(e.server, e.ended, e.down)
	}
	down := e.down
	e.mu.Unlock()
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-down:
		return nil
	case <-t.C:
		return errors.New("stop embedded NATS server: not down in time")
	}
}

// serverLog gives nats-server's messages to zap. Its notices are about its own start and stop, so they are debug here.
type serverLog struct {
	log       *zap.SugaredLogger
	fault     *fault
	strangers *strangers
	lateTold  atomic.Int64      // when a late answer was told last, in Unix seconds
	says      func(what string) // told what it notices while it starts; nil: nobody is
	started   atomic.Bool
	fatal     atomic.Value // string: why the server gave up; nats-server reports that only through its logger
}

var _ server.Logger = (*serverLog)(nil)

// Noticef tells how far the server is with its start.
func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debugf(format, v...)
	if l.says != nil && !l.started.Load() {
		l.says("waits for the server inside, which said last: " + strings.TrimSpace(fmt.Sprintf(format, v...)))
	}
}

func (l *serverLog) Debugf(format string, v ...any) { l.log.Debugf(format, v...) }
func (l *serverLog) Tracef(format string, v ...any) {}

// Warnf also tells of a write that may not be done.
func (l *serverLog) Warnf(format string, v ...any) {
	if usualOfMembers(fmt.Sprintf(format, v...)) {
		l.log.Debugf(format, v...)
		return
	}
	if isLate(format) {
		l.late(format, v)
		return
	}
	l.log.Warnf(format, v...)
	l.look(format, v)
}

// AnswersLate is what the log says when a request of the journal took long, with the field "took".
const AnswersLate = "the journal answers late: its disk is slow, or the machine is busy"

// isLate says whether a message is of a request that took longer than the 2 s after which nats-server 2.15 says so.
func isLate(format string) bool {
	return strings.Contains(format, "took too long") || strings.Contains(format, "processing time")
}

// late tells of a late answer in the journal's words, at most once a minute: what is slow is so for each request.
func (l *serverLog) late(format string, v []any) {
	l.log.Debugf(format, v...)
	now, told := time.Now().Unix(), l.lateTold.Load()
	if now-told < 60 || !l.lateTold.CompareAndSwap(told, now) {
		return
	}
	l.log.Warnw(AnswersLate, "took", fmt.Sprint(v[len(v)-1]))
}

// Errorf also tells of writes that failed, again and again.
func (l *serverLog) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	l.strangers.note(text)
	if l.look(format, v) || usualOfMembers(text) {
		l.log.Debugf(format, v...) // the journal says it once, in its own words
		return
	}
	l.log.Errorf(format, v...)
}

// usualOfMembers says whether a message is of what a member that is not there brings along: the journal says that in its
// own words, and not each second. The password is made at each start, for this process alone.
func usualOfMembers(text string) bool {
	for _, part := range []string{"rror trying to connect to route", "Plaintext passwords detected", "Waiting for routing to be established",
		"TLS handshake timeout"} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return strings.Contains(text, "TLS route handshake error") && strings.Contains(text, "i/o timeout") // one that is frozen takes connections, and says nothing
}

// writeFailed are parts of what nats-server 2.15 logs when a write failed, and it takes no more.
var writeFailed = []string{"ritical write error", "failed to store a msg", "while writing msg", "out of space"}

func (l *serverLog) look(format string, v []any) (failed bool) {
	text := fmt.Sprintf(format, v...)
	for _, part := range writeFailed {
		if strings.Contains(text, part) {
			l.fault.note(text)
			return true
		}
	}
	return false
}

// Fatalf must not end the process: the caller of Open decides that.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.fatal.Store(fmt.Sprintf(format, v...))
	l.log.Errorf(format, v...)
}

// takesFiles makes a file in a folder, and takes it away.
func takesFiles(dir string) error {
	f, err := os.CreateTemp(dir, "asked")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

package journal

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
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

// embedded is a NATS server inside this process, with a goroutine of its own that ends before stop returns.
type embedded struct {
	server *server.Server
	ended  chan struct{}
}

// startEmbedded starts a server on dir/nats that listens nowhere, and waits until it has read its files.
func startEmbedded(ctx context.Context, dir string, resultsBytes int64, log *zap.Logger) (*embedded, error) {
	opts := &server.Options{
		ServerName:             "statusbot",
		DontListen:             true,
		NoSigs:                 true,
		NoLog:                  true, // the logger is set below
		JetStream:              true,
		DisableJetStreamBanner: true,
		StoreDir:               filepath.Join(dir, "nats"),
		JetStreamMaxMemory:     embeddedMemory,
		JetStreamMaxStore:      2*resultsBytes + embeddedSpare,
		SyncAlways:             true,
		SyncInterval:           resultsSync,
	}
	s, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("start embedded NATS server: %w", err)
	}
	l := &serverLog{log: log.Named("nats").WithOptions(zap.WithCaller(false)).Sugar()}
	s.SetLoggerV2(l, false, false, false)
	e := &embedded{server: s, ended: make(chan struct{})}
	go func() {
		defer close(e.ended)
		s.Start()
	}()
	// A server that does not listen returns from Start when it is ready, or when it gave up.
	select {
	case <-e.ended:
	case <-ctx.Done():
		return nil, errors.Join(fmt.Errorf("start embedded NATS server: %w", ctx.Err()), e.stop(closeWithin))
	}
	if cause, failed := l.fatal.Load().(string); failed || !s.JetStreamEnabled() {
		return nil, errors.Join(fmt.Errorf("start embedded NATS server: %s", cause), e.stop(closeWithin))
	}
	return e, nil
}

// stop writes everything out and stops the server; it fails when that takes longer than wait.
func (e *embedded) stop(wait time.Duration) error {
	down := make(chan struct{})
	go func() {
		defer close(down)
		e.server.Shutdown()
		e.server.WaitForShutdown()
		<-e.ended
	}()
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
	log   *zap.SugaredLogger
	fatal atomic.Value // string: why the server gave up; nats-server reports that only through its logger
}

var _ server.Logger = (*serverLog)(nil)

func (l *serverLog) Noticef(format string, v ...any) { l.log.Debugf(format, v...) }
func (l *serverLog) Warnf(format string, v ...any)   { l.log.Warnf(format, v...) }
func (l *serverLog) Errorf(format string, v ...any)  { l.log.Errorf(format, v...) }
func (l *serverLog) Debugf(format string, v ...any)  { l.log.Debugf(format, v...) }
func (l *serverLog) Tracef(format string, v ...any)  {}

// Fatalf must not end the process: the caller of Open decides that.
func (l *serverLog) Fatalf(format string, v ...any) {
	l.fatal.Store(fmt.Sprintf(format, v...))
	l.log.Errorf(format, v...)
}

package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

// connect starts the server inside, or connects to the cluster. ErrUnavailable when nobody is there.
func (j *Journal) connect(ctx context.Context) error {
	opts := j.options()
	var dial *opening
	switch {
	case j.cfg.Cluster != nil:
		inside, err := j.connectMember(ctx)
		if err != nil {
			return err
		}
		opts = append(opts, inside...)
	case j.cfg.URL == "":
		var err error
		if j.server, err = startEmbedded(ctx, j.cfg.Dir, j.cfg.storeBytes(), j.cfg.Log, j.says); err != nil {
			return err
		}
		opts = append(opts, nats.InProcessServer(j.server), nats.ReconnectWait(insideRetry), nats.Timeout(insideHandshake))
	default:
		dial = &opening{ctx: ctx, after: j.ctx}
		opts = append(opts, nats.SetCustomDialer(dial))
		if j.cfg.CredentialsFile != "" {
			opts = append(opts, nats.UserCredentials(j.cfg.CredentialsFile))
		}
		if deadline, ok := ctx.Deadline(); ok {
			opts = append(opts, nats.Timeout(max(time.Until(deadline), time.Millisecond)))
		}
	}
	nc, err := nats.Connect(j.cfg.URL, opts...)
	if dial != nil {
		dial.over.Store(true)
	}
	switch {
	case err != nil && ctx.Err() != nil, err != nil && absent(err):
		return fmt.Errorf("connect to NATS: %w", unavailable{err})
	case err != nil:
		return fmt.Errorf("connect to NATS: %w", err)
	}
	j.nc = nc
	if j.js, err = jetstream.New(nc); err != nil {
		return fmt.Errorf("use JetStream: %w", err)
	}
	return nil
}

func (j *Journal) options() []nats.Option {
	return []nats.Option{
		nats.Name(clientName),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(remoteRetry),
		nats.ReconnectBufSize(-1), // while disconnected an append fails; a buffered one would be written later unasked
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if j.ctx.Err() == nil {
				j.cfg.Log.Warn("journal lost its connection to NATS, trying again", zap.Error(err))
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { j.cfg.Log.Info("journal is connected to NATS again") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			j.cfg.Log.Warn("journal's connection to NATS", zap.Error(err))
		}),
	}
}

// opening dials for a connection that is being made: nats.Connect knows no context, and would go on for a minute at an
// address where nobody answers.
type opening struct {
	ctx   context.Context // of Open
	after context.Context // of the journal, for what is dialed once it is open
	over  atomic.Bool     // it is open, or was given up
}

// Dial is nats.CustomDialer's.
func (o *opening) Dial(network, address string) (net.Conn, error) {
	var d net.Dialer
	if o.over.Load() {
		ctx, cancel := context.WithTimeout(o.after, openTry)
		defer cancel()
		return d.DialContext(ctx, network, address)
	}
	conn, err := d.DialContext(o.ctx, network, address)
	if err == nil {
		context.AfterFunc(o.ctx, func() {
			if !o.over.Load() {
				conn.Close()
			}
		})
	}
	return conn, err
}

// absent reports whether a connection could not be made because nobody is there, or nobody who answers; not when we are
// turned away, or what we were told is wrong.
func absent(err error) bool {
	if _, dialed := errors.AsType[*net.OpError](err); dialed {
		return true
	}
	if _, resolved := errors.AsType[*net.DNSError](err); resolved {
		return true
	}
	for _, is := range []error{nats.ErrNoServers, nats.ErrTimeout, nats.ErrConnectionClosed, nats.ErrStaleConnection, io.EOF, syscall.ECONNRESET, context.DeadlineExceeded} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}

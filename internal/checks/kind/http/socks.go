package http

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"strings"

	xproxy "golang.org/x/net/proxy"

	"github.com/statusbot/statusbot/internal/checks/probe"
)

// socks5 is a proxy of SOCKS (RFC 1928), which passes on what it is given and
// resolves the target's name itself.
type socks5 struct {
	user *url.Userinfo // and password (RFC 1929); nil for none
}

// socksRefusal is a proxy's answer that is no connection.
type socksRefusal struct{ said string }

func (e *socksRefusal) Error() string { return "the proxy refuses: " + e.said }

// dialing is how a proxy itself is connected to.
type dialing func(ctx context.Context, network, address string) (net.Conn, error)

func (d dialing) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d(ctx, network, address)
}

// Dial is there for the library's sake, which has a context.
func (d dialing) Dial(network, address string) (net.Conn, error) {
	return d(context.Background(), network, address)
}

// dial connects through the proxy to the hop's target.
func (s *socks5) dial(ctx context.Context, at probe.Target, to *Request, tr *probe.Trail) (net.Conn, error) {
	var failed error // to connect to the proxy itself
	forward := dialing(func(ctx context.Context, _, _ string) (net.Conn, error) {
		var conn net.Conn
		if conn, failed = tr.Dial(ctx, at); failed == nil {
			tr.Stage = askingProxy
		}
		return conn, failed
	})
	var auth *xproxy.Auth
	if s.user != nil {
		password, _ := s.user.Password()
		auth = &xproxy.Auth{User: s.user.Username(), Password: password}
	}
	through, err := xproxy.SOCKS5("tcp", at.Address, auth, forward)
	if err != nil {
		return nil, err // unreachable: it has none to give
	}
	conn, err := through.(xproxy.ContextDialer).DialContext(ctx, "tcp", to.target.Address)
	switch {
	case err == nil:
		return conn, nil
	case failed != nil:
		return nil, failed
	case ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) || probe.ClosedBy(err) != "":
		return nil, err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && strings.HasPrefix(op.Op, "socks") {
		if strings.HasPrefix(op.Err.Error(), "unexpected protocol version") {
			return nil, &socksRefusal{"it does not speak SOCKS 5"}
		}
		return nil, &socksRefusal{strings.TrimPrefix(op.Err.Error(), "unknown error ")}
	}
	return nil, err
}

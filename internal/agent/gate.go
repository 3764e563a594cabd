package agent

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/subtle"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/zap"
)

// Bounds of what comes in from other networks.
const (
	connectionsMax = 1200             // agents that may be, and some that enroll or are turned away
	messageMax     = 1 << 20          // bytes
	pendingMax     = 32 << 20         // bytes that one has not taken yet, the desk itself included
	shakeWithin    = 5 * time.Second  // for TLS, and for saying who it is
	writeWithin    = 10 * time.Second // for taking what it is sent
	pingEvery      = 20 * time.Second // two without an answer end a connection
	readyWithin    = 10 * time.Second // for the server to listen, and then to let the desk in
	// batchesMax bounds the batches of results that are stored at once: each agent
	// has one under way.
	batchesMax = 64
	enrollUser = "enroll"
	keySize    = ed25519.PublicKeySize
)

// Gate says where agents come in.
type Gate struct {
	Listen string              // host:port
	Known  *tls.Certificate    // that the operator gave; nil: one of our own making, which tokens name
	Opened func(addr net.Addr) // is told where; nil: nobody

	shake time.Duration // 0: shakeWithin
	most  int           // connections; 0: connectionsMax
}

// Serve lets agents in until ctx ends. An error is that it cannot listen, or that the
// book cannot be read.
func (d *Desk) Serve(ctx context.Context, g Gate) error {
	cert, err := d.takeBook(ctx, g.Known == nil)
	if err != nil {
		return err
	}
	if g.Known != nil {
		cert = *g.Known
	}
	o := &office{d: d, password: random(24)}
	s, err := o.open(ctx, g, cert)
	if err != nil {
		return err
	}
	defer func() {
		s.Shutdown()
		s.WaitForShutdown()
		o.storing.Wait()
		d.close()
	}()
	cut := make(chan struct{})
	nc, err := nats.Connect("", nats.InProcessServer(s), nats.UserInfo(inside, o.password), nats.NoReconnect(), nats.Timeout(readyWithin),
		nats.ClosedHandler(func(*nats.Conn) { close(cut) }))
	if err != nil {
		return fmt.Errorf("open the agents' gate: %w", err)
	}
	defer nc.Close()
	d.mu.Lock()
	d.opened, d.shares = d.cfg.Now(), nil
	clear(d.live)
	d.mu.Unlock()
	if err := o.listen(nc); err != nil {
		return err
	}
	if g.Opened != nil {
		g.Opened(s.Addr())
	}
	t := time.NewTicker(d.cfg.BookEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-cut:
			return errors.New("the agents' gate fell over, and is opened anew")
		case <-t.C:
			if _, err := d.takeBook(ctx, false); err != nil && ctx.Err() == nil {
				d.cfg.Log.Debug("the agents' book not read, will try again", zap.Error(err))
			}
		}
	}
}

// close forgets who is there.
func (d *Desk) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.opened, d.shares = time.Time{}, nil
	clear(d.live)
}

// inside is what the desk itself is called at its own server.
const inside = "desk"

// office is a desk while it is open.
type office struct {
	d        *Desk
	password string // of the desk itself, made at each opening
	slots    chan struct{}
	storing  sync.WaitGroup
}

var _ server.Authentication = (*office)(nil)

// open starts the server, and waits until it listens.
func (o *office) open(ctx context.Context, g Gate, cert tls.Certificate) (*server.Server, error) {
	shake := cmp.Or(g.shake, shakeWithin)
	host, text, err := net.SplitHostPort(g.Listen)
	port, perr := strconv.Atoi(text)
	if err != nil || perr != nil {
		return nil, fmt.Errorf("open the agents' gate: %q is not host:port", g.Listen)
	}
	if host == "" {
		host = "0.0.0.0"
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "statusbot-agents", Host: host, Port: port, NoSigs: true, NoLog: true, NoSystemAccount: true,
		TLS: true, TLSHandshakeFirst: true, TLSTimeout: shake.Seconds(), AuthTimeout: 2 * shake.Seconds(),
		TLSConfig:                  &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13},
		CustomClientAuthentication: o, AlwaysEnableNonce: true,
		MaxConn: cmp.Or(g.most, connectionsMax), MaxPayload: messageMax, MaxPending: pendingMax, MaxSubs: 16, MaxControlLine: 1 << 10,
		WriteDeadline: writeWithin, PingInterval: pingEvery, MaxPingsOut: 2,
	})
	if err != nil {
		return nil, fmt.Errorf("open the agents' gate: %w", err)
	}
	l := &gateLog{log: o.d.cfg.Log.WithOptions(zap.WithCaller(false)).Sugar()}
	s.SetLoggerV2(l, false, false, false)
	go s.Start()                       // ends when it is shut down, which is waited for
	const look = 50 * time.Millisecond // with 25 ms and less nats-server looks without a pause
	for begun := time.Now(); !s.ReadyForConnections(look); {
		if why, failed := l.fatal.Load().(string); failed || ctx.Err() != nil || time.Since(begun) > readyWithin {
			s.Shutdown()
			s.WaitForShutdown()
			return nil, fmt.Errorf("open the agents' gate at %s: %w", g.Listen, errors.Join(ctx.Err(), errors.New(why)))
		}
	}
	return s, nil
}

// Check says who may come in, and what each may do: server.Authentication's.
func (o *office) Check(c server.ClientAuthentication) bool {
	opts := c.GetOpts()
	switch {
	case opts.Username == inside:
		if subtle.ConstantTimeCompare([]byte(opts.Password), []byte(o.password)) != 1 {
			return false
		}
		c.RegisterUser(&server.User{Username: inside})
		return true
	case opts.Username == enrollUser:
		if !o.d.holds(opts.Password) {
			return false
		}
		c.RegisterUser(&server.User{Username: enrollUser, ConnectionDeadline: time.Now().Add(time.Minute),
			Permissions: rights([]string{"enroll"}, inboxOf(hashOf(opts.Password)[:12]))})
		return true
	case opts.Nkey == "":
		return false
	}
	key, err := base64.RawURLEncoding.DecodeString(opts.Nkey)
	sig, serr := base64.RawURLEncoding.DecodeString(opts.Sig)
	if err != nil || serr != nil || len(key) != keySize || !ed25519.Verify(key, c.GetNonce(), sig) {
		return false
	}
	e, in := o.d.keyed(key)
	if in {
		c.RegisterUser(&server.User{Username: e.ID, Permissions: rights([]string{"up." + e.Vantage + "." + e.ID + ".*"}, inboxOf(e.ID))})
	}
	return in
}

// rights are to say these and to hear that, and nothing else.
func rights(say []string, hear string) *server.Permissions {
	return &server.Permissions{Publish: &server.SubjectPermission{Allow: say}, Subscribe: &server.SubjectPermission{Allow: []string{hear + ".>"}}}
}

// inboxOf is where the answers to one come.
func inboxOf(id string) string { return "_INBOX." + id }

// holds reports whether a token may be used.
func (d *Desk) holds(secret string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := page{Tokens: d.tokens}
	return p.token(secret, d.cfg.Now()) >= 0
}

// keyed returns the agent that has a key.
func (d *Desk) keyed(key []byte) (enrolled, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range d.known {
		if subtle.ConstantTimeCompare(e.Key, key) == 1 {
			return e, true
		}
	}
	return enrolled{}, false
}

// listen answers what agents say.
func (o *office) listen(nc *nats.Conn) error {
	o.slots = make(chan struct{}, batchesMax)
	// Each has a goroutine of its own: a journal that does not answer holds up no sign of life.
	for subject, answer := range map[string]nats.MsgHandler{"up.*.*.hello": o.hear, "up.*.*.checks": o.hear, "up.*.*.results": o.hear, "up.*.*.bye": o.hear, "enroll": o.enroll} {
		sub, err := nc.Subscribe(subject, answer)
		if err == nil {
			err = sub.SetPendingLimits(2*agentsMax, 64*messageMax)
		}
		if err != nil {
			return fmt.Errorf("open the agents' gate: %w", err)
		}
	}
	if err := nc.Flush(); err != nil {
		return fmt.Errorf("open the agents' gate: %w", err)
	}
	return nil
}

// hear answers one thing that an agent says. That it is the one that the subject
// names is what its rights let it say.
func (o *office) hear(m *nats.Msg) {
	words := strings.Split(m.Subject, ".")
	id := words[2]
	switch words[3] {
	case "hello":
		var h hello
		if json.Unmarshal(m.Data, &h) == nil {
			h.Version = clip(h.Version, 64)
			reply(m, o.d.hears(id, h))
		}
	case "checks":
		var from int
		if json.Unmarshal(m.Data, &from) == nil {
			reply(m, o.d.part(id, from))
		}
	case "results":
		o.slots <- struct{}{}
		o.storing.Go(func() {
			defer func() { <-o.slots }()
			var r receipt
			if err := o.d.take(id, m.Data); err != nil {
				r.Error = err.Error()
			}
			reply(m, r)
		})
	case "bye":
		o.d.leaves(id)
		reply(m, receipt{})
	}
}

// enroll lets a new agent in, for a token.
func (o *office) enroll(m *nats.Msg) {
	var t ticket
	if json.Unmarshal(m.Data, &t) != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), shakeWithin)
	defer cancel()
	p, e, err := enroll(ctx, o.d.cfg.Book, t, o.d.cfg.Now())
	if err != nil {
		reply(m, ticket{Error: err.Error()})
		return
	}
	o.d.turnTo(p)
	o.d.cfg.Log.Info("an agent was enrolled", agentField(e.ID), zap.String("vantage", e.Vantage), zap.String("name", e.Name))
	reply(m, ticket{ID: e.ID, Vantage: e.Vantage})
}

// reply answers; who does not hear it asks again.
func reply(m *nats.Msg, v any) {
	if data, err := json.Marshal(v); err == nil {
		_ = m.Respond(data)
	}
}

func agentField(id string) zap.Field { return zap.String("agent", id) }

// gateLog is the server's log: what it says of connections is of no use to anybody.
type gateLog struct {
	log   *zap.SugaredLogger
	fatal atomic.Value // string
}

func (l *gateLog) Noticef(string, ...any) {}
func (l *gateLog) Debugf(string, ...any)  {}
func (l *gateLog) Tracef(string, ...any)  {}

func (l *gateLog) Warnf(f string, v ...any)  { l.log.Debugf(f, v...) }
func (l *gateLog) Errorf(f string, v ...any) { l.log.Debugf(f, v...) }

// Fatalf must not end the process: that it does not listen is Serve's error.
func (l *gateLog) Fatalf(f string, v ...any) { l.fatal.Store(fmt.Sprintf(f, v...)) }

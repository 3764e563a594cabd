package agent

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/nats-io/nats.go"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/checks/kinds"
	"github.com/statusbot/statusbot/internal/checks/runner"
)

// Config is what an agent goes by.
type Config struct {
	Dir         string // its directory: credentials and kept results
	Credentials Credentials
	Scripts     []Script // that it may run
	Version     string
	Log         *zap.Logger

	Compile runner.Compiler // nil: kinds.Compile
	Hello   time.Duration   // 0: helloEvery
	Ping    time.Duration   // 0: silentPing
	Retry   time.Duration   // 0: retryEvery
	Most    int             // bytes of kept results; 0: keptMost
}

// errOut says that an agent was taken out of the book: it is to be enrolled anew.
var errOut = errors.New("the statusbot that leads no longer knows this agent; enroll it anew, with another directory")

const (
	// flushEvery is the longest a result waits for others before it is sent: what a kill may cost beside the probes under way.
	flushEvery = 20 * time.Millisecond
	retryEvery = time.Second
	// silentPing and silentPings: a leader whose machine or network went without a word is given up within 9 s, when another one is
	// about to lead. By default nats.go waits for 4 to 6 minutes.
	silentPing  = 3 * time.Second
	silentPings = 2
	// clockOff is from when on a clock is so far from the desk's that results are told by that one's.
	clockOff = 2 * time.Second
)

// Agent probes what the desk hands it.
type Agent struct {
	cfg    Config
	runner *runner.Runner
	kept   *kept
	nc     *nats.Conn
	link   link
	off    atomic.Int64 // by how much our clock is behind the desk's, nanoseconds; 0: near enough

	unreached atomic.Pointer[error] // why a server was not reached last; nil: each was so far
	said      map[string]bool       // :: why it is outside -> it was said since it was in; only say has it

	mu      sync.Mutex
	stamp   string          // guarded by mu; of the share that runs
	checks  int             // guarded by mu; in it
	refused map[string]bool // guarded by mu; :: check id -> it is not run here
}

// New returns an agent that probes nothing yet.
func New(cfg Config) (*Agent, error) {
	if cfg.Compile == nil {
		cfg.Compile = kinds.Compile
	}
	if cfg.Hello == 0 {
		cfg.Hello = helloEvery
	}
	if cfg.Ping == 0 {
		cfg.Ping = silentPing
	}
	if cfg.Retry == 0 {
		cfg.Retry = retryEvery
	}
	if cfg.Most == 0 {
		cfg.Most = keptMost
	}
	a := &Agent{cfg: cfg, kept: openKept(cfg.Dir, cfg.Most, cfg.Log), refused: map[string]bool{}, said: map[string]bool{}}
	var err error
	a.runner, err = runner.New(a.compile, nil, a.sink, runner.Config{FlushEvery: flushEvery, Log: cfg.Log.Named("runner")})
	return a, err
}

// Run probes until ctx ends. It needs nobody to be there: it tries again until somebody
// is. The error is errOut, or that it cannot begin.
func (a *Agent) Run(ctx context.Context) (err error) {
	log := a.cfg.Log
	a.nc, err = nats.Connect(a.cfg.Credentials.urls(), append(a.cfg.Credentials.login(), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true),
		nats.IgnoreAuthErrorAbort(), nats.ReconnectWait(a.cfg.Retry), nats.ReconnectJitter(a.cfg.Retry/4, a.cfg.Retry/4),
		nats.PingInterval(a.cfg.Ping), nats.MaxPingsOutstanding(silentPings),
		nats.ConnectHandler(func(c *nats.Conn) { log.Info("connected", zap.String("to", c.ConnectedAddr())) }),
		nats.ReconnectHandler(func(c *nats.Conn) { log.Info("connected again", zap.String("to", c.ConnectedAddr())) }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			a.link.cut()
			if ctx.Err() == nil {
				log.Warn("cut off: results are kept, and checks go on", zap.Error(err))
			}
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) {
			if !errors.Is(err, nats.ErrNoServers) { // which says nothing of why
				a.unreached.Store(&err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { log.Warn("the connection", zap.Error(err)) }))...)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer a.nc.Close()
	group, ctx := errgroup.WithContext(ctx)
	sending, sent := context.WithCancel(context.WithoutCancel(ctx))
	defer sent()
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.send(sending)
	}()
	group.Go(func() error { return a.runner.Run(ctx) })
	group.Go(func() error { return a.say(ctx) })
	err = group.Wait()
	a.end()
	sent()
	<-done
	a.kept.save()
	return err
}

// ask says something to the desk and waits for the answer, as long as the connection lasts.
func (a *Agent) ask(ctx context.Context, what string, say, answer any) error {
	ctx, end := a.link.during(ctx)
	defer end()
	return ask(ctx, a.nc, a.subject(what), say, answer)
}

// endWithin is how long an end waits for what can be sent still.
const endWithin = 2 * time.Second

// end sends what there is, and says so, if somebody is there.
func (a *Agent) end() {
	for begun := time.Now(); ; time.Sleep(flushEvery / 4) {
		n, _ := a.kept.counts()
		if !a.nc.IsConnected() || time.Since(begun) > endWithin {
			return
		}
		if n == 0 {
			break
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), endWithin)
	defer cancel()
	_ = a.ask(ctx, "bye", nil, &receipt{}) // it is missed otherwise
}

func (a *Agent) subject(what string) string {
	return "up." + a.cfg.Credentials.Vantage + "." + a.cfg.Credentials.ID + "." + what
}

// say says how the agent is, and takes its share, until ctx ends.
func (a *Agent) say(ctx context.Context) error {
	t := time.NewTicker(a.cfg.Hello)
	defer t.Stop()
	for {
		if err := a.greet(ctx); errors.Is(err, errOut) {
			return err
		} else if err != nil && ctx.Err() == nil && a.nc.IsConnected() {
			a.cfg.Log.Debug("nobody answered, will try again", zap.Error(err))
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// sayOutside says why nobody lets the agent in, each reason once.
func (a *Agent) sayOutside() {
	err := a.nc.LastError()
	if p := a.unreached.Load(); !errors.Is(err, nats.ErrAuthorization) { // the library tells of that one in no other way
		if p == nil {
			return
		}
		err = *p
	}
	if errors.Is(err, nats.ErrAuthorization) {
		err = errors.New("it does not take this agent; if it was removed, enroll it anew, with another directory")
	}
	why := reasonOf(err)
	if a.said[why] {
		return
	}
	a.said[why] = true
	a.cfg.Log.Warn("not let in, will try again", zap.Strings("servers", a.cfg.Credentials.Servers), zap.Error(err))
}

// reasonOf is an error without its figures: the port that a try is made from is another one each time.
func reasonOf(err error) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, err.Error())
}

func (a *Agent) greet(ctx context.Context) error {
	if !a.nc.IsConnected() {
		a.sayOutside()
		return nil
	}
	a.mu.Lock()
	h := hello{Version: a.cfg.Version, Stamp: a.stamp, Checks: a.checks, Refused: len(a.refused), Off: time.Duration(a.off.Load())}
	a.mu.Unlock()
	h.Kept, h.Dropped = a.kept.counts()
	var w welcome
	begun := time.Now()
	if err := a.ask(ctx, "hello", h, &w); err != nil {
		return err
	}
	if w.Out {
		return errOut
	}
	clear(a.said) // now it is let in: a connection may stand for a moment and be refused
	a.unreached.Store(nil)
	took := time.Since(begun)
	off := w.Now.Sub(begun.Add(took / 2))
	if off.Abs() < clockOff+took {
		off = 0
	}
	a.off.Store(int64(off))
	if w.Stamp == "" || w.Stamp == h.Stamp {
		return nil
	}
	return a.fetch(ctx)
}

// fetch takes the share and runs it in place of the one before.
func (a *Agent) fetch(ctx context.Context) error {
	var list []checks.Check
	stamp := ""
	for next := 0; ; {
		var p part
		if err := a.ask(ctx, "checks", next, &p); err != nil {
			return err
		}
		if next > 0 && p.Stamp != stamp {
			return nil // it changed meanwhile, as the next hello will show
		}
		stamp = p.Stamp
		for _, data := range p.Checks {
			c, err := decodeCheck(data)
			if err != nil {
				if c.ID == "" || c.Every <= 0 || c.Timeout <= 0 {
					a.cfg.Log.Error("a check was left out", zap.Error(err))
					continue
				}
				c.Kind, c.Options = "", unfit(err.Error())
			}
			list = append(list, c)
		}
		if next = p.Next; next == 0 {
			break
		}
	}
	return a.turnTo(ctx, stamp, list)
}

func (a *Agent) turnTo(ctx context.Context, stamp string, list []checks.Check) error {
	refused := map[string]bool{}
	for i := range list {
		if a.refuses(&list[i]) != "" {
			refused[list[i].ID] = true
		}
	}
	ready, err := a.runner.Prepare(ctx, list)
	if err != nil {
		return err
	}
	n, err := a.runner.Replace(ctx, ready)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.stamp, a.checks, a.refused = stamp, len(list), refused
	a.mu.Unlock()
	a.cfg.Log.Info("has other checks", zap.Int("checks", len(list)), zap.Int("added", n.Added), zap.Int("removed", n.Removed), zap.Int("changed", n.Changed), zap.Int("refused", len(refused)))
	return nil
}

// sink keeps results until they are sent.
func (a *Agent) sink(list []checks.Result) {
	off := time.Duration(a.off.Load())
	for i := range list {
		list[i].Started = list[i].Started.Add(off)
	}
	data, err := checks.EncodeResults(list)
	if err != nil {
		a.cfg.Log.Error("results lost", zap.Error(err)) // unreachable: a runner's results can be kept
		return
	}
	a.kept.add(data, len(list))
}

// send sends what is kept, oldest first, until ctx ends. What is not taken is sent
// again: the desk knows what it had.
func (a *Agent) send(ctx context.Context) {
	for {
		list, data := a.kept.oldest()
		if len(list) == 0 {
			select {
			case <-a.kept.more:
				continue
			case <-ctx.Done():
				return
			}
		}
		var r receipt
		err := nats.ErrDisconnected
		if a.nc.IsConnected() {
			err = a.ask(ctx, "results", data, &r)
		}
		if err == nil && r.Error == "" {
			a.kept.sent(list)
			continue
		}
		a.kept.save()
		if r.Error != "" {
			a.cfg.Log.Debug("results not taken, will try again", zap.String("why", strings.TrimSpace(r.Error)))
		}
		select {
		case <-time.After(a.cfg.Retry):
		case <-ctx.Done():
			return
		}
	}
}

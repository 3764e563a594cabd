package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
)

// errUnknownComponent is wrapped by the errors of Break and Restart when the
// company has no such component; the message lists those it has.
var errUnknownComponent = errors.New("unknown component")

// errClosed is returned by Break and Restart after Close, or once the context
// of Start was cancelled.
var errClosed = errors.New("the demo company is closed")

// Config says where the company keeps its files and how chance falls.
type Config struct {
	Dir  string      // for scripts and state files, made if missing; required
	Seed uint64      // of the draws that decide which requests a fault hits; 0 is a seed as good as any
	Log  *zap.Logger // failures that the company causes itself are at debug level; nil discards
}

// Company is a running company. Its methods may be called from any goroutine.
type Company struct {
	dir      string // absolute
	log      *zap.Logger
	pace     pace
	parts    []*component // in the order of partTable
	backends map[string]*process
	services services

	cancel context.CancelFunc // ends the jobs and waiting restarts
	ctx    context.Context    // done when the company ends
	jobs   sync.WaitGroup
	close  sync.Once

	story story
}

// component is a shared part that can be broken.
type component struct {
	id, name  string
	dependsOn []string
	sw        *switchboard
	proc      *process

	op sync.Mutex // held by Break and Restart, one at a time per component
}

// ComponentState is what the page shows of a component.
type ComponentState struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Fault *Fault `json:"fault"` // nil while healthy
}

// Start starts the company; all of it listens, and each state file exists, when
// it returns. Cancelling ctx ends the jobs, and Break and Restart
// are refused; the servers go on until Close, which is always needed.
func Start(ctx context.Context, cfg Config) (*Company, error) {
	return start(ctx, cfg, usualPace())
}

func start(ctx context.Context, cfg Config, p pace) (*Company, error) {
	if cfg.Dir == "" {
		return nil, errors.New("start demo company: Config.Dir is empty; name a folder for its scripts")
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("start demo company: %w", err)
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	c := &Company{dir: dir, log: cfg.Log, pace: p, backends: map[string]*process{}}
	c.ctx, c.cancel = context.WithCancel(ctx)
	if err := c.open(cfg.Seed); err != nil {
		return nil, errors.Join(fmt.Errorf("start demo company: %w", err), c.Close())
	}
	return c, nil
}

// open starts everything, from the ground up.
func (c *Company) open(seed uint64) error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := writeScripts(c.dir); err != nil {
		return err
	}
	for i, row := range partTable {
		c.parts = append(c.parts, &component{
			id: row.id, name: row.name, dependsOn: row.dependsOn,
			sw:   newSwitchboard(seed, uint64(i)),
			proc: &process{name: row.id},
		})
	}
	db, auth, relay, lb := c.part("db-main"), c.part("auth"), c.part("mail-relay"), c.part("edge-lb")

	data := seedData()
	db.proc.serve = serveTCP(func(ctx context.Context, cn *conn) { serveLines(ctx, cn, db.sw, data.answer) })
	relay.proc.serve = serveTCP(serveRelay(relay.sw))
	if err := errors.Join(db.proc.start(), relay.proc.start()); err != nil {
		return err
	}
	auth.proc.serve = serveHTTP(faulty(auth.sw, authService(db.proc.address())), c.log)
	if err := auth.proc.start(); err != nil {
		return err
	}
	c.services = services{db: db.proc.address(), relay: relay.proc.address(), auth: newAuthClient(auth.proc.address())}

	hosts := map[string]string{}
	for _, p := range productTable {
		proc := &process{name: p.id}
		if p.front == mailTCP {
			proc.serve = serveTCP(mailbox(c.services))
		} else {
			proc.serve = serveHTTP(backend(p.id, p.routes, c.services, c.log), c.log)
		}
		if err := proc.start(); err != nil {
			return err
		}
		c.backends[p.id] = proc
		if p.front == viaEdge {
			hosts[p.id] = proc.address()
		}
	}
	e := newEdge(hosts, c.pace.work, c.log)
	lb.proc.serve = e.serve(faulty(lb.sw, http.Handler(e)), c.log)
	if err := lb.proc.start(); err != nil {
		return err
	}
	return c.openJobs()
}

// openJobs starts the jobs behind the exec checks.
func (c *Company) openJobs() error {
	for _, p := range productTable {
		for _, ch := range p.checks {
			switch {
			case ch.batch:
				file := c.batchFile(p.id)
				if err := c.batchOnce(c.ctx, file); err != nil {
					return err
				}
				c.jobs.Go(func() { c.runBatch(c.ctx, p.id, file) })
			case ch.queue:
				file := c.queueFile()
				if err := writeState(file, 0); err != nil {
					return err
				}
				c.jobs.Go(func() { c.runMailQueue(c.ctx, file) })
			}
		}
	}
	return nil
}

// Close stops everything and waits for it. A second call does nothing.
func (c *Company) Close() error {
	c.close.Do(func() {
		c.cancel()
		c.jobs.Wait()
		for i := len(c.parts) - 1; i >= 0; i-- { // edge-lb first, then what it calls
			p := c.parts[i]
			p.op.Lock() // a restart that waited has given up; after this none begins
			p.proc.end()
			p.op.Unlock()
		}
		for _, p := range c.backends {
			p.end()
		}
	})
	return nil
}

// Break makes a component fail for a share of what passes through it, until
// Restart or another Break. kind is "error", "reset", "timeout", "slow" or
// "down"; rate is over 0 and at most 1 and means nothing for "down". Errors are
// sentences that name what is allowed.
func (c *Company) Break(id, kind string, rate float64) error {
	p, err := c.lookup(id)
	if err != nil {
		return err
	}
	f, err := newFault(kind, rate, time.Now())
	if err != nil {
		return err
	}
	p.op.Lock()
	defer p.op.Unlock()
	if c.ctx.Err() != nil {
		return errClosed
	}
	p.sw.set(f)
	if kind == kindDown {
		p.proc.halt()
		return nil
	}
	return p.proc.start() // it may have been down
}

// Restart restarts a component as its process would be: its connections end, it
// refuses new ones for a moment, then it listens again on the same port,
// healthy. It returns once it listens.
func (c *Company) Restart(id string) error {
	p, err := c.lookup(id)
	if err != nil {
		return err
	}
	p.op.Lock()
	defer p.op.Unlock()
	if c.ctx.Err() != nil {
		return errClosed
	}
	p.proc.halt()
	if !pause(c.ctx, c.pace.restart) {
		return errClosed
	}
	p.sw.set(nil)
	return p.proc.start()
}

// Components returns the state of the shared components, those that others
// depend on first.
func (c *Company) Components() []ComponentState {
	states := make([]ComponentState, 0, len(c.parts))
	for _, p := range c.parts {
		states = append(states, ComponentState{ID: p.id, Name: p.name, Fault: p.sw.current()})
	}
	return states
}

func (c *Company) lookup(id string) (*component, error) {
	if p := c.part(id); p != nil {
		return p, nil
	}
	var ids []string
	for _, p := range c.parts {
		ids = append(ids, p.id)
	}
	return nil, fmt.Errorf("%w %q; use one of %s", errUnknownComponent, id, strings.Join(ids, ", "))
}

// part returns nil if there is none of that id.
func (c *Company) part(id string) *component {
	i := slices.IndexFunc(c.parts, func(p *component) bool { return p.id == id })
	if i < 0 {
		return nil
	}
	return c.parts[i]
}

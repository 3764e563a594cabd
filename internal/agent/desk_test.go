package agent

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/checks"
	httpkind "github.com/statusbot/statusbot/internal/checks/kind/http"
	"github.com/statusbot/statusbot/internal/checks/probe"
)

// patience is for a machine that does much else.
const patience = 3 * time.Minute

func need(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// until waits for a condition.
func until(t testing.TB, what string, is func() bool) {
	t.Helper()
	for begun := time.Now(); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatalf("never: %s", what)
		}
	}
}

// memoryBook is a book that ends with the test.
type memoryBook struct {
	mu   sync.Mutex
	data []byte
	rev  uint64
}

func (b *memoryBook) Read(context.Context) ([]byte, uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.data, b.rev, nil
}

func (b *memoryBook) Write(_ context.Context, data []byte, rev uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if rev != b.rev {
		return ErrStale
	}
	b.data, b.rev = data, rev+1
	return nil
}

// opened is a desk that is open, behind a network that can be cut.
type opened struct {
	*Desk
	t     testing.TB
	book  *memoryBook
	at    string // where its gate is
	wire  *wire  // to there
	close func()

	mu      sync.Mutex
	results []checks.Result // guarded by mu
	refuse  error           // guarded by mu; the journal takes nothing
}

func (o *opened) store(data []byte) error {
	list, err := checks.DecodeResults(data)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.refuse != nil {
		return o.refuse
	}
	o.results = append(o.results, list...)
	return err
}

func (o *opened) stored() []checks.Result {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.results)
}

func openDesk(t testing.TB, list []checks.Check) *opened {
	t.Helper()
	return openGate(t, list, Gate{})
}

func openGate(t testing.TB, list []checks.Check, g Gate) *opened {
	t.Helper()
	o := &opened{t: t, book: &memoryBook{}}
	o.Desk = NewDesk(DeskConfig{Book: o.book, Store: o.store, Log: zap.NewNop(), Settle: time.Millisecond, Silent: patience, BookEvery: 2 * time.Millisecond})
	need(t, o.Define(list))
	ctx, stop := context.WithCancel(context.Background()) // it outlives the agents
	at, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		g.Listen, g.Opened = "127.0.0.1:0", func(a net.Addr) { at <- a }
		ended <- o.Serve(ctx, g)
	}()
	o.close = sync.OnceFunc(func() {
		stop()
		need(t, <-ended)
	})
	t.Cleanup(o.close)
	select {
	case a := <-at:
		o.at, o.wire = a.String(), layWire(t, a.String())
	case err := <-ended:
		close(ended)
		t.Fatalf("the gate did not open: %v", err)
	}
	return o
}

// wire is a network between agents and a desk.
type wire struct {
	net.Listener
	mu    sync.Mutex
	cut   bool       // guarded by mu
	mute  bool       // guarded by mu; what is sent is lost, and nobody is told
	conns []net.Conn // guarded by mu
}

func layWire(t testing.TB, to string) *wire {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	need(t, err)
	w := &wire{Listener: l}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil || !w.join(in, out) {
				in.Close()
				continue
			}
			all.Go(func() { _, _ = io.Copy(in, end{out, w}); in.Close(); out.Close() })
			all.Go(func() { _, _ = io.Copy(out, end{in, w}); in.Close(); out.Close() })
		}
	})
	t.Cleanup(func() {
		l.Close()
		w.setCut(true)
		all.Wait()
	})
	return w
}

func (w *wire) join(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.cut {
		w.conns = append(w.conns, conns...)
		return true
	}
	for _, c := range conns {
		c.Close()
	}
	return false
}

// end is one end of a wire, to be read.
type end struct {
	net.Conn
	wire *wire
}

func (e end) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	if e.wire.muted() {
		n = 0
	}
	return n, err
}

func (w *wire) muted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mute
}

func (w *wire) setCut(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut = cut; cut {
		for _, c := range w.conns {
			c.Close()
		}
		w.conns = nil
	}
}

// running is an agent that runs.
type running struct {
	*Agent
	stop  func() error // ends it, and returns its error
	ended chan error   // has its error once it ended by itself

	mu   sync.Mutex
	seen map[string]checks.Check // guarded by mu; :: check id -> as it was handed out
}

// enroll lets an agent in.
func (o *opened) enroll(vantage string) (dir string, c Credentials) {
	o.t.Helper()
	token, err := o.NewToken(o.t.Context(), vantage, nil)
	need(o.t, err)
	dir = o.t.TempDir()
	c, err = Enroll(o.t.Context(), dir, token, []string{o.wire.Addr().String()})
	need(o.t, err)
	return dir, c
}

// run starts an agent, whose probes pass at once.
func run(t testing.TB, cfg Config) *running {
	t.Helper()
	r := &running{seen: map[string]checks.Check{}}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	cfg.Version, cfg.Hello, cfg.Retry = "1.2.3", cmp.Or(cfg.Hello, 10*time.Millisecond), 10*time.Millisecond
	if cfg.Compile == nil {
		cfg.Compile = func(c *checks.Check) (*probe.Compiled, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.seen[c.ID] = *c
			return probe.NewCompiled(c, &probe.Kind{}, func(context.Context) checks.Result { return checks.Result{Outcome: checks.Pass, Duration: 1} }), nil
		}
	}
	var err error
	r.Agent, err = New(cfg)
	need(t, err)
	ctx, stop := context.WithCancel(context.Background())
	r.ended = make(chan error, 1)
	go func() { r.ended <- r.Run(ctx); close(r.ended) }()
	r.stop = sync.OnceValue(func() error { stop(); return <-r.ended })
	t.Cleanup(func() { _ = r.stop() })
	return r
}

// known is a check of kind http at some vantages.
func known(id string, every time.Duration, vantages ...string) checks.Check {
	return checks.Check{ID: id, Product: "shop", Kind: "http", Every: every, Timeout: every, Vantages: vantages,
		Options: &httpkind.Options{URL: "https://shop.example.com/" + id, Status: []any{200, "3xx"}}}
}

// TestAgentsShareTheWork: twenty agents of four vantages, over TLS and NATS. Each
// check is measured from each of its vantages, by one agent there, and nobody hears of
// what is not for the vantage.
func TestAgentsShareTheWork(t *testing.T) {
	t.Parallel()
	places := []string{"eu", "us", "asia", "office"}
	var list []checks.Check
	want := map[stream]bool{}
	for i := range 40 {
		c := known(fmt.Sprintf("c%02d", i), 200*time.Millisecond, places[i%4], places[(i+1+i/4%3)%4])
		c.Options.(*httpkind.Options).Headers = map[string]string{"Authorization": "Bearer " + c.Vantages[0] + "-" + c.ID}
		c.Secrets = []string{c.Vantages[0] + "-" + c.ID}
		list = append(list, c)
		for _, v := range c.Vantages {
			want[stream{c.ID, v}] = true
		}
	}
	list = append(list, checks.Check{ID: "ours", Product: "shop", Kind: "http", Every: time.Second, Timeout: time.Second})
	o := openDesk(t, list)
	var agents []*running
	for i := range 20 {
		dir, c := o.enroll(places[i%4])
		agents = append(agents, run(t, Config{Dir: dir, Credentials: c, Hello: 40 * time.Millisecond}))
	}
	until(t, "each check is measured from each of its vantages, by one agent, and all are there", func() bool {
		got := map[stream]int{}
		for _, r := range o.stored() {
			got[stream{r.Check, r.Vantage}]++
		}
		sum, alive := 0, 0
		for _, s := range o.States() {
			if s.Alive {
				sum, alive = sum+s.Checks, alive+1
			}
		}
		for s := range got {
			if !want[s] {
				t.Fatalf("a result of %v", s)
			}
		}
		return len(got) == len(want) && sum == len(want) && alive == len(agents)
	})
	for _, a := range agents {
		a.mu.Lock()
		for id, c := range a.seen {
			if v := a.cfg.Credentials.Vantage; !want[stream{id, v}] {
				t.Errorf("an agent at %s was handed %s", v, id)
			}
			if !strings.HasSuffix(c.Options.(*httpkind.Options).Headers["Authorization"], "-"+id) || len(c.Secrets) != 1 {
				t.Errorf("%s came without its secret", id)
			}
		}
		a.mu.Unlock()
	}
	states := o.States()
	if len(states) != 20 || !states[0].Alive || states[0].Version != "1.2.3" || states[0].Vantage != "asia" {
		t.Errorf("got %+v", states)
	}
	if silent := o.Silent(); len(silent) > 0 {
		t.Errorf("silent: %v", silent)
	}
}

// TestOneAgentDies: the others of its vantage have its checks, once it is missed.
func TestOneAgentDies(t *testing.T) {
	t.Parallel()
	var list []checks.Check
	for i := range 8 {
		list = append(list, known(fmt.Sprint("c", i), 100*time.Millisecond, "eu"))
	}
	o := openDesk(t, list)
	var agents []*running
	for range 2 {
		dir, c := o.enroll("eu")
		agents = append(agents, run(t, Config{Dir: dir, Credentials: c}))
	}
	shared := func() (all, alive int) {
		for _, s := range o.States() {
			if s.Alive {
				all, alive = all+s.Checks, alive+1
			}
		}
		return all, alive
	}
	until(t, "both work", func() bool { all, alive := shared(); return all == 8 && alive == 2 })
	agents[0].nc.Close() // it says nothing any more
	o.Desk.mu.Lock()
	o.cfg.Silent = 50 * time.Millisecond // for a busy machine, only now
	o.Desk.mu.Unlock()
	until(t, "the other one has all", func() bool { return agents[1].checksNow() == 8 })
	before := len(o.stored())
	until(t, "all are measured again", func() bool {
		got := map[string]bool{}
		for _, r := range o.stored()[before:] {
			got[r.Check] = true
		}
		return len(got) == 8
	})
	need(t, agents[1].stop())
	until(t, "nobody is left", func() bool { return maps.Equal(o.Silent(), map[string]int{"eu": 8}) })
}

func (a *Agent) checksNow() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.checks
}

// TestCutOffAndBack: what is measured meanwhile comes late, once, with its true time,
// also when the agent was started anew before.
func TestCutOffAndBack(t *testing.T) {
	t.Parallel()
	o := openDesk(t, []checks.Check{known("a", 20*time.Millisecond, "eu"), known("b", 20*time.Millisecond, "eu")})
	dir, c := o.enroll("eu")
	a := run(t, Config{Dir: dir, Credentials: c})
	until(t, "results come", func() bool { return len(o.stored()) > 2 })
	o.wire.setCut(true)
	until(t, "it is cut off", func() bool { return !a.nc.IsConnected() })
	until(t, "results are kept", func() bool { n, _ := a.kept.counts(); return n > 10 })
	need(t, a.stop())
	n, _ := a.kept.counts()
	_, data := a.kept.oldest()
	waiting, err := checks.DecodeResults(data)
	need(t, err)
	again := run(t, Config{Dir: dir, Credentials: c})
	if m, _ := again.kept.counts(); m < n {
		t.Errorf("%d results of %d were there at the next start", m, n)
	}
	o.wire.setCut(false)
	until(t, "all has come", func() bool {
		m, _ := again.kept.counts()
		return m == 0 && again.checksNow() == 2
	})
	seen := map[string]bool{}
	last := map[string]time.Time{}
	for _, r := range o.stored() {
		if key := r.Check + r.Started.String(); seen[key] || !r.Ended().After(last[r.Check]) {
			t.Errorf("%s of %v came twice, or out of order", r.Check, r.Started)
		} else {
			seen[key] = true
		}
		last[r.Check] = r.Ended()
	}
	for _, r := range waiting {
		if !seen[r.Check+r.Started.String()] {
			t.Errorf("%s of %v never came", r.Check, r.Started)
		}
	}
}

// TestTheJournalTakesNothing: what it does not take is sent again.
func TestTheJournalTakesNothing(t *testing.T) {
	t.Parallel()
	o := openDesk(t, []checks.Check{known("a", 20*time.Millisecond, "eu")})
	o.mu.Lock()
	o.refuse = io.ErrShortWrite
	o.mu.Unlock()
	dir, c := o.enroll("eu")
	a := run(t, Config{Dir: dir, Credentials: c})
	until(t, "results wait", func() bool { n, _ := a.kept.counts(); return n > 3 })
	first := time.Now()
	o.mu.Lock()
	o.refuse = nil
	o.mu.Unlock()
	until(t, "they come", func() bool { return len(o.stored()) > 3 })
	if !o.stored()[0].Started.Before(first) {
		t.Error("what was measured first did not come")
	}
}

// TestALeaderThatGoesWithoutAWord: its machine lost power, or the network ends before it. Nothing says so but that it is
// silent, and the agent finds the next one; who waits for an answer of the one before does not wait on.
func TestALeaderThatGoesWithoutAWord(t *testing.T) {
	t.Parallel()
	o := openDesk(t, []checks.Check{known("a", 20*time.Millisecond, "eu")})
	dir, c := o.enroll("eu")
	next := layWire(t, o.at)
	c.Servers = append(c.Servers, next.Addr().String())
	a := run(t, Config{Dir: dir, Credentials: c, Ping: 500 * time.Millisecond})
	until(t, "results come", func() bool { return len(o.stored()) > 2 })
	waits, stop := a.link.during(t.Context())
	defer stop()
	o.wire.mu.Lock()
	o.wire.mute = true
	o.wire.mu.Unlock()
	until(t, "who waits is told", func() bool { return waits.Err() != nil })
	until(t, "it has found the next one", func() bool { return a.nc.ConnectedAddr() == next.Addr().String() })
	n := len(o.stored())
	until(t, "results come", func() bool { return len(o.stored()) > n+2 })
}

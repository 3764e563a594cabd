package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/agent"
	"github.com/statusbot/statusbot/internal/checks"
	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/journal/journaltest"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

const (
	faultsEnv     = "STATUSBOT_FAULTS"      // for how long faults are made: "10m"
	faultsSeedEnv = "STATUSBOT_FAULTS_SEED" // of which ones they are; any unless set
	faultsLogsEnv = "STATUSBOT_FAULTS_LOGS" // folder for what the members logged; unless set, only that around late updates is shown
	gatePort      = ":4223"
	soakEvery     = 3 * time.Second // between two updates
	// leaderAway is by when the next update comes when the leader is gone, by the promise of docs/operations.md: 10 s until another one may
	// lead, 3 of waiting for first results beside that, and 2 for writing it down.
	leaderAway = 15 * time.Second
	recovers   = 4 * time.Minute // a guard against hanging: restarts and elections on a busy machine
)

// office is a service that one agent alone asks, and that counts who asked.
type office struct {
	url string

	mu    sync.Mutex
	asked map[string][]time.Time // guarded by mu; :: path -> when it was
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{asked: map[string][]time.Time{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	need(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.asked[r.URL.Path] = append(o.asked[r.URL.Path], time.Now())
	})}
	go func() { _ = server.Serve(l) }() // ends with Close
	t.Cleanup(func() { _ = server.Close() })
	o.url = "http://" + l.Addr().String()
	return o
}

func (o *office) of(path string) []time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.asked[path])
}

// soak is three members and five agents, a machine each, in one incident. The last agent is the only one of its vantage,
// and never ends.
type soak struct {
	t      *testing.T
	ctx    context.Context
	random *rand.Rand
	slack  sandboxtest.Client
	c      *three
	m      *machines
	shop   *shop
	office *office
	disks  []string    // of the members; each holds its data directory
	dirs   []string    // of the agents
	places []string    // vantages of the agents
	agents []*child    // nil: it does not run
	faults []soakFault // with the kinds that there are
	made   []madeFault // newest last
}

// soakFault is a kind of fault of one member. It returns once the member can go on.
type soakFault struct {
	name string
	do   func(i int)
}

// madeFault is what was done, and when.
type madeFault struct {
	at   time.Time
	what string
}

// step notes what is done.
func (s *soak) step(format string, args ...any) {
	m := madeFault{time.Now(), fmt.Sprintf(format, args...)}
	s.made = append(s.made, m)
	s.t.Log(m.at.UTC().Format("15:04:05.0 ") + m.what)
}

// between is a time between two bounds.
func (s *soak) between(least, most time.Duration) time.Duration {
	return least + time.Duration(s.random.Int64N(int64(most-least)))
}

// lasts lets a fault last. It is no wait for something: how long a fault lasts is part of it.
func (s *soak) lasts(least, most time.Duration) { time.Sleep(s.between(least, most)) }

// newSoak starts all of it, and has an incident begin.
func newSoak(ctx context.Context, t *testing.T, seed uint64) *soak {
	t.Helper()
	s := &soak{t: t, ctx: ctx, random: rand.New(rand.NewPCG(seed, 1)), m: newMachines(t, 8), shop: newShop(t), office: newOffice(t)}
	slack, env := workspace(t)
	s.slack = slack
	var members []string
	for _, a := range s.m.addresses[:3] {
		members = append(members, a+":7946")
	}
	s.c = threeAt(t, append(env, soakEnv+"=1"), s.company(), members)
	s.c.inside, s.c.level = s.m.inside, "debug" // what a take-over waited for is seen by that
	for i := range s.m.addresses {
		for _, address := range []string{slack.Base, s.shop.url, s.office.url} {
			u, err := url.Parse(address)
			need(t, err)
			if i < 3 || address != slack.Base {
				s.m.brings(i, u.Host)
			}
		}
	}
	for i := range s.c.data {
		s.disks = append(s.disks, journaltest.SmallDisk(t, "96m"))
		s.c.data[i] = filepath.Join(s.disks[i], "data")
		need(t, os.Mkdir(s.c.data[i], 0o700))
		s.c.start(i)
	}
	leader := s.c.leader(ctx)
	s.c.follow(ctx, leader)
	s.c.bots[leader].awaitLine(ctx, "agents come in")
	for n, place := range []string{"eu", "eu", "us", "us", "office"} {
		s.places, s.dirs, s.agents = append(s.places, place), append(s.dirs, t.TempDir()), append(s.agents, nil)
		s.enroll(n, leader)
		s.startAgent(n)
	}
	until(ctx, t, slack, "/status", measured)
	ask(ctx, t, slack, "incident-demo", "/status start Orders fail")
	goesOn(ctx, t, slack)
	s.faults = []soakFault{{"killed", s.kills}, {"frozen", s.freezes}, {"cut off", s.cutsOff}, {"out of disk", s.fills}, {"restarted", s.restarts},
		{"damaged", s.damages}, {"in bad weather", s.weathers}}
	return s
}

// company writes a configuration with checks from here and from three other places.
func (s *soak) company() (file string) {
	var b strings.Builder
	b.WriteString("company: Acme\nproducts: [{id: shop, name: Shop}, {id: manual, name: Manual}, {id: desk, name: Desk}]\nchecks:\n")
	for i := range 18 {
		product, from := "shop", ""
		switch {
		case i >= 16:
			product = "manual"
		case i >= 12:
			from = ", vantages: [eu, us]"
		}
		fmt.Fprintf(&b, "  - {id: c%d, product: %s, kind: http, every: 1s, timeout: 1s%s, http: {url: %q}}\n", i, product, from, fmt.Sprintf("%s/%s/%d", s.shop.url, product, i))
	}
	for i := range 2 {
		fmt.Fprintf(&b, "  - {id: desk%d, product: desk, kind: http, every: 2s, timeout: 2s, vantages: [office], http: {url: %q}}\n", i, fmt.Sprintf("%s/desk%d", s.office.url, i))
	}
	fmt.Fprintf(&b, "agents: {listen: %q}\nupdates: {every: %s, mode: post}\n", "0.0.0.0"+gatePort, soakEvery)
	file = filepath.Join(s.t.TempDir(), "company.yaml")
	need(s.t, os.WriteFile(file, []byte(b.String()), 0o600))
	return file
}

func (s *soak) enroll(n, leader int) {
	s.t.Helper()
	token, _ := commandOf(s.t, exitOK, "agent", "token", "--vantage", s.places[n], "--data-dir", s.c.data[leader])
	args := []string{"agent", "enroll", "--token", strings.TrimSpace(token), "--data-dir", s.dirs[n]}
	for _, a := range s.m.addresses[:3] {
		args = append(args, "--server", a+gatePort)
	}
	var enrolled *child
	s.m.inside(3+n, func() { enrolled = startStatusbot(s.t, nil, args...) })
	<-enrolled.done
	if code := enrolled.cmd.ProcessState.ExitCode(); code != exitOK {
		s.t.Fatalf("enroll: exit code %d\n%s", code, enrolled.out)
	}
}

func (s *soak) startAgent(n int) {
	s.m.inside(3+n, func() {
		s.agents[n] = startStatusbot(s.t, []string{soakEnv + "=1"}, "agent", "--vantage", s.places[n], "--data-dir", s.dirs[n])
	})
}

// kills is kill -9, and a start after a while.
func (s *soak) kills(i int) {
	s.c.bots[i].kill()
	s.lasts(time.Second, 15*time.Second)
	s.c.start(i)
}

func (s *soak) restarts(i int) {
	if code := s.c.bots[i].terminate(); code != exitOK {
		s.t.Errorf("exit code %d, want 0", code)
	}
	s.c.start(i)
}

func (s *soak) freezes(i int) {
	p := s.c.bots[i].cmd.Process
	need(s.t, p.Signal(syscall.SIGSTOP))
	s.lasts(3*time.Second, 25*time.Second)
	need(s.t, p.Signal(syscall.SIGCONT))
}

func (s *soak) cutsOff(i int) {
	s.m.cuts(i, true)
	s.lasts(3*time.Second, 30*time.Second)
	s.m.cuts(i, false)
}

func (s *soak) fills(i int) {
	others := takeAll(s.t, s.disks[i])
	s.lasts(5*time.Second, 25*time.Second)
	need(s.t, os.Remove(others))
}

func (s *soak) weathers(int) {
	s.m.weather(.05, 30*time.Millisecond)
	s.lasts(10*time.Second, 30*time.Second)
	s.m.weather(0, 0)
}

// damages kills a member, changes a bit of one of its files, and does what the log, `doctor` and the page of operations say
// where the member does not mend itself.
func (s *soak) damages(i int) {
	s.c.bots[i].kill()
	var files []string
	need(s.t, filepath.WalkDir(filepath.Join(s.c.data[i], "cluster"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	}))
	file := files[s.random.IntN(len(files))]
	data, err := os.ReadFile(file)
	need(s.t, err)
	if len(data) > 0 {
		data[s.random.IntN(len(data))] ^= 1 << s.random.IntN(8)
		need(s.t, os.WriteFile(file, data, 0o600))
	}
	s.step("  a bit of %s", strings.TrimPrefix(file, s.c.data[i]))
	s.c.start(i)
	begun := time.Now()
	for {
		select {
		case <-s.c.bots[i].done:
			s.step("  it does not start with that")
			s.anew(i)
			return
		case <-time.After(100 * time.Millisecond):
		}
		state, err := house.ClusterBeside(s.ctx, s.c.data[i])
		switch {
		case err != nil || state.Cut != "":
			if time.Since(begun) > recovers {
				s.step("  it does not come back with that: %v %s", err, state.Cut)
				s.anew(i)
				return
			}
		case slices.ContainsFunc(state.Doubts, func(d string) bool { return strings.HasPrefix(d, s.c.members[i]+" has a damaged") }):
			s.step("  it is named: %q", state.Doubts)
			s.anew(i)
			return
		case time.Since(begun) > 70*time.Second: // the copies were compared since
			return
		}
	}
}

// anew has a member take all from the others.
func (s *soak) anew(i int) {
	s.c.bots[i].kill()
	need(s.t, os.RemoveAll(filepath.Join(s.c.data[i], "cluster")))
	s.c.start(i)
}

// hurtsAgent does something to an agent: the last one is cut off at most.
func (s *soak) hurtsAgent() (undo func()) {
	n := s.random.IntN(len(s.agents))
	what := s.random.IntN(3)
	if n == len(s.agents)-1 {
		what = 2
	}
	s.step("  agent %d of %s: %s", n, s.places[n], []string{"killed", "frozen", "cut off"}[what])
	switch what {
	case 0:
		s.agents[n].kill()
		return func() { s.startAgent(n) }
	case 1:
		need(s.t, s.agents[n].cmd.Process.Signal(syscall.SIGSTOP))
		return func() { need(s.t, s.agents[n].cmd.Process.Signal(syscall.SIGCONT)) }
	default:
		s.m.cuts(3+n, true)
		return func() { s.m.cuts(3+n, false) }
	}
}

// hurtsSlack has Slack misbehave for some seconds.
func (s *soak) hurtsSlack() {
	all := []sandboxtest.Fault{{Mode: "slow", DelayMS: 3000}, {Mode: "ratelimit", RetryAfter: 3}, {Mode: "error", Error: "http_503"}, {Mode: "lost_answer"},
		{Mode: "torn"}, {Mode: "hang"}, {Mode: "reset"}, {Mode: "down"}, {Mode: "disconnect"}, {Mode: "deaf"}}
	f := all[s.random.IntN(len(all))]
	if f.Mode != "disconnect" {
		f.For = s.between(3*time.Second, 20*time.Second).Round(time.Millisecond).String()
	}
	s.step("  Slack: %s %s", f.Mode, f.For)
	need(s.t, s.slack.Faults(s.ctx, f))
}

// round makes faults, and waits until all is well again: all follow one leader, and it tells.
func (s *soak) round() {
	fault, i := s.faults[s.random.IntN(len(s.faults))], s.random.IntN(3)
	if leader := s.c.leader(s.ctx); s.random.IntN(2) == 0 {
		i = leader // half of all faults, not a third
	}
	s.shop.nth.Store([]int64{0, 0, 4, 10}[s.random.IntN(4)])
	s.step("%s is %s", s.c.members[i], fault.name)
	undo := func() {}
	if s.random.IntN(2) == 0 {
		undo = s.hurtsAgent()
	}
	if s.random.IntN(2) == 0 {
		s.hurtsSlack()
	}
	if s.random.IntN(8) == 0 {
		s.step("  all are killed at once")
		for k := range s.c.bots {
			s.c.bots[k].kill()
		}
		for k := range s.c.bots {
			s.c.start(k)
		}
	} else {
		fault.do(i)
	}
	undo()
	ctx, cancel := context.WithTimeout(s.ctx, recovers)
	defer cancel()
	leader := s.c.leader(ctx)
	s.calm(ctx)
	goesOn(ctx, s.t, s.slack)
	s.step("  %s leads", s.c.members[leader])
}

// calm waits until all members name the same leader.
func (s *soak) calm(ctx context.Context) {
	s.t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		leaders, says := map[string]bool{}, ""
		for i := range s.c.bots {
			state, err := house.ClusterBeside(ctx, s.c.data[i])
			if err != nil || state.Cut != "" || state.Leader == "" {
				leaders[""] = true
			}
			leaders[state.Leader] = true
			says += fmt.Sprintf("\n%s: %v, cut off %q, hangs %q, follows %q", s.c.members[i], err, state.Cut, state.Hangs, state.Leader)
		}
		if len(leaders) == 1 && !leaders[""] {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			for _, b := range s.c.bots { // each says what it waits for
				_ = b.cmd.Process.Signal(syscall.SIGQUIT)
				<-b.done
			}
			s.t.Fatalf("the members do not come together:%s", says)
		}
	}
}

// takes is what a process takes.
type takes struct{ goroutines, files, anonymous int } // anonymous: KiB

// takesNow asks a process at rest.
func (s *soak) takesNow(c *child, n int) (is takes) {
	s.t.Helper()
	need(s.t, c.cmd.Process.Signal(syscall.SIGUSR1))
	begin := fmt.Sprintf("%s%d ", soakTold, n)
	_, err := fmt.Sscan(strings.TrimPrefix(c.awaitLine(s.ctx, begin), begin), &is.goroutines)
	need(s.t, ignoreRest(err))
	dir := filepath.Join("/proc", strconv.Itoa(c.cmd.Process.Pid))
	files, err := os.ReadDir(filepath.Join(dir, "fd"))
	need(s.t, err)
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	need(s.t, err)
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	_, err = fmt.Sscan(rest, &is.anonymous)
	need(s.t, err)
	is.files = len(files)
	return is
}

// ignoreRest is for a number with a sign behind it.
func ignoreRest(err error) error {
	if err != nil && strings.Contains(err.Error(), "expected integer") {
		return err
	}
	return nil
}

// events is everything that is written down of the incident, as a member reads it.
func (s *soak) events(i int) []incident.Event {
	s.t.Helper()
	list, err := house.EventsBeside(s.ctx, s.c.data[i], "inc-1")
	need(s.t, err)
	return list
}

// results are those of the office that are stored, by check; one that is stored twice is an error.
func (s *soak) results(i int) map[string][]checks.Result {
	s.t.Helper()
	var out bytes.Buffer
	_, err := house.ResultsBeside(s.ctx, s.c.data[i], time.Time{}, &out)
	need(s.t, err)
	list, err := checks.DecodeResults(out.Bytes())
	need(s.t, err)
	stored, starts := map[string][]checks.Result{}, map[string]bool{}
	for _, r := range list {
		key := r.Check + " from " + r.Vantage + " at " + r.Started.Format(time.RFC3339Nano)
		if starts[key] {
			s.t.Errorf("stored twice: %s", key)
		}
		starts[key] = true
		if r.Product == "desk" && r.Outcome != checks.Unknown {
			stored[r.Check] = append(stored[r.Check], r)
		}
	}
	return stored
}

// tellLate says which updates came later than a leader may be away, and what had been done: each is an error.
func (s *soak) tellLate(updates []incident.Event) {
	var most time.Duration
	for i, u := range updates {
		late := u.At.Sub(u.Due)
		if i > 0 { // one that has news is due by these, however late the regular one was that it stands for
			late = max(late, u.At.Sub(updates[i-1].At)-soakEvery)
		}
		if most = max(most, late); late <= leaderAway {
			continue
		}
		var last madeFault
		for _, m := range s.made {
			if !m.at.After(u.At.Add(-late)) {
				last = m
			}
		}
		s.t.Errorf("update %d, due at %s, came %.1f s late; last was done: %s\n%s", u.N, u.At.Add(-late).UTC().Format("15:04:05.0"), late.Seconds(), last.what,
			s.c.saidBetween(u.At.Add(-late-leaderAway), u.At.Add(soakEvery)))
	}
	s.t.Logf("%d updates, the latest of them %.1f s after it was due", len(updates), most.Seconds())
}

// keepLogs writes what the members logged to a folder, if there is one, a file each, and what was done to them to another.
func (s *soak) keepLogs() {
	dir := os.Getenv(faultsLogsEnv)
	if dir == "" {
		return
	}
	need(s.t, os.MkdirAll(dir, 0o700))
	for i, outs := range s.c.said {
		var b bytes.Buffer
		for _, out := range outs {
			b.WriteString(out.String())
		}
		need(s.t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("member-%d.log", i+1)), b.Bytes(), 0o600))
	}
	var b bytes.Buffer
	for _, m := range s.made {
		fmt.Fprintf(&b, "%s\t%s\n", m.at.UTC().Format("2006-01-02T15:04:05.000Z"), m.what)
	}
	need(s.t, os.WriteFile(filepath.Join(dir, "faults.log"), b.Bytes(), 0o600))
}

// ends ends the incident and the agents, and holds what is there against what happened.
func (s *soak) ends() {
	t, ctx := s.t, s.ctx
	need(t, s.slack.Faults(ctx, sandboxtest.Fault{Mode: "ok"}))
	leader := s.c.leader(ctx)
	s.calm(ctx)
	until(ctx, t, s.slack, "/status stop", contains("Updates end; a last one follows"))
	if _, err := s.slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("ended by")); err != nil {
		t.Fatal(err)
	}
	checkTold(ctx, t, s.slack, s.c.updates(ctx, leader), soakEvery)
	s.tellLate(s.c.updates(ctx, leader))
	awaitAgents(ctx, t, s.c.data[leader], func(is house.AgentsState) bool {
		return slices.ContainsFunc(is.Agents, func(a agent.State) bool { return a.Vantage == "office" && a.Alive && a.Kept <= 2 })
	})
	if code := s.agents[len(s.agents)-1].terminate(); code != exitOK {
		t.Errorf("the agent that never ended ends with %d", code)
	}
	for check, list := range s.results(leader) {
		asked := s.office.of("/" + check)
		t.Logf("%s was asked %d times, and %d results are stored", check, len(asked), len(list))
		if len(list) == len(asked) || len(list) == len(asked)-1 { // one may have been under way when the agent was ended
			continue
		}
		t.Errorf("%s: that is not the same", check)
		for _, at := range asked {
			if !slices.ContainsFunc(list, func(r checks.Result) bool { return !at.Before(r.Started) && !at.After(r.Ended()) }) {
				t.Logf("  not stored: %s", at.UTC().Format("15:04:05.000"))
			}
		}
	}
	for i := range s.c.bots {
		if got, want := len(s.events(i)), len(s.events(leader)); got != want {
			t.Errorf("%s has %d events, and %s %d", s.c.members[i], got, s.c.members[leader], want)
		}
	}
}

// TestSoakOfFaults: three members and five agents, a machine each, of which one after the other is killed, frozen, cut off,
// without room, restarted or damaged, while agents are, and Slack is away or answers wrongly: nothing is lost, doubled or
// skipped, none comes later than leaderAway, and at the end each takes what it took at the begin.
//
//	STATUSBOT_TEST_NETS=1 STATUSBOT_FAULTS=1h go test ./cmd/statusbot -run SoakOfFaults -timeout 2h -v
func TestSoakOfFaults(t *testing.T) {
	text := os.Getenv(faultsEnv)
	if text == "" {
		t.Skipf("it takes minutes, and what it does is by chance: set %s, for example to 10m", faultsEnv)
	}
	seed := uint64(time.Now().UnixNano())
	long, err := time.ParseDuration(text)
	if text := os.Getenv(faultsSeedEnv); text != "" {
		var wrong error
		seed, wrong = strconv.ParseUint(text, 10, 64)
		err = errors.Join(err, wrong)
	}
	need(t, err)
	t.Logf("%s=%d", faultsSeedEnv, seed)
	ctx, cancel := context.WithTimeout(t.Context(), long+30*time.Minute)
	defer cancel()
	s := newSoak(ctx, t, seed)
	defer s.keepLogs()
	last := len(s.agents) - 1
	first := s.takesNow(s.agents[last], 1)
	for end := time.Now().Add(long); time.Now().Before(end); {
		s.round()
	}
	s.shop.nth.Store(0)
	now := s.takesNow(s.agents[last], 2)
	t.Logf("the agent that never ended took %+v, and takes %+v", first, now)
	if now.files > first.files+4 || now.goroutines > first.goroutines+8 || now.anonymous > 40<<10 {
		t.Error("that is more")
	}
	for i, b := range s.c.bots {
		t.Logf("%s takes %+v", s.c.members[i], s.takesNow(b, 1))
	}
	s.ends()
}

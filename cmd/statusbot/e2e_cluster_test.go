package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/incident"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/port"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// three is a cluster of three statusbots on loopback, each a process.
type three struct {
	t       *testing.T
	env     []string
	members []string
	files   []string // configurations
	data    []string
	bots    []*child               // nil: it does not run
	alone   string                 // configuration of one that is in no cluster
	inside  func(i int, do func()) // does something on the machine of a member; nil: all are on this one
	program string                 // file of another version that is started; empty: this one
	said    [][]*lines             // :: member -> output of each process that it was, newest last
	level   string                 // of what they log; empty: as a statusbot does
}

// newThree is threeAt on loopback.
func newThree(t *testing.T, env []string, company string) *three {
	t.Helper()
	var members []string
	for range 3 {
		held, err := port.Hold()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = held.Close() })
		members = append(members, held.Address())
	}
	return threeAt(t, env, company, members)
}

// threeAt writes what three members need, as an operator does: by cluster init.
func threeAt(t *testing.T, env []string, company string, members []string) *three {
	t.Helper()
	c := &three{t: t, env: env, members: members, bots: make([]*child, 3), said: make([][]*lines, 3), alone: company}
	out := filepath.Join(t.TempDir(), "members")
	made, says := commandOf(t, exitOK, append([]string{"cluster", "init", "--name", "acme", "--out", out}, c.members...)...)
	if !strings.Contains(says, "journal:\n  cluster:\n    name: acme\n") {
		t.Errorf("cluster init says %q", says)
	}
	text, err := os.ReadFile(company)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSpace(made), "\n") {
		_, folder, _ := strings.Cut(line, "\t")
		file := filepath.Join(t.TempDir(), fmt.Sprintf("member-%d.yaml", i))
		own := fmt.Sprintf("%sjournal: {cluster: {name: acme, members: [%q, %q, %q], folder: %q}}\n", text, c.members[0], c.members[1], c.members[2], folder)
		if err := os.WriteFile(file, []byte(own), 0o600); err != nil {
			t.Fatal(err)
		}
		c.files, c.data = append(c.files, file), append(c.data, t.TempDir())
	}
	return c
}

func (c *three) start(i int) {
	c.t.Helper()
	args := []string{"run", "--config", c.files[i], "--data-dir", c.data[i]}
	if c.level != "" {
		args = append(args, "--log-level", c.level)
	}
	defer func() { c.said[i] = append(c.said[i], c.bots[i].out) }()
	run := func() {
		if c.program != "" {
			c.bots[i] = startFile(c.t, c.program, c.env, args...)
			return
		}
		c.bots[i] = startStatusbot(c.t, c.env, args...)
	}
	if c.inside == nil {
		run()
		return
	}
	c.inside(i, run)
}

// saidBetween is what the members logged in a span of time, in its order, each line with whose it is.
func (c *three) saidBetween(from, until time.Time) string {
	type line struct {
		at   time.Time
		text string
	}
	var all []line
	for i, outs := range c.said {
		for _, out := range outs {
			for text := range strings.Lines(out.String()) {
				when, what, _ := strings.Cut(strings.TrimSpace(text), "\t")
				at, err := time.Parse("2006-01-02T15:04:05.000Z0700", when)
				if err != nil || at.Before(from) || at.After(until) {
					continue
				}
				all = append(all, line{at, fmt.Sprintf("%s %s\t%s", at.UTC().Format("15:04:05.000"), c.members[i], what)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b line) int { return a.at.Compare(b.at) })
	var b strings.Builder
	for _, l := range all {
		fmt.Fprintln(&b, l.text)
	}
	return b.String()
}

// leader waits until a member other than those leads, and returns which.
func (c *three) leader(ctx context.Context, not ...int) int {
	c.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		for i, b := range c.bots {
			if b == nil || len(not) > 0 && not[0] == i {
				continue
			}
			s, err := house.ClusterBeside(ctx, c.data[i])
			if err == nil && s.Cut == "" && s.Leader != "" && (len(not) == 0 || s.Leader != c.members[not[0]]) {
				for k, m := range c.members {
					if m == s.Leader {
						return k
					}
				}
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			c.t.Fatal("nobody leads")
		}
	}
}

// follows waits until a member says that another one leads.
func (c *three) follows(ctx context.Context, i, leader int) {
	c.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := house.ClusterBeside(ctx, c.data[i])
		if err == nil && s.Cut == "" && s.Leader == c.members[leader] {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			c.t.Fatalf("%s does not follow %s: %+v, %v", c.members[i], c.members[leader], s, err)
		}
	}
}

// follow waits until all members say who leads.
func (c *three) follow(ctx context.Context, leader int) {
	c.t.Helper()
	for i := range c.bots {
		c.follows(ctx, i, leader)
	}
}

// updates are those that are written down, as a member reads them.
func (c *three) updates(ctx context.Context, i int) (list []incident.Event) {
	c.t.Helper()
	events, err := house.EventsBeside(ctx, c.data[i], "inc-1")
	if err != nil {
		c.t.Fatal(err)
	}
	for _, e := range events {
		if e.Kind == incident.Update {
			list = append(list, e)
		}
	}
	return list
}

// goesOn waits until the channel has two posts more.
func goesOn(ctx context.Context, t *testing.T, slack sandboxtest.Client) {
	t.Helper()
	n := countPosts(ctx, t, slack)
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", func(sandboxtest.Message) bool { return countPosts(ctx, t, slack) > n+1 }); err != nil {
		t.Fatal(err)
	}
}

// after says how long the next update took to be written down after something
// happened to who led.
func (c *three) after(ctx context.Context, i int, what string, happened time.Time) {
	c.t.Helper()
	for _, u := range c.updates(ctx, i) {
		if u.At.After(happened) {
			c.t.Logf("%s: update %d came %.1f s later, and %.1f s after it was due", what, u.N, u.At.Sub(happened).Seconds(), u.At.Sub(u.Due).Seconds())
			return
		}
	}
	c.t.Errorf("no update was written down after it was %s", what)
}

// grows has one that is in no cluster begin the incident, and three go on with it.
func (c *three) grows(ctx context.Context, slack sandboxtest.Client) {
	c.t.Helper()
	one := startStatusbot(c.t, c.env, "run", "--config", c.alone, "--data-dir", c.data[0])
	until(ctx, c.t, slack, "/status", contains("Both products as usual"))
	if said := ask(ctx, c.t, slack, "incident-demo", "/status start Orders fail"); !strings.Contains(said, "2 s") {
		c.t.Fatalf("start is answered with %q", said)
	}
	goesOn(ctx, c.t, slack)
	if code := one.terminate(); code != exitOK {
		c.t.Errorf("exit code %d, want 0", code)
	}
	for _, i := range []int{2, 0, 1} {
		c.start(i)
	}
}

// freezes stops a leader until another one leads, and has it go on.
func (c *three) freezes(ctx context.Context, slack sandboxtest.Client, leader int) {
	c.t.Helper()
	frozen, at := c.bots[leader], time.Now()
	if err := frozen.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		c.t.Fatal(err)
	}
	c.bots[leader] = nil
	next := c.leader(ctx, leader)
	goesOn(ctx, c.t, slack)
	c.after(ctx, next, "frozen", at)
	if err := frozen.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		c.t.Fatal(err)
	}
	c.bots[leader] = frozen
	frozen.awaitLine(ctx, "no longer leading")
	goesOn(ctx, c.t, slack)
}

// restarts starts all anew, one after the other, each when the one before has
// caught up.
func (c *three) restarts(ctx context.Context) {
	c.t.Helper()
	for i := range c.bots {
		if code := c.bots[i].terminate(); code != exitOK {
			c.t.Errorf("exit code %d, want 0", code)
		}
		c.start(i)
		c.bots[i].awaitLine(ctx, "history read")
	}
}

// One statusbot becomes three, without anything of the company's: the one that
// leads is killed, another is frozen until a third leads and woken again, and all
// are started anew one after the other. The incident goes on, its numbers have no
// gap, and nothing is doubled.
func TestThreeStatusbots(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "15 CPU-s, and a minute of elections")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	slack, env := workspace(t)
	target := newShop(t)
	c := newThree(t, env, target.company(t, "updates: {every: 2s, mode: post}\n"))
	c.grows(ctx, slack)
	first := c.leader(ctx)
	c.follow(ctx, first)
	goesOn(ctx, t, slack)

	// Killed. It holds the lease, and by now and then the streams.
	at := time.Now()
	c.bots[first].kill()
	c.bots[first] = nil
	second := c.leader(ctx, first)
	goesOn(ctx, t, slack)
	c.after(ctx, second, "killed", at)
	if out, _ := commandOf(t, exitFailed, "status", "--cluster", "--data-dir", c.data[second]); !strings.Contains(out, c.members[second]+" leads") || !strings.Contains(out, c.members[first]+" does not answer from here.") {
		t.Errorf("with one killed status says\n%s", out)
	}
	c.start(first)
	c.bots[first].awaitLine(ctx, "history read")
	c.follow(ctx, second)
	c.freezes(ctx, slack, second)
	c.restarts(ctx)
	last := c.leader(ctx)
	goesOn(ctx, t, slack)
	ask(ctx, t, slack, "incident-demo", "/status stop")
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("ended by")); err != nil {
		t.Fatal(err)
	}
	checkTold(ctx, t, slack, c.updates(ctx, last), 2*time.Second)
	for i := range c.bots {
		if got, want := len(c.updates(ctx, i)), len(c.updates(ctx, last)); got != want {
			t.Errorf("%s has %d updates, and %s %d", c.members[i], got, c.members[last], want)
		}
	}
}

// olderEnv names the file of an older statusbot, such as the one of the last release.
const olderEnv = "STATUSBOT_TEST_OLDER"

// Three members of an older version become three of this one while an incident goes on, one after the other, and older ones
// again: no update is doubled, skipped or lost, and each member reads what the others have written.
func TestUpgradeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	older := os.Getenv(olderEnv)
	longtest.Only(t, "members restart, and their elections")
	if older == "" {
		t.Skip("it takes another version: set " + olderEnv + " to its file")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	slack, env := workspace(t)
	target := newShop(t)
	c := newThree(t, env, target.company(t, "updates: {every: 2s, mode: post}\n"))
	c.program = older
	for i := range c.bots {
		c.start(i)
	}
	until(ctx, t, slack, "/status", contains("Both products as usual"))
	ask(ctx, t, slack, "incident-demo", "/status start Orders fail")
	goesOn(ctx, t, slack)
	for _, to := range []string{"", older} {
		c.program = to
		c.restarts(ctx)
		goesOn(ctx, t, slack)
		if got := ask(ctx, t, slack, "incident-demo", "/status mark restarted the shop"); !strings.Contains(got, "restarted the shop") {
			t.Errorf("a mark is answered with %q", got)
		}
	}
	last := c.leader(ctx)
	c.follow(ctx, last)
	ask(ctx, t, slack, "incident-demo", "/status stop")
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("ended by")); err != nil {
		t.Fatal(err)
	}
	updates := c.updates(ctx, last)
	checkTold(ctx, t, slack, updates, 2*time.Second)
	var late time.Duration
	for _, u := range updates {
		late = max(late, u.At.Sub(u.Due))
	}
	t.Logf("%d updates, the latest of them %.1f s after it was due", len(updates), late.Seconds())
	for i, b := range c.bots {
		if got := len(c.updates(ctx, i)); got != len(updates) {
			t.Errorf("%s has %d updates, and %s %d", c.members[i], got, c.members[last], len(updates))
		}
		for _, bad := range []string{"skipped", "cannot be read"} {
			if line, found := b.out.find(bad); found {
				t.Error(line)
			}
		}
	}
}

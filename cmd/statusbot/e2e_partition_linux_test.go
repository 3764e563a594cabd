package main

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/sandbox/sandboxtest"
)

// saysCut waits until a member says that it is cut off and knows of nobody who leads.
func (c *three) saysCut(ctx context.Context, i int) {
	c.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := house.ClusterBeside(ctx, c.data[i])
		if err == nil && s.Cut != "" && s.Leader == "" && s.Hangs == "" && len(s.Reached) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			c.t.Fatalf("%s is cut off, and says %+v, %v", c.members[i], s, err)
		}
	}
}

// cutsOff cuts who leads off from the others, though not from Slack, until another one leads and tells, and lets it in
// again.
func (c *three) cutsOff(ctx context.Context, m *machines, slack sandboxtest.Client, what string) {
	c.t.Helper()
	leader := c.leader(ctx)
	leads := 0
	if s, err := house.ClusterBeside(ctx, c.data[leader]); err == nil {
		for _, st := range s.Streams {
			if st.Leader == c.members[leader] {
				leads++
			}
		}
	}
	old, at := c.bots[leader], time.Now()
	m.cuts(leader, true)
	c.bots[leader] = nil
	next := c.leader(ctx, leader)
	goesOn(ctx, c.t, slack)
	c.saysCut(ctx, leader)
	c.after(ctx, next, fmt.Sprintf("%s, with %d of 5 streams", what, leads), at)
	m.cuts(leader, false)
	c.bots[leader] = old
	c.follows(ctx, leader, next)
	goesOn(ctx, c.t, slack)
}

// Three machines, of which the one that leads is cut off from the others again and again, while it still reaches Slack:
// another one leads, nothing is doubled or lost; likewise in a network that loses packets and is slow.
func TestPartitions(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "20 CPU-s, and two minutes of elections")
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	m := newMachines(t, 3)
	slack, env := workspace(t)
	target := newShop(t)
	var members []string
	for _, a := range m.addresses {
		members = append(members, a+":7946")
	}
	c := threeAt(t, env, target.company(t, "updates: {every: 2s, mode: post}\n"), members)
	c.inside = m.inside
	for i := range c.bots {
		for _, address := range []string{slack.Base, target.url} {
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			m.brings(i, u.Host)
		}
		c.start(i)
	}
	c.follow(ctx, c.leader(ctx))
	until(ctx, t, slack, "/status", contains("Both products as usual"))
	ask(ctx, t, slack, "incident-demo", "/status start Orders fail")
	goesOn(ctx, t, slack)
	for range 2 {
		c.cutsOff(ctx, m, slack, "cut off")
	}
	m.weather(.1, 100*time.Millisecond) // on each way
	goesOn(ctx, t, slack)
	c.cutsOff(ctx, m, slack, "cut off in a slow network that loses a tenth")
	m.weather(0, 0)
	last := c.leader(ctx)
	ask(ctx, t, slack, "incident-demo", "/status stop")
	if _, err := slack.WaitMessage(ctx, "incident-demo", "ana", channelMessage("ended by")); err != nil {
		t.Fatal(err)
	}
	checkTold(ctx, t, slack, c.updates(ctx, last), 2*time.Second)
	c.follow(ctx, last)
	for i := range c.bots {
		if got, want := len(c.updates(ctx, i)), len(c.updates(ctx, last)); got != want {
			t.Errorf("%s has %d updates, and %s %d", c.members[i], got, c.members[last], want)
		}
	}
}

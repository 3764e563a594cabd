package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/statusbot/statusbot/internal/house"
	"github.com/statusbot/statusbot/internal/journal"
)

// A cluster in the terminal: what is wrong stands first and once, nobody who answers is
// said to be away, and no line is longer than 80 columns.
func TestClusterText(t *testing.T) {
	t.Parallel()
	const a, b, c = "a.example.com:7946", "b.example.com:7946", "c.example.com:7946"
	state := func(leader string, reached []string, peers ...journal.PeerState) house.ClusterState {
		return house.ClusterState{Leader: leader, MemberState: journal.MemberState{Name: "acme", Self: a, Members: []string{a, b, c}, Reached: reached,
			Streams: []journal.StreamState{{Name: "STATUSBOT_EVENTS", Leader: leader, Last: 4711, Peers: peers}}}}
	}
	cut := state("", nil)
	cut.Cut, cut.Streams = "it reaches 0 of 2 other members, and the cluster does not answer", nil
	doubt := state(b, []string{b, c})
	doubt.Doubts = []string{c + " lacks events that the others have; if it does for minutes, wait"}
	hangs := state("", []string{b, c})
	hangs.Hangs = "the cluster acknowledges no writes to STATUSBOT_EVENTS"
	for name, test := range map[string]struct {
		state house.ClusterState
		want  string
	}{
		"well": {state(b, []string{b, c}, journal.PeerState{Member: a, Current: true}, journal.PeerState{Member: c, Current: true}),
			"Cluster acme, as a.example.com:7946 sees it.\nb.example.com:7946 leads: it measures, decides and posts.\nSTATUSBOT_EVENTS        newest 4711, nobody is behind\nAll members have all.\n"},
		"one is away": {state(b, []string{b}, journal.PeerState{Member: a, Current: true}, journal.PeerState{Member: c, Lag: 7}),
			"Cluster acme, as a.example.com:7946 sees it.\nb.example.com:7946 leads: it measures, decides and posts.\nc.example.com:7946 does not answer from here.\nSTATUSBOT_EVENTS        newest 4711, c.example.com:7946 is 7 steps behind\n"},
		"one catches up": {state(b, []string{b, c}, journal.PeerState{Member: c, Lag: 7}),
			"Cluster acme, as a.example.com:7946 sees it.\nb.example.com:7946 leads: it measures, decides and posts.\nc.example.com:7946 has not caught up.\nSTATUSBOT_EVENTS        newest 4711, c.example.com:7946 is 7 steps behind\n"},
		"one has not all": {doubt,
			"Cluster acme, as a.example.com:7946 sees it.\nb.example.com:7946 leads: it measures, decides and posts.\nc.example.com:7946 lacks events that the others have; if it does for minutes, wait.\nSTATUSBOT_EVENTS        newest 4711, nobody is behind\n"},
		"writes hang": {hangs,
			"Cluster acme, as a.example.com:7946 sees it.\nNobody leads: nothing is measured or told.\nThe cluster acknowledges no writes to STATUSBOT_EVENTS.\nSTATUSBOT_EVENTS        newest 4711, nobody is behind\n"},
		"it begins": {state("", []string{b, c}),
			"Cluster acme, as a.example.com:7946 sees it.\nNobody leads: nothing is measured or told.\nSTATUSBOT_EVENTS        newest 4711, nobody is behind\n"},
		"alone, as was last heard": {state("", nil, journal.PeerState{Member: a}, journal.PeerState{Member: b}, journal.PeerState{Member: c}),
			"Cluster acme, as a.example.com:7946 sees it.\nNobody leads: nothing is measured or told.\nThis member reaches 0 of 2 others, which is too few to lead.\nb.example.com:7946 does not answer from here.\nc.example.com:7946 does not answer from here.\n"},
		"cut off": {cut,
			"Cluster acme, as a.example.com:7946 sees it.\nNobody leads: nothing is measured or told.\nThis member is cut off: it reaches 0 of 2 other members, and the cluster does not answer.\nb.example.com:7946 does not answer from here.\nc.example.com:7946 does not answer from here.\n"},
	} {
		if diff := cmp.Diff(test.want, clusterText(test.state)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Members of a cluster are addresses by the rule of journal.cluster.members, before
// anything is written.
func TestMembersThatCanNeverBe(t *testing.T) {
	t.Parallel()
	for _, never := range []string{"256.0.0.1:7946", "a..b:7946", "h:+7946", "h:99999", "h"} {
		out := filepath.Join(t.TempDir(), "members")
		if _, says := commandOf(t, exitUsage, "cluster", "init", "--out", out, "a:1", "b:1", never); !strings.Contains(says, never) {
			t.Errorf("%s: %s", never, says)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: something was written", never)
		}
	}
}

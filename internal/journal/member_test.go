package journal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/journal"
	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/port"
)

// membersOf are the configurations of so many members on loopback.
func membersOf(t *testing.T, n int) (all []journal.Config) {
	t.Helper()
	c := journal.Cluster{Name: "test"}
	for range n {
		held, err := port.Hold()
		check(t, err)
		t.Cleanup(func() { _ = held.Close() })
		c.Members = append(c.Members, held.Address())
	}
	folders, err := journal.InitCluster(t.TempDir(), c)
	check(t, err)
	for _, folder := range folders {
		own := c
		check(t, journal.ReadMember(folder, &own))
		all = append(all, journal.Config{Dir: t.TempDir(), Cluster: &own})
	}
	return all
}

// opens opens a member, and closes it at the end of the test.
func opens(t *testing.T, cfg journal.Config) *journal.Journal {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	j, err := journal.Open(ctx, cfg)
	check(t, err)
	t.Cleanup(func() { j.Close() })
	return j
}

// Three members come up at the same instant; what one writes all read; and two of
// them go on without the third, which reads what it missed when it is back.
func TestThreeMembers(t *testing.T) {
	t.Parallel()
	cfg := membersOf(t, 3)
	all := make([]*journal.Journal, 3)
	var first sync.WaitGroup
	for i := range all { // the first start of all needs all
		first.Go(func() { all[i] = opens(t, cfg[i]) })
	}
	first.Wait()
	if t.Failed() {
		return
	}
	seq, err := all[0].AppendEvent(t.Context(), "inc-1", 0, []byte("first"))
	check(t, err)
	read := func(j *journal.Journal) (texts []string) {
		t.Helper()
		ctx, stop := context.WithCancel(t.Context())
		_ = j.FollowEvents(ctx, func(r journal.Record) error { texts = append(texts, string(r.Data)); return nil }, stop)
		return texts
	}
	wants := func(j *journal.Journal, want string) {
		t.Helper()
		for deadline := time.Now().Add(patience); strings.Join(read(j), ", ") != want; {
			if time.Now().After(deadline) {
				t.Fatalf("read %q, want %q", read(j), want)
			}
		}
	}
	wants(all[1], "first")
	if _, err := all[1].AppendEvent(t.Context(), "inc-1", 0, []byte("in ignorance")); !errors.Is(err, journal.ErrConflict) {
		t.Errorf("an event in ignorance: %v", err)
	}
	if passes, err := all[1].RestoreRefused(t.Context()); !passes || !strings.Contains(err.Error(), "no suitable peers") {
		t.Errorf("a stream of more members than there are: %v; passes by itself: %v", err, passes)
	}
	if !longtest.Of(false, true) { // an election takes its 4 to 9 s
		return
	}
	check(t, all[0].Close())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for { // until the two have a leader
		if _, err = all[1].AppendEvent(ctx, "inc-1", seq, []byte("of two")); err == nil || errors.Is(err, journal.ErrConflict) || ctx.Err() != nil {
			break
		}
	}
	if err != nil && !errors.Is(err, journal.ErrConflict) { // an earlier try was stored, and its answer lost
		t.Fatal(err)
	}
	all[0] = opens(t, cfg[0])
	for _, j := range all {
		wants(j, "first, of two")
	}
	for state, is, err := all[0].Cluster(ctx); ; state, is, err = all[0].Cluster(ctx) {
		if err == nil && is && len(state.Reached) == 2 && len(state.Streams) == 5 && state.Self == cfg[0].Cluster.Self && state.Streams[0].Last == 2 && state.Streams[0].Leader != "" {
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("the cluster is %+v, %v", state, err)
		}
	}
}

// One member alone waits, and says why, until it is told to end.
func TestOneMemberWaits(t *testing.T) {
	t.Parallel()
	cfg := membersOf(t, 3)[0]
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var said error
	cfg.Waits = func(err error) {
		said = err
		cancel()
	}
	if j, err := journal.Open(ctx, cfg); err == nil {
		j.Close()
		t.Fatal("one of three is a cluster")
	}
	if said == nil || !strings.Contains(said.Error(), "the members have not elected yet who leads the cluster") {
		t.Errorf("it says that it waits since %v", said)
	}
}

// What is no cluster is refused with a sentence that says what to write.
func TestClusterIsChecked(t *testing.T) {
	t.Parallel()
	three := []string{"a:1", "b:1", "c:1"}
	for want, c := range map[string]journal.Cluster{
		"2 members: list all":     {Name: "x", Members: three[:2]},
		"4 members: list all":     {Name: "x", Members: append(three[:3:3], "d:1")},
		"7 members: 5 at most":    {Name: "x", Members: append(three[:3:3], "d:1", "e:1", "f:1", "g:1")},
		`member "a": `:            {Name: "x", Members: []string{"a", "b:1", "c:1"}},
		`"a:1" is listed twice`:   {Name: "x", Members: []string{"a:1", "b:1", "a:1"}},
		`name "no name"`:          {Name: "no name", Members: three},
		"is not among the memb":   {Name: "x", Members: three, Self: "d:1"},
		`member "a:99999": write`: {Name: "x", Members: []string{"a:99999", "b:1", "c:1"}},
	} {
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	if err := (&journal.Cluster{Name: "x", Members: three, Self: "b:1"}).Check(); err != nil {
		t.Error(err)
	}
}

// Who has another secret, or no certificate of the authority, is not let in.
func TestStrangersAreNotLetIn(t *testing.T) {
	t.Parallel()
	cfg := membersOf(t, 3)
	foreign := membersOf(t, 3)
	for _, change := range []func(c *journal.Cluster){
		func(c *journal.Cluster) { c.Secret = "guessed" },
		func(c *journal.Cluster) { c.TLS = foreign[0].Cluster.TLS },
	} {
		var group sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		tries := make(chan struct{}, 1000)
		for i := range 3 {
			own := *cfg[i].Cluster
			if i == 0 {
				change(&own)
			}
			one := journal.Config{Dir: t.TempDir(), Cluster: &own, Waits: func(error) { tries <- struct{}{} }}
			group.Go(func() {
				if j, err := journal.Open(ctx, one); err == nil {
					j.Close()
					t.Error("a stranger is let in")
				}
			})
		}
		<-tries
		cancel()
		group.Wait()
	}
}

// What cluster init writes is each member's own, and is not written over.
func TestInitCluster(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made")
	c := journal.Cluster{Name: "x", Members: []string{"a.example.com:7000", "10.0.0.2:7000", "c.example.com:7000"}}
	folders, err := journal.InitCluster(dir, c)
	check(t, err)
	seen := map[string]bool{}
	for i, folder := range folders {
		var own journal.Cluster
		check(t, journal.ReadMember(folder, &own))
		key, err := os.ReadFile(filepath.Join(folder, "key.pem"))
		check(t, err)
		info, err := os.Stat(filepath.Join(folder, "key.pem"))
		check(t, err)
		if own.Self != c.Members[i] || seen[string(key)] || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is of %s, mode %v", folder, own.Self, info.Mode())
		}
		seen[string(key)] = true
	}
	if _, err := journal.InitCluster(dir, c); err == nil || !strings.Contains(err.Error(), "holds a cluster already") {
		t.Errorf("a second time: %v", err)
	}
	half := filepath.Join(t.TempDir(), "half")
	in := filepath.Join(half, filepath.Base(folders[2]))
	check(t, os.MkdirAll(in, 0o700)) // somebody else's
	if _, err := journal.InitCluster(half, c); err == nil {
		t.Error("a folder was written over")
	}
	if left, err := os.ReadDir(half); err != nil || len(left) != 1 {
		t.Errorf("after an error %v is left, %v", left, err)
	}
	check(t, os.Remove(in))
	_, err = journal.InitCluster(half, c)
	check(t, err)
	var own journal.Cluster
	check(t, os.Remove(filepath.Join(folders[0], "cert.pem")))
	if err := journal.ReadMember(folders[0], &own); err == nil || !strings.Contains(err.Error(), "statusbot cluster init writes the folder") {
		t.Errorf("without a certificate: %v", err)
	}
}

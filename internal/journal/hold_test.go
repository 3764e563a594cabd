package journal

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// The disk, or the whole process, stood still for an hour: with a server
// inside nobody else can have taken the lease.
func TestLeaseOutlivesAStandstillWithAServerInside(t *testing.T) {
	j, err := Open(t.Context(), Config{Dir: t.TempDir(), LeaseTTL: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}()
	c := &campaign{j: j, name: "leader", subject: j.bucketSubject(leaseBucket) + "leader", changed: make(chan struct{}, 1)}
	c.see(seenLease{}) // there is none yet
	held, err := c.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held.at = held.at.Add(-time.Hour)
	first := held.rev
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	<-c.changed
	go func() { ended <- c.renew(ctx, &held, nil) }()
	for renewed := false; !renewed; {
		select {
		case <-c.changed:
			s, _ := c.seen()
			renewed = s.rev > first
		case err := <-ended:
			t.Fatalf("the lease is lost: %v", err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the lease is lost: %v", err)
	}
}

// A leader of whose clock most say that it is off hands over at once, to who has theirs; it takes the lease back only when
// nobody else does, and then it keeps it.
func TestAWrongClockHandsOver(t *testing.T) {
	t.Parallel()
	shared, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	shared.Start()
	t.Cleanup(func() { shared.Shutdown(); shared.WaitForShutdown() })
	leads, ends := make(chan string, 10), make(chan error, 10)
	campaigns := func(node string) *Journal {
		j, err := Open(t.Context(), Config{URL: shared.ClientURL(), Node: node})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = j.Close() })
		go func() {
			_ = j.Lead(context.Background(), "it", func(ctx context.Context, _ uint64) error {
				leads <- node
				<-ctx.Done()
				ends <- context.Cause(ctx)
				return ctx.Err()
			})
		}()
		return j
	}
	a := campaigns("a")
	if got := <-leads; got != "a" {
		t.Fatalf("%s leads", got)
	}
	b := campaigns("b")
	eventually(t, "b knows who leads", func() bool { _, _, ok := b.Leader("it"); return ok })
	a.mu.Lock()
	a.clockOff = time.Hour
	a.mu.Unlock()
	if cause := <-ends; !errors.Is(cause, errYields) || !errors.Is(cause, ErrLeaseLost) {
		t.Fatalf("a leads no longer: %v", cause)
	}
	if got := <-leads; got != "b" {
		t.Fatalf("%s leads", got)
	}

	c := &campaign{j: a}
	released := seenLease{leaseRecord: leaseRecord{TTL: time.Minute}, rev: 7, at: time.Now()}
	own := seenLease{leaseRecord: leaseRecord{TTL: time.Minute, Instance: a.instance}, rev: 7, at: released.at}
	takes := func(what string, s seenLease, after time.Duration, want bool) {
		t.Helper()
		if got, _ := c.free(s, s.at.Add(after)); got != want {
			t.Errorf("%s: may be taken after %v: %v", what, after, got)
		}
	}
	takes("released", released, 2*time.Minute, false)
	takes("its own", own, 2*time.Minute, false)
	takes("nobody else wants it", released, 3*time.Minute, true)
	c.stay()
	if c.yields() {
		t.Error("it hands over again, and nobody takes it")
	}
	takes("it stays", own, 0, true)
	a.mu.Lock()
	a.clockOff = 0
	a.mu.Unlock()
	takes("its clock is right", released, 0, true)
	a.mu.Lock()
	a.clockOff = -time.Hour
	a.mu.Unlock()
	if !c.yields() {
		t.Error("it keeps the lease when its clock is wrong once more")
	}
}

// Of two clocks that differ nobody knows which one is right.
func TestAnOwnClockThatIsOff(t *testing.T) {
	t.Parallel()
	const right, off = 0, time.Hour
	for name, test := range map[string]struct {
		others       []time.Duration // how far those that answer are ahead of this one
		before, want time.Duration
	}{
		"nobody answers":                {nil, 0, 0},
		"all as one":                    {[]time.Duration{right, right}, off, 0},
		"another one is off":            {[]time.Duration{right, off}, 0, 0},
		"this one is off":               {[]time.Duration{-off, -off}, 0, off},
		"one answers with another time": {[]time.Duration{off}, 0, 0},
		"and this one was known for it": {[]time.Duration{-off}, off, off},
		"one answers with the same":     {[]time.Duration{right}, off, 0},
	} {
		clocks := map[string]clockSeen{"self": {}}
		for i, ahead := range test.others {
			clocks[string(rune('a'+i))] = clockSeen{ahead: ahead}
		}
		if got := ownClockOff(clocks, "self", test.before); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

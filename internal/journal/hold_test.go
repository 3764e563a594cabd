package journal

import (
	"context"
	"testing"
	"time"
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
	go func() { ended <- c.renew(ctx, &held) }()
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

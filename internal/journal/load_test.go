package journal

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/statusbot/statusbot/internal/longtest"
)

// Two of three end and begin again while all that is alive writes as fast as it can: every event that was acknowledged is on
// all members, in its place, and writes go on.
func TestTwoOfThreeRestartUnderLoad(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "three servers, and their elections")
	configs := configsOf(t, 3)
	all := openAll(t, configs)
	stays := all[0]
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	var written atomic.Int64
	for i := range 4 {
		load.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				try, cancel := context.WithTimeout(ctx, openTry)
				if stays.AppendResults(try, []byte("a result")) == nil {
					written.Add(1)
				}
				_, _ = stays.PutOutbox(try, "#a", fmt.Sprint("key-", i, n%10), []byte("said"))
				cancel()
			}
		})
	}
	var want []string
	for round := range 3 {
		want = append(want, fmt.Sprint("before restart ", round))
		appendsOne(t, stays, want[len(want)-1])
		for _, j := range all[1:] {
			if err := j.Close(); err != nil {
				t.Error(err)
			}
		}
		copy(all[1:], openAll(t, configs[1:]))
		before := written.Load()
		want = append(want, fmt.Sprint("after restart ", round))
		appendsOne(t, all[1+round%2], want[len(want)-1])
		eventually(t, "results are taken again", func() bool { return written.Load() > before })
	}
	stop()
	load.Wait()
	if at := stays.StartedAnew(); !at.IsZero() {
		t.Logf("writes hung, and the server that stayed was started anew at %v", at)
	}
	for _, j := range all {
		eventually(t, j.Node()+" has all events in their order", func() bool { return fmt.Sprint(eventsOf(t, j)) == fmt.Sprint(want) })
	}
}

// eventsOf are the texts of all events, as a member reads them.
func eventsOf(t *testing.T, j *Journal) (texts []string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	_ = j.FollowEvents(ctx, func(r Record) error { texts = append(texts, string(r.Data)); return nil }, stop)
	return texts
}

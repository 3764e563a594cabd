package journal

import (
	"context"
	"testing"
	"time"

	"github.com/statusbot/statusbot/internal/longtest"
)

// Results for which nobody is there, as when two of three members are restarted, wait for as long as their caller does, and come once.
func TestResultsWaitForAMajority(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "three servers, and their elections")
	configs := configsOf(t, 3)
	all := openAll(t, configs)
	for _, j := range all[1:] {
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "nobody leads the stream of results", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := all[0].publish(ctx, "try", all[0].resultsStream(), all[0].resultsSubject(), []byte("a try"), nil)
		return reachedNobody(err)
	})
	taken := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), clusterPatience)
		defer cancel()
		taken <- all[0].AppendResults(ctx, []byte("it waits"))
	}()
	select {
	case err := <-taken:
		t.Fatalf("with nobody there it ended: %v", err)
	case <-time.After(2 * time.Second): // the client library tries again for half a second
	}
	openAll(t, configs[1:])
	if err := <-taken; err != nil {
		t.Fatal(err)
	}
	came := 0
	for _, r := range readAll(t, func(ctx context.Context, each func(Record) error, caughtUp func()) error {
		return all[0].FollowResults(ctx, time.Time{}, each, caughtUp)
	}) {
		if string(r.Data) == "it waits" {
			came++
		}
	}
	if came != 1 {
		t.Errorf("it came %d times", came)
	}
}

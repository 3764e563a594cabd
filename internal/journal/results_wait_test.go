package journal

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

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

// Results that were under way when two of three members went, taken by one that could tell nobody, are stored once and in their order when
// the two are back.
func TestResultsUnderWayOutliveAMajority(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "three servers, and their elections")
	configs := configsOf(t, 3)
	all := openAll(t, configs)
	leads, others, gone := (*Journal)(nil), []*Journal(nil), []Config(nil)
	eventually(t, "one leads the stream of results", func() bool {
		leads, others, gone = nil, nil, nil
		for i, j := range all {
			if leadsResults(j) {
				leads = j
			} else {
				others, gone = append(others, j), append(gone, configs[i])
			}
		}
		return leads != nil
	})
	for _, j := range others {
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"batch 0", "batch 1", "batch 2"}
	taken := make(chan error, len(want))
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), clusterPatience)
		defer cancel()
		for _, batch := range want {
			taken <- leads.AppendResults(ctx, []byte(batch))
		}
	}()
	eventually(t, "it leads no more", func() bool { return !leadsResults(leads) })
	if len(taken) > 0 {
		t.Fatalf("with nobody there it ended: %v", <-taken)
	}
	openAll(t, gone)
	for range want {
		if err := <-taken; err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, r := range readAll(t, func(ctx context.Context, each func(Record) error, caughtUp func()) error {
		return leads.FollowResults(ctx, time.Time{}, each, caughtUp)
	}) {
		got = append(got, string(r.Data))
	}
	if !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
}

func leadsResults(j *Journal) bool {
	return j.member.now().JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, j.resultsStream())
}

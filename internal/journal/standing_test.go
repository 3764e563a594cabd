package journal

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/longtest"
)

// stands is a Standing that is followed until the end of the test; a receipt is the number of the revision that it is of.
func stands(t *testing.T, j *Journal) *Standing {
	t.Helper()
	s := j.Stand(func(e Entry, receipt []byte) bool { return string(receipt) >= fmt.Sprint(e.Rev) }, func(body []byte) []byte { return body[:1] })
	ctx, end := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() { _ = s.FollowEntries(ctx) }) // until the end
	group.Go(func() { _ = s.FollowReceipts(ctx) })
	t.Cleanup(func() { end(); group.Wait() })
	return s
}

// standsNow is what Watch gives until it has caught up; "!" is behind what is settled.
func standsNow(t *testing.T, s *Standing) (list []string) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	all := false
	err := s.Watch(ctx, func(e Entry, settled bool) error {
		list = append(list, e.Dest+" "+e.Key+" "+string(e.Body)+strings.Repeat("!", map[bool]int{true: 1}[settled]))
		return nil
	}, func() { all = true; end() })
	if !all {
		t.Fatalf("it never caught up: %v", err)
	}
	return list
}

func putsOne(t *testing.T, j *Journal, key, body string) uint64 {
	t.Helper()
	rev, err := j.PutOutbox(t.Context(), "C1", key, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return rev
}

// Who takes over finds the outbox read: no consumer is made for it, and of what was told there is no body.
func TestTakingOverMakesNoConsumer(t *testing.T) {
	t.Parallel()
	j, err := Open(t.Context(), Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	consumers := func() int {
		info, err := j.streams[j.bucketStream(outboxBucket)].Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return info.State.Consumers
	}
	s := stands(t, j)
	told := putsOne(t, j, "told", "of a body")
	putsOne(t, j, "waits", "of another")
	if _, err := j.PutReceipt(t.Context(), "C1", "told", fmt.Append(nil, told), 0); err != nil {
		t.Fatal(err)
	}
	want := []string{"C1 told o!", "C1 waits of another"}
	eventually(t, "what was told is settled", func() bool { return slices.Equal(standsNow(t, s), want) })
	before := consumers()
	taken := make(chan int, 1)
	ctx, end := context.WithCancel(t.Context())
	defer end()
	_ = s.Watch(ctx, func(Entry, bool) error { return nil }, func() { taken <- consumers(); end() })
	if now := <-taken; now != before || before != 1 {
		t.Errorf("%d consumers while it is read, and %d before; want the one that follows all the time", now, before)
	}
	putsOne(t, j, "told", "again") // has its own receipt yet to come
	if got, want := standsNow(t, s), []string{"C1 waits of another", "C1 told again"}; !slices.Equal(got, want) {
		t.Errorf("then %q, want %q", got, want)
	}
	s.Forget(func(e Entry, settled bool) bool { return !settled && e.Key == "waits" })
	if got, want := standsNow(t, s), []string{"C1 told again"}; !slices.Equal(got, want) {
		t.Errorf("without what is forgotten %q, want %q", got, want)
	}
}

// Entries and receipts are followed apart: a receipt may come before its entry.
func TestAReceiptMayBeFollowedFirst(t *testing.T) {
	t.Parallel()
	j := &Journal{}
	s := j.Stand(func(e Entry, receipt []byte) bool { return string(receipt) >= fmt.Sprint(e.Rev) }, func(body []byte) []byte { return body[:1] })
	name, err := encodePair("C1", "k")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []message{{seq: 1, data: []byte("first")}, {seq: 3, data: []byte("second")}, {seq: 5, data: []byte("third")}} {
		of := m
		of.subject = j.bucketSubject(receiptsBucket) + name
		of.data = fmt.Append(nil, m.seq)
		m.subject = j.bucketSubject(outboxBucket) + name
		if err := s.takeReceipt(of); err != nil {
			t.Fatal(err)
		}
		if err := s.takeEntry(m); err != nil {
			t.Fatal(err)
		}
		read, _ := s.upTo()
		if list := s.after(0); len(list) != 1 || !list[0].settled || len(list[0].entry.Body) != 1 || read != m.seq {
			t.Errorf("%d: %+v is followed to %d, want settled", m.seq, list, read)
		}
	}
}

// The copy of one of three members lags behind: who takes over and follows that one has what was acknowledged all the same before
// it is told that it has all.
func TestWhoTakesOverHasWhatTheLeaderHas(t *testing.T) {
	if !longtest.Of(false, true) {
		t.Skip("three members elect, and which copy is read is by chance: 4 to 22 s; set STATUSBOT_TEST_LONG=1")
	}
	t.Parallel()
	configs, w := wired(t)
	core, seen := observer.New(zapcore.InfoLevel)
	for i := range configs {
		configs[i].Log = zap.New(core)
	}
	all := openAll(t, configs)
	stream := all[0].bucketStream(outboxBucket)
	putsOne(t, all[0], "first", "1")
	state, _, err := all[0].Cluster(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	of := slices.IndexFunc(state.Streams, func(s StreamState) bool { return s.Name == stream })
	leads := slices.Index(state.Members, state.Streams[of].Leader)
	if leads < 0 {
		t.Fatalf("nobody leads the outbox: %+v", state)
	}
	lags := (leads + 1) % 3
	followers := make([]*Standing, 6) // each at any of three copies
	for i := range followers {
		followers[i] = stands(t, all[leads])
	}
	want := []string{"C1 first 1"}
	for _, s := range followers {
		if got := standsNow(t, s); !slices.Equal(got, want) {
			t.Fatalf("it has %q, want %q", got, want)
		}
	}
	w.keep(memberName(state.Members[lags]), "$NRG.AE."+groupOf(t, all[leads], stream))
	putsOne(t, all[leads], "second", "2")
	want = append(want, "C1 second 2")
	eventually(t, "one is served from the copy that lags", func() bool {
		for _, s := range followers {
			if got := standsNow(t, s); !slices.Equal(got, want) {
				t.Fatalf("all that there is is %q, want %q", got, want)
			}
		}
		if seen.FilterField(zap.Error(errTurnedAway)).Len() > 0 {
			return true
		}
		followers = []*Standing{stands(t, all[leads])}
		return false
	})
	w.keep("", "")
}

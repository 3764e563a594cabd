package journal

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/longtest"
	"github.com/statusbot/statusbot/internal/port"
)

// clusterPatience bounds every wait for a cluster.
const clusterPatience = 3 * time.Minute

// configsOf are the configurations of so many members on loopback.
func configsOf(t *testing.T, n int) (all []Config) {
	t.Helper()
	c := Cluster{Name: "test"}
	for range n {
		held, err := port.Hold()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = held.Close() })
		c.Members = append(c.Members, held.Address())
	}
	folders, err := InitCluster(t.TempDir(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		own := c
		if err := ReadMember(folder, &own); err != nil {
			t.Fatal(err)
		}
		all = append(all, Config{Dir: t.TempDir(), Cluster: &own, LeaseTTL: time.Second})
	}
	return all
}

// openAll opens members at the same instant.
func openAll(t *testing.T, configs []Config) []*Journal {
	t.Helper()
	all := make([]*Journal, len(configs))
	var group sync.WaitGroup
	for i, cfg := range configs {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), clusterPatience)
			defer cancel()
			j, err := Open(ctx, cfg)
			if err != nil {
				t.Error(err)
				return
			}
			all[i] = j
			t.Cleanup(func() { j.Close() })
		})
	}
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return all
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(clusterPatience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not so: %s", what)
		}
	}
}

// appendsOne appends an event, whatever it takes, and returns its sequence.
func appendsOne(t *testing.T, j *Journal, text string) (seq uint64) {
	t.Helper()
	last := uint64(0)
	eventually(t, "an event is taken", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), openTry)
		defer cancel()
		var err error
		seq, err = j.AppendEvent(ctx, "inc-1", last, []byte(text))
		if errors.Is(err, ErrConflict) { // others, or an own one of which the answer was lost
			if m, rerr := j.streams[j.eventsStream()].GetLastMsgForSubject(ctx, j.eventsSubject()+"inc-1"); rerr == nil {
				last, seq = m.Sequence, m.Sequence
				return string(m.Data) == text
			}
		}
		return err == nil
	})
	return seq
}

// Where servers that are connected take no writes, those that are to blame are started anew, it is said while it is so, and
// writes go on with all that was acknowledged.
func TestServersThatTakeNoWritesAreStartedAnew(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "three servers, and their elections")
	configs := configsOf(t, 3)
	for i := range configs {
		configs[i].Log = zaptest.NewLogger(t)
		configs[i].hangPace = pace{probe: time.Second, told: 3 * time.Second, off: 5 * time.Second, regain: time.Hour, leads: time.Hour, others: time.Hour, each: time.Second, pause: time.Hour}
	}
	configs[1].clockAhead = time.Hour
	all := openAll(t, configs)
	for _, j := range all { // so that it waits for answers as long as they take
		if a, b := j.member.knowsLeader(allStreams), j.member.knowsLeader(j.eventsStream()); !a || !b || j.askWithin(j.eventsStream()) != openTry {
			t.Errorf("%s knows who leads the cluster: %v, the events: %v", j.Node(), a, b)
		}
	}
	appendsOne(t, all[0], "before")
	for _, j := range all {
		got := j.Agree(t.Context())
		if len(got) != 1 || got[0].Member != configs[1].Cluster.Self || got[0].Ahead.Round(time.Minute) != time.Hour {
			t.Errorf("%s says %+v, want that the clock of %s is an hour ahead", j.Node(), got, configs[1].Cluster.Self)
		}
	}
	for i, j := range all { // who leads hands over by that
		if want := configs[i].clockAhead; j.clockOff.Round(time.Minute) != want {
			t.Errorf("%s takes its own clock to be off by %v, want %v", j.Node(), j.clockOff, want)
		}
	}
	for _, j := range all[1:] { // what nats-server does itself where its disk refuses a write
		if err := j.member.now().ShutdownJetStream(); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "it is said", func() bool { h := all[0].Hangs(); return h != nil && !h.Off })
	if got := len(all[0].Reached()); got != 2 {
		t.Errorf("while writes hang it is connected to %d others, want 2: this tests another case", got)
	}
	eventually(t, "both are started anew", func() bool { return !all[1].StartedAnew().IsZero() && !all[2].StartedAnew().IsZero() })
	seq := appendsOne(t, all[0], "after")
	eventually(t, "nothing hangs", func() bool { return all[0].Hangs() == nil && all[1].Hangs() == nil && all[2].Hangs() == nil })
	if at := all[0].StartedAnew(); !at.IsZero() {
		t.Error("the one that was not to blame was started anew")
	}
	for _, j := range all {
		n := 0
		ctx, stop := context.WithCancel(t.Context())
		_ = j.FollowEvents(ctx, func(Record) error { n++; return nil }, stop)
		if n != 2 || seq != 2 {
			t.Errorf("%s has %d events, the newest is %d, want 2", j.Node(), n, seq)
		}
	}
}

// A member whose server has switched its storage off has it again once its disk takes files, though the two others
// acknowledge what it writes: without it, the next one that is gone would end all writes.
func TestStorageThatIsOffIsRegained(t *testing.T) {
	t.Parallel()
	longtest.Only(t, "three servers, and their elections")
	configs := configsOf(t, 3)
	said := make([]*observer.ObservedLogs, len(configs))
	for i := range configs {
		var core zapcore.Core
		core, said[i] = observer.New(zap.ErrorLevel)
		configs[i].Log = zaptest.NewLogger(t, zaptest.WrapOptions(zap.WrapCore(func(c zapcore.Core) zapcore.Core { return zapcore.NewTee(c, core) })))
		configs[i].hangPace = pace{probe: time.Second, told: time.Hour, off: time.Hour, regain: 2 * time.Second, leads: time.Hour, others: time.Hour, each: time.Second, pause: time.Hour}
	}
	configs[2].hangPace.regain = time.Hour
	all := openAll(t, configs)
	appendsOne(t, all[0], "before")
	if err := all[1].member.now().ShutdownJetStream(); err != nil { // what nats-server does itself where its disk refuses a write
		t.Fatal(err)
	}
	appendsOne(t, all[0], "meanwhile")
	isOff := func(e observer.LoggedEntry) bool {
		return strings.Contains(e.Message, "make room on the disk of "+configs[1].Dir)
	}
	eventually(t, "it says that its storage is off", func() bool { return said[1].Filter(isOff).Len() > 0 })
	eventually(t, "it has its storage again", func() bool { return all[1].StorageOff() == "" })
	if said[0].Filter(isOff).Len()+said[2].Filter(isOff).Len() > 0 {
		t.Error("another member says that its storage is off")
	}
	if err := all[2].member.now().ShutdownJetStream(); err != nil {
		t.Fatal(err)
	}
	if off := all[2].StorageOff(); off == "" || all[2].Behind() != off { // who restarts all, one after the other, must not go on
		t.Errorf("whose storage is off (%q) is behind by %q", off, all[2].Behind())
	}
	all[2].Close()
	if seq := appendsOne(t, all[0], "with two"); seq != 3 {
		t.Errorf("the newest event is %d, want 3", seq)
	}
}

// When a server is started anew, as the times say: not during an election, never in a minority, first where
// the stream is led, not again and again.
func TestWhenAServerIsStartedAnew(t *testing.T) {
	t.Parallel()
	p := (&Config{}).pace()
	begin := time.Now()
	const leads, elsewhere = 1, 2
	at := func(s int) time.Time { return begin.Add(time.Duration(s) * time.Second) }
	hangs := func(w *writes, from, to int) {
		for s := from; s < to; s += 5 {
			w.note("S", at(s), at(s+5), unavailable{context.DeadlineExceeded})
		}
	}
	for name, test := range map[string]struct {
		was   func(w *writes)
		now   int
		where int
		place int
		tells bool
		due   bool
	}{
		"an election":                  {func(w *writes) { hangs(w, 100, 110) }, 110, leads, 0, false, false},
		"longer than one":              {func(w *writes) { hangs(w, 100, 125) }, 125, leads, 0, true, false},
		"no storage here":              {func(w *writes) { hangs(w, 100, 125) }, 125, 0, 0, true, true},
		"led here":                     {func(w *writes) { hangs(w, 100, 140) }, 140, leads, 0, true, true},
		"led elsewhere":                {func(w *writes) { hangs(w, 100, 130) }, 130, elsewhere, 0, true, false},
		"led elsewhere, and no help":   {func(w *writes) { hangs(w, 100, 170) }, 170, elsewhere, 0, true, true},
		"the second is later":          {func(w *writes) { hangs(w, 100, 170) }, 170, elsewhere, 1, true, false},
		"a write went through":         {func(w *writes) { hangs(w, 100, 130); w.note("S", at(130), at(131), nil) }, 131, leads, 0, false, false},
		"one failed, none tried since": {func(w *writes) { hangs(w, 100, 105) }, 160, leads, 0, false, false},
		"a minority":                   {func(w *writes) { hangs(w, 100, 160); w.join(at(160), false) }, 160, leads, 0, false, false},
		"no minority any more":         {func(w *writes) { hangs(w, 100, 165); w.join(at(140), false); w.join(at(141), true) }, 165, leads, 0, true, false},
		"and not for some time":        {func(w *writes) { w.join(at(100), false); w.join(at(130), true); hangs(w, 100, 175) }, 175, leads, 0, true, true},
		"refused, as it should be": {func(w *writes) {
			w.note("S", at(1), at(90), &jetstream.APIError{Code: 400, ErrorCode: jetstream.JSErrCodeStreamWrongLastSequence})
		}, 90, leads, 0, false, false},
		"started anew, no help":          {func(w *writes) { w.begins(at(10)); w.join(at(20), true); hangs(w, 100, 160) }, 160, leads, 0, true, false},
		"that was ten minutes ago":       {func(w *writes) { w.begins(at(-1500)); w.join(at(20), true); hangs(w, 100, 160) }, 160, leads, 0, true, true},
		"after the second time it waits": {func(w *writes) { w.begins(at(-1600)); w.begins(at(-900)); w.join(at(20), true); hangs(w, 100, 160) }, 160, leads, 0, true, false},
	} {
		var w writes
		w.join(at(0), true)
		test.was(&w)
		h, long := w.hang(at(test.now), p)
		h.Here, h.Off = test.where != elsewhere, test.where == 0
		if tells, due := long > 0, long > 0 && w.due(at(test.now), h, test.place, p); tells != test.tells || due != test.due {
			t.Errorf("%s: after %v said %v, started anew %v; want %v, %v", name, long, tells, due, test.tells, test.due)
		}
	}
}

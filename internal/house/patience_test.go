package house

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/statusbot/statusbot/internal/config"
)

// TestAStartSaysWhatItWaitsFor: a start that is not over says so again and again, with what it waits for now, and no longer once
// it is over.
func TestAStartSaysWhatItWaitsFor(t *testing.T) {
	core, log := observer.New(zap.WarnLevel)
	h := &house{log: zap.New(core), starting: starting{ready: make(chan struct{})}, started: time.Now()}
	const waits = "statusbot is starting: it opens a file that does not answer"
	h.starting.says(waits)
	said, ended := h.ending.parts.named("opening the journal", func() error { return nil }), make(chan struct{})
	go func() {
		defer close(ended)
		h.sayStart(t.Context(), time.Millisecond)
	}()
	for log.Len() < 3 {
		time.Sleep(time.Millisecond)
	}
	_ = said()
	h.starting.over()
	<-ended
	for _, l := range log.All()[:3] {
		if f := l.ContextMap(); l.Message != "still starting" || f["waits"] != waits || len(f["busy"].([]any)) != 1 {
			t.Errorf("%s: %v", l.Message, f)
		}
	}
}

// TestAMemberSaysWhichStep: one member of three, whose others are not there, says that to health and log together with the step that
// it is at, also where a step is begun anew.
func TestAMemberSaysWhichStep(t *testing.T) {
	t.Parallel()
	core, log := observer.New(zap.ErrorLevel)
	h := &house{log: zap.New(core), starting: starting{ready: make(chan struct{})}, dataDir: t.TempDir()}
	h.cfg.Store(&config.Config{Journal: config.Journal{URL: "nats://" + hangsUpOnce(t)}})
	const begins = "statusbot is starting: it reads what it knew"
	h.starting.says(begins)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- h.open(ctx) }()
	const step = "; now it connects to NATS"
	for {
		if now, _ := h.starting.why(); strings.HasPrefix(now, noAnswer) && strings.HasSuffix(now, step) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if first := log.All(); len(first) != 1 || !strings.Contains(first[0].Message, "the journal does not answer") {
		t.Errorf("said %v", first)
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("it opened")
	}
	if now, _ := h.starting.why(); now != begins {
		t.Errorf("afterwards it waits for %q", now)
	}
}

// hangsUpOnce is the address of a server that hangs up on the first who comes, and says nothing to all
// others: the second try lasts until it is given up, so that what is said in it can be read.
func hangsUpOnce(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var silent []net.Conn
		for first := true; ; first = false {
			c, err := l.Accept()
			if err != nil {
				break
			}
			if silent = append(silent, c); first {
				_ = c.Close()
			}
		}
		for _, c := range silent {
			_ = c.Close() // again, the first one
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
	})
	return l.Addr().String()
}

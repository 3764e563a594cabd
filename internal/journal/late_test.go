package journal

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestLateAnswersAreToldInOurWords: nats-server tells of each by its inner names; the operator is told once a minute what
// it means.
func TestLateAnswersAreToldInOurWords(t *testing.T) {
	t.Parallel()
	core, seen := observer.New(zap.InfoLevel)
	l := &serverLog{log: zap.New(core).Sugar(), fault: &fault{found: make(chan struct{})}}
	for range 3 {
		l.Warnf("Internal subscription on %q took too long: %v", "$JS.API.STREAM.CREATE.KV_statusbot_outbox", 2700*time.Millisecond)
	}
	l.Warnf("Readloop processing time: %v", 3*time.Second)
	if all := seen.All(); len(all) != 1 || all[0].Message != AnswersLate || all[0].ContextMap()["took"] != "2.7s" {
		t.Errorf("told: %+v", all)
	}
}

// TestAFrozenMemberIsNotToldOfByTheServer: it takes connections and says nothing, several times in ten seconds, and who it is the house
// says once. Whoever answers badly is told of.
func TestAFrozenMemberIsNotToldOfByTheServer(t *testing.T) {
	t.Parallel()
	core, log := observer.New(zap.InfoLevel)
	l := &serverLog{log: zap.New(core).Sugar(), fault: &fault{found: make(chan struct{})}, strangers: &strangers{}}
	l.Errorf("%s - rid:%d - TLS route handshake error: %v", "127.0.0.1:1", 72, errors.New("read tcp 127.0.0.1:2->127.0.0.1:1: i/o timeout"))
	l.Errorf("127.0.0.1:1 - rid:72 - %s", "TLS handshake timeout")
	if log.Len() > 0 {
		t.Errorf("it says %v", log.All())
	}
	l.Errorf("%s - rid:%d - TLS route handshake error: %v", "127.0.0.1:1", 72, errors.New("tls: first record does not look like a TLS handshake"))
	if log.Len() != 1 {
		t.Errorf("of what is no member it says %v", log.All())
	}
}

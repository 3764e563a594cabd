package journal

import (
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

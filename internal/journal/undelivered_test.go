package journal

import (
	"cmp"
	"context"
	"errors"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// lostMessage is what comes of a consumer whose server has delivered its only message,
// which never comes.
type lostMessage struct {
	jetstream.MessagesContext
	looks, most int
}

var errLooksOn = errors.New("it looks again and again")

func (l *lostMessage) Next(...jetstream.NextOpt) (jetstream.Msg, error) {
	if l.looks++; l.looks > cmp.Or(l.most, 10*followStalled) {
		return nil, errLooksOn
	}
	return nil, nats.ErrTimeout
}

// delivered is a consumer of which the server says so.
type delivered struct {
	jetstream.Consumer
	pending uint64 // that the server has not delivered yet
}

func (d delivered) Info(context.Context) (*jetstream.ConsumerInfo, error) {
	return &jetstream.ConsumerInfo{NumPending: d.pending, Delivered: jetstream.SequenceInfo{Consumer: 1, Stream: 7}}, nil
}

// A replay whose last message was delivered to nobody is begun anew, and is neither
// waited for without an end nor taken for caught up.
func TestAMessageDeliveredToNobodyIsAskedForAgain(t *testing.T) {
	t.Parallel()
	caughtUp := false
	p := position{last: 6, caughtUp: func() { caughtUp = true }}
	lost := &lostMessage{}
	if _, err := p.next(t.Context(), delivered{}, lost); !errors.Is(err, errUndelivered) || caughtUp {
		t.Errorf("after %d looks: %v, caught up %v; want that it did not come", lost.looks, err, caughtUp)
	}
	// While the server has more to deliver it is slow, and nothing is lost.
	slow := &lostMessage{most: followUnasked}
	if _, err := p.next(t.Context(), delivered{pending: 1}, slow); !errors.Is(err, errLooksOn) || caughtUp {
		t.Errorf("after %d looks: %v, caught up %v; want to wait on", slow.looks, err, caughtUp)
	}
}

// A replay whose request to deliver came to nobody is begun anew, each time after a longer
// while, since a server may be slow.
func TestARequestThatCameToNobodyIsMadeAgain(t *testing.T) {
	t.Parallel()
	p := position{caughtUp: func() { t.Error("it is taken for caught up") }}
	for _, want := range []int{followUnasked, 2 * followUnasked, 4 * followUnasked} {
		lost := &lostMessage{most: 1000}
		if _, err := p.next(t.Context(), delivered{pending: 5}, lost); !errors.Is(err, errUnasked) || lost.looks < want || lost.looks > want+2 {
			t.Errorf("after %d looks, want %d: %v", lost.looks, want, err)
		}
	}
}

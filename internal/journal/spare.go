package journal

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// What is kept in memory of one stream while the disk takes nothing, in bytes. Of results the oldest go; of the rest the
// newest are refused: 32 MiB are 60,000 events of 500 bytes, and 210,000 results of 150.
const (
	spareBytes = 32 << 20
	spareEach  = 128 // what a message costs beside its bytes
)

// message is one of a stream, as it is stored or is to be.
type message struct {
	subject string
	header  nats.Header
	data    []byte
	seq     uint64
	time    time.Time
	durable bool // of results: a second copy is owed
	gone    bool // of a bucket: another one took its place
}

func (m *message) size() int { return spareEach + len(m.subject) + len(m.data) }

// spare stands in for the end of a stream while the disk does not take it. Its messages have the sequences that the
// server will give them, since nobody else writes there.
type spare struct {
	base     uint64            // sequence of the newest message that is on the disk
	first    uint64            // sequence of msgs[0]
	msgs     []message         // without a hole
	newest   map[string]uint64 // :: subject -> sequence of its newest message here
	before   map[string]uint64 // :: subject -> sequence of its newest message on the disk, of those written lately
	size     int
	bucket   bool // one message per subject is kept
	drops    bool // the oldest go when there are too many
	dropped  int
	grown    chan struct{} // closed when there is one more
	stranger uint64        // how many messages the disk turned out to hold that are not here
}

func newSpare(stream string, base uint64, drops bool) *spare {
	return &spare{base: base, first: base + 1, newest: map[string]uint64{}, bucket: strings.HasPrefix(stream, "KV_"), drops: drops, grown: make(chan struct{})}
}

func (s *spare) last() uint64 { return s.first + uint64(len(s.msgs)) - 1 }

// add takes a message, and returns its sequence. last is what its writer has read of the subject; nil: nothing counts.
func (s *spare) add(m message, last *uint64) (uint64, error) {
	was, here := s.newest[m.subject]
	if !here {
		was = s.before[m.subject]
	}
	if last != nil && was != 0 && was != *last {
		return 0, ErrConflict
	}
	if s.size+m.size() > spareBytes {
		if !s.drops {
			return 0, fmt.Errorf("%d MiB are kept in memory, and no more", spareBytes>>20)
		}
		for len(s.msgs) > 0 && s.size+m.size() > spareBytes {
			s.size -= s.msgs[0].size()
			s.msgs, s.first = s.msgs[1:], s.first+1
			s.dropped++
		}
	}
	m.seq = s.first + uint64(len(s.msgs))
	if was := s.newest[m.subject]; s.bucket && was >= s.first {
		old := &s.msgs[was-s.first]
		s.size -= len(old.data)
		old.data, old.header, old.gone = nil, nil, true
	}
	s.newest[m.subject] = m.seq
	s.msgs = append(s.msgs, m)
	s.size += m.size()
	close(s.grown)
	s.grown = make(chan struct{})
	return m.seq, nil
}

// at returns the message of a sequence.
func (s *spare) at(seq uint64) (message, bool) {
	if seq < s.first || seq > s.last() {
		return message{}, false
	}
	m := s.msgs[seq-s.first]
	return m, !m.gone
}

// after returns the messages behind a sequence.
func (s *spare) after(seq uint64) []message {
	if seq >= s.last() {
		return nil
	}
	return s.msgs[max(seq+1, s.first)-s.first:]
}

func (m *message) same(subject string, data []byte) bool {
	return m.subject == subject && bytes.Equal(m.data, data)
}

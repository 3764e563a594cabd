package journal

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
	"time"
)

// Events are the promise. With the server inside, each is also in a file of its own, which this package alone reads and
// writes: a line that names its form, then a record for each event, synced before the event is acknowledged.
//
// A record is, in big endian, a mark (4 bytes), the length of what follows the checksum (4), its CRC-32C (4), and then
// the sequence (8), the length of the incident's token (2), the token and the event.
const (
	secondFile = "events.copy"
	secondForm = "statusbot events 1\n"
	secondHead = 12
	secondLess = 10 // what a record holds at least behind its head
)

var secondMark = []byte{0xe5, 'e', 'v', 0x1a}

// stored is an event as the second copy has it.
type stored struct {
	seq   uint64
	token string // of its incident
	data  []byte
}

// second is the second copy of the events. Methods may be called at once.
type second struct {
	name   string
	agrees bool // with the server's files, as far as it goes; written in Open only
	blank  bool // it was there, and without an event it was not left so by us; written in Open only

	mu   sync.Mutex
	file *os.File // guarded by mu; nil until it is opened, and after a write has failed
	last uint64   // guarded by mu: sequence of its newest event
}

// append adds the records of events that follow the newest one, synced once; newest is the sequence of the last of them.
// The caller holds mu.
func (s *second) append(records []byte, newest uint64) error {
	if s.file == nil {
		file, err := os.OpenFile(s.name, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		s.file = file
	}
	_, err := s.file.Write(records)
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		err = errors.Join(err, s.file.Close()) // what is there of it now is passed over by who reads
		s.file = nil
		return err
	}
	s.last = newest
	return nil
}

// find looks for the event of a sequence. ErrNotFound when it is not there.
func (s *second) find(seq uint64) (found stored, err error) {
	errFound := errors.New("found")
	_, err = readSecond(s.name, func(e stored) error {
		if e.seq < seq {
			return nil
		}
		found = e
		return errFound
	})
	if found.seq == seq {
		return found, nil
	}
	return stored{}, errors.Join(ErrNotFound, err)
}

// reached is the sequence of its newest event.
func (s *second) reached() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// closeBy closes a file; a disk that hangs does not hold it up.
func closeBy(last time.Time, file func() error) error {
	closed := make(chan error, 1)
	go func() { closed <- file() }()
	t := time.NewTimer(max(time.Until(last), closeWithin/10))
	defer t.Stop()
	select {
	case err := <-closed:
		return err
	case <-t.C:
		return errors.New("a second copy is not closed in time")
	}
}

// close closes the file; a further append opens it.
func (s *second) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return file.Close()
}

// body is what a record's checksum is of.
func (e stored) body() []byte {
	body := binary.BigEndian.AppendUint64(nil, e.seq)
	body = binary.BigEndian.AppendUint16(body, uint16(len(e.token))) //nolint:gosec // a token has a bound
	return append(append(body, e.token...), e.data...)
}

func (e stored) sum() uint32 { return crc32.Checksum(e.body(), castagnoli) }

// record appends the record of an event.
func (e stored) record(to []byte) []byte {
	body := e.body()
	to = append(to, secondMark...)
	to = binary.BigEndian.AppendUint32(to, uint32(len(body))) //nolint:gosec // a body has a bound
	to = binary.BigEndian.AppendUint32(to, crc32.Checksum(body, castagnoli))
	return append(to, body...)
}

// errNewer is that a later statusbot has written the file.
var errNewer = errors.New("a later statusbot has written it")

// secondState is what a file of events comes to.
type secondState struct {
	form   bool   // it begins as one
	n      uint64 // events
	sum    uint32 // of all their records, in any order
	newest stored // the last of them
	places int    // damaged places with good records behind them
	tail   bool   // what follows the last good record: a write that a crash cut off, or damage
}

// readSecond gives the events of a file to each, in their order. One that is there twice (its first write seemed to have
// failed) is given once.
func readSecond(name string, each func(stored) error) (is secondState, err error) {
	file, err := os.Open(name)
	if err != nil {
		return is, err
	}
	defer file.Close() //nolint:errcheck // it was read only
	in := bufio.NewReaderSize(file, maxRecord)
	form, err := in.Peek(len(secondForm))
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return is, err
	case string(form) == secondForm:
		is.form = true
		_, _ = in.Discard(len(form)) // it is in the buffer
	case bytes.HasPrefix(form, []byte("statusbot events ")):
		return is, fmt.Errorf("%s: %w", name, errNewer)
	}
	for {
		e, size, err := nextStored(in)
		if errors.Is(err, io.EOF) {
			return is, nil
		}
		if err != nil {
			return is, err
		}
		if size == 0 {
			is.tail = true
			_, _ = in.Discard(toMark(in)) // it is in the buffer
			continue
		}
		if is.tail {
			is.places++
			is.tail = false
		}
		_, _ = in.Discard(size)
		if is.n > 0 && e.seq <= is.newest.seq {
			continue
		}
		is.n++
		is.sum ^= e.sum()
		is.newest = e
		if err := each(e); err != nil {
			return is, err
		}
	}
}

// toMark is how far the next mark is, or all that is in the buffer and is the begin of none: at least a byte. What follows a damaged
// place may be a gigabyte of zeros.
func toMark(in *bufio.Reader) int {
	data, _ := in.Peek(in.Buffered()) // it is in the buffer
	if at := bytes.Index(data[1:], secondMark); at >= 0 {
		return 1 + at
	}
	return max(1, len(data)-len(secondMark)+1)
}

// nextStored reads the record that begins here, and leaves it there; its size is 0 if there is none. io.EOF at the end.
func nextStored(in *bufio.Reader) (e stored, size int, err error) {
	head, err := in.Peek(secondHead)
	if len(head) == 0 {
		return e, 0, err
	}
	if err != nil || !bytes.HasPrefix(head, secondMark) {
		return e, 0, ignoreEnd(err)
	}
	n := int(binary.BigEndian.Uint32(head[4:]))
	if n < secondLess || secondHead+n > maxRecord {
		return e, 0, nil
	}
	whole, err := in.Peek(secondHead + n)
	if err != nil {
		return e, 0, ignoreEnd(err)
	}
	body := whole[secondHead:]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(whole[8:]) {
		return e, 0, nil
	}
	e.seq = binary.BigEndian.Uint64(body)
	token := int(binary.BigEndian.Uint16(body[8:]))
	if secondLess+token > n {
		return e, 0, nil
	}
	e.token = string(body[secondLess : secondLess+token])
	e.data = bytes.Clone(body[secondLess+token:])
	return e, secondHead + n, nil
}

// ignoreEnd is for who looks for more than there is.
func ignoreEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// writeSecond writes a file of events anew, in place of the one that is there.
func writeSecond(name string, events []stored) error {
	parts := [][]byte{[]byte(secondForm)}
	for i := range events {
		parts = append(parts, events[i].record(nil))
	}
	return replaceFile(name, synced, parts...)
}

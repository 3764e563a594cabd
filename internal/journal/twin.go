package journal

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/zap"
)

// What is to be told, what was told, and the shelves of [Config.Twice] are promises, too: a receipt that is lost is an
// update told twice, and an outbox that counts from one again is one that is never told. With the server inside the newest
// message of each of their subjects is also in a file of this package's, in the records of the second copy of the events:
// the token is the subject, the data a byte that says whether it is one (twinValue) or was dropped (twinGone), and the body.
// A record of its own says of which history the file is, see twinHistory. What was replaced stays in the file until it is written anew, when it has grown to twice what it must hold.
const (
	twinFile  = "kept.copy"
	twinForm  = "statusbot kept 1\n"
	twinValue = 'v'
	twinGone  = 'd'
	// twinLeast is how large the file grows at least before it is written anew.
	twinLeast = 1 << 20
)

// twin is the second copy of the buckets. Methods may be called at once.
type twin struct {
	name string

	mu      sync.Mutex
	file    *os.File          // guarded by mu; nil until it is opened, and after a write has failed
	newest  map[string]place  // guarded by mu; :: subject -> its newest message
	values  map[string]stored // :: subject -> its newest message; nil but in Open: they are in the file
	last    map[string]uint64 // guarded by mu; :: stream -> newest sequence that the file has seen of it
	size    int               // guarded by mu: of the file
	live    int               // guarded by mu: of what it must hold
	history []byte            // guarded by mu; of which first event the file was written beside, see firstEvent; empty: not known
	damage  int               // places that could not be read; written in Open only
	absent  bool              // there was no file; written in Open only
	unnamed bool              // it does not say of which history it is, which is known; written in Open only
}

// place is what is known of a message in the file.
type place struct {
	seq  uint64
	size int // of its record
}

// twinned says whether a message is kept twice.
func (j *Journal) twinned(subject string) bool {
	if j.twin == nil {
		return false
	}
	if strings.HasPrefix(subject, j.bucketSubject(outboxBucket)) || strings.HasPrefix(subject, j.bucketSubject(receiptsBucket)) {
		return true
	}
	shelf, is := strings.CutPrefix(subject, j.bucketSubject(shelvesBucket))
	if !is {
		return false
	}
	name, err := decode(shelf[:strings.IndexByte(shelf+".", '.')])
	return err == nil && slices.Contains(j.cfg.Twice, name)
}

func (j *Journal) twinStreams() []string {
	return []string{j.bucketStream(receiptsBucket), j.bucketStream(outboxBucket), j.bucketStream(shelvesBucket)}
}

// streamOf is the bucket's stream that a subject belongs to.
func streamOf(subject string) string {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(subject, "$KV."), ".")
	return "KV_" + bucket
}

// openTwin reads the second copy of the buckets.
func (j *Journal) openTwin() error {
	t := &twin{name: filepath.Join(j.cfg.Dir, twinFile), newest: map[string]place{}, values: map[string]stored{}, last: map[string]uint64{}}
	err := t.read()
	its, known := t.history, j.firstEvent()
	if err == nil && len(its) > 0 && len(known) > 0 && !bytes.Equal(its, known) {
		err = errAnother
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		t.absent = true
	case err != nil:
		why := "cannot be read"
		if errors.Is(err, errAnother) {
			why = "tells another history than the journal"
		}
		if err := j.setAsideAnother(t.name, "the second copy of what is told "+why, err); err != nil {
			return fmt.Errorf("set the second copy of what is told aside: %w", err)
		}
		t = &twin{name: t.name, newest: map[string]place{}, values: map[string]stored{}, last: map[string]uint64{}, absent: true}
	case t.damage > 0:
		j.cfg.Log.Warn("the second copy of what is told is damaged; it is made anew", zap.String("file", t.name), zap.Int("places", t.damage))
	}
	if len(known) > 0 {
		t.unnamed, t.history = len(its) == 0, known
	}
	j.twin = t
	return nil
}

// firstEvent tells one history from another: the checksum of the first event, which stays for good. Empty where there is none, or it is lost.
func (j *Journal) firstEvent() []byte {
	e, err := j.second.find(1)
	if err != nil || e.token == fillerName {
		return nil
	}
	return e.history()
}

func (e stored) history() []byte { return binary.BigEndian.AppendUint32(nil, e.sum()) }

// twinHistory is the token of the record that says of which history a file is: one of something dropped for who does not know it.
const twinHistory = "$KV." + fillerName + ".history"

// belongs writes down of which history the file is, with the first event of it.
func (t *twin) belongs(first stored) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.history = first.history()
	data := t.named()
	t.size += len(data)
	return t.append(data)
}

// named is the record of its history, if it is known; the caller holds mu.
func (t *twin) named() []byte {
	if len(t.history) == 0 {
		return nil
	}
	return stored{token: twinHistory, data: append([]byte{twinGone}, t.history...)}.record(nil)
}

func (t *twin) read() error {
	file, err := os.Open(t.name)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was read only
	in := bufio.NewReaderSize(file, maxRecord)
	form, _ := in.Peek(len(twinForm))
	if string(form) == twinForm {
		_, _ = in.Discard(len(form)) // it is in the buffer
	} else if bytes.HasPrefix(form, []byte("statusbot kept ")) {
		return fmt.Errorf("%s: %w", t.name, errNewer)
	}
	bad := false // since the last good record
	for {
		e, size, err := nextStored(in)
		switch {
		case errors.Is(err, io.EOF):
			if bad {
				t.damage++
			}
			return nil
		case err != nil:
			return err
		case size == 0:
			bad = true
			_, _ = in.Discard(toMark(in)) // it is in the buffer
			continue
		case len(e.data) == 0:
			bad = true
			_, _ = in.Discard(size) // it is in the buffer
			continue
		}
		if bad {
			t.damage++
			bad = false
		}
		_, _ = in.Discard(size)
		if e.token == twinHistory {
			t.history = e.data[1:]
			t.size += size
			continue
		}
		t.note(streamOf(e.token), e)
	}
}

// note takes a record into account; the caller holds mu, or is alone.
func (t *twin) note(stream string, e stored) {
	size := secondHead + secondLess + len(e.token) + len(e.data)
	t.size += size
	t.last[stream] = max(t.last[stream], e.seq)
	if was, there := t.newest[e.token]; there {
		if was.seq > e.seq {
			return
		}
		t.live -= was.size
	}
	if e.data[0] == twinGone {
		delete(t.newest, e.token)
		delete(t.values, e.token)
		return
	}
	t.newest[e.token] = place{e.seq, size}
	t.live += size
	if t.values != nil {
		t.values[e.token] = e
	}
}

// forget takes out what has got another sequence; the caller holds mu.
func (t *twin) forget(subject string) {
	t.live -= t.newest[subject].size
	delete(t.newest, subject)
	delete(t.values, subject)
}

// put adds messages, synced. All of them are of one stream.
func (t *twin) put(stream string, all ...stored) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var data []byte
	for _, e := range all {
		data = e.record(data)
		t.note(stream, e)
	}
	if err := t.append(data); err != nil || t.size <= max(twinLeast, 2*t.live) {
		return err
	}
	now := &twin{name: t.name, newest: map[string]place{}, values: map[string]stored{}, last: map[string]uint64{}}
	if err := now.read(); err != nil {
		return err
	}
	return t.anew(now.values)
}

// append adds records, synced; the caller holds mu.
func (t *twin) append(data []byte) error {
	if t.file == nil {
		file, err := os.OpenFile(t.name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		t.file = file
	}
	_, err := t.file.Write(data)
	if err == nil {
		err = t.file.Sync()
	}
	if err != nil {
		err = errors.Join(err, t.file.Close())
		t.file = nil
	}
	return err
}

// anew writes the file anew, with what it must hold; the caller holds mu.
func (t *twin) anew(values map[string]stored) error {
	parts := [][]byte{[]byte(twinForm), t.named()}
	t.size, t.live = len(parts[1]), 0
	streams := map[string]bool{} // :: stream -> its newest sequence is that of a value
	all := slices.SortedFunc(maps.Values(values), func(a, b stored) int { return cmp.Compare(a.seq, b.seq) })
	for _, e := range all {
		record := e.record(nil)
		parts = append(parts, record)
		t.size, t.live = t.size+len(record), t.live+len(record)
		stream := streamOf(e.token)
		streams[stream] = streams[stream] || e.seq == t.last[stream]
	}
	for stream, last := range t.last { // so that it is known where it ended
		if !streams[stream] {
			mark := stored{seq: last, token: "$KV." + strings.TrimPrefix(stream, "KV_") + "." + fillerName, data: []byte{twinGone}}
			parts = append(parts, mark.record(nil))
		}
	}
	if t.file != nil {
		_ = t.file.Close() // what was in it is in the new one
		t.file = nil
	}
	return replaceFile(t.name, synced, parts...)
}

func (t *twin) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file == nil {
		return nil
	}
	file := t.file
	t.file = nil
	return file.Close()
}

// twinOf is a message as the second copy has it.
func twinOf(m message) stored {
	kind := byte(twinValue)
	if deleted(m.header) {
		kind = twinGone
	}
	return stored{seq: m.seq, token: m.subject, data: append([]byte{kind}, m.data...)}
}

// keepTwice adds messages of a bucket that the server has taken to the second copy. One that cannot be written is made up
// for at the next start.
func (j *Journal) keepTwice(stream string, all ...message) {
	var list []stored
	for _, m := range all {
		if !m.gone && j.twinned(m.subject) {
			list = append(list, twinOf(m))
		}
	}
	if len(list) == 0 {
		return
	}
	j.unlessHung(twinFile, func() {
		if err := j.twin.put(stream, list...); err != nil {
			j.cfg.Log.Error("the second copy of what is told is behind", zap.String("file", j.twin.name), zap.Error(err))
		}
	})
}

// unlessHung does something with a file, and waits for its end unless the disk hangs.
func (j *Journal) unlessHung(file string, do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	hung := time.NewTicker(hungAfter)
	defer hung.Stop()
	for {
		select {
		case <-done:
			return
		case <-hung.C:
			if err := j.diskHangs(2 * healEvery); err != nil {
				j.cfg.Log.Error("a second copy is not waited for", zap.String("file", file), zap.Error(err))
				return
			}
		}
	}
}

// compareTwin has the buckets and their second copy hold what either has, the newest of each subject; no stream ends
// before where it ended once.
func (j *Journal) compareTwin(ctx context.Context) error {
	t := j.twin
	t.mu.Lock()
	defer t.mu.Unlock()
	defer func() { t.values = nil }()
	changed := t.absent || t.unnamed || t.damage > 0 || t.size > max(twinLeast, 2*t.live)
	for _, name := range j.twinStreams() {
		different, err := j.compareBucket(ctx, name)
		if err != nil {
			return fmt.Errorf("compare %s with its second copy: %w", name, err)
		}
		changed = changed || different
	}
	if !changed {
		return nil
	}
	if err := t.anew(t.values); err != nil {
		return fmt.Errorf("write the second copy of what is told: %w", err)
	}
	return nil
}

// compareBucket is compareTwin of one stream; different says that the copy lacked something.
func (j *Journal) compareBucket(ctx context.Context, name string) (different bool, err error) {
	there, err := j.newestOfAll(ctx, name)
	if err != nil {
		return false, err
	}
	info, err := j.streams[name].Info(ctx)
	if err != nil {
		return false, err
	}
	var lost []stored
	for subject, e := range j.twin.values {
		if streamOf(subject) != name {
			continue
		}
		if is, kept := there[subject]; !kept || is.seq < e.seq {
			lost = append(lost, e)
		}
	}
	slices.SortFunc(lost, func(a, b stored) int { return cmp.Compare(a.seq, b.seq) })
	if err := j.giveBackTo(ctx, name, info.State, lost); err != nil {
		return false, err
	}
	for subject, m := range there {
		if e, kept := j.twin.newest[subject]; (!kept || e.seq < m.seq) && j.twinned(subject) && !deleted(m.header) {
			j.twin.note(name, twinOf(m))
			different = true
		}
	}
	j.twin.last[name] = max(j.twin.last[name], info.State.LastSeq)
	if len(lost) > 0 {
		j.cfg.Log.Warn("the journal has lost what its second copy has; it is written anew", zap.String("stream", name), zap.Int("messages", len(lost)))
		different = true
	}
	if !j.twin.absent && j.twin.damage == 0 && name != j.bucketStream(shelvesBucket) {
		delete(j.lostOf, name) // the copy had all of it
	}
	return different, nil
}

// giveBackTo writes what a bucket has lost, under its old sequences as far as they are behind its end.
func (j *Journal) giveBackTo(ctx context.Context, name string, state jetstream.StreamState, lost []stored) error {
	ends := j.twin.last[name]
	ctx = context.WithoutCancel(ctx) // it may take longer than a start, and must not end halfway
	if state.Msgs == 0 && state.LastSeq < ends {
		first := ends + 1
		if len(lost) > 0 {
			first = lost[0].seq
		}
		if err := j.streams[name].Purge(ctx, jetstream.WithPurgeSequence(first)); err != nil {
			return err
		}
		state.LastSeq = first - 1
	}
	last := state.LastSeq
	for _, e := range lost {
		for ; e.seq > last && last < e.seq-1; last++ {
			if _, err := j.sendAt(ctx, name, j.filler(name, last+1)); err != nil {
				return err
			}
		}
		seq, err := j.putAgain(ctx, name, e)
		if err != nil {
			return err
		}
		if seq != e.seq {
			j.twin.forget(e.token)
			e.seq = seq
			j.twin.note(name, e)
		}
		last = max(last, seq)
	}
	for ; last < ends; last++ {
		if _, err := j.sendAt(ctx, name, j.filler(name, last+1)); err != nil {
			return err
		}
	}
	return nil
}

// putAgain stores what is lost at the end of its stream.
func (j *Journal) putAgain(ctx context.Context, name string, e stored) (uint64, error) {
	ack, err := j.js.PublishMsg(ctx, &nats.Msg{Subject: e.token, Data: e.data[1:]}, jetstream.WithExpectStream(name))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// newestOfAll reads the newest message of each subject of a bucket.
func (j *Journal) newestOfAll(ctx context.Context, name string) (map[string]message, error) {
	all := map[string]message{}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := position{j: j, doing: "read " + name, stream: name, caughtUp: func() { cancel(errAll) }}
	p.start.DeliverPolicy = jetstream.DeliverAllPolicy
	p.each = func(m message) error {
		if j.twinned(m.subject) {
			m.data = bytes.Clone(m.data)
			all[m.subject] = m
		}
		return nil
	}
	if err := p.follow(ctx); !errors.Is(context.Cause(ctx), errAll) {
		return nil, err
	}
	return all, nil
}

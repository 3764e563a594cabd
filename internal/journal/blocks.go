package journal

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/minio/highwayhash"
	"go.uber.org/zap"
)

// A stream of the server inside is files of records, each with its checksum. One flipped bit makes nats-server 2.15 drop
// the rest of its file; after an orderly end, when it believes its own index, it even counts up to a sequence that the
// bit made huge, and never starts. So the files are read before it starts, and what is damaged is taken out alone.
//
// A record is, in little endian, its length (4 bytes; the highest bit: it has headers), sequence (8; the highest two
// bits: erased, tombstone), time (8), the length of its subject (2), the subject, with headers their length (4) and they,
// the data, and the checksum (8): HighwayHash-64 of all but the lengths; its key is the SHA-256 of the stream's name, a
// hyphen and the file's number.
const (
	recordHead    = 22
	recordSum     = 8
	recordHeaders = 1 << 31
	recordFlags   = 3 << 62
	blockEnds     = ".blk"
	// maxRecord is more than any record: a body, its headers, its subject.
	maxRecord = 2 << 20
	// maxHole is how many sequences a damaged place may hold: more than a file of 8 MiB has records.
	maxHole = 8 << 20 / (recordHead + recordSum)
)

// Damage is what was found damaged in the data directory when the journal was opened, and what became of it.
type Damage struct {
	Batches  int // of results: lost
	Events   int // lost for good
	Restored int // events that the second copy had
	Others   int // messages of the rest: lost
}

// damagedDir has the files as they were before something was taken out of them, for who wants to look.
const damagedDir = "damaged"

// block is one file of a stream, as it was read.
type block struct {
	places int    // damaged places with good records behind them
	whole  []byte // with places: the file without them
	lost   int    // sequences that were in them
	tail   int    // bytes after the last good record: a write that a crash cut off, or damage
}

// mendStreams takes what is damaged out of the files of all streams. The server must not run.
func (j *Journal) mendStreams() error {
	dirs, err := filepath.Glob(filepath.Join(j.cfg.Dir, aloneDir, "jetstream", "*", "streams", "*", "msgs"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		stream := filepath.Base(filepath.Dir(dir))
		lost, err := j.mendStream(stream, dir)
		if err != nil {
			return fmt.Errorf("look through stream %s: %w", stream, err)
		}
		switch stream {
		case j.resultsStream():
			j.damage.Batches += lost
		case j.eventsStream(), j.durableStream(): // the one has a second copy, the other is one
		default:
			j.lostOf[stream] += lost
		}
	}
	return nil
}

// mendStream mends the files of one stream, and has the server read them anew if there was something to mend.
func (j *Journal) mendStream(stream, dir string) (lost int, err error) {
	names, err := blockFiles(dir)
	if err != nil {
		return 0, err
	}
	anew := false
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return lost, err
		}
		r, err := newRecords(stream, name)
		if err != nil {
			return lost, err
		}
		b := r.readBlock(data)
		if b.tail > 0 || b.places > 0 {
			anew = true
		}
		if b.places == 0 {
			continue
		}
		if err := j.setAside(stream, name, data); err != nil {
			return lost, err
		}
		if err := replaceFile(filepath.Join(dir, name), synced, b.whole); err != nil {
			return lost, err
		}
		lost += b.lost
		j.cfg.Log.Error("a file of the journal is damaged; what could be read of it is kept", zap.String("stream", stream),
			zap.String("file", filepath.Join(dir, name)), zap.Int("places", b.places), zap.Int("messages lost", b.lost),
			zap.String("as it was", filepath.Join(j.cfg.Dir, damagedDir, stream+"-"+name)))
	}
	if anew {
		// Its own index of the files would be believed unseen.
		if err := os.Remove(filepath.Join(dir, "index.db")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return lost, err
		}
	}
	return lost, nil
}

// blockFiles are the files of a stream in their order.
func blockFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	number := func(name string) int {
		n, err := strconv.Atoi(strings.TrimSuffix(name, blockEnds))
		if err != nil {
			return -1
		}
		return n
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), blockEnds) && number(e.Name()) >= 0 {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(number(a), number(b)) })
	return names, nil
}

// fileBytes is how large the files of a stream are, as far as they can be looked at.
func (j *Journal) fileBytes(stream string) (size uint64) {
	names, err := filepath.Glob(filepath.Join(j.cfg.Dir, aloneDir, "jetstream", "*", "streams", stream, "msgs", "*"+blockEnds))
	if err != nil {
		return 0 // unreachable: the pattern is right
	}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil {
			size += uint64(max(info.Size(), 0))
		}
	}
	return size
}

// readBlock tells what is as it was written from what is not.
func (r records) readBlock(data []byte) block {
	var b block
	var last uint64
	at, whole := 0, 0 // whole: what begins here and ends at at is good, and not yet in b.whole
	for at < len(data) {
		if n, seq := r.at(data[at:]); n > 0 {
			last = max(last, seq)
			at += n
			continue
		}
		next, seq := r.next(data, at, last)
		if next == 0 {
			b.tail = len(data) - at
			break
		}
		b.whole = append(b.whole, data[whole:at]...)
		b.places++
		if last > 0 {
			b.lost += int(seq - last - 1) // at most maxHole
		} else {
			b.lost++
		}
		at, whole = next, next
	}
	if b.places > 0 {
		b.whole = append(b.whole, data[whole:]...)
	}
	return b
}

// records knows the records of one file of a stream.
type records struct {
	sum hash.Hash64
}

func newRecords(stream, file string) (records, error) {
	key := sha256.Sum256([]byte(stream + "-" + strings.TrimSuffix(file, blockEnds)))
	sum, err := highwayhash.New64(key[:])
	return records{sum: sum}, err
}

// at returns the length and the sequence of the record that begins here; no length if there is none, or a damaged one.
// The sequence is 0 for what is no message: a tombstone, or one that was erased.
func (r records) at(data []byte) (n int, seq uint64) {
	n, subject, seq := head(data)
	if n == 0 {
		return 0, 0
	}
	from := recordHead + subject
	if binary.LittleEndian.Uint32(data)&recordHeaders != 0 {
		from += 4
	}
	if from > n-recordSum {
		return 0, 0
	}
	r.sum.Reset()
	_, _ = r.sum.Write(data[4:20])
	_, _ = r.sum.Write(data[recordHead : recordHead+subject])
	_, _ = r.sum.Write(data[from : n-recordSum])
	if !bytes.Equal(r.sum.Sum(nil), data[n-recordSum:n]) {
		return 0, 0
	}
	if seq&recordFlags != 0 {
		return n, 0
	}
	return n, seq
}

// head reads what a record says of itself; no length if that cannot be.
func head(data []byte) (n, subject int, seq uint64) {
	if len(data) < recordHead+recordSum {
		return 0, 0, 0
	}
	n = int(binary.LittleEndian.Uint32(data) &^ recordHeaders)
	subject = int(binary.LittleEndian.Uint16(data[20:]))
	if n < recordHead+recordSum+subject || n > min(len(data), maxRecord) {
		return 0, 0, 0
	}
	return n, subject, binary.LittleEndian.Uint64(data[4:])
}

// message is a record that begins here and is as it was written.
func (r records) message(data []byte) (n int, m message) {
	n, m.seq = r.at(data)
	if n == 0 || m.seq == 0 {
		return n, m
	}
	_, subject, _ := head(data)
	m.subject = string(data[recordHead : recordHead+subject])
	body := data[recordHead+subject : n-recordSum]
	if binary.LittleEndian.Uint32(data)&recordHeaders != 0 {
		if size := int(binary.LittleEndian.Uint32(body)); size <= len(body)-4 {
			body = body[4+size:]
		}
	}
	m.data = body
	return n, m
}

// eachMessage gives the messages of a stream's files to each, in their order, without their headers. The server must
// not run, and the files are mended.
func (j *Journal) eachMessage(stream string, each func(message)) error {
	dirs, err := filepath.Glob(filepath.Join(j.cfg.Dir, aloneDir, "jetstream", "*", "streams", stream, "msgs"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		names, err := blockFiles(dir)
		if err != nil {
			return err
		}
		for _, name := range names {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return err
			}
			r, err := newRecords(stream, name)
			if err != nil {
				return err
			}
			for len(data) > 0 {
				n, m := r.message(data)
				if n == 0 {
					break // the end is not whole
				}
				if m.seq > 0 {
					each(m)
				}
				data = data[n:]
			}
		}
	}
	return nil
}

// next finds the next good record behind a damaged one; 0 if there is none. It must be a message that follows last.
func (r records) next(data []byte, damaged int, last uint64) (at int, seq uint64) {
	for at := damaged + 1; at <= len(data)-recordHead-recordSum; at++ {
		n, _, seq := head(data[at:])
		if n == 0 || seq <= last || last > 0 && seq > last+maxHole || seq&recordFlags != 0 {
			continue
		}
		if n, seq := r.at(data[at:]); n > 0 {
			return at, seq
		}
	}
	return 0, 0
}

// setAside keeps a file as it was: the newest of each that was ever mended, and of each stream the few that were kept last, since the
// numbers of its files grow for good.
func (j *Journal) setAside(stream, name string, data []byte) error {
	dir := filepath.Join(j.cfg.Dir, damagedDir)
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	if err := replaceFile(filepath.Join(dir, stream+"-"+name), synced, data); err != nil {
		return err
	}
	before, err := filepath.Glob(filepath.Join(globbed(dir), stream+"-[0-9]*"+blockEnds))
	if err != nil {
		return err
	}
	times := map[string]time.Time{} // :: file -> when it was kept
	for _, path := range before {
		if info, err := os.Lstat(path); err == nil {
			times[path] = info.ModTime()
		}
	}
	slices.SortFunc(before, func(a, b string) int { return times[a].Compare(times[b]) })
	j.keepFew(before)
	return nil
}

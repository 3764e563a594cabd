package agent

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"go.uber.org/zap"
)

const (
	// keptMost bounds the results that wait, in bytes: 100,000 plain ones, of a day of
	// one a second.
	keptMost = 16 << 20
	sendMost = 256 << 10 // bytes of one batch that is sent
	keptName = "kept.jsonl"
)

// kept are results that wait to be sent, oldest first. While they cannot be sent they
// are in a file as well, which is read at the next start; the disk is not waited for.
type kept struct {
	path string
	most int
	log  *zap.Logger
	more chan struct{} // has something when there is something

	mu      sync.Mutex
	batches []batch  // guarded by mu
	bytes   int      // guarded by mu; of all of them
	count   int      // guarded by mu; results
	dropped uint64   // guarded by mu; results that there was no room for
	file    *os.File // guarded by mu; nil: nothing is in the file
	written int      // guarded by mu; bytes in the file
}

type batch struct {
	data []byte
	n    int // results
}

// openKept reads what was kept at the last end.
func openKept(dir string, most int, log *zap.Logger) *kept {
	k := &kept{path: filepath.Join(dir, keptName), most: most, log: log, more: make(chan struct{}, 1)}
	data, err := os.ReadFile(k.path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			log.Warn("results that were kept cannot be read, left out", zap.Error(err))
		}
		return k
	}
	data = data[:bytes.LastIndexByte(data, '\n')+1] // the last line may have been cut off
	for len(data) > 0 {
		end := min(len(data), sendMost/4)
		end = bytes.LastIndexByte(data[:end], '\n') + 1
		if end == 0 {
			end = bytes.IndexByte(data, '\n') + 1
		}
		k.add(slices.Clone(data[:end]), bytes.Count(data[:end], []byte{'\n'}))
		data = data[end:]
	}
	k.save()
	return k
}

// add keeps a batch; the oldest go when there is no room.
func (k *kept) add(data []byte, n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	b := batch{data, n}
	k.batches, k.bytes, k.count = append(k.batches, b), k.bytes+len(data), k.count+n
	for k.bytes > k.most && len(k.batches) > 1 {
		k.dropped += uint64(k.batches[0].n)
		k.drop(1)
	}
	if k.file != nil {
		k.write(b)
	}
	select {
	case k.more <- struct{}{}:
	default:
	}
}

// drop lets go of the oldest batches. Mu is held.
func (k *kept) drop(n int) {
	for _, b := range k.batches[:n] {
		k.bytes, k.count = k.bytes-len(b.data), k.count-b.n
	}
	k.batches = slices.Delete(k.batches, 0, n)
}

// oldest returns batches that can be sent together; nil when there are none.
func (k *kept) oldest() (list []batch, data []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range k.batches {
		if len(data) > 0 && len(data)+len(b.data) > sendMost {
			break
		}
		list, data = append(list, b), append(data, b.data...)
	}
	return list, data
}

// sent lets go of what was sent. Some of it may have gone meanwhile for want of room.
func (k *kept) sent(list []batch) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := 0
	for _, b := range list {
		if n < len(k.batches) && &k.batches[n].data[0] == &b.data[0] {
			n++
		}
	}
	k.drop(n)
	if len(k.batches) == 0 && k.file != nil {
		_ = k.file.Close()
		k.file = nil
		_ = os.Remove(k.path) // what is sent again is known to the desk
	}
}

// save puts all that waits into the file, and what is added from now on.
func (k *kept) save() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.file == nil && len(k.batches) > 0 {
		k.rewrite()
	}
}

// rewrite writes the file anew. Mu is held. A disk that takes nothing costs what a kill
// would lose, and nothing else.
func (k *kept) rewrite() {
	file, err := os.OpenFile(k.path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		k.log.Warn("results that wait are in memory only", zap.Error(err))
		return
	}
	if k.file != nil {
		_ = k.file.Close()
	}
	k.file, k.written = file, 0
	for _, b := range k.batches {
		k.write(b)
	}
}

// write appends a batch to the file. Mu is held.
func (k *kept) write(b batch) {
	if k.file == nil {
		return
	}
	if k.written > 0 && k.written+len(b.data) > 2*k.most {
		k.rewrite() // with b, which waits already
		return
	}
	n, err := k.file.Write(b.data)
	if k.written += n; err != nil {
		k.log.Warn("results that wait are in memory only", zap.Error(err))
		_ = k.file.Close()
		k.file = nil
	}
}

// counts returns how many results wait, and how many there was no room for.
func (k *kept) counts() (waiting int, dropped uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.count, k.dropped
}

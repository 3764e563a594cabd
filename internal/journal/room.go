package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// roomLeast is what must fit on the disk beside what is in memory before the server is started anew: it writes a few
// kilobytes of its own.
const roomLeast = 256 << 10

var (
	errHangs = errors.New("the disk does not answer")
	errOther = errors.New("the data directory is no longer the one that was opened")
)

// tryDisk tries whether the disk takes what is in memory: it writes as much to a file, and takes it away. A disk that
// hangs is asked once, and waited for.
func (j *Journal) tryDisk(ctx context.Context) error {
	need := roomLeast
	j.afloat.mu.Lock()
	for stream, s := range j.afloat.spares {
		if stream != j.resultsStream() {
			need += s.size
		}
	}
	j.afloat.mu.Unlock()
	if j.trying == nil {
		done := make(chan error, 1)
		j.trying = done
		go func() { done <- fill(j.cfg.Dir, j.lock, need) }()
	}
	ctx, cancel := context.WithTimeout(ctx, healEvery)
	defer cancel()
	select {
	case err := <-j.trying:
		j.trying = nil
		return err
	case <-ctx.Done():
		return errHangs
	}
}

// fill writes bytes to a file in dir and removes it. lock is the file of dir's lock: when another one is in its place,
// the disk was unmounted, or the directory is gone.
func fill(dir string, lock *os.File, bytes int) error {
	if err := inPlace(lock); err != nil {
		return err
	}
	name := filepath.Join(dir, "room")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(name)
	_, err = f.Write(make([]byte, bytes))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// inPlace fails with errOther when the lock's file is not where it was made.
func inPlace(lock *os.File) error {
	held, err := lock.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(lock.Name())
	if err != nil {
		return fmt.Errorf("%w: %w", errOther, err)
	}
	if !os.SameFile(held, there) {
		return errOther
	}
	return nil
}

// isFull reports whether a disk has no room.
func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "no space left") || strings.Contains(err.Error(), "quota")
}

// fault says what is wrong with the disk, and what to do.
func (j *Journal) fault(err error) Unkept {
	dir, text := j.cfg.Dir, err.Error()
	switch {
	case errors.Is(err, errOther), strings.Contains(text, errOther.Error()):
		return Unkept{Why: "the data directory is gone", Cure: "bring back " + dir + " as it was"}
	case errors.Is(err, syscall.ENOSPC), strings.Contains(text, "no space left"), strings.Contains(text, "insufficient"):
		return Unkept{Why: "the disk is full", Cure: "make room on the disk of " + dir}
	case errors.Is(err, syscall.EROFS), strings.Contains(text, "read-only"):
		return Unkept{Why: "the disk is read-only", Cure: "mount the disk of " + dir + " for writing"}
	case errors.Is(err, fs.ErrPermission), strings.Contains(text, "permission denied"):
		return Unkept{Why: "the data directory may not be written", Cure: "let the user of statusbot write to " + dir}
	case strings.Contains(text, "too many open files"):
		return Unkept{Why: "too many files are open", Cure: "raise the limit of open files (LimitNOFILE)"}
	case strings.Contains(text, "quota"):
		return Unkept{Why: "the disk's quota is used up", Cure: "make room on the disk of " + dir}
	}
	return Unkept{Why: "the disk does not take what is written", Cure: "look for what is wrong with the disk of " + dir}
}

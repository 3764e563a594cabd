package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
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
		go func() { done <- fill(j.cfg.Dir, j.lock, "room", need) }()
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

// asked is a try of the disk that is under way; who comes meanwhile waits for the same one, so that a disk that hangs
// holds one goroutine.
type asked struct {
	mu    sync.Mutex
	done  chan struct{} // guarded by mu; nil: none is under way
	begun time.Time     // guarded by mu
	err   error         // read once done is closed
}

// diskHangs tries whether the disk takes anything: what is wrong with it, nil when nothing is. A try that takes longer
// than patience, from when it began, hangs.
func (j *Journal) diskHangs(patience time.Duration) error {
	a := &j.asked
	a.mu.Lock()
	if a.done == nil {
		done := make(chan struct{})
		a.done, a.begun = done, time.Now()
		go func() {
			err := fill(j.cfg.Dir, j.lock, "asked", 1)
			a.mu.Lock()
			defer a.mu.Unlock()
			a.err, a.done = err, nil
			close(done)
		}()
	}
	done := a.done
	t := time.NewTimer(time.Until(a.begun.Add(patience)))
	a.mu.Unlock()
	defer t.Stop()
	select {
	case <-done:
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.err
	case <-t.C:
		return errHangs
	}
}

// whileTaken returns a context that also ends soon after the server has failed to write something, or when the disk turns
// out to take nothing: then a write need not be answered. Call the func to let go of it.
func (j *Journal) whileTaken(ctx context.Context, f *fault) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		look := time.NewTicker(hungAfter)
		defer look.Stop()
		for {
			select {
			case <-f.found:
				select {
				case <-time.After(faultWithin):
					cancel(f)
				case <-ctx.Done():
				}
				return
			case <-look.C:
				if err := j.diskHangs(2 * healEvery); err != nil {
					cancel(untaken{err})
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// notTaken is err, or why the context of whileTaken ended a write.
func notTaken(ctx context.Context, err error) error {
	cause := context.Cause(ctx)
	_, failed := errors.AsType[*fault](cause)
	_, tried := errors.AsType[untaken](cause)
	if err != nil && (failed || tried) {
		return cause
	}
	return err
}

// untaken is what a try of the disk found while a write waited.
type untaken struct{ error }

func (u untaken) Unwrap() error { return u.error }

// fill writes bytes to a file of some name in dir and removes it. lock is the file of dir's lock: when another one is in its place,
// the disk was unmounted, or the directory is gone.
func fill(dir string, lock *os.File, as string, bytes int) error {
	if err := inPlace(lock); err != nil {
		return err
	}
	name := filepath.Join(dir, as)
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
	if u, known := faultOf(j.cfg.Dir, err); known {
		return u
	}
	return Unkept{Why: "the disk does not take what is written", Cure: "look for what is wrong with the disk of " + j.cfg.Dir}
}

// DiskError is err, led by what is wrong with the disk of a data directory and what to do, if that is what it says.
func DiskError(dir string, err error) error {
	if err == nil || dir == "" || !aboutDisk(dir, err) {
		return err
	}
	u, known := faultOf(dir, err)
	if !known {
		return err
	}
	return fmt.Errorf("%s; %s (%w)", u.Why, u.Cure, err)
}

// aboutDisk reports whether an error is of a file in dir or of a directory above it, or of any disk that takes nothing:
// no other file is written by what opens dir.
func aboutDisk(dir string, err error) bool {
	if at, is := errors.AsType[*fs.PathError](err); is {
		file, dir := filepath.Clean(at.Path)+string(filepath.Separator), filepath.Clean(dir)+string(filepath.Separator)
		return strings.HasPrefix(file, dir) || strings.HasPrefix(dir, file)
	}
	return isFull(err) || errors.Is(err, syscall.EROFS) || strings.Contains(err.Error(), "read-only file system")
}

// faultOf says what is wrong with the disk of dir; false when err is about something else.
func faultOf(dir string, err error) (u Unkept, known bool) {
	if err == nil {
		return Unkept{}, false
	}
	text := err.Error()
	switch {
	case errors.Is(err, errHangs):
		return Unkept{Why: errHangs.Error(), Cure: "look for what is wrong with the disk of " + dir}, true
	case errors.Is(err, errOther), strings.Contains(text, errOther.Error()):
		return Unkept{Why: "the data directory is gone", Cure: "bring back " + dir + " as it was"}, true
	case isFull(err) && noFiles(dir):
		return Unkept{Why: "the disk takes no more files", Cure: "remove files from the disk of " + dir + " (df -i)"}, true
	case errors.Is(err, syscall.ENOSPC), strings.Contains(text, "no space left"), strings.Contains(text, "insufficient"):
		return Unkept{Why: "the disk is full", Cure: "make room on the disk of " + dir}, true
	case errors.Is(err, syscall.EROFS), strings.Contains(text, "read-only"):
		return Unkept{Why: "the disk is read-only", Cure: "mount the disk of " + dir + " for writing"}, true
	case errors.Is(err, fs.ErrPermission), strings.Contains(text, "permission denied"):
		return Unkept{Why: "the data directory may not be written", Cure: "let the user of statusbot write to " + dir}, true
	case strings.Contains(text, "too many open files"):
		return Unkept{Why: "too many files are open", Cure: "raise the limit of open files (LimitNOFILE)"}, true
	case strings.Contains(text, "quota"):
		return Unkept{Why: "the disk's quota is used up", Cure: "make room on the disk of " + dir}, true
	}
	return Unkept{}, false
}

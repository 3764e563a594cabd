package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// Bounds of one file that is read: a configuration of 100,000 checks has 20 MiB.
const (
	longestFile = 32 << 20        // bytes
	pipeWithin  = 5 * time.Second // what stands behind a pipe has to say all
)

var (
	errTooLong  = fmt.Errorf("it has more than %d MiB", longestFile>>20)
	errNoWriter = errors.New("it is a pipe into which nobody writes")
)

// readFile reads a file of the configuration. It has an end whatever is in its
// place: a pipe into which nobody writes, a device that has no end.
func readFile(path string) ([]byte, error) { return readWithin(path, pipeWithin) }

func readWithin(path string, pipe time.Duration) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &os.PathError{Op: "read", Path: path, Err: syscall.EISDIR}
	case info.Size() > longestFile:
		return nil, &os.PathError{Op: "read", Path: path, Err: errTooLong}
	case !info.Mode().IsRegular():
		_ = f.SetReadDeadline(time.Now().Add(pipe)) // what knows no deadline does not wait
	}
	text, err := io.ReadAll(io.LimitReader(f, longestFile+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), err == nil && len(text) == 0 && info.Mode()&os.ModeNamedPipe != 0:
		return nil, &os.PathError{Op: "read", Path: path, Err: errNoWriter}
	case err != nil:
		return nil, err
	case len(text) > longestFile:
		return nil, &os.PathError{Op: "read", Path: path, Err: errTooLong}
	}
	return text, nil
}

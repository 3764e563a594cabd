package journal

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/statusbot/statusbot/internal/lazy"
)

// lockDir takes the exclusive lock on dir and writes this process's id into the lock file. The operating system
// drops the lock when the process ends, however it ends; the file stays. ErrLocked when another holds it.
func lockDir(dir string) (*os.File, error) {
	name := filepath.Join(dir, "lock")
	info, err := os.Stat(name)
	_, notThere := os.Lstat(name)
	if err == nil && !info.Mode().IsRegular() || err != nil && notThere == nil && !errors.Is(err, fs.ErrPermission) { // nobody can hold that; the latter is a link to nowhere, or in a circle
		return nil, fmt.Errorf("lock data directory: %s is no file: move it away", name)
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	held, err := tryLock(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock data directory %s: %w", dir, err)
	}
	if !held {
		b, _ := io.ReadAll(io.LimitReader(f, 32))
		f.Close()
		holder := "another process"
		if pid, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil {
			holder = fmt.Sprintf("process %d", pid)
		}
		return nil, fmt.Errorf("%w: %s is held by %s; stop that one or use another data directory", ErrLocked, dir, holder)
	}
	if err := writePid(f); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock data directory: %w", err)
	}
	return f, nil
}

func writePid(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// ownID is what randomID makes.
var ownID = lazy.Compile(`^[0-9a-f]{16}$`)

// nodeID reads dir/node, or makes an id of 8 random bytes and keeps it there, also in place of one that is damaged. The
// caller holds the lock.
func nodeID(dir string, log *zap.Logger) (string, error) {
	name := filepath.Join(dir, "node")
	b, err := readStart(name)
	if err == nil {
		id := strings.TrimSpace(string(b))
		if ownID.MatchString(id) {
			return id, nil
		}
		log.Warn("the file of this node's id is damaged; going on with a new id, nothing else is lost", zap.String("file", name))
	} else if !os.IsNotExist(err) {
		return "", fmt.Errorf("read node id: %w", err)
	}
	id := randomID()
	if err := replaceFile(name, synced, []byte(id+"\n")); err != nil {
		return "", fmt.Errorf("keep node id: %w", err)
	}
	return id, nil
}

// readStart reads a file that holds a line, or the start of one that holds anything.
func readStart(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it is only read
	return io.ReadAll(io.LimitReader(file, 64))
}

func randomID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails, see crypto/rand
	return hex.EncodeToString(b[:])
}

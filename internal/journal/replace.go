package journal

import (
	"bufio"
	"errors"
	"os"
)

// synced is whether a file has to be on the disk when it takes the place of another.
const (
	synced   = true
	unsynced = false
)

// replaceFile puts the parts, one behind the other, in place of a file, or leaves that as it is.
func replaceFile(name string, sync bool, parts ...[]byte) error {
	file, err := os.OpenFile(name+".new", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	for _, part := range parts {
		_, _ = out.Write(part) // Flush returns the first error
	}
	err = out.Flush()
	if err == nil && sync {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

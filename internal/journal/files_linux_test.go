package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/statusbot/statusbot/internal/journal/journaltest"
)

// TestNoMoreFiles: a start where the disk has room and can have no more files says that, and not that it is full; a disk with room for
// files is none of them.
func TestNoMoreFiles(t *testing.T) {
	t.Parallel()
	disk := journaltest.SmallDisk(t, "24m,nr_inodes=100")
	dir := filepath.Join(disk, "data")
	opens := func() error {
		j, err := Open(t.Context(), Config{Dir: dir})
		if err == nil {
			err = j.Close()
		}
		return err
	}
	if err := opens(); err != nil {
		t.Fatal(err)
	}
	var others []string
	for i := range 100 {
		other := filepath.Join(disk, fmt.Sprint(i))
		if os.WriteFile(other, nil, 0o600) != nil {
			break
		}
		others = append(others, other)
	}
	const want = "the disk takes no more files; remove files from the disk of "
	for _, dir := range []string{dir, filepath.Join(disk, "not", "there")} {
		if err := DiskError(dir, os.MkdirAll(filepath.Join(dir, "more"), 0o700)); err == nil || !strings.HasPrefix(err.Error(), want+dir+" (df -i)") {
			t.Errorf("another file: %v, want %q", err, want)
		}
	}
	if err := DiskError(dir, opens()); err == nil || !strings.HasPrefix(err.Error(), want+dir+" (df -i)") {
		t.Errorf("the start: %v, want %q", err, want)
	}
	for _, other := range others {
		if err := os.Remove(other); err != nil {
			t.Fatal(err)
		}
	}
	if err := opens(); err != nil {
		t.Error(err)
	}
}

package agent

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"go.uber.org/zap"
)

// TestKeptIsBounded: the oldest go first, and are counted; the file does not grow either.
func TestKeptIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	k := openKept(dir, 1000, zap.NewNop())
	line := func(i int) []byte { return fmt.Appendf(nil, "%09d\n%09d\n", i, i) } // two results of 10 bytes
	k.add(line(-1), 2)
	k.save()
	for i := range 1000 {
		k.add(line(i), 2)
		info, err := os.Stat(k.path)
		need(t, err)
		if info.Size() > 2000 || k.bytes > 1000 {
			t.Fatalf("%d bytes in the file, %d in memory", info.Size(), k.bytes)
		}
	}
	if n, dropped := k.counts(); n != 100 || dropped != 2*1001-100 {
		t.Errorf("%d wait, %d were dropped", n, dropped)
	}
	list, data := k.oldest()
	if len(list) != 50 || !strings.HasPrefix(string(data), "000000950\n") {
		t.Errorf("got %d batches that begin with %.10q", len(list), data)
	}
	k.add(line(1000), 2) // while those are sent
	k.sent(list)
	if n, _ := k.counts(); n != 2 {
		t.Errorf("%d wait, want the one that came meanwhile", n)
	}

	need(t, k.file.Close())
	need(t, os.WriteFile(k.path, []byte("000000001\n000000002\n0000"), 0o600)) // cut off by a kill
	k = openKept(dir, 1000, zap.NewNop())
	if n, _ := k.counts(); n != 2 {
		t.Errorf("%d were read, want 2", n)
	}
	list, _ = k.oldest()
	k.sent(list)
	if _, err := os.Stat(k.path); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}

	need(t, os.Mkdir(k.path, 0o700)) // a disk that takes nothing
	k = openKept(dir, 1000, zap.NewNop())
	k.add(line(1), 2)
	k.save()
	k.add(line(2), 2)
	if n, _ := k.counts(); n != 4 {
		t.Errorf("%d wait, want 4", n)
	}
}

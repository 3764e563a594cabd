//go:build unix

package journal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/zap"
)

// TestOpenSaysItsSteps: an Open that hangs, here in a file that is a pipe without a writer, has said what it does; once it has
// opened nothing is said any more.
func TestOpenSaysItsSteps(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(dir, aloneDir, "jetstream", "$G", "streams", "X", "meta.inf")
	if err := os.MkdirAll(filepath.Dir(pipe), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(strings.TrimSuffix(pipe, "inf")+"sum", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var steps []string
	in := make(chan struct{}, 1)
	cfg := Config{Dir: dir, Log: zap.NewNop(), Step: func(what string) {
		mu.Lock()
		defer mu.Unlock()
		if steps = append(steps, what); strings.HasPrefix(what, "waits for the server inside, which said last: ") {
			select {
			case in <- struct{}{}:
			default:
			}
		}
	}}
	opened := make(chan *Journal, 1)
	go func() {
		j, err := Open(t.Context(), cfg)
		if err != nil {
			t.Error(err)
		}
		opened <- j
	}()
	<-in
	writer, err := os.OpenFile(pipe, os.O_WRONLY, 0) // which lets it go on
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	j := <-opened
	if j == nil {
		return
	}
	mu.Lock()
	n := len(steps)
	for _, want := range []string{"looks for damaged files of the journal", "starts the server inside", "makes the streams of the journal", "compares the journal with its copies"} {
		if !slices.Contains(steps, want) {
			t.Errorf("%q was not said, but %q", want, steps)
		}
	}
	mu.Unlock()
	j.server.says("a server that is started anew says this")
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	if mu.Lock(); len(steps) != n {
		t.Errorf("said after the start: %q", steps[n:])
	}
	mu.Unlock()
}

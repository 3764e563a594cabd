package main

import (
	"sync"
	"testing"
)

// TestCommandsAtOnce: command lines that run in one process at once have nothing
// in common. It is the race detector that fails it.
func TestCommandsAtOnce(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if _, words, code := runHere("version"); code != exitOK {
				t.Errorf("exit code %d: %s", code, words)
			}
		})
	}
	all.Wait()
}
